//! Errors and answers that an application's own tests make.

use std::time::Duration;

use entitlements::{
    ErrorKind, Response,
    connect::{ChannelState, EffectivePermissions, model::Level},
    crm_gateway::{self, model::EntitlementPage},
    symphony::{self, Entitled, EntitlementStatus, Removed, model::AdvisorEntitlement},
};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::*;

#[test]
fn an_error_with_everything_that_a_real_one_has() {
    let mut headers = HeaderMap::new();
    headers.insert("x-rate", HeaderValue::from_static("1"));
    let error = Error::new(ErrorKind::Rejected, "the gateway refused the request")
        .with_operation("crm_gateway.list_entitlements")
        .with_status(StatusCode::BAD_REQUEST)
        .with_headers(headers)
        .with_header(http::header::RETRY_AFTER, HeaderValue::from_static("3"))
        .with_body(r#"{"code":400,"errorCode":1001,"message":"m"}"#)
        .with_code("1001")
        .with_attempts(2)
        .with_retry_after(Duration::from_secs(3))
        .with_correlation_id("flow-1")
        .with_source(std::io::Error::other("cause"));
    let line = "crm_gateway.list_entitlements: rejected (status 400, 1001, 2 attempts, retry after 3 s, \
                correlation id flow-1): the gateway refused the request";
    assert_eq!(error.to_string(), line);
    let problem: crm_gateway::Problem = error.problem().expect("a problem");
    assert_eq!(problem.code(), Some(crm_gateway::ProblemCode::BadRequest));
    assert_eq!((error.headers().len(), &error.headers()["x-rate"]), (2, &HeaderValue::from_static("1")));
    assert_eq!(printed(&error).len(), 6, "the error and its source, in three formats");
}

#[test]
fn what_a_caller_gives_stays_one_line() {
    let error = Error::new(ErrorKind::Conflict, "a\nb")
        .with_operation("c\r\nd")
        .with_code("e\u{2028}f")
        .with_correlation_id("g\u{1b}[1mh");
    for text in printed(&error) {
        assert!(!text.contains(|c: char| c.is_control() || c == '\u{2028}'), "{text:?}");
    }
    assert_eq!(error.operation(), Some("c\\r\\nd"));
}

#[test]
fn a_response_of_every_kind_of_result() {
    let mut ada = AdvisorEntitlement::default();
    ada.status = Some(EntitlementStatus::Entitled);
    let found = Response::from_value(ada.clone())
        .with_status(StatusCode::NON_AUTHORITATIVE_INFORMATION)
        .with_body("{}")
        .with_attempts(2);
    assert_eq!(found.status, Some(EntitlementStatus::Entitled));
    assert_eq!((found.status().as_u16(), found.attempts()), (203, 2));

    let entitled = Response::from_value(Entitled::from(ada));
    assert!(entitled.was_entitled() && entitled.failed_permissions().is_empty());
    let added = Entitled::from(symphony::model::AddedEntitlement::default());
    assert!(!added.was_entitled());
    assert!(Response::from_value(Removed::new(true)).was_entitled());

    let page = Response::from_value(EntitlementPage::default())
        .with_item_errors([Error::new(ErrorKind::UnexpectedAnswer, "item 3")]);
    assert_eq!(page.item_errors().len(), 1);

    let level: Level =
        serde_json::from_str(r#"{"channels":[{"value":"DM","type":"PERMISSION"}]}"#).expect("a level");
    assert_eq!(Response::from_value(level.clone()).state("DM"), ChannelState::Permission);
    assert!(EffectivePermissions::of(&Level::default(), &level, &Level::default()).allows("DM"));
}
