//! A progress bar over a listing whose pages are fetched side by side and ahead.
//!
//! `cargo run --example listing_progress --features fakes`
//!
//! The bar is drawn to a terminal only. It asks a local fake, so nothing leaves this machine, and panics if anything
//! is not as expected.

use std::{
    error::Error,
    io::{IsTerminal, stderr},
    time::{Duration, Instant},
};

use entitlements::fakes::{
    Fault,
    crm_gateway::{Fake, Operation},
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

const ENTITLEMENTS: usize = 400;
const PAGE_SIZE: u64 = 20;
/// How long the server takes for a page, and the loop below for one.
const A_PAGE: Duration = Duration::from_millis(40);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let entitlement =
        |number| json!({ "_id": format!("entitlement-{number:03}"), "productType": "THIRDPARTY" });
    let slow = Fault::delay(A_PAGE).always();
    let fake = Fake::builder()
        .seed(ENTITLEMENTS, entitlement)
        .faults(Operation::GetEntitlements, slow)
        .start()
        .await;

    // Four pages under way at once, and up to two more that wait for the loop.
    let mut entitlements =
        fake.client()?.list_entitlements().page_size(PAGE_SIZE).concurrency(4).stream().prefetch(2);
    let bar = progress_bar();
    let begun = Instant::now();
    while entitlements.try_next().await?.is_some() {
        if let Some(total) = entitlements.total() {
            bar.set_length(total);
        }
        bar.set_position(entitlements.items_so_far());
        bar.set_message(format!("page {}", entitlements.pages_so_far()));
        if entitlements.items_so_far().is_multiple_of(PAGE_SIZE) {
            // Work on the page that has just been read, while others are fetched.
            tokio::time::sleep(A_PAGE).await;
        }
    }
    bar.finish_and_clear();

    let (items, pages) = (entitlements.items_so_far(), entitlements.pages_so_far());
    println!("{items} entitlements on {pages} pages in {} ms.", begun.elapsed().as_millis());
    println!("Page after page, with the work in between, it would be {} ms.", (2 * A_PAGE * 20).as_millis());
    assert_eq!((items, pages, fake.list_requests()), (400, 20, 20));
    assert_eq!((entitlements.total(), bar.length(), bar.position()), (Some(400), Some(400), 400));
    println!("Everything was as expected.");
    Ok(())
}

fn progress_bar() -> ProgressBar {
    let target =
        if stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {msg}, {eta} left");
    // Without a length until the first page says how many there are.
    let bar = ProgressBar::with_draw_target(None, target);
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
