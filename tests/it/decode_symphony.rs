//! Whatever Symphony answers: what can be read is read, and what cannot is kept.

use std::fmt::Debug;

use entitlements::{
    Error, ErrorKind,
    auth::StaticToken,
    symphony::{
        Advisor, Client, EntitlementStatus, ExternalNetwork, PhoneProduct, PhoneProvider, ProblemType,
        SubNetwork, model,
    },
    time::TestClock,
};
use serde_json::{Value, json};

use crate::support::raw::{
    RawServer,
    answer::{self, Answer},
};

const NETWORK: ExternalNetwork = ExternalNetwork::WhatsApp;

fn ada() -> Advisor {
    Advisor::id("1")
}

/// A client whose server gives these answers.
async fn answering(answers: impl IntoIterator<Item = Answer>) -> (RawServer, Client) {
    let server = RawServer::start(answers).await;
    let client = Client::builder(format!("{}/admin", server.uri()))
        .auth(StaticToken::new("not-a-real-token"))
        .clock(TestClock::new())
        .build()
        .expect("a client");
    (server, client)
}

async fn networks(body: &str) -> Vec<String> {
    let (_server, client) = answering([answer::json(200, body)]).await;
    let answer = client.list_entitlements().send().await.unwrap_or_else(|error| panic!("{body}: {error}"));
    answer.entitlements.iter().map(ToString::to_string).collect()
}

async fn entitlement(body: &Value) -> model::AdvisorEntitlement {
    let (_server, client) = answering([answer::json(200, &body.to_string())]).await;
    let answer = client.get_advisor_entitlement(NETWORK, ada()).send().await;
    answer.unwrap_or_else(|error| panic!("{body}: {error}")).into_inner()
}

async fn added(body: &Value) -> model::AddedEntitlement {
    let (_server, client) = answering([answer::json(201, &body.to_string())]).await;
    let answer = client.add_entitlement(NETWORK, ada()).send().await;
    answer.unwrap_or_else(|error| panic!("{body}: {error}")).into_inner()
}

#[tokio::test]
async fn networks_in_every_form() {
    assert_eq!(networks(r#"{"entitlements":["WHATSAPP","VIBER"]}"#).await, ["WHATSAPP", "VIBER"]);
    assert_eq!(networks(r#"{"entitlements":["SMS-DIRECT"],"more":{"a":[1]}}"#).await, ["SMS-DIRECT"]);
    assert_eq!(networks(r#"{"entitlements":[7]}"#).await, ["7"]);
    for nothing in ["{}", r#"{"entitlements":null}"#, r#"{"entitlements":[]}"#, " {\n} "] {
        assert_eq!(networks(nothing).await, [""; 0], "{nothing}");
    }
}

#[tokio::test]
async fn no_content_is_an_empty_answer_also_for_a_read() {
    let (_server, client) = answering([answer::empty(204), answer::empty(204)]).await;
    assert!(client.list_entitlements().send().await.expect("nothing").entitlements.is_empty());
    let page = client.list_entitled_advisors(NETWORK).send().await.expect("nothing");
    assert!(page.entitlements.is_empty());
    assert_eq!(page.status().as_u16(), 204);
}

#[tokio::test]
async fn an_entitlement_with_unknown_values_and_fields() {
    let read = entitlement(&json!({
        "symphonyId": "1",
        "status": "HALF_ENTITLED",
        "externalNetwork": "VIBER",
        "phone": {"product": "NEW", "subNetwork": "ELSEWHERE", "provider": "ACME", "colour": "red"},
        "permissions": [{"permissionName": "a", "since": 2031}],
        "later": {"a": [1, 2]},
    }))
    .await;
    assert_eq!(read.status, Some(EntitlementStatus::from("HALF_ENTITLED")));
    assert!(matches!(read.status, Some(EntitlementStatus::Unknown(_))));
    assert_eq!(read.external_network.as_ref().map(ExternalNetwork::as_str), Some("VIBER"));
    let phone = read.phone.expect("a phone");
    assert_eq!(phone.product, Some(PhoneProduct::from("NEW")));
    assert_eq!(phone.sub_network, Some(SubNetwork::from("ELSEWHERE")));
    assert_eq!(phone.provider, Some(PhoneProvider::from("ACME")));
    assert_eq!(phone.number, None);
    assert_eq!(read.permissions.len(), 1);
}

#[tokio::test]
async fn an_entitlement_with_null_everywhere() {
    let read = entitlement(&json!({
        "symphonyId": null, "firstName": null, "lastName": null, "companyName": null, "displayName": null,
        "emailAddress": null, "avatar": null, "externalNetwork": null, "federationGroupId": null, "status": null,
        "phone": null, "permissions": null,
    }))
    .await;
    assert_eq!(serde_json::to_value(&read).expect("serialises"), json!({}));
    let inner = json!({"number": null, "product": null, "subNetwork": null, "provider": null});
    let read = entitlement(&json!({"phone": inner, "permissions": [{"permissionName": null}]})).await;
    assert!(read.phone.is_some_and(|phone| phone.number.is_none() && phone.product.is_none()));
    assert_eq!(read.permissions[0].permission_name, None);
}

#[tokio::test]
async fn numbers_and_flags_where_texts_are_meant() {
    let read = entitlement(&json!({
        "symphonyId": 351_775_001_412_105_u64,
        "firstName": true,
        "federationGroupId": -7,
        "status": 1,
        "externalNetwork": 2,
        "phone": {"number": 4_712_345_678_u64},
    }))
    .await;
    assert_eq!(read.symphony_id.as_deref(), Some("351775001412105"));
    assert_eq!(read.first_name.as_deref(), Some("true"));
    assert_eq!(read.federation_group_id.as_deref(), Some("-7"));
    assert_eq!(read.status, Some(EntitlementStatus::from("1")));
    assert_eq!(read.phone.and_then(|phone| phone.number).as_deref(), Some("4712345678"));
}

#[tokio::test]
async fn texts_of_any_length_and_of_no_length() {
    let long = "x".repeat(70_000);
    let read =
        entitlement(&json!({"displayName": long, "avatar": "", "status": "", "companyName": "a\u{0}\n\"ø"}))
            .await;
    assert_eq!(read.display_name.map(|name| name.len()), Some(70_000));
    assert_eq!(read.avatar.as_deref(), Some(""));
    assert_eq!(read.status, Some(EntitlementStatus::from("")));
    assert_eq!(read.company_name.as_deref(), Some("a\u{0}\n\"ø"));
}

#[tokio::test]
async fn an_answer_without_data_means_that_the_advisor_is_not_entitled() {
    let empty =
        [answer::json(200, ""), answer::json(200, "null"), answer::json(200, " {} "), answer::empty(204)];
    for nothing in empty {
        let (_server, client) = answering([nothing]).await;
        let error = client.get_advisor_entitlement(NETWORK, ada()).send().await.expect_err("nothing");
        assert!(error.is_not_found(), "{error}");
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
}

#[tokio::test]
async fn an_added_entitlement_with_permissions_of_every_fate() {
    let answer = added(&json!({
        "ownContactId": 14_362_370_637_825_u64,
        "status": "PRE_ENTITLED",
        "permissions": [
            {"status": 200, "response": {"permissionName": "a", "permissionId": 7}, "error": null},
            {"status": "404", "error": {"itemId": "b", "statusCode": "404", "parameters": null}, "response": null},
            {"status": 404.0, "error": {"itemId": 9, "statusCode": 404.0, "type": "about:blank", "new": []}},
            {"status": 500},
            {},
        ],
    }))
    .await;
    assert_eq!(answer.own_contact_id.as_deref(), Some("14362370637825"));
    assert_eq!(answer.status, Some(EntitlementStatus::PreEntitled));
    assert_eq!(answer.permissions.len(), 5);
    let failed: Vec<_> = answer.failed_permissions().map(|outcome| outcome.status).collect();
    assert_eq!(failed, [Some(404), Some(404), Some(500)]);
    let granted = answer.permissions[0].response.as_ref().expect("granted");
    assert_eq!(granted.permission_id.as_deref(), Some("7"));
    let errors: Vec<_> = answer.permissions.iter().filter_map(|outcome| outcome.error.as_ref()).collect();
    assert_eq!(errors[0].status_code, Some(404));
    assert_eq!(errors[1].status_code, Some(404));
    assert_eq!(errors[1].item_id.as_deref(), Some("9"));
}

#[tokio::test]
async fn the_parameters_of_a_failed_permission_hold_texts_by_name() {
    let parameters = json!({"permissionName": "a", "other": "b"});
    let answer = added(&json!({"permissions": [{"error": {"parameters": parameters}}]})).await;
    let error = answer.permissions[0].error.as_ref().expect("an error");
    assert_eq!(error.parameters.get("permissionName").map(String::as_str), Some("a"));
    assert_eq!(error.parameters.len(), 2);
}

/// The request was carried out: a detail in the answer must not turn that into a failure.
#[tokio::test]
async fn the_parameters_of_a_failed_permission_can_hold_numbers_and_null() {
    let parameters = json!({"limit": 5, "name": null, "fatal": true});
    let answer =
        added(&json!({"status": "ENTITLED", "permissions": [{"error": {"parameters": parameters}}]})).await;
    assert_eq!(answer.status, Some(EntitlementStatus::Entitled));
    assert_eq!(answer.failed_permissions().count(), 1);
}

#[tokio::test]
async fn adding_is_a_success_with_each_status_and_with_and_without_a_body() {
    for status in [200, 201, 202] {
        let (_server, client) = answering([answer::json(status, r#"{"status":"ENTITLED"}"#)]).await;
        let answer = client.add_entitlement(NETWORK, ada()).send().await.expect("added");
        assert_eq!(answer.status().as_u16(), status);
        assert_eq!(answer.status, Some(EntitlementStatus::Entitled));
    }
    for status in [200, 201, 204] {
        let (_server, client) = answering([answer::empty(status)]).await;
        let answer = client.add_entitlement(NETWORK, ada()).send().await.expect("added");
        assert_eq!(answer.status().as_u16(), status);
        assert_eq!(answer.status, None);
        assert!(answer.body().is_empty());
    }
}

#[tokio::test]
async fn an_answer_to_adding_that_cannot_be_read_is_kept() {
    let (_server, client) = answering([answer::with(201, &[("x-id", "7")], "added ada@acme.example")]).await;
    let error = client.add_entitlement(NETWORK, ada()).send().await.expect_err("no JSON");
    assert_eq!(error.kind(), ErrorKind::UnexpectedAnswer);
    assert_kept(&error, 201, "added ada@acme.example");
    assert_eq!(error.headers()["x-id"], "7");
    assert_discreet(&error, &["ada@"]);
}

#[tokio::test]
async fn removing_is_a_success_with_each_status_and_whatever_the_body_holds() {
    let bodies = ["", "null", "{}", "removed", "<html>", r#"{"type":"entitlement.not.found"}"#];
    for body in bodies {
        let (_server, client) = answering([answer::with(200, &[], body)]).await;
        let answer = client.remove_entitlement(NETWORK, ada()).send().await.expect("removed");
        assert_eq!(answer.status().as_u16(), 200);
        assert_eq!(answer.body().as_ref(), body.as_bytes());
    }
    let (_server, client) = answering([answer::empty(204)]).await;
    assert_eq!(
        client.remove_entitlement(NETWORK, ada()).send().await.expect("removed").status().as_u16(),
        204
    );
}

#[tokio::test]
async fn what_the_vendor_added_is_within_reach() {
    let body = r#"{"status":"ENTITLED","later":7}"#;
    let script = [answer::with(200, &[("x-id", "9")], body), answer::json(200, body)];
    let (_server, client) = answering(script).await;
    let answer = client.get_advisor_entitlement(NETWORK, ada()).send().await.expect("an answer");
    assert_eq!(answer.body().as_ref(), body.as_bytes());
    assert_eq!(answer.headers()["x-id"], "9");
    assert_eq!(answer.attempts(), 1);
    let own = client.get_advisor_entitlement(NETWORK, ada()).send_as::<Value>().await.expect("an answer");
    assert_eq!(own["later"], 7);
}

const BAD_SECOND: &str = r#"{"entitlements":[{"symphonyId":"1"},"ada@acme.example",{"symphonyId":"3"},
    {"permissions":7}],"pagination":{"next":null}}"#;

#[tokio::test]
async fn a_bad_item_costs_only_itself() {
    let (_server, client) = answering([answer::json(200, BAD_SECOND)]).await;
    let page = client.list_entitled_advisors(NETWORK).send().await.expect("a page");
    let ids: Vec<_> = page.entitlements.iter().filter_map(|advisor| advisor.symphony_id.as_deref()).collect();
    assert_eq!(ids, ["1", "3"]);
    let [first, second] = page.item_errors() else { panic!("{:?}", page.item_errors()) };
    for (error, index) in [(first, 1), (second, 3)] {
        assert_eq!(error.kind(), ErrorKind::UnexpectedAnswer);
        assert_eq!(error.operation(), Some("symphony.list_entitled_advisors"));
        assert!(error.to_string().contains(&format!("item {index} of the page")), "{error}");
        assert_discreet(error, &["ada@"]);
    }
    assert_kept(first, 200, r#""ada@acme.example""#);
    assert!(page.pagination.is_some());
}

#[tokio::test]
async fn a_bad_item_is_an_error_at_its_place_in_the_stream_and_the_rest_follows() {
    let next_page = r#"{"entitlements":[{"symphonyId":"5"}]}"#;
    let first_page = BAD_SECOND.replace(r#""next":null"#, r#""next":"?after=a""#);
    let (_server, client) = answering([answer::json(200, &first_page), answer::json(200, next_page)]).await;
    let mut listing = client.list_entitled_advisors(NETWORK).stream();
    let mut seen = Vec::new();
    while let Some(item) = listing.next().await {
        seen.push(item.map_or_else(|_| "error".to_owned(), |advisor| advisor.symphony_id.expect("an id")));
    }
    assert_eq!(seen, ["1", "error", "3", "error", "5"]);
}

#[tokio::test]
async fn a_bad_item_stands_beside_the_others_in_its_page() {
    let (_server, client) = answering([answer::json(200, BAD_SECOND)]).await;
    let mut pages = client.list_entitled_advisors(NETWORK).stream().pages();
    let page = pages.try_next().await.expect("a page").expect("not the end");
    assert_eq!((page.items.len(), page.errors.len()), (2, 2));
    assert!(pages.next().await.is_none());
}

#[tokio::test]
async fn a_page_without_a_list_is_empty_and_one_that_is_no_page_is_an_error() {
    for empty in ["{}", r#"{"entitlements":null,"pagination":null}"#, r#"{"pagination":{"cursors":null}}"#] {
        let (_server, client) = answering([answer::json(200, empty)]).await;
        let all: Vec<_> = client.list_entitled_advisors(NETWORK).stream().try_collect().await.expect(empty);
        assert!(all.is_empty());
    }
    for other in ["[]", "7", "<html>", "", r#"{"entitlements":{"a":1}}"#, r#"{"entitlements":[{"#] {
        let (_server, client) = answering([answer::json(200, other)]).await;
        let error = client.list_entitled_advisors(NETWORK).send().await.expect_err(other);
        assert_eq!(error.kind(), ErrorKind::UnexpectedAnswer, "{other}");
        assert_kept(&error, 200, other);
    }
}

/// Which cursor the second request carries, or that there is none.
async fn second_cursor(pagination: &Value) -> Option<String> {
    let body = json!({"entitlements": [], "pagination": pagination}).to_string();
    let (server, client) = answering([answer::json(200, &body), answer::json(200, "{}")]).await;
    let listing = client.list_entitled_advisors(NETWORK).stream();
    let all: Vec<_> = listing.try_collect().await.unwrap_or_else(|error| panic!("{pagination}: {error}"));
    assert!(all.is_empty());
    let requests = server.requests();
    let line = &requests.get(1)?.line;
    Some(line.split_once("?after=").expect("a cursor").1.trim_end_matches(" HTTP/1.1").to_owned())
}

#[tokio::test]
async fn the_next_page_is_found_in_every_form_of_the_links() {
    let elsewhere = "https://elsewhere.example/x?listPermissions=true&after=a%2Fb#c";
    for pagination in [
        json!({"next": "?after=a/b"}),
        json!({"next": "?after=a%2Fb"}),
        json!({"next": "after=a/b"}),
        json!({"next": "?x=y&after=a/b"}),
        json!({"next": elsewhere}),
        json!({"next": "?after=a/b", "cursors": null}),
        json!({"next": "?after=a/b", "cursors": {"after": null}}),
        json!({"next": "?after=a/b", "cursors": {"after": ""}}),
        json!({"next": "?after=other", "cursors": {"after": "a/b"}}),
        json!({"next": "", "cursors": {"after": "a/b"}}),
        json!({"cursors": {"after": "a/b", "before": null}}),
        json!({"previous": null, "cursors": {"after": "a/b"}}),
    ] {
        assert_eq!(second_cursor(&pagination).await.as_deref(), Some("a%2Fb"), "{pagination}");
    }
    assert_eq!(second_cursor(&json!({"cursors": {"after": 17}})).await.as_deref(), Some("17"));
    assert_eq!(second_cursor(&json!({"next": "?after=a+b=="})).await.as_deref(), Some("a%2Bb%3D%3D"));
}

#[tokio::test]
async fn a_listing_ends_in_every_form_of_the_end() {
    for pagination in [
        json!(null),
        json!({}),
        json!({"next": null}),
        json!({"next": ""}),
        json!({"next": "?after="}),
        json!({"next": "?before=a"}),
        json!({"next": null, "cursors": {"after": "a"}}),
        json!({"next": null, "previous": "?before=a", "cursors": {"before": "a", "after": null}}),
        json!({"cursors": {"after": null}}),
        json!({"cursors": {"after": ""}}),
    ] {
        assert_eq!(second_cursor(&pagination).await, None, "{pagination}");
    }
}

fn assert_kept(error: &Error, status: u16, body: &str) {
    assert_eq!(error.status().map(|status| status.as_u16()), Some(status), "{error}");
    assert_eq!(error.body().as_ref(), body.as_bytes(), "{error}");
}

/// One line in our own words, without any of what the server wrote.
fn assert_discreet(error: &Error, secrets: &[&str]) {
    for printed in [error.to_string(), format!("{error:?}"), format!("{error:#?}")] {
        assert!(!printed.contains('\n'), "{printed}");
        for secret in secrets {
            assert!(!printed.contains(secret), "{printed}");
        }
    }
}

async fn refusal(answer: Answer) -> Error {
    let (_server, client) = answering([answer]).await;
    client.get_advisor_entitlement(NETWORK, ada()).send().await.expect_err("a refusal")
}

#[tokio::test]
async fn a_problem_is_read_whatever_its_media_type_says() {
    let body =
        r#"{"type":"entitlement.not.found","title":"ada@acme.example has none","status":"404","more":1}"#;
    for media in ["application/problem+json", "application/json;charset=UTF-8", "text/plain", ""] {
        let error = refusal(answer::with(404, &[("content-type", media), ("x-id", "7")], body)).await;
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert_eq!(error.code(), Some("entitlement.not.found"));
        assert_eq!(error.attempts(), 1);
        assert_eq!(error.headers()["x-id"], "7");
        assert_kept(&error, 404, body);
        let line = "symphony.get_advisor_entitlement: not found (status 404, entitlement.not.found): \
                    the advisor has no entitlement for this network";
        assert_eq!(error.to_string(), line);
        assert_discreet(&error, &["ada@", "has none"]);
        let problem: model::Problem = error.problem().expect("a problem");
        assert_eq!(problem.type_, Some(ProblemType::EntitlementNotFound));
        assert_eq!(problem.title.as_deref(), Some("ada@acme.example has none"));
        assert_eq!(problem.status, Some(404));
        assert!(!format!("{problem:?}").contains("ada@"));
    }
}

#[tokio::test]
async fn a_code_that_is_not_known_is_kept_and_not_printed() {
    let body = r#"{"type":"no.room.for.ada@acme.example","title":null,"status":null}"#;
    let error = refusal(answer::json(400, body)).await;
    assert_eq!(error.kind(), ErrorKind::Rejected);
    assert_eq!(error.code(), None);
    assert_discreet(&error, &["ada@", "no.room"]);
    let problem: model::Problem = error.problem().expect("a problem");
    assert_eq!(problem.type_.as_ref().map(ProblemType::as_str), Some("no.room.for.ada@acme.example"));
}

#[tokio::test]
async fn an_error_body_that_is_no_problem_is_kept_and_not_printed() {
    let statuses = [
        (400, ErrorKind::Rejected),
        (401, ErrorKind::LoginFailed),
        (403, ErrorKind::Forbidden),
        (404, ErrorKind::NotFound),
        (406, ErrorKind::Rejected),
        (409, ErrorKind::Conflict),
        (302, ErrorKind::UnexpectedAnswer),
    ];
    let bodies = [
        "",
        "<html>\n<body>ada@acme.example</body></html>",
        r#"{"type":"ada@acme"#,
        r#"["ada@acme.example"]"#,
        r#"{"type":{"ada@acme.example":1}}"#,
        r#"{"message":"ada@acme.example"}"#,
        "null",
        "ada@acme.example \u{1F600}",
    ];
    for (status, kind) in statuses {
        for body in bodies {
            let headers = [("content-type", "text/html"), ("x-request-id", "7")];
            let error = refusal(answer::with(status, &headers, body)).await;
            assert_eq!(error.kind(), kind, "{status} {body}: {error}");
            assert_eq!(error.code(), None);
            assert_eq!(error.attempts(), 1, "{error}");
            assert_eq!(error.headers()["x-request-id"], "7");
            assert_kept(&error, status, body);
            assert_discreet(&error, &["ada@", "<html>"]);
            assert!(error.to_string().contains(&format!("status {status}")), "{error}");
        }
    }
}

#[tokio::test]
async fn a_gateways_page_is_kept_from_the_last_attempt() {
    let page =
        |number: u32| answer::with(502, &[("content-type", "text/html")], &format!("<html>{number}</html>"));
    let (server, client) = answering((1..=9).map(page)).await;
    let error = client.list_entitlements().send().await.expect_err("no answer");
    assert_eq!(error.kind(), ErrorKind::Server);
    assert_eq!(error.attempts(), 4);
    assert_eq!(server.requests().len(), 4);
    assert_kept(&error, 502, "<html>4</html>");
    assert_discreet(&error, &["html"]);
}

#[tokio::test]
async fn a_body_that_is_not_text_is_kept() {
    let mut head = b"HTTP/1.1 400 Bad\r\ncontent-length: 3\r\n\r\n".to_vec();
    head.extend([0xff, 0xfe, 0x00]);
    let error = refusal(answer::bytes(&head)).await;
    assert_eq!(error.kind(), ErrorKind::Rejected);
    assert_eq!(error.body().as_ref(), [0xff, 0xfe, 0x00]);
    let error = refusal(answer::bytes(
        &head.iter().copied().map(|byte| if byte == b'4' { b'2' } else { byte }).collect::<Vec<_>>(),
    ))
    .await;
    assert_eq!(error.kind(), ErrorKind::UnexpectedAnswer);
    assert!(error.to_string().contains("not UTF-8 at byte 0"), "{error}");
}

#[tokio::test]
async fn a_truncated_answer_and_a_closed_connection_are_repeated_for_a_read() {
    let whole = || answer::json(200, r#"{"entitlements":["LINE"]}"#);
    let script = [answer::hang_up(), whole().without_last(3), answer::bytes(b"HTTP/1.1 20"), whole()];
    let (server, client) = answering(script).await;
    let answer = client.list_entitlements().send().await.expect("an answer");
    assert_eq!(answer.attempts(), 4);
    assert_eq!(server.requests().len(), 4);
    assert_eq!(answer.entitlements, [ExternalNetwork::Line]);
}

#[tokio::test]
async fn a_truncated_answer_to_adding_leaves_the_outcome_unknown_and_keeps_what_came() {
    let cut = answer::with(201, &[("x-id", "7")], r#"{"emailAddress":"ada@acme.example"}"#).without_last(2);
    let (server, client) = answering([cut]).await;
    let error = client.add_entitlement(NETWORK, ada()).send().await.expect_err("cut off");
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
    assert_eq!(server.requests().len(), 1);
    assert_kept(&error, 201, r#"{"emailAddress":"ada@acme.example"#);
    assert_eq!(error.headers()["x-id"], "7");
    assert_discreet(&error, &["ada@"]);
}

#[tokio::test]
async fn a_connection_that_the_server_closes_is_not_used_again() {
    let script = [answer::json(200, "{}").close(), answer::json(200, "{}"), answer::json(200, "{}")];
    let (server, client) = answering(script).await;
    for _ in 0..3 {
        assert_eq!(client.list_entitlements().send().await.expect("an answer").attempts(), 1);
    }
    assert_eq!(server.requests().len(), 3);
}

/// Everything that must not be printed, in a value that has all of it.
const SECRETS: [&str; 11] = [
    "351775001412105",
    "14362370637825",
    "Augusta",
    "Lovelace",
    "ada@acme.example",
    "234-567",
    "portrait",
    "secret-cursor",
    "secret-item",
    "secret-title",
    "not-a-real-token",
];

#[track_caller]
fn assert_hidden(value: &impl Debug) {
    for printed in [format!("{value:?}"), format!("{value:#?}")] {
        for secret in SECRETS {
            assert!(!printed.contains(secret), "`{secret}` is in {printed}");
        }
    }
}

fn personal() -> Value {
    json!({
        "symphonyId": "351775001412105", "ownContactId": "14362370637825", "firstName": "Augusta",
        "lastName": "Lovelace", "displayName": "Augusta Lovelace", "emailAddress": "ada@acme.example",
        "avatar": "https://acme.example/portrait.png", "companyName": "Acme", "status": "ENTITLED",
        "phone": {"number": "+1 234-567-8912", "product": "SMS"},
    })
}

#[tokio::test]
async fn models_and_answers_hide_whom_they_are_about() {
    let mut page = json!({
        "entitlements": [personal()],
        "pagination": {
            "next": "?after=secret-cursor", "previous": "?before=secret-cursor",
            "cursors": {"after": "secret-cursor", "before": "secret-cursor"},
        },
    });
    let mut outcome = personal();
    let failure = json!({
        "itemId": "secret-item", "title": "secret-title", "detail": "secret-title", "instance": "secret-title",
        "parameters": {"secret-item": "secret-title"}, "statusCode": 404,
    });
    outcome["permissions"] = json!([{"status": 404, "error": failure}]);
    let script = [&page, &personal(), &outcome].map(|body| answer::json(200, &body.to_string()));
    let (_server, client) = answering(script).await;
    let listed = client.list_entitled_advisors(NETWORK).send().await.expect("a page");
    assert_hidden(&listed);
    assert!(format!("{listed:?}").contains("Acme"), "what is not personal is shown");
    assert!(format!("{listed:?}").contains("<redacted>"), "{listed:?}");
    assert_hidden(&client.get_advisor_entitlement(NETWORK, ada()).send().await.expect("an answer"));
    assert_hidden(&client.add_entitlement(NETWORK, ada()).send().await.expect("an answer"));

    page["entitlements"] = json!(["ada@acme.example"]);
    let (_server, client) = answering([answer::json(200, &page.to_string())]).await;
    let mut listing = client.list_entitled_advisors(NETWORK).after("secret-cursor").stream();
    assert_hidden(&listing);
    assert_hidden(&listing.next().await);
    assert_hidden(&listing);
    assert_hidden(&listing.pages());
}

#[tokio::test]
async fn what_ensuring_found_hides_whom_it_is_about() {
    let mut body = personal();
    body["permissions"] =
        json!([{"status": 404, "error": {"itemId": "create:room", "title": "secret-title"}}]);
    let (_server, client) = answering([answer::json(201, &body.to_string())]).await;
    let ensured = client.ensure_entitled(NETWORK, ada()).send().await.expect("entitled");
    assert_eq!(ensured.failed_permissions()[0].name(), "create:room");
    assert_hidden(&ensured);
}

#[tokio::test]
async fn requests_clients_and_errors_hide_whom_they_are_about() {
    let body =
        json!({"title": "secret-title", "detail": "ada@acme.example", "type": "secret-item"}).to_string();
    let (_server, client) = answering([answer::json(400, &body)]).await;
    let advisor = || Advisor::email("ada@acme.example").and_id("351775001412105");
    assert_hidden(&client);
    assert_hidden(&client.auth());
    assert_hidden(&advisor());
    let add = client.add_entitlement(NETWORK, advisor()).phone_number("+1 234-567-8912");
    assert_hidden(&add);
    assert_hidden(&client.ensure_entitled(NETWORK, advisor()).phone_number("+1 234-567-8912"));
    assert_hidden(&client.get_advisor_entitlement(NETWORK, advisor()));
    assert_hidden(&client.remove_entitlement(NETWORK, advisor()));
    assert_hidden(&client.ensure_removed(NETWORK, advisor()));
    assert_hidden(&client.list_entitled_advisors(NETWORK).after("secret-cursor"));
    let own =
        client.request("GET", "/api/ada@acme.example").query("a", "secret-item").header("b", "secret-title");
    assert_hidden(&own);
    assert_hidden(&add.send().await.expect_err("refused"));
}

/// The text of an error and of all that caused it, as a log would show it.
fn chain(error: &Error) -> String {
    let mut words = format!("{error} {error:?}");
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        words = format!("{words} {cause} {cause:?}");
        source = cause.source();
    }
    words
}

#[tokio::test]
async fn the_cause_of_a_lost_connection_does_not_show_the_query() {
    let (_server, client) =
        answering([answer::hang_up(), answer::hang_up(), answer::hang_up(), answer::hang_up()]).await;
    let advisor = Advisor::email("ada@acme.example").and_id("351775001412105");
    let error = client.get_advisor_entitlement(NETWORK, advisor).send().await.expect_err("lost");
    assert_eq!(error.kind(), ErrorKind::Server);
    let words = chain(&error);
    for secret in ["ada", "351775001412105", "not-a-real-token"] {
        assert!(!words.contains(secret), "{words}");
    }
}
