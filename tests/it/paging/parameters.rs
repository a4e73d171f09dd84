//! "A single-page `send()` that sends only what the caller set stays beside it. Request parameters
//! stay on every page, although Symphony's `next` drops them; all pages of a listing share one
//! correlation id."

use std::collections::HashSet;

use entitlements::{
    crm_gateway::{Filter, ListEntitlements, Sort},
    fakes::Request,
    symphony::ListEntitledAdvisors,
};

use super::*;

const ADVISORS: &str = "/admin/api/v1/customer/entitlements/externalNetwork/WHATSAPP/advisors";
const ENTITLEMENTS: &str = "/crm-gateway/v1/rmg/v1/entitlements";

#[tokio::test]
async fn one_page_of_advisors_is_asked_for_with_nothing_but_what_was_set() {
    type Set = fn(ListEntitledAdvisors) -> ListEntitledAdvisors;
    let table: [(&str, Set); 6] = [
        ("", |one| one),
        ("?listPermissions=true", |one| one.list_permissions(true)),
        ("?listPermissions=false", |one| one.list_permissions(false)),
        ("?after=a%2Bb%2Fc%3D%3D", |one| one.after("a+b/c==")),
        ("?before=a%2Bb%2Fc%3D%3D", |one| one.before("a+b/c==")),
        ("?after=a&listPermissions=true", |one| one.list_permissions(true).after("a")),
    ];
    for (query, set) in table {
        let server = Server::start(|_| (200, advisors_page([], Some("more")))).await;
        set(symphony_of(&server).list_entitled_advisors(NETWORK)).send().await.expect("a page");
        assert_eq!(server.lines(), [format!("GET {ADVISORS}{query} HTTP/1.1")]);
    }
}

#[tokio::test]
async fn one_page_of_entitlements_is_asked_for_with_nothing_but_what_was_set() {
    type Set = fn(ListEntitlements) -> ListEntitlements;
    let table: [(&str, Set); 9] = [
        ("", |one| one),
        ("?limit=5", |one| one.limit(5)),
        ("?limit=5&page=2", |one| one.limit(5).page(2)),
        ("?filter=%7B%22a%22%3A1%7D", |one| one.filter(Filter::eq("a", 1))),
        ("?sort=%7B%22a%22%3A1%7D", |one| one.sort(Sort::asc("a"))),
        ("?fields=a&fields=b", |one| one.fields(["a", "b"])),
        // What is for a stream says nothing about one page.
        ("", |one| one.page_size(7).concurrency(3)),
        ("", |one| one.not_found_is_empty().keep_sort_as_given()),
        ("?sort=%7B%22a%22%3A1%7D", |one| one.sort(Sort::asc("a").declared_total())),
    ];
    for (query, set) in table {
        let server = Server::start(|_| (200, r#"{"totalRecords":9,"resourceSet":[]}"#.to_owned())).await;
        set(crm_of(&server).list_entitlements()).send().await.expect("a page");
        assert_eq!(server.lines(), [format!("GET {ENTITLEMENTS}{query} HTTP/1.1")]);
    }
}

fn assert_advisors_asked(requests: &[Request], pages: usize) {
    assert_eq!(requests.len(), pages);
    for request in requests {
        assert_eq!(request.parameters("listPermissions"), ["true"], "{request:?}");
        assert_eq!(request.header("x-route"), Some("blue"));
    }
}

#[tokio::test]
async fn the_parameters_of_a_listing_by_cursor_stay_on_every_page() {
    for prefetch in [0, 2] {
        let fake = pod(7, 2);
        let client = fake.client().expect("a client");
        let listing =
            || client.list_entitled_advisors(NETWORK).list_permissions(true).with_header("x-route", "blue");
        let all: Vec<AdvisorEntitlement> =
            listing().stream().prefetch(prefetch).try_collect().await.expect("all");
        assert_eq!(names(&all), texts(0..7));
        assert!(all.iter().all(|advisor| !advisor.permissions.is_empty()), "on every page");
        assert_advisors_asked(&fake.received(), 4);
        assert_eq!(fake.received()[0].parameter("after"), None);

        // Resumed in the middle of the second page, which comes again.
        let mut pager = listing().stream();
        take(&mut pager, 3).await;
        let cursor = through_text(&pager.cursor());
        let before = fake.received().len();
        assert_eq!(rest(listing().resume(cursor).stream().prefetch(prefetch)).await, texts(3..7));
        assert_advisors_asked(&fake.received()[before..], 3);

        // Backwards from behind the second page.
        let second = fake.received()[2].parameter("after").expect("a cursor");
        let before = fake.received().len();
        let back = rest(listing().before(second).stream().prefetch(prefetch)).await;
        assert!(!back.is_empty());
        let requests = fake.received();
        assert_advisors_asked(&requests[before..], requests.len() - before);
        assert!(requests[before..].iter().all(|one| one.parameter("after").is_none()), "{requests:?}");
    }
}

fn assert_entitlements_asked(requests: &[Request], sizes: &str) {
    for request in requests {
        assert_eq!(request.parameter("filter").as_deref(), Some(r#"{"productType":"THIRDPARTY"}"#));
        assert_eq!(request.parameter("sort").as_deref(), Some(r#"{"status":-1,"_id":1}"#));
        assert_eq!(request.parameters("fields"), ["_id", "status"]);
        assert_eq!(request.parameter("limit").as_deref(), Some(sizes));
        assert_eq!(request.header("nv-tenant-id"), Some("north"));
        assert_eq!(request.header("x-route"), Some("blue"));
        assert_eq!(request.header("content-type"), Some("application/json"));
    }
}

fn correlation_ids(requests: &[Request]) -> HashSet<String> {
    requests.iter().map(|request| request.header("x-correlation-id").expect("an id").to_owned()).collect()
}

#[tokio::test]
async fn the_parameters_of_a_listing_by_number_and_its_correlation_id_stay_on_every_page() {
    for (prefetch, concurrency) in [(0, 1), (2, 1), (0, 3), (2, 3)] {
        let fake = gateway_with(0, |builder| builder.seed_tenant("north", 10, entitlement));
        let client = fake.client().expect("a client");
        let listing = || {
            let listing = client.list_entitlements().third_party().sort(Sort::desc("status"));
            let listing = listing.fields(["_id", "status"]).tenant("north").with_header("x-route", "blue");
            listing.page_size(2).concurrency(concurrency)
        };
        assert_eq!(rest(listing().stream().prefetch(prefetch)).await, ids(0..10));
        let requests = fake.received();
        assert_entitlements_asked(&requests, "2");
        assert_eq!(requests.len(), 5);
        let first = correlation_ids(&requests);
        assert_eq!(first.len(), 1, "one for all pages: {first:?}");

        let mut pager = listing().stream().prefetch(prefetch);
        take(&mut pager, 5).await;
        let cursor = through_text(&pager.cursor());
        drop(pager);
        // What was on its way in a task is let go.
        settle().await;
        let before = fake.received().len();
        // The cursor has the size of its pages.
        assert_eq!(rest(listing().page_size(7).resume(cursor).stream().prefetch(prefetch)).await, ids(5..10));
        let requests = fake.received();
        assert_entitlements_asked(&requests[before..], "2");
        let resumed = correlation_ids(&requests[before..]);
        assert_eq!(resumed.len(), 1, "one for all pages with {prefetch}, {concurrency}: {resumed:?}");
        assert!(first.is_disjoint(&resumed), "another listing, another id");
    }
}

#[tokio::test]
async fn a_correlation_id_of_the_caller_is_that_of_every_page_and_of_a_page_that_is_asked_for_again() {
    let fake = gateway(6);
    let client = fake.client().expect("a client");
    fake.reply_next(fakes::Reply::new(503));
    let listing = client.list_entitlements().page_size(2).with_correlation_id("flow-1").with_max_attempts(1);
    let mut pager = listing.stream();
    assert_eq!(pager.try_next().await.expect_err("down").correlation_id(), Some("flow-1"));
    assert_eq!(rest(pager).await, ids(0..6));
    assert_eq!(fake.received().len(), 4);
    assert_eq!(correlation_ids(&fake.received()), HashSet::from(["flow-1".to_owned()]));
}

#[tokio::test]
async fn two_streams_of_one_request_have_different_correlation_ids() {
    let fake = gateway(1);
    let request = fake.client().expect("a client").list_entitlements();
    rest(request.clone().stream()).await;
    rest(request.stream()).await;
    assert_eq!(correlation_ids(&fake.received()).len(), 2);
}
