//! The browser's part of a login: the page with one button, and the code that it ends with.

use std::time::{Duration, SystemTime};

use url::Url;

use super::{USER, client::LoginClient, state::State, tokens::Grant, xml::escaped};
use crate::{
    fakes::{Reply, Request},
    unique_id::unique_id,
};

/// Assumption: the vendor states no lifetime.
const CODE_LIFETIME: Duration = Duration::from_secs(5 * 60);

/// A code that was not redeemed yet.
#[derive(Debug)]
pub(super) struct Code {
    pub(super) grant: Grant,
    pub(super) redirect_uri: String,
    pub(super) issued: SystemTime,
    pub(super) challenge: Option<Challenge>,
}

/// What the verifier of a code has to match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    Plain(String),
    S256(String),
}

impl Challenge {
    fn of(request: &Request) -> Result<Self, &'static str> {
        let text = request.parameter("code_challenge").filter(|text| !text.is_empty());
        let text = text.ok_or("code_challenge is missing")?;
        match request.parameter("code_challenge_method").as_deref() {
            None | Some("plain") => Ok(Self::Plain(text)),
            Some("S256") => Ok(Self::S256(text)),
            Some(_) => Err("Unknown code_challenge_method"),
        }
    }

    fn is_met(&self, verifier: &str) -> bool {
        match self {
            Self::Plain(text) => text == verifier,
            Self::S256(text) => {
                use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
                let digest = ring::digest::digest(&ring::digest::SHA256, verifier.as_bytes());
                *text == URL_SAFE_NO_PAD.encode(digest)
            }
        }
    }
}

impl State {
    /// Assumption: errors follow RFC 6749; an unknown client or redirect address is shown to the
    /// user and nothing is redirected.
    pub(super) fn authorize(&mut self, request: &Request, now: SystemTime) -> Reply {
        let parameter = |name: &str| request.parameter(name);
        let client = parameter("client_id").and_then(|id| self.login.clients.get(&id));
        let Some(client) = client.cloned() else {
            return page(400, "<p>Unknown client</p>");
        };
        let known = |uri: &String| self.login.redirect_uris.contains(uri);
        let Some(redirect_uri) = parameter("redirect_uri").filter(known) else {
            return page(400, "<p>Unknown redirect address</p>");
        };
        let back = |answer: &[(&str, &str)]| redirect(&redirect_uri, answer, parameter("state").as_deref());
        let error = |code: &str, why: &str| back(&[("error", code), ("error_description", why)]);
        if parameter("response_type").as_deref() != Some("code") {
            return error("unsupported_response_type", "Only code is supported");
        }
        if !client.users {
            return error("unauthorized_client", "Users cannot log in to this client");
        }
        let Some(scope) = client.granted(parameter("scope")) else {
            return error("invalid_scope", "This client does not have the scope");
        };
        let challenge = match self.login.require_pkce.then(|| Challenge::of(request)).transpose() {
            Ok(challenge) => challenge,
            Err(why) => return error("invalid_request", why),
        };
        let user = parameter("user").unwrap_or_else(|| USER.to_owned());
        if parameter("auto").as_deref() != Some("1") {
            return one_button(request, &user);
        }
        if !self.knows_user(&user) {
            return error("access_denied", "Unknown user");
        }
        let grant = Grant { client: client.id, user: Some(user), scope };
        let code = Code { grant, redirect_uri: redirect_uri.clone(), issued: now, challenge };
        let code = self.new_code(code);
        back(&[("code", &code)])
    }

    pub(super) fn new_code(&mut self, code: Code) -> String {
        let text = unique_id();
        self.login.codes.insert(text.clone(), code);
        text
    }

    /// A code as the External Identity API gives it out. Assumption: it lives as long as one of
    /// the browser's and can be used once, too.
    pub(super) fn new_external_code(&mut self, client: &LoginClient, user: &str, now: SystemTime) -> String {
        let text = unique_id();
        let scope = client.granted(None).unwrap_or_default();
        let grant = Grant { client: client.id.clone(), user: Some(user.to_owned()), scope };
        let code = Code { grant, redirect_uri: String::new(), issued: now, challenge: None };
        self.login.external_codes.insert(text.clone(), code);
        text
    }

    /// What a code of the External Identity API stands for. It is used up either way.
    pub(super) fn redeem_external(
        &mut self,
        code: &str,
        client: &str,
        now: SystemTime,
    ) -> Result<Grant, &'static str> {
        let found = self.login.external_codes.remove(code);
        checked(found, client, now).map(|found| found.grant)
    }

    /// What a code stands for. It is used up even where the request does not fit it.
    pub(super) fn redeem(
        &mut self,
        code: &str,
        client: &str,
        redirect_uri: &str,
        verifier: Option<&str>,
        now: SystemTime,
    ) -> Result<Grant, &'static str> {
        let found = checked(self.login.codes.remove(code), client, now)?;
        if found.redirect_uri != redirect_uri {
            return Err("This is not the redirect_uri of the code");
        }
        match found.challenge {
            Some(challenge) if !verifier.is_some_and(|verifier| challenge.is_met(verifier)) => {
                Err("code_verifier does not fit the code")
            }
            _ => Ok(found.grant),
        }
    }
}

fn checked(found: Option<Code>, client: &str, now: SystemTime) -> Result<Code, &'static str> {
    let found = found.filter(|found| found.grant.client == client).ok_or("Invalid authorization code")?;
    if now.duration_since(found.issued).is_ok_and(|age| age >= CODE_LIFETIME) {
        return Err("Authorization code expired");
    }
    Ok(found)
}

fn redirect(uri: &str, answer: &[(&str, &str)], state: Option<&str>) -> Reply {
    let Ok(mut target) = Url::parse(uri) else {
        return page(400, "<p>The redirect address is no URL</p>");
    };
    target.query_pairs_mut().extend_pairs(answer).extend_pairs(state.map(|state| ("state", state)));
    Reply::new(302).with_header("location", target.as_str())
}

/// A page that sends the same request once more when its button is pressed, as `auto=1` would.
fn one_button(request: &Request, user: &str) -> Reply {
    let kept = url::form_urlencoded::parse(request.query.as_bytes())
        .filter(|(name, _)| !matches!(name.as_ref(), "auto" | "user"))
        .map(|(name, value)| hidden(&name, &value));
    let fields: String = kept.chain([hidden("auto", "1"), hidden("user", user)]).collect();
    page(200, &format!("<form method=\"get\">{fields}<button>Log in as {}</button></form>", escaped(user)))
}

fn hidden(name: &str, value: &str) -> String {
    format!("<input type=\"hidden\" name=\"{}\" value=\"{}\">", escaped(name), escaped(value))
}

fn page(status: u16, content: &str) -> Reply {
    let text = format!("<!DOCTYPE html><title>Fake ConnectID</title>{content}");
    Reply::new(status).with_body("text/html; charset=utf-8", text)
}
