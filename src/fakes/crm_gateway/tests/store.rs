//! Entitlements by the hundred thousand, made when they are shown.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use super::*;

const MANY: usize = 200_000;

/// A gateway with many entitlements, and how many were made since the last time it was asked.
fn many() -> (World, impl Fn() -> usize) {
    let made = Arc::new(AtomicUsize::new(0));
    let counter = made.clone();
    let world = World::new(Fake::builder().seed(MANY, move |number| {
        counter.fetch_add(1, Ordering::Relaxed);
        json!({ "accountId": format!("account-{}", number % 1000), "status": "ACTIVE", "number": number })
    }));
    (world, move || made.swap(0, Ordering::Relaxed))
}

fn numbers(reply: &Reply) -> Vec<u64> {
    let body = json_of(reply);
    let page = body["resourceSet"].as_array().expect("a list");
    page.iter().filter_map(|one| one["number"].as_u64()).collect()
}

#[test]
fn a_plain_page_makes_its_own_entitlements_only() {
    let (mut world, made) = many();
    assert!(made() < 10_000, "seeding makes a sample");
    assert_eq!(world.list(&[("limit", "0")]).body, r#"{"totalRecords":200000}"#);
    assert_eq!(made(), 0);
    for page in ["1", "1000", "2000"] {
        let first = 100 * (page.parse::<u64>().expect("a number") - 1);
        let forward = world.list(&[("limit", "100"), ("page", page), ("sort", r#"{"_id":1}"#)]);
        assert_eq!(numbers(&forward), (first..first + 100).collect::<Vec<_>>());
        let plain = world.list(&[("limit", "100"), ("page", page), ("filter", "{}")]);
        assert_eq!(plain.body, forward.body);
        let backward = world.list(&[("limit", "100"), ("page", page), ("sort", r#"{"_id":-1}"#)]);
        let last = 199_999 - first;
        assert_eq!(numbers(&backward), (last - 99..=last).rev().collect::<Vec<_>>());
        assert_eq!(made(), 300, "page {page}");
    }
    assert!(numbers(&world.list(&[("limit", "100"), ("page", "2001")])).is_empty());
    assert_eq!(made(), 0);
}

#[test]
fn one_id_is_found_without_making_all() {
    let (mut world, made) = many();
    let id = json_of(&world.list(&[("limit", "1"), ("page", "123456")]))["resourceSet"][0]["_id"].clone();
    assert_eq!(id, format!("{:024x}", 123_456));
    made();
    let filter = json!({ "_id": id, "status": "ACTIVE" }).to_string();
    let found = world.list(&[("filter", &filter)]);
    assert_eq!(numbers(&found), [123_455]);
    assert_eq!(
        world.list(&[("filter", &filter), ("limit", "1"), ("page", "2")]).body,
        r#"{"totalRecords":1,"resourceSet":[]}"#
    );
    assert_eq!(made(), 2, "invented ids are known without the generator");
}

#[test]
fn a_filter_or_another_order_makes_each_once_and_those_of_the_page() {
    let (mut world, made) = many();
    made();
    let filter = ("filter", r#"{"accountId":"account-7"}"#);
    let found = world.list(&[filter, ("limit", "2"), ("page", "3")]);
    assert_eq!(numbers(&found), [4007, 5007]);
    assert_eq!(json_of(&found)["totalRecords"], 200);
    assert_eq!(made(), MANY);
    let found = world.list(&[filter, ("limit", "2"), ("page", "3"), ("sort", r#"{"number":-1}"#)]);
    assert_eq!(numbers(&found), [195_007, 194_007]);
    assert_eq!(made(), MANY + 2);
}

#[test]
fn changes_of_generated_entitlements_are_kept_beside_them() {
    let (mut world, _) = many();
    let entitlements = world.entitlements();
    let id = |number: usize| format!("{:024x}", number + 1);
    assert!(entitlements.remove(&id(0)) && !entitlements.remove(&id(0)));
    entitlements.replace(json!({ "_id": id(2), "number": 1_000_000 }));
    assert_eq!(entitlements.add(json!({ "number": 2_000_000 })), id(MANY), "invented ids go on");
    entitlements.add(json!({ "_id": "0", "number": 3_000_000 }));
    assert_eq!(entitlements.len(), MANY + 1);
    assert_eq!(numbers(&world.list(&[("limit", "4")])), [3_000_000, 1, 1_000_000, 3]);
    assert_eq!(numbers(&world.list(&[("limit", "2"), ("sort", r#"{"_id":-1}"#)])), [2_000_000, 199_999]);
    assert_eq!(numbers(&world.list(&[("limit", "100000"), ("page", "3")])), [2_000_000]);
    let entitlements = world.entitlements();
    entitlements.add(json!({ "_id": id(0), "number": 4_000_000 }));
    assert!(entitlements.remove("0") && entitlements.remove(&id(2)) && entitlements.remove(&id(MANY)));
    assert_eq!(numbers(&world.list(&[("limit", "3")])), [4_000_000, 1, 3]);
    assert_eq!(world.entitlements().len(), MANY - 1);
}

#[test]
fn several_seeds_are_one_list_in_the_order_of_their_ids() {
    let named = |letter: char| move |number: usize| json!({ "_id": format!("{letter}{number}") });
    let mut world = World::new(Fake::builder().seed(2, |_| json!({})).seed(3, named('m')));
    let entitlements = world.entitlements();
    entitlements.add(json!({ "_id": "c1" }));
    entitlements.add(json!({ "_id": "m1a" }));
    entitlements.add(json!({ "_id": "z" }));
    assert!(entitlements.remove("m2"));
    entitlements.seed(3, named('c'));
    entitlements.seed(1, |_| json!({ "status": "ACTIVE" }));
    entitlements.seed(0, |_| json!(null));
    let invented = [1, 2, 3].map(|number| format!("{number:024x}")).concat();
    assert_eq!(world.page(&[]), (10, format!("{invented}c0c1c2m0m1m1az")));
    assert_eq!(world.ids(&[("limit", "4"), ("page", "2")]), "c1c2m0m1");
}

#[test]
fn invented_ids_step_over_given_ones() {
    let mut world = World::new(Fake::builder());
    world.entitlements().add(json!({ "_id": format!("{:024x}", 2) }));
    let ids: Vec<_> = (0..2).map(|_| world.entitlements().add(json!({}))).collect();
    assert_eq!(ids, [format!("{:024x}", 1), format!("{:024x}", 3)]);
}

#[test]
fn a_malformed_item_stands_in_its_place_and_costs_no_other() {
    let mut world = World::seeded(Fake::builder());
    world.entitlements().add_malformed("1a", json!("odd"));
    world.entitlements().add_malformed("1b", json!({ "_id": 5 }));
    let body = json_of(&world.list(&[("limit", "3"), ("page", "2"), ("fields", "status")]));
    assert_eq!(body["totalRecords"], 9);
    let two = json!({ "_id": "2", "status": "ACTIVE" });
    assert_eq!(body["resourceSet"], json!([{ "_id": 5 }, two, { "_id": "3", "status": "PENDING" }]));
    assert_eq!(json_of(&world.list(&[("limit", "3")]))["resourceSet"][2], "odd");
    assert!(world.entitlements().remove("1a"));
    assert_eq!(world.ids(&[]), "0123456");
}

/// A thousand random changes against a map that keeps everything.
#[test]
fn positions_are_those_of_a_list_that_keeps_everything() {
    let mut random = fastrand::Rng::with_seed(7);
    let make = |letter: char| move |number: usize| json!({ "_id": format!("{letter}{:03}", 2 * number) });
    let mut world = World::new(Fake::builder().seed(40, make('b')));
    let mut all: BTreeMap<String, Value> = BTreeMap::new();
    let keep = |all: &mut BTreeMap<String, Value>, letter: char| {
        all.extend(
            (0..40).map(make(letter)).map(|one| (one["_id"].as_str().expect("an id").to_owned(), one)),
        );
    };
    keep(&mut all, 'b');
    for step in 0..1000 {
        let entitlements = world.state.tenants.of(None);
        let id =
            format!("{}{:03}", random.choice(['a', 'b', 'c', 'd']).expect("a letter"), random.u32(0..90));
        match (random.u32(0..3), all.contains_key(&id)) {
            (0, _) => assert_eq!(entitlements.remove(&id), all.remove(&id).is_some()),
            (_, true) => {
                let other = json!({ "_id": id, "step": step });
                entitlements.replace(other.clone());
                all.insert(id, other);
            }
            (_, false) if !id.starts_with('d') || step > 300 => {
                let other = json!({ "_id": id, "step": step });
                entitlements.add(other.clone());
                all.insert(id, other);
            }
            _ => {}
        }
        if step == 300 {
            entitlements.seed(40, make('d'));
            keep(&mut all, 'd');
        }
        assert_eq!(entitlements.len(), all.len());
        let (limit, page) = (random.usize(1..30), random.usize(1..8));
        let numbers = [limit.to_string(), page.to_string()];
        let parameters = [("limit", numbers[0].as_str()), ("page", numbers[1].as_str())];
        let shown = |reply: Reply| json_of(&reply)["resourceSet"].clone();
        let forward: Vec<_> = all.values().skip((page - 1) * limit).take(limit).collect();
        assert_eq!(shown(world.list(&parameters)), json!(forward), "step {step}");
        let backward: Vec<_> = all.values().rev().skip((page - 1) * limit).take(limit).collect();
        let sorted = [parameters[0], parameters[1], ("sort", r#"{"_id":-1}"#)];
        assert_eq!(shown(world.list(&sorted)), json!(backward), "step {step}");
    }
}
