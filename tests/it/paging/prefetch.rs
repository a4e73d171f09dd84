//! "Prefetch runs in a task of its own, so that the next page is fetched while the caller works on
//! this one; bounded; stops when the pager is dropped."

use std::time::Duration;

use entitlements::{
    ErrorKind,
    fakes::{Fault, crm_gateway::Operation::GetEntitlements, symphony::Operation::ListEntitledAdvisors},
};
use futures_util::{FutureExt, StreamExt};
use tokio::time::{Instant, sleep};

use super::*;

const ROUND_TRIP: Duration = Duration::from_millis(20);

#[tokio::test]
async fn so_many_pages_are_fetched_while_the_caller_works_and_no_more_ever() {
    for ahead in [0, 1, 2, 3, 7, 50] {
        let fake = pod(60, 3);
        let mut pager =
            fake.client().expect("a client").list_entitled_advisors(NETWORK).stream().prefetch(ahead);
        settle().await;
        assert_eq!(fake.journal().total(), 0, "nothing before the first item is asked for");
        for page in 1..=5_u64 {
            take(&mut pager, 3).await;
            settle().await;
            let expected = (page + ahead as u64).min(20);
            assert_eq!(fake.journal().total(), expected, "{ahead} ahead of page {page}");
            settle().await;
            assert_eq!(fake.journal().total(), expected);
        }
    }
}

#[tokio::test]
async fn by_number_so_many_pages_are_fetched_and_one_more_for_each_that_is_side_by_side() {
    for ahead in [0, 1, 3] {
        for concurrency in [1, 2, 4] {
            let fake = gateway(300);
            let listing = fake.client().expect("a client").list_entitlements().page_size(3);
            let mut pager = listing.concurrency(concurrency).stream().prefetch(ahead);
            take(&mut pager, 1).await;
            settle().await;
            assert_eq!(fake.list_requests(), (concurrency + ahead) as u64, "{ahead} {concurrency}");
            assert!(fake.journal().max_concurrency() <= Some(concurrency));
            settle().await;
            assert_eq!(fake.list_requests(), (concurrency + ahead) as u64, "{ahead} {concurrency}");
        }
    }
}

#[tokio::test]
async fn a_pager_that_is_dropped_is_silent() {
    for taken in [0, 1, 3] {
        let fake = pod(60, 3);
        let mut pager = fake.client().expect("a client").list_entitled_advisors(NETWORK).stream().prefetch(3);
        take(&mut pager, taken).await;
        drop(pager);
        settle().await;
        let requests = fake.journal().total();
        assert!(requests <= 4, "{requests}");
        settle().await;
        assert_eq!(fake.journal().total(), requests);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_on_its_way_is_given_up_with_the_pager() {
    let fake = pod(60, 3);
    fake.faults(ListEntitledAdvisors, Fault::delay(ROUND_TRIP).always());
    let mut pager = fake.client().expect("a client").list_entitled_advisors(NETWORK).stream().prefetch(3);
    // In the middle of the second request.
    take(&mut pager, 1).await;
    sleep(ROUND_TRIP / 2).await;
    assert_eq!(fake.journal().total(), 2);
    drop(pager);
    sleep(ROUND_TRIP * 100).await;
    assert_eq!(fake.journal().total(), 2);
}

#[tokio::test(start_paused = true)]
async fn requests_on_their_way_end_with_the_pager() {
    for (concurrency, prefetch) in [(1, 1), (3, 0), (3, 2)] {
        let fake = gateway(30);
        let client = fake.client().expect("a client");
        client.list_entitlements().count().await.expect("logged in");
        fake.faults(GetEntitlements, Fault::delay(ROUND_TRIP).always());
        let listing = client.list_entitlements().page_size(3).concurrency(concurrency);
        let mut pager = listing.stream().prefetch(prefetch);
        assert!(tokio::time::timeout(ROUND_TRIP / 2, pager.next()).await.is_err());
        assert_eq!(fake.journal().max_concurrency(), Some(concurrency));
        drop(pager);
        settle().await;
        // It has the place of one that is gone.
        client.list_entitlements().count().await.expect("a count");
        assert_eq!(fake.journal().max_concurrency(), Some(concurrency), "{concurrency} {prefetch}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_future_that_is_dropped_loses_nothing() {
    for prefetch in [0, 1, 3] {
        for concurrency in [1, 3] {
            let fake = gateway(30);
            let client = fake.client().expect("a client");
            client.list_entitlements().count().await.expect("logged in");
            let before = fake.list_requests();
            fake.faults(GetEntitlements, Fault::delay(ROUND_TRIP).always());
            let mut pager =
                client.list_entitlements().page_size(3).concurrency(concurrency).stream().prefetch(prefetch);
            let mut seen = Vec::new();
            loop {
                // Given up three times before it is there.
                match tokio::time::timeout(ROUND_TRIP / 4, pager.next()).await {
                    Ok(Some(item)) => seen.push(item.expect("an item").name()),
                    Ok(None) => break,
                    Err(_) => {}
                }
            }
            assert_eq!(seen, ids(0..30), "{prefetch} {concurrency}");
            assert_eq!(fake.list_requests() - before, 10, "no page twice: {prefetch} {concurrency}");
        }
    }
}

#[tokio::test]
async fn a_future_that_is_polled_once_and_dropped_loses_nothing() {
    let fake = pod(7, 3);
    let client = fake.client().expect("a client");
    client.list_entitlements().send().await.expect("logged in");
    let mut pager = client.list_entitled_advisors(NETWORK).stream().prefetch(1);
    let mut seen = Vec::new();
    for _ in 0..1000 {
        match pager.next().now_or_never() {
            Some(Some(item)) => seen.push(item.expect("an item").name()),
            Some(None) => break,
            None => tokio::task::yield_now().await,
        }
    }
    assert_eq!((seen, fake.journal().count(ListEntitledAdvisors)), (texts(0..7), 3));
}

#[tokio::test(start_paused = true)]
async fn fetching_and_working_take_the_time_of_the_longer_one() {
    const PAGES: u32 = 10;
    for (ahead, work, expected) in [
        (0, ROUND_TRIP, ROUND_TRIP * 2 * PAGES),
        (1, ROUND_TRIP, ROUND_TRIP * (PAGES + 1)),
        (1, ROUND_TRIP / 4, ROUND_TRIP * PAGES + ROUND_TRIP / 4),
        (1, ROUND_TRIP * 3, ROUND_TRIP * (3 * PAGES + 1)),
        (3, ROUND_TRIP, ROUND_TRIP * (PAGES + 1)),
    ] {
        let fake = pod(30, 3);
        let client = fake.client().expect("a client");
        fake.faults(ListEntitledAdvisors, Fault::delay(ROUND_TRIP).always());
        let start = Instant::now();
        let mut pages = client.list_entitled_advisors(NETWORK).stream().prefetch(ahead).pages();
        let mut count = 0;
        while let Some(page) = pages.try_next().await.expect("a page") {
            count += page.items.len();
            sleep(work).await;
        }
        assert_eq!(count, 30);
        let passed = start.elapsed();
        let slack = Duration::from_millis(u64::from(2 * PAGES + 2));
        assert!(
            passed >= expected && passed <= expected + slack,
            "{ahead}, {work:?}: {passed:?}, not {expected:?}"
        );
    }
}

#[tokio::test]
async fn an_error_ahead_comes_behind_the_items_before_it_and_nothing_is_asked_for_until_the_caller_does() {
    for ahead in [1, 3] {
        let fake = pod(12, 3);
        let client = fake.client().expect("a client");
        fake.faults(
            ListEntitledAdvisors,
            Fault::none().times(1).then(Fault::status(503).times(2)).then_normal(),
        );
        let listing = client.list_entitled_advisors(NETWORK).with_max_attempts(1);
        let mut pager = listing.stream().prefetch(ahead);
        for number in 0..3 {
            assert_eq!(take(&mut pager, 1).await, texts(number..=number));
            settle().await;
            assert_eq!(fake.journal().total(), 2, "the failed one is not asked for again");
        }
        assert_eq!(pager.next().await.expect("an error").expect_err("down").kind(), ErrorKind::Server);
        settle().await;
        assert_eq!(fake.journal().total(), 2);
        // The second time in vain, the third time not.
        assert!(pager.next().await.expect("an error").is_err());
        settle().await;
        assert_eq!(fake.journal().total(), 3);
        assert_eq!(rest(pager).await, texts(3..12));
        assert_eq!(fake.journal().total(), 6);
    }
}

#[tokio::test]
async fn a_fatal_error_ahead_comes_behind_the_items_before_it() {
    let fake = pod(12, 3);
    let client = fake.client().expect("a client");
    fake.faults(ListEntitledAdvisors, Fault::none().times(2).then(Fault::status(400).times(1)).then_normal());
    let mut pager = client.list_entitled_advisors(NETWORK).stream().prefetch(3);
    assert_eq!(take(&mut pager, 6).await, texts(0..6));
    assert_eq!(pager.next().await.expect("an error").expect_err("refused").kind(), ErrorKind::Rejected);
    assert!(pager.next().await.is_none());
    settle().await;
    assert_eq!(fake.journal().total(), 3);
}

#[tokio::test]
async fn prefetch_can_be_set_changed_and_switched_off_in_the_middle() {
    let fake = gateway(60);
    let mut pager = fake.client().expect("a client").list_entitlements().page_size(3).stream();
    let mut seen = take(&mut pager, 4).await;
    settle().await;
    assert_eq!(fake.list_requests(), 2);
    pager = pager.prefetch(3);
    settle().await;
    assert_eq!(fake.list_requests(), 2, "from the next page on");
    seen.extend(take(&mut pager, 3).await);
    settle().await;
    assert_eq!(fake.list_requests(), 6);
    pager = pager.prefetch(5);
    settle().await;
    assert_eq!(fake.list_requests(), 8, "two more");
    pager = pager.prefetch(0);
    settle().await;
    seen.extend(take(&mut pager, 14).await);
    settle().await;
    assert_eq!(fake.list_requests(), 8, "what is there is used up first");
    let mut by_page = pager.pages().prefetch(1);
    while let Some(page) = by_page.try_next().await.expect("a page") {
        seen.extend(names(&page.items));
    }
    assert_eq!((seen, fake.list_requests()), (ids(0..60), 20));
}

#[tokio::test]
async fn pages_are_fetched_ahead_too() {
    let fake = gateway(30);
    let mut pages =
        fake.client().expect("a client").list_entitlements().page_size(3).stream().pages().prefetch(2);
    let first = pages.next().await.expect("a page").expect("a page");
    assert_eq!(names(&first.items), ids(0..3));
    settle().await;
    assert_eq!(fake.list_requests(), 3);
    let others: Vec<_> = pages.map(|page| names(&page.expect("a page").items)).collect().await;
    assert_eq!(others.concat(), ids(3..30));
}

#[test]
fn a_pager_outlives_the_runtime_that_fetched_ahead_for_it() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let fake = gateway(30);
    let client = fake.client().expect("a client");
    let mut pager = client.list_entitlements().page_size(3).stream().prefetch(2);
    let first = runtime();
    assert_eq!(first.block_on(take(&mut pager, 2)), ids(0..2));
    drop(first);
    let mut seen = ids(0..2);
    let mut errors = 0;
    runtime().block_on(async {
        while let Some(item) = in_time(pager.next()).await {
            match item {
                Ok(item) => seen.push(item.name()),
                Err(error) if error.is_transient() => errors += 1,
                Err(error) => panic!("{error}"),
            }
        }
    });
    assert_eq!(seen, ids(0..30));
    assert!(errors <= 1, "{errors}");
}
