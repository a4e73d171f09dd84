//! A seed that contradicts itself is refused where it is written.

use std::{
    cell::RefCell,
    panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook},
    sync::Once,
};

use super::*;

thread_local! {
    /// The file that the panics of this thread are blamed on, while a test expects one.
    static BLAMED: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// The message with which `act` panics; the place that it names must be in this file.
fn refused(act: impl FnOnce()) -> String {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = take_hook();
        set_hook(Box::new(move |panic| {
            BLAMED.with_borrow_mut(|blamed| match blamed {
                Some(file) => *file = panic.location().map_or_else(String::new, |at| at.file().to_owned()),
                None => usual(panic),
            });
        }));
    });
    BLAMED.set(Some(String::new()));
    let outcome = catch_unwind(AssertUnwindSafe(act));
    let file = BLAMED.take().unwrap_or_default();
    let cause = outcome.expect_err("a contradiction");
    let text = cause.downcast_ref::<String>().cloned();
    let text = text.or_else(|| cause.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default();
    assert!(file.ends_with("seeds.rs"), "{text}\nis blamed on {file}");
    text
}

#[test]
fn every_contradiction_of_a_seed_is_named() {
    type Seed = (fn() -> Tenant, &'static str);
    let cases: &[Seed] = &[
        (|| acme().user(User::new("", "x@acme.example", "X", "Y")), "Symphony id is empty"),
        (|| acme().user(User::new("3", " ", "X", "Y")), "e-mail address is empty"),
        (|| acme().user(User::new(ADA, "x@acme.example", "Ada", "Byron")), "another user with the id 1"),
        (
            || acme().user(User::new("3", "ada@acme.example", "Ada", "Byron")),
            "the e-mail address ada@acme.example",
        ),
        (
            || acme().users(10, person).user(User::new("1000004", "x@acme.example", "X", "Y")),
            "the id 1000004",
        ),
        (|| acme().advisor(Line, ada()).advisor(Line, ada()), "1 is entitled for LINE already"),
        (
            || acme().advisor(Line, person(4)).advisors(Line, 10, person),
            "1000004 is entitled for LINE already",
        ),
        (
            || acme().advisors(Line, 10, person).advisor(Line, person(4)),
            "1000004 is entitled for LINE already",
        ),
        (|| Tenant::default().advisor(WhatsAppDirect, ada()), "does not have WHATSAPP-DIRECT"),
        (|| Tenant::default().advisors(WhatsAppDirect, 3, person), "does not have WHATSAPP-DIRECT"),
        (|| acme().advisor(Line, ada()).networks([Sms]), "advisors were seeded for LINE"),
        (|| acme().network(Line), "has LINE already"),
        (|| acme().network(""), "a network's name is empty"),
        (|| acme().advisor(Line, Entitlement::new(ada()).phone_number("+1")), "LINE takes no phone number"),
        (|| acme().advisor(SmsDirect, Entitlement::new(ada()).activated()), "SMS-DIRECT knows no activation"),
        (
            || {
                acme()
                    .advisor(SmsDirect, Entitlement::new(ada()).phone_number("+1"))
                    .advisor(WhatsAppDirect, Entitlement::new(berta()).phone_number("+1"))
            },
            "another advisor holds the number +1",
        ),
        (
            || acme().advisor(Line, Entitlement::new(ada()).permissions(["fly"])),
            "LINE has no permission `fly`",
        ),
        (|| acme().advisor(Line, ada()).permissions(Line, [("fly", true)]), "set its permissions before"),
        (|| acme().permissions(Line, [("fly", true), ("fly", false)]), "`fly` is given twice"),
        (|| acme().permissions("PIGEON", [("fly", true)]), "does not have PIGEON"),
        (|| acme().second_numbers(["+1", "+2", "+1"]), "+1 is in the pool twice"),
        (|| acme().pre_allocated_number("9", "+1"), "the pod has no user 9"),
        (|| acme().pre_allocated_number("1", "+1").pre_allocated_number("2", "+1"), "allocated to 1 already"),
        (|| acme().pre_allocated_number("1", "+1").pre_allocated_number("1", "+2"), "allocated to 1 already"),
        (
            || {
                acme()
                    .pre_allocated_number("1", "+1")
                    .advisor(SmsDirect, Entitlement::new(berta()).phone_number("+1"))
            },
            "the number +1 is allocated to 1",
        ),
        (
            || {
                acme()
                    .advisor(SmsDirect, Entitlement::new(berta()).phone_number("+1"))
                    .pre_allocated_number("1", "+1")
            },
            "another advisor holds the number +1",
        ),
        (|| acme().activated_number(""), "a phone number is empty"),
        (|| acme().unavailable_number("\n+1"), "has a control character"),
        (|| acme().accept_token(""), "a token is empty"),
        (|| Tenant::new(" "), "a tenant's key name is empty"),
        (|| acme().advisors(Line, 2, |_| person(0)), "makes people with the same id"),
        (
            || acme().advisors(SmsDirect, 2, |number| Entitlement::new(person(number)).phone_number("+1")),
            "makes people with the same id, e-mail address or phone number",
        ),
        (
            || {
                let calls = std::sync::atomic::AtomicUsize::new(0);
                acme().users(2, move |_| person(calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed)))
            },
            "makes another person of the number 0",
        ),
        (
            || {
                acme().advisors(Line, 2, |number| {
                    User::new((number + 1).to_string(), format!("{number}@x.example"), "X", "Y")
                })
            },
            "another user with the id 1",
        ),
    ];
    for (seed, expected) in cases {
        let message = refused(|| drop(seed()));
        assert!(message.contains(expected), "{message}\nshould contain: {expected}");
    }
}

#[test]
fn every_contradiction_of_a_builder_is_named() {
    type Seed = (fn() -> Builder, &'static str);
    let cases: &[Seed] = &[
        (|| Fake::builder().page_size(0), "at least 1"),
        (|| Fake::builder().accept_token(""), "a token is empty"),
        (
            || Fake::builder().tenant(acme()).tenant(acme()),
            "two tenants have the key name `plainly-fake-key`",
        ),
        (
            || Fake::builder().tenant(Tenant::new("a")).tenant(Tenant::new("a")),
            "two tenants have the key name `a`",
        ),
        (
            || Fake::builder().accept_token("t").tenant(Tenant::new("a").accept_token("t")),
            "two tenants accept the same token",
        ),
        (
            || Fake::builder().tenant(Tenant::new("a").accept_token("t")).accept_token("t"),
            "another tenant accepts the same token",
        ),
    ];
    for (seed, expected) in cases {
        let message = refused(|| drop(seed()));
        assert!(message.contains(expected), "{message}\nshould contain: {expected}");
    }
}

#[test]
fn the_same_user_again_is_fine_and_one_user_has_several_networks() {
    let with_number = |user: User| Entitlement::new(user).phone_number("+1");
    let tenant = acme()
        .user(ada())
        .advisor(Line, ada())
        .advisor(SmsDirect, with_number(ada()))
        .advisor(WhatsAppDirect, with_number(ada()).activated())
        .advisors(WhatsApp, 0, person)
        .advisors(Sms, 10, person)
        .user(person(3));
    let mut world = World::of(tenant);
    assert_eq!(ids(&world.get(&list("WHATSAPP-DIRECT"))), [ADA]);
    let read = world.get(&format!("{ONE}?externalNetwork=WHATSAPP-DIRECT&advisorSymphonyId=1"));
    assert_eq!(read["status"], "ENTITLED");
}

#[test]
fn debug_shows_nobody_and_no_token() {
    let tenant =
        acme().accept_token("a-token").advisor(SmsDirect, Entitlement::new(ada()).phone_number("+1 2"));
    let shown = format!("{tenant:?} {:?} {:?}", ada(), Entitlement::new(ada()).phone_number("+1 2"));
    let shown = format!("{shown} {:?}", Fake::builder().accept_token("a-token").tenant(acme()));
    for hidden in ["ada", "Ada", "+1 2", "a-token"] {
        assert!(!shown.contains(hidden), "{shown}");
    }
}
