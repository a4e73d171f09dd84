//! The gateway without a socket. Each test names the rows of the fact sheet that it shows, section
//! and row, as `1.7: unknown tenant`.

mod answers;
mod calls;
mod errors;
mod filters;
mod parameters;
mod seeds;
mod store;

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::{Value, json};

use super::*;
use crate::fakes::{
    Reply, Request,
    keycloak::Issuer,
    rules::assert_allowed,
    serve::{State as _, TokenEnd, Visit},
};

const LIST: &str = "/crm-gateway/v1/rmg/v1/entitlements";
const TOKEN: &str = "/keycloak/auth/realms/nagra/protocol/openid-connect/token";
const BEARER: (&str, &str) = ("authorization", "Bearer t");

/// A gateway and a time that only the test moves.
struct World {
    state: State,
    issuer: Issuer,
    now: SystemTime,
    /// The rule that a checker says every request breaks.
    broken_rule: Option<&'static str>,
}

impl World {
    /// The static token `t` is accepted.
    fn new(builder: Builder) -> Self {
        let builder = builder.accept_token("t");
        let issuer = builder.keycloak.into_issuer();
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let state = State::new(builder.settings, builder.tenants, issuer.clone());
        Self { state, issuer, now, broken_rule: None }
    }

    /// Seven entitlements `0` to `6` of three accounts, in two states, the first the newest.
    fn seeded(builder: Builder) -> Self {
        Self::new(builder.seed(7, seventh))
    }

    fn entitlements(&mut self) -> &mut entitlements::Entitlements {
        self.state.tenants.of(None)
    }

    fn send(&mut self, method: Method, path: &str, query: &str, headers: &[(&'static str, &str)]) -> Reply {
        let request = request(method, path, query, headers);
        let broken_rule = self.broken_rule.map(str::to_owned);
        let reply = self.state.handle(&request, &Visit::new(self.now, broken_rule));
        assert_allowed::<State>(&request, &reply);
        reply
    }

    fn get(&mut self, query: &str, headers: &[(&'static str, &str)]) -> Reply {
        self.send(Method::GET, LIST, query, headers)
    }

    fn list(&mut self, parameters: &[(&str, &str)]) -> Reply {
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        self.get(&query, &[BEARER])
    }

    /// The total and the ids of a page, one after the other.
    fn page(&mut self, parameters: &[(&str, &str)]) -> (u64, String) {
        let reply = self.list(parameters);
        assert_eq!(reply.status, 200, "{parameters:?}");
        let body = json_of(&reply);
        let ids =
            body["resourceSet"].as_array().expect("a list").iter().filter_map(|one| one["_id"].as_str());
        (body["totalRecords"].as_u64().expect("a count"), ids.collect())
    }

    fn ids(&mut self, parameters: &[(&str, &str)]) -> String {
        self.page(parameters).1
    }

    fn log_in(&mut self, user: &str, password: &str) -> String {
        let body = format!("grant_type=password&client_id=crm_client&username={user}&password={password}");
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static("application/x-www-form-urlencoded"));
        let request = Request::new(Method::POST, TOKEN, "", headers, Bytes::from(body));
        let reply = self.issuer.handle(&request, &Visit::new(self.now, None));
        json_of(&reply)["access_token"].as_str().expect("a token").to_owned()
    }

    fn with_token(&mut self, token: &str) -> Reply {
        self.get("", &[("authorization", &format!("Bearer {token}"))])
    }
}

fn seventh(number: usize) -> Value {
    json!({
        "_id": number.to_string(),
        "accountId": format!("account-{}", number % 3),
        "status": if number.is_multiple_of(2) { "ACTIVE" } else { "PENDING" },
        "productType": "THIRDPARTY",
        "created": format!("2025-09-0{}T00:00:00Z", 9 - number),
    })
}

fn request(method: Method, path: &str, query: &str, headers: &[(&'static str, &str)]) -> Request {
    let header = |(name, value): &(&'static str, &str)| {
        (HeaderName::from_static(name), HeaderValue::from_str(value).expect("a header"))
    };
    Request::new(method, path, query, headers.iter().map(header).collect(), Bytes::new())
}

fn json_of(reply: &Reply) -> Value {
    serde_json::from_slice(&reply.body).unwrap_or_default()
}

/// Status and body.
fn answer_of(reply: &Reply) -> (u16, Value) {
    (reply.status.as_u16(), json_of(reply))
}

fn bad_request() -> (u16, Value) {
    (400, json!({ "code": 400, "errorCode": 1001, "message": "Generic bad request" }))
}

fn forbidden() -> (u16, Value) {
    (403, json!({ "code": 403, "errorCode": 1003, "message": "Forbidden" }))
}

fn not_found() -> (u16, Value) {
    (404, json!({ "code": 404, "errorCode": 1004, "message": "Not found" }))
}
