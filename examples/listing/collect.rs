//! All of a listing at once, and its count without the listing.
//!
//! `cargo run --example listing_collect --features fakes`
//!
//! For a listing that fits into memory. It asks a local fake, so nothing leaves this machine, and panics if anything
//! is not as expected.

use std::error::Error;

use entitlements::{
    crm_gateway::{Filter, Sort, model::Entitlement},
    fakes::crm_gateway::{Fake, Operation},
};
use serde_json::json;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let fake = Fake::builder().seed(45, entitlement).start().await;
    let client = fake.client()?;
    let of_account = || Filter::third_party().and("accountId", "acc-1");

    let count = client.list_entitlements().filter(of_account()).count().await?;
    println!("acc-1 has {count} third-party entitlements, says one request that fetches none of them.");

    // Four pages. Filter, order and correlation id are the same on each.
    let listing = client.list_entitlements().filter(of_account()).sort(Sort::desc("created")).page_size(4);
    let latest_first: Vec<Entitlement> = listing.stream().try_collect().await?;
    for entitlement in &latest_first {
        let created = entitlement.created.as_deref().unwrap_or_default();
        println!("  {} {}", &created[..10], entitlement.product_id.as_deref().unwrap_or_default());
    }
    let dates: Vec<_> =
        latest_first.iter().filter_map(|entitlement| entitlement.created.as_deref()).collect();
    assert!(dates.is_sorted_by(|one, other| one >= other), "latest first: {dates:?}");
    assert_eq!(latest_first.len() as u64, count, "what was counted was listed");
    // The count is one, and fifteen entitlements are on four pages of four.
    fake.journal().assert_count(Operation::GetEntitlements, 1 + 4);
    println!("Everything was as expected.");
    Ok(())
}

fn entitlement(number: usize) -> serde_json::Value {
    json!({
        "_id": format!("entitlement-{number:02}"),
        "accountId": format!("acc-{}", number % 3),
        "productId": format!("product-{number:02}"),
        "productType": "THIRDPARTY",
        "created": format!("2026-01-{:02}T10:00:00Z", number % 28 + 1),
    })
}
