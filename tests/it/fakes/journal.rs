//! The journal.

use entitlements::{
    Result,
    fakes::{
        Fault,
        symphony::{Call, Fake, Operation},
    },
    symphony::{Advisor, ExternalNetwork},
};

async fn used() -> Result<Fake> {
    let fake = Fake::builder().faults(Operation::ListEntitlements, Fault::status(503).then_normal());
    let fake = fake.start().await;
    fake.add_user("351775001412105", "ada@acme.example", "Ada", "Byron");
    let client = fake.client()?;
    client.list_entitlements().send().await?;
    let adding = client.add_entitlement("SMS-DIRECT", Advisor::email("ada@acme.example"));
    adding.phone_number("+1 234-567-8912").permissions(["create:room"]).send().await?;
    client
        .request("GET", "/api/v9/nothing")
        .query("who", "ada@acme.example")
        .send()
        .await
        .expect_err("unknown");
    Ok(fake)
}

#[tokio::test]
async fn requests_are_typed_and_counted() -> Result<()> {
    let fake = used().await?;
    let journal = fake.journal();
    assert_eq!(journal.total(), 4);
    assert_eq!(journal.count(Operation::ListEntitlements), 2);
    assert_eq!(journal.token_requests(), 0);
    assert_eq!(journal.max_concurrency(), None, "wiremock does not tell");
    let Some(Call::AddEntitlement {
        external_network, advisor_phone_number, permissions, symphony_id, ..
    }) = journal.calls_of(Operation::AddEntitlement).next()
    else {
        panic!("{journal}")
    };
    assert_eq!(*external_network, Some(ExternalNetwork::SmsDirect));
    assert_eq!(advisor_phone_number.as_ref().expect("sent"), "+1 234-567-8912");
    assert_eq!(permissions, &["create:room"]);
    assert_eq!(*symphony_id, None);
    let numbers: Vec<_> = journal.entries().map(|entry| entry.number).collect();
    assert_eq!(numbers, [1, 2, 3, 4]);
    Ok(())
}

#[tokio::test]
async fn what_is_printed_is_neither_secret_nor_personal() -> Result<()> {
    let fake = used().await?;
    let journal = fake.journal();
    let requests: Vec<_> = fake.received();
    for printed in
        [format!("{journal}"), format!("{journal:?}"), format!("{requests:?}"), format!("{fake:?}")]
    {
        for hidden in ["Bearer", "eyJ", "567-8912", "+1", "who=ada", "351775001412105"] {
            assert!(!printed.contains(hidden), "{hidden} in {printed}");
        }
    }
    let lines: Vec<_> = journal.to_string().lines().map(str::to_owned).collect();
    assert_eq!(lines[0], "  1 listEntitlements: ListEntitlements → 503, fault: status 503");
    assert!(lines[2].contains("advisor_email_address: Some([personal])"), "{}", lines[2]);
    assert!(lines[3].ends_with("→ 404"), "{}", lines[3]);
    Ok(())
}

fn failure(assertion: impl FnOnce() + std::panic::UnwindSafe) -> String {
    let panic = std::panic::catch_unwind(assertion).expect_err("a failed assertion");
    panic.downcast_ref::<String>().expect("a text").clone()
}

#[tokio::test]
async fn assertions_say_what_came_instead() -> Result<()> {
    let journal = used().await?.journal();
    journal.assert_count(Operation::ListEntitlements, 2);
    journal.assert_no_broken_rules();
    let came = "2 listEntitlements: ListEntitlements → 200";
    let copy = std::panic::AssertUnwindSafe(journal.clone());
    let text = failure(move || copy.assert_count(Operation::DeleteCustomerEntitlement, 1));
    assert!(text.starts_with("expected 1 × deleteCustomerEntitlement, but there were 0:"), "{text}");
    assert!(text.contains(came), "{text}");
    let copy = std::panic::AssertUnwindSafe(journal.clone());
    let text = failure(move || copy.assert_operations(&[Operation::ListEntitlements]));
    assert!(text.starts_with("expected listEntitlements, but there were:") && text.contains(came), "{text}");
    let copy = std::panic::AssertUnwindSafe(journal);
    let text = failure(move || copy.assert_calls(&[Call::ListEntitlements]));
    assert!(text.contains("[ListEntitlements]") && text.contains(came), "{text}");
    let text = failure(|| {
        futures_block(async {
            Fake::start().await.journal().assert_operations(&[Operation::AddEntitlement]);
        });
    });
    assert!(text.contains("(no requests)"), "{text}");
    Ok(())
}

fn futures_block(future: impl Future<Output = ()> + Send + 'static) {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let ended = std::thread::spawn(move || runtime().block_on(future)).join();
    if let Err(panic) = ended {
        std::panic::resume_unwind(panic);
    }
}

#[tokio::test]
async fn a_good_order_and_good_calls_pass() -> Result<()> {
    let fake = Fake::start().await;
    fake.journal().assert_operations(&[]);
    fake.client()?.list_entitlements().send().await?;
    fake.journal().assert_operations(&[Operation::ListEntitlements]);
    fake.journal().assert_calls(&[Call::ListEntitlements]);
    Ok(())
}

#[tokio::test]
async fn old_requests_make_room_and_counters_stay() -> Result<()> {
    let fake = Fake::builder().keep_requests(2).start().await;
    let client = fake.client()?;
    for _ in 0..5 {
        client.list_entitlements().send().await?;
    }
    let journal = fake.journal();
    assert_eq!((journal.total(), journal.entries().len()), (5, 2));
    assert_eq!(journal.entries().map(|entry| entry.number).collect::<Vec<_>>(), [4, 5]);
    journal.assert_count(Operation::ListEntitlements, 5);
    let text = failure(std::panic::AssertUnwindSafe(move || journal.assert_calls(&[Call::ListEntitlements])));
    assert!(text.contains("of 5 requests only 2 are kept"), "{text}");
    Ok(())
}

#[tokio::test]
async fn concurrency_is_counted_by_the_wire_listener() -> Result<()> {
    let slow = Fault::delay(std::time::Duration::from_millis(100)).always();
    let builder = Fake::builder().wire_listener(true).faults(Operation::ListEntitlements, slow);
    let fake = builder.start().await;
    let client = fake.client()?;
    let four = (0..4).map(|_| client.list_entitlements().send());
    for networks in futures_util::future::join_all(four).await {
        networks?;
    }
    assert_eq!(fake.journal().max_concurrency(), Some(4));
    Ok(())
}
