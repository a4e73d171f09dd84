//! Sections 1.3 to 1.5: the languages of `filter`, `sort` and `fields`.

use super::*;

#[test]
fn filters_mean_what_the_rows_of_1_3_say() {
    let mut world = World::seeded(Fake::builder());
    world.entitlements().add(json!({ "_id": "7", "deviceId": null, "n": 5 }));
    for (row, filter, ids) in [
        ("empty: all of the tenant", r"{}", "01234567"),
        ("and of equalities", r#"{"accountId":"account-0","status":"ACTIVE"}"#, "06"),
        ("strings are case-sensitive", r#"{"status":"active"}"#, ""),
        ("$eq", r#"{"status":{"$eq":"ACTIVE"}}"#, "0246"),
        ("$ne", r#"{"status":{"$ne":"ACTIVE"}}"#, "1357"),
        ("$gt", r#"{"_id":{"$gt":"5"}}"#, "67"),
        ("$gte", r#"{"n":{"$gte":5}}"#, "7"),
        ("$lt", r#"{"_id":{"$lt":"2"}}"#, "01"),
        ("$lte", r#"{"n":{"$lte":4.9}}"#, ""),
        ("$in", r#"{"_id":{"$in":["1","2"]}}"#, "12"),
        ("$nin", r#"{"status":{"$nin":["ACTIVE","PENDING"]}}"#, "7"),
        ("$exists", r#"{"status":{"$exists":false}}"#, "7"),
        ("$and", r#"{"$and":[{"status":"ACTIVE"},{"accountId":"account-0"}]}"#, "06"),
        ("$or", r#"{"$or":[{"_id":"1"},{"_id":"4"}]}"#, "14"),
        ("$nor", r#"{"$nor":[{"status":"ACTIVE"},{"_id":"1"}]}"#, "357"),
        ("$not", r#"{"status":{"$not":{"$eq":"ACTIVE"}}}"#, "1357"),
        ("dates are instants, not texts", r#"{"created":{"$gte":"2025-09-07T02:00:00+02:00"}}"#, "012"),
        ("equality of dates", r#"{"created":"2025-09-09T01:00:00.000+01:00"}"#, "0"),
        ("a missing field equals null", r#"{"status":null}"#, "7"),
        ("null equals null", r#"{"deviceId":null,"n":5}"#, "7"),
        ("a missing field equals nothing else", r#"{"n":0}"#, ""),
        ("an unknown field matches nothing", r#"{"unknown":"x"}"#, ""),
    ] {
        let count = ids.len() as u64;
        assert_eq!(world.page(&[("filter", filter)]), (count, ids.to_owned()), "1.3: {row}");
    }
}

#[test]
fn what_is_no_filter_is_refused_as_1_3_says() {
    let mut world = World::seeded(Fake::builder());
    for (row, filter) in [
        ("not JSON", "{status:1}"),
        ("nothing", ""),
        ("JSON, but not an object", r#""ACTIVE""#),
        ("JSON, but not an object", "[]"),
        ("JSON, but not an object", "null"),
        ("an unknown $operator", r#"{"status":{"$regex":"A"}}"#),
        ("an unknown $operator", r#"{"$where":"1"}"#),
    ] {
        assert_eq!(answer_of(&world.list(&[("filter", filter)])), bad_request(), "1.3: {row}: {filter}");
    }
}

#[test]
fn every_correct_encoding_of_a_filter_is_read_as_1_3_says() {
    let mut world = World::seeded(Fake::builder());
    for query in [
        "filter=%7B%22status%22%3A%22PENDING%22%7D",
        "filter=%7b%22status%22%3a%20%22PENDING%22%7d",
        "filter={%22status%22:+%22PENDING%22}",
        r#"filter={"status": "PENDING"}"#,
        "filter=%7B%22%73tatus%22:%22PENDIN%47%22%7D",
    ] {
        let body = json_of(&world.get(query, &[BEARER]));
        assert_eq!(body["totalRecords"], 3, "{query}");
    }
}

#[test]
fn sorts_mean_what_1_4_says() {
    let mut world = World::seeded(Fake::builder());
    world.entitlements().add(json!({ "_id": "7", "purchasedOffer": { "price": 1 } }));
    for (row, sort, ids) in [
        ("one key", r#"{"created":-1}"#, "01234567"),
        ("missing values come first ascending", r#"{"created":1}"#, "76543210"),
        ("the order of the keys is their priority", r#"{"status":-1,"created":1}"#, "53164207"),
        ("the same keys the other way round", r#"{"created":1,"status":-1}"#, "76543210"),
        ("`_id` is the last key", r#"{"status":1}"#, "70246135"),
        ("`_id` as a key of its own", r#"{"accountId":1,"_id":-1}"#, "76304152"),
        ("`_id` alone", r#"{"_id":1}"#, "01234567"),
        ("`_id` alone, descending", r#"{"_id":-1,"status":1}"#, "76543210"),
        ("1.0 is 1", r#"{"_id":-1.0}"#, "76543210"),
        ("dotted paths", r#"{"purchasedOffer.price":-1}"#, "70123456"),
        ("no key", "{}", "01234567"),
    ] {
        assert_eq!(world.ids(&[("sort", sort)]), ids, "1.4: {row}");
        let mut pages = String::new();
        for page in 1..=4 {
            pages += &world.ids(&[("sort", sort), ("limit", "3"), ("page", &page.to_string())]);
        }
        assert_eq!(pages, ids, "1.4: pages do not overlap: {row}");
    }
    let filter = ("filter", r#"{"status":"ACTIVE"}"#);
    assert_eq!(world.ids(&[filter, ("sort", r#"{"_id":-1}"#), ("limit", "3")]), "642");
    assert_eq!(world.ids(&[filter, ("sort", r#"{"created":1}"#), ("limit", "3"), ("page", "2")]), "0");
}

#[test]
fn pairs_are_a_sort_only_behind_the_lenient_flag_of_1_4() {
    let pairs = ("sort", r#"[["status",-1],["created",1]]"#);
    let mut world = World::seeded(Fake::builder().pair_sort(true));
    assert_eq!(world.ids(&[pairs]), "5316420");
    assert_eq!(world.ids(&[("sort", r#"{"status":-1,"created":1}"#)]), "5316420", "the object stays");
    let mut world = World::seeded(Fake::builder());
    assert_eq!(answer_of(&world.list(&[pairs])), bad_request());
}

#[test]
fn what_is_no_sort_is_refused_as_1_4_says() {
    let mut world = World::seeded(Fake::builder());
    for sort in
        ["{created,-1}", "", r#"{"a":2}"#, r#"{"a":0}"#, r#"{"a":"1"}"#, r#"{"a":{"$meta":"x"}}"#, "1"]
    {
        assert_eq!(answer_of(&world.list(&[("sort", sort)])), bad_request(), "{sort}");
    }
}

#[test]
fn fields_are_read_in_every_form_of_1_5() {
    let mut world = World::seeded(Fake::builder());
    let two = json!({ "_id": "0", "accountId": "account-0", "status": "ACTIVE" });
    let all = seventh(0);
    let without =
        json!({ "_id": "0", "accountId": "account-0", "status": "ACTIVE", "created": all["created"] });
    for (row, values, shown) in [
        ("repeated", &["status", "accountId"][..], &two),
        ("one value with commas", &["status,accountId"], &two),
        ("a JSON list", &[r#"["status","accountId"]"#], &two),
        ("a projection", &[r#"{"status":1,"accountId":1}"#], &two),
        ("a projection that leaves out", &[r#"{"productType":0}"#], &without),
        ("`_id` is always returned", &["status", "accountId", "_id"], &two),
        ("`_id` cannot be left out", &[r#"{"_id":0}"#], &all),
        ("unknown names are ignored", &["status", "accountId", "unknown"], &two),
        ("an empty value means all", &[""], &all),
        ("without the parameter", &[], &all),
    ] {
        let parameters: Vec<_> =
            values.iter().map(|value| ("fields", *value)).chain([("limit", "1")]).collect();
        assert_eq!(json_of(&world.list(&parameters))["resourceSet"], json!([shown]), "1.5: {row}");
    }
    assert_eq!(answer_of(&world.list(&[("fields", "[")])), bad_request(), "1.5: not readable");
}
