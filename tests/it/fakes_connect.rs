//! What a test author writes to seed the fake of Connect, and what happens where that is wrong.

use std::{
    cell::RefCell,
    panic::{self, AssertUnwindSafe},
    sync::Once,
};

use entitlements::{
    connect::{ChannelState, Credential},
    fakes::connect::{
        Builder, CLIENT_ID, CUSTOMER_A, Customer, ENTERPRISE, Fake, LoginClient, ORDER_TYPE, USER,
        USER_WITHOUT_CUSTOMER,
    },
};

const READERS: usize = 200_000;

/// Two readers of one household have the same phone number; every third is shielded.
fn reader(index: usize) -> Customer {
    let customer = Customer::new(format!("r{index:06}"))
        .credential(format!("reader{index}@customers.example"))
        .credential(format!("+4790{:06}", index / 2));
    if index.is_multiple_of(3) { customer.state(Some(ENTERPRISE), None, "TM", "SHIELD") } else { customer }
}

#[tokio::test]
async fn a_fake_is_complete_before_it_starts() {
    let fake = Fake::builder()
        .enterprise("FTOTT", &["1", "2"])
        .channel("SM")
        .customer("2001", &["+4798765432", "eve@customers.example"])
        .user("eve", Some("2001"))
        .state("2001", None, None, "TM", "SHIELD")
        .state("2001", Some("FTOTT"), Some("2"), "SM", "PERMISSION")
        .login_client(LoginClient::new("example.publisher.web", "plainly-fake").users(true))
        .redirect_uri("http://localhost:1/back")
        .accept_user_token("not-a-real-token", "eve")
        .start()
        .await;
    let eve = fake.user_client("eve").expect("a client");
    let level = eve.list_order_type_permissions("FTOTT", "2").send().await.expect("a level");
    assert_eq!(level.state("SM"), ChannelState::Permission);
    let level = eve.list_global_permissions().send().await.expect("a level");
    assert_eq!(level.state("TM"), ChannelState::Shield);
}

#[tokio::test]
async fn two_hundred_thousand_customers_are_made_as_they_are_asked_for() {
    let fake = Fake::builder()
        .customers(READERS, reader)
        .user("eve", Some("r000123"))
        .state("r199998", None, None, "DM", "SHIELD")
        .start()
        .await;
    let eve = fake.user_client("eve").expect("a client");
    let level = eve.list_enterprise_permissions(ENTERPRISE).send().await.expect("a level");
    assert_eq!(level.state("TM"), ChannelState::Shield, "as the customer was made");
    let change = eve.change_enterprise_permissions(ENTERPRISE).set("TM", ChannelState::None);
    change.send().await.expect("changed");
    assert_eq!(fake.state_of("r000123", Some(ENTERPRISE), None, "TM"), "NONE", "and not made anew");
    assert_eq!(fake.state_of("r000126", Some(ENTERPRISE), None, "TM"), "SHIELD", "another is as it was");

    let app = fake.client().expect("a client");
    let household = app.shield(Credential::phone("+4790099999")).channel("DM");
    let found = household.order_type(ENTERPRISE, ORDER_TYPE).send().await.expect("shielded");
    assert_eq!(found.count, Some(2), "both share the number");
    for (customer, state) in [("r199998", "SHIELD"), ("r199999", "SHIELD"), ("r199997", "NONE")] {
        assert_eq!(fake.state_of(customer, Some(ENTERPRISE), Some(ORDER_TYPE), "DM"), state, "{customer}");
    }
    fake.add_customers(2, |index| Customer::new(format!("late{index}")).credential("+4790099999"));
    let again = app.shield(Credential::phone("+4790099999")).channel("TM").enterprise(ENTERPRISE);
    assert_eq!(again.send().await.expect("shielded").count, Some(4));
}

#[tokio::test]
async fn a_raw_state_is_what_the_documents_do_not_have() {
    let fake = Fake::start().await;
    fake.set_raw_state(CUSTOMER_A, None, None, "XX", "PAUSED");
    fake.set_raw_state(CUSTOMER_A, None, None, "TM", "PERMISSION");
    let user = fake.user_client(USER).expect("a client");
    let level = user.list_global_permissions().send().await.expect("a level");
    assert_eq!(level.state("XX"), ChannelState::from("PAUSED"));
    assert_eq!(level.state("TM"), ChannelState::Permission);
    assert_eq!(fake.state_of(CUSTOMER_A, None, None, "XX"), "PAUSED");
}

#[tokio::test]
async fn an_external_identity_logs_a_user_in() {
    let partner = LoginClient::new("example.partner", "plainly-fake").external_identity(true);
    let fake = Fake::builder().login_client(partner).start().await;
    let code = fake.external_identity_code("example.partner", USER);
    assert_ne!(code, fake.external_identity_code("example.partner", USER));
    assert_eq!(fake.counts().external_exchanges, 0);
}

#[test]
fn nothing_secret_or_personal_is_shown() {
    let client = LoginClient::new("example.partner", "not-a-real-secret");
    let customer = Customer::new("4711").credential("ada@acme.example");
    let builder = Fake::builder()
        .customer("4711", &["ada@acme.example"])
        .login_client(client.clone())
        .accept_client_token("not-a-real-token");
    let shown = format!("{client:?} {customer:?} {builder:?}");
    for hidden in ["4711", "ada@", "not-a-real", "plainly-fake"] {
        assert!(!shown.contains(hidden), "{hidden}: {shown}");
    }
}

type BuilderSeed = Box<dyn FnOnce(Builder) -> Builder>;
type Seed<'a> = Box<dyn FnOnce() + 'a>;

thread_local! {
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// The text of a panic, which has to name this file as the place where the seed was written.
fn refusal(seed: impl FnOnce()) -> String {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let file = info.location().map(|place| place.file().to_owned());
            PLACE.set(file.unwrap_or_default());
            before(info);
        }));
    });
    let payload = panic::catch_unwind(AssertUnwindSafe(seed)).expect_err("the seed is wrong");
    assert_eq!(PLACE.take(), file!(), "the place where the test author wrote it");
    payload.downcast_ref::<String>().expect("a text").clone()
}

#[test]
fn a_builder_refuses_a_seed_that_contradicts_itself() {
    let one = |number: &str| Customer::new(number);
    let bad: Vec<(BuilderSeed, &str)> = vec![
        (Box::new(|it| it.customer("", &[])), "number must not be empty"),
        (Box::new(|it| it.customer("1", &["12345678"])), "`12345678` is neither"),
        (Box::new(|it| it.customer("1", &[""])), "`` is neither"),
        (Box::new(|it| it.user("", None)), "name of a user must not be empty"),
        (Box::new(|it| it.user("eve", Some("2001"))), "customer `2001` is not known; add the customer first"),
        (Box::new(|it| it.user(USER, None)), "user `ada` is known as another customer"),
        (Box::new(|it| it.user(USER_WITHOUT_CUSTOMER, Some(CUSTOMER_A))), "user `bob` is known as another"),
        (Box::new(|it| it.enterprise("", &[])), "code of an enterprise must not be empty"),
        (Box::new(|it| it.enterprise("1234567890123", &[])), "more than 12 characters"),
        (Box::new(|it| it.enterprise("1", &["2", ""])), "order type of the enterprise `1` has an empty code"),
        (Box::new(|it| it.channel("")), "code of a channel must not be empty"),
        (Box::new(|it| it.state("2001", None, None, "TM", "SHIELD")), "customer `2001` is not known"),
        (Box::new(|it| it.state(CUSTOMER_A, Some("1"), None, "TM", "NONE")), "enterprise `1` is not known"),
        (
            Box::new(|it| it.state(CUSTOMER_A, Some(ENTERPRISE), Some("1"), "TM", "NONE")),
            "has no order type `1`",
        ),
        (
            Box::new(|it| it.state(CUSTOMER_A, None, Some(ORDER_TYPE), "TM", "NONE")),
            "`56235` is given without its enterprise",
        ),
        (Box::new(|it| it.state(CUSTOMER_A, None, None, "XX", "NONE")), "channel `XX` is not known"),
        (Box::new(|it| it.state(CUSTOMER_A, None, None, "TM", "shield")), "`shield` is no state"),
        (Box::new(|it| it.state(CUSTOMER_A, None, None, "TM", "PERMISSION")), "global level has no"),
        (Box::new(|it| it.login_client(LoginClient::new("", "s"))), "id of a client must not be empty"),
        (Box::new(|it| it.login_client(LoginClient::new("i", ""))), "secret of a client must not be empty"),
        (Box::new(|it| it.login_client(LoginClient::new(CLIENT_ID, "s"))), "known with another secret"),
        (
            Box::new(|it| {
                it.login_client(LoginClient::new("i", "s"))
                    .login_client(LoginClient::new("i", "s").users(true))
            }),
            "`i` is known with other settings",
        ),
        (
            Box::new(|it| it.login_client(LoginClient::new("i", "s").scopes(Vec::<String>::new()))),
            "empty list of scopes",
        ),
        (Box::new(|it| it.login_client(LoginClient::new("i", "s").scopes(["a b"]))), "holds a blank"),
        (Box::new(|it| it.redirect_uri("/back")), "`/back` is no absolute URL"),
        (Box::new(|it| it.redirect_uri("https://app.example/#x")), "has a fragment"),
        (Box::new(|it| it.accept_user_token("t", "eve")), "user `eve` is not known"),
        (Box::new(|it| it.accept_client_token("")), "access token must not be empty"),
        (Box::new(|it| it.accept_client_token("t").accept_user_token("t", USER)), "somebody else already"),
        (Box::new(|it| it.limits(0, 1)), "limits of 0 per second"),
        (Box::new(|it| it.limits(1, 0)), "0 per minute"),
        (Box::new(|it| it.needed_scope("")), "is no scope"),
        (Box::new(move |it| it.customers(2, move |_| one("1"))), "indices 0 and 1 have the same number `1`"),
        (
            Box::new(move |it| it.customers(1, move |_| one(CUSTOMER_A))),
            "index 0: the number `1001` is taken",
        ),
        (Box::new(move |it| it.customers(1, move |_| one("1").credential("x"))), "index 0: `x` is neither"),
        (
            Box::new(move |it| it.customers(1, move |_| one("1").state(None, None, "TM", "PERMISSION"))),
            "index 0: the global level has no",
        ),
        (
            Box::new(move |it| {
                let twice =
                    move |_| one("1").state(None, None, "TM", "NONE").state(None, None, "TM", "SHIELD");
                it.customers(1, twice)
            }),
            "channel `TM` has two states on one level",
        ),
        (Box::new(move |it| it.customers(1_000_001, move |_| one("1"))), "1000001 customers are too many"),
    ];
    for (seed, expected) in bad {
        let text = refusal(|| drop(seed(Fake::builder())));
        assert!(text.contains(expected), "{expected}: {text}");
    }
}

#[tokio::test]
async fn a_running_fake_refuses_the_same_and_goes_on() {
    let fake = Fake::start().await;
    let bad: Vec<(Seed<'_>, &str)> = vec![
        (Box::new(|| fake.add_customer("1", &["x"])), "`x` is neither"),
        (Box::new(|| fake.add_customers(1, |_| Customer::new(""))), "index 0"),
        (Box::new(|| fake.add_user("eve", Some("1"))), "customer `1` is not known"),
        (Box::new(|| fake.add_enterprise("", &[])), "must not be empty"),
        (Box::new(|| fake.add_channel("")), "must not be empty"),
        (Box::new(|| fake.add_login_client(LoginClient::new(CLIENT_ID, "s"))), "another secret"),
        (Box::new(|| fake.add_redirect_uri("x")), "no absolute URL"),
        (Box::new(|| fake.set_state("1", None, None, "TM", "NONE")), "customer `1` is not known"),
        (Box::new(|| fake.set_raw_state("1", None, None, "TM", "NONE")), "customer `1` is not known"),
        (
            Box::new(|| fake.set_raw_state(CUSTOMER_A, Some("1"), None, "TM", "x")),
            "enterprise `1` is not known",
        ),
        (Box::new(|| drop(fake.state_of("1", None, None, "TM"))), "customer `1` is not known"),
        (Box::new(|| drop(fake.state_of(CUSTOMER_A, None, None, "XX"))), "channel `XX` is not known"),
        (Box::new(|| drop(fake.log_in("eve"))), "user `eve` is not known"),
        (Box::new(|| drop(fake.user_client("eve"))), "user `eve` is not known"),
        (Box::new(|| drop(fake.authorization_code("eve", "x"))), "user `eve` is not known"),
        (Box::new(|| drop(fake.external_identity_code("x", USER))), "client `x` is not known"),
        (Box::new(|| drop(fake.external_identity_code(CLIENT_ID, USER))), "has no external identity"),
    ];
    for (seed, expected) in bad {
        let text = refusal(seed);
        assert!(text.contains(expected), "{expected}: {text}");
    }
    fake.add_customer("1", &["+4790000000"]);
    fake.add_customer("1", &["one@customers.example"]);
    fake.add_user("eve", Some("1"));
    fake.add_user("eve", Some("1"));
    fake.add_enterprise(ENTERPRISE, &["7"]);
    fake.add_login_client(LoginClient::new("i", "s"));
    fake.add_login_client(LoginClient::new("i", "s"));
    let eve = fake.user_client("eve").expect("a client");
    eve.list_order_type_permissions(ENTERPRISE, "7")
        .send()
        .await
        .expect("the same again is no contradiction");
}
