//! What the CRM Gateway and Keycloak see of each request, byte by byte where it matters.

use entitlements::{
    ErrorKind,
    auth::{Keycloak, StaticToken},
    crm_gateway::{Client, ClientBuilder, EntitlementStatus, Filter, Sort, model::Entitlement},
};
use serde_json::{Value, json};

use super::support::raw::{RawServer, Seen, answer};

const PATH: &str = "/crm-gateway/v1/rmg/v1/entitlements";
const EMPTY: &str = r#"{"totalRecords":0,"resourceSet":[]}"#;

fn builder(server: &RawServer) -> ClientBuilder {
    Client::builder(server.uri()).auth(StaticToken::new("not-a-real-token"))
}

fn client(server: &RawServer) -> Client {
    builder(server).build().expect("a client")
}

fn only(server: &RawServer) -> Seen {
    let mut seen = server.requests();
    assert_eq!(seen.len(), 1);
    seen.remove(0)
}

#[tokio::test]
async fn list_entitlements_with_everything_set() {
    let server = RawServer::start([answer::json(200, EMPTY)]).await;
    client(&server)
        .list_entitlements()
        .filter(Filter::third_party().and("accountId", "acc 1+ø"))
        .sort(Sort::desc("created").then_asc("status"))
        .fields(["status", "_id"])
        .limit(10)
        .page(2)
        .tenant("north")
        .with_correlation_id("flow-1")
        .send()
        .await
        .expect("a page");
    let seen = only(&server);
    let filter = "%7B%22productType%22%3A%22THIRDPARTY%22%2C%22accountId%22%3A%22acc%201%2B%C3%B8%22%7D";
    let sort = "%7B%22created%22%3A-1%2C%22status%22%3A1%7D";
    let query = format!("fields=status&fields=_id&filter={filter}&limit=10&page=2&sort={sort}");
    assert_eq!(seen.line, format!("GET {PATH}?{query} HTTP/1.1"));
    assert_eq!(seen.header("authorization"), Some("Bearer not-a-real-token"));
    assert_eq!(seen.header("accept"), Some("application/json"));
    assert_eq!(seen.header("content-type"), Some("application/json"), "as the vendor's page lists it");
    assert_eq!(seen.header("x-correlation-id"), Some("flow-1"));
    assert_eq!(seen.header("nv-tenant-id"), Some("north"));
    assert_eq!(seen.header("user-agent"), Some(concat!("entitlements/", env!("CARGO_PKG_VERSION"))));
    let names = seen.header_names();
    let expected =
        ["accept", "authorization", "content-type", "host", "nv-tenant-id", "user-agent", "x-correlation-id"];
    assert_eq!(names, expected);
    assert!(seen.body.is_empty());
}

#[tokio::test]
async fn a_single_page_sends_only_what_was_set_and_a_fresh_correlation_id() {
    let server = RawServer::start([answer::json(200, EMPTY), answer::json(200, EMPTY)]).await;
    let client = client(&server);
    let page = client.list_entitlements().send().await.expect("a page");
    client.list_entitlements().send().await.expect("a page");
    let seen = server.requests();
    assert_eq!(seen[0].line, format!("GET {PATH} HTTP/1.1"));
    assert_eq!(seen[0].header("x-correlation-id"), page.correlation_id());
    assert_eq!(page.correlation_id().map(str::len), Some(36));
    assert_ne!(seen[0].header("x-correlation-id"), seen[1].header("x-correlation-id"));
    assert_eq!(seen[0].header("nv-tenant-id"), None);
}

#[tokio::test]
async fn all_attempts_of_a_call_share_one_correlation_id() {
    let server = RawServer::start([answer::empty(502), answer::json(200, EMPTY)]).await;
    let clock = entitlements::time::TestClock::new();
    let client = builder(&server).clock(clock).build().expect("a client");
    let page = client.list_entitlements().send().await.expect("a page");
    let seen = server.requests();
    assert_eq!((seen.len(), page.attempts()), (2, 2));
    assert_eq!(seen[0].header("x-correlation-id"), seen[1].header("x-correlation-id"));
}

#[tokio::test]
async fn counting_asks_for_nothing_else() {
    let server = RawServer::start([answer::json(200, r#"{"totalRecords":2145}"#)]).await;
    let count = client(&server).list_entitlements().page(3).limit(5).count().await.expect("a count");
    assert_eq!(count, 2145);
    assert_eq!(only(&server).line, format!("GET {PATH}?limit=0 HTTP/1.1"));
}

#[tokio::test]
async fn the_login_and_the_refresh_are_the_documented_forms() {
    let token = |access: &str| {
        let body = json!({ "access_token": access, "expires_in": 300, "refresh_expires_in": 1800,
            "refresh_token": "not-a-real refresh+token", "token_type": "Bearer", "not-before-policy": 0 });
        answer::json(200, &body.to_string())
    };
    let page = || answer::json(200, EMPTY);
    let server = RawServer::start([token("first"), page(), token("second"), page()]).await;
    let clock = entitlements::time::TestClock::new();
    let login = Keycloak::realm(&format!("{}/keycloak/auth", server.uri()), "nagra")
        .client_id("crm_client")
        .password("crm_client_user", "not-a-real+pass word");
    let client = Client::builder(server.uri()).auth(login).clock(clock.clone()).build().expect("a client");
    client.list_entitlements().send().await.expect("a page");
    clock.advance(std::time::Duration::from_secs(300));
    client.list_entitlements().send().await.expect("a page");

    let seen = server.requests();
    let line = "POST /keycloak/auth/realms/nagra/protocol/openid-connect/token HTTP/1.1";
    assert_eq!((seen[0].line.as_str(), seen[2].line.as_str()), (line, line));
    assert_eq!(seen[0].header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(seen[0].header("accept"), Some("application/json"));
    assert_eq!(seen[0].header("authorization"), None, "a public client has no secret");
    let login =
        "grant_type=password&username=crm_client_user&password=not-a-real%2Bpass+word&client_id=crm_client";
    assert_eq!(String::from_utf8_lossy(&seen[0].body), login);
    let refresh = "grant_type=refresh_token&refresh_token=not-a-real+refresh%2Btoken&client_id=crm_client";
    assert_eq!(String::from_utf8_lossy(&seen[2].body), refresh);
    assert_eq!(seen[1].header("authorization"), Some("Bearer first"));
    assert_eq!(seen[3].header("authorization"), Some("Bearer second"));
}

#[tokio::test]
async fn an_entitlement_is_read_whatever_the_server_makes_of_it() {
    let items = json!([
        { "_id": "a", "status": "NEW-STATE", "productType": "NEW", "validityType": null, "unknown": { "x": 1 } },
        { "_id": 7, "productId": 8, "isFreemium": "true", "created": "", "expiryDate": "someday" },
        {},
        { "_id": { "acc-1": "no text" } },
        { "_id": "e", "purchasedOffer": [1, { "any": "thing" }], "reasonCode": "X".repeat(9000) },
    ]);
    let body = json!({ "totalRecords": "5", "resourceSet": items, "extra": true }).to_string();
    let server = RawServer::start([answer::json(200, &body), answer::json(200, &body)]).await;
    let page = client(&server).list_entitlements().send().await.expect("a page");
    assert_eq!(page.total_records, Some(5));
    let ids: Vec<_> = page.resource_set.iter().map(|item| item.id.as_deref()).collect();
    assert_eq!(ids, [Some("a"), Some("7"), None, Some("e")]);
    assert_eq!(page.resource_set[0].status, Some(EntitlementStatus::from("NEW-STATE")));
    assert_eq!(page.resource_set[1].is_freemium, Some(true));
    assert_eq!(page.item_errors().len(), 1);
    let error = page.item_errors()[0].to_string();
    assert!(error.contains("item 3") && !error.contains("acc-1"), "{error}");
    let raw: Value = serde_json::from_slice(page.body()).expect("JSON");
    assert_eq!(raw["resourceSet"][0]["unknown"]["x"], 1, "what the model lacks is in the body");

    let mut stream = client(&server).list_entitlements().stream();
    let (mut read, mut failed) = (Vec::new(), 0);
    while let Some(item) = stream.next().await {
        match item {
            Ok(item) => read.push(item.id),
            Err(_) => failed += 1,
        }
    }
    assert_eq!((read.len(), failed), (3, 1), "the empty object is skipped");
}

#[tokio::test]
async fn a_page_without_items_is_an_empty_page() {
    for body in [
        r#"{"resourceSet":null}"#,
        r#"{"resourceSet":[]}"#,
        r#"{"totalRecords":null}"#,
        r#"{"totalRecords":0}"#,
        r#"{"totalRecords":0,"resourceSet":[{}]}"#,
    ] {
        let server = RawServer::start([answer::json(200, body)]).await;
        let all: Vec<Entitlement> =
            client(&server).list_entitlements().stream().try_collect().await.expect(body);
        assert!(all.is_empty(), "{body}");
    }
}

#[tokio::test]
async fn an_answer_of_another_shape_is_not_an_empty_page() {
    for body in ["{}", "[]", r#"{"content":[{"resourceSet":[]}],"x":"acc-1"}"#] {
        let server = RawServer::start([(); 3].map(|()| answer::json(200, body))).await;
        let request = || client(&server).list_entitlements();
        let single = request().with_correlation_id("flow-1").send().await.expect_err(body);
        assert_eq!(single.correlation_id(), Some("flow-1"));
        let mut stream = request().stream();
        let streamed = stream.try_next().await.expect_err(body);
        assert!(stream.next().await.is_none(), "{body}");
        for error in [single, streamed] {
            assert_eq!((error.kind(), error.attempts()), (ErrorKind::UnexpectedAnswer, 1), "{body}");
            assert_eq!(error.status().map(|status| status.as_u16()), Some(200));
            assert_eq!(error.body().as_ref(), body.as_bytes());
            let shown = error.to_string();
            assert!(shown.contains("not the documented page; `send_as`"), "{shown}");
            assert!(!shown.contains("acc-1"), "{shown}");
        }
        let other = request().send_as::<Value>().await.expect("another shape").into_inner();
        assert_eq!(other.to_string().len(), body.len());
    }
}

#[tokio::test]
async fn a_server_that_ignores_the_page_number_is_not_asked_for_ever() {
    let body = r#"{"resourceSet":[{"_id":"a"},{"_id":"b"}]}"#;
    let server = RawServer::start([(); 5].map(|()| answer::json(200, body))).await;
    let mut stream = client(&server).list_entitlements().page_size(2).stream();
    for expected in ["a", "b"] {
        let item = stream.try_next().await.expect("an item").expect("not the end");
        assert_eq!(item.id.as_deref(), Some(expected));
    }
    let error = stream.try_next().await.expect_err("a loop");
    assert_eq!(error.kind(), ErrorKind::Pagination);
    assert!(error.to_string().starts_with("crm_gateway.list_entitlements: pagination"), "{error}");
    assert!(stream.next().await.is_none());
    assert_eq!(server.requests().len(), 4, "an insertion could explain the first of them");
}

#[tokio::test]
async fn errors_keep_what_came_in_every_shape() {
    let shape_a = r#"{"message":"for acc-1","code":400,"errorCode":1001}"#;
    let shape_b = r#"{"resultCode":"99999:404","localeMessage":"none","requestId":1,"result":"for acc-1"}"#;
    let cases = [
        (400, shape_a, ErrorKind::Rejected, Some("1001")),
        (404, shape_b, ErrorKind::NotFound, Some("99999:404")),
        (404, "", ErrorKind::NotFound, None),
        (409, "<html>acc-1</html>", ErrorKind::Conflict, None),
        (400, r#"{"code":"#, ErrorKind::Rejected, None),
        (301, "", ErrorKind::UnexpectedAnswer, None),
        (200, "<html>acc-1</html>", ErrorKind::UnexpectedAnswer, None),
        (200, "", ErrorKind::UnexpectedAnswer, None),
        (403, shape_b, ErrorKind::Forbidden, Some("99999:404")),
        (401, "", ErrorKind::LoginFailed, None),
    ];
    for (status, body, kind, code) in cases {
        let reply =
            answer::with(status, &[("content-type", "application/problem+json"), ("x-trace", "t1")], body);
        let server = RawServer::start([reply]).await;
        // A random id could have the text that is looked for.
        let listing = client(&server).list_entitlements().with_correlation_id("flow-1");
        let error = listing.send().await.expect_err(body);
        assert_eq!((error.kind(), error.code()), (kind, code), "{status} {body}");
        assert_eq!(error.status().map(|status| status.as_u16()), Some(status));
        assert_eq!(error.headers()["x-trace"], "t1");
        assert_eq!(error.body().as_ref(), body.as_bytes());
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("acc-1") && !shown.contains('\n'), "{shown}");
        assert!(shown.starts_with("crm_gateway.list_entitlements: "), "{shown}");
    }
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_cut_and_reported() {
    let server = RawServer::start([answer::json(200, &format!("\"{}\"", "x".repeat(5000)))]).await;
    let client = builder(&server).max_body(1000).build().expect("a client");
    let error = client.list_entitlements().send().await.expect_err("too large");
    assert_eq!(error.kind(), ErrorKind::UnexpectedAnswer);
    assert!(error.body().len() <= 1000, "{}", error.body().len());
    assert!(error.to_string().contains("1000 bytes"), "{error}");
}

#[derive(serde::Deserialize)]
struct Counts {
    #[serde(rename = "matchedCount")]
    matched: u32,
}

#[tokio::test]
async fn requests_that_no_method_models_go_the_same_way() {
    let server = RawServer::start([
        answer::empty(503),
        answer::json(200, r#"{"matchedCount":1}"#),
        answer::empty(502),
        answer::json(200, r#"{"matchedCount":2}"#),
    ])
    .await;
    let client = builder(&server).clock(entitlements::time::TestClock::new()).build().expect("a client");
    let path = "/crm-gateway/v1/rmg/v1/entitlements/e%201";
    let put = || client.request("PUT", path).query("a b", "c+d").header("nv-tenant-id", "north");
    let error = put().json(&json!({ "status": "UNSUBSCRIBED" })).send().await.expect_err("not repeated");
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::OutcomeUnknown, 1));
    put().send().await.expect("answered");
    let counts = put().repeatable(true).send_as::<Counts>().await.expect("repeated");
    assert_eq!((counts.matched, counts.attempts()), (2, 2));
    let seen = server.requests();
    assert_eq!(seen[0].line, format!("PUT {path}?a%20b=c%2Bd HTTP/1.1"));
    assert_eq!(seen[0].body_json(), json!({ "status": "UNSUBSCRIBED" }));
    assert_eq!(seen[0].header("authorization"), Some("Bearer not-a-real-token"));
    assert_eq!(seen[0].header("nv-tenant-id"), Some("north"));
    assert!(seen[0].header("x-correlation-id").is_some());
    assert_eq!(seen[1].header("content-type"), None, "nothing was said about a body");
}
