//! Servers and kept cursors that mean no good: no panic, no hang, no requests without end, and
//! nothing twice.

use std::{
    collections::HashSet,
    sync::atomic::{AtomicUsize, Ordering},
};

use entitlements::ErrorKind;
use futures_util::StreamExt;

use super::*;

/// The most requests that a listing here may take before the server gives up.
const ENOUGH: usize = 1_000;

/// A server of entitlements that also gets the number of the request, and gives up at [`ENOUGH`].
async fn tireless(answer: impl Fn(usize, &Asked) -> Value + Send + Sync + 'static) -> Server {
    let count = AtomicUsize::new(0);
    Server::start(move |asked| {
        let number = count.fetch_add(1, Ordering::SeqCst);
        if number >= ENOUGH { (400, "{}".to_owned()) } else { (200, answer(number, asked).to_string()) }
    })
    .await
}

fn items(numbers: impl IntoIterator<Item = usize>) -> Vec<Value> {
    numbers.into_iter().map(|number| json!({"_id": id(number)})).collect()
}

/// Where the page that was asked for begins, and how long it may be.
fn place(asked: &Asked) -> (usize, usize) {
    let small = |name| usize::try_from(asked.number(name).min(1 << 20)).expect("small");
    ((small("page") - 1).saturating_mul(small("limit")), small("limit"))
}

/// What a listing gives until it is over; none of it twice.
async fn without_repeats<T: Named>(pager: Pager<T>) -> Vec<Result<String>> {
    let all: Vec<_> = in_time(pager.take(100_000).collect::<Vec<_>>()).await;
    let all: Vec<_> = all.into_iter().map(|item| item.map(|item| item.name())).collect();
    let mut seen = HashSet::new();
    assert!(all.iter().flatten().all(|name| seen.insert(name)), "nothing twice");
    all
}

fn good(all: &[Result<String>]) -> Vec<String> {
    all.iter().flatten().cloned().collect()
}

#[tokio::test]
async fn numbers_in_a_kept_cursor_can_be_anything() {
    let fake = gateway(20);
    let client = fake.client().expect("a client");
    let mut pager = client.list_entitlements().page_size(3).stream();
    take(&mut pager, 8).await;
    let good = serde_json::to_value(pager.cursor()).expect("JSON");
    let mut random = fastrand::Rng::with_seed(7);
    let numbers = [0, 1, 2, 7, 1 << 31, i64::MAX as u64, u64::MAX - 1, u64::MAX];
    for round in 0..150 {
        let mut cursor = good.clone();
        let place = &mut cursor["place"];
        for _ in 0..random.usize(1..4) {
            let number = json!(numbers[random.usize(..numbers.len())]);
            match random.usize(..6) {
                0 => place["page"]["number"]["page"] = number,
                1 => place["page"]["number"]["limit"] = number,
                2 => place["offset"] = number,
                3 => place["items"] = number,
                4 => place["pages"] = number,
                _ => place["total"] = number,
            }
        }
        if round % 5 == 0 {
            place["last"] = json!([]);
        }
        let shown = place.to_string();
        let kept: Cursor = serde_json::from_value(cursor).expect("a cursor");
        let before = fake.list_requests();
        let listing = client.list_entitlements().concurrency(random.usize(1..4)).resume(kept);
        let all = without_repeats(listing.stream().prefetch(random.usize(..3))).await;
        for error in all.iter().filter_map(|item| item.as_ref().err()) {
            assert!(
                matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Pagination),
                "{shown}: {error}"
            );
        }
        let requests = fake.list_requests() - before;
        assert!(requests < 400, "{requests} for {shown}");
    }
}

#[tokio::test]
async fn a_kept_cursor_of_advisors_can_hold_anything() {
    let fake = pod(10, 3);
    let client = fake.client().expect("a client");
    let mut pager = client.list_entitled_advisors(NETWORK).stream();
    take(&mut pager, 5).await;
    let good = serde_json::to_value(pager.cursor()).expect("JSON");
    for (part, value) in [
        ("offset", json!(u64::MAX)),
        ("items", json!(u64::MAX)),
        ("pages", json!(u64::MAX)),
        ("total", json!(u64::MAX)),
        ("last", json!(vec!["x"; 1000])),
        ("page", json!("start")),
        ("page", json!({"after": "x\r\ny: z"})),
        ("page", json!({"before": "ø\u{0}"})),
        ("page", json!({"after": ""})),
        ("page", json!({"number": {"page": 1, "limit": 3}})),
    ] {
        for prefetch in [0, 2] {
            let mut cursor = good.clone();
            cursor["place"][part] = value.clone();
            let kept: Cursor = serde_json::from_value(cursor).expect("a cursor");
            let before = fake.journal().total();
            let listing = client.list_entitled_advisors(NETWORK).resume(kept).stream().prefetch(prefetch);
            without_repeats(listing).await;
            assert!(fake.journal().total() - before <= 5, "{part}: {value}");
        }
    }
}

#[tokio::test]
async fn ids_of_a_megabyte_are_ids() {
    let long = |number: usize| format!("{number}{}", "x".repeat(1 << 20));
    let server = tireless(move |_, asked| {
        let (start, size) = place(asked);
        let items: Vec<_> =
            (0..6).skip(start).take(size).map(|number| json!({"_id": long(number)})).collect();
        json!({"resourceSet": items, "totalRecords": 6})
    })
    .await;
    let listing = || crm_of(&server).list_entitlements().page_size(2);
    let mut pager = listing().stream().prefetch(1);
    assert_eq!(take(&mut pager, 3).await, [long(0), long(1), long(2)]);
    let cursor = through_text(&pager.cursor());
    assert_eq!(rest(listing().resume(cursor).stream()).await, [long(3), long(4), long(5)]);
}

#[tokio::test]
async fn empty_ids_tell_nothing_apart() {
    for total in [json!(7), Value::Null] {
        let told = total.clone();
        let server = tireless(move |_, asked| {
            let (start, size) = place(asked);
            let items: Vec<_> =
                (0..7).skip(start).take(size).map(|_| json!({"_id": "", "status": "ACTIVE"})).collect();
            json!({"resourceSet": items, "totalRecords": told})
        })
        .await;
        let all: Vec<_> = in_time(crm_of(&server).list_entitlements().page_size(3).stream().collect()).await;
        assert_eq!(all.iter().filter(|item| item.is_ok()).count(), 7, "total {total}");
    }
}

#[tokio::test]
async fn cursors_of_any_length_and_kind_are_sent_as_one_encoded_value() {
    let long = "x".repeat(6_000);
    let cases = [long.as_str(), "a\r\nX-Evil: 1", "a&before=b", "ø\u{0}#?", " ", "../../x", "a b"];
    for bare in cases {
        let sent = bare.to_owned();
        let server = Server::start(move |asked| {
            let is_first = asked.parameter("after").is_none();
            let links = json!({"next": "?", "cursors": {"after": sent}});
            (200, if is_first { json!({"pagination": links}).to_string() } else { advisors_page([1], None) })
        })
        .await;
        assert_eq!(rest(symphony_of(&server).list_entitled_advisors(NETWORK).stream()).await, ["1"]);
        let seen = server.seen();
        assert_eq!((seen.len(), seen[1].parameter("after").as_deref()), (2, Some(bare)));
        assert_eq!((seen[1].header("x-evil"), seen[1].parameter("before")), (None, None));
    }
}

#[tokio::test]
async fn thousands_of_empty_pages_end_where_the_server_ends_them() {
    let server = Server::start(|asked| {
        let page: usize = asked.parameter("after").map_or(0, |cursor| cursor.parse().expect("a number"));
        let next = (page + 1).to_string();
        (200, if page == 2_000 { advisors_page([7], None) } else { advisors_page([], Some(&next)) })
    })
    .await;
    let listing = symphony_of(&server).list_entitled_advisors(NETWORK);
    assert_eq!(rest(listing.stream().prefetch(1)).await, ["7"]);
    assert_eq!(server.count(), 2_001);
}

#[tokio::test]
async fn a_server_with_another_page_size_each_time_loses_and_repeats_nothing() {
    const SIZES: [usize; 5] = [3, 7, 1, 4, 2];
    for concurrency in [1, 3] {
        // Fewer than asked for, from where they were asked for.
        let server = tireless(|number, asked| {
            let (start, size) = place(asked);
            let end = 60.min(start + size.min(SIZES[number % 5]));
            json!({"resourceSet": items(start.min(end)..end), "totalRecords": 60})
        })
        .await;
        let listing = crm_of(&server).list_entitlements().page_size(10).concurrency(concurrency);
        assert_eq!(good(&without_repeats(listing.stream()).await), ids(0..60), "{concurrency}");
        assert!(server.count() <= 180, "{}", server.count());

        // Any number, whatever is asked for: nobody can read that whole, but it ends.
        let server = tireless(|number, asked| {
            let (start, _) = place(asked);
            let end = start + SIZES[number % 5];
            json!({"resourceSet": items(start.min(60)..end.min(60)), "totalRecords": 60})
        })
        .await;
        let listing = crm_of(&server).list_entitlements().page_size(4).concurrency(concurrency);
        without_repeats(listing.stream()).await;
        assert!(server.count() <= 200, "{}", server.count());
    }
}

#[tokio::test]
async fn one_page_that_is_short_costs_requests_and_no_items() {
    let server = tireless(|number, asked| {
        let (start, size) = place(asked);
        let size = if number == 1 { 1 } else { size };
        json!({"resourceSet": items(start.min(600)..600.min(start + size)), "totalRecords": 600})
    })
    .await;
    let all = without_repeats(crm_of(&server).list_entitlements().page_size(100).stream()).await;
    assert_eq!(good(&all), ids(0..600));
    assert!(server.count() <= 30, "{}", server.count());
}

#[tokio::test]
async fn totals_that_go_up_and_down_do_not_keep_a_listing_from_its_end() {
    for (concurrency, prefetch) in [(1, 0), (3, 0), (1, 2)] {
        let server = tireless(|number, asked| {
            let (start, size) = place(asked);
            let total = if number % 2 == 0 { 100 } else { 60 };
            json!({"resourceSet": items(start.min(100)..100.min(start + size)), "totalRecords": total})
        })
        .await;
        let listing = crm_of(&server).list_entitlements().page_size(10).concurrency(concurrency);
        let all = without_repeats(listing.stream().prefetch(prefetch)).await;
        assert!(all.iter().all(Result::is_ok));
        assert!(server.count() < 200, "{}", server.count());
    }
}

#[tokio::test]
async fn totals_that_only_fall_do_not_keep_a_listing_from_its_end() {
    let server = tireless(|number, asked| {
        let (start, size) = place(asked);
        let total = 1_000_000 - number;
        json!({"resourceSet": items(start.min(100)..100.min(start + size)), "totalRecords": total})
    })
    .await;
    without_repeats(crm_of(&server).list_entitlements().page_size(10).stream()).await;
    assert!(server.count() < ENOUGH, "it does not end by itself");
}

#[tokio::test]
async fn the_same_page_again_and_again_is_an_error() {
    ends_as_an_error([0, 1, 5]).await;
}

#[tokio::test]
async fn the_same_page_again_and_again_is_an_error_also_where_the_total_rises_as_fast() {
    ends_as_an_error([10, 1_000_000]).await;
}

async fn ends_as_an_error(rises: impl IntoIterator<Item = usize>) {
    for rise in rises {
        let server = tireless(move |number, asked| {
            let (_, size) = place(asked);
            json!({"resourceSet": items(0..size), "totalRecords": 100 + number * rise})
        })
        .await;
        let all = without_repeats(crm_of(&server).list_entitlements().page_size(10).stream()).await;
        assert_eq!(good(&all), ids(0..10));
        let last = all.last().expect("an error").as_ref().expect_err("an end");
        assert_eq!(last.kind(), ErrorKind::Pagination, "rising by {rise}: {last} after {}", server.count());
    }
}

#[tokio::test]
async fn callers_may_ask_for_any_number_ahead_and_any_limit() {
    let fake = gateway(30);
    let client = fake.client().expect("a client");
    let listing = || client.list_entitlements().page_size(3);
    assert_eq!(rest(listing().stream().prefetch(usize::MAX)).await, ids(0..30));
    assert_eq!(rest(listing().stream().max_items(u64::MAX).prefetch(usize::MAX)).await, ids(0..30));
    let mut pager = listing().stream();
    take(&mut pager, 2).await;
    assert_eq!(rest(pager.max_items(u64::MAX).prefetch(usize::MAX).prefetch(0)).await, ids(2..30));
    assert_eq!(rest(listing().concurrency(usize::MAX).stream().max_items(4)).await, ids(0..4));
}
