//! Requests to the handler, without a socket.

use std::time::{Duration, SystemTime};

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::Value;
use url::form_urlencoded;

use super::{Builder, CLIENT_ID, CLIENT_SECRET, Fake, seed::grant, state::State};
use crate::fakes::{
    Reply, Request,
    serve::{State as _, Visit},
};

/// A fake that is not served, with a clock that stands still.
pub(super) struct Rig {
    pub(super) state: State,
    pub(super) now: SystemTime,
}

/// A request in the making.
pub(super) struct Call<'a> {
    rig: &'a mut Rig,
    request: Request,
}

impl Rig {
    pub(super) fn new() -> Self {
        Self::with(|builder| builder)
    }

    pub(super) fn with(settings: impl FnOnce(Builder) -> Builder) -> Self {
        let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        Self { state: settings(Fake::builder()).state, now: start }
    }

    pub(super) fn advance(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    pub(super) fn call(&mut self, method: &str, target: &str) -> Call<'_> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let request = Request::new(method, path, query, HeaderMap::new(), bytes::Bytes::new());
        Call { rig: self, request }
    }

    /// A request to the API, as a good client makes it, for a user or for the client itself.
    pub(super) fn api(&mut self, user: Option<&str>, method: &str, path: &str) -> Call<'_> {
        let issued = self.state.login.tokens.issue(grant(user), self.now);
        self.call(method, &format!("/capi/v1{path}"))
            .bearer(&issued.access)
            .header("accept", "application/json")
    }

    /// A request for a token, with Basic.
    pub(super) fn token(&mut self, fields: &[(&str, &str)]) -> Reply {
        self.call("POST", "/user/oauth/token").basic(CLIENT_ID, CLIENT_SECRET).form(fields).send()
    }
}

impl Call<'_> {
    pub(super) fn header(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_str(value).unwrap();
        self.request.headers.insert(HeaderName::from_static(name), value);
        self
    }

    pub(super) fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub(super) fn basic(self, id: &str, secret: &str) -> Self {
        self.header("authorization", &format!("Basic {}", STANDARD.encode(format!("{id}:{secret}"))))
    }

    pub(super) fn json(mut self, body: &Value) -> Self {
        self.request.body = body.to_string().into();
        self.header("content-type", "application/json")
    }

    pub(super) fn form(mut self, fields: &[(&str, &str)]) -> Self {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.request.body = form.into();
        self.header("content-type", "application/x-www-form-urlencoded")
    }

    pub(super) fn send(self) -> Reply {
        self.rig.state.handle(&self.request, &Visit::new(self.rig.now, None))
    }
}

pub(super) fn body(reply: &Reply) -> Value {
    serde_json::from_slice(&reply.body).unwrap()
}

pub(super) fn header<'a>(reply: &'a Reply, name: &str) -> Option<&'a str> {
    reply.headers.get(name).map(|value| value.to_str().unwrap())
}
