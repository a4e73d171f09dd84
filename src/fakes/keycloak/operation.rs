//! Which endpoint a request is for.

use http::Method;

use super::{Generation, Operation};
use crate::fakes::{Operation as _, Reply, Request};

impl Operation {
    /// The endpoint of the realm at `base` that a request is for, if its method fits.
    pub(crate) fn of(request: &Request, base: &str) -> Option<Self> {
        let within = within(&request.path, base)?;
        let found = Self::ALL.iter().copied().find(|operation| operation.path() == within)?;
        found.takes(&request.method).then_some(found)
    }

    /// Its path within the realm.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Token => "/protocol/openid-connect/token",
            Self::Logout => "/protocol/openid-connect/logout",
            Self::Revoke => "/protocol/openid-connect/revoke",
            Self::Introspect => "/protocol/openid-connect/token/introspect",
            Self::UserInfo => "/protocol/openid-connect/userinfo",
            Self::Certificates => "/protocol/openid-connect/certs",
            Self::Discovery => "/.well-known/openid-configuration",
        }
    }

    pub(super) fn takes(self, method: &Method) -> bool {
        match self {
            Self::Token | Self::Revoke | Self::Introspect => method == Method::POST,
            Self::Certificates | Self::Discovery => method == Method::GET,
            Self::UserInfo | Self::Logout => matches!(*method, Method::GET | Method::POST),
        }
    }
}

/// The path within the realm, which may end with a slash.
fn within<'a>(path: &'a str, base: &str) -> Option<&'a str> {
    let within = path.strip_prefix(base)?;
    within.starts_with('/').then(|| within.strip_suffix('/').unwrap_or(within))
}

/// What Keycloak answers where [`Operation::of`] finds nothing.
#[derive(Debug)]
pub(super) enum Nothing {
    /// The realm has nothing there.
    InRealm(Reply),
    /// A browser asks what it may send.
    Preflight,
    /// The layer below the realms has nothing there, and does not add their headers.
    Outside(Reply),
}

pub(super) fn nothing_there(request: &Request, base: &str, generation: Generation) -> Nothing {
    let Some(within) = within(&request.path, base) else {
        return outside_the_realm(&request.path, base, generation);
    };
    if request.method == Method::OPTIONS {
        return Nothing::Preflight;
    }
    let protocol = within.strip_prefix("/protocol/").and_then(|rest| rest.split('/').next());
    let reply = match protocol {
        Some("openid-connect") => {
            let known = Operation::ALL.iter().any(|operation| operation.path() == within);
            if request.method == Method::GET && !known {
                error_only(404, "HTTP 404 Not Found")
            } else {
                error_only(405, "HTTP 405 Method Not Allowed")
            }
        }
        Some(_) if within.matches('/').count() > 2 => error_only(404, "Protocol not found"),
        _ => error_only(404, "HTTP 404 Not Found"),
    };
    Nothing::InRealm(reply)
}

fn outside_the_realm(path: &str, base: &str, generation: Generation) -> Nothing {
    let realms = base.rsplit_once('/').map_or("", |(realms, _)| realms);
    let root = realms.rsplit_once('/').map_or("", |(root, _)| root);
    let below = |folder: &str| path.strip_prefix(folder).filter(|rest| rest.starts_with('/'));
    if !realms.is_empty() && below(realms).is_some_and(|rest| rest.len() > 1) {
        return Nothing::InRealm(error_only(404, "Realm does not exist"));
    }
    // Assumption: older versions answer outside of their path as they do within it.
    if below(root).is_none() && generation != Generation::Old {
        let page = "<html><body><h1>Resource not found</h1></body></html>";
        return Nothing::Outside(Reply::new(404).with_body("text/html; charset=utf-8", page));
    }
    Nothing::Outside(error_only(404, "Unable to find matching target resource method"))
}

/// An answer of the layer below Keycloak's own code.
pub(super) fn error_only(status: u16, error: &str) -> Reply {
    Reply::json(status, &serde_json::json!({ "error": error }))
}
