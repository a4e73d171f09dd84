//! Prefetch, rule by rule.

use std::time::Duration;

use super::script::{Numbered, all_of, by_cursor, failed, fetched, in_turn, kept, some_of, words};
use crate::ErrorKind;

/// Lets everything go on that can.
async fn settle() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

/// A listing by cursor of so many pages of one item, some of which are empty.
fn pages_of_one(pages: usize, empty: usize) -> (crate::Pager<super::script::Word>, super::script::Asked) {
    by_cursor(None, move |nth, _| {
        let word = nth.to_string();
        let one = [word.as_str()];
        let is_empty = empty > 0 && nth % empty == 1;
        Ok(fetched(
            if is_empty { &[] } else { &one },
            None,
            (nth + 1 < pages).then(|| (nth + 1).to_string()).as_deref(),
        ))
    })
}

#[tokio::test]
async fn nothing_is_fetched_before_the_first_item_is_asked_for() {
    let (pager, asked) = pages_of_one(10, 0);
    let pager = pager.prefetch(3);
    settle().await;
    assert_eq!(asked.count(), 0);
    drop(pager);
}

/// "A pager with prefetch(3) dropped: at most four requests ever, then silence."
#[tokio::test]
async fn a_pager_that_is_dropped_asks_for_nothing_more() {
    let (pager, asked) = pages_of_one(100, 0);
    let mut pager = pager.prefetch(3);
    some_of(&mut pager, 1).await;
    settle().await;
    assert_eq!(asked.count(), 4, "the page at hand and three ahead");
    drop(pager);
    settle().await;
    assert_eq!(asked.count(), 4);
    for concurrency in [1, 2] {
        let (pager, asked) = Numbered::by(1).concurrency(concurrency).lists(&words(100), u64::MAX, None);
        let mut pager = pager.prefetch(3);
        some_of(&mut pager, 1).await;
        settle().await;
        assert_eq!(asked.count(), 3 + concurrency);
        drop(pager);
        settle().await;
        assert_eq!(asked.count(), 3 + concurrency);
    }
}

#[tokio::test]
async fn as_many_pages_are_ahead_as_were_wanted_and_no_more() {
    for (ahead, empty) in [(1, 0), (3, 0), (1, 2), (3, 2), (3, 3)] {
        let (pager, asked) = pages_of_one(40, empty);
        let mut pager = pager.prefetch(ahead);
        while pager.try_next().await.expect("an item").is_some() {
            settle().await;
            let at_hand = usize::try_from(pager.pages_so_far()).expect("few");
            assert_eq!(asked.count(), (at_hand + ahead).min(40), "{ahead} ahead, empty: {empty}");
        }
        assert_eq!(asked.count(), 40);
    }
}

#[tokio::test]
async fn prefetch_can_be_set_higher_and_lower_on_the_way() {
    let (pager, asked) = pages_of_one(100, 0);
    let mut pager = pager.prefetch(1);
    let mut at = 0;
    // What is there already stays, so a lower number is reached when it is used up.
    for (ahead, most_before) in [(1, 0), (4, 1), (2, 4), (0, 4), (3, 2), (1, 3), (5, 1)] {
        pager = pager.prefetch(ahead);
        for _ in 0..6 {
            some_of(&mut pager, 1).await;
            at += 1;
            settle().await;
            assert!(asked.count() <= at + ahead.max(most_before), "{ahead} ahead");
        }
        assert_eq!(asked.count(), at + ahead, "{ahead} ahead");
    }
    let (rest, error) = all_of(&mut pager).await;
    assert_eq!((rest.len(), error, asked.count()), (100 - at, None, 100));
}

#[tokio::test]
async fn a_lower_number_holds_at_once_and_the_highest_does_not_stop_anything() {
    // Side by side, each page takes some turns of the runtime.
    let many = || Numbered::by(1).concurrency(2).lists(&words(200), u64::MAX, None);
    let (pager, asked) = many();
    let mut pager = pager.prefetch(100);
    some_of(&mut pager, 1).await;
    let before = asked.count();
    assert!(before < 20, "{before} at once: the test shows nothing");
    pager = pager.prefetch(1);
    settle().await;
    assert!(asked.count() <= before + 2, "{before}, and then {}", asked.count());
    assert_eq!(all_of(&mut pager).await.0.len(), 199);

    let (pager, _) = many();
    let mut pager = pager.prefetch(3);
    some_of(&mut pager, 1).await;
    settle().await;
    pager = pager.prefetch(usize::MAX);
    assert_eq!(all_of(&mut pager).await.0.len(), 199);
}

#[tokio::test]
#[should_panic(expected = "a page that cannot be fetched")]
async fn a_panic_reaches_the_caller() {
    let (pager, _) = by_cursor(None, |_, _| panic!("a page that cannot be fetched"));
    all_of(&mut pager.prefetch(1)).await;
}

#[tokio::test]
async fn an_error_comes_after_the_pages_before_it_and_nothing_is_asked_for_meanwhile() {
    let (pager, asked) = by_cursor(None, |nth, _| match nth {
        3 => Err(failed(ErrorKind::Server)),
        _ => Ok(fetched(&[&nth.to_string()], None, (nth < 9).then_some(nth.to_string()).as_deref())),
    });
    let mut pager = pager.prefetch(8);
    assert_eq!(some_of(&mut pager, 1).await, ["0"]);
    settle().await;
    assert_eq!(asked.count(), 4, "the reader waits for the caller at its error");
    assert_eq!(some_of(&mut pager, 2).await, ["1", "2"]);
    assert_eq!(pager.try_next().await.expect_err("fails").kind(), ErrorKind::Server);
    settle().await;
    assert_eq!(asked.count(), 4);
    assert_eq!(all_of(&mut pager).await, (["4", "5", "6", "7", "8", "9"].map(String::from).to_vec(), None));
}

#[tokio::test]
async fn the_cursor_is_that_of_the_caller_whatever_is_fetched_ahead() {
    let (pager, _) = in_turn(vec![(&["1", "2"], Some("a")), (&["3", "4"], Some("b")), (&["5"], None)]);
    let mut pager = pager.prefetch(3);
    some_of(&mut pager, 1).await;
    settle().await;
    let cursor = kept(&pager);
    assert_eq!((cursor.items_so_far(), pager.pages_so_far()), (1, 1));
    let (mut rest, asked) = by_cursor(Some(cursor), |nth, _| {
        let answers: [(&[&str], _); 3] = [(&["1", "2"], Some("a")), (&["3", "4"], Some("b")), (&["5"], None)];
        Ok(fetched(answers[nth].0, None, answers[nth].1))
    });
    assert_eq!(all_of(&mut rest).await.0, ["2", "3", "4", "5"]);
    assert_eq!(asked.all()[0], "the first page");
}

/// "Prefetch runs in a task of its own, so that the next page is fetched while the caller works on
/// this one."
#[tokio::test(start_paused = true)]
async fn the_next_page_is_fetched_while_the_caller_works() {
    let (pager, asked) = pages_of_one(5, 0);
    let mut pager = pager.prefetch(1);
    for pages in 2..=5 {
        some_of(&mut pager, 1).await;
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(asked.count(), pages);
    }
}

#[test]
fn a_runtime_that_ends_while_reading_ahead_costs_one_error_and_no_item() {
    for concurrency in [1, 3] {
        for read in [0, 1, 5, 10, 17] {
            let runtime = || tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
            let (pager, _) = Numbered::by(5).concurrency(concurrency).lists(&words(40), u64::MAX, Some(40));
            let mut pager = pager.prefetch(2);
            let first = runtime();
            let mut items = first.block_on(some_of(&mut pager, read));
            drop(first);
            let mut errors = 0;
            runtime().block_on(async {
                loop {
                    let (more, error) = all_of(&mut pager).await;
                    items.extend(more);
                    let Some(error) = error else { break };
                    assert_eq!(error, ErrorKind::NotSent);
                    errors += 1;
                }
            });
            assert_eq!(items, words(40), "{read} read before, {concurrency} at once");
            assert_eq!(pager.pages_so_far(), 8, "{read} read before, {concurrency} at once");
            assert!(errors <= 1, "{errors} errors, {read} read before");
            assert!(errors == 1 || read == 0, "{read} read before");
        }
    }
}

#[test]
fn pages_side_by_side_outlast_their_runtime_with_one_error_each_at_most() {
    let runtime = || tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let (mut pager, _) = Numbered::by(2).concurrency(3).lists(&words(20), u64::MAX, Some(20));
    let first = runtime();
    let mut items = first.block_on(some_of(&mut pager, 3));
    drop(first);
    let mut errors = 0;
    runtime().block_on(async {
        loop {
            let (more, error) = all_of(&mut pager).await;
            items.extend(more);
            if error.is_none() {
                break;
            }
            errors += 1;
        }
    });
    assert_eq!(items, words(20));
    assert!(errors <= 3, "{errors}");
}
