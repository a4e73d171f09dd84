//! A cursor between two processes: where a client goes on that takes it.

use std::fmt::Debug;

use entitlements::{
    Cursor, ErrorKind, Pager,
    auth::StaticToken,
    crm_gateway::{self, ListEntitlements, Sort, model::Entitlement},
    fakes,
    symphony::{self, ExternalNetwork, ListEntitledAdvisors, model::AdvisorEntitlement},
};
use serde_json::{Value, json};

use super::application::TOKEN;

pub(crate) const TENANT: &str = "operator-1";

pub(crate) async fn symphony_fake() -> fakes::symphony::Fake {
    let person = |number| {
        let (id, email) = (format!("35177500141210{number}"), format!("ada{number}@acme.example"));
        fakes::symphony::User::new(id, email, "Ada", "Byron")
    };
    let tenant = fakes::symphony::Tenant::new(fakes::symphony::KEY_NAME)
        .advisors(ExternalNetwork::WhatsApp, 9, person)
        .advisors(ExternalNetwork::WeChat, 0, person);
    fakes::symphony::Fake::builder().page_size(3).accept_token(TOKEN).tenant(tenant).start().await
}

pub(crate) async fn crm_fake() -> fakes::crm_gateway::Fake {
    let one = |number: usize| json!({ "_id": format!("ada-{number}"), "accountId": "acc-1", "productType": "THIRDPARTY" });
    let builder = fakes::crm_gateway::Fake::builder().accept_token(TOKEN);
    builder.seed(9, one).seed_tenant(TENANT, 9, one).seed_tenant("operator-2", 9, one).start().await
}

/// Each call is a process of its own: a client that knows nothing of the others.
pub(crate) fn advisors(base: &str) -> ListEntitledAdvisors {
    advisors_of(base, ExternalNetwork::WhatsApp)
}

pub(crate) fn advisors_of(base: &str, network: ExternalNetwork) -> ListEntitledAdvisors {
    let builder = symphony::Client::builder(base).auth(StaticToken::new(TOKEN)).no_proxy().max_attempts(1);
    builder.build().expect("a client").list_entitled_advisors(network)
}

pub(crate) fn entitlements(base: &str) -> ListEntitlements {
    let builder = crm_gateway::Client::builder(base).auth(StaticToken::new(TOKEN)).no_proxy().max_attempts(1);
    builder.build().expect("a client").list_entitlements().page_size(3)
}

/// What a process leaves behind that ends after so many items.
pub(crate) async fn kept<T: Debug + Send + Unpin + 'static>(mut pager: Pager<T>, items: u64) -> String {
    for _ in 0..items {
        pager.try_next().await.expect("a page").expect("an item");
    }
    assert_eq!(pager.cursor().items_so_far(), items);
    serde_json::to_string(&pager.cursor()).expect("JSON")
}

pub(crate) fn read(kept: &str) -> Cursor {
    serde_json::from_str(kept).expect("a cursor")
}

pub(crate) async fn rest(pager: Pager<AdvisorEntitlement>) -> Vec<String> {
    let all: Vec<_> = pager.try_collect().await.expect("lists");
    all.into_iter().filter_map(|advisor| advisor.email_address).collect()
}

pub(crate) async fn rest_of_entitlements(pager: Pager<Entitlement>) -> Vec<String> {
    let all: Vec<_> = pager.try_collect().await.expect("lists");
    all.into_iter().filter_map(|entitlement| entitlement.id).collect()
}

#[tokio::test]
async fn a_new_client_with_equal_settings_goes_on_with_the_next_advisor() {
    let fake = symphony_fake().await;
    let base = fake.base_url();
    let all = rest(advisors(&base).stream()).await;
    for items in 0..=9 {
        let kept = kept(advisors(&base).stream(), items).await;
        let expected = &all[usize::try_from(items).expect("small")..];
        for prefetch in [0, 2] {
            let resumed = advisors(&base).resume(read(&kept)).stream().prefetch(prefetch);
            assert_eq!(resumed.items_so_far(), items);
            assert_eq!(rest(resumed).await, expected, "after {items}, prefetch {prefetch}");
        }
        // What does not change which advisors come, or how they look.
        let same = advisors(&base).list_permissions(false).after("another place").with_max_attempts(2);
        assert_eq!(rest(same.resume(read(&kept)).stream()).await, expected);
    }
}

#[tokio::test]
async fn a_listing_backwards_goes_on_backwards() {
    let fake = symphony_fake().await;
    let base = fake.base_url();
    let last: Value = serde_json::from_str(&kept(advisors(&base).stream(), 6).await).expect("JSON");
    let from = last["place"]["page"]["after"].as_str().expect("a cursor");
    let backwards = || advisors(&base).before(from);
    let all = rest(backwards().stream()).await;
    let number = |n: usize| format!("ada{n}@acme.example");
    assert_eq!(all, [2, 3, 4, 0, 1].map(number), "page by page, each in the server's order");
    for items in 0..=5 {
        let kept = kept(backwards().stream(), items).await;
        let expected = &all[usize::try_from(items).expect("small")..];
        assert_eq!(rest(backwards().resume(read(&kept)).stream()).await, expected);
        if items > 0 {
            let without_start = advisors(&base).resume(read(&kept));
            assert_eq!(rest(without_start.stream()).await, expected, "the cursor knows its direction");
        }
    }
}

#[tokio::test]
async fn a_new_client_with_equal_settings_goes_on_with_the_next_entitlement() {
    let fake = crm_fake().await;
    let base = fake.uri();
    let all = rest_of_entitlements(entitlements(&base).stream()).await;
    for items in 0..=9 {
        let kept = kept(entitlements(&base).stream(), items).await;
        let expected = &all[usize::try_from(items).expect("small")..];
        for (concurrency, prefetch) in [(1, 0), (1, 2), (3, 0), (3, 2)] {
            let request = entitlements(&base).concurrency(concurrency).resume(read(&kept));
            let resumed = request.stream().prefetch(prefetch);
            assert_eq!(rest_of_entitlements(resumed).await, expected, "after {items}");
        }
        // The pages keep the size that they had; this one is for listings that begin.
        let same = entitlements(&base).page_size(4).sort(Sort::asc("_id")).with_correlation_id("another");
        assert_eq!(rest_of_entitlements(same.resume(read(&kept)).stream()).await, expected);
    }
}

/// Fetched again after a removal, a page backwards reaches further back, to an advisor whose turn
/// has not come.
#[tokio::test]
async fn a_listing_backwards_loses_nobody_when_somebody_who_was_delivered_goes_away() {
    for (gone, rest_of_page) in [(3, Some(5)), (4, Some(5)), (5, None)] {
        let fake = symphony_fake().await;
        let base = fake.base_url();
        let forwards: Value = serde_json::from_str(&kept(advisors(&base).stream(), 7).await).expect("JSON");
        // Behind the advisor 5 the second page ends, so the listing begins with 3, 4 and 5.
        let from = before_of_page_after(&base, &forwards).await;
        let kept = kept(advisors(&base).before(&from).stream(), 2).await;
        let id = format!("35177500141210{gone}");
        fake.tenant(fakes::symphony::KEY_NAME).remove_advisor(ExternalNetwork::WhatsApp, &id);
        let expected: Vec<_> =
            rest_of_page.into_iter().chain(0..=2).map(|n| format!("ada{n}@acme.example")).collect();
        let resumed = advisors(&base).before(&from).resume(read(&kept)).stream();
        assert_eq!(rest(resumed).await, expected, "without {gone}");
    }
}

/// The cursor before the first advisor of the page that a cursor names.
async fn before_of_page_after(base: &str, kept: &Value) -> String {
    let after = kept["place"]["page"]["after"].as_str().expect("a cursor");
    let page = advisors(base).after(after).send().await.expect("a page");
    let cursors = page.pagination.clone().and_then(|links| links.cursors);
    cursors.and_then(|cursors| cursors.before).expect("there are some before")
}

/// An addition between those that a cursor names is delivered late or not at all, and then others
/// after it must not come again because it takes the place of one of their names.
#[tokio::test]
async fn an_entitlement_that_is_added_among_the_last_ones_repeats_none_of_them() {
    let one = |number: usize| json!({ "_id": format!("{:04}", 10 * number), "accountId": "acc-1" });
    let builder = fakes::crm_gateway::Fake::builder().accept_token(TOKEN).seed(20, one);
    let fake = builder.start().await;
    let listing = || entitlements(&fake.uri()).page_size(20);
    let mut seen = Vec::new();
    let mut place: Option<String> = None;
    for added in [None, Some("0025"), Some("0000a"), Some("0105"), Some("0001")] {
        if let Some(id) = added {
            fake.add(json!({ "_id": id, "accountId": "acc-1" }));
        }
        let request = match &place {
            Some(kept) => listing().resume(read(kept)),
            None => listing(),
        };
        let mut pager = request.stream();
        for _ in 0..if added.is_none() { 9 } else { 3 } {
            let Some(entitlement) = pager.try_next().await.expect("a page") else { break };
            seen.extend(entitlement.id);
        }
        place = Some(serde_json::to_string(&pager.cursor()).expect("JSON"));
    }
    seen.extend(rest_of_entitlements(listing().resume(read(&place.expect("kept"))).stream()).await);
    let seeded: Vec<_> = seen.iter().filter(|id| id.len() == 4 && id.ends_with('0')).cloned().collect();
    let expected: Vec<_> = (0..20).map(|number| format!("{:04}", 10 * number)).collect();
    assert_eq!(seeded, expected, "of {seen:?}");
}

#[tokio::test]
async fn a_tenant_is_the_same_whether_the_client_or_the_request_names_it() {
    let fake = crm_fake().await;
    let kept = kept(entitlements(&fake.uri()).tenant(TENANT).stream(), 4).await;
    let builder = crm_gateway::Client::builder(fake.uri()).auth(StaticToken::new(TOKEN)).no_proxy();
    let client = builder.tenant(TENANT).build().expect("a client");
    let resumed = client.list_entitlements().resume(read(&kept)).stream();
    assert_eq!(rest_of_entitlements(resumed).await.len(), 5);
}

/// A cursor as an earlier process wrote it.
fn written_by(operation: &str, request: &str, page: &Value) -> Value {
    json!({
        "version": 1,
        "operation": operation,
        "request": request,
        "place": { "page": page, "offset": 2, "last": ["a", "b"], "strays": [], "items": 5, "pages": 1, "total": null },
    })
}

/// Nothing listens there, so a cursor that is taken leads to a request that is not sent.
const NOBODY: &str = "http://127.0.0.1:1";
const ADVISORS_THERE: &str = "275bc8dcdf9810a6";
const ENTITLEMENTS_THERE: &str = "66deadd05ff51cce";

#[tokio::test]
async fn cursors_of_earlier_builds_of_the_same_version_are_taken() {
    // If these change, cursors that are kept somewhere are worth nothing: then the version changes.
    let written = [
        written_by("symphony.list_entitled_advisors", ADVISORS_THERE, &json!({ "after": "Y3Vyc29y" })),
        written_by("symphony.list_entitled_advisors", ADVISORS_THERE, &json!({ "before": "Y3Vyc29y" })),
        written_by("symphony.list_entitled_advisors", ADVISORS_THERE, &json!("start")),
    ];
    for written in written {
        let cursor = serde_json::from_value(written).expect("a cursor");
        let mut pager = advisors(NOBODY).resume(cursor).stream();
        assert_eq!(pager.next().await.expect("an error").expect_err("nobody").kind(), ErrorKind::NotSent);
    }
    let page = json!({ "number": { "page": 3, "limit": 10 } });
    let written = written_by("crm_gateway.list_entitlements", ENTITLEMENTS_THERE, &page);
    let cursor = serde_json::from_value(written).expect("a cursor");
    let mut pager = entitlements(NOBODY).resume(cursor).stream();
    assert_eq!(pager.next().await.expect("an error").expect_err("nobody").kind(), ErrorKind::NotSent);
}

#[tokio::test]
async fn a_cursor_survives_the_formats_of_serde() {
    let (symphony, crm) = (symphony_fake().await, crm_fake().await);
    for items in [0, 1, 3, 5, 9] {
        for kept in [
            kept(advisors(&symphony.base_url()).stream(), items).await,
            kept(entitlements(&crm.uri()).stream(), items).await,
        ] {
            let cursor = read(&kept);
            let value = serde_json::to_value(&cursor).expect("a value");
            assert!(serde_json::from_value::<Cursor>(value).expect("a cursor") == cursor);
            let pretty = serde_json::to_vec_pretty(&cursor).expect("JSON");
            assert!(serde_json::from_slice::<Cursor>(&pretty).expect("a cursor") == cursor);
            let reader = serde_json::from_reader::<_, Cursor>(kept.as_bytes());
            assert!(reader.expect("a cursor") == cursor);
            let yaml = yaml_serde::to_string(&cursor).expect("YAML");
            assert!(yaml_serde::from_str::<Cursor>(&yaml).expect("a cursor") == cursor);
            assert!(kept.len() < 1_000, "small: {} bytes", kept.len());
        }
    }
}
