//! Requests to the handler, without a socket.

use std::time::{Duration, SystemTime};

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{Builder, CLIENT_ID, CLIENT_SECRET, Fake, seed::grant, state::State};
use crate::fakes::{
    Reply, Request,
    rules::assert_allowed,
    serve::{State as _, TokenEnd, Visit},
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
        Call { rig: self, request: request(method, target) }
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

    pub(super) fn request(self) -> Request {
        self.request
    }

    pub(super) fn send(self) -> Reply {
        let reply = self.rig.state.handle(&self.request, &Visit::new(self.rig.now, None));
        assert_allowed::<State>(&self.request, &reply);
        reply
    }

    /// As if the specification had a rule against it; also the rule that the handler refused for.
    pub(super) fn send_broken(self, rule: &str) -> (Reply, Option<String>) {
        let visit = Visit::new(self.rig.now, Some(rule.to_owned()));
        let reply = self.rig.state.handle(&self.request, &visit);
        (reply, visit.refused_for().map(str::to_owned))
    }

    /// After its token came to an end.
    pub(super) fn send_with_ended_token(self, end: TokenEnd) -> Reply {
        self.rig.state.end_token(&self.request, end, self.rig.now);
        self.send()
    }
}

pub(super) fn request(method: &str, target: &str) -> Request {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    Request::new(method, path, query, HeaderMap::new(), bytes::Bytes::new())
}

/// A level as a body has it.
pub(super) fn channels(settings: &[(&str, &str)]) -> Value {
    let channels: Value =
        settings.iter().map(|(channel, state)| json!({ "type": state, "value": channel })).collect();
    json!({ "channels": channels })
}

pub(super) fn body(reply: &Reply) -> Value {
    serde_json::from_slice(&reply.body).unwrap()
}

pub(super) fn header<'a>(reply: &'a Reply, name: &str) -> Option<&'a str> {
    reply.headers.get(name).map(|value| value.to_str().unwrap())
}
