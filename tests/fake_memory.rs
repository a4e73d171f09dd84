//! Seeding by the hundred thousand costs no memory: a process of its own, so that nothing else counts.

use entitlements::{
    Result,
    connect::Credential,
    fakes::{connect, crm_gateway, symphony},
};
use serde_json::json;

const SEEDED: usize = 200_000;
const PAGES: u64 = 1_000;
/// Ten megabytes are promised. A request that keeps the buffer that it was read into comes close to that,
/// and half of it is far from what is needed.
const ALLOWED: u64 = 5 * 1024 * 1024;

/// The resident memory of this process in bytes; nothing where the system does not tell.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kibibytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kibibytes * 1024)
}

fn tenant() -> symphony::Tenant {
    symphony::Tenant::new(symphony::KEY_NAME)
}

/// An advisor by number; the addresses ascend as the numbers do.
fn advisor(number: usize) -> symphony::User {
    let id = format!("{}", 351_775_000_000_000_usize + number);
    symphony::User::new(id, format!("advisor-{number:06}@acme.example"), "Ada", format!("Byron {number}"))
}

async fn all_advisors(fake: &symphony::Fake) -> Result<usize> {
    let mut advisors = fake.client()?.list_entitled_advisors("WHATSAPP").stream();
    let mut count = 0;
    while advisors.try_next().await?.is_some() {
        count += 1;
    }
    Ok(count)
}

async fn all_entitlements(fake: &crm_gateway::Fake) -> Result<usize> {
    let mut entitlements = fake.client()?.list_entitlements().page_size(200).stream();
    let mut count = 0;
    while entitlements.try_next().await?.is_some() {
        count += 1;
    }
    Ok(count)
}

async fn symphony_fake(count: usize) -> symphony::Fake {
    let seed = tenant().advisors("WHATSAPP", count, advisor);
    symphony::Fake::builder().tenant(seed).page_size(200).wire_listener(true).start().await
}

async fn connect_fake(count: usize) -> connect::Fake {
    let customer = |number: usize| {
        connect::Customer::new(format!("{}", 10_000 + number)).credential(format!("+47901{number:05}"))
    };
    connect::Fake::builder().customers(count, customer).wire_listener(true).start().await
}

async fn crm_fake(count: usize) -> crm_gateway::Fake {
    let entitlement = |number: usize| json!({ "accountId": format!("account-{number}"), "status": "ACTIVE" });
    crm_gateway::Fake::builder().seed(count, entitlement).wire_listener(true).start().await
}

#[tokio::test]
async fn two_hundred_thousand_entitlements_take_half_of_ten_megabytes_at_most() -> Result<()> {
    // What any client and any fake need is there before it is measured.
    all_advisors(&symphony_fake(1_000).await).await?;
    all_entitlements(&crm_fake(1_000).await).await?;
    connect_fake(1_000).await.client()?;

    let before = resident();
    let symphony = symphony_fake(SEEDED).await;
    assert_eq!(all_advisors(&symphony).await?, SEEDED);
    assert_eq!(symphony.journal().total(), PAGES);
    assert_small("symphony", before);

    let before = resident();
    let crm = crm_fake(SEEDED).await;
    assert_eq!(all_entitlements(&crm).await?, SEEDED);
    assert_eq!(crm.journal().total(), PAGES);
    assert_small("crm_gateway", before);

    let before = resident();
    let connect = connect_fake(SEEDED).await;
    let by_phone = Credential::phone("+4790100777");
    let shield = connect.client()?.shield(by_phone).channel("DM").enterprise(connect::ENTERPRISE);
    assert_eq!(shield.send().await?.count, Some(1));
    assert_small("connect", before);
    Ok(())
}

#[track_caller]
fn assert_small(fake: &str, before: Option<u64>) {
    match (before, resident()) {
        (Some(before), Some(after)) => {
            let grown = after.saturating_sub(before);
            println!("{fake} has grown by {} KiB", grown / 1024);
            assert!(grown <= ALLOWED, "{fake} has grown by {grown} bytes");
        }
        // Only the counts can be shown then.
        _ => println!("this system does not tell how much memory a process has"),
    }
}
