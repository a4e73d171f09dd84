//! The fields of a token request, and who sends it.

use std::collections::HashSet;

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{
    Generation,
    handle::Refused,
    state::{Limit, Realm},
};
use crate::fakes::{Request, message::form_decoded};

/// One text for all cases, so that a caller cannot find out which clients exist.
const NEWER_TEXT: &str = "Invalid client or Invalid client credentials";

/// Those that every client has, and those that it may ask for.
const SCOPES: [&str; 11] = [
    "acr",
    "basic",
    "email",
    "profile",
    "roles",
    "web-origins",
    "openid",
    "address",
    "microprofile-jwt",
    "offline_access",
    "phone",
];

const MEDIA_TYPE: &str = "application/x-www-form-urlencoded";

pub(super) struct Form(Vec<(String, String)>);

impl Form {
    pub(super) fn is_one(request: &Request) -> bool {
        request.header("content-type").is_some_and(|kind| kind.starts_with(MEDIA_TYPE))
    }

    /// The fields; none where the body says that it is something else.
    pub(super) fn read(request: &Request) -> Result<Self, Refused> {
        if !Self::is_one(request) {
            return Ok(Self(Vec::new()));
        }
        // What was measured: a `%` without two digits after it is too much for the real one.
        let digits = |two: &[u8]| two.len() == 2 && two.iter().all(u8::is_ascii_hexdigit);
        if !request.body.split(|byte| *byte == b'%').skip(1).all(|rest| digits(&rest[..rest.len().min(2)])) {
            let text = "For more on this error consult the server log.";
            return Err(Refused::new(500, "unknown_error", text));
        }
        Ok(Self(url::form_urlencoded::parse(&request.body).into_owned().collect()))
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn refuse_duplicates(&self) -> Result<(), Refused> {
        let mut seen = HashSet::new();
        if self.0.iter().all(|(key, _)| seen.insert(key)) {
            return Ok(());
        }
        Err(Refused::new(400, "invalid_request", "duplicated parameter"))
    }

    /// Refuses scopes that no realm has. Assumption: the realm has Keycloak's own ones, without the
    /// one for organizations.
    pub(super) fn refuse_unknown_scopes(&self) -> Result<(), Refused> {
        let known = |scope: &str| SCOPES.contains(&scope);
        match self.get("scope") {
            Some(scopes) if !scopes.split(' ').all(known) => {
                Err(Refused::new(400, "invalid_scope", format!("Invalid scopes: {scopes}")))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn asks_for(&self, scope: &str) -> bool {
        self.get("scope").is_some_and(|scopes| scopes.split(' ').any(|one| one == scope))
    }
}

impl Realm {
    /// The client that a request comes from, which must not be one that only checks tokens.
    pub(super) fn authenticate_caller(&self, request: &Request, form: &Form) -> Result<String, Refused> {
        let id = self.authenticate(request, form)?;
        if self.clients.get(&id).is_some_and(|client| client.has(Limit::BearerOnly)) {
            return Err(Refused::new(400, "invalid_client", "Bearer-only not allowed"));
        }
        Ok(id)
    }

    /// The client that a request comes from, once it has shown its secret if it has one.
    pub(super) fn authenticate(&self, request: &Request, form: &Form) -> Result<String, Refused> {
        let refused = |error: &'static str, older: &str| match self.generation {
            Generation::Old => Refused::new(400, error, older),
            _ => Refused::new(401, error, NEWER_TEXT),
        };
        let (basic_id, basic_secret) = self.basic(request)?.unzip();
        let Some(id) = form.get("client_id").map(str::to_owned).or(basic_id) else {
            return Err(refused("invalid_client", "Missing client_id parameter"));
        };
        let secret = form.get("client_secret").map(str::to_owned).or(basic_secret);
        let Some(client) = self.clients.get(&id) else {
            return Err(match self.generation {
                Generation::Old => Refused::new(400, "unauthorized_client", "Invalid client credentials"),
                _ => Refused::new(401, "invalid_client", NEWER_TEXT),
            });
        };
        if client.has(Limit::Disabled) {
            return Err(refused("invalid_client", "Client is not enabled"));
        }
        // Up to 26.5 such a client's secret is not kept, so none is ever right.
        if client.has(Limit::BearerOnly) && client.secret.is_some() && self.generation == Generation::Middle {
            return Err(refused("unauthorized_client", "Invalid client secret"));
        }
        match (&client.secret, secret) {
            (Some(_), None) => Err(refused("unauthorized_client", "Client secret not provided in request")),
            (Some(expected), Some(given)) if *expected != given => {
                Err(refused("unauthorized_client", "Invalid client secret"))
            }
            _ => Ok(id),
        }
    }

    /// Id and secret of Basic credentials. From version 20 on both are form-encoded first.
    fn basic(&self, request: &Request) -> Result<Option<(String, String)>, Refused> {
        let Some((scheme, encoded)) = request.header("authorization").and_then(|value| value.split_once(' '))
        else {
            return Ok(None);
        };
        if !scheme.eq_ignore_ascii_case("basic") {
            return Ok(None);
        }
        let Ok(decoded) = STANDARD.decode(encoded) else {
            return match self.generation {
                Generation::New => Ok(None),
                // Assumption: the oldest versions do as those before 26.6.
                _ => Err(Refused::new(
                    400,
                    "unauthorized_client",
                    "Unexpected error when authenticating client",
                )),
            };
        };
        let text = String::from_utf8_lossy(&decoded);
        Ok(text.split_once(':').map(|(id, secret)| match self.generation {
            Generation::Old => (id.to_owned(), secret.to_owned()),
            _ => (form_decoded(id), form_decoded(secret)),
        }))
    }
}
