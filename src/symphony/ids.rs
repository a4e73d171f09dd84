//! The names and identifiers of the Symphony API.

use std::fmt;

use crate::{Error, Result, open_enum::open_enum};

open_enum! {
    /// A messenger that Symphony federates with.
    ///
    /// A request takes anything that turns into one, so a network that this version has no name
    /// for is sent as it is: `"VIBER".into()`.
    ///
    /// Source: the parameter descriptions of the vendor's Entitlements page.
    pub enum ExternalNetwork {
        /// WeChat.
        WeChat = "WECHAT",
        /// WhatsApp.
        WhatsApp = "WHATSAPP",
        /// SMS.
        Sms = "SMS",
        /// SMS with a number of the advisor's own.
        SmsDirect = "SMS-DIRECT",
        /// LINE.
        Line = "LINE",
        /// WhatsApp with a number of the advisor's own. The vendor's documents name it on
        /// neighbouring operations, and spell it with an underscore in one example; both
        /// spellings are read, the hyphen is written.
        WhatsAppDirect = "WHATSAPP-DIRECT" also "WHATSAPP_DIRECT",
    }
}

open_enum! {
    /// Whether an advisor can use the network already.
    ///
    /// Source: the enumeration in the vendor's specification of the answer to "Add entitlement";
    /// reads document no enumeration.
    pub enum EntitlementStatus {
        /// The advisor can use the network.
        Entitled = "ENTITLED",
        /// The advisor cannot use the network yet. Assumption: the entitlement waits for a phone
        /// number to be activated.
        PreEntitled = "PRE_ENTITLED",
    }
}

open_enum! {
    /// Who provides a direct number.
    pub enum PhoneProvider {
        /// Umony.
        Umony = "UMONY",
        /// The customer itself.
        CustomerSupplied = "CUSTOMER_SUPPLIED",
    }
}

open_enum! {
    /// The product under which a direct number is provided.
    ///
    /// Source: the vendor's specification; the first value is its example for an entitlement, the
    /// others are named at neighbouring operations.
    pub enum PhoneProduct {
        /// A hosted number that was allocated before.
        PreAllocatedHosted = "PRE_ALLOCATED_HOSTED",
        /// A number that was allocated before.
        PreAllocatedNumber = "PRE_ALLOCATED_NUMBER",
        /// A full product with a number that was allocated before.
        PreAllocatedFull = "PRE_ALLOCATED_FULL",
        /// A second number.
        SecondNumber = "SECOND_NUMBER",
        /// A full product with a second number.
        SecondNumberFull = "SECOND_NUMBER_FULL",
        /// Voice.
        Voice = "VOICE",
        /// SMS.
        Sms = "SMS",
    }
}

open_enum! {
    /// Which part of a direct network a number belongs to.
    pub enum SubNetwork {
        /// The advisor's own number.
        InNetwork = "IN-NETWORK",
        /// A second number, taken from a pool.
        SecondNumber = "SECOND-NUMBER",
    }
}

/// Which advisor a call is about: by Symphony id, by e-mail address, or by both.
///
/// Where both are given, both are sent, and Symphony lets the id take precedence (documented for
/// reading and removing; for adding it is an assumption). `Debug` shows neither.
///
/// ```
/// use entitlements::symphony::Advisor;
///
/// let by_id = Advisor::id("351775001412105");
/// let by_email = Advisor::email("ada@acme.example");
/// let both = Advisor::id("351775001412105").and_email("ada@acme.example");
/// assert!(!format!("{both:?}").contains("ada"));
/// # let _ = (by_id, by_email);
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Advisor {
    id: Option<String>,
    email: Option<String>,
}

impl Advisor {
    /// The advisor with this Symphony user id: decimal digits in a text.
    pub fn id(id: impl Into<String>) -> Self {
        Self { id: Some(id.into()), email: None }
    }

    /// The advisor with this e-mail address.
    pub fn email(email: impl Into<String>) -> Self {
        Self { id: None, email: Some(email.into()) }
    }

    /// Adds the Symphony user id to an e-mail address.
    #[must_use]
    pub fn and_id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Adds the e-mail address to a Symphony user id.
    #[must_use]
    pub fn and_email(mut self, email: impl Into<String>) -> Self {
        self.email = Some(email.into());
        self
    }

    pub(crate) fn as_id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    pub(crate) fn as_email(&self) -> Option<&str> {
        self.email.as_deref()
    }

    /// An empty identifier would be read as none, which is another request.
    pub(crate) fn check(&self) -> Result<()> {
        for (argument, value) in [("advisor id", &self.id), ("advisor e-mail", &self.email)] {
            if let Some(value) = value {
                check_text(argument, value)?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Advisor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Advisor")
            .field("id", &self.id.as_ref().map(|_| "<redacted>"))
            .field("email", &self.email.as_ref().map(|_| "<redacted>"))
            .finish()
    }
}

/// Refuses a text that is empty or has control characters.
pub(super) fn check_text(argument: &str, value: &str) -> Result<()> {
    if value.trim().is_empty() {
        return Err(Error::invalid_input(argument, "must not be empty"));
    }
    if value.chars().any(char::is_control) {
        return Err(Error::invalid_input(argument, "must not contain control characters"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_of_whatsapp_direct_are_one_network() {
        assert_eq!(ExternalNetwork::from("WHATSAPP_DIRECT"), ExternalNetwork::WhatsAppDirect);
        assert_eq!(ExternalNetwork::from("WHATSAPP-DIRECT").as_str(), "WHATSAPP-DIRECT");
    }

    #[test]
    fn an_empty_identifier_is_no_identifier() {
        assert!(Advisor::id(" ").check().is_err());
        assert!(Advisor::id("1").and_email("").check().is_err());
        assert!(Advisor::email("a\nb").check().is_err());
        assert!(Advisor::email("ada+x@acme.example").check().is_ok());
    }
}
