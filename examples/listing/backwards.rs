//! Backwards from a page, as behind a button "previous".
//!
//! `cargo run --example listing_backwards --features fakes`
//!
//! Symphony's cursors go both ways. A page that was fetched by `send()` has the cursors of its
//! neighbours, and `before` gives a stream of the pages before it. It asks a local fake, so nothing leaves this
//! machine, and panics if anything is not as expected.

use std::error::Error;

use entitlements::{
    fakes::symphony::{Fake, Tenant, User},
    symphony::{ExternalNetwork, model::EntitledAdvisors},
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let people = ["ada", "berta", "carl", "dora", "emil", "frida", "gustav", "hedda"];
    let mut tenant = Tenant::default();
    for (number, name) in (1..).zip(people) {
        let user =
            User::new(format!("35177500141200{number}"), format!("{name}@acme.example"), name, "Example");
        tenant = tenant.advisor(ExternalNetwork::WhatsApp, user);
    }
    let fake = Fake::builder().tenant(tenant).page_size(3).start().await;
    let client = fake.client()?;
    let listing = || client.list_entitled_advisors(ExternalNetwork::WhatsApp);

    // Page by page to the last one, as somebody clicks "next".
    let mut page = listing().send().await?.into_inner();
    println!("next:     {}", names(&page).join(" "));
    while let Some(after) = cursors(&page).0 {
        page = listing().after(after).send().await?.into_inner();
        println!("next:     {}", names(&page).join(" "));
    }
    assert_eq!(names(&page), ["gustav", "hedda"]);

    // And back. The pages come in reverse, the advisors of each as the server sends them.
    let before = cursors(&page).1.ok_or("the last page has no page before it")?;
    let mut pages = listing().before(before).stream().pages();
    let mut back = Vec::new();
    while let Some(page) = pages.try_next().await? {
        let names: Vec<_> = page.items.into_iter().filter_map(|advisor| advisor.first_name).collect();
        println!("previous: {}", names.join(" "));
        back.push(names);
    }
    assert_eq!(back, [["dora", "emil", "frida"], ["ada", "berta", "carl"]]);
    println!("Everything was as expected.");
    Ok(())
}

fn names(page: &EntitledAdvisors) -> Vec<&str> {
    page.entitlements.iter().filter_map(|advisor| advisor.first_name.as_deref()).collect()
}

/// The cursors of the page after and the page before.
fn cursors(page: &EntitledAdvisors) -> (Option<String>, Option<String>) {
    let cursors = page.pagination.as_ref().and_then(|pagination| pagination.cursors.clone());
    cursors.map(|cursors| (cursors.after, cursors.before)).unwrap_or_default()
}
