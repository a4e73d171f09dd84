//! The endpoints beside the one for tokens.

use http::{HeaderValue, header::CACHE_CONTROL};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    Generation, Operation,
    form::Form,
    handle::Refused,
    state::{Issued, Kind, Realm},
    token,
};
use crate::fakes::{Reply, Request};

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

impl Realm {
    /// Ends the session of a refresh token, whatever its age. A realm that is not enabled does not
    /// refuse it.
    pub(super) fn log_out(&mut self, request: &Request) -> Result<Reply, Refused> {
        self.reachable()?;
        let form = Form::read(request)?;
        let text = form.get("refresh_token");
        if text.is_none() && self.generation != Generation::Old {
            // The same address serves people in a browser. Assumption: the words of the page.
            let page = "<!DOCTYPE html><html><body><h1>Logging out</h1></body></html>";
            return Ok(Reply::new(200).with_body("text/html;charset=utf-8", page));
        }
        let client = self.authenticate_caller(request, &form)?;
        let Some(text) = text else {
            return Err(Refused::new(400, "invalid_request", "No refresh token"));
        };
        let issued = self.refresh_token(text)?;
        self.refuse_other_issuer(&issued)?;
        Self::refuse_other_client(&issued, &client)?;
        if let Some(session) = issued.session {
            self.sessions.remove(&session);
        }
        Ok(Reply::new(204).with_header("cache-control", "no-cache"))
    }

    /// Ends one access token, or the session of a refresh token.
    pub(super) fn revoke(&mut self, request: &Request, now: u64) -> Result<Reply, Refused> {
        self.reachable()?;
        self.open()?;
        let form = Form::read(request)?;
        let client = self.authenticate_caller(request, &form)?;
        form.refuse_duplicates()?;
        let Some(text) = form.get("token") else {
            return Err(Refused::new(400, "invalid_request", "Token not provided"));
        };
        // An error in a success is what Keycloak answers to tokens that are worth nothing.
        let worthless = json!({ "error": "invalid_token", "error_description": "Invalid token" });
        let Some(issued) = self.tokens.get(text).cloned() else {
            return Ok(Reply::json(200, &worthless));
        };
        if issued.client != client {
            return Err(Refused::new(400, "invalid_request", "Unmatching clients"));
        }
        if issued.kind == Kind::Id {
            return Err(Refused::new(400, "unsupported_token_type", "Unsupported token type"));
        }
        let over = issued.is_for_refreshing() && issued.is_past_its_end(now);
        if over || !self.is_session_alive(&issued, now) {
            return Ok(Reply::json(200, &worthless));
        }
        if issued.is_for_refreshing() {
            self.sessions.retain(|id, _| Some(id) != issued.session.as_ref());
        } else if let Some(issued) = self.tokens.get_mut(text) {
            issued.revoked = true;
        }
        Ok(Reply::new(200))
    }

    /// Says what a token stands for, to a client with a secret.
    ///
    /// From 26.6 on a token is shown only to a client that it is meant for, which an access token
    /// is not without a mapper for its audience; measured with 26.7.
    pub(super) fn introspect(&mut self, request: &Request, now: u64) -> Result<Reply, Refused> {
        self.reachable()?;
        self.open()?;
        let form = Form::read(request)?;
        let client = self.authenticate(request, &form).map_err(|refused| match self.generation {
            Generation::New if refused.error == "unauthorized_client" => {
                Refused::new(401, "invalid_client", "Client authentication failed.")
            }
            Generation::New => refused,
            _ => Refused::new(401, "invalid_request", "Authentication failed."),
        })?;
        form.refuse_duplicates()?;
        if self.clients.get(&client).is_none_or(|client| client.secret.is_none()) {
            return Err(Refused::new(403, "invalid_request", "Client not allowed."));
        }
        let Some(text) = form.get("token") else {
            return Err(Refused::new(400, "invalid_request", "Token not provided."));
        };
        if let Some(hint) = form.get("token_type_hint")
            && !["access_token", "refresh_token", "requesting_party_token"].contains(&hint)
        {
            let named = if self.generation == Generation::New { String::new() } else { format!(" [{hint}]") };
            return Err(Refused::new(400, "invalid_request", format!("Unsupported token type{named}.")));
        }
        let good = self.tokens.get(text).filter(|issued| self.is_good(issued, now));
        let shown = good
            .map(|issued| (issued, token::read(text)))
            .filter(|(_, claims)| self.generation != Generation::New || claims["aud"] == client);
        let Some((issued, mut claims)) = shown else {
            return Ok(Reply::json(200, &json!({ "active": false })).with_header("cache-control", "no-cache"));
        };
        for (name, value) in [
            ("active", json!(true)),
            ("acr", json!("1")),
            ("client_id", json!(issued.client)),
            ("email_verified", json!(false)),
            ("preferred_username", json!(issued.name)),
            ("realm_access", json!({ "roles": issued.roles })),
            ("token_type", claims["typ"].clone()),
            ("username", json!(issued.name)),
        ] {
            claims[name] = value;
        }
        let reply = Reply::json(200, &claims);
        Ok(reply.with_header("cache-control", "no-cache"))
    }

    /// Whether a token is worth something to Keycloak itself, which knows its session.
    fn is_good(&self, issued: &Issued, now: u64) -> bool {
        self.is_valid(issued, now) && self.is_session_alive(issued, now)
    }

    fn is_valid(&self, issued: &Issued, now: u64) -> bool {
        !issued.revoked
            && !issued.stale
            && !issued.is_past_its_end(now)
            && !self.is_from_the_future(issued, now)
            && issued.issuer == self.url()
    }

    /// Says who an access token speaks for.
    pub(super) fn user_info(&self, request: &Request, now: u64) -> Result<Reply, Refused> {
        let realm = self.base.rsplit('/').next().unwrap_or_default();
        let refused = |status: u16, error: &str| {
            self.never_stored(Reply::new(status).with_body("text/plain;charset=utf-8", ""))
                .with_header("www-authenticate", &format!("Bearer realm=\"{realm}\"{error}"))
        };
        let invalid =
            |text: &str| refused(401, &format!(", error=\"invalid_token\", error_description=\"{text}\""));
        let form = Form::read(request)?;
        let Some(text) = request.bearer().or_else(|| form.get("access_token")) else {
            return Ok(refused(401, ""));
        };
        let found = self.tokens.get(text).filter(|issued| issued.kind == Kind::Access);
        let Some(issued) = found.filter(|issued| self.is_valid(issued, now)) else {
            return Ok(invalid("Token verification failed"));
        };
        let claims = token::read(text);
        let scopes = claims["scope"].as_str().unwrap_or_default();
        // Assumption: the versions up to 18 do not ask for the scope.
        if self.generation != Generation::Old && !scopes.split(' ').any(|scope| scope == "openid") {
            let text = ", error=\"insufficient_scope\", error_description=\"Missing openid scope\"";
            return Ok(refused(403, text));
        }
        if !self.is_session_alive(issued, now) {
            return Ok(invalid("user_session_not_found"));
        }
        let shown: serde_json::Map<String, Value> = ["sub", "email_verified", "preferred_username"]
            .into_iter()
            .map(|name| (name.to_owned(), claims[name].clone()))
            .collect();
        let mut reply = self.never_stored(Reply::json(200, &shown));
        // A second header of this name in newer versions, not another value.
        reply.headers.append(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        Ok(reply)
    }

    /// Newer versions say so of each answer about a user.
    fn never_stored(&self, reply: Reply) -> Reply {
        if self.generation == Generation::New {
            return reply.with_header("cache-control", "no-store").with_header("pragma", "no-cache");
        }
        reply
    }

    /// Two keys, as Keycloak has them. They are plainly fake, like the signatures, and without the
    /// certificates that Keycloak adds.
    pub(super) fn certificates(&self) -> Result<Reply, Refused> {
        self.reachable()?;
        let key = |id: &str, algorithm: &str, purpose: &str| {
            json!({
                "kid": id,
                "kty": "RSA",
                "alg": algorithm,
                "use": purpose,
                "n": token::encoded("plainly-fake-modulus"),
                "e": "AQAB",
            })
        };
        let keys = [key(token::KEY, "RS256", "sig"), key("plainly-fake-encryption-key", "RSA-OAEP", "enc")];
        Ok(Reply::json(200, &json!({ "keys": keys })).with_header("cache-control", "no-cache"))
    }

    /// Of the endpoints in it, the fake has all but the one for people in a browser.
    pub(super) fn discovery(&self) -> Result<Reply, Refused> {
        self.reachable()?;
        let at = |operation: Operation| format!("{}{}", self.url(), operation.path());
        let document = Discovery {
            issuer: self.url(),
            authorization_endpoint: format!("{}/protocol/openid-connect/auth", self.url()),
            token_endpoint: at(Operation::Token),
            introspection_endpoint: at(Operation::Introspect),
            userinfo_endpoint: at(Operation::UserInfo),
            end_session_endpoint: at(Operation::Logout),
            jwks_uri: at(Operation::Certificates),
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
            revocation_endpoint: at(Operation::Revoke),
        };
        let fresh = "no-cache, must-revalidate, no-transform, no-store";
        Ok(Reply::json(200, &document).with_header("cache-control", fresh))
    }
}
