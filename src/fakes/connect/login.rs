//! The token endpoint of the login server.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::SystemTime,
};

use http::header::ACCEPT;
use serde_json::json;
use url::form_urlencoded;

use super::{
    api::names_json,
    authorize::Code,
    client::LoginClient,
    state::State,
    target::Endpoint,
    tokens::{Grant, Issued, Refused, Tokens},
    xml::in_xml,
};
use crate::fakes::{Reply, Request, message::form_decoded};

const DEFAULT_SCOPE: &str = "read";
/// For the codes of the External Identity API.
const EXTERNAL_IDENTITY: &str = "https://connectid.no/oauth2/grant_type/extid_code";

#[derive(Debug)]
pub(super) struct Login {
    pub(super) tokens: Tokens,
    pub(super) require_pkce: bool,
    /// Repeats a token in the text of the error that refuses it.
    pub(super) repeat_tokens: bool,
    /// An expired refresh token is `invalid_grant` as in RFC 6749, not `invalid_token`.
    pub(super) expired_is_invalid_grant: bool,
    /// What a token needs at the API.
    pub(super) needed_scope: Option<String>,
    pub(super) clients: BTreeMap<String, LoginClient>,
    pub(super) redirect_uris: BTreeSet<String>,
    pub(super) codes: BTreeMap<String, Code>,
    pub(super) external_codes: BTreeMap<String, Code>,
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
            repeat_tokens: true,
            expired_is_invalid_grant: false,
            needed_scope: None,
            clients: BTreeMap::new(),
            redirect_uris: BTreeSet::new(),
            codes: BTreeMap::new(),
            external_codes: BTreeMap::new(),
        }
    }

    /// Why a token is refused, with the token or without. Repeating it is what real servers are
    /// known to do, so that a test finds a client that logs it.
    pub(super) fn about(&self, why: &str, token: &str) -> String {
        if self.repeat_tokens { format!("{why}: {token}") } else { why.to_owned() }
    }

    /// The client behind a token request, by HTTP Basic or by form fields but not by both.
    fn authenticated(
        &self,
        request: &Request,
        form: &BTreeMap<String, String>,
    ) -> Result<&LoginClient, OAuthError> {
        let invalid = |why: &str| oauth("invalid_client", why);
        let field = |name: &str| form.get(name).map(String::as_str);
        match request.header("authorization") {
            Some(_) if field("client_id").or(field("client_secret")).is_some() => {
                Err(oauth("invalid_request", "The client is named twice, in the header and in the body"))
            }
            Some(_) => self.by_basic(request).ok_or_else(|| invalid("Wrong client id or secret")),
            None => {
                let id = field("client_id").ok_or_else(|| invalid("No client is named"))?;
                let known = self.clients.get(id);
                let known = known.filter(|known| field("client_secret") == Some(known.secret.as_str()));
                known.ok_or_else(|| invalid("Wrong client id or secret"))
            }
        }
    }

    /// Assumption: id and secret are taken as they are, or form-encoded as OAuth 2.0 has it.
    fn by_basic(&self, request: &Request) -> Option<&LoginClient> {
        let (id, secret) = request.basic()?;
        let client = self.clients.get(&id).or_else(|| self.clients.get(&form_decoded(&id)))?;
        (client.secret == secret || client.secret == form_decoded(&secret)).then_some(client)
    }
}

impl State {
    /// A request to the login server.
    pub(super) fn login(&mut self, endpoint: Option<Endpoint>, request: &Request, now: SystemTime) -> Reply {
        let Some(endpoint) = endpoint else {
            return Reply::new(404);
        };
        if request.method != endpoint.allowed() {
            return Reply::new(405).with_header("allow", endpoint.allowed());
        }
        match endpoint {
            Endpoint::Authorize => self.authorize(request, now),
            Endpoint::Token => match self.token(request, now) {
                Ok(issued) => token_reply(&issued),
                Err((code, description)) => self.token_error(code, &description, request),
            },
        }
    }

    /// Assumption: a wrong client is 401 and everything else is 400.
    fn token_error(&self, code: &str, description: &str, request: &Request) -> Reply {
        let reply = match code {
            "invalid_client" => {
                oauth_error(401, code, description).with_header("www-authenticate", "Basic realm=\"fake\"")
            }
            _ => oauth_error(400, code, description),
        };
        if self.xml && !names_json(request, &ACCEPT) { in_xml(reply) } else { reply }
    }

    /// Assumption: the vendor names the grants, but not the errors nor who may use which grant.
    fn token(&mut self, request: &Request, now: SystemTime) -> Result<Issued, OAuthError> {
        let form = form(request)?;
        let field = |name: &str| form.get(name).cloned().filter(|value| !value.is_empty());
        let required =
            |name: &str| field(name).ok_or_else(|| oauth("invalid_request", format!("{name} is missing")));
        let client = self.login.authenticated(request, &form)?.clone();
        let allowed = |is_allowed: bool| {
            let refused = || oauth("unauthorized_client", "This client does not have the grant");
            is_allowed.then_some(()).ok_or_else(refused)
        };
        match required("grant_type")?.as_str() {
            "client_credentials" => {
                let scope = client.granted(field("scope"));
                let scope =
                    scope.ok_or_else(|| oauth("invalid_scope", "This client does not have the scope"))?;
                self.counts.client_logins += 1;
                Ok(self.login.tokens.issue(Grant { client: client.id, user: None, scope }, now))
            }
            "authorization_code" => {
                allowed(client.users)?;
                let (code, redirect_uri) = (required("code")?, required("redirect_uri")?);
                let verifier = field("code_verifier");
                let grant = self.redeem(&code, &client.id, &redirect_uri, verifier.as_deref(), now);
                let grant = grant.map_err(|why| oauth("invalid_grant", self.login.about(why, &code)))?;
                self.counts.code_exchanges += 1;
                Ok(self.login.tokens.issue(grant, now))
            }
            "refresh_token" => {
                allowed(client.users || client.external_identity)?;
                let token = required("refresh_token")?;
                let renewed = self.login.tokens.renew(&token, &client.id, now);
                let issued = renewed.map_err(|refused| self.refresh_refused(refused, &token))?;
                self.counts.refreshes += 1;
                Ok(issued)
            }
            EXTERNAL_IDENTITY => {
                allowed(client.external_identity)?;
                let code = required("code")?;
                let grant = self.redeem_external(&code, &client.id, now);
                let grant = grant.map_err(|why| oauth("invalid_grant", self.login.about(why, &code)))?;
                self.counts.external_exchanges += 1;
                Ok(self.login.tokens.issue(grant, now))
            }
            other => Err(oauth("unsupported_grant_type", format!("There is no grant {other}"))),
        }
    }

    fn refresh_refused(&self, refused: Refused, token: &str) -> OAuthError {
        let code = match refused {
            Refused::Expired if !self.login.expired_is_invalid_grant => "invalid_token",
            _ => "invalid_grant",
        };
        let why = match refused {
            Refused::Unknown => "Invalid refresh token",
            Refused::Expired => "Refresh token expired",
        };
        oauth(code, self.login.about(why, token))
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

/// The client that a token request names, whether or not it is one.
pub(super) fn named_client(request: &Request) -> Option<String> {
    let by_basic = request.basic().map(|(id, _)| form_decoded(&id));
    by_basic.or_else(|| request.form("client_id"))
}

#[cfg(test)]
mod tests;
