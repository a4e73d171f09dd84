//! "Limits on items mean no request that cannot be needed": exact numbers of requests.

use super::*;

/// Wanted items (`None` for all), page size, concurrency, and how many requests they take of a
/// gateway with 100 entitlements, with any prefetch.
const TABLE: [(Option<u64>, u64, usize, u64); 34] = [
    (Some(0), 10, 1, 0),
    (Some(0), 10, 4, 0),
    (Some(1), 10, 1, 1),
    (Some(1), 10, 4, 1),
    (Some(9), 10, 1, 1),
    // Limit 10 at page size 10: one request.
    (Some(10), 10, 1, 1),
    (Some(10), 10, 2, 1),
    (Some(10), 10, 8, 1),
    (Some(11), 10, 1, 2),
    (Some(11), 10, 8, 2),
    (Some(20), 10, 1, 2),
    (Some(20), 10, 3, 2),
    (Some(25), 10, 2, 3),
    (Some(30), 10, 2, 3),
    (Some(31), 10, 8, 4),
    (Some(99), 10, 1, 10),
    (Some(99), 10, 4, 10),
    (Some(100), 10, 1, 10),
    (Some(100), 10, 4, 10),
    (Some(101), 10, 1, 10),
    (Some(u64::MAX), 10, 3, 10),
    (Some(10), 1, 1, 10),
    (Some(10), 1, 4, 10),
    (Some(10), 100, 1, 1),
    (Some(10), 1000, 4, 1),
    (Some(7), 3, 1, 3),
    (Some(7), 3, 2, 3),
    (None, 10, 1, 10),
    (None, 10, 4, 10),
    (None, 10, 10, 10),
    (None, 33, 1, 4),
    (None, 33, 3, 4),
    (None, 100, 1, 1),
    (None, 1000, 1, 1),
];

#[tokio::test]
async fn a_listing_by_number_asks_for_no_page_that_cannot_be_needed() {
    for (wanted, size, concurrency, expected) in TABLE {
        for prefetch in [0, 1, 3, 20] {
            let fake = gateway(100);
            let client = fake.client().expect("a client");
            let mut pager = client.list_entitlements().page_size(size).concurrency(concurrency).stream();
            if let Some(wanted) = wanted {
                pager = pager.max_items(wanted);
            }
            let read = rest(pager.prefetch(prefetch)).await.len();
            settle().await;
            let case = format!("{wanted:?} in pages of {size}, {concurrency} at once, {prefetch} ahead");
            assert_eq!(fake.list_requests(), expected, "{case}");
            assert_eq!(read as u64, wanted.unwrap_or(100).min(100), "{case}");
        }
    }
}

#[tokio::test]
async fn a_listing_by_cursor_asks_for_no_page_that_cannot_be_needed() {
    // The size of a page is not known, so with prefetch more may be on their way.
    for (wanted, expected) in [(0, 0), (1, 1), (3, 1), (4, 2), (6, 2), (7, 3), (9, 3), (10, 4), (99, 4)] {
        let fake = pod(10, 3);
        let client = fake.client().expect("a client");
        let read = rest(client.list_entitled_advisors(NETWORK).stream().max_items(wanted)).await;
        assert_eq!((read.len() as u64, fake.journal().total()), (wanted.min(10), expected));
        for prefetch in [1, 3] {
            let fake = pod(10, 3);
            let client = fake.client().expect("a client");
            let read =
                rest(client.list_entitled_advisors(NETWORK).stream().prefetch(prefetch).max_items(wanted))
                    .await;
            settle().await;
            assert_eq!(read.len() as u64, wanted.min(10));
            assert_eq!(fake.journal().total(), expected, "{wanted} with {prefetch}");
        }
    }
}

#[tokio::test]
async fn a_limit_that_is_set_in_the_middle_holds_for_what_is_not_yet_asked_for() {
    let fake = gateway(100);
    let client = fake.client().expect("a client");
    let mut pager = client.list_entitlements().page_size(10).stream();
    take(&mut pager, 15).await;
    assert_eq!(rest(pager.max_items(5)).await, ids(15..20));
    assert_eq!(fake.list_requests(), 2);
}

#[tokio::test]
async fn a_limit_counts_anew_where_a_listing_is_resumed() {
    let fake = gateway(100);
    let client = fake.client().expect("a client");
    let listing = || client.list_entitlements().page_size(10);
    let mut pager = listing().stream().max_items(5);
    assert_eq!(take(&mut pager, 5).await, ids(0..5));
    assert!(pager.next().await.is_none());
    let cursor = through_text(&pager.cursor());
    let before = fake.list_requests();
    let mut resumed = listing().resume(cursor).stream().max_items(5);
    assert_eq!(take(&mut resumed, 5).await, ids(5..10));
    assert!(resumed.next().await.is_none());
    assert_eq!((fake.list_requests() - before, resumed.items_so_far()), (1, 10));
}
