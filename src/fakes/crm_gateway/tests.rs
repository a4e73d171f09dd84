//! The gateway without a socket.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::{Value, json};

use super::*;
use crate::{
    fakes::{
        Reply, Request,
        keycloak::Issuer,
        serve::{State as _, Visit},
    },
    time::TestClock,
};

const LIST: &str = "/crm-gateway/v1/rmg/v1/entitlements";
const TOKEN: &str = "/keycloak/auth/realms/nagra/protocol/openid-connect/token";

/// A gateway and a time that only the test moves.
struct World {
    state: State,
    issuer: Issuer,
    now: SystemTime,
}

impl World {
    /// The static token `t` is accepted.
    fn new(builder: Builder) -> Self {
        let issuer = builder.keycloak.into_issuer();
        let settings = Settings { accepted_token: Some("t".to_owned()), ..builder.settings };
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        Self { state: State::new(settings, issuer.clone()), issuer, now }
    }

    /// Seven entitlements `0` to `6` of three accounts, in two states, the first the newest.
    fn seeded(builder: Builder) -> Self {
        let mut world = Self::new(builder);
        for number in 0..7 {
            world.state.add(json!({
                "_id": number.to_string(),
                "accountId": format!("account-{}", number % 3),
                "status": if number % 2 == 0 { "ACTIVE" } else { "PENDING" },
                "productType": "THIRDPARTY",
                "created": format!("2025-09-0{}T00:00:00Z", 9 - number),
            }));
        }
        world
    }

    fn send(&mut self, method: Method, path: &str, query: &str, headers: &[(&'static str, &str)]) -> Reply {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| {
                (HeaderName::from_static(name), HeaderValue::from_str(value).expect("a header"))
            })
            .collect();
        let request = Request::new(method, path, query, headers, Bytes::new());
        self.state.handle(&request, &Visit::new(self.now, None))
    }

    fn list(&mut self, parameters: &[(&str, &str)]) -> Reply {
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        self.send(Method::GET, LIST, &query, &[("authorization", "Bearer t")])
    }

    /// The total and the ids of a page.
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
        let authorization = format!("Bearer {token}");
        self.send(Method::GET, LIST, "", &[("authorization", &authorization)])
    }
}

fn json_of(reply: &Reply) -> Value {
    serde_json::from_slice(&reply.body).unwrap_or_default()
}

fn generic_bad_request() -> Value {
    json!({ "code": 400, "errorCode": 1001, "message": "Generic bad request" })
}

#[test]
fn pages_count_from_one_and_join_up() {
    let mut world = World::seeded(Fake::builder());
    assert_eq!(world.page(&[]), (7, "0123456".to_owned()), "all without a limit");
    assert_eq!(world.page(&[("limit", "3")]), (7, "012".to_owned()));
    assert_eq!(world.page(&[("limit", "3"), ("page", "2")]), (7, "345".to_owned()));
    assert_eq!(world.page(&[("limit", "3"), ("page", "3")]), (7, "6".to_owned()));
    assert_eq!(world.page(&[("limit", "3"), ("page", "4")]), (7, String::new()));
    let far = u64::MAX.to_string();
    assert_eq!(world.page(&[("limit", &far), ("page", &far)]), (7, String::new()));
    assert_eq!(world.state.list_requests, 6);
}

#[test]
fn a_limit_of_zero_gives_the_count_alone() {
    let mut world = World::seeded(Fake::builder());
    let reply = world.list(&[("limit", "0"), ("filter", r#"{"status":"ACTIVE"}"#)]);
    assert_eq!(reply.body, r#"{"totalRecords":4}"#);
}

#[test]
fn a_cap_makes_pages_smaller_and_says_nothing() {
    let mut world = World::seeded(Fake::builder().page_cap(2));
    assert_eq!(world.page(&[("limit", "5")]), (7, "01".to_owned()));
    assert_eq!(world.page(&[("limit", "5"), ("page", "2")]), (7, "23".to_owned()));
    assert_eq!(world.page(&[("limit", "1"), ("page", "2")]), (7, "1".to_owned()));
    assert_eq!(world.page(&[]), (7, "01".to_owned()));
}

#[test]
fn a_filter_narrows_the_list_and_its_count() {
    let mut world = World::seeded(Fake::builder());
    assert_eq!(world.page(&[("filter", r#"{"productType": "THIRDPARTY"}"#)]).0, 7);
    let both = r#"{"accountId":"account-0","status":"ACTIVE"}"#;
    assert_eq!(world.page(&[("filter", both), ("limit", "1")]), (2, "0".to_owned()));
    let newer = r#"{"created":{"$gte":"2025-09-07T02:00:00+02:00"}}"#;
    assert_eq!(world.ids(&[("filter", newer)]), "012");
    assert_eq!(world.page(&[("filter", r#"{"unknown":1}"#)]), (0, String::new()));
    assert_eq!(world.page(&[("filter", r#"{"_id":"none"}"#)]), (0, String::new()));
}

#[test]
fn a_sort_goes_by_its_keys_in_their_order_and_by_id_in_the_end() {
    let mut world = World::seeded(Fake::builder().pair_sort(true));
    assert_eq!(world.ids(&[("sort", r#"{"created":1}"#)]), "6543210");
    assert_eq!(world.ids(&[("sort", r#"{"status":1}"#)]), "0246135");
    assert_eq!(world.ids(&[("sort", r#"{"status":-1,"created":1}"#)]), "5316420");
    assert_eq!(world.ids(&[("sort", r#"{"accountId":1,"_id":-1}"#)]), "6304152");
    assert_eq!(world.ids(&[("sort", r#"[["status",-1],["created",1]]"#)]), "5316420");
    world.state.add(json!({ "_id": "7" }));
    assert!(world.ids(&[("sort", r#"{"created":1}"#)]).starts_with('7'), "what is missing comes first");
    let pages: String = (1..=4)
        .map(|page| world.ids(&[("sort", r#"{"status":-1}"#), ("limit", "2"), ("page", &page.to_string())]))
        .collect();
    assert_eq!(pages, "13502467");
}

#[test]
fn fields_leave_the_others_out() {
    let mut world = World::seeded(Fake::builder());
    let reply = world.list(&[("limit", "1"), ("fields", "status"), ("fields", "unknown")]);
    assert_eq!(json_of(&reply)["resourceSet"], json!([{ "_id": "0", "status": "ACTIVE" }]));
    let reply = world.list(&[("limit", "1"), ("fields", "")]);
    assert_eq!(json_of(&reply)["resourceSet"][0].as_object().map(serde_json::Map::len), Some(5));
}

#[test]
fn wrong_parameters_are_a_bad_request() {
    let mut world = World::seeded(Fake::builder());
    for wrong in [
        &[("page", "2")][..],
        &[("page", "0"), ("limit", "2")],
        &[("page", "-1"), ("limit", "2")],
        &[("page", "one"), ("limit", "2")],
        &[("limit", "-1")],
        &[("limit", "1.5")],
        &[("limit", "")],
        &[("filter", "")],
        &[("filter", "{status:1}")],
        &[("filter", r#""ACTIVE""#)],
        &[("filter", r#"{"status":{"$regex":"A"}}"#)],
        &[("sort", "{created,-1}")],
        &[("sort", r#"{"created":2}"#)],
        &[("sort", r#"[["created",-1]]"#)],
        &[("fields", "[")],
    ] {
        let reply = world.list(wrong);
        assert_eq!((reply.status.as_u16(), json_of(&reply)), (400, generic_bad_request()), "{wrong:?}");
    }
    assert_eq!(world.list(&[("unknown", "1")]).status, 200);
}

#[test]
fn an_empty_list_is_an_empty_list_or_404() {
    let mut world = World::new(Fake::builder());
    assert_eq!(world.list(&[]).body, r#"{"totalRecords":0,"resourceSet":[]}"#);
    let mut world = World::seeded(Fake::builder().empty_is_404(true));
    assert_eq!(world.page(&[("limit", "3"), ("page", "9")]).0, 7);
    let reply = world.list(&[("filter", r#"{"_id":"none"}"#)]);
    assert_eq!(reply.status, 404);
    assert_eq!(json_of(&reply), json!({ "code": 404, "errorCode": 1004, "message": "Not found" }));
}

#[test]
fn a_token_is_good_until_it_expires_or_becomes_stale() {
    let mut world = World::seeded(Fake::builder());
    let token = world.log_in(keycloak::USER, keycloak::PASSWORD);
    assert_eq!(world.with_token(&token).status, 200);
    world.now += Duration::from_secs(299);
    assert_eq!(world.with_token(&token).status, 200);
    world.now += Duration::from_secs(1);
    assert_eq!(world.with_token(&token).status, 403);
    assert_eq!(world.with_token("garbage").status, 403);
    let fresh = world.log_in(keycloak::USER, keycloak::PASSWORD);
    assert_eq!(
        world.send(Method::GET, LIST, "", &[("authorization", &fresh)]).status,
        403,
        "without `Bearer`"
    );
    assert_eq!(world.send(Method::GET, LIST, "", &[]).status, 403);
    assert_eq!(world.state.list_requests, 6, "refused ones count");
}

#[test]
fn a_refusal_has_the_shape_that_was_chosen() {
    let forbidden = json!({ "code": 403, "errorCode": 1003, "message": "Forbidden" });
    let mut world = World::new(Fake::builder());
    assert_eq!(json_of(&world.with_token("x")), forbidden);
    for (refusal, status) in [(Refusal::ShapeB, 403), (Refusal::OkWithShapeB, 200)] {
        let keycloak =
            keycloak::Fake::builder().user("guest", "g", ["guestRole"]).user("admin", "a", [ADMIN]);
        let mut world = World::new(Fake::builder().refusal(refusal).keycloak(keycloak));
        let reply = world.with_token("x");
        assert_eq!(reply.status, status);
        let body = json_of(&reply);
        assert_eq!((&body["resultCode"], &body["localeMessage"]), (&json!("99999:403"), &json!("none")));
        assert!(body["requestId"].is_string() && body["result"].is_string());
        let guest = world.log_in("guest", "g");
        let reply = world.with_token(&guest);
        assert_eq!((reply.status.as_u16(), json_of(&reply)), (403, forbidden.clone()), "the role is missing");
        let admin = world.log_in("admin", "a");
        assert_eq!(world.with_token(&admin).status, 200);
    }
}

const ADMIN: &str = "adminRole";

#[test]
fn a_tenant_has_to_be_known_if_it_is_named() {
    let mut world = World::seeded(Fake::builder().tenant("tenant-1"));
    let headers = |tenant| [("authorization", "Bearer t"), ("nv-tenant-id", tenant)];
    assert_eq!(world.send(Method::GET, LIST, "", &headers("tenant-1")).status, 200);
    assert_eq!(world.send(Method::GET, LIST, "", &headers("tenant-2")).status, 404);
    assert_eq!(world.list(&[]).status, 200);
    let mut world = World::seeded(Fake::builder());
    assert_eq!(world.send(Method::GET, LIST, "", &headers("tenant-1")).status, 404);
}

#[test]
fn the_correlation_id_comes_back_only_on_demand() {
    let headers = [("authorization", "Bearer t"), ("x-correlation-id", "c-1")];
    let mut world = World::new(Fake::builder());
    assert!(!world.send(Method::GET, LIST, "", &headers).headers.contains_key("x-correlation-id"));
    let mut world = World::new(Fake::builder().echo_correlation_id(true));
    assert_eq!(world.send(Method::GET, LIST, "", &headers).headers["x-correlation-id"], "c-1");
    assert_eq!(world.send(Method::GET, LIST, "", &headers[1..]).headers["x-correlation-id"], "c-1");
}

#[test]
fn other_methods_and_paths() {
    let mut world = World::new(Fake::builder());
    let headers = [("authorization", "Bearer t")];
    assert_eq!(world.send(Method::POST, LIST, "", &headers).status, 405);
    assert_eq!(world.send(Method::GET, "/rmg/v1/operator/entitlements", "", &headers).status, 404);
    assert_eq!(world.state.list_requests, 0);
}

#[test]
fn ids_are_invented_replaced_and_removed() {
    let mut world = World::new(Fake::builder());
    let first = world.state.add(json!({}));
    let second = world.state.add(json!({ "status": "ACTIVE" }));
    assert!(first < second && first.len() == 24);
    world.state.add(json!({ "_id": second, "status": "PENDING" }));
    world.state.add(json!("odd"));
    assert_eq!(world.state.len(), 3);
    let body = json_of(&world.list(&[]));
    let expected = json!([{ "_id": first }, { "_id": second, "status": "PENDING" }, "odd"]);
    assert_eq!(body["resourceSet"], expected);
    assert!(world.state.remove(&first) && !world.state.remove(&first));
}

#[tokio::test]
async fn the_client_is_wired_to_both_fakes_and_their_clock() {
    let clock = TestClock::new();
    let fake = Fake::builder().clock(clock.clone()).start().await;
    assert!(fake.is_empty());
    fake.seed(3, |number| json!({ "_id": number.to_string() }));
    let client = fake.client().expect("a client");
    let list = async || client.request("GET", LIST).send().await.expect("a list");
    assert_eq!(list().await["totalRecords"], 3);
    assert_eq!(list().await["totalRecords"], 3);
    clock.advance(Duration::from_secs(301));
    list().await;
    fake.keycloak().push_not_before();
    list().await;
    let counts = fake.keycloak().counts();
    assert_eq!((counts.logins, counts.refreshes, counts.failures), (2, 1, 1));
    assert_eq!(fake.list_requests(), 5);
    assert_eq!(fake.received().len(), 5);
}
