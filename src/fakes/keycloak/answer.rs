//! The answer that has the tokens.

use serde::Serialize;

use super::oddity::Oddity;
use crate::fakes::Reply;

/// The fields are in Keycloak's order.
#[derive(Serialize)]
pub(super) struct Tokens {
    pub(super) access_token: String,
    pub(super) expires_in: u64,
    /// 0 where there is no refresh token, or one that has no end of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) refresh_expires_in: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) refresh_token: Option<String>,
    pub(super) token_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id_token: Option<String>,
    #[serde(rename = "not-before-policy")]
    pub(super) not_before: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) session_state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) scope: Option<String>,
    #[serde(rename = "x_unknown_field", skip_serializing_if = "Option::is_none")]
    pub(super) unknown: Option<&'static str>,
}

impl Tokens {
    pub(super) fn reply(mut self, oddities: &[Oddity]) -> Reply {
        for oddity in oddities {
            match oddity {
                Oddity::NoRefreshToken => (self.refresh_token, self.refresh_expires_in) = (None, Some(0)),
                Oddity::ZeroRefreshLifetime => self.refresh_expires_in = Some(0),
                Oddity::NoRefreshLifetime => self.refresh_expires_in = None,
                Oddity::TokenType(text) => self.token_type.clone_from(text),
                Oddity::UnknownField => self.unknown = Some("plainly-fake"),
                Oddity::NoScope => self.scope = None,
                Oddity::NoSessionState => self.session_state = None,
                // Not a matter of the answer alone.
                Oddity::ExpiresIn(_) | Oddity::KeepsRefreshToken => {}
            }
        }
        Reply::json(200, &self)
    }
}
