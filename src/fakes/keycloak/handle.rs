//! The endpoints.

use serde::Serialize;
use serde_json::json;

use super::{
    form::Form,
    state::{Issued, Kind, Realm},
};
use crate::fakes::{Reply, Request};

const TOKEN: &str = "/protocol/openid-connect/token";
const LOGOUT: &str = "/protocol/openid-connect/logout";
const REVOKE: &str = "/protocol/openid-connect/revoke";
const DISCOVERY: &str = "/.well-known/openid-configuration";

const FORM: &str = "application/x-www-form-urlencoded";

/// Why a request is not carried out.
#[derive(Debug)]
pub(super) struct Refused {
    status: u16,
    error: &'static str,
    description: String,
}

/// The order is Keycloak's.
#[derive(Serialize)]
struct Discovery {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    introspection_endpoint: String,
    userinfo_endpoint: String,
    end_session_endpoint: String,
    jwks_uri: String,
    grant_types_supported: [&'static str; 5],
    token_endpoint_auth_methods_supported: [&'static str; 5],
    revocation_endpoint: String,
}

impl Refused {
    pub(super) fn new(status: u16, error: &'static str, description: impl Into<String>) -> Self {
        Self { status, error, description: description.into() }
    }

    /// The commonest one.
    pub(super) fn grant(description: impl Into<String>) -> Self {
        Self::new(400, "invalid_grant", description)
    }

    fn reply(&self) -> Reply {
        Reply::json(self.status, &json!({ "error": self.error, "error_description": self.description }))
    }
}

impl Realm {
    pub(super) fn handle(&mut self, request: &Request, now: u64) -> Reply {
        let reply = match (request.method.as_str(), self.endpoint(&request.path)) {
            ("POST", Ok(TOKEN)) => self.token(request, now),
            ("POST", Ok(LOGOUT)) => {
                let reply = self.log_out(request).unwrap_or_else(|refused| refused.reply());
                return with_common_headers(reply).with_header("cache-control", "no-cache");
            }
            ("POST", Ok(REVOKE)) => self.revoke(request).unwrap_or_else(|refused| refused.reply()),
            ("GET", Ok(DISCOVERY)) => Reply::json(200, &self.discovery()),
            (_, Ok(DISCOVERY)) => not_found("HTTP 404 Not Found"),
            // Assumption: the status. What the token endpoint answers was not recorded.
            (_, Ok(TOKEN | LOGOUT | REVOKE)) => {
                Reply::json(405, &json!({ "error": "HTTP 405 Method Not Allowed" }))
            }
            (_, Ok(_)) => not_found("Unable to find matching target resource method"),
            (_, Err(problem)) => not_found(problem),
        };
        with_common_headers(reply).with_header("cache-control", "no-store").with_header("pragma", "no-cache")
    }

    /// The path within the realm, or what Keycloak says if it is in another realm or in none.
    fn endpoint<'a>(&self, path: &'a str) -> Result<&'a str, &'static str> {
        let within = path.strip_prefix(self.base.as_str()).filter(|rest| rest.starts_with('/'));
        if let Some(within) = within {
            return Ok(within);
        }
        let realms = self.base.rsplit_once('/').map_or("", |(realms, _)| realms);
        let other = path.strip_prefix(realms).and_then(|rest| rest.strip_prefix('/'));
        match other {
            Some(other) if !realms.is_empty() && other.contains('/') => Err("Realm does not exist"),
            _ => Err("Unable to find matching target resource method"),
        }
    }

    fn token(&mut self, request: &Request, now: u64) -> Reply {
        // Assumption: the body. The status comes from the layer below Keycloak's own code.
        if !request.header("content-type").is_some_and(|kind| kind.starts_with(FORM)) {
            self.counts.failures += 1;
            return Reply::json(415, &json!({ "error": "HTTP 415 Unsupported Media Type" }));
        }
        self.grant(request, now).unwrap_or_else(|refused| {
            self.counts.failures += 1;
            refused.reply()
        })
    }

    /// In Keycloak's order: the kind of grant is looked at before the client, and doubled fields
    /// after it.
    fn grant(&mut self, request: &Request, now: u64) -> Result<Reply, Refused> {
        if !self.enabled {
            return Err(Refused::new(403, "access_denied", "Realm not enabled"));
        }
        let form = Form::read(request);
        let Some(kind) = form.get("grant_type") else {
            return Err(Refused::new(400, "invalid_request", "Missing form parameter: grant_type"));
        };
        let grant = match kind {
            "password" => Self::log_in,
            "refresh_token" => Self::refresh,
            "client_credentials" => Self::client_credentials,
            _ => return Err(Refused::new(400, "unsupported_grant_type", "Unsupported grant_type")),
        };
        let client = self.authenticate(request, &form)?;
        if form.has_duplicates() {
            return Err(Refused::new(400, "invalid_request", "duplicated parameter"));
        }
        grant(self, &form, &client, now)
    }

    /// Ends the session of a refresh token. Assumption: one that has expired ends it as well.
    fn log_out(&mut self, request: &Request) -> Result<Reply, Refused> {
        let form = Form::read(request);
        let client = self.authenticate(request, &form)?;
        let Some(text) = form.get("refresh_token") else {
            return Err(Refused::new(400, "invalid_request", "No refresh token"));
        };
        let issued = self.refresh_token(text, &client)?;
        if let Some(session) = issued.session {
            self.sessions.remove(&session);
        }
        Ok(Reply::new(204))
    }

    fn revoke(&mut self, request: &Request) -> Result<Reply, Refused> {
        let form = Form::read(request);
        let client = self.authenticate(request, &form)?;
        let Some(text) = form.get("token") else {
            return Err(Refused::new(400, "invalid_request", "Token not provided"));
        };
        let Some(issued) = self.tokens.get_mut(text) else {
            // An error in a success is what Keycloak answers here.
            let body = json!({ "error": "invalid_token", "error_description": "Invalid token" });
            return Ok(Reply::json(200, &body));
        };
        if issued.client != client {
            return Err(Refused::new(400, "invalid_request", "Unmatching clients"));
        }
        match issued.kind {
            Kind::Id => {
                return Err(Refused::new(400, "unsupported_token_type", "Unsupported token type"));
            }
            Kind::Access => issued.revoked = true,
            Kind::Refresh | Kind::Offline => {
                let session = issued.session.clone();
                self.detach(session.as_deref());
            }
        }
        Ok(Reply::new(200))
    }

    /// A token of this realm's that a client may refresh with, whatever its age.
    pub(super) fn refresh_token(&self, text: &str, client: &str) -> Result<Issued, Refused> {
        let issued = self.tokens.get(text).filter(|issued| issued.is_for_refreshing());
        let issued = issued.ok_or_else(|| Refused::grant("Invalid refresh token"))?;
        if issued.client != client {
            let text = "Invalid refresh token. Token client and authorized client don't match";
            return Err(Refused::grant(text));
        }
        Ok(issued.clone())
    }

    /// Of the endpoints in it, the fake has those for tokens, logout and revocation only.
    fn discovery(&self) -> Discovery {
        let at = |path: &str| format!("{}{path}", self.url());
        Discovery {
            issuer: self.url(),
            authorization_endpoint: at("/protocol/openid-connect/auth"),
            token_endpoint: at(TOKEN),
            introspection_endpoint: at("/protocol/openid-connect/token/introspect"),
            userinfo_endpoint: at("/protocol/openid-connect/userinfo"),
            end_session_endpoint: at(LOGOUT),
            jwks_uri: at("/protocol/openid-connect/certs"),
            grant_types_supported: [
                "authorization_code",
                "client_credentials",
                "implicit",
                "password",
                "refresh_token",
            ],
            token_endpoint_auth_methods_supported: [
                "private_key_jwt",
                "client_secret_basic",
                "client_secret_post",
                "tls_client_auth",
                "client_secret_jwt",
            ],
            revocation_endpoint: at(REVOKE),
        }
    }
}

fn not_found(error: &str) -> Reply {
    Reply::json(404, &json!({ "error": error }))
}

fn with_common_headers(reply: Reply) -> Reply {
    reply
        .with_header("referrer-policy", "no-referrer")
        .with_header("strict-transport-security", "max-age=31536000; includeSubDomains")
        .with_header("x-content-type-options", "nosniff")
        .with_header("x-frame-options", "SAMEORIGIN")
        .with_header("x-robots-tag", "none")
}
