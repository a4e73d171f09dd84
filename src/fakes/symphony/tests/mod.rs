//! The fake without a socket.

mod answers;
mod generated;
mod rows;
mod seeds;
mod switches;
mod tenants;
mod tokens;

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderValue, Method, header};
use serde_json::{Value, json};

use super::{Builder, Entitlement, Fake, State, Tenant, User};
use crate::{
    fakes::{
        Reply, Request,
        rules::assert_allowed,
        serve::{State as _, Visit},
    },
    symphony::ExternalNetwork::{Line, Sms, SmsDirect, WhatsApp, WhatsAppDirect},
};

const NETWORKS: &str = "/admin/api/v2/customer/entitlements";
const ONE: &str = "/admin/api/v2/customer/advisor/entitlements";
const ADA: &str = "1";

/// The handler, and a time that only the test moves.
struct World {
    state: State,
    now: SystemTime,
    token: String,
}

impl World {
    /// The static token `t` is one of the fake's own tenant.
    fn new(builder: Builder) -> Self {
        let (state, _) = builder.accept_token("t").into_state();
        Self {
            state,
            now: SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000),
            token: "t".to_owned(),
        }
    }

    /// With pages of two.
    fn of(tenant: Tenant) -> Self {
        Self::new(Fake::builder().page_size(2).tenant(tenant))
    }

    fn request(&self, method: &str, path_and_query: &str, body: &[u8]) -> Request {
        let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
        let bearer = HeaderValue::from_str(&format!("Bearer {}", self.token)).expect("a header");
        let headers = HeaderMap::from_iter([(header::AUTHORIZATION, bearer)]);
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        Request::new(method, path, query, headers, body.to_vec().into())
    }

    fn send(&mut self, method: &str, path_and_query: &str, body: &[u8]) -> Reply {
        let request = self.request(method, path_and_query, body);
        let reply = self.state.handle(&request, &Visit::new(self.now, None));
        assert_allowed::<State>(&request, &reply);
        reply
    }

    fn get(&mut self, path_and_query: &str) -> Value {
        let reply = self.send("GET", path_and_query, b"");
        assert_eq!(reply.status, 200, "{path_and_query}: {:?}", reply.body);
        body_of(&reply)
    }

    fn post(&mut self, body: &Value) -> Reply {
        self.send("POST", NETWORKS, body.to_string().as_bytes())
    }

    /// Entitles somebody by id.
    fn add(&mut self, network: &str, id: &str) -> Reply {
        self.post(&json!({ "externalNetwork": network, "symphonyId": id }))
    }
}

fn ada() -> User {
    User::new(ADA, "ada@acme.example", "Ada", "Byron")
}

fn berta() -> User {
    User::new("2", "berta@acme.example", "Berta", "Example")
}

/// The fake's own tenant with Ada and Berta, and with WhatsApp Direct.
fn acme() -> Tenant {
    Tenant::default().network(WhatsAppDirect).user(ada()).user(berta())
}

fn person(number: usize) -> User {
    User::new(format!("{}", 1_000_000 + number), format!("u{number}@acme.example"), "U", number.to_string())
}

fn list(network: &str) -> String {
    format!("/admin/api/v1/customer/entitlements/externalNetwork/{network}/advisors")
}

fn body_of(reply: &Reply) -> Value {
    serde_json::from_slice(&reply.body).expect("JSON")
}

/// Status and `type`.
fn refusal(reply: &Reply) -> (u16, Option<String>) {
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    (reply.status.as_u16(), body["type"].as_str().map(str::to_owned))
}

fn ids(page: &Value) -> Vec<&str> {
    let items = page["entitlements"].as_array().expect("a list");
    items.iter().map(|item| item["symphonyId"].as_str().expect("an id")).collect()
}
