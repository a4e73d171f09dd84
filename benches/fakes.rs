//! What the fakes cost: starting one, and a page far behind the first. Prints ratios:
//! `cargo bench --features fakes --bench fakes`.

use std::{
    future::Future,
    hint::black_box,
    time::{Duration, Instant},
};

use entitlements::{
    Result,
    fakes::{connect, crm_gateway, keycloak, symphony},
};
use serde_json::json;

const SEEDED: usize = 200_000;
const PAGE: usize = 200;
const ROUNDS: usize = 60;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    println!("start                      median");
    for wire in [false, true] {
        let server = if wire { "wire listener" } else { "wiremock" };
        let show = |fake: &str, median: Duration| println!("{fake:<12}{server:<15}{median:>9.2?}");
        show("symphony", start(|| symphony::Fake::builder().wire_listener(wire).start()).await);
        show("crm_gateway", start(|| crm_gateway::Fake::builder().wire_listener(wire).start()).await);
        show("connect", start(|| connect::Fake::builder().wire_listener(wire).start()).await);
        show("keycloak", start(|| keycloak::Fake::builder().wire_listener(wire).start()).await);
    }
    println!("\npage of {PAGE} of {SEEDED}    first      1000th     ratio");
    symphony_pages().await?;
    crm_pages().await
}

async fn start<F: Future>(fake: impl Fn() -> F) -> Duration {
    let mut times = Vec::new();
    for _ in 0..20 {
        let start = Instant::now();
        black_box(fake().await);
        times.push(start.elapsed());
    }
    median(times)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// The two kinds of page take turns, so that what else the machine does falls on both.
async fn compare<F: Future<Output = Result<usize>>>(name: &str, page: impl Fn(bool) -> F) -> Result<()> {
    let (mut first, mut last) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        for (is_last, times) in [(false, &mut first), (true, &mut last)] {
            let start = Instant::now();
            assert_eq!(page(is_last).await?, PAGE);
            times.push(start.elapsed());
        }
    }
    let (first, last) = (median(first), median(last));
    let ratio = last.as_secs_f64() / first.as_secs_f64();
    println!("{name:<22}{first:>9.2?}   {last:>9.2?}   {ratio:>6.2}");
    Ok(())
}

async fn symphony_pages() -> Result<()> {
    let advisor = |number: usize| {
        let id = format!("{}", 351_775_000_000_000_usize + number);
        symphony::User::new(id, format!("advisor-{number:06}@acme.example"), "Ada", "Byron")
    };
    let seed = symphony::Tenant::new(symphony::KEY_NAME).advisors("WHATSAPP", SEEDED, advisor);
    let fake = symphony::Fake::builder().tenant(seed).page_size(PAGE).wire_listener(true).start().await;
    let client = &fake.client()?;
    let mut cursor = String::new();
    for _ in 1..SEEDED / PAGE {
        let mut request = client.list_entitled_advisors("WHATSAPP");
        if !cursor.is_empty() {
            request = request.after(&cursor);
        }
        let page = request.send().await?;
        let after = page.pagination.as_ref().and_then(|paging| paging.cursors.as_ref()?.after.clone());
        cursor = after.expect("there is a next page");
    }
    let cursor = &cursor;
    compare("symphony", |is_last| async move {
        let request = client.list_entitled_advisors("WHATSAPP");
        let request = if is_last { request.after(cursor) } else { request };
        Ok(request.send().await?.entitlements.len())
    })
    .await
}

async fn crm_pages() -> Result<()> {
    let entitlement = |number: usize| json!({ "accountId": format!("account-{number}"), "status": "ACTIVE" });
    let builder = crm_gateway::Fake::builder().seed(SEEDED, entitlement).wire_listener(true);
    let fake = builder.start().await;
    let client = &fake.client()?;
    compare("crm_gateway", |is_last| async move {
        let (size, page) = (PAGE as u64, if is_last { (SEEDED / PAGE) as u64 } else { 1 });
        let page = client.list_entitlements().limit(size).page(page).send().await?;
        Ok(page.resource_set.len())
    })
    .await
}
