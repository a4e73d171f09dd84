//! The vocabularies of the CRM Gateway.

use crate::open_enum::open_enum;

open_enum! {
    /// The state of an entitlement.
    ///
    /// Source: the operator's pages on updating the status of a third-party entitlement.
    pub enum EntitlementStatus {
        /// Subscribed; of an ordinary product.
        Subscribed = "SUBSCRIBED",
        /// Unsubscribed; of an ordinary product.
        Unsubscribed = "UNSUBSCRIBED",
        /// Suspended; of a third-party product, like all that follow.
        Suspended = "SUSPENDED",
        /// Waiting for the third party.
        Pending = "PENDING",
        /// Active.
        Active = "ACTIVE",
        /// Active until its end.
        ActiveEnding = "ACTIVE-ENDING",
        /// Cancelled.
        Cancelled = "CANCELLED",
        /// Revoked.
        Revoked = "REVOKED",
    }
}

open_enum! {
    /// The kind of product that an entitlement is for.
    ///
    /// Source: the operator's pages on adding an entitlement and on third-party products.
    pub enum ProductType {
        /// A single transaction.
        Transactional = "TRANSACTIONAL",
        /// A subscription.
        Subscription = "SUBSCRIPTION",
        /// Free of charge.
        Free = "FREE",
        /// The right to use a capability of the platform.
        Capability = "CAPABILITY",
        /// PPV, in the vendor's word.
        Ppv = "PPV",
        /// A product of a third party.
        ThirdParty = "THIRDPARTY",
    }
}

open_enum! {
    /// When the two periods of an entitlement begin.
    ///
    /// Source: the operator's page on subscribing an account to a product.
    pub enum ValidityType {
        /// Both begin with the purchase.
        Absolute = "ABSOLUTE",
        /// The period for watching begins with the purchase, that of the rental with the first
        /// viewing.
        Relative = "RELATIVE",
    }
}
