//! "Changing collections: an insertion never repeats an item; a fall of `totalRecords` makes the
//! pager step back and re-read an overlap, so that what a deletion shifted past it is delivered;
//! whatever was noticed sets `changed_while_reading()`."

use super::*;

/// How a listing is read: prefetch and concurrency.
const WAYS: [(usize, usize); 5] = [(0, 1), (1, 1), (3, 1), (0, 3), (2, 2)];

fn listing(fake: &fakes::crm_gateway::Fake, prefetch: usize, concurrency: usize) -> Pager<Entitlement> {
    let client = fake.client().expect("a client");
    client.list_entitlements().page_size(3).concurrency(concurrency).stream().prefetch(prefetch)
}

/// Reads so many, changes the collection, and reads the rest.
async fn read_and_change(
    way: (usize, usize),
    read: usize,
    change: impl Fn(&fakes::crm_gateway::Fake),
) -> (Vec<String>, bool) {
    // Every second number, so that there is room between.
    let fake = gateway(0);
    for number in 0..20 {
        fake.add(entitlement(number * 2));
    }
    let mut pager = listing(&fake, way.0, way.1);
    let mut seen = take(&mut pager, read).await;
    settle().await;
    change(&fake);
    while let Some(item) = in_time(pager.try_next()).await.expect("an item") {
        seen.push(item.name());
    }
    (seen, pager.changed_while_reading())
}

fn evens() -> Vec<String> {
    ids((0..20).map(|number| number * 2))
}

/// Without what was removed, if it had not been delivered before.
fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}

#[tokio::test]
async fn nothing_is_noticed_where_nothing_changes() {
    for way in WAYS {
        for read in 0..=20 {
            assert_eq!(read_and_change(way, read, |_| ()).await, (evens(), false), "{way:?} {read}");
        }
    }
}

#[tokio::test]
async fn an_insertion_before_the_place_repeats_nothing_and_loses_nothing() {
    for way in WAYS {
        for read in (0..=20).step_by(2) {
            let change = |fake: &fakes::crm_gateway::Fake| {
                fake.add(json!({"_id": "e00000a"}));
                fake.add(json!({"_id": "e00000b"}));
            };
            let (seen, _) = read_and_change(way, read, change).await;
            let seen: Vec<_> = seen.into_iter().filter(|name| name.len() == 6).collect();
            assert_eq!(seen, evens(), "{way:?} {read}");
        }
    }
}

#[tokio::test]
async fn an_insertion_is_noticed_where_there_is_something_left_to_read() {
    for read in 1..=10 {
        let (seen, changed) =
            read_and_change((0, 1), read, |fake| drop(fake.add(json!({"_id": "e00000a"})))).await;
        assert_eq!((seen, changed), (evens(), true), "{read}");
    }
}

#[tokio::test]
async fn a_removal_before_the_place_loses_nothing_behind_it() {
    for way in WAYS {
        for read in (1..=18).step_by(2) {
            for removed in [1, 5] {
                let removed = removed.min(read);
                let change = |fake: &fakes::crm_gateway::Fake| {
                    for number in 0..removed {
                        assert!(fake.remove(&id(number * 2)));
                    }
                };
                let (seen, _) = read_and_change(way, read, change).await;
                // In process, what was fetched ahead may hold what is removed; nothing comes twice.
                assert_eq!(sorted(seen), evens(), "{way:?} {read} {removed}");
            }
        }
    }
}

#[tokio::test]
async fn a_removal_is_noticed_where_a_request_comes_after_it() {
    for read in 1..=10 {
        let (seen, changed) = read_and_change((0, 1), read, |fake| assert!(fake.remove(&id(0)))).await;
        assert_eq!((sorted(seen), changed), (evens(), true), "{read}");
    }
}

#[tokio::test]
async fn what_a_removal_shifted_comes_in_order_where_one_page_after_the_other_is_read() {
    for read in 1..=18 {
        let (seen, _) = read_and_change((0, 1), read, |fake| assert!(fake.remove(&id(0)))).await;
        assert_eq!(seen, evens(), "{read}");
    }
}

#[tokio::test]
async fn removals_and_insertions_together_lose_nothing_that_the_total_shows() {
    for way in WAYS {
        for read in 3..=18 {
            let change = |fake: &fakes::crm_gateway::Fake| {
                for number in 0..3 {
                    fake.remove(&id(number * 2));
                }
                // One before the place; one behind everything.
                fake.add(json!({"_id": "e00000a"}));
                fake.add(json!({"_id": "e99999a"}));
            };
            let (seen, _) = read_and_change(way, read, change).await;
            let mut counted = seen.clone();
            counted.sort();
            counted.dedup();
            assert_eq!(counted.len(), seen.len(), "nothing twice: {way:?} {read}");
            // The total falls by one, and three are gone: the other two are hidden by insertions.
            let lost = evens().into_iter().filter(|name| !seen.contains(name)).count();
            assert!(lost <= 2, "{lost} lost: {way:?} {read}");
        }
    }
}

#[tokio::test]
async fn one_removed_and_one_inserted_behind_the_place_can_cost_one_item_as_documented() {
    for read in 1..=18 {
        let change = |fake: &fakes::crm_gateway::Fake| {
            fake.remove(&id(0));
            fake.add(json!({"_id": "e99999a"}));
        };
        let (seen, changed) = read_and_change((0, 1), read, change).await;
        let lost: Vec<_> = evens().into_iter().filter(|name| !seen.contains(name)).collect();
        assert!(lost.len() <= 1, "{lost:?}");
        assert!(!changed, "nobody can notice");
        assert_eq!(seen.len(), 20 + usize::from(lost.is_empty()), "nothing twice");
    }
}

#[tokio::test]
async fn a_removal_between_any_two_items_is_repaired_again_and_again() {
    for (prefetch, concurrency) in WAYS {
        let fake = gateway(40);
        let mut pager = listing(&fake, prefetch, concurrency);
        let mut seen = Vec::new();
        for number in 0..40 {
            let Some(item) = in_time(pager.try_next()).await.expect("an item") else { break };
            seen.push(item.name());
            // What was delivered goes, all of it.
            assert!(fake.remove(&id(number)), "{prefetch} {concurrency}");
        }
        assert_eq!(seen, ids(0..40), "{prefetch} {concurrency}");
        assert!(pager.next().await.is_none());
    }
}

#[tokio::test]
async fn a_removal_before_every_request_is_repaired_every_time() {
    for concurrency in [1, 3] {
        let left = std::sync::Mutex::new((0..60).collect::<Vec<usize>>());
        let count = std::sync::atomic::AtomicUsize::new(0);
        let server = Server::start(move |asked| {
            let mut left = left.lock().expect("nobody panics");
            // The first page is whole, so that what goes from then on was delivered.
            if count.fetch_add(1, std::sync::atomic::Ordering::SeqCst) >= 3 && left[0] < 6 {
                left.remove(0);
            }
            (200, page_of(&left, asked, &json!(left.len())))
        })
        .await;
        let mut pager = crm_of(&server).list_entitlements().page_size(6).concurrency(concurrency).stream();
        let seen = take(&mut pager, 60).await;
        assert!(in_time(pager.next()).await.is_none());
        assert_eq!(sorted(seen), ids(0..60), "{concurrency}");
        assert!(pager.changed_while_reading());
        assert!(server.count() < 60, "{}", server.count());
    }
}

#[tokio::test]
async fn a_listing_by_cursor_is_not_shifted_by_changes_elsewhere() {
    for prefetch in [0, 2] {
        let fake = pod(10, 3);
        let client = fake.client().expect("a client");
        let mut pager = client.list_entitled_advisors(NETWORK).stream().prefetch(prefetch);
        let mut seen = take(&mut pager, 4).await;
        let tenant = fake.tenant(fakes::symphony::KEY_NAME);
        tenant.remove_advisor(NETWORK, "1");
        tenant.remove_advisor(NETWORK, "3");
        fake.add_advisor(NETWORK, user(10));
        let behind: Result<Vec<_>> = pager.try_collect().await;
        seen.extend(names(&behind.expect("a listing")));
        seen.retain(|name| name != "10");
        assert_eq!(seen, texts(0..10));
    }
}
