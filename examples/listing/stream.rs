//! A listing item by item, in the memory of a page, with what can go wrong on the way: an item
//! that cannot be decoded, and a server that fails for longer than the call is repeated.
//!
//! `cargo run --example listing_stream --features fakes`
//!
//! It asks a local fake, so nothing leaves this machine, and panics if anything is not as expected.

use std::time::Duration;

use entitlements::{
    ErrorKind, Result,
    fakes::{
        Fault,
        crm_gateway::{Fake, Operation},
    },
    time::{Clock, TestClock},
};
use serde_json::json;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    // Waits take no time here.
    let clock = TestClock::new();
    let fake = Fake::builder().clock(clock.clone()).seed(20, entitlement).start().await;
    fake.add_malformed("entitlement-06-and-a-half", json!(["not", "an", "entitlement"]));
    // The first page arrives; then the server is down for as long as four attempts take.
    fake.faults(Operation::GetEntitlements, Fault::none().then(Fault::status(503).times(4).then_normal()));

    let mut entitlements = fake.client()?.list_entitlements().page_size(8).stream();
    let (mut seen, mut failed) = (Vec::new(), Vec::new());
    while let Some(item) = entitlements.next().await {
        match item {
            Ok(entitlement) => {
                let id = entitlement.id.unwrap_or_default();
                println!("  {id}");
                seen.push(id);
            }
            // The client has repeated the call already. The next turn asks for the same page again.
            Err(error) if error.is_transient() => {
                println!("  … a pause, because: {error}");
                // `tokio::time::sleep` in an application.
                clock.pause(error.retry_after().unwrap_or(Duration::from_secs(30))).await;
                failed.push(error.kind());
            }
            // One item that cannot be decoded: the error names page and place, and the rest
            // follows. After any other error the next turn is the end of the loop.
            Err(error) => {
                println!("  … without this one: {error}");
                failed.push(error.kind());
            }
        }
    }
    println!("{} entitlements on {} pages.", entitlements.items_so_far(), entitlements.pages_so_far());

    let all: Vec<_> = (0..20).map(id).collect();
    assert_eq!(seen, all, "each once and in order");
    assert_eq!(failed, [ErrorKind::UnexpectedAnswer, ErrorKind::Server]);
    fake.assert_faults_used();
    println!("Everything was as expected.");
    Ok(())
}

fn id(number: usize) -> String {
    format!("entitlement-{number:02}")
}

fn entitlement(number: usize) -> serde_json::Value {
    json!({ "_id": id(number), "productType": "THIRDPARTY" })
}
