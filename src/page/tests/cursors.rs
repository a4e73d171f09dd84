//! Pages by cursor, rule by rule.

use super::script::{Word, all_of, by_cursor, failed, fetched, in_turn, some_of};
use crate::{ErrorKind, Pager, Pages};

#[tokio::test]
async fn empty_pages_do_not_end_a_listing() {
    let (mut pager, asked) = in_turn(vec![(&["1"], Some("a")), (&[], Some("b")), (&["2", "3"], None)]);
    assert_eq!(all_of(&mut pager).await, (vec!["1".into(), "2".into(), "3".into()], None));
    assert_eq!(asked.all(), ["the first page", "after a", "after b"]);
    assert_eq!((pager.items_so_far(), pager.pages_so_far(), pager.total()), (3, 3, None));
}

/// "A cursor that loops, whatever the period, ends with `ErrorKind::Pagination` within one period."
#[tokio::test]
async fn a_cursor_that_loops_ends_within_one_period() {
    for period in [1, 2, 3, 7, 50] {
        for before in [0, 1, 4] {
            // Pages before the loop, then those of the loop for ever.
            let (mut pager, asked) = by_cursor(None, move |nth, _| {
                let next = if nth < before { nth } else { before + (nth - before) % period };
                Ok(fetched(&[&nth.to_string()], None, Some(&next.to_string())))
            });
            let (items, error) = all_of(&mut pager).await;
            let what = format!("{before} pages before a period of {period}");
            assert_eq!(error, Some(ErrorKind::Pagination), "{what}");
            assert_eq!(items.len(), before + period + 1, "{what}: what came before the error is delivered");
            assert_eq!(asked.count(), before + period + 1, "{what}");
            assert!(pager.next().await.is_none(), "{what}: fused");
        }
    }
}

#[tokio::test]
async fn a_loop_ends_a_listing_that_reads_ahead() {
    let (pager, asked) = in_turn(vec![(&["1"], Some("a")), (&["2"], Some("b")), (&["3"], Some("a"))]);
    let mut pager = pager.prefetch(3);
    let (items, error) = all_of(&mut pager).await;
    assert_eq!((items.len(), error, asked.count()), (3, Some(ErrorKind::Pagination), 3));
    assert!(pager.next().await.is_none());
}

#[tokio::test]
async fn a_page_that_failed_is_no_page_that_was_seen() {
    let (mut pager, asked) = by_cursor(None, |nth, _| match nth {
        0 => Ok(fetched(&["1"], None, Some("a"))),
        1..=3 => Err(failed(ErrorKind::Timeout)),
        _ => Ok(fetched(&["2"], None, None)),
    });
    some_of(&mut pager, 1).await;
    for _ in 0..3 {
        assert_eq!(pager.try_next().await.expect_err("fails").kind(), ErrorKind::Timeout);
    }
    assert_eq!(all_of(&mut pager).await, (vec!["2".into()], None));
    assert_eq!(asked.all()[1..], ["after a"; 4]);
}

/// "After a transient error the next poll fetches the same page again; after any other the pager is
/// fused and keeps its `cursor()`."
#[tokio::test]
async fn a_transient_error_is_followed_by_the_same_page_and_any_other_by_the_end() {
    let transient = [ErrorKind::Server, ErrorKind::Timeout, ErrorKind::RateLimited, ErrorKind::NotSent];
    let fatal = [
        ErrorKind::Forbidden,
        ErrorKind::LoginFailed,
        ErrorKind::NotFound,
        ErrorKind::Rejected,
        ErrorKind::InvalidInput,
    ];
    for ahead in [0, 2] {
        for (kind, goes_on) in
            transient.map(|kind| (kind, true)).into_iter().chain(fatal.map(|kind| (kind, false)))
        {
            let (pager, asked) = by_cursor(None, move |nth, _| match nth {
                0 => Ok(fetched(&["1", "2"], None, Some("a"))),
                1 => Err(failed(kind)),
                _ => Ok(fetched(&["3"], None, None)),
            });
            let mut pager = pager.prefetch(ahead);
            assert_eq!(some_of(&mut pager, 2).await, ["1", "2"]);
            let cursor = pager.cursor();
            assert_eq!(pager.try_next().await.expect_err("fails").kind(), kind);
            assert!(pager.cursor() == cursor, "{kind:?}");
            let rest = if goes_on { vec!["3".to_owned()] } else { Vec::new() };
            assert_eq!(all_of(&mut pager).await, (rest, None), "{kind:?}");
            assert_eq!(asked.count(), if goes_on { 3 } else { 2 }, "{kind:?}");
        }
    }
}

/// "One item that cannot be decoded never loses its page: the error names page and index, and the
/// rest comes."
#[tokio::test]
async fn an_item_that_cannot_be_decoded_costs_no_other() {
    let (mut pager, _) = in_turn(vec![(&["1", "!"], Some("a")), (&["!", "2", "!", "3"], None)]);
    assert_eq!(all_of(&mut pager).await.0, ["1", "!", "!", "2", "!", "3"]);
    assert_eq!(pager.items_so_far(), 3);
    let (mut pager, _) = in_turn(vec![(&["1"], Some("a")), (&["!"], None)]);
    some_of(&mut pager, 1).await;
    let error = pager.try_next().await.expect_err("an item that cannot be decoded");
    assert_eq!(error.message(), "page 2: as the test says");
}

#[tokio::test]
async fn pages_keep_their_bounds() {
    let (pager, _) = in_turn(vec![(&["1", "2"], Some("a")), (&[], Some("b")), (&["3", "!"], None)]);
    let mut by_page = pager.pages();
    let mut bounds = Vec::new();
    while let Some(page) = by_page.try_next().await.expect("a page") {
        bounds.push((page.items.len(), page.errors.len()));
    }
    assert_eq!(bounds, [(2, 0), (0, 0), (1, 1)]);
    assert!(by_page.next().await.is_none());
}

#[tokio::test]
async fn what_is_left_of_the_page_at_hand_comes_first() {
    let (mut pager, _) = in_turn(vec![(&["1", "2", "3"], Some("a")), (&["4"], None)]);
    some_of(&mut pager, 1).await;
    let mut by_page = pager.pages();
    let page = by_page.try_next().await.expect("a page").expect("not the end");
    assert_eq!(page.items, [Word("2".into()), Word("3".into())]);
    let page = by_page.try_next().await.expect("a page").expect("not the end");
    assert_eq!(page.items, [Word("4".into())]);
}

#[tokio::test]
async fn try_collect_ends_with_the_first_error() {
    let (pager, _) = in_turn(vec![(&["1", "2"], Some("a")), (&["3"], None)]);
    let all: Vec<Word> = pager.try_collect().await.expect("lists");
    assert_eq!(all.len(), 3);
    let (pager, _) = in_turn(vec![(&["1", "!", "2"], None)]);
    assert_eq!(pager.try_collect::<Vec<_>>().await.expect_err("an item").kind(), ErrorKind::UnexpectedAnswer);
}

#[test]
fn a_pager_can_be_sent_and_kept() {
    fn check<P: Send + Unpin + 'static>() {}
    check::<Pager<Word>>();
    check::<Pages<Word>>();
}
