//! What clients share by one credential, and what two credentials never share.

use std::time::Duration;

use entitlements::{
    auth::{Auth, Keycloak, StaticToken},
    connect::{ChannelState, Environment, UserClient},
    crm_gateway::Client,
    fakes::{
        Fault, RateHeader,
        connect::{self, CUSTOMER_A, ENTERPRISE, USER},
        crm_gateway::{self, Operation},
        keycloak::{CLIENT_ID, PASSWORD, USER as OPERATOR},
    },
    time::TestClock,
};
use futures_util::future::{join, join_all};

const WAIT: Duration = Duration::from_secs(7);

fn login(fake: &crm_gateway::Fake) -> Auth {
    Keycloak::new(fake.keycloak().token_url()).client_id(CLIENT_ID).password(OPERATOR, PASSWORD).into()
}

fn client(fake: &crm_gateway::Fake, auth: &Auth, clock: &TestClock) -> Client {
    Client::builder(fake.uri())
        .auth(auth.clone())
        .clock(clock.clone())
        .max_attempts(1)
        .build()
        .expect("a client")
}

async fn read(client: &Client) -> entitlements::Result<()> {
    client.list_entitlements().limit(1).send().await.map(drop)
}

#[tokio::test]
async fn clients_of_one_credential_share_its_token_and_its_login() {
    let clock = TestClock::new();
    let fake = crm_gateway::Fake::builder().clock(clock.clone()).start().await;
    let auth = login(&fake);
    let (one, other) = (client(&fake, &auth, &clock), client(&fake, &auth, &clock));
    let calls = join_all((0..100).map(|number| read(if number % 2 == 0 { &one } else { &other })));
    assert!(calls.await.iter().all(Result::is_ok));
    assert_eq!(fake.keycloak().counts().logins, 1);
    assert_eq!((one.auth().status(), other.auth().status()), (auth.status(), auth.status()));
    one.log_out().await.expect("logged out");
    assert!(!other.auth().status().has_token);
}

#[tokio::test]
async fn tenants_share_neither_token_nor_login_nor_failure() {
    let clock = TestClock::new();
    let fake = crm_gateway::Fake::builder().clock(clock.clone()).start().await;
    let (one, other) = (client(&fake, &login(&fake), &clock), client(&fake, &login(&fake), &clock));
    let (first, second) = join(read(&one), read(&other)).await;
    first.and(second).expect("pages");
    assert_eq!(fake.keycloak().counts().logins, 2, "also with the same name and password");
    one.log_out().await.expect("logged out");
    assert!(other.auth().status().has_token);
    let locked: Auth =
        Keycloak::new(fake.keycloak().token_url()).client_id(CLIENT_ID).password(OPERATOR, "wrong").into();
    let locked = client(&fake, &locked, &clock);
    read(&locked).await.expect_err("refused");
    assert!(locked.auth().status().last_failure.is_some());
    read(&one).await.expect("another tenant's failure is not remembered here");
}

#[tokio::test]
async fn a_pause_holds_for_the_clients_of_a_credential_and_not_for_other_tenants() {
    let clock = TestClock::new();
    let fake = crm_gateway::Fake::builder().clock(clock.clone()).start().await;
    let auth = login(&fake);
    let (one, other) = (client(&fake, &auth, &clock), client(&fake, &auth, &clock));
    let stranger = client(&fake, &login(&fake), &clock);
    for client in [&one, &other, &stranger] {
        read(client).await.expect("a page");
    }
    let busy = Fault::too_many_requests(RateHeader::RetryAfter(WAIT)).times(1).then_normal();
    fake.faults(Operation::GetEntitlements, busy);
    read(&one).await.expect_err("too many calls");
    read(&stranger).await.expect("a page");
    assert_eq!(clock.elapsed(), Duration::ZERO, "another tenant waits for nothing");
    read(&other).await.expect("a page");
    assert_eq!(clock.elapsed(), WAIT, "the same credential waits");
}

fn user(fake: &connect::Fake, auth: &Auth) -> UserClient {
    let environment = Environment::custom(fake.api_url(), fake.login_url());
    UserClient::builder(environment).auth(auth.clone()).build().expect("a client")
}

#[tokio::test]
async fn updates_through_clients_of_one_credential_run_one_after_the_other() {
    let builder = connect::Fake::builder().replace_on_change(true);
    let fake = builder.accept_user_token("plainly-fake-token", USER).start().await;
    let auth = Auth::from(StaticToken::new("plainly-fake-token"));
    let clients = [user(&fake, &auth), user(&fake, &auth)];
    let channels = ["TM", "DM", "EM"];
    let update = |(number, channel): (usize, &&str)| {
        clients[number % 2]
            .update_enterprise_permissions(ENTERPRISE)
            .set(*channel, ChannelState::Shield)
            .send()
    };
    for outcome in join_all(channels.iter().enumerate().map(update)).await {
        outcome.expect("updated");
    }
    for channel in channels {
        assert_eq!(fake.state_of(CUSTOMER_A, Some(ENTERPRISE), None, channel), "SHIELD", "{channel}");
    }
}
