//! Pages by number, rule by rule.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use super::script::{Numbered, all_of, failed, fetched, page_of, some_of, words};
use crate::ErrorKind;

const NO_CAP: u64 = u64::MAX;

/// What is there, how it is asked for, what the server says, and how many requests that takes.
struct Row {
    what: &'static str,
    there: u64,
    size: u64,
    cap: u64,
    told: Option<u64>,
    concurrency: usize,
    requests: usize,
}

/// "`totalRecords` used when present and not trusted; a short page ends a listing only where there
/// is no `totalRecords` (a server may cap `limit` silently: the pager goes on with the size the server
/// gives)."
#[tokio::test]
async fn what_does_not_change_comes_once_and_in_order() {
    let row = |what, there, size, cap, told, concurrency, requests| Row {
        what,
        there,
        size,
        cap,
        told,
        concurrency,
        requests,
    };
    for Row { what, there, size, cap, told, concurrency, requests } in [
        row("nothing", 0, 10, NO_CAP, Some(0), 1, 1),
        row("nothing, and no total", 0, 10, NO_CAP, None, 1, 1),
        row("less than a page", 4, 10, NO_CAP, Some(4), 1, 1),
        row("less than a page, and no total", 4, 10, NO_CAP, None, 1, 1),
        row("exactly a page", 10, 10, NO_CAP, Some(10), 1, 1),
        row("exactly a page, and no total", 10, 10, NO_CAP, None, 1, 2),
        row("a short last page", 25, 10, NO_CAP, Some(25), 1, 3),
        row("a short last page, and no total", 25, 10, NO_CAP, None, 1, 3),
        row("a silent cap", 120, 100, 50, Some(120), 1, 3),
        row("a silent cap of one", 5, 100, 1, Some(5), 1, 5),
        row("a cap as large as the page", 20, 10, 10, Some(20), 1, 2),
        row("a total that is too small", 25, 10, NO_CAP, Some(5), 1, 3),
        row("a total of nothing", 25, 10, NO_CAP, Some(0), 1, 3),
        row("a total that is too large", 20, 10, NO_CAP, Some(25), 1, 3),
        row("a total that is far too large", 20, 10, NO_CAP, Some(u64::MAX), 1, 3),
        // Side by side; a whole wave may be asked for before the first answer says how much there is.
        row("less than a page, side by side", 4, 10, NO_CAP, Some(4), 4, 4),
        row("two waves", 80, 10, NO_CAP, Some(80), 4, 8),
        row("two waves and one page", 81, 10, NO_CAP, Some(81), 4, 9),
        row("two waves, and no total", 80, 10, NO_CAP, None, 4, 12),
        row("a cap, side by side: the first wave is thrown away", 120, 100, 10, Some(120), 4, 15),
    ] {
        let (mut pager, asked) = Numbered::by(size).concurrency(concurrency).lists(&words(there), cap, told);
        assert_eq!(all_of(&mut pager).await, (words(there), None), "{what}");
        assert!(!pager.changed_while_reading(), "{what}");
        assert!(pager.next().await.is_none(), "{what}");
        assert_eq!(asked.count(), requests, "{what}: {:?}", asked.all());
    }
}

/// "n pages in flight, delivered in order, no more than one wave of requests beyond the end".
#[tokio::test]
async fn at_most_one_wave_is_asked_for_beyond_the_end() {
    for concurrency in 1..=8 {
        for there in 0..=40 {
            for told in [Some(there), None] {
                let (mut pager, asked) =
                    Numbered::by(5).concurrency(concurrency).lists(&words(there), NO_CAP, told);
                assert_eq!(all_of(&mut pager).await.0.len() as u64, there);
                let full = usize::try_from(there.div_ceil(5)).expect("few");
                let most = full + concurrency;
                assert!(asked.count() <= most, "{there} told as {told:?}, {concurrency}: {}", asked.count());
                if told.is_some() {
                    let needed = full.max(concurrency);
                    assert!(asked.count() <= needed, "{there}, {concurrency}: {}", asked.count());
                }
            }
        }
    }
}

/// "Limit 10 at page size 10: one request", and "limits on items mean no request that cannot be needed".
#[tokio::test]
async fn a_limit_asks_for_no_page_that_cannot_be_needed() {
    for (most, size, concurrency, requests) in
        [(10, 10, 1, 1), (10, 10, 8, 1), (11, 10, 8, 2), (5, 10, 4, 1), (30, 10, 2, 3), (0, 10, 4, 0)]
    {
        for told in [Some(100), None] {
            for ahead in [0, 3] {
                let (pager, asked) =
                    Numbered::by(size).concurrency(concurrency).lists(&words(100), NO_CAP, told);
                let mut pager = pager.prefetch(ahead).max_items(most);
                assert_eq!(all_of(&mut pager).await, (words(most), None));
                let what = format!("{most} of pages of {size}, {concurrency} at once, {ahead} ahead");
                assert_eq!(asked.count(), requests, "{what}");
                // The listing can be taken up where the limit ended it.
                let (mut rest, _) =
                    Numbered::by(size).resume(pager.cursor()).lists(&words(100), NO_CAP, told);
                let (items, error) = all_of(&mut rest).await;
                assert_eq!(
                    (items.first(), items.len(), error),
                    (words(most + 1).last(), 100 - usize::try_from(most).expect("few"), None),
                    "{what}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_limit_that_is_set_later_counts_from_there_and_the_first_that_is_reached_counts() {
    for ahead in [0, 2] {
        let (pager, _) = Numbered::by(10).concurrency(2).lists(&words(100), NO_CAP, Some(100));
        let mut pager = pager.prefetch(ahead);
        some_of(&mut pager, 5).await;
        let mut pager = pager.max_items(7).max_items(50);
        assert_eq!(all_of(&mut pager).await.0, words(12)[5..]);
        let mut pager = pager.max_items(100);
        assert!(pager.next().await.is_none());
    }
}

/// "de-duplication by `_id`": an insertion never repeats an item.
#[tokio::test]
async fn an_item_that_was_shifted_onto_the_next_page_comes_once() {
    for told in [[Some(3), Some(4)], [None, None]] {
        let (mut pager, _) = Numbered::by(2).answers(move |_, page, _| {
            let words: [&[&str]; 2] = [&["b", "c"], &["c", "d"]];
            let index = usize::from(page > 1);
            Ok(if page > 2 { fetched(&[], told[1], None) } else { fetched(words[index], told[index], None) })
        });
        assert_eq!(all_of(&mut pager).await, (vec!["b".into(), "c".into(), "d".into()], None), "{told:?}");
        assert!(pager.changed_while_reading());
    }
}

#[tokio::test]
async fn a_short_last_page_of_shifted_items_is_no_error() {
    for told in [None, Some(3)] {
        let (mut pager, _) = Numbered::by(2)
            .answers(move |_, page, _| Ok(fetched(if page == 1 { &["a", "b"] } else { &["b"] }, told, None)));
        assert_eq!(all_of(&mut pager).await, (vec!["a".into(), "b".into()], None), "{told:?}");
    }
}

/// A server that ignores `page` gives the first page for ever.
#[tokio::test]
async fn a_server_that_ignores_the_page_is_an_error_after_three_pages_of_nothing_new() {
    for (there, told, most) in [(2, None, 4), (2, Some(100), 4)] {
        let (mut pager, asked) =
            Numbered::by(2).answers(move |_, _, size| Ok(page_of(&words(there), 1, size, told)));
        assert_eq!(all_of(&mut pager).await, (words(there), Some(ErrorKind::Pagination)));
        assert!(pager.next().await.is_none());
        assert!(asked.count() <= most, "{:?}", asked.all());
    }
    // Where the total says that there is no more, there is none.
    let (mut pager, asked) = Numbered::by(2).answers(|_, _, size| Ok(page_of(&words(2), 1, size, Some(2))));
    assert_eq!((all_of(&mut pager).await, asked.count()), ((words(2), None), 1));
}

/// A server that ignores `limit` gives all, or larger pages.
#[tokio::test]
async fn a_server_that_ignores_the_limit_is_read_on_in_its_size() {
    for told in [Some(25), None] {
        let (mut pager, asked) =
            Numbered::by(4).answers(move |_, page, _| Ok(page_of(&words(25), page, 10, told)));
        assert_eq!(all_of(&mut pager).await, (words(25), None), "{told:?}");
        assert_eq!(asked.all()[..2], ["page 1 by 4", "page 2 by 10"]);
        let (mut pager, asked) =
            Numbered::by(4).answers(move |_, page, _| Ok(page_of(&words(25), page, 1_000, told)));
        assert_eq!(all_of(&mut pager).await, (words(25), None), "{told:?}");
        assert!(asked.count() <= 2);
    }
}

/// "`[{}]` skipped."
#[tokio::test]
async fn empty_objects_are_no_items() {
    for told in [None, Some(0), Some(1)] {
        let (mut pager, asked) = Numbered::by(10).answers(move |_, _, _| Ok(fetched(&[""], told, None)));
        assert_eq!((all_of(&mut pager).await, asked.count()), ((Vec::new(), None), 1), "{told:?}");
        assert!(!pager.changed_while_reading());
    }
    // Where the total speaks against it a page of them is not the end, but not for ever.
    let (mut pager, _) = Numbered::by(2).answers(|_, page, _| {
        let words: [&[&str]; 3] = [&["a", ""], &["", ""], &["b"]];
        Ok(fetched(words[usize::try_from(page - 1).expect("few")], Some(5), None))
    });
    assert_eq!(all_of(&mut pager).await, (vec!["a".into(), "b".into()], None));
    let (mut pager, asked) = Numbered::by(10).answers(|_, _, _| Ok(fetched(&[""], Some(u64::MAX), None)));
    assert_eq!((all_of(&mut pager).await, asked.count()), ((Vec::new(), None), 3));
}

#[tokio::test]
async fn a_total_that_comes_and_goes_ends_nothing_early() {
    // Which pages tell it.
    for tells in [[true, false, false], [false, true, false], [false, false, true], [true, false, true]] {
        let (mut pager, _) = Numbered::by(10).answers(move |_, page, size| {
            let tells = tells.get(usize::try_from(page - 1).expect("few")).copied().unwrap_or(true);
            Ok(page_of(&words(25), page, size, tells.then_some(25)))
        });
        assert_eq!(all_of(&mut pager).await, (words(25), None), "{tells:?}");
        assert!(!pager.changed_while_reading(), "{tells:?}");
    }
}

/// A list that changes before the request of a number.
async fn changed_before(
    size: u64,
    concurrency: usize,
    change: impl Fn(usize, &mut Vec<String>) + Send + Sync + 'static,
) -> (Vec<String>, Option<ErrorKind>, bool, usize) {
    let list = Arc::new(std::sync::Mutex::new(words(12)));
    let (mut pager, asked) = Numbered::by(size).concurrency(concurrency).answers(move |nth, page, size| {
        let mut list = list.lock().expect("lock");
        change(nth, &mut list);
        Ok(page_of(&list, page, size, Some(list.len() as u64)))
    });
    let (items, error) = all_of(&mut pager).await;
    (items, error, pager.changed_while_reading(), asked.count())
}

/// "a fall of `totalRecords` makes the pager step back and re-read an overlap, so that what a deletion
/// shifted past it is delivered".
#[tokio::test]
async fn a_fall_of_the_total_is_followed_by_a_step_back() {
    // Removed before which request, and how many; which requests it takes.
    for (before, removed) in [(1, 1), (2, 1), (3, 1), (3, 2), (3, 6), (2, 6), (1, 3)] {
        let (items, error, changed, _) = changed_before(3, 1, move |nth, list| {
            if nth == before {
                list.drain(..removed);
            }
        })
        .await;
        let what = format!("{removed} removed before request {before}");
        assert_eq!((error, changed), (None, true), "{what}");
        assert_eq!(items, words(12), "{what}: all were there, or were delivered before");
    }
}

#[tokio::test]
async fn a_step_back_goes_across_several_pages() {
    let (items, error, changed, requests) = changed_before(1, 1, |nth, list| {
        if nth == 8 {
            list.drain(..5);
        }
    })
    .await;
    assert_eq!((items, error, changed), (words(12), None, true));
    // 8 pages, the one that shows the fall, and from the third on again, with one known item before.
    assert_eq!(requests, 8 + 1 + 5);
}

#[tokio::test]
async fn a_total_that_goes_up_and_down_for_ever_ends() {
    for (size, concurrency) in [(1, 1), (2, 1), (3, 2), (3, 4)] {
        let (mut pager, asked) =
            Numbered::by(size).concurrency(concurrency).answers(move |nth, page, size| {
                let total = if nth % 2 == 0 { 40 } else { 30 };
                Ok(page_of(&words(40), page, size, Some(total)))
            });
        let (items, error) = all_of(&mut pager).await;
        assert_eq!(error, None);
        // A total that is too small where the list ends is not seen through.
        assert!(items.len() >= 30 && items == words(items.len() as u64), "{items:?}");
        assert!(pager.changed_while_reading());
        let needed = 40_usize.div_ceil(usize::try_from(size).expect("few"));
        assert!(asked.count() <= needed * 12, "{} requests for {needed} pages", asked.count());
    }
}

/// "de-duplication by `_id` with bounded memory": more than 10,000 ids, and a fall beyond what is known.
#[tokio::test]
async fn a_fall_beyond_what_is_remembered_repeats_nothing() {
    let there = 25_000;
    for removed in [1, 500, 10_001, 12_000] {
        let falls_before = Arc::new(AtomicU64::new(0));
        let (mut pager, _) = Numbered::by(500).answers(move |nth, page, size| {
            let all = words(there);
            let gone = if nth >= 45 { removed } else { 0 };
            falls_before.store(gone as u64, Ordering::Relaxed);
            Ok(page_of(&all[gone..], page, size, Some((all.len() - gone) as u64)))
        });
        let (items, error) = all_of(&mut pager).await;
        assert_eq!((error, items.len()), (None, 25_000), "{removed} removed");
        assert!(items == words(there), "{removed} removed");
    }
}

#[tokio::test]
async fn a_failed_page_is_asked_for_again_and_the_others_are_kept() {
    for (concurrency, ahead) in [(1, 0), (1, 2), (3, 0), (3, 2)] {
        let (pager, asked) = Numbered::by(10).concurrency(concurrency).answers(|nth, page, size| match nth {
            1 | 4 => Err(failed(ErrorKind::Server)),
            _ => Ok(page_of(&words(60), page, size, Some(60))),
        });
        let mut pager = pager.prefetch(ahead);
        let (mut items, mut errors) = (Vec::new(), 0);
        loop {
            let (more, error) = all_of(&mut pager).await;
            items.extend(more);
            if error.is_none() {
                break;
            }
            errors += 1;
        }
        assert_eq!((items, errors, asked.count()), (words(60), 2, 8), "{concurrency} at once, {ahead} ahead");
    }
}
