//! What the journal is told.

use super::*;
use crate::fakes::{Call as _, Operation as _};

fn read(parameters: &[(&str, &str)], headers: &[(&'static str, &str)]) -> Call {
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    Call::read(&request(Method::GET, LIST, &query, headers)).expect("the operation")
}

#[test]
fn a_call_has_every_part_of_the_request() {
    let parameters = [
        ("filter", r#"{"productType":"THIRDPARTY","accountId":"acc-1"}"#),
        ("sort", r#"{"status":1,"created":-1}"#),
        ("fields", "status"),
        ("fields", "_id"),
        ("limit", "100"),
        ("page", "2"),
    ];
    let headers = [BEARER, ("nv-tenant-id", "north"), ("x-correlation-id", "c-1")];
    let Call::GetEntitlements { filter, sort, fields, limit, page, tenant, correlation_id } =
        read(&parameters, &headers);
    assert_eq!(filter.expect("a filter"), json!({ "accountId": "acc-1", "productType": "THIRDPARTY" }));
    assert_eq!(
        sort,
        [("status".to_owned(), Direction::Ascending), ("created".to_owned(), Direction::Descending)]
    );
    assert_eq!(fields, Fields::Only(vec!["status".to_owned(), "_id".to_owned()]));
    assert_eq!((limit, page), (Some(100), Some(2)));
    assert_eq!((tenant.as_deref(), correlation_id.as_deref()), (Some("north"), Some("c-1")));
    assert_eq!(read(&parameters, &headers).operation(), Operation::GetEntitlements);
}

#[test]
fn what_is_missing_or_malformed_is_left_out() {
    let wrong =
        [("filter", "[]"), ("sort", "{created,-1}"), ("fields", "["), ("limit", "-1"), ("page", "one")];
    assert_eq!(read(&wrong, &[]), read(&[], &[]));
    let Call::GetEntitlements { filter, sort, fields, limit, page, tenant, correlation_id } = read(&[], &[]);
    assert_eq!((filter, sort, fields), (None, Vec::new(), Fields::All));
    assert_eq!((limit, page, tenant, correlation_id), (None, None, None, None));
    for (method, path) in [(Method::POST, LIST), (Method::GET, "/"), (Method::GET, TOKEN)] {
        assert_eq!(Call::read(&request(method, path, "", &[])), None);
    }
}

#[test]
fn debug_hides_what_can_stand_for_a_person_and_every_token() {
    let filter = json!({
        "accountId": "ada", "$or": [{ "deviceId": { "$in": ["ada-tv"] } }, { "status": { "$ne": "ACTIVE" } }],
        "productType": "THIRDPARTY", "unknown": { "deep": "ada" }, "n": 5,
    });
    let call = read(&[("filter", &filter.to_string())], &[BEARER]);
    let shown = format!("{call:?}");
    assert!(!shown.contains("ada") && !shown.contains("Bearer") && !shown.contains('5'), "{shown}");
    for word in ["accountId", "deviceId", "$in", "THIRDPARTY", "ACTIVE", "[hidden]"] {
        assert!(shown.contains(word), "{word}: {shown}");
    }
    let builder = Fake::builder().accept_token("not-a-real-token").tenant("north");
    let world = World::seeded(builder);
    let shown = format!("{:?} {:?}", world.state, Fake::builder().accept_token("not-a-real-token"));
    assert!(!shown.contains("not-a-real-token") && !shown.contains("account-"), "{shown}");
}

#[test]
fn the_operation_has_the_name_of_the_specification() {
    assert_eq!(Operation::ALL.iter().map(|one| one.name()).collect::<Vec<_>>(), ["getEntitlements"]);
    assert_eq!("getEntitlements".parse(), Ok(Operation::GetEntitlements));
}
