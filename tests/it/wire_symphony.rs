//! Each operation of Symphony as it goes over the wire, byte for byte.

use entitlements::{
    auth::StaticToken,
    symphony::{Advisor, Client, ExternalNetwork},
    time::TestClock,
};
use serde_json::json;

use crate::support::raw::{RawServer, Seen, answer};

const USER_AGENT: &str = concat!("entitlements/", env!("CARGO_PKG_VERSION"));

/// A cursor with every character of base64 that means something else in a URL.
const CURSOR: &str = "eyJhIjoi+/8=+/==";
const CURSOR_ENCODED: &str = "eyJhIjoi%2B%2F8%3D%2B%2F%3D%3D";

fn client(server: &RawServer) -> Client {
    Client::builder(format!("{}/admin", server.uri()))
        .auth(StaticToken::new("not-a-real-token"))
        .clock(TestClock::new())
        .build()
        .expect("a client")
}

async fn server(body: &str) -> RawServer {
    RawServer::start([answer::json(200, body)]).await
}

/// The only request, after a look at the headers that every request has, and has alone.
fn only(server: &RawServer) -> Seen {
    let mut seen = server.requests();
    assert_eq!(seen.len(), 1, "{seen:?}");
    let request = seen.remove(0);
    assert_headers(server, &request);
    request
}

fn assert_headers(server: &RawServer, request: &Seen) {
    let mut expected = vec!["accept", "authorization", "host", "user-agent"];
    if request.line.starts_with("POST ") {
        expected.extend(["content-length", "content-type"]);
        expected.sort_unstable();
        assert_eq!(request.header("content-type"), Some("application/json"));
    } else {
        assert!(request.body.is_empty());
    }
    assert_eq!(request.header_names(), expected);
    assert_eq!(request.header("accept"), Some("application/json"));
    assert_eq!(request.header("authorization"), Some("Bearer not-a-real-token"));
    assert_eq!(request.header("user-agent"), Some(USER_AGENT));
    assert_eq!(request.header("host"), server.uri().strip_prefix("http://"));
}

#[tokio::test]
async fn list_entitlements_asks_for_the_networks_of_the_tenant() {
    let server = server("{}").await;
    client(&server).list_entitlements().send().await.expect("an answer");
    assert_eq!(only(&server).line, "GET /admin/api/v2/customer/entitlements HTTP/1.1");
}

#[tokio::test]
async fn add_entitlement_sends_what_was_given_and_nothing_else() {
    let server = server("{}").await;
    let add = client(&server).add_entitlement(ExternalNetwork::WhatsApp, Advisor::id("351775001412105"));
    add.send().await.expect("an answer");
    let request = only(&server);
    assert_eq!(request.line, "POST /admin/api/v2/customer/entitlements HTTP/1.1");
    assert_eq!(request.body_json(), json!({"externalNetwork": "WHATSAPP", "symphonyId": "351775001412105"}));
}

#[tokio::test]
async fn add_entitlement_sends_every_field_as_it_was_written() {
    let server = server("{}").await;
    client(&server)
        .add_entitlement(ExternalNetwork::SmsDirect, Advisor::email("ada+x@acme.example").and_id("007"))
        .phone_number("+1 234-567-8912")
        .permissions(["create:room", "admin:list-customers"])
        .federation_group_id("emea \"1\" ø")
        .send()
        .await
        .expect("an answer");
    let expected = json!({
        "externalNetwork": "SMS-DIRECT",
        "symphonyId": "007",
        "advisorEmailAddress": "ada+x@acme.example",
        "advisorPhoneNumber": "+1 234-567-8912",
        "permissions": ["create:room", "admin:list-customers"],
        "federationGroupId": "emea \"1\" ø",
    });
    assert_eq!(only(&server).body_json(), expected);
}

#[tokio::test]
async fn ensure_entitled_sends_the_same_request_as_add_entitlement() {
    let server = server("{}").await;
    client(&server)
        .ensure_entitled(ExternalNetwork::WhatsAppDirect, Advisor::email("ada@acme.example"))
        .phone_number("+4712345678")
        .federation_group_id("emea")
        .permissions(["create:room"])
        .send()
        .await
        .expect("an answer");
    let request = only(&server);
    assert_eq!(request.line, "POST /admin/api/v2/customer/entitlements HTTP/1.1");
    let expected = json!({
        "externalNetwork": "WHATSAPP-DIRECT",
        "advisorEmailAddress": "ada@acme.example",
        "advisorPhoneNumber": "+4712345678",
        "permissions": ["create:room"],
        "federationGroupId": "emea",
    });
    assert_eq!(request.body_json(), expected);
}

#[tokio::test]
async fn list_entitled_advisors_sends_no_parameter_that_was_not_set() {
    let server = server("{}").await;
    client(&server).list_entitled_advisors(ExternalNetwork::SmsDirect).send().await.expect("a page");
    let path = "/admin/api/v1/customer/entitlements/externalNetwork/SMS-DIRECT/advisors";
    assert_eq!(only(&server).line, format!("GET {path} HTTP/1.1"));
}

#[tokio::test]
async fn list_entitled_advisors_percent_encodes_cursors() {
    let path = "/admin/api/v1/customer/entitlements/externalNetwork/LINE/advisors";
    let server = RawServer::start([answer::json(200, "{}"), answer::json(200, "{}")]).await;
    let list = || client(&server).list_entitled_advisors(ExternalNetwork::Line);
    list().after(CURSOR).list_permissions(true).send().await.expect("a page");
    list().before(format!("{CURSOR} &a=b#%20ø")).list_permissions(false).send().await.expect("a page");
    let lines: Vec<_> = server.requests().into_iter().map(|request| request.line).collect();
    let before = format!("{CURSOR_ENCODED}%20%26a%3Db%23%2520%C3%B8");
    assert_eq!(lines[0], format!("GET {path}?after={CURSOR_ENCODED}&listPermissions=true HTTP/1.1"));
    assert_eq!(lines[1], format!("GET {path}?before={before}&listPermissions=false HTTP/1.1"));
}

#[tokio::test]
async fn list_entitled_advisors_keeps_any_network_in_one_segment() {
    let cases = [
        ("VIBER", "VIBER"),
        ("NEW/NET", "NEW%2FNET"),
        ("NEW NET+?#", "NEW%20NET+%3F%23"),
        ("%2e%2e", "%252e%252e"),
        ("...", "..."),
        ("WHATSAPP_DIRECT", "WHATSAPP-DIRECT"),
        ("ø", "%C3%B8"),
    ];
    for (network, segment) in cases {
        let server = server("{}").await;
        client(&server).list_entitled_advisors(network).send().await.expect("a page");
        let path = format!("/admin/api/v1/customer/entitlements/externalNetwork/{segment}/advisors");
        assert_eq!(only(&server).line, format!("GET {path} HTTP/1.1"));
    }
}

fn page(next: &str) -> String {
    json!({
        "entitlements": [{"emailAddress": "ada@acme.example"}],
        "pagination": {"next": format!("?after={next}"), "cursors": {"after": next}},
    })
    .to_string()
}

#[tokio::test]
async fn every_parameter_is_kept_on_every_page() {
    let last = r#"{"entitlements":[{}],"pagination":{"previous":"?before=x","next":null}}"#;
    let script = [page(CURSOR), page("second"), last.to_owned()];
    let server = RawServer::start(script.map(|body| answer::json(200, &body))).await;
    let listing = client(&server).list_entitled_advisors(ExternalNetwork::WeChat).list_permissions(true);
    let all: Vec<_> = listing.stream().try_collect().await.expect("a listing");
    assert_eq!(all.len(), 3);
    let path = "/admin/api/v1/customer/entitlements/externalNetwork/WECHAT/advisors";
    let requests = server.requests();
    let lines: Vec<_> = requests.iter().map(|request| request.line.as_str()).collect();
    let expected = [
        format!("GET {path}?listPermissions=true HTTP/1.1"),
        format!("GET {path}?after={CURSOR_ENCODED}&listPermissions=true HTTP/1.1"),
        format!("GET {path}?after=second&listPermissions=true HTTP/1.1"),
    ];
    assert_eq!(lines, expected);
    for request in &requests {
        assert_headers(&server, request);
    }
}

#[tokio::test]
async fn a_listing_backwards_follows_the_cursors_in_front() {
    let first = r#"{"entitlements":[{}],"pagination":{"previous":"?before=a%2Fb","cursors":{"before":"a/b","after":"z"}}}"#;
    let last = r#"{"entitlements":[{}],"pagination":{"previous":null,"next":"?after=z"}}"#;
    let server = RawServer::start([answer::json(200, first), answer::json(200, last)]).await;
    let listing = client(&server).list_entitled_advisors(ExternalNetwork::Sms).list_permissions(false);
    let all: Vec<_> = listing.before("c/d").stream().try_collect().await.expect("a listing");
    assert_eq!(all.len(), 2);
    let path = "/admin/api/v1/customer/entitlements/externalNetwork/SMS/advisors";
    let lines: Vec<_> = server.requests().into_iter().map(|request| request.line).collect();
    let expected =
        ["c%2Fd", "a%2Fb"].map(|cursor| format!("GET {path}?before={cursor}&listPermissions=false HTTP/1.1"));
    assert_eq!(lines, expected);
}

/// The three ways to name an advisor, and the query that each becomes.
fn advisors() -> [(Advisor, &'static str); 4] {
    [
        (Advisor::id("351775001412105"), "advisorSymphonyId=351775001412105&externalNetwork=SMS-DIRECT"),
        (
            Advisor::email("ada+x@acme.example"),
            "advisorEmailAddress=ada%2Bx%40acme.example&externalNetwork=SMS-DIRECT",
        ),
        (
            Advisor::email("ada byron&co=ø@acme.example").and_id("007"),
            "advisorEmailAddress=ada%20byron%26co%3D%C3%B8%40acme.example&advisorSymphonyId=007&externalNetwork=SMS-DIRECT",
        ),
        (
            Advisor::id("1").and_email("100%20@acme.example"),
            "advisorEmailAddress=100%2520%40acme.example&advisorSymphonyId=1&externalNetwork=SMS-DIRECT",
        ),
    ]
}

#[tokio::test]
async fn get_advisor_entitlement_names_the_advisor_in_the_query() {
    for (advisor, query) in advisors() {
        let server = server(r#"{"status":"ENTITLED"}"#).await;
        let get = client(&server).get_advisor_entitlement(ExternalNetwork::SmsDirect, advisor);
        get.send().await.expect("an answer");
        let path = "/admin/api/v2/customer/advisor/entitlements";
        assert_eq!(only(&server).line, format!("GET {path}?{query} HTTP/1.1"));
    }
}

#[tokio::test]
async fn remove_entitlement_names_the_advisor_in_the_query_and_has_no_body() {
    for (advisor, query) in advisors() {
        let server = RawServer::start([answer::empty(200)]).await;
        let remove = client(&server).remove_entitlement(ExternalNetwork::SmsDirect, advisor);
        remove.send().await.expect("an answer");
        let path = "/admin/api/v2/customer/advisor/entitlements";
        assert_eq!(only(&server).line, format!("DELETE {path}?{query} HTTP/1.1"));
    }
}

#[tokio::test]
async fn ensure_removed_sends_the_same_request_as_remove_entitlement() {
    let server = RawServer::start([answer::empty(204)]).await;
    let remove = client(&server).ensure_removed("VIBER NEXT", Advisor::id("1"));
    assert!(remove.send().await.expect("an answer").was_entitled());
    let path = "/admin/api/v2/customer/advisor/entitlements";
    let query = "advisorSymphonyId=1&externalNetwork=VIBER%20NEXT";
    assert_eq!(only(&server).line, format!("DELETE {path}?{query} HTTP/1.1"));
}

#[tokio::test]
async fn a_request_of_the_callers_own_goes_out_as_it_was_written() {
    let server = server("{}").await;
    client(&server)
        .request("POST", "/api/v1/customer/permissions")
        .query("name", "a b+c&d")
        .header("X-Trace", "1")
        .json(&json!({"a": [1, "b"]}))
        .send()
        .await
        .expect("an answer");
    let request = &server.requests()[0];
    let line = "POST /admin/api/v1/customer/permissions?name=a%20b%2Bc%26d HTTP/1.1";
    assert_eq!(request.line, line);
    assert_eq!(request.header("x-trace"), Some("1"));
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("authorization"), Some("Bearer not-a-real-token"));
    assert_eq!(request.body, br#"{"a":[1,"b"]}"#);
}

#[tokio::test]
async fn a_request_of_the_callers_own_without_a_body_has_no_content_type() {
    let server = server("[]").await;
    let answer =
        client(&server).request("GET", "/api/v1/customer/permissions").send().await.expect("an answer");
    assert_eq!(*answer, json!([]));
    assert_eq!(only(&server).line, "GET /admin/api/v1/customer/permissions HTTP/1.1");
}

#[tokio::test]
async fn the_application_and_further_headers_are_sent_with_every_request() {
    let server = server("{}").await;
    let client = Client::builder(format!("{}/admin/", server.uri()))
        .auth(StaticToken::new("not-a-real-token"))
        .application("roster-sync/2.1")
        .default_header("X-Deployment", "blue")
        .build()
        .expect("a client");
    client.list_entitlements().send().await.expect("an answer");
    let request = &server.requests()[0];
    assert_eq!(request.line, "GET /admin/api/v2/customer/entitlements HTTP/1.1");
    assert_eq!(request.header("user-agent"), Some(format!("roster-sync/2.1 {USER_AGENT}").as_str()));
    assert_eq!(request.header("x-deployment"), Some("blue"));
}
