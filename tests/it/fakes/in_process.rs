//! Clients whose other end is a fake's handler, without a socket.

use std::time::{Duration, Instant};

use entitlements::{
    ErrorKind, Result,
    fakes::{self, Fault},
    time::TestClock,
};

#[tokio::test]
async fn all_three_work_without_a_socket() -> Result<()> {
    let symphony = fakes::symphony::Fake::builder().start_in_process();
    assert_eq!(symphony.client()?.list_entitlements().send().await?.entitlements.len(), 5);

    let crm = fakes::crm_gateway::Fake::builder().start_in_process();
    crm.add(serde_json::json!({ "accountId": "account-1" }));
    assert_eq!(crm.client()?.list_entitlements().count().await?, 1);
    assert_eq!(crm.keycloak().journal().token_requests(), 1);

    let connect = fakes::connect::Fake::builder().start_in_process();
    let user = connect.user_client(fakes::connect::USER)?;
    user.list_global_permissions().send().await?;
    let by_phone = entitlements::connect::Credential::phone(fakes::connect::PHONE);
    let shield = connect.client()?.shield(by_phone).channel("DM").enterprise(fakes::connect::ENTERPRISE);
    assert_eq!(shield.send().await?.count, Some(2));
    assert_eq!(connect.counts().client_logins, 1);
    Ok(())
}

#[tokio::test]
async fn nothing_listens() {
    let fake = fakes::symphony::Fake::builder().start_in_process();
    let other = entitlements::symphony::Client::builder(fake.base_url())
        .auth(fake.signer().expect("a key"))
        .max_attempts(1)
        .build()
        .expect("a client");
    let error = other.list_entitlements().send().await.expect_err("by a socket nobody is there");
    assert_eq!(error.kind(), ErrorKind::NotSent);
}

#[tokio::test(start_paused = true)]
async fn every_fault_of_bytes_is_the_same_without_a_socket() -> Result<()> {
    use fakes::symphony::{Fake, Operation::ListEntitlements};
    let real = Instant::now();
    let hour = Duration::from_secs(3600);
    let kind = |fault: Fault, timeout| async move {
        let builder = Fake::builder().clock(TestClock::new()).faults(ListEntitlements, fault.always());
        let client = builder.start_in_process().client().expect("a client");
        let call =
            client.list_entitlements().with_max_attempts(1).with_timeout(timeout).with_deadline(hour * 9);
        call.send().await.map(|networks| networks.entitlements.len()).map_err(|error| error.kind())
    };
    assert_eq!(kind(Fault::reset(), hour).await, Err(ErrorKind::Server));
    assert_eq!(kind(Fault::truncated_body(5), hour).await, Err(ErrorKind::Server));
    // The head is some 120 bytes long, the whole answer 185.
    for bytes in [0, 50, 150] {
        for fault in [Fault::reset_after(bytes), Fault::closed_after(bytes).chunked()] {
            assert_eq!(kind(fault, hour).await, Err(ErrorKind::Server), "{bytes}");
        }
    }
    assert_eq!(kind(Fault::reset_after(300), hour).await, Ok(5));
    assert_eq!(kind(Fault::endless_body(), hour).await, Err(ErrorKind::UnexpectedAnswer));
    assert_eq!(kind(Fault::delay(hour), hour * 2).await, Ok(5));
    assert_eq!(kind(Fault::delay(hour), hour / 2).await, Err(ErrorKind::Timeout));
    assert_eq!(kind(Fault::slow_drip(1, hour / 100), hour * 2).await, Ok(5));
    assert_eq!(kind(Fault::slow_drip(1, hour / 10), hour).await, Err(ErrorKind::Timeout));
    assert!(real.elapsed() < Duration::from_secs(5), "{:?}", real.elapsed());
    Ok(())
}

#[tokio::test]
async fn concurrency_is_counted() -> Result<()> {
    let fake = fakes::symphony::Fake::builder().start_in_process();
    let client = fake.client()?;
    futures_util::future::join_all((0..7).map(|_| client.list_entitlements().send())).await;
    assert_eq!(fake.journal().max_concurrency(), Some(7));
    Ok(())
}
