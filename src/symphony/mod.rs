//! Symphony Federation, Entitlements API: which advisor may use which external network.
//!
//! Start with [`Client::builder`]. Every method of the client returns a request: set what you
//! need, then `send()` it, or `stream()` a listing. Requests are signed by a
//! [`JwtSigner`](crate::auth::JwtSigner).
//!
//! | method | vendor's name |
//! | --- | --- |
//! | [`Client::list_entitlements`] | List entitlements |
//! | [`Client::add_entitlement`], [`Client::ensure_entitled`] | Add entitlement |
//! | [`Client::list_entitled_advisors`] | List entitled advisors |
//! | [`Client::get_advisor_entitlement`] | Get an advisor's entitlement |
//! | [`Client::remove_entitlement`], [`Client::ensure_removed`] | Remove entitlement |
//!
//! The vendor's page: <https://rest-api-federation.symphony.com/readme/entitlement>

mod client;
mod ensure;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod ids;
mod listing;
mod problem;
mod requests;

pub use self::{
    client::{Client, ClientBuilder, PRODUCTION, UAT},
    ensure::{EnsureEntitled, EnsureRemoved, Entitled, FailedPermission, Removed},
    ids::{Advisor, EntitlementStatus, ExternalNetwork, PhoneProduct, PhoneProvider, SubNetwork},
    listing::ListEntitledAdvisors,
    problem::{Problem, ProblemType},
    requests::{AddEntitlement, GetAdvisorEntitlement, ListEntitlements, RemoveEntitlement},
};

/// The models of the answers, as the specification describes them.
///
/// Every field is optional, because the vendor marks none as required. The types can grow, so
/// make one for your tests with `Default` and set its fields:
///
/// ```
/// use entitlements::symphony::{EntitlementStatus, model::AdvisorEntitlement};
///
/// let mut ada = AdvisorEntitlement::default();
/// ada.status = Some(EntitlementStatus::Entitled);
/// ```
pub mod model {
    pub use crate::generated::symphony::model::*;
}
