//! "`concurrency(n)`: n pages in flight, delivered in order, no more than one wave of requests beyond
//! the end", and the times that follow from it, on a clock that moves when everybody waits.

use std::{sync::Arc, time::Duration};

use entitlements::fakes::{Fault, crm_gateway::Operation::GetEntitlements};
use tokio::{sync::Barrier, time::Instant};

use super::*;

#[tokio::test]
async fn all_of_a_wave_are_on_their_way_at_once_and_no_more() {
    for at_once in [1, 2, 5, 8] {
        // Nothing is answered until the whole wave is there.
        let barrier = Arc::new(Barrier::new(at_once));
        let server = Server::start_slow(move |asked| {
            let barrier = barrier.clone();
            async move {
                let numbers: Vec<_> = (0..80).collect();
                barrier.wait().await;
                (200, page_of(&numbers, &asked, &json!(80)))
            }
        })
        .await;
        let listing = crm_of(&server).list_entitlements().page_size(2).concurrency(at_once);
        assert_eq!(rest(listing.stream()).await, ids(0..80), "in order");
        assert_eq!((server.most_at_once(), server.count()), (at_once, 40));
    }
}

#[tokio::test]
async fn pages_that_arrive_in_any_order_are_delivered_in_theirs() {
    // Of each four, the later pages are answered first.
    let answered = Arc::new(tokio::sync::watch::Sender::new(0_u64));
    let server = Server::start_slow(move |asked| {
        let answered = answered.clone();
        async move {
            let numbers: Vec<_> = (0..32).collect();
            let page = asked.number("page") - 1;
            let turn = page / 4 * 4 + (3 - page % 4);
            answered.subscribe().wait_for(|done| *done >= turn).await.expect("the server runs");
            answered.send_modify(|done| *done += 1);
            (200, page_of(&numbers, &asked, &json!(32)))
        }
    })
    .await;
    // Waves of four, because the first of a wave is the last that is answered.
    let listing = crm_of(&server).list_entitlements().page_size(2).concurrency(4);
    assert_eq!(rest(listing.stream()).await, ids(0..32));
    assert_eq!((server.count(), server.most_at_once()), (16, 4));
}

#[tokio::test]
async fn no_more_than_one_wave_is_asked_for_beyond_the_end() {
    for count in [0, 1, 9, 10, 11, 30, 41] {
        for concurrency in [1, 2, 3, 8] {
            for prefetch in [0, 3] {
                for total in [Value::Null, json!(count), json!(1000)] {
                    let told = total.clone();
                    let numbers: Vec<_> = (0..count).collect();
                    let server = Server::start(move |asked| (200, page_of(&numbers, asked, &told))).await;
                    let listing = crm_of(&server).list_entitlements().page_size(10).concurrency(concurrency);
                    assert_eq!(rest(listing.stream().prefetch(prefetch)).await, ids(0..count));
                    settle().await;
                    let beyond = server
                        .seen()
                        .iter()
                        .filter(|asked| asked.number("page") > count.div_ceil(10) as u64)
                        .count();
                    // A page that is short by its own total looks like a cap, and is learnt as one.
                    let looks_capped = total == json!(1000) && !count.is_multiple_of(10);
                    let most = if looks_capped { 2 * concurrency - 1 } else { concurrency };
                    assert!(beyond <= most, "{beyond} beyond {count}, {concurrency} at once, total {total}");
                    if total == json!(count) && concurrency == 1 {
                        assert_eq!(server.count(), count.div_ceil(10).max(1), "{prefetch}");
                    }
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_listing_side_by_side_takes_one_round_trip_a_wave() {
    const ROUND_TRIP: Duration = Duration::from_millis(20);
    for (concurrency, pages) in [(1, 5), (8, 16), (8, 64), (3, 10)] {
        let fake = gateway(pages * 10);
        let client = fake.client().expect("a client");
        // The login is no page.
        client.list_entitlements().count().await.expect("a count");
        fake.faults(GetEntitlements, Fault::delay(ROUND_TRIP).always());
        let start = Instant::now();
        let listing = client.list_entitlements().page_size(10).concurrency(concurrency);
        assert_eq!(rest(listing.stream()).await.len(), pages * 10);
        let waves = u32::try_from(pages.div_ceil(concurrency)).expect("a few");
        let passed = start.elapsed();
        assert!(passed >= ROUND_TRIP * waves, "{passed:?} for {waves} waves");
        assert!(
            passed <= ROUND_TRIP * waves + Duration::from_millis(u64::from(waves)),
            "{passed:?} for {waves} waves"
        );
        assert_eq!(fake.journal().max_concurrency(), Some(concurrency));
    }
}

#[tokio::test]
async fn pages_side_by_side_arrive_also_while_nobody_asks() {
    let fake = gateway(40);
    let client = fake.client().expect("a client");
    let mut pager = client.list_entitlements().page_size(10).concurrency(3).stream();
    take(&mut pager, 1).await;
    settle().await;
    // The wave is there, and no other begins by itself.
    assert_eq!(fake.list_requests(), 3);
    settle().await;
    assert_eq!(fake.list_requests(), 3);
    assert_eq!(rest(pager).await, ids(1..40));
    assert_eq!(fake.list_requests(), 4);
}
