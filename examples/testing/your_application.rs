//! An application and its tests, to copy and change. Put the application's part into your crate,
//! and the tests into a file below `tests/`.

/// The application: what a team would write on top of the clients.
mod roster {
    use entitlements::{
        Error, Result,
        connect::{self, Credential},
        crm_gateway::{self, EntitlementStatus, model::Entitlement},
        symphony::{self, Advisor, ExternalNetwork},
    };

    /// Entitles everybody on the list, and says who could not be.
    pub(crate) async fn entitle(symphony: &symphony::Client, emails: &[&str]) -> Vec<(String, Error)> {
        let mut failed = Vec::new();
        for email in emails {
            let advisor = Advisor::email(*email);
            let outcome = symphony.ensure_entitled(ExternalNetwork::WhatsApp, advisor).send().await;
            if let Err(error) = outcome {
                failed.push(((*email).to_owned(), error));
            }
        }
        failed
    }

    /// Counts the entitlements of all accounts that are in use.
    pub(crate) async fn in_use(crm: &crm_gateway::Client) -> Result<usize> {
        let all: Vec<Entitlement> =
            crm.list_entitlements().third_party().page_size(10).stream().try_collect().await?;
        Ok(all.iter().filter(|entitlement| is_in_use(entitlement)).count())
    }

    /// The rule of this application.
    pub(crate) fn is_in_use(entitlement: &Entitlement) -> bool {
        entitlement.status == Some(EntitlementStatus::Active)
    }

    /// Whoever objects to direct mail gets none any more.
    pub(crate) async fn object(connect: &connect::Client, phone: &str) -> Result<u64> {
        let shield = connect.shield(Credential::phone(phone)).channel("DM");
        let shielded = shield.enterprise("468979834").send().await?;
        Ok(shielded.count.and_then(|count| count.try_into().ok()).unwrap_or_default())
    }
}

use std::time::Duration;

use entitlements::{
    ErrorKind, Result,
    auth::StaticToken,
    crm_gateway::{EntitlementStatus, model::Entitlement},
    fakes::{self, Fault, RateHeader},
    symphony,
    time::TestClock,
};
use serde_json::json;

/// A fake keeps state, so a test reads as the situation that it is about.
#[tokio::test]
async fn everybody_is_entitled_and_who_is_not_is_named() -> Result<()> {
    let fake = fakes::symphony::Fake::start().await;
    fake.add_user("351775001412105", "ada@acme.example", "Ada", "Byron");

    let failed = roster::entitle(&fake.client()?, &["ada@acme.example", "nobody@acme.example"]).await;

    assert_eq!(fake.entitled("WHATSAPP"), 1);
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].0, "nobody@acme.example");
    assert_eq!(failed[0].1.kind(), ErrorKind::Rejected);
    Ok(())
}

/// A fault script makes the vendor fail where you want to see what your application does.
#[tokio::test]
async fn a_lost_answer_does_not_entitle_twice() -> Result<()> {
    use fakes::symphony::Operation::AddEntitlement;

    let lost = Fault::reset().after_change().then_normal();
    let fake = fakes::symphony::Fake::builder().faults(AddEntitlement, lost).start().await;
    fake.add_user("351775001412105", "ada@acme.example", "Ada", "Byron");

    assert!(roster::entitle(&fake.client()?, &["ada@acme.example"]).await.is_empty());

    assert_eq!(fake.entitled("WHATSAPP"), 1);
    fake.journal().assert_count(AddEntitlement, 1);
    Ok(())
}

/// With a clock of its own a test waits for nothing.
#[tokio::test]
async fn an_objection_waits_as_long_as_it_is_told_to() -> Result<()> {
    use fakes::connect::{Operation, PHONE};

    let clock = TestClock::new();
    let limited = Fault::too_many_requests(RateHeader::Reset(Duration::from_secs(30)));
    let fake = fakes::connect::Fake::builder()
        .clock(clock.clone())
        .faults(Operation::ShieldEnterpriseByCredential, limited.then_normal())
        .start()
        .await;

    let customers = roster::object(&fake.client()?, PHONE).await?;

    assert_eq!(customers, 2, "two customers share the number");
    assert!(clock.elapsed() >= Duration::from_secs(30));
    Ok(())
}

/// The journal says what was sent; its assertions show what came instead.
#[tokio::test]
async fn a_long_listing_needs_one_login() -> Result<()> {
    use fakes::crm_gateway::Operation::GetEntitlements;

    let fake = fakes::crm_gateway::Fake::start().await;
    for number in 0..25 {
        let status = if number < 20 { "ACTIVE" } else { "SUSPENDED" };
        fake.add(json!({ "productType": "THIRDPARTY", "status": status }));
    }

    assert_eq!(roster::in_use(&fake.client()?).await?, 20);

    fake.journal().assert_count(GetEntitlements, 3);
    assert_eq!(fake.keycloak().journal().token_requests(), 1);
    Ok(())
}

/// For a rule without I/O no fake is needed: models are made field by field.
#[test]
fn a_suspended_entitlement_is_not_in_use() {
    let mut entitlement = Entitlement::default();
    assert!(!roster::is_in_use(&entitlement));
    entitlement.status = Some(EntitlementStatus::Active);
    assert!(roster::is_in_use(&entitlement));

    let from_json = serde_json::from_value(json!({ "status": "SUSPENDED" }));
    let suspended: Entitlement = from_json.expect("any JSON object is an entitlement");
    assert!(!roster::is_in_use(&suspended));
}

/// An answer that no fake gives comes from wiremock itself.
#[tokio::test]
async fn a_page_in_maintenance_is_reported() -> Result<()> {
    use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

    let server = MockServer::start().await;
    let page = ResponseTemplate::new(200).set_body_string("<h1>Back at noon</h1>");
    Mock::given(any()).respond_with(page).mount(&server).await;
    let client = symphony::Client::builder(format!("{}/admin", server.uri()))
        .auth(StaticToken::new("plainly-fake-token"))
        .build()?;

    let failed = roster::entitle(&client, &["ada@acme.example"]).await;

    assert_eq!(failed.len(), 1);
    assert!(!format!("{:?}", failed[0].1).contains("noon"), "a server's text stays out of logs");
    Ok(())
}
