//! The token endpoint of the login server.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::SystemTime,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;
use url::form_urlencoded;

use super::{
    CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, SHIELD_CLIENT_ID, SHIELD_CLIENT_SECRET,
    authorize::Code,
    state::State,
    tokens::{Grant, Issued, Refused, Tokens},
};
use crate::fakes::{Reply, Request};

const DEFAULT_SCOPE: &str = "read";

#[derive(Debug)]
pub(super) struct Login {
    pub(super) tokens: Tokens,
    pub(super) require_pkce: bool,
    pub(super) redirect_uris: BTreeSet<String>,
    pub(super) codes: BTreeMap<String, Code>,
}

/// A program that is known to the login server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Client {
    pub(super) id: &'static str,
    secret: &'static str,
    /// Whether users can log in to it.
    pub(super) has_users: bool,
}

const CLIENTS: [Client; 2] = [
    Client { id: CLIENT_ID, secret: CLIENT_SECRET, has_users: true },
    Client { id: SHIELD_CLIENT_ID, secret: SHIELD_CLIENT_SECRET, has_users: false },
];

pub(super) fn client(id: &str) -> Option<Client> {
    CLIENTS.into_iter().find(|client| client.id == id)
}

/// An error of OAuth: code and description.
pub(super) type OAuthError = (&'static str, String);

fn oauth(code: &'static str, description: impl Into<String>) -> OAuthError {
    (code, description.into())
}

/// A body in the shape of OAuth's errors.
pub(super) fn oauth_error(status: u16, code: &str, description: &str) -> Reply {
    Reply::json(status, &json!({ "error": code, "error_description": description }))
}

/// The scope that was asked for. Assumption: without one it is `read`.
pub(super) fn scope_or_default(asked: Option<String>) -> String {
    asked.filter(|scope| !scope.is_empty()).unwrap_or_else(|| DEFAULT_SCOPE.to_owned())
}

impl Login {
    pub(super) fn new() -> Self {
        Self {
            tokens: Tokens::new(),
            require_pkce: false,
            redirect_uris: BTreeSet::from([REDIRECT_URI.to_owned()]),
            codes: BTreeMap::new(),
        }
    }
}

impl State {
    /// A request to the login server; `path` is what follows its base path.
    pub(super) fn login(&mut self, path: &str, request: &Request, now: SystemTime) -> Reply {
        match (path, request.method.as_str()) {
            ("/oauth/authorize", "GET") => self.authorize(request, now),
            ("/oauth/token", "POST") => match self.token(request, now) {
                Ok(issued) => token_reply(&issued),
                Err((code @ "invalid_client", description)) => oauth_error(401, code, &description)
                    .with_header("www-authenticate", "Basic realm=\"fake\""),
                Err((code, description)) => oauth_error(400, code, &description),
            },
            ("/oauth/authorize", _) => Reply::new(405).with_header("allow", "GET"),
            ("/oauth/token", _) => Reply::new(405).with_header("allow", "POST"),
            _ => Reply::new(404),
        }
    }

    /// Assumption: the vendor names the grants, but not the errors nor who may use which grant.
    fn token(&mut self, request: &Request, now: SystemTime) -> Result<Issued, OAuthError> {
        let form = form(request)?;
        let field = |name: &str| form.get(name).cloned().filter(|value| !value.is_empty());
        let required =
            |name: &str| field(name).ok_or_else(|| oauth("invalid_request", format!("{name} is missing")));
        let client = authenticated(request, &form)?;
        let user_grant = || {
            let refused = || oauth("unauthorized_client", "This client has client_credentials only");
            client.has_users.then_some(()).ok_or_else(refused)
        };
        match required("grant_type")?.as_str() {
            "client_credentials" => {
                let scope = scope_or_default(field("scope"));
                self.counts.client_logins += 1;
                Ok(self.login.tokens.issue(Grant { client: client.id.to_owned(), user: None, scope }, now))
            }
            "authorization_code" => {
                user_grant()?;
                let (code, redirect_uri) = (required("code")?, required("redirect_uri")?);
                let verifier = field("code_verifier");
                let grant = self.redeem(&code, client.id, &redirect_uri, verifier.as_deref(), now);
                let grant = grant.map_err(|why| oauth("invalid_grant", why))?;
                self.counts.code_exchanges += 1;
                Ok(self.login.tokens.issue(grant, now))
            }
            "refresh_token" => {
                user_grant()?;
                let token = required("refresh_token")?;
                // The text repeats the token as real servers are known to do, so that a test
                // finds a client that logs it.
                let issued =
                    self.login.tokens.renew(&token, client.id, now).map_err(|refused| match refused {
                        Refused::Unknown => oauth("invalid_grant", format!("Unknown refresh token {token}")),
                        Refused::Expired => {
                            oauth("invalid_token", format!("Refresh token {token} has expired"))
                        }
                    })?;
                self.counts.refreshes += 1;
                Ok(issued)
            }
            other => Err(oauth("unsupported_grant_type", format!("The fake has no grant {other}"))),
        }
    }
}

fn token_reply(issued: &Issued) -> Reply {
    let mut body = json!({
        "access_token": issued.access,
        "token_type": "bearer",
        "expires_in": issued.expires_in.as_secs(),
        "scope": issued.scope,
    });
    if let Some(refresh) = &issued.refresh {
        body["refresh_token"] = json!(refresh);
    }
    Reply::json(200, &body).with_header("cache-control", "no-store")
}

/// The fields of the body. Assumption: the query string is refused, because secrets in it end up
/// in logs.
fn form(request: &Request) -> Result<BTreeMap<String, String>, OAuthError> {
    if !request.query.is_empty() {
        return Err(oauth("invalid_request", "Parameters belong in the body, not in the address"));
    }
    let media_type = request.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default();
    if !media_type.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(oauth("invalid_request", "The body is not a form"));
    }
    let mut form = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(&request.body).into_owned() {
        if form.contains_key(&name) {
            return Err(oauth("invalid_request", format!("{name} is given twice")));
        }
        form.insert(name, value);
    }
    Ok(form)
}

/// The client behind a token request, by HTTP Basic or by form fields but not by both.
fn authenticated(request: &Request, form: &BTreeMap<String, String>) -> Result<Client, OAuthError> {
    let invalid = |why: &str| oauth("invalid_client", why);
    let field = |name: &str| form.get(name).map(String::as_str);
    match request.header("authorization") {
        Some(_) if field("client_id").or(field("client_secret")).is_some() => {
            Err(oauth("invalid_request", "The client is named twice, in the header and in the body"))
        }
        Some(header) => by_basic(header).ok_or_else(|| invalid("Wrong client id or secret")),
        None => {
            let id = field("client_id").ok_or_else(|| invalid("No client is named"))?;
            let known = client(id).filter(|known| field("client_secret") == Some(known.secret));
            known.ok_or_else(|| invalid("Wrong client id or secret"))
        }
    }
}

/// Assumption: id and secret are taken as they are, or form-encoded as OAuth 2.0 has it.
fn by_basic(header: &str) -> Option<Client> {
    let encoded = header.strip_prefix("Basic ")?;
    let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    let client = client(id).or_else(|| client(&form_decoded(id)))?;
    (client.secret == secret || client.secret == form_decoded(secret)).then_some(client)
}

/// One value out of a form.
pub(super) fn form_decoded(text: &str) -> String {
    // Only the first `=` parts name and value, but any `&` would end the value.
    let form = format!("={}", text.replace('&', "%26"));
    form_urlencoded::parse(form.as_bytes()).map(|(_, value)| value.into_owned()).collect()
}

#[cfg(test)]
mod tests;
