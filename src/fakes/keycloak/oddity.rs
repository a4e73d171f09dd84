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

/// An answer that is not Keycloak's usual one, for [`Fault::reply`](crate::fakes::Fault::reply).
///
/// ```
/// use entitlements::fakes::keycloak::Failure;
///
/// assert_eq!(Failure::RateLimited { retry_after: 7 }.reply().headers["retry-after"], "7");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// 503 without a body: the server's queue is full. Assumption: the body.
    Overloaded,
    /// 500 `unknown_error`: something failed within the server.
    Failed,
    /// 502 with a page: a proxy does not reach the server. Assumption: the page.
    BadGateway,
    /// 429: a proxy limits the rate; Keycloak itself does not. Assumption: no body.
    RateLimited {
        /// The seconds in `Retry-After`.
        retry_after: u64,
    },
}

impl Failure {
    /// The answer.
    #[must_use]
    pub fn reply(self) -> Reply {
        match self {
            Self::Overloaded => Reply::new(503),
            Self::Failed => Reply::json(
                500,
                &json!({
                    "error": "unknown_error",
                    "error_description": "For more on this error consult the server log.",
                }),
            ),
            Self::BadGateway => {
                Reply::new(502).with_body("text/html", "<html><body><h1>502 Bad Gateway</h1></body></html>")
            }
            Self::RateLimited { retry_after } => {
                Reply::new(429).with_header("retry-after", &retry_after.to_string())
            }
        }
    }
}
