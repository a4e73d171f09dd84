//! A tour of the three APIs and of Keycloak, against local fakes: nothing leaves this machine.
//!
//! `cargo run --example tour --features fakes`
//!
//! It prints what it does and sees, and exits with an error if anything is not as expected.

use std::{collections::BTreeSet, error::Error, process::ExitCode, time::Duration};

use entitlements::{
    connect::{ChannelState, Credential},
    crm_gateway::{Filter, Sort},
    fakes::{Reply, connect, crm_gateway, symphony},
    symphony::{Advisor, ExternalNetwork},
    time::TestClock,
};
use serde_json::json;

type Outcome = Result<(), Box<dyn Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    for (title, outcome) in [
        ("Symphony: who may use which messenger", tour_symphony().await),
        ("CRM Gateway: which products an account has", tour_crm_gateway().await),
        ("Connect: over which channels a customer may be contacted", tour_connect().await),
    ] {
        if let Err(problem) = outcome {
            eprintln!("\n{title}: {problem}");
            return ExitCode::FAILURE;
        }
    }
    println!("\nEverything was as expected.");
    ExitCode::SUCCESS
}

/// Ends the tour unless what was seen is what should be.
fn expect<T: PartialEq + std::fmt::Debug>(what: &str, seen: &T, expected: &T) -> Outcome {
    if seen == expected {
        return Ok(());
    }
    Err(format!("{what}: expected {expected:?}, saw {seen:?}").into())
}

fn heading(text: &str) {
    println!("\n{text}\n{}", "-".repeat(text.len()));
}

async fn tour_symphony() -> Outcome {
    heading("Symphony: who may use which messenger");
    let fake = symphony::Fake::builder().page_size(3).start().await;
    let people = ["ada", "berta", "carl", "dora", "emil", "frida", "gustav", "hedda"];
    for (number, name) in (1..).zip(people) {
        fake.add_user(&format!("35177500141200{number}"), &format!("{name}@acme.example"), name, "Example");
    }
    let client = fake.client()?;

    let networks = client.list_entitlements().send().await?.into_inner().entitlements;
    let names: Vec<_> = networks.iter().map(ExternalNetwork::as_str).collect();
    println!("The tenant may hand out: {}", names.join(", "));
    expect("networks", &names.contains(&"WHATSAPP"), &true)?;

    for name in people {
        let advisor = Advisor::email(format!("{name}@acme.example"));
        client.ensure_entitled(ExternalNetwork::WhatsApp, advisor).send().await?;
    }
    println!("{} people are entitled for WHATSAPP.", people.len());

    let ada = || Advisor::email("ada@acme.example");
    let again = client
        .ensure_entitled(ExternalNetwork::WhatsApp, ada())
        .permissions(["create:room", "create:castle"])
        .send()
        .await?;
    println!("Entitling ada once more is harmless: she was entitled before = {}.", again.was_entitled());
    expect("ada was entitled", &again.was_entitled(), &true)?;
    let missing: Vec<_> = again.failed_permissions().iter().map(|failed| failed.name().to_owned()).collect();
    println!("  … and she lacks what was asked for: {}", missing.join(", "));
    expect("missing permissions", &missing, &vec!["create:castle".to_owned()])?;

    let sms = client
        .ensure_entitled(ExternalNetwork::SmsDirect, ada())
        .phone_number("+1 234-567-8912")
        .permissions(["admin:list-customers", "create:castle"])
        .send()
        .await?;
    for failed in sms.failed_permissions() {
        println!("For SMS-DIRECT, the permission {} was refused with {:?}.", failed.name(), failed.status());
    }
    expect("refused permissions", &sms.failed_permissions().len(), &1)?;

    let mut advisors =
        client.list_entitled_advisors(ExternalNetwork::WhatsApp).list_permissions(true).stream();
    let mut listed = BTreeSet::new();
    while let Some(advisor) = advisors.try_next().await? {
        let name = advisor.first_name.unwrap_or_default();
        println!("  {name:<7} {} permissions", advisor.permissions.len());
        expect("permissions of an advisor", &advisor.permissions.len(), &5)?;
        listed.insert(name);
    }
    println!("{} advisors on {} pages.", listed.len(), advisors.pages_so_far());
    expect("listed advisors", &listed, &people.iter().map(ToString::to_string).collect())?;
    expect("pages", &advisors.pages_so_far(), &3)?;

    let carl = || Advisor::id("351775001412003");
    let read = client.get_advisor_entitlement(ExternalNetwork::WhatsApp, carl()).send().await?;
    println!("carl, by his id: {:?}", read.status);
    client.remove_entitlement(ExternalNetwork::WhatsApp, carl()).send().await?;
    let gone = client.get_advisor_entitlement(ExternalNetwork::WhatsApp, carl()).send().await;
    let error = gone.err().ok_or("carl is still entitled")?;
    println!("Removed, and then: {error}");
    expect("carl is gone", &error.is_not_found(), &true)
}

async fn tour_crm_gateway() -> Outcome {
    heading("CRM Gateway: which products an account has");
    let clock = TestClock::new();
    let fake = crm_gateway::Fake::builder().clock(clock.clone()).start().await;
    fake.seed(40, |number| {
        json!({
            "_id": format!("entitlement-{number:02}"),
            "accountId": format!("acc-{}", number % 2),
            "productId": format!("product-{number:02}"),
            "productType": if number % 4 == 3 { "FREE" } else { "THIRDPARTY" },
            "status": "ACTIVE",
            "created": format!("2026-01-{:02}T10:00:00Z", number % 28 + 1),
        })
    });
    let client = fake.client()?;

    let wanted = Filter::third_party().and("accountId", "acc-0");
    let count = client.list_entitlements().filter(wanted.clone()).count().await?;
    println!("acc-0 has {count} third-party entitlements; latest first:");
    let listing = client.list_entitlements().filter(wanted).sort(Sort::desc("created").then_asc("productId"));
    let mut pages = listing.page_size(6).stream().pages();
    let (mut seen, mut ids, mut dates) = (0, BTreeSet::new(), Vec::new());
    while let Some(page) = pages.try_next().await? {
        seen += 1;
        let products: Vec<_> = page.items.iter().filter_map(|item| item.product_id.as_deref()).collect();
        println!("  page {seen}: {}", products.join(" "));
        ids.extend(page.items.iter().filter_map(|item| item.id.clone()));
        dates.extend(page.items.iter().filter_map(|item| item.created.clone()));
        clock.advance(Duration::from_secs(300));
        println!("  … five minutes pass, and the access token expires");
    }
    expect("pages", &seen, &4)?;
    expect("entitlements", &(ids.len() as u64), &count)?;
    expect("order", &dates.is_sorted_by(|one, other| one >= other), &true)?;
    let counts = fake.keycloak().counts();
    println!("Keycloak saw {} login and {} refreshes.", counts.logins, counts.refreshes);
    expect("logins", &counts.logins, &1)?;
    expect("refreshes", &counts.refreshes, &3)
}

async fn tour_connect() -> Outcome {
    heading("Connect: over which channels a customer may be contacted");
    let (enterprise, order_type) = ("468979834", "56235");
    let clock = TestClock::new();
    let fake = connect::Fake::builder().clock(clock.clone()).start().await;
    fake.add_customer("4711", &["+4798765432", "ada@acme.example"]);
    fake.add_user("ada.byron", Some("4711"));
    fake.set_state("4711", None, None, "TM", "SHIELD");
    fake.set_state("4711", Some(enterprise), None, "DM", "PERMISSION");
    fake.set_state("4711", Some(enterprise), Some(order_type), "EM", "PERMISSION");
    let app = fake.client()?;
    let ada = app.as_user(fake.log_in("ada.byron"));

    let effective = ada.effective_permissions(enterprise, order_type).send().await?;
    for (channel, found) in effective.channels() {
        let answer = if found.is_allowed() { "allowed" } else { "not allowed" };
        println!("  {channel}: {answer:<12} {:?}", found.states());
    }
    let allowed = ["TM", "DM", "EM"].map(|channel| effective.allows(channel));
    expect("allowed channels", &allowed, &[false, true, true])?;

    let level = ada.update_enterprise_permissions(enterprise).set("EM", ChannelState::Shield).send().await?;
    println!("A change: EM is now {}, and DM is still {}.", level.state("EM"), level.state("DM"));
    expect("EM", &level.state("EM"), &ChannelState::Shield)?;
    expect("DM", &level.state("DM"), &ChannelState::Permission)?;

    let by_phone =
        app.shield(Credential::phone("+47 987 65 432")).channel("DM").order_type(enterprise, order_type);
    let shielded = by_phone.send().await?;
    println!("A shield by phone number found {} customer.", shielded.count.unwrap_or_default());
    expect("shielded customers", &shielded.count, &Some(1))?;
    let effective = ada.effective_permissions(enterprise, order_type).send().await?;
    let allowed = ["TM", "DM", "EM"].map(|channel| effective.allows(channel));
    println!("After both, allowed: TM {}, DM {}, EM {}", allowed[0], allowed[1], allowed[2]);
    expect("allowed channels", &allowed, &[false, false, false])?;

    let before = clock.elapsed();
    fake.reply_next(Reply::new(429).with_header("x-ratelimit-reset", "17"));
    let level = ada.list_global_permissions().send().await?;
    let waited = clock.elapsed().saturating_sub(before).as_secs();
    println!(
        "Too many calls: waited {waited} s of virtual time, then attempt {} answered.",
        level.attempts()
    );
    expect("attempts", &level.attempts(), &2)?;
    expect("seconds waited", &waited, &17)
}
