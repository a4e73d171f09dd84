//! Sections 1.1, 1.2 and 1.8: the request, its parameters, and the pages.

use super::*;

#[test]
fn every_parameter_does_what_its_row_says() {
    let mut world = World::seeded(Fake::builder());
    for (row, parameters, page) in [
        ("1.2 filter: mandatory for one use, not for the endpoint", &[][..], (7, "0123456")),
        ("1.2 filter: one equality", &[("filter", r#"{"status":"PENDING"}"#)], (3, "135")),
        (
            "1.2 filter: two keys mean and",
            &[("filter", r#"{"accountId":"account-0","status":"ACTIVE"}"#)],
            (2, "06"),
        ),
        ("1.2 limit: how many records; the first of them", &[("limit", "3")], (7, "012")),
        ("1.2 page: counted from 1", &[("limit", "3"), ("page", "1")], (7, "012")),
        ("1.2 page: the second three", &[("limit", "3"), ("page", "2")], (7, "345")),
        ("1.2 sort: 1 ascending", &[("sort", r#"{"created":1}"#)], (7, "6543210")),
        ("1.2 sort: -1 descending", &[("sort", r#"{"created":-1}"#)], (7, "0123456")),
        ("1.2 silent: an unknown parameter is not refused", &[("unknown", "1")], (7, "0123456")),
        ("1.8 offset = (page - 1) * limit", &[("limit", "2"), ("page", "3")], (7, "45")),
        ("1.8 the last page is short", &[("limit", "3"), ("page", "3")], (7, "6")),
        ("1.8 a page past the end is empty and counts all", &[("limit", "3"), ("page", "4")], (7, "")),
        (
            "1.8 as far as numbers go",
            &[("limit", "18446744073709551615"), ("page", "18446744073709551615")],
            (7, ""),
        ),
        ("1.8 no limit: all records", &[], (7, "0123456")),
    ] {
        assert_eq!(world.page(parameters), (page.0, page.1.to_owned()), "{row}");
    }
}

#[test]
fn fields_of_row_1_2_leave_the_others_out() {
    let mut world = World::seeded(Fake::builder());
    let reply = world.list(&[("limit", "1"), ("fields", "status")]);
    assert_eq!(json_of(&reply)["resourceSet"], json!([{ "_id": "0", "status": "ACTIVE" }]));
}

#[test]
fn a_limit_of_zero_gives_the_count_alone_as_1_2_and_1_8_say() {
    let mut world = World::seeded(Fake::builder());
    let reply = world.list(&[("limit", "0"), ("filter", r#"{"status":"ACTIVE"}"#)]);
    assert_eq!(reply.body, r#"{"totalRecords":4}"#);
    assert_eq!(world.list(&[("limit", "0"), ("page", "3")]).body, r#"{"totalRecords":7}"#);
}

#[test]
fn a_server_may_cap_the_limit_silently_as_1_8_says() {
    let mut world = World::seeded(Fake::builder().page_cap(2));
    for (parameters, page) in [
        (&[("limit", "5")][..], "01"),
        (&[("limit", "5"), ("page", "2")], "23"),
        (&[("limit", "1"), ("page", "2")], "1"),
        (&[], "01"),
    ] {
        assert_eq!(world.page(parameters), (7, page.to_owned()), "{parameters:?}");
    }
}

#[test]
fn a_changing_collection_skips_records_and_changes_its_count_as_1_8_says() {
    let mut world = World::seeded(Fake::builder());
    assert_eq!(world.page(&[("limit", "3")]), (7, "012".to_owned()));
    assert!(world.entitlements().remove("1"));
    assert_eq!(world.page(&[("limit", "3"), ("page", "2")]), (6, "456".to_owned()), "3 is skipped");
    world.entitlements().add(json!({ "_id": "00" }));
    assert_eq!(
        world.page(&[("limit", "3"), ("page", "2")]),
        (7, "345".to_owned()),
        "the count is the old one"
    );
}

#[test]
fn the_headers_of_1_1_are_optional_but_for_the_token() {
    let mut world = World::seeded(Fake::builder());
    for (row, headers) in [
        ("1.1 Content-Type: accepted without", &[BEARER][..]),
        ("1.1 Content-Type: accepted with", &[BEARER, ("content-type", "application/json")]),
        ("1.1 x-correlation-id: any format", &[BEARER, ("x-correlation-id", "not a UUID")]),
        ("1.1 nv-authorizations: ignored", &[BEARER, ("nv-authorizations", "x")]),
    ] {
        let reply = world.get("", headers);
        assert_eq!(reply.status, 200, "{row}");
        assert!(!reply.headers.contains_key("x-correlation-id"), "{row}");
    }
    assert_eq!(answer_of(&world.get("", &[])), forbidden(), "1.1 Authorization: without it 403");
}

#[test]
fn the_correlation_id_of_1_1_comes_back_only_on_demand() {
    let headers = [BEARER, ("x-correlation-id", "c-1")];
    let mut world = World::new(Fake::builder().echo_correlation_id(true));
    assert_eq!(world.get("", &headers).headers["x-correlation-id"], "c-1");
    assert_eq!(world.get("", &headers[1..]).headers["x-correlation-id"], "c-1", "with a refusal too");
    assert!(!world.get("", &headers[..1]).headers.contains_key("x-correlation-id"));
}

#[test]
fn the_tenant_of_1_1_chooses_the_entitlements() {
    let builder = Fake::builder().tenant("north").tenant("south");
    let mut world = World::seeded(builder);
    world.state.tenants.named("north").add(json!({ "_id": "n" }));
    let mut count = |headers: &[(&'static str, &str)]| {
        let (status, body) = answer_of(&world.get("limit=0", headers));
        (status, body["totalRecords"].as_u64())
    };
    assert_eq!(count(&[BEARER]), (200, Some(7)));
    assert_eq!(count(&[BEARER, ("nv-tenant-id", "north")]), (200, Some(1)));
    assert_eq!(count(&[BEARER, ("nv-tenant-id", "south")]), (200, Some(0)));
}

#[test]
fn the_address_of_1_1_has_one_method() {
    let mut world = World::new(Fake::builder());
    let refused = json!({ "code": 405, "message": "Method not allowed" });
    assert_eq!(answer_of(&world.send(Method::POST, LIST, "", &[BEARER])), (405, refused));
    let upstream = "/rmg/v1/operator/entitlements";
    assert_eq!(answer_of(&world.send(Method::GET, upstream, "", &[BEARER])), not_found());
    assert_eq!(world.state.list_requests, 0);
}
