//! Advisors and users by the hundred thousand.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use base64::{Engine, engine::general_purpose::STANDARD};

use super::*;

const MANY: usize = 200_000;

fn cursor(number: usize) -> String {
    let key = json!({ "emailAddress": { "s": person(number).email }, "place": { "n": number.to_string() } });
    url::form_urlencoded::byte_serialize(STANDARD.encode(key.to_string()).as_bytes()).collect()
}

#[test]
fn page_1000_of_200000_makes_as_many_advisors_as_page_1() {
    let made = Arc::new(AtomicUsize::new(0));
    let counter = made.clone();
    let tenant = Tenant::default().advisors(Line, MANY, move |number| {
        counter.fetch_add(1, Ordering::Relaxed);
        person(number)
    });
    let mut world = World::new(Fake::builder().page_size(200).tenant(tenant));
    let cost = |world: &mut World, query: &str| {
        made.store(0, Ordering::Relaxed);
        let page = world.get(&format!("{}{query}", list("LINE")));
        (ids(&page).len(), ids(&page)[0].to_owned(), made.load(Ordering::Relaxed))
    };
    let (items, first, made_for_the_first) = cost(&mut world, "");
    assert_eq!((items, first.as_str()), (200, "1000000"));
    // A page is made of its items, of its two cursors and of the one that was given.
    assert!(made_for_the_first <= 203, "{made_for_the_first}");
    for query in [format!("?after={}", cursor(199_799)), format!("?before={}", cursor(199_999))] {
        let (items, _, made) = cost(&mut world, &query);
        assert_eq!(items, 200);
        assert!(made <= 203, "{query}: {made}");
    }
    let (_, first, _) = cost(&mut world, &format!("?after={}", cursor(199_799)));
    assert_eq!(first, "1199800", "page 1,000");
    made.store(0, Ordering::Relaxed);
    assert_eq!(world.state.tenant(super::super::KEY_NAME).entitled(&Line), MANY);
    assert_eq!(made.load(Ordering::Relaxed), 0, "they are counted without being made");
}

#[test]
fn generated_ones_are_read_removed_and_added_again_by_id_and_by_email() {
    let mut world =
        World::new(Fake::builder().page_size(3).tenant(Tenant::default().advisors(Line, 1_000, person)));
    let by_id = format!("{ONE}?externalNetwork=LINE&advisorSymphonyId=1000500");
    let by_email = format!("{ONE}?externalNetwork=LINE&advisorEmailAddress=u500@acme.example");
    assert_eq!(world.get(&by_id), world.get(&by_email));
    assert_eq!(refusal(&world.add("LINE", "1000500")).1.as_deref(), Some("entitlement.already.exists"));
    assert_eq!(world.send("DELETE", &by_email, b"").status, 200);
    for path in [&by_id, &by_email] {
        assert_eq!(world.send("GET", path, b"").status, 404);
        assert_eq!(world.send("DELETE", path, b"").status, 404);
    }
    let around = world.get(&format!("{}?after={}", list("LINE"), cursor(498)));
    assert_eq!(ids(&around), ["1000499", "1000501", "1000502"]);
    let on = world.get(&format!("{}?after={}", list("LINE"), cursor(500)));
    assert_eq!(ids(&on), ["1000501", "1000502", "1000503"], "a cursor outlives its advisor");
    let back = world.get(&format!("{}?before={}", list("LINE"), cursor(502)));
    assert_eq!(ids(&back), ["1000498", "1000499", "1000501"]);

    assert_eq!(world.add("LINE", "1000500").status, 201, "the pod knows the user still");
    let end = world.get(&format!("{}?after={}", list("LINE"), cursor(998)));
    assert_eq!(ids(&end), ["1000999", "1000500"]);
    assert_eq!(world.get(&by_id), world.get(&by_email));
    assert_eq!(world.state.tenant(super::super::KEY_NAME).entitled(&Line), 1_000);
}

#[test]
fn a_listing_that_is_emptied_page_by_page_ends() {
    let mut world =
        World::new(Fake::builder().page_size(50).tenant(Tenant::default().advisors(Line, 300, person)));
    let mut pages = 0;
    loop {
        let page = world.get(&list("LINE"));
        let on_it = ids(&page);
        if on_it.is_empty() {
            break;
        }
        pages += 1;
        for id in on_it {
            let path = format!("{ONE}?externalNetwork=LINE&advisorSymphonyId={id}");
            assert_eq!(world.send("DELETE", &path, b"").status, 200);
        }
    }
    assert_eq!((pages, world.state.tenant(super::super::KEY_NAME).entitled(&Line)), (6, 0));
}

#[test]
fn generated_users_are_entitled_one_by_one() {
    let mut world = World::of(Tenant::default().users(MANY, person));
    assert_eq!(world.add("LINE", "1199999").status, 201);
    let by_email = json!({ "externalNetwork": "LINE", "advisorEmailAddress": "u7@acme.example" });
    assert_eq!(world.post(&by_email).status, 201);
    assert_eq!(refusal(&world.add("LINE", "1200000")).1.as_deref(), Some("symphony.user.not.found"));
    assert_eq!(ids(&world.get(&list("LINE"))), ["1199999", "1000007"]);
}

#[test]
fn generated_numbers_are_held() {
    let with_number = |number: usize| Entitlement::new(person(number)).phone_number(format!("+1 {number}"));
    let mut world = World::of(acme().advisors(SmsDirect, 1_000, with_number).second_numbers(["+1 5", "+2"]));
    let taken = json!({ "externalNetwork": "SMS-DIRECT", "symphonyId": ADA, "advisorPhoneNumber": "+1 999" });
    assert_eq!(refusal(&world.post(&taken)).1.as_deref(), Some("advisor.phone.number.already.used"));
    assert_eq!(body_of(&world.add("SMS-DIRECT", ADA))["phone"]["number"], "+2");
}

#[test]
fn cursors_that_the_fake_did_not_make_are_refused() {
    let mut world = World::of(Tenant::default().advisors(Line, 10, person));
    let made_up = [
        String::new(),
        "x".to_owned(),
        STANDARD.encode("{}"),
        STANDARD.encode(r#"{"emailAddress":{"s":"u1@acme.example"}}"#),
        STANDARD.encode(r#"{"emailAddress":{"s":"u1@acme.example"},"place":{"n":"2"}}"#),
        STANDARD.encode(r#"{"emailAddress":{"s":"u1@acme.example"},"place":{"n":1}}"#),
        STANDARD.encode(r#"{"emailAddress":{"s":"u10@acme.example"},"place":{"n":"10"}}"#),
        STANDARD.encode(format!(r#"{{"emailAddress":{{"s":"u"}},"place":{{"n":"{}"}}}}"#, usize::MAX)),
    ];
    for cursor in made_up {
        for parameter in ["after", "before"] {
            let reply = world.send("GET", &format!("{}?{parameter}={cursor}", list("LINE")), b"");
            assert_eq!(refusal(&reply), (400, Some("invalid.page.cursor".to_owned())), "{cursor}");
        }
    }
    assert_eq!(ids(&world.get(&format!("{}?after={}", list("LINE"), cursor(9)))), [""; 0]);
}
