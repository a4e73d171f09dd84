//! Not more of a listing than is needed: a limit, a loop that ends, and the rest later.
//!
//! `cargo run --example listing_stop_early --features fakes`
//!
//! It asks local fakes, so nothing leaves this machine, and panics if anything is not as expected.

use std::{error::Error, time::Duration};

use entitlements::{
    crm_gateway::model::Entitlement,
    fakes::{crm_gateway, symphony},
    symphony::ExternalNetwork,
};
use serde_json::json;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    a_limit().await?;
    the_rest_later().await?;
    a_loop_that_ends().await?;
    println!("Everything was as expected.");
    Ok(())
}

/// A limit that is known before: no page is asked for that cannot be needed.
async fn a_limit() -> Result<(), Box<dyn Error>> {
    let fake = crm_gateway::Fake::builder().seed(1000, entitlement).start().await;
    let listing = fake.client()?.list_entitlements().page_size(10).concurrency(4).stream().prefetch(3);
    let ten: Vec<Entitlement> = listing.max_items(10).try_collect().await?;
    println!("Of 1000 entitlements, {} took {} request.", ten.len(), fake.list_requests());
    assert_eq!((ten.len(), fake.list_requests()), (10, 1));
    Ok(())
}

/// The cursor stands behind the last item, also in the middle of a page.
async fn the_rest_later() -> Result<(), Box<dyn Error>> {
    let fake = crm_gateway::Fake::builder().seed(20, entitlement).start().await;
    let listing = || {
        let client = fake.client()?;
        Ok::<_, entitlements::Error>(client.list_entitlements().page_size(8))
    };
    let mut first = listing()?.stream().max_items(5);
    let mut ids = Vec::new();
    while let Some(entitlement) = first.try_next().await? {
        ids.extend(entitlement.id);
    }
    println!("Five entitlements now: {} to {} …", ids[0], ids[4]);
    let mut rest = listing()?.resume(first.cursor()).stream();
    while let Some(entitlement) = rest.try_next().await? {
        ids.extend(entitlement.id);
    }
    println!("  … and later the other {}, from {} on.", ids.len() - 5, ids[5]);
    assert_eq!(ids, (0..20).map(id).collect::<Vec<_>>());
    assert_eq!(rest.items_so_far(), 20);
    Ok(())
}

/// What is looked for decides when it is enough. Dropping the listing ends what is fetched ahead.
async fn a_loop_that_ends() -> Result<(), Box<dyn Error>> {
    let tenant = symphony::Tenant::default().advisors(ExternalNetwork::WhatsApp, 60, |number| {
        let (id, email) = (format!("3517750014{number:05}"), format!("advisor{number}@acme.example"));
        symphony::User::new(id, email, format!("Advisor {number}"), "Example")
    });
    let fake = symphony::Fake::builder().tenant(tenant).page_size(5).start().await;

    let mut advisors = fake.client()?.list_entitled_advisors(ExternalNetwork::WhatsApp).stream().prefetch(1);
    let found = loop {
        match advisors.try_next().await? {
            Some(advisor) if advisor.email_address.as_deref() == Some("advisor7@acme.example") => {
                break advisor;
            }
            Some(_) => {}
            None => return Err("nobody has this address".into()),
        }
    };
    assert_eq!(found.first_name.as_deref(), Some("Advisor 7"));
    drop(advisors);

    // A request that was on its way may still arrive.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let asked = fake.journal().count(symphony::Operation::ListEntitledAdvisors);
    println!(
        "Advisor 7 of 60 was on the second of 12 pages; {asked} pages were asked for, and then no more."
    );
    assert!((2..=3).contains(&asked), "asked for {asked} pages");
    Ok(())
}

fn id(number: usize) -> String {
    format!("entitlement-{number:04}")
}

fn entitlement(number: usize) -> serde_json::Value {
    json!({ "_id": id(number), "productType": "THIRDPARTY" })
}
