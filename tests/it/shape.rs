//! What the types promise: clients can be shared, futures can be spawned, errors are small.

use entitlements::{
    Error, Pager, Response,
    auth::{Auth, StaticToken, UserTokens},
    connect::{self, ChannelState, Credential, Environment},
    crm_gateway,
    symphony::{self, Advisor, ExternalNetwork},
};

fn is_client<C: Clone + Send + Sync + std::fmt::Debug + 'static>(_: &C) {}

fn shared<T: Send + Sync + 'static>() {}

fn movable<T: Send + Unpin + 'static>() {}

fn can_be_spawned<F: Future + Send + 'static>(_: F) {}

fn token() -> StaticToken {
    StaticToken::new("not-a-real-token")
}

#[test]
fn clients_are_built_without_a_runtime_and_can_be_shared() {
    let symphony = symphony::Client::builder(symphony::PRODUCTION).auth(token()).build().expect("a client");
    let crm = crm_gateway::Client::builder("https://operator.example:8443")
        .auth(token())
        .build()
        .expect("a client");
    let app = connect::Client::builder(Environment::Norway).client_login("id", "not-a-real-secret").build();
    let app = app.expect("a client");
    let user = app.as_user(UserTokens::new("not-a-real-token"));
    is_client(&symphony);
    is_client(&crm);
    is_client(&app);
    is_client(&user);
    let shown = format!("{symphony:?} {crm:?} {app:?} {user:?}");
    assert!(!shown.contains("not-a-real"), "{shown}");
}

#[test]
fn every_future_can_be_spawned() {
    let symphony = symphony::Client::builder(symphony::UAT).auth(token()).build().expect("a client");
    let network = || ExternalNetwork::WhatsApp;
    let ada = || Advisor::email("ada@acme.example");
    can_be_spawned(symphony.list_entitlements().send());
    can_be_spawned(symphony.add_entitlement(network(), ada()).send());
    can_be_spawned(symphony.list_entitled_advisors(network()).send());
    can_be_spawned(symphony.list_entitled_advisors(network()).stream().try_collect::<Vec<_>>());
    can_be_spawned(symphony.get_advisor_entitlement(network(), ada()).send());
    can_be_spawned(symphony.remove_entitlement(network(), ada()).send());
    can_be_spawned(symphony.ensure_entitled(network(), ada()).send());
    can_be_spawned(symphony.ensure_removed(network(), ada()).send());
    can_be_spawned(symphony.request("GET", "/").send());

    let crm =
        crm_gateway::Client::builder("https://operator.example").auth(token()).build().expect("a client");
    can_be_spawned(crm.list_entitlements().send());
    can_be_spawned(crm.list_entitlements().count());
    can_be_spawned(crm.list_entitlements().stream().try_collect::<Vec<_>>());

    let app = connect::Client::builder(Environment::Test).auth(token()).build().expect("a client");
    let user = app.as_user(UserTokens::new("not-a-real-token"));
    can_be_spawned(user.list_global_permissions().send());
    can_be_spawned(user.list_enterprise_permissions("1").send());
    can_be_spawned(user.list_order_type_permissions("1", "2").send());
    can_be_spawned(user.change_enterprise_permissions("1").set("TM", ChannelState::None).send());
    can_be_spawned(user.change_order_type_permissions("1", "2").send());
    can_be_spawned(user.update_enterprise_permissions("1").send());
    can_be_spawned(user.update_order_type_permissions("1", "2").send());
    can_be_spawned(user.effective_permissions("1", "2").send());
    let shield = || app.shield(Credential::phone("+4712345678")).channel("DM");
    can_be_spawned(shield().enterprise("1").send());
    can_be_spawned(shield().order_type("1", "2").send());
}

#[test]
fn a_future_awaited_outside_tokio_says_so_and_does_not_panic() {
    let client = symphony::Client::builder("http://localhost:1").auth(token()).build().expect("a client");
    let mut call = Box::pin(client.list_entitlements().send());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match call.as_mut().poll(&mut context) {
        std::task::Poll::Ready(Err(error)) => assert!(error.to_string().contains("Tokio runtime"), "{error}"),
        other => panic!("expected an error at once, got {other:?}"),
    }
}

#[test]
fn the_public_types_can_cross_threads() {
    shared::<Error>();
    shared::<Auth>();
    shared::<Response<symphony::model::EntitledAdvisors>>();
    movable::<Pager<symphony::model::AdvisorEntitlement>>();
}
