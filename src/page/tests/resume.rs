//! Cursors that are kept and taken up again, rule by rule.

use serde_json::{Value, json};

use super::script::{Numbered, all_of, by_cursor, failed, fetched, in_turn, kept, page_of, some_of, words};
use crate::{Cursor, ErrorKind};

fn answers(position: &crate::page::Position) -> super::script::Answer {
    let next = |words: &[&str], next| Ok(fetched(words, None, next));
    match super::server::name(position).as_str() {
        "the first page" => next(&["1", "2", "!"], Some("a")),
        "after a" => next(&[], Some("b")),
        "after b" => next(&["3"], Some("c")),
        "after c" => next(&["!", "4", "!", "5"], Some("d")),
        "after d" => next(&[], None),
        other => unreachable!("{other}"),
    }
}

/// "Resumed in another process, the listing goes on with the next item exactly once."
#[tokio::test]
async fn a_listing_by_cursor_is_resumed_behind_any_item() {
    let (mut whole, _) = by_cursor(None, |_, position| answers(position));
    let (whole, _) = all_of(&mut whole).await;
    for at in 0..=whole.len() {
        for ahead in [0, 2] {
            let (pager, _) = by_cursor(None, |_, position| answers(position));
            let mut pager = pager.prefetch(ahead);
            for _ in 0..at {
                let _ = pager.next().await.expect("not the end");
            }
            let (mut rest, _) = by_cursor(Some(kept(&pager)), |_, position| answers(position));
            let so_far = rest.items_so_far();
            assert_eq!((so_far, rest.pages_so_far() <= pager.pages_so_far()), (pager.items_so_far(), true));
            assert!(rest.cursor() == pager.cursor(), "behind {at}: nothing was delivered in between");
            assert_eq!(all_of(&mut rest).await, (whole[at..].to_vec(), None), "behind {at}");
            assert_eq!(rest.pages_so_far(), 5, "behind {at}");
            assert!(!rest.changed_while_reading(), "behind {at}");
        }
    }
}

#[tokio::test]
async fn a_listing_by_number_is_resumed_behind_any_item() {
    for told in [Some(23), None] {
        for concurrency in [1, 3] {
            for at in 0..=23 {
                let (mut pager, _) =
                    Numbered::by(5).concurrency(concurrency).lists(&words(23), u64::MAX, told);
                some_of(&mut pager, at).await;
                let (mut rest, asked) = Numbered::by(5).concurrency(concurrency).resume(kept(&pager)).lists(
                    &words(23),
                    u64::MAX,
                    told,
                );
                assert_eq!(all_of(&mut rest).await, (words(23)[at..].to_vec(), None), "behind {at}");
                assert!(!rest.changed_while_reading(), "behind {at}");
                assert_eq!(rest.items_so_far(), 23);
                let first = if at == 0 { 1 } else { at.div_ceil(5) };
                assert_eq!(asked.all()[0], format!("page {first} by 5"), "behind {at}");
            }
        }
    }
}

/// A cursor has the size of its own pages, and that is the one the server gives.
#[tokio::test]
async fn a_capped_listing_is_resumed_behind_any_item() {
    for at in 0..=23 {
        let (mut pager, _) = Numbered::by(100).lists(&words(23), 4, Some(23));
        some_of(&mut pager, at).await;
        let (mut rest, _) = Numbered::by(7).resume(kept(&pager)).lists(&words(23), 4, Some(23));
        assert_eq!(all_of(&mut rest).await, (words(23)[at..].to_vec(), None), "behind {at}");
    }
}

#[tokio::test]
async fn the_cursor_of_a_listing_that_failed_goes_on_behind_its_last_item() {
    let (mut pager, _) = Numbered::by(5).answers(|nth, page, size| match nth {
        2 => Err(failed(ErrorKind::Forbidden)),
        _ => Ok(page_of(&words(23), page, size, Some(23))),
    });
    assert_eq!(all_of(&mut pager).await, (words(10), Some(ErrorKind::Forbidden)));
    assert!(pager.next().await.is_none());
    let (mut rest, _) = Numbered::by(5).resume(kept(&pager)).lists(&words(23), u64::MAX, Some(23));
    assert_eq!(all_of(&mut rest).await, (words(23)[10..].to_vec(), None));
}

#[tokio::test]
async fn the_cursor_of_a_listing_that_is_over_brings_nothing() {
    let (mut pager, _) = in_turn(vec![(&["1"], Some("a")), (&["2"], None)]);
    all_of(&mut pager).await;
    let (mut rest, asked) = by_cursor(Some(kept(&pager)), |_, _| Ok(fetched(&["2"], None, None)));
    assert_eq!((all_of(&mut rest).await.0, asked.count()), (Vec::new(), 1));
    let (mut rest, _) = by_cursor(Some(kept(&pager)), |_, _| Ok(fetched(&["2", "3"], None, None)));
    assert_eq!(all_of(&mut rest).await.0, ["3"], "unless something was added behind it");
}

/// What happened to twenty items between the cursor behind the tenth and the new listing.
#[tokio::test]
async fn the_place_is_found_again_where_the_list_moved() {
    let more = |number: u64| (1..=number).map(|one| format!("new {one}")).collect::<Vec<_>>();
    let all = words(20);
    let rows: [(&str, Vec<String>, &[String]); 8] = [
        ("nothing", all.clone(), &all[10..]),
        ("one was inserted before", [more(1), all.clone()].concat(), &all[10..]),
        ("a page was inserted before", [more(5), all.clone()].concat(), &all[10..]),
        ("many were inserted before", [more(60), all.clone()].concat(), &all[10..]),
        ("one was removed before", all[1..].to_vec(), &all[10..]),
        ("the last one was removed", [&all[..9], &all[10..]].concat(), &all[10..]),
        ("the last seven were removed", [&all[..3], &all[10..]].concat(), &all[10..]),
        ("all that came were removed", all[10..].to_vec(), &all[10..]),
    ];
    for concurrency in [1, 3] {
        for (what, now, wanted) in &rows {
            let (mut pager, _) = Numbered::by(4).lists(&all, u64::MAX, Some(20));
            some_of(&mut pager, 10).await;
            let total = Some(now.len() as u64);
            let (mut rest, _) =
                Numbered::by(4).concurrency(concurrency).resume(kept(&pager)).lists(now, u64::MAX, total);
            assert_eq!(all_of(&mut rest).await, (wanted.to_vec(), None), "{what}");
            assert_eq!(rest.changed_while_reading(), *what != "nothing", "{what}");
        }
    }
}

/// The same in the page of a listing by cursor.
#[tokio::test]
async fn the_place_is_found_again_where_a_page_changed() {
    let rows: [(&str, &[&str], &[&str]); 6] = [
        ("nothing", &["1", "2", "3", "4", "5"], &["4", "5"]),
        ("one was inserted before", &["0", "1", "2", "3", "4", "5"], &["4", "5"]),
        ("one was inserted behind", &["1", "2", "3", "3a", "4", "5"], &["3a", "4", "5"]),
        ("one was removed before", &["2", "3", "4", "5"], &["4", "5"]),
        ("the last one was removed", &["1", "2", "4", "5"], &["4", "5"]),
        ("all that came were removed", &["4", "5"], &["4", "5"]),
    ];
    for (what, now, wanted) in rows {
        let (mut pager, _) = in_turn(vec![(&["1", "2", "3", "4", "5"], None)]);
        some_of(&mut pager, 3).await;
        let (mut rest, _) = in_turn_from(kept(&pager), now);
        assert_eq!(all_of(&mut rest).await.0, wanted, "{what}");
        let shifts = !["nothing", "one was inserted behind"].contains(&what);
        assert_eq!(rest.changed_while_reading(), shifts, "{what}");
    }
}

/// What an addition pushed to the next page was delivered before and does not come again.
#[tokio::test]
async fn what_was_pushed_to_the_next_page_comes_once() {
    let (mut pager, _) = in_turn(vec![(&["1", "2", "3"], None)]);
    some_of(&mut pager, 2).await;
    let (mut rest, _) = by_cursor(Some(kept(&pager)), |nth, _| match nth {
        0 => Ok(fetched(&["new", "newer", "1"], None, Some("a"))),
        _ => Ok(fetched(&["2", "3"], None, None)),
    });
    assert_eq!(all_of(&mut rest).await.0, ["3"]);
}

fn in_turn_from(
    cursor: Cursor,
    now: &'static [&'static str],
) -> (crate::Pager<super::script::Word>, super::script::Asked) {
    by_cursor(Some(cursor), move |_, _| Ok(fetched(now, None, None)))
}

/// "A cursor from another listing, another version or garbage is refused with a clear error."
#[tokio::test]
async fn a_cursor_of_something_else_is_refused_and_kept() {
    let (mut pager, _) = Numbered::by(5).lists(&words(23), u64::MAX, Some(23));
    some_of(&mut pager, 7).await;
    let good = serde_json::to_value(pager.cursor()).expect("a cursor can be written");
    let (mut by_cursors, _) = in_turn(vec![(&["1", "2"], None)]);
    some_of(&mut by_cursors, 1).await;
    let other_style = serde_json::to_value(by_cursors.cursor()).expect("a cursor can be written");
    let with = |path: &str, value: Value| {
        let mut cursor = good.clone();
        *cursor.pointer_mut(path).unwrap_or_else(|| panic!("{path} in {good}")) = value;
        cursor
    };
    for (what, cursor, rule) in [
        ("another request", with("/request", json!("0123456789abcdef")), "other arguments"),
        (
            "another operation",
            with("/operation", json!("symphony.list_entitled_advisors")),
            "another operation",
        ),
        ("the other style", other_style.clone(), "another operation"),
        ("page 0", with("/place/page", json!({"number": {"page": 0, "limit": 5}})), "cannot have"),
        ("pages of 0", with("/place/page", json!({"number": {"page": 1, "limit": 0}})), "cannot have"),
        ("a page by cursor", with("/place/page", json!({"after": "a"})), "cannot have"),
        ("the first page by cursor", with("/place/page", json!("start")), "cannot have"),
    ] {
        let cursor: Cursor = serde_json::from_value(cursor).expect("it has the shape of one");
        let (pager, asked) = Numbered::by(5).resume(cursor.clone()).lists(&words(23), u64::MAX, Some(23));
        let mut pager = pager.prefetch(1);
        assert!(pager.cursor() == cursor, "{what}: before the first request");
        let error = pager.try_next().await.expect_err(what);
        assert_eq!(
            (error.kind(), error.message().contains(rule)),
            (ErrorKind::InvalidInput, true),
            "{what}: {error}"
        );
        assert!(pager.next().await.is_none(), "{what}");
        assert!(pager.cursor() == cursor, "{what}: after it");
        assert_eq!(asked.count(), 0, "{what}");
    }
    for (what, cursor) in [
        ("another version", with("/version", json!(2))),
        ("no version", with("/version", Value::Null)),
        ("a negative page", with("/place/page", json!({"number": {"page": -1, "limit": 5}}))),
        ("no place", with("/place", Value::Null)),
        ("an empty object", json!({})),
        ("a text", json!("eyJ4IjoiMSJ9")),
    ] {
        let refused = serde_json::from_value::<Cursor>(cursor).expect_err(what).to_string();
        assert_eq!(refused.contains("version 2"), what == "another version", "{what}: {refused}");
    }
}

/// A cursor that somebody made by hand, with numbers as large as they can be.
#[tokio::test]
async fn a_cursor_with_hostile_numbers_ends_without_a_panic() {
    let (mut pager, _) = Numbered::by(5).lists(&words(23), u64::MAX, Some(23));
    some_of(&mut pager, 7).await;
    let good = serde_json::to_value(pager.cursor()).expect("a cursor can be written");
    for path in [
        "/place/page/number/page",
        "/place/page/number/limit",
        "/place/offset",
        "/place/items",
        "/place/pages",
        "/place/total",
    ] {
        for told in [Some(23), Some(u64::MAX), None] {
            let mut cursor = good.clone();
            *cursor.pointer_mut(path).unwrap_or_else(|| panic!("{path} in {good}")) = json!(u64::MAX);
            let cursor: Cursor = serde_json::from_value(cursor).expect("it has the shape of one");
            let (mut pager, asked) = Numbered::by(5).resume(cursor).lists(&words(23), u64::MAX, told);
            let _ = all_of(&mut pager).await;
            assert!(asked.count() < 300, "{path}");
        }
    }
}

/// "`Debug` redacts it."
#[tokio::test]
async fn debug_shows_nothing_of_a_cursor() {
    let (mut pager, _) =
        by_cursor(None, |_, _| Ok(fetched(&["ada@acme.example", "2"], None, Some("plainly-personal"))));
    some_of(&mut pager, 2).await;
    for shown in [format!("{:?}", pager.cursor()), format!("{pager:?}")] {
        assert!(!shown.contains("ada") && !shown.contains("personal"), "{shown}");
        assert!(shown.contains("items_so_far: 2"), "{shown}");
    }
}
