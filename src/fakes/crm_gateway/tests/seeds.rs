//! Seeds that contradict themselves are refused.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicUsize, Ordering},
};

use super::*;

/// What the fake says to a seed that it refuses.
fn refusal(seed: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(seed)).expect_err("refused");
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => (*panic.downcast::<&str>().expect("a text")).to_owned(),
    }
}

#[test]
fn an_entitlement_that_cannot_be_is_refused() {
    for (wrong, words) in [
        (json!("odd"), "it is no JSON object"),
        (json!({ "_id": 5 }), "`_id` is not a text;"),
        (json!({ "_id": null }), "`_id` is not a text;"),
        (json!({ "_id": "" }), "is empty"),
        (json!({ "status": null }), "`status` is not a text;"),
        (json!({ "accountId": 5 }), "`accountId` is not a text or null"),
        (json!({ "created": "yesterday" }), "`created` is not a date and time"),
        (json!({ "isFreemium": "no" }), "`isFreemium` is not true, false or null"),
        (json!({ "_id": "3" }), "another entitlement with the `_id` `3`"),
    ] {
        let mut world = World::seeded(Fake::builder());
        let said = refusal(|| drop(world.entitlements().add(wrong.clone())));
        assert!(said.contains(words), "{wrong}: {said}");
        assert_eq!(world.ids(&[]), "0123456", "nothing was changed");
    }
    let mut world = World::seeded(Fake::builder());
    assert_eq!(world.entitlements().add(seventh(3)), "3", "the very same is no contradiction");
    assert_eq!(world.ids(&[]), "0123456");
}

#[test]
fn an_entitlement_is_refused_for_what_the_specification_does_not_allow() {
    let document = include_str!("../../../../specs/crm-gateway.yaml");
    let document: Value = yaml_serde::from_str(document).expect("YAML");
    let properties = document["components"]["schemas"]["Entitlement"]["properties"].as_object();
    let probes = [json!(null), json!("text"), json!("2025-09-01T13:47:59.228Z"), json!(true), json!(1)];
    for (name, schema) in properties.expect("properties").iter().filter(|(name, _)| *name != "_id") {
        let allowed = match (schema["type"].as_str(), schema["format"].as_str(), schema.get("allOf")) {
            (Some("string"), Some("date-time"), None) => [true, false, true, false, false],
            (Some("string"), None, None) => [true, true, true, false, false],
            (Some("boolean"), None, None) => [true, false, false, true, false],
            (None, None, Some(_)) => [false, true, true, false, false],
            (None, None, None) => [true; 5],
            _ => panic!("{name}: {schema}"),
        };
        for (probe, allowed) in probes.iter().zip(allowed) {
            assert_eq!(shape::unlike(name, probe).is_none(), allowed, "{name}: {probe}");
        }
    }
}

#[test]
fn a_replacement_needs_what_it_replaces() {
    let mut world = World::seeded(Fake::builder());
    for (wrong, words) in [
        (json!({ "_id": "9" }), "no entitlement with the `_id` `9`"),
        (json!({ "status": "ACTIVE" }), "has no `_id`"),
        (json!([]), "it is no JSON object"),
    ] {
        let said = refusal(|| world.entitlements().replace(wrong.clone()));
        assert!(said.contains(words), "{wrong}: {said}");
    }
    for (place, words) in [("3", "with the `_id` `3` already"), ("", "must not be empty")] {
        let said = refusal(|| world.entitlements().add_malformed(place, json!(1)));
        assert!(said.contains(words), "{said}");
    }
}

type Generator = Box<dyn Fn(usize) -> Value + Send>;

#[test]
fn a_generator_that_breaks_its_promises_is_refused() {
    let calls = AtomicUsize::new(0);
    let generators: [(&str, Generator); 9] = [
        (
            "number 10 has `10`, which does not come after `9`",
            Box::new(|number| json!({ "_id": number.to_string() })),
        ),
        ("number 1 has `same`", Box::new(|_| json!({ "_id": "same" }))),
        (
            "number 3 of the generator: `_id` is not a text",
            Box::new(
                |number| json!({ "_id": if number == 3 { json!(3) } else { json!(format!("{number:09}")) } }),
            ),
        ),
        ("number 0 of the generator: `_id` is empty", Box::new(|_| json!({ "_id": "" }))),
        (
            "number 4 is the first that differs",
            Box::new(|number| if number == 4 { json!({ "_id": "x" }) } else { json!({}) }),
        ),
        (
            "number 5 is the first that differs",
            Box::new(|number| if number == 5 { json!({}) } else { json!({ "_id": format!("{number:09}") }) }),
        ),
        (
            "number 6 of the generator: it is no JSON object",
            Box::new(|number| if number == 6 { json!(6) } else { json!({}) }),
        ),
        (
            "something else for number 0",
            Box::new(move |_| json!({ "n": calls.fetch_add(1, Ordering::Relaxed) })),
        ),
        (
            "number 199999 has `000000000`",
            Box::new(|number| json!({ "_id": format!("{:09}", number % 199_999) })),
        ),
    ];
    for (words, generator) in generators {
        let mut world = World::new(Fake::builder());
        let said = refusal(|| world.entitlements().seed(200_000, generator));
        assert!(said.contains(words), "{said}");
        assert_eq!(world.entitlements().len(), 0, "{words}");
    }
}

#[test]
fn numbers_without_padding_are_found_out_however_late_they_stop_ascending() {
    let mut world = World::new(Fake::builder());
    for power in [1000_usize, 10_000, 100_000] {
        // Ascends as text up to the power of ten.
        let digits = power.ilog10() as usize;
        let seed = move |number: usize| json!({ "_id": format!("{number:0digits$}") });
        let said = refusal(|| world.entitlements().seed(200_000, seed));
        assert!(said.contains(&format!("number {power} has `{power}`")), "{said}");
    }
}

#[test]
fn seeds_that_contradict_each_other_are_refused() {
    let named = |letter: char| move |number: usize| json!({ "_id": format!("{letter}{number}") });
    let mut world = World::new(Fake::builder().seed(3, named('m')));
    world.entitlements().add(json!({ "_id": "q1", "status": "ACTIVE" }));
    assert!(
        refusal(|| world.entitlements().seed(3, named('m'))).contains("overlap those of an earlier seed")
    );
    let around = |number: usize| json!({ "_id": if number == 0 { "a" } else { "z" } });
    assert!(refusal(|| world.entitlements().seed(2, around)).contains("`a` to `z` overlap"));
    assert!(
        refusal(|| world.entitlements().seed(3, named('q')))
            .contains("another entitlement with the `_id` `q1`")
    );
    let far = usize::MAX;
    assert!(refusal(|| world.entitlements().seed(far, |_| json!({}))).contains("are more than"));
    assert_eq!(world.page(&[]), (4, "m0m1m2q1".to_owned()), "nothing was changed");
}

#[test]
fn settings_that_can_never_work_are_refused() {
    for (words, set) in [
        ("at least 1", (|| drop(Fake::builder().page_cap(0))) as fn()),
        ("tenant's name \"\"", || drop(Fake::builder().tenant(""))),
        ("tenant's name \" a\"", || drop(Fake::builder().tenant(" a"))),
        ("tenant's name \"a\\nb\"", || drop(Fake::builder().tenant("a\nb"))),
        ("tenant's name \"\u{e9}\"", || drop(Fake::builder().tenant("\u{e9}"))),
        ("can carry this token", || drop(Fake::builder().accept_token(""))),
        ("can carry this token", || drop(Fake::builder().accept_token("a\nb"))),
    ] {
        let said = refusal(set);
        assert!(said.contains(words), "{said}");
    }
}
