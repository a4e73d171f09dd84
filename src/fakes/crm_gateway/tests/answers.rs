//! Section 1.6: the answer, the entitlement, and the archive.

use super::*;

#[test]
fn the_sample_of_1_6_comes_back_as_it_is() {
    let sample = [
        json!({
            "_id": "6255966d58c418624afd73cf", "productId": "tp-product-1", "accountId": "exampleAccount1",
            "status": "ACTIVE", "productType": "THIRDPARTY",
            "validFrom": "2025-09-01T13:47:59.228Z", "expiryDate": "2026-09-01T13:47:59.228Z",
            "created": "2025-09-01T13:48:00.101Z", "modified": "2025-09-01T13:48:00.101Z"
        }),
        json!({
            "_id": "satEntitlement", "productId": "d_prod_01_ssp", "accountId": "id_acc_01_ssp",
            "status": "SUBSCRIBED", "validityType": "ABSOLUTE", "productType": "FREE",
            "validFrom": "2016-10-27T06:10:43Z", "expiryDate": "2058-10-27T06:10:43Z"
        }),
    ];
    let mut world = World::new(Fake::builder());
    for one in &sample {
        world.entitlements().add(one.clone());
    }
    let body = json_of(&world.list(&[]));
    assert_eq!(body, json!({ "totalRecords": 2, "resourceSet": sample }));
}

#[test]
fn every_property_of_1_6_can_be_listed_and_filtered() {
    let mut world = World::new(Fake::builder());
    for (row, value) in [
        ("_id", json!("caller-chosen text, no hex")),
        ("productId", json!("de3a572c-2ea8-423a-9659-d8e6d2579add")),
        ("accountId", json!("exampleAccount1")),
        ("status", json!("ACTIVE-ENDING")),
        ("validityType", json!("RELATIVE")),
        ("productType", json!("PPV")),
        ("validFrom", json!("2017-01-26T06:10:43Z")),
        ("expiryDate", json!("2099-02-27T13:33:23Z")),
        ("created", json!("2022-04-12T15:10:37Z")),
        ("modified", json!("2022-04-12T15:10:37.5Z")),
        ("isArchivable", json!(true)),
        ("capabilityType", json!("demo")),
        ("isFreemium", json!(false)),
        ("purchasedByDeviceId", json!("1234")),
        ("deviceId", json!("device-1")),
        ("userId", json!("user-1")),
        ("sharedProductContentId", json!("content-1")),
        ("lastBilledDate", json!("2025-10-01T00:00:00Z")),
        ("purchasedOffer", json!({ "any": ["JSON", 1, null] })),
        ("firstView", json!("2025-09-02T19:30:00Z")),
        ("reasonCode", json!("OTHER")),
        ("reasonCategory", json!("OTHER")),
        ("cancelReasonCategory", json!("CUSTOMER_CANCELLED")),
        ("cancelReasonCode", json!("NOT_RENEWED")),
        ("additionalProperties: true", json!("kept")),
    ] {
        let id = world.entitlements().add(json!({ row: value }));
        let filter = json!({ row: value }).to_string();
        let found = json_of(&world.list(&[("filter", &filter)]));
        assert_eq!(found["totalRecords"], 1, "1.6: {row}");
        assert_eq!(found["resourceSet"][0][row], value, "1.6: {row}");
        assert!(world.entitlements().remove(&id));
    }
}

#[test]
fn the_wrapper_of_1_6_counts_all_matches_and_not_the_page() {
    let mut world = World::seeded(Fake::builder());
    let parameters = [("filter", r#"{"status":"ACTIVE"}"#), ("limit", "2"), ("page", "2")];
    assert_eq!(world.page(&parameters), (4, "46".to_owned()));
}

#[test]
fn one_empty_object_beside_a_count_of_zero_is_a_switch_for_a_sample_of_1_6() {
    let mut world = World::seeded(Fake::builder().empty(Empty::OneEmptyObject));
    let none = ("filter", r#"{"unknown":1}"#);
    assert_eq!(answer_of(&world.list(&[none])), (200, json!({ "totalRecords": 0, "resourceSet": [{}] })));
    assert_eq!(world.list(&[none, ("limit", "0")]).body, r#"{"totalRecords":0}"#);
    assert_eq!(
        world.page(&[("limit", "7"), ("page", "2")]),
        (7, String::new()),
        "only where nothing matches"
    );
}

const DAY: Duration = Duration::from_secs(86_400);

/// The time of [`World`] is 2023-11-14T22:13:20Z.
#[test]
fn old_entitlements_vanish_into_the_archive_of_1_6() {
    let one = |number: usize| match number {
        0 => json!({ "_id": "a", "status": "SUBSCRIBED", "expiryDate": "2023-11-16T22:13:20Z" }),
        1 => json!({ "_id": "b", "status": "UNSUBSCRIBED", "modified": "2023-11-10T22:13:20Z" }),
        2 => json!({ "_id": "c", "status": "UNSUBSCRIBED", "modified": "2023-11-07T22:13:20Z" }),
        3 => json!({ "_id": "d", "status": "ACTIVE", "expiryDate": "2023-11-07T22:13:21Z" }),
        4 => json!({ "_id": "e", "status": "ACTIVE", "expiryDate": "2023-11-07T22:13:20Z" }),
        5 => json!({ "_id": "f", "expiryDate": "2001-01-01T00:00:00Z", "isArchivable": false }),
        6 => json!({ "_id": "g", "status": "UNSUBSCRIBED" }),
        _ => json!({ "_id": "h", "status": "SUBSCRIBED", "modified": "2001-01-01T00:00:00Z" }),
    };
    let mut world = World::new(Fake::builder().seed(8, one));
    assert_eq!(world.ids(&[]), "abcdefgh", "without the switch nothing vanishes");

    let builder = Fake::builder().archive_after(7 * DAY, 7 * DAY).missing_id_is_404(true);
    let mut world = World::new(builder.seed(8, one));
    assert_eq!(world.page(&[("limit", "3")]), (6, "abd".to_owned()));
    assert_eq!(world.ids(&[("sort", r#"{"_id":-1}"#)]), "hgfdba");
    assert_eq!(world.list(&[("limit", "0")]).body, r#"{"totalRecords":6}"#);
    assert_eq!(world.list(&[("filter", r#"{"_id":"c"}"#)]).status, 404, "it does not exist any more");
    assert_eq!(world.list(&[("filter", r#"{"_id":"d"}"#)]).status, 200);
    world.now += DAY;
    assert_eq!(world.page(&[("limit", "3"), ("page", "2")]), (5, "gh".to_owned()), "between two pages");
    world.now += 3 * DAY;
    assert_eq!(world.ids(&[]), "afgh");
    world.now += 5 * DAY;
    assert_eq!(world.ids(&[]), "fgh");
}

#[test]
fn the_two_times_of_the_archive_of_1_6_are_apart() {
    let yesterday = "2023-11-13T22:13:20Z";
    for (unsubscribing, expiry, left) in
        [(DAY, 2 * DAY, "ACTIVE"), (2 * DAY, DAY, ""), (2 * DAY, 2 * DAY, "ACTIVEUNSUBSCRIBED")]
    {
        let mut world = World::new(Fake::builder().archive_after(unsubscribing, expiry));
        for status in ["ACTIVE", "UNSUBSCRIBED"] {
            world.entitlements().add(
                json!({ "_id": status, "status": status, "modified": yesterday, "expiryDate": yesterday }),
            );
        }
        assert_eq!(world.ids(&[]), left);
    }
}
