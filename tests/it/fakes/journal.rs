//! The journal.

use entitlements::{
    Result,
    fakes::{
        Fault, connect, crm_gateway, keycloak,
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
        .request("GET", "/api/v9/users/ada%40acme.example")
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
        for hidden in ["Bearer", "eyJ", "567-8912", "+1", "ada@", "who=ada", "351775001412105"] {
            assert!(!printed.contains(hidden), "{hidden} in {printed}");
        }
    }
    let lines: Vec<_> = journal.to_string().lines().map(str::to_owned).collect();
    assert_eq!(lines[0], "  1 listEntitlements: ListEntitlements → 503, fault: status 503");
    assert!(lines[2].contains("advisor_email_address: Some([personal])"), "{}", lines[2]);
    assert!(lines[3].starts_with("  4 GET /admin/api/v9/users/…?who=… (headers: "), "{}", lines[3]);
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

/// A test outside of the crate can write the typed requests of every fake.
#[tokio::test]
async fn calls_with_parts_can_be_compared() -> Result<()> {
    let fake = Fake::start().await;
    let adding = fake.client()?.add_entitlement("SMS", Advisor::email("ada@acme.example"));
    adding.permissions(["create:room"]).send().await.expect_err("nobody has the address");
    let expected = |address: &str| Call::AddEntitlement {
        external_network: Some(ExternalNetwork::Sms),
        symphony_id: None,
        advisor_email_address: Some(address.into()),
        advisor_phone_number: None,
        federation_group_id: None,
        permissions: vec!["create:room".to_owned()],
    };
    fake.journal().assert_calls(&[expected("ada@acme.example")]);
    let journal = std::panic::AssertUnwindSafe(fake.journal());
    let text = failure(move || journal.assert_calls(&[expected("eve@acme.example")]));
    assert!(!text.contains("@acme.example"), "{text}");

    let crm = crm_gateway::Fake::start().await;
    let filter = entitlements::crm_gateway::Filter::eq("accountId", "account-1");
    let listing = crm.client()?.list_entitlements().filter(filter).limit(5);
    listing.with_correlation_id("correlation-1").send().await?;
    crm.journal().assert_calls(&[crm_gateway::Call::GetEntitlements {
        filter: Some(serde_json::json!({ "accountId": "account-1" }).into()),
        sort: Vec::new(),
        fields: crm_gateway::Fields::All,
        limit: Some(5),
        page: None,
        tenant: None,
        correlation_id: Some("correlation-1".to_owned()),
    }]);
    crm.keycloak().journal().assert_calls(&[keycloak::Call::Token {
        grant_type: Some("password".to_owned()),
        client_id: Some(keycloak::CLIENT_ID.to_owned()),
        username: Some(keycloak::USER.into()),
        scope: None,
    }]);

    let connect = connect::Fake::start().await;
    let user = connect.user_client(connect::USER)?;
    user.list_enterprise_permissions(connect::ENTERPRISE).send().await?;
    connect.journal().assert_calls(&[connect::Call::ListEnterprisePermissions {
        enterprise_code: connect::ENTERPRISE.to_owned(),
    }]);
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
    assert_eq!(Fake::builder().wire_listener(true).start().await.journal().max_concurrency(), Some(0));
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
