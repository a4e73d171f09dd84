//! Scripts, servers and privacy are the same for all four fakes.

use std::time::Duration;

use entitlements::{
    ErrorKind, Result,
    fakes::{Fault, connect, crm_gateway, keycloak, symphony},
    time::TestClock,
};

#[tokio::test]
async fn the_crm_gateway_and_its_keycloak_have_faults_of_their_own() -> Result<()> {
    use crm_gateway::{Fake, Operation::GetEntitlements};
    for fault in [
        Fault::status(503),
        Fault::html(502),
        Fault::reset(),
        Fault::reset().after_change(),
        Fault::truncated_body(3),
        Fault::expired_token(),
        Fault::revoked_token(),
    ] {
        let builder =
            Fake::builder().clock(TestClock::new()).faults(GetEntitlements, fault.clone().then_normal());
        let fake = builder.start().await;
        fake.add(serde_json::json!({ "accountId": "account-1" }));
        let page = fake.client()?.list_entitlements().send().await?;
        assert_eq!((page.attempts(), page.resource_set.len()), (2, 1), "{fault:?}");
        fake.assert_faults_used();
    }
    let keycloak =
        keycloak::Fake::builder().faults("token", Fault::status(503).then(Fault::reset()).then_normal());
    let fake = Fake::builder().keycloak(keycloak).start().await;
    fake.client()?.list_entitlements().send().await?;
    fake.keycloak().assert_faults_used();
    assert_eq!(fake.keycloak().journal().token_requests(), 3, "a login may be repeated");
    Ok(())
}

#[tokio::test]
async fn connect_and_its_login_have_faults_of_their_own() -> Result<()> {
    use connect::{ENTERPRISE, Fake, Operation, USER};
    for fault in [
        Fault::status(503),
        Fault::reset(),
        Fault::slow_drip(1, Duration::from_micros(10)),
        Fault::truncated_body(3),
        Fault::expired_token(),
    ] {
        let builder = Fake::builder().clock(TestClock::new());
        let fake =
            builder.faults(Operation::ListEnterprisePermissions, fault.clone().then_normal()).start().await;
        let level = fake.user_client(USER)?.list_enterprise_permissions(ENTERPRISE).send().await?;
        assert!(level.attempts() <= 2, "{fault:?}");
        fake.assert_faults_used();
    }
    let builder = Fake::builder().faults(Operation::Token, Fault::html(502).then_normal());
    let fake = builder.start().await;
    let by_phone = entitlements::connect::Credential::phone(connect::PHONE);
    fake.client()?.shield(by_phone).channel("DM").enterprise(ENTERPRISE).send().await?;
    assert_eq!(fake.journal().token_requests(), 2);
    Ok(())
}

#[test]
fn what_is_printed_of_a_builder_is_neither_secret_nor_personal() {
    const HIDDEN: &str = "plainly-hidden";
    let realm =
        || keycloak::Fake::builder().user("ada", HIDDEN, ["operatorRole"]).confidential_client("web", HIDDEN);
    let email = format!("{HIDDEN}@acme.example");
    let tenant = symphony::Tenant::default()
        .user(symphony::User::new("351775001412105", &email, HIDDEN, HIDDEN))
        .accept_token(HIDDEN);
    let login = connect::LoginClient::new("web", HIDDEN);
    for printed in [
        format!("{:?}", realm()),
        format!("{:?}", crm_gateway::Fake::builder().accept_token(HIDDEN).keycloak(realm())),
        format!("{:?}", symphony::Fake::builder().tenant(tenant)),
        format!("{:?}", connect::Fake::builder().customer("2001", &[&email]).login_client(login)),
    ] {
        assert!(!printed.contains(HIDDEN), "{printed}");
    }
    let reply = entitlements::fakes::Reply::json(500, &HIDDEN).with_header("authorization", HIDDEN);
    let printed =
        format!("{reply:?} {:?} {:?}", Fault::reply(reply.clone()), Fault::reply(reply.clone()).times(2));
    assert!(!printed.contains(HIDDEN), "{printed}");
}

/// What one fake does is not seen by another.
#[tokio::test]
async fn fakes_know_nothing_of_each_other() -> Result<()> {
    let (one, other) = (symphony::Fake::start().await, symphony::Fake::start().await);
    one.add_advisor("SMS", symphony::User::new("1", "ada@acme.example", "Ada", "Byron"));
    assert_eq!((one.entitled("SMS"), other.entitled("SMS")), (1, 0));
    let theirs = symphony::Fake::builder().tenant(symphony::Tenant::new("other-key")).start().await;
    let error = theirs
        .tenant("other-key")
        .client()?
        .get_advisor_entitlement("SMS", entitlements::symphony::Advisor::id("1"));
    assert_eq!(error.send().await.expect_err("another fake").kind(), ErrorKind::NotFound);
    Ok(())
}
