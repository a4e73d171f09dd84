//! "`totalRecords` used when present and not trusted; a short page ends a listing only where there
//! is no `totalRecords` (a server may cap `limit` silently: the pager goes on with the size the
//! server gives); de-duplication by `_id` with bounded memory."

use entitlements::ErrorKind;
use futures_util::StreamExt;

use super::*;

/// Seven entitlements and these totals, in pages of three: how many requests that takes.
#[tokio::test]
async fn whatever_the_total_says_all_are_delivered_and_no_page_is_asked_for_in_vain() {
    let table = [
        // A short page is the end.
        ("absent", Value::Null, 3),
        ("right", json!(7), 3),
        // Only a page without anything shows that it is wrong.
        ("one too large", json!(8), 4),
        ("too large", json!(100), 4),
        ("far too large", json!(i64::MAX), 4),
        // More than it says was seen, so it is not gone by any more.
        ("too small", json!(1), 3),
        ("too small in the second page", json!(4), 3),
        ("zero", json!(0), 3),
        ("negative", json!(-1), 3),
        ("the least", json!(i64::MIN), 3),
    ];
    for (name, total, expected) in table {
        let numbers: Vec<_> = (0..7).collect();
        let server = Server::start(move |asked| (200, page_of(&numbers, asked, &total))).await;
        for prefetch in [0, 1] {
            let before = server.count();
            let mut pager = crm_of(&server).list_entitlements().page_size(3).stream().prefetch(prefetch);
            assert_eq!(take(&mut pager, 7).await, ids(0..7), "{name}");
            assert!(pager.next().await.is_none(), "{name}");
            assert!(!pager.changed_while_reading(), "{name}");
            assert_eq!(server.count() - before, expected, "{name}");
        }
    }
}

#[tokio::test]
async fn a_total_that_is_no_number_of_the_documented_kind_is_an_error_and_not_an_end() {
    for total in [json!("many"), json!([7]), json!({"value": 7}), json!(true), json!(u64::MAX), json!(1e300)]
    {
        let told = total.clone();
        let server = Server::start(move |asked| (200, page_of(&[0, 1], asked, &told))).await;
        let mut pager = crm_of(&server).list_entitlements().stream();
        let error = pager.next().await.expect("an error").expect_err("no number");
        assert_eq!(error.kind(), ErrorKind::UnexpectedAnswer, "{total}");
        assert!(pager.next().await.is_none());
        assert_eq!((server.count(), pager.items_so_far()), (1, 0));
    }
}

#[tokio::test]
async fn a_total_in_other_spellings_is_used() {
    for total in [json!("7"), json!(7.0)] {
        let numbers: Vec<_> = (0..7).collect();
        let told = total.clone();
        let server = Server::start(move |asked| (200, page_of(&numbers, asked, &told))).await;
        let mut pager = crm_of(&server).list_entitlements().page_size(3).stream();
        assert_eq!(take(&mut pager, 7).await, ids(0..7), "{total}");
        assert!(pager.next().await.is_none(), "{total}");
    }
}

#[tokio::test]
async fn a_total_that_is_there_on_some_pages_only_is_no_reason_to_lose_anything() {
    for first in [true, false] {
        let numbers: Vec<_> = (0..7).collect();
        let server = Server::start(move |asked| {
            let has_total = (asked.number("page") == 1) == first;
            (200, page_of(&numbers, asked, &if has_total { json!(7) } else { Value::Null }))
        })
        .await;
        assert_eq!(
            rest(crm_of(&server).list_entitlements().page_size(3).stream()).await,
            ids(0..7),
            "{first}"
        );
        assert_eq!(server.count(), 3);
    }
}

/// A server that gives at most `cap` entitlements, whatever is asked for.
async fn capped(count: usize, cap: usize, has_total: bool) -> Server {
    Server::start(move |asked| {
        let size = cap.min(usize::try_from(asked.number("limit")).expect("a size"));
        let start = (usize::try_from(asked.number("page")).expect("a page") - 1) * size;
        let items: Vec<_> =
            (start..count.min(start + size)).map(|number| json!({"_id": id(number)})).collect();
        let total = if has_total { json!(count) } else { Value::Null };
        (200, with_total(json!({"resourceSet": items}), &total))
    })
    .await
}

#[tokio::test]
async fn a_cap_of_the_server_is_learnt_from_the_first_page() {
    let server = capped(11, 4, true).await;
    assert_eq!(rest(crm_of(&server).list_entitlements().page_size(100).stream()).await, ids(0..11));
    let asked: Vec<_> = server.seen().iter().map(|one| (one.number("page"), one.number("limit"))).collect();
    assert_eq!(asked, [(1, 100), (2, 4), (3, 4)], "the size that the server gives");
}

#[tokio::test]
async fn no_cap_loses_or_repeats_anything_side_by_side_ahead_or_resumed() {
    for cap in 1..=12 {
        for (concurrency, prefetch) in [(1, 0), (1, 2), (3, 0), (8, 1)] {
            let fake = gateway_with(11, |builder| builder.page_cap(cap));
            let client = fake.client().expect("a client");
            let listing = || client.list_entitlements().page_size(10).concurrency(concurrency);
            assert_eq!(rest(listing().stream().prefetch(prefetch)).await, ids(0..11), "{cap} {concurrency}");
            for taken in 0..=11 {
                let mut pager = listing().stream().prefetch(prefetch);
                take(&mut pager, taken).await;
                let cursor = through_text(&pager.cursor());
                drop(pager);
                let resumed = rest(listing().resume(cursor).stream().prefetch(prefetch)).await;
                assert_eq!(resumed, ids(taken..11), "{cap} {concurrency} behind {taken}");
            }
        }
    }
}

#[tokio::test]
async fn a_short_page_is_the_end_where_there_is_no_total_and_not_where_there_is_one() {
    for (has_total, expected) in [(true, 11), (false, 4)] {
        let server = capped(11, 4, has_total).await;
        assert_eq!(rest(crm_of(&server).list_entitlements().page_size(5).stream()).await, ids(0..expected));
    }
    // Not in the first page either, where the server has told no cap but dropped something.
    let server = Server::start(|asked| {
        let all: Vec<Value> = (0..7).map(|number| json!({"_id": id(number)})).collect();
        let page = usize::try_from(asked.number("page")).expect("a page");
        let mut items: Vec<_> = all.into_iter().skip((page - 1) * 3).take(3).collect();
        if page == 2 {
            items.remove(1);
        }
        (200, json!({"resourceSet": items, "totalRecords": 7}).to_string())
    })
    .await;
    let all = rest(crm_of(&server).list_entitlements().page_size(3).stream()).await;
    assert_eq!(all, ids([0, 1, 2, 3, 5, 6]));
}

#[tokio::test]
async fn a_page_larger_than_asked_for_loses_nothing() {
    // A server that does not know `limit` sends everything, or its own size.
    for size in [20, 5] {
        let server = Server::start(move |asked| {
            let start = (usize::try_from(asked.number("page")).expect("a page") - 1) * size;
            let items: Vec<_> =
                (start..17.min(start + size)).map(|number| json!({"_id": id(number)})).collect();
            (200, json!({"resourceSet": items, "totalRecords": 17}).to_string())
        })
        .await;
        for concurrency in [1, 3] {
            let listing = crm_of(&server).list_entitlements().page_size(2).concurrency(concurrency);
            assert_eq!(rest(listing.stream()).await, ids(0..17), "{size} {concurrency}");
        }
    }
}

#[tokio::test]
async fn a_server_that_does_not_know_the_page_number_is_an_error_and_each_item_comes_once() {
    for total in [Value::Null, json!(3), json!(100)] {
        for concurrency in [1, 3] {
            let told = total.clone();
            let server = Server::start(move |_| {
                let items: Vec<_> = (0..3).map(|number| json!({"_id": id(number)})).collect();
                (200, with_total(json!({"resourceSet": items}), &told))
            })
            .await;
            let listing = crm_of(&server).list_entitlements().page_size(3).concurrency(concurrency);
            let mut pager = listing.stream();
            assert_eq!(take(&mut pager, 3).await, ids(0..3), "{total}");
            match in_time(pager.next()).await {
                Some(Err(error)) => assert_eq!(error.kind(), ErrorKind::Pagination),
                Some(Ok(item)) => panic!("{} once more", item.name()),
                None => assert_eq!(total, json!(3), "without knowing that it is the end"),
            }
            assert!(pager.next().await.is_none());
            assert!(server.count() <= 10, "{}", server.count());
        }
    }
}

#[tokio::test]
async fn what_comes_again_on_the_next_page_is_delivered_once() {
    // Each page begins with the last item of the one before.
    let server = Server::start(|asked| {
        let page = usize::try_from(asked.number("page")).expect("a page");
        let start = (page - 1) * 2;
        let items: Vec<_> = (start..9.min(start + 3)).map(|number| json!({"_id": id(number)})).collect();
        (200, json!({"resourceSet": items}).to_string())
    })
    .await;
    for concurrency in [1, 4] {
        let mut pager = crm_of(&server).list_entitlements().page_size(3).concurrency(concurrency).stream();
        assert_eq!(take(&mut pager, 9).await, ids(0..9));
        assert!(pager.next().await.is_none());
        assert!(pager.changed_while_reading(), "an item came once more");
    }
}

#[tokio::test]
async fn items_without_an_id_are_all_delivered() {
    let server = Server::start(|asked| {
        let page = usize::try_from(asked.number("page")).expect("a page");
        let items: Vec<_> =
            (0..7).skip((page - 1) * 3).take(3).map(|_| json!({"status": "ACTIVE"})).collect();
        (200, json!({"resourceSet": items, "totalRecords": 7}).to_string())
    })
    .await;
    for (concurrency, prefetch) in [(1, 0), (3, 1)] {
        let listing = crm_of(&server).list_entitlements().page_size(3).concurrency(concurrency);
        let all: Vec<_> = in_time(listing.stream().prefetch(prefetch).collect()).await;
        assert_eq!(all.iter().filter(|item| item.is_ok()).count(), 7);
    }
}
