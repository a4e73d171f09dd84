//! One deadline for calls that take several requests, and places that nobody holds in vain.

use std::time::Duration;

use entitlements::{
    ErrorKind,
    connect::ChannelState,
    fakes::{
        Fault,
        connect::{self as connect_fake, CUSTOMER_A, ENTERPRISE, USER},
        symphony as symphony_fake,
    },
    symphony::{Advisor, ExternalNetwork},
    time::Clock,
};

use super::support::paused::Paused;

const HOUR: Duration = Duration::from_secs(3600);

fn late() -> Fault {
    Fault::delay(HOUR)
}

#[tokio::test(start_paused = true)]
async fn adding_and_reading_back_have_one_deadline_together() {
    use symphony_fake::{Fake, Operation};
    let builder = Fake::builder().clock(Paused).faults(Operation::AddEntitlement, late().always());
    let fake = builder.faults(Operation::GetCustomerEntitlement, late().always()).start_in_process();
    fake.add_user("351775001412105", "ada@acme.example", "Ada", "Byron");
    let client = fake.client().expect("a client");
    let ensure = client.ensure_entitled(ExternalNetwork::Line, Advisor::email("ada@acme.example"));
    let began = Paused.now();
    let ensure = ensure.with_timeout(Duration::from_secs(6)).with_deadline(Duration::from_secs(10));
    ensure.send().await.expect_err("too late");
    assert_eq!((Paused.now() - began).as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn waiting_for_an_earlier_update_counts_too() {
    use connect_fake::{Fake, Operation};
    let builder = Fake::builder().clock(Paused);
    let fake = builder.faults(Operation::ListEnterprisePermissions, late().always()).start_in_process();
    let user = fake.user_client(USER).expect("a client");
    let update = || user.update_enterprise_permissions(ENTERPRISE).set("TM", ChannelState::Shield);
    let began = Paused.now();
    let first = async { update().with_deadline(Duration::from_secs(60)).send().await.map(drop) };
    let second = async {
        let error =
            update().with_deadline(Duration::from_secs(2)).send().await.expect_err("behind the first");
        (error, Paused.now() - began)
    };
    let (first, (error, waited)) = tokio::join!(first, second);
    assert_eq!(first.expect_err("too late").kind(), ErrorKind::Timeout);
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 0));
    assert_eq!(error.operation(), Some("connect.change_enterprise_permissions"));
    assert_eq!(waited, Duration::from_secs(2));
}

#[tokio::test(start_paused = true)]
async fn a_login_that_hangs_takes_nobody_elses_place() {
    use connect_fake::{Fake, Operation};
    let builder = Fake::builder().clock(Paused).faults(Operation::Token, late().then_normal());
    let fake = builder.start_in_process();
    fake.set_state(CUSTOMER_A, None, None, "TM", "SHIELD");
    let app = fake.client().expect("a client");
    let expired = fake.log_in(USER);
    let fresh = app.as_user(fake.log_in(USER));
    let hanging = app.as_user(expired.expires_in(Duration::ZERO));
    let began = Paused.now();
    // More calls that log in than there are places.
    let logins =
        (0..100).map(|_| hanging.list_global_permissions().with_deadline(Duration::from_secs(30)).send());
    let read = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        fresh.list_global_permissions().send().await.expect("a place is free");
        Paused.now() - began
    };
    let (_, waited) = tokio::join!(futures_util::future::join_all(logins), read);
    assert_eq!(waited, Duration::from_secs(1));
}
