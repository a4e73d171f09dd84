//! "One pager type that is a `Stream` of items (`Send`, `Unpin`, `'static`) and has inherent `next`,
//! `try_next`, `try_collect`, `pages()`, `cursor()`, `prefetch(n)`, limits on items, progress."

use std::collections::VecDeque;

use entitlements::Pages;
use futures_util::{
    StreamExt, TryStreamExt,
    stream::{FusedStream, Stream},
};

use super::*;

#[test]
fn pager_and_pages_are_streams_that_can_be_sent_moved_kept_and_selected() {
    fn is_a_stream<S: Stream + FusedStream + Send + Unpin + 'static>() {}
    is_a_stream::<Pager<Entitlement>>();
    is_a_stream::<Pager<AdvisorEntitlement>>();
    is_a_stream::<Pages<Entitlement>>();
    is_a_stream::<Pages<AdvisorEntitlement>>();
}

/// Every way of reading gives the same.
async fn reads_alike<T: Named>(listing: impl Fn() -> Pager<T>, expected: &[String]) {
    let mut pager = listing();
    let mut by_next = Vec::new();
    while let Some(item) = pager.next().await {
        by_next.push(item.expect("an item").name());
    }
    assert_eq!(by_next, expected, "next");
    assert!(pager.next().await.is_none() && pager.is_terminated());

    let mut pager = listing();
    assert!(!pager.is_terminated());
    let mut by_try_next = Vec::new();
    while let Some(item) = pager.try_next().await.expect("an item") {
        by_try_next.push(item.name());
    }
    assert_eq!(by_try_next, expected, "try_next");
    assert!(pager.try_next().await.expect("the end").is_none());

    let queue: VecDeque<T> = listing().try_collect().await.expect("a listing");
    assert_eq!(queue.iter().map(Named::name).collect::<Vec<_>>(), expected, "try_collect");

    let by_stream: Vec<Result<T>> = StreamExt::collect(listing()).await;
    let by_stream: Vec<_> = by_stream.into_iter().map(|item| item.expect("an item").name()).collect();
    assert_eq!(by_stream, expected, "StreamExt::collect");

    let by_combinators = listing().map_ok(|item| item.name()).try_filter(|_| std::future::ready(true));
    let by_combinators: Vec<String> = TryStreamExt::try_collect(by_combinators).await.expect("a listing");
    assert_eq!(by_combinators, expected, "TryStreamExt");

    let two: Vec<_> = StreamExt::take(listing(), 2).collect().await;
    assert_eq!(two.len(), 2);

    let by_pages: Vec<_> =
        listing().pages().map_ok(|page| names(&page.items)).try_concat().await.expect("pages");
    assert_eq!(by_pages, expected, "pages");

    let pager = listing();
    let elsewhere = tokio::spawn(async move { pager.try_collect::<Vec<T>>().await });
    assert_eq!(names(&elsewhere.await.expect("a task").expect("a listing")), expected, "in another task");
}

#[tokio::test]
async fn a_listing_by_cursor_reads_the_same_in_every_way() {
    let fake = pod(8, 3);
    let client = fake.client().expect("a client");
    reads_alike(|| client.list_entitled_advisors(NETWORK).stream(), &texts(0..8)).await;
    reads_alike(|| client.list_entitled_advisors(NETWORK).stream().prefetch(2), &texts(0..8)).await;
}

#[tokio::test]
async fn a_listing_by_number_reads_the_same_in_every_way() {
    let fake = gateway(8);
    let client = fake.client().expect("a client");
    let listing = || client.list_entitlements().page_size(3);
    reads_alike(|| listing().stream(), &ids(0..8)).await;
    reads_alike(|| listing().stream().prefetch(2), &ids(0..8)).await;
    reads_alike(|| listing().concurrency(3).stream().prefetch(1), &ids(0..8)).await;
}

#[tokio::test]
async fn the_fake_that_is_served_reads_the_same() {
    let fake = fakes::crm_gateway::Fake::builder().seed(7, entitlement).start().await;
    let client = fake.client().expect("a client");
    let listing = || client.list_entitlements().page_size(2).concurrency(2).stream().prefetch(1);
    assert_eq!(rest(listing()).await, ids(0..7));
    let fake = fakes::symphony::Fake::builder().page_size(2).start().await;
    for number in 0..5 {
        fake.add_advisor(NETWORK, user(number));
    }
    let listing = fake.client().expect("a client").list_entitled_advisors(NETWORK);
    assert_eq!(rest(listing.stream().prefetch(1)).await, texts(0..5));
}

#[tokio::test]
async fn pages_begin_with_what_is_left_of_the_page_at_hand() {
    let fake = gateway(8);
    let client = fake.client().expect("a client");
    for prefetch in [0, 2] {
        let mut pager = client.list_entitlements().page_size(3).stream().prefetch(prefetch);
        assert_eq!(take(&mut pager, 1).await, ids(0..1));
        let mut by_page = pager.pages();
        for expected in [ids(1..3), ids(3..6), ids(6..8)] {
            let page = by_page.try_next().await.expect("a page").expect("not the end");
            assert_eq!((names(&page.items), page.errors.len(), page.total), (expected, 0, Some(8)));
        }
        assert!(by_page.try_next().await.expect("the end").is_none());
        assert!(by_page.is_terminated());
    }
}

#[tokio::test]
async fn progress_counts_what_was_delivered_and_tells_the_total_where_there_is_one() {
    for prefetch in [0, 3] {
        let fake = gateway(8);
        let client = fake.client().expect("a client");
        let mut pager = client.list_entitlements().page_size(3).stream().prefetch(prefetch);
        assert_eq!((pager.items_so_far(), pager.pages_so_far(), pager.total()), (0, 0, None));
        for (items, pages) in [(1, 1), (2, 1), (3, 1), (4, 2), (5, 2), (6, 2), (7, 3), (8, 3)] {
            take(&mut pager, 1).await;
            settle().await;
            assert_eq!((pager.items_so_far(), pager.pages_so_far(), pager.total()), (items, pages, Some(8)));
            assert_eq!(pager.cursor().items_so_far(), items);
        }
        assert!(pager.next().await.is_none());
        assert_eq!((pager.items_so_far(), pager.pages_so_far(), pager.total()), (8, 3, Some(8)));
        assert!(!pager.changed_while_reading());

        let fake = pod(4, 2);
        let client = fake.client().expect("a client");
        let mut pager = client.list_entitled_advisors(NETWORK).stream().prefetch(prefetch);
        for (items, pages) in [(1, 1), (2, 1), (3, 2), (4, 2)] {
            take(&mut pager, 1).await;
            assert_eq!((pager.items_so_far(), pager.pages_so_far(), pager.total()), (items, pages, None));
        }
    }
}

#[tokio::test]
async fn a_listing_ends_behind_as_many_items_as_were_wanted() {
    let fake = gateway(10);
    let client = fake.client().expect("a client");
    for wanted in 0..12_usize {
        for (prefetch, concurrency) in [(0, 1), (2, 1), (0, 3), (1, 2)] {
            let listing = client.list_entitlements().page_size(3).concurrency(concurrency);
            let mut pager = listing.stream().prefetch(prefetch).max_items(wanted as u64);
            let mut seen = Vec::new();
            while let Some(item) = pager.next().await {
                seen.push(item.expect("an item").name());
            }
            assert_eq!(seen, ids(0..wanted.min(10)), "{wanted} {prefetch} {concurrency}");
            assert!(pager.is_terminated());
        }
    }
}

#[tokio::test]
async fn the_first_limit_counts_and_a_limit_counts_from_where_it_is_set() {
    let fake = pod(10, 3);
    let client = fake.client().expect("a client");
    let listing = || client.list_entitled_advisors(NETWORK).stream();
    assert_eq!(rest(listing().max_items(5).max_items(2)).await, texts(0..2));
    assert_eq!(rest(listing().max_items(2).max_items(5)).await, texts(0..2));
    let mut pager = listing();
    take(&mut pager, 3).await;
    assert_eq!(rest(pager.max_items(4)).await, texts(3..7));
    let mut by_page = listing().max_items(4).pages();
    let first = by_page.try_next().await.expect("a page").expect("not the end");
    let second = by_page.try_next().await.expect("a page").expect("not the end");
    assert_eq!((first.items.len(), second.items.len()), (3, 1));
    assert!(by_page.next().await.is_none());
}

#[tokio::test]
async fn what_cannot_be_decoded_is_none_of_the_items_that_were_wanted() {
    let fake = gateway(0);
    for number in 0..3 {
        fake.add(entitlement(number));
    }
    fake.add_malformed("e00000x", json!(7));
    let client = fake.client().expect("a client");
    let items: Vec<_> = client.list_entitlements().page_size(10).stream().max_items(2).collect().await;
    let seen: Vec<_> = items.iter().map(|item| item.as_ref().ok().map(Named::name)).collect();
    assert_eq!(seen, [Some(id(0)), None, Some(id(1))]);
}
