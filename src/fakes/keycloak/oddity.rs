//! What other servers, proxies and versions do differently.

use serde_json::json;

use crate::fakes::Reply;

/// A way in which the answers with tokens differ from those of today's Keycloak, see
/// [`Builder::oddity`](super::Builder::oddity).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Oddity {
    /// No refresh token; `refresh_expires_in` is 0 then.
    NoRefreshToken,
    /// `refresh_expires_in` is 0 although there is a refresh token.
    ZeroRefreshLifetime,
    /// `refresh_expires_in` is missing.
    NoRefreshLifetime,
    /// `expires_in` is this number of seconds, and so is the token's life.
    ExpiresIn(u64),
    /// `token_type` is this text.
    TokenType(String),
    /// A field that no version has today.
    UnknownField,
    /// `scope` is missing, as in very old versions.
    NoScope,
    /// `session_state` is missing.
    NoSessionState,
    /// A refresh gives no new refresh token, and the old one stays good. OAuth allows it; Keycloak
    /// does not do it.
    KeepsRefreshToken,
}

/// What Keycloak answers when something fails within it, for
/// [`Fault::reply`](crate::fakes::Fault::reply).
///
/// A proxy in front of it answers in its own words: use [`Fault::status`], [`Fault::html`] or
/// [`Fault::too_many_requests`] for those.
///
/// [`Fault::status`]: crate::fakes::Fault::status
/// [`Fault::html`]: crate::fakes::Fault::html
/// [`Fault::too_many_requests`]: crate::fakes::Fault::too_many_requests
#[must_use]
pub fn unknown_error() -> Reply {
    let body = json!({
        "error": "unknown_error",
        "error_description": "For more on this error consult the server log.",
    });
    Reply::json(500, &body)
}
