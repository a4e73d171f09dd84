//! The codes, states and identifiers of Connect.

use std::fmt;

use crate::{Error, Result, open_enum::open_enum, transport::segment};

open_enum! {
    /// The state of a channel on one level.
    ///
    /// Read in any letter case, written in upper case. An unknown state is kept, and counts as
    /// "no contact" in [`EffectivePermissions`](super::EffectivePermissions).
    ///
    /// Source: the vendor's page "Permission/Shield"; its prose and its samples differ in case.
    pub enum ChannelState (ignore case) {
        /// Contact is not wanted.
        Shield = "SHIELD",
        /// Contact is allowed. The global level does not have this state.
        Permission = "PERMISSION",
        /// Neither; it takes either of the others back.
        None = "NONE",
    }
}

/// The documented limit of an enterprise code.
const LONGEST_ENTERPRISE_CODE: usize = 12;

/// Declares a code that becomes one segment of a path or a text of a body.
macro_rules! code {
    ($(#[$meta:meta])* $name:ident, $argument:literal, $($check:expr),+) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// Checks the code.
            ///
            /// # Errors
            ///
            /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput), naming the rule.
            pub fn new(code: impl Into<String>) -> Result<Self> {
                let code = code.into();
                $($check($argument, code.as_str())?;)+
                Ok(Self(code))
            }

            /// The code as text. Codes that look like numbers keep their leading zeros.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<&str> for $name {
            type Error = Error;

            fn try_from(code: &str) -> Result<Self> {
                Self::new(code)
            }
        }

        impl TryFrom<String> for $name {
            type Error = Error;

            fn try_from(code: String) -> Result<Self> {
                Self::new(code)
            }
        }

        impl From<&$name> for $name {
            fn from(code: &$name) -> Self {
                code.clone()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

code! {
    /// The code of an enterprise: up to 12 characters, for example `468979834`.
    ///
    /// Source of the limit: the vendor's page "Permission/Shield".
    EnterpriseCode, "enterprise_code", segment, at_most_12_characters
}

code! {
    /// The code of an order type below an enterprise, for example `56235`.
    OrderTypeCode, "order_type_code", segment
}

code! {
    /// The code of a channel as configured in Connect, for example `TM` or `DM`.
    ChannelCode, "channel", not_empty
}

fn at_most_12_characters(argument: &str, code: &str) -> Result<()> {
    if code.chars().count() > LONGEST_ENTERPRISE_CODE {
        return Err(Error::invalid_input(argument, "must have at most 12 characters"));
    }
    Ok(())
}

fn not_empty(argument: &str, code: &str) -> Result<()> {
    if code.is_empty() || code.chars().any(char::is_control) {
        return Err(Error::invalid_input(argument, "must not be empty or hold control characters"));
    }
    Ok(())
}

/// By what the customers to shield are found: a phone number or an e-mail address.
///
/// A text that is neither is reported by `send()`, before anything is sent. `Debug` does not show
/// the credential.
///
/// Assumption: phone numbers are sent in E.164 form and e-mail addresses in lower case, as in the
/// vendor's samples; [`Credential::verbatim`] sends anything else.
///
/// ```
/// use entitlements::connect::Credential;
///
/// assert_eq!(Credential::phone("+47 123 45 678"), Credential::phone("004712345678"));
/// assert_eq!(Credential::email(" Ada@Acme.example "), Credential::email("ada@acme.example"));
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Credential(std::result::Result<String, &'static str>);

impl Credential {
    /// A phone number with its country code, as `+47…` or `0047…`. Spaces, hyphens, dots and
    /// brackets are left out.
    #[must_use]
    pub fn phone(number: &str) -> Self {
        let bare: String = number.chars().filter(|letter| !" -.()\u{a0}".contains(*letter)).collect();
        let digits = bare.strip_prefix('+').or_else(|| bare.strip_prefix("00"));
        let is_number = |digits: &&str| {
            (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
        };
        Self(
            digits.filter(is_number).map(|digits| format!("+{digits}")).ok_or(
                "must be a phone number with its country code, such as `+4712345678` (7 to 15 digits)",
            ),
        )
    }

    /// An e-mail address. Spaces around it are left out, and letters become lower case.
    #[must_use]
    pub fn email(address: &str) -> Self {
        let address = address.trim().to_lowercase();
        let parts = address.split_once('@').filter(|(name, host)| !name.is_empty() && !host.is_empty());
        let is_address = parts.is_some() && !address.chars().any(|c| c.is_control() || c.is_whitespace());
        Self(if is_address {
            Ok(address)
        } else {
            Err("must be an e-mail address; `Credential::verbatim` sends anything else")
        })
    }

    /// A credential that is sent as it is.
    #[must_use]
    pub fn verbatim(text: impl Into<String>) -> Self {
        let text = text.into();
        Self(if text.is_empty() || text.chars().any(char::is_control) {
            Err("must not be empty or hold control characters")
        } else {
            Ok(text)
        })
    }

    pub(super) fn checked(&self) -> Result<&str> {
        self.0.as_deref().map_err(|rule| Error::invalid_input("credential", rule))
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential(<redacted>)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_keep_leading_zeros_and_their_limits() {
        assert_eq!(EnterpriseCode::new("000468979834").expect("12 characters").as_str(), "000468979834");
        for bad in ["0004689798345", "", ".", "..", "a\\b", "a\nb"] {
            assert!(EnterpriseCode::new(bad).is_err(), "{bad}");
        }
        assert!(OrderTypeCode::new("..").is_err());
        assert!(OrderTypeCode::new("0".repeat(40)).is_ok(), "no limit is documented");
        assert!(ChannelCode::new("").is_err());
    }

    #[test]
    fn credentials_are_normalised_or_refused() {
        let sent = |credential: Credential| credential.checked().map(str::to_owned).ok();
        assert_eq!(sent(Credential::phone("+47 (123) 45-678")).as_deref(), Some("+4712345678"));
        for bad in ["12345678", "", "+47", "+47a2345678", "+1234567890123456"] {
            assert_eq!(sent(Credential::phone(bad)), None, "{bad}");
        }
        for bad in ["", "@", "a@", "@b", "a b@c.example"] {
            assert_eq!(sent(Credential::email(bad)), None, "{bad}");
        }
        assert_eq!(sent(Credential::verbatim("AID:1")).as_deref(), Some("AID:1"));
        assert!(!format!("{:?}", Credential::phone("+4712345678")).contains("123"));
    }

    #[test]
    fn states_are_read_in_any_case_and_written_in_upper_case() {
        assert_eq!(ChannelState::from("shield"), ChannelState::Shield);
        assert_eq!(ChannelState::from("Permission").as_str(), "PERMISSION");
        assert_eq!(ChannelState::from("new").as_str(), "new");
    }
}
