//! Error answers of every shape, kept and not printed.

use super::*;

pub(super) fn assert_kept(error: &Error, status: u16, body: &str) {
    assert_eq!(error.status().map(|status| status.as_u16()), Some(status), "{error}");
    assert_eq!(error.body().as_ref(), body.as_bytes(), "{error}");
}

/// One line in our own words, without any of what the server wrote.
pub(super) fn assert_discreet(error: &Error, secrets: &[&str]) {
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
