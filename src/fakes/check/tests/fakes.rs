//! What the fakes send is allowed by the documents.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::*;
use crate::{
    fakes::{connect, crm_gateway, symphony},
    time::TestClock,
};

const JSON: &str = "application/json";

/// One exchange over a socket, with headers that every call has.
async fn send(uri: &str, token: &str, method: &str, target: &str, body: &str) -> (Request, Reply) {
    let list = [("authorization", token), ("accept", JSON), ("content-type", JSON), ("connection", "close")];
    exchange(uri, request(method, target, &list, body)).await
}

async fn exchange(uri: &str, request: Request) -> (Request, Reply) {
    let host = uri.strip_prefix("http://").expect("http");
    let Request { method, path, query, .. } = &request;
    let list = request.headers.iter();
    let list = list.map(|(name, value)| format!("{name}: {}\r\n", value.to_str().expect("text")));
    let body = std::str::from_utf8(&request.body).expect("text");
    let text = format!(
        "{method} {path}?{query} HTTP/1.1\r\nhost: {host}\r\n{}content-length: {}\r\n\r\n{body}",
        list.collect::<String>(),
        body.len()
    );
    let mut stream = TcpStream::connect(host).await.expect("connects");
    stream.write_all(text.as_bytes()).await.expect("writes");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("reads");

    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a status");
    let mut reply = Reply::new(status.parse().expect("a number"));
    let list: Vec<_> = lines.filter_map(|line| line.split_once(": ")).collect();
    reply.headers = headers(&list);
    reply.body = body.to_owned().into();
    (request, reply)
}

/// Both are allowed, and the status is the expected one.
fn assert_allowed(checker: &Checker, (request, reply): &(Request, Reply), status: u16) {
    let body = String::from_utf8_lossy(&reply.body);
    assert_eq!(reply.status, status, "{} {}: {body}", request.method, request.path);
    assert!(checker.operation(request).is_some(), "{} {}", request.method, request.path);
    assert_eq!(checker.request(request), Ok(()));
    assert_eq!(checker.reply(request, reply), Ok(()), "{body}");
}

const NETWORKS: &str = "/admin/api/v2/customer/entitlements";

/// Status, and the body that is posted; one after the other.
const ADDED: [(u16, &str); 13] = [
    (201, r#"{"externalNetwork":"WHATSAPP","symphonyId":"1","permissions":["create:room","x"]}"#),
    (201, r#"{"externalNetwork":"WHATSAPP","symphonyId":"2","federationGroupId":"emea"}"#),
    (201, r#"{"externalNetwork":"SMS-DIRECT","symphonyId":"1","advisorPhoneNumber":"+1 2"}"#),
    (409, r#"{"externalNetwork":"SMS-DIRECT","symphonyId":"2","advisorPhoneNumber":"+1 2"}"#),
    (201, r#"{"externalNetwork":"WHATSAPP-DIRECT","advisorEmailAddress":"ada@acme.example"}"#),
    (400, r#"{"externalNetwork":"WHATSAPP-DIRECT","symphonyId":"2","permissions":["create:room"]}"#),
    (400, r#"{"externalNetwork":"WHATSAPP","symphonyId":"1"}"#),
    (400, r#"{"externalNetwork":"WHATSAPP","symphonyId":"3"}"#),
    (400, r#"{"externalNetwork":"WHATSAPP"}"#),
    (400, r#"{"externalNetwork":"PIGEON","symphonyId":"1"}"#),
    (403, r#"{"externalNetwork":"LINE","symphonyId":"1"}"#),
    (400, r#"{"externalNetwork":"SMS","symphonyId":"1","advisorPhoneNumber":"1"}"#),
    (400, r#"{"externalNetwork":"SMS-DIRECT","symphonyId":"2"}"#),
];

/// Status, method, path after `/admin/api`; after those that were added.
const AFTER: [(u16, &str, &str); 9] = [
    (200, "GET", "/v2/customer/entitlements"),
    (200, "GET", "/v1/customer/entitlements/externalNetwork/WHATSAPP/advisors?listPermissions=true"),
    (200, "GET", "/v1/customer/entitlements/externalNetwork/SMS/advisors"),
    (400, "GET", "/v1/customer/entitlements/externalNetwork/SMS/advisors?after=x"),
    (200, "GET", "/v2/customer/advisor/entitlements?externalNetwork=SMS-DIRECT&advisorSymphonyId=1"),
    (400, "GET", "/v2/customer/advisor/entitlements?externalNetwork=WHATSAPP"),
    (404, "GET", "/v2/customer/advisor/entitlements?externalNetwork=SMS&advisorSymphonyId=1"),
    (200, "DELETE", "/v2/customer/advisor/entitlements?externalNetwork=WHATSAPP&advisorSymphonyId=1"),
    (404, "DELETE", "/v2/customer/advisor/entitlements?externalNetwork=WHATSAPP&advisorSymphonyId=1"),
];

#[tokio::test]
async fn symphony_sends_what_its_document_allows() {
    let fake = symphony::Fake::builder().accept_token("t").page_size(1).start().await;
    fake.add_user("1", "ada@acme.example", "Ada", "Byron");
    fake.add_user("2", "bob@acme.example", "Bob", "Byron");
    fake.enable_network("WHATSAPP-DIRECT");
    fake.disable_network("LINE");
    let (checker, uri) = (Checker::symphony(), fake.uri());
    for (status, body) in ADDED {
        assert_allowed(&checker, &send(&uri, "Bearer t", "POST", NETWORKS, body).await, status);
    }
    for (status, method, path) in AFTER {
        let target = format!("/admin/api{path}");
        assert_allowed(&checker, &send(&uri, "Bearer t", method, &target, "").await, status);
        assert_allowed(&checker, &send(&uri, "Bearer x", method, &target, "").await, 401);
    }
}

#[tokio::test]
async fn a_schema_that_is_tightened_refuses_what_a_fake_sends() {
    let fake = symphony::Fake::builder().accept_token("t").start().await;
    let (request, reply) = send(&fake.uri(), "Bearer t", "GET", NETWORKS, "").await;
    let mut document: Value =
        serde_json::from_str(include_str!(concat!(env!("OUT_DIR"), "/symphony.json"))).expect("JSON");
    assert_eq!(Checker::new(&document).expect("it can be used").reply(&request, &reply), Ok(()));
    document["components"]["schemas"]["AvailableNetworks"]["properties"]["entitlements"]["maxItems"] =
        json!(1);
    let found = Checker::new(&document).expect("it can be used").reply(&request, &reply);
    assert_eq!(
        found.expect_err("it is tighter").to_string(),
        "reply-schema at listEntitlements 200, body /entitlements: has more than 1 items"
    );
}

#[tokio::test]
async fn the_crm_gateway_sends_what_its_document_allows() {
    use crm_gateway::{Fake, Refusal};
    const LIST: &str = "/crm-gateway/v1/rmg/v1/entitlements";
    let checker = Checker::crm_gateway();
    for (refusal, refused) in [(Refusal::ShapeA, 403), (Refusal::ShapeB, 403), (Refusal::OkWithShapeB, 200)] {
        let builder = Fake::builder().accept_token("t").refusal(refusal).empty(crm_gateway::Empty::NotFound);
        let fake = builder.echo_correlation_id(true).start().await;
        fake.seed(3, |_| json!({ "accountId": "acc-1", "created": "2026-01-01T10:00:00Z", "status": "NEW" }));
        for (status, token, query) in [
            (200, "t", ""),
            (200, "t", "limit=2&page=2&sort=%7B%22created%22%3A-1%7D&fields=status&fields=accountId"),
            (200, "t", "limit=0"),
            (400, "t", "page=2"),
            (400, "t", "limit=-1"),
            (400, "t", "filter=x"),
            (404, "t", "filter=%7B%22accountId%22%3A%22none%22%7D"),
            (refused, "x", ""),
        ] {
            let token = format!("Bearer {token}");
            let target = format!("{LIST}?{query}");
            assert_allowed(&checker, &send(&fake.uri(), &token, "GET", &target, "").await, status);
        }
        let list = [("authorization", "Bearer t"), ("nv-tenant-id", "none"), ("connection", "close")];
        assert_allowed(&checker, &exchange(&fake.uri(), request("GET", LIST, &list, "")).await, 404);
    }
}

const ENTERPRISE: &str = "/customer/pbm/468979834";
const SHIELD: &str = "/client/pbm/shield/enterprise";

/// Status, token, method, path after `/capi/v1`, body.
const CONNECT: [(u16, &str, &str, &str, &str); 14] = [
    (200, "u", "GET", "/customer/pbm", ""),
    (200, "u", "POST", ENTERPRISE, r#"{"channels":[{"type":"SHIELD","value":"TM"}]}"#),
    (200, "u", "GET", ENTERPRISE, ""),
    (200, "u", "POST", "/customer/pbm/468979834/56235", r#"{"channels":[{"type":"NONE","value":"DM"}]}"#),
    (200, "u", "GET", "/customer/pbm/468979834/56235", ""),
    (400, "u", "GET", "/customer/pbm/0", ""),
    (400, "u", "GET", "/customer/pbm/468979834/0", ""),
    (400, "u", "POST", ENTERPRISE, r#"{"channels":[{"type":"SHIELD","value":"??"}]}"#),
    (400, "b", "GET", "/customer/pbm", ""),
    (401, "x", "GET", "/customer/pbm", ""),
    (403, "c", "GET", "/customer/pbm", ""),
    (200, "c", "POST", SHIELD, r#"{"enterpriseCode":"468979834","channel":"TM","credential":"+4712345678"}"#),
    (400, "c", "POST", SHIELD, r#"{"enterpriseCode":"0","channel":"TM","credential":"+4712345678"}"#),
    (
        200,
        "c",
        "POST",
        "/client/pbm/shield/ordertype",
        r#"{"enterpriseCode":"468979834","orderTypeCode":"56235","channel":"TM","credential":"+4712345678"}"#,
    ),
];

fn connect() -> connect::Builder {
    let builder = connect::Fake::builder().clock(TestClock::new()).accept_client_token("c");
    builder.accept_user_token("u", connect::USER).accept_user_token("b", connect::USER_WITHOUT_CUSTOMER)
}

#[tokio::test]
async fn connect_sends_what_its_document_allows_however_it_writes_a_level() {
    let checker = Checker::connect();
    for builder in [
        connect(),
        connect().wrapped(true),
        connect().lower_case_states(true).show_none(true),
        connect().reset_header(connect::ResetHeader::EpochMillis),
        connect().reset_header(connect::ResetHeader::Absent),
    ] {
        let fake = builder.start().await;
        for (status, token, method, path, body) in CONNECT {
            let (token, target) = (format!("Bearer {token}"), format!("/capi/v1{path}"));
            assert_allowed(&checker, &send(&fake.uri(), &token, method, &target, body).await, status);
        }
    }
}

#[tokio::test]
async fn connect_refuses_as_its_document_says() {
    let checker = Checker::connect();
    let fake = connect().limits(3, 3).start().await;
    let target = "/capi/v1/customer/pbm";
    let bare = request("GET", target, &[("connection", "close")], "");
    assert_allowed(&checker, &exchange(&fake.uri(), bare).await, 401);
    let without_accept =
        request("GET", target, &[("authorization", "Bearer u"), ("connection", "close")], "");
    assert_allowed(&checker, &exchange(&fake.uri(), without_accept).await, 406);
    for status in [200, 200, 429] {
        assert_allowed(&checker, &send(&fake.uri(), "Bearer u", "GET", target, "").await, status);
    }
    let fake = connect().start().await;
    let list = [
        ("authorization", "Bearer u"),
        ("accept", JSON),
        ("content-type", "text/plain"),
        ("connection", "close"),
    ];
    let wrong_type = request("POST", "/capi/v1/customer/pbm/468979834", &list, "{}");
    let (request, reply) = exchange(&fake.uri(), wrong_type).await;
    assert_eq!(name_of(&checker.request(&request)), "media-type");
    assert_eq!((reply.status.as_u16(), checker.reply(&request, &reply)), (415, Ok(())));
}

/// The document has no words for it: a success is an object, so that its model has names.
#[tokio::test]
async fn a_level_as_a_bare_list_is_not_in_the_document() {
    let fake = connect().bare_array(true).check_against(None).start().await;
    let (request, reply) = send(&fake.uri(), "Bearer u", "GET", "/capi/v1/customer/pbm", "").await;
    assert_eq!(name_of(&Checker::connect().reply(&request, &reply)), "reply-schema");
}

#[test]
fn a_check_costs_little() {
    let checker = Checker::symphony();
    let list = [("content-type", JSON)];
    let body = r#"{"externalNetwork":"WHATSAPP","symphonyId":"1"}"#;
    let request = request("POST", "/admin/api/v2/customer/entitlements", &list, body);
    let reply = Reply::json(400, &json!({ "type": "a", "title": "b", "status": 400 }));
    let start = std::time::Instant::now();
    for _ in 0..100 {
        assert_eq!(checker.request(&request), Ok(()));
        assert_eq!(checker.reply(&request, &reply), Ok(()));
    }
    assert!(start.elapsed() < Duration::from_secs(1), "compiling the schemas each time would take longer");
}
