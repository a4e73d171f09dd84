//! Listings over all pages: what a caller of the public API sees, and what the servers see.

mod bad_items;
mod changes;
mod cursors;
mod failures;
mod hostile;
mod numbers;
mod parameters;
mod prefetch;
mod request_counts;
mod resume;
mod server;
mod side_by_side;
mod stream;
mod totals;

use entitlements::{
    Cursor, Error, Pager, Result,
    auth::StaticToken,
    crm_gateway::{self, model::Entitlement},
    fakes,
    symphony::{self, ExternalNetwork, model::AdvisorEntitlement},
    time::TestClock,
};
use serde_json::{Value, json};

use self::server::{Asked, Server, in_time};

const NETWORK: ExternalNetwork = ExternalNetwork::WhatsApp;
const TOKEN: &str = "not-a-real-token";

/// The `_id` of an entitlement; the order of the texts is that of the numbers.
fn id(number: usize) -> String {
    format!("e{number:05}")
}

fn ids(numbers: impl IntoIterator<Item = usize>) -> Vec<String> {
    numbers.into_iter().map(id).collect()
}

fn entitlement(number: usize) -> Value {
    json!({
        "_id": id(number),
        "accountId": format!("acc-{}", number % 3),
        "productType": "THIRDPARTY",
        "status": "ACTIVE",
    })
}

/// A gateway in process with so many entitlements.
fn gateway(count: usize) -> fakes::crm_gateway::Fake {
    gateway_with(count, |builder| builder)
}

fn gateway_with(
    count: usize,
    settings: impl FnOnce(fakes::crm_gateway::Builder) -> fakes::crm_gateway::Builder,
) -> fakes::crm_gateway::Fake {
    let builder = fakes::crm_gateway::Fake::builder().clock(TestClock::new()).seed(count, entitlement);
    settings(builder).start_in_process()
}

/// A pod in process with so many advisors on [`NETWORK`]; their Symphony ids are their numbers.
fn pod(count: usize, page_size: usize) -> fakes::symphony::Fake {
    let fake =
        fakes::symphony::Fake::builder().clock(TestClock::new()).page_size(page_size).start_in_process();
    for number in 0..count {
        fake.add_advisor(NETWORK, user(number));
    }
    fake
}

fn user(number: usize) -> fakes::symphony::User {
    let email = format!("user{number:03}@acme.example");
    fakes::symphony::User::new(number.to_string(), email, "User", number.to_string())
}

/// A client of a server that is no fake; it sends each request once.
fn crm_of(server: &Server) -> crm_gateway::Client {
    crm_gateway::Client::builder(server.uri())
        .auth(StaticToken::new(TOKEN))
        .clock(TestClock::new())
        .max_attempts(1)
        .build()
        .expect("a client")
}

fn symphony_of(server: &Server) -> symphony::Client {
    symphony::Client::builder(format!("{}/admin", server.uri()))
        .auth(StaticToken::new(TOKEN))
        .clock(TestClock::new())
        .max_attempts(1)
        .build()
        .expect("a client")
}

/// The page of these entitlements that was asked for, with this total.
fn page_of(numbers: &[usize], asked: &Asked, total: &Value) -> String {
    let (page, limit) = (asked.number("page"), asked.number("limit"));
    let start = usize::try_from((page - 1).saturating_mul(limit)).expect("a place");
    let limit = usize::try_from(limit).expect("a size");
    let items: Vec<_> =
        numbers.iter().skip(start).take(limit).map(|number| json!({"_id": id(*number)})).collect();
    with_total(json!({"resourceSet": items}), total)
}

/// `Null` stands for none.
fn with_total(mut page: Value, total: &Value) -> String {
    if !total.is_null() {
        page["totalRecords"] = total.clone();
    }
    page.to_string()
}

/// A page of advisors and where the next one is.
fn advisors_page(numbers: impl IntoIterator<Item = usize>, next: Option<&str>) -> String {
    let items: Vec<_> = numbers.into_iter().map(|number| json!({"symphonyId": number.to_string()})).collect();
    let next = next.map(|cursor| format!("?after={cursor}"));
    json!({"entitlements": items, "pagination": {"next": next}}).to_string()
}

/// What tells one item from another, for tests of both vendors.
trait Named: Send + Unpin + 'static {
    fn name(&self) -> String;
}

impl Named for Entitlement {
    fn name(&self) -> String {
        self.id.clone().expect("an id")
    }
}

impl Named for AdvisorEntitlement {
    fn name(&self) -> String {
        self.symphony_id.clone().expect("an id")
    }
}

fn names<T: Named>(items: &[T]) -> Vec<String> {
    items.iter().map(Named::name).collect()
}

/// The rest of a listing that goes well.
async fn rest<T: Named>(pager: Pager<T>) -> Vec<String> {
    let items: Vec<T> = in_time(pager.try_collect()).await.expect("a listing");
    names(&items)
}

/// The next so many items.
async fn take<T: Named>(pager: &mut Pager<T>, count: usize) -> Vec<String> {
    let mut taken = Vec::new();
    for _ in 0..count {
        let item = in_time(pager.try_next()).await.expect("an item").expect("not the end");
        taken.push(item.name());
    }
    taken
}

/// As by another process: a cursor goes through text.
fn through_text(cursor: &Cursor) -> Cursor {
    serde_json::from_str(&serde_json::to_string(cursor).expect("JSON")).expect("a cursor")
}

/// Lets everything run that can run without time passing.
async fn settle() {
    for _ in 0..500 {
        tokio::task::yield_now().await;
    }
}

/// The names of the first advisors.
fn texts(numbers: impl IntoIterator<Item = usize>) -> Vec<String> {
    numbers.into_iter().map(|number| number.to_string()).collect()
}

/// All that a listing gives: names, and errors in their places.
async fn all<T: Named>(pager: &mut Pager<T>) -> Vec<Result<String>> {
    let mut all = Vec::new();
    while let Some(item) = in_time(pager.next()).await {
        all.push(item.map(|item| item.name()));
        assert!(all.len() < 1000, "a loop that ignores errors ends");
    }
    all
}

fn good(all: &[Result<String>]) -> Vec<String> {
    all.iter().filter_map(|item| item.as_ref().ok().cloned()).collect()
}

fn bad(all: &[Result<String>]) -> Vec<&Error> {
    all.iter().filter_map(|item| item.as_ref().err()).collect()
}
