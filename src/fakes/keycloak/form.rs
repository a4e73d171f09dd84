//! The fields of a token request, and who sends it.

use std::collections::HashSet;

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{Generation, handle::Refused, state::Realm};
use crate::fakes::Request;

/// One text for all cases, so that a caller cannot find out which clients exist.
const NEWER_TEXT: &str = "Invalid client or Invalid client credentials";

pub(super) struct Form(Vec<(String, String)>);

impl Form {
    pub(super) fn read(request: &Request) -> Self {
        Self(url::form_urlencoded::parse(&request.body).into_owned().collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn has_duplicates(&self) -> bool {
        let mut seen = HashSet::new();
        !self.0.iter().all(|(key, _)| seen.insert(key))
    }

    pub(super) fn asks_for(&self, scope: &str) -> bool {
        self.get("scope").is_some_and(|scopes| scopes.split(' ').any(|one| one == scope))
    }
}

impl Realm {
    /// The client that a request comes from, once it has shown its secret if it has one.
    pub(super) fn authenticate(&self, request: &Request, form: &Form) -> Result<String, Refused> {
        let refused = |error: &'static str, older: &str| match self.generation {
            Generation::Old => Refused::new(400, error, older),
            _ => Refused::new(401, error, NEWER_TEXT),
        };
        let (basic_id, basic_secret) = self.basic(request).unzip();
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
        if !client.enabled {
            return Err(refused("invalid_client", "Client is not enabled"));
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
    fn basic(&self, request: &Request) -> Option<(String, String)> {
        let encoded = request.header("authorization")?.strip_prefix("Basic ")?;
        let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
        let (id, secret) = text.split_once(':')?;
        match self.generation {
            Generation::Old => Some((id.to_owned(), secret.to_owned())),
            _ => Some((form_decoded(id), form_decoded(secret))),
        }
    }
}

fn form_decoded(text: &str) -> String {
    let field = format!("={}", text.replace('&', "%26"));
    url::form_urlencoded::parse(field.as_bytes()).map(|(_, value)| value.into_owned()).collect()
}
