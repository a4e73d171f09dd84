//! "One item that cannot be decoded never loses its page: the error names page and index, and the rest
//! comes."

use entitlements::ErrorKind;
use futures_util::StreamExt;

use super::*;

/// How a listing is read: prefetch and concurrency.
const WAYS: [(usize, usize); 5] = [(0, 1), (1, 1), (4, 1), (2, 3), (0, 8)];

#[tokio::test]
async fn an_item_that_cannot_be_decoded_is_named_by_page_and_index_and_costs_no_other() {
    for (prefetch, concurrency) in WAYS {
        let fake = gateway(10);
        // The fifth of all: the second of page 2.
        fake.add_malformed("e00003x", json!({"_id": 7, "status": ["ada@acme.example"]}));
        let client = fake.client().expect("a client");
        let listing = || client.list_entitlements().page_size(3).concurrency(concurrency);
        let mut pager = listing().stream().prefetch(prefetch);
        let mut seen = Vec::new();
        while let Some(item) = pager.next().await {
            match item {
                Ok(item) => seen.push(item.name()),
                Err(error) => {
                    assert_eq!(seen.len(), 4, "in its place");
                    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::UnexpectedAnswer, false));
                    let words = error.to_string();
                    assert!(words.contains("page 2: item 1 of the page"), "{words}");
                    assert!(!format!("{words}{error:?}").contains("ada@"), "{words}");
                    assert!(String::from_utf8_lossy(error.body()).contains("ada@"), "for who asks");
                    seen.push("error".to_owned());
                }
            }
        }
        let expected: Vec<_> = ids(0..4).into_iter().chain(["error".to_owned()]).chain(ids(4..10)).collect();
        assert_eq!(seen, expected, "{prefetch} {concurrency}");
        assert_eq!((pager.items_so_far(), fake.list_requests()), (10, 4.max(concurrency) as u64));

        // Resumed behind any item or error, the rest comes, and the error only where it was not yet told.
        for taken in 0..=expected.len() {
            let mut pager = listing().stream().prefetch(prefetch);
            for _ in 0..taken {
                let _ = pager.next().await.expect("not the end");
            }
            let cursor = through_text(&pager.cursor());
            let mut resumed = listing().resume(cursor).stream().prefetch(prefetch);
            let all = all(&mut resumed).await;
            let names: Vec<_> = all
                .iter()
                .map(|item| item.as_ref().map_or_else(|_| "error".to_owned(), Clone::clone))
                .collect();
            assert_eq!(names, expected[taken..], "behind {taken}");
            for error in bad(&all) {
                assert!(error.to_string().contains("page 2: item 1 of the page"), "{error}");
            }
        }
    }
}

#[tokio::test]
async fn a_bad_advisor_is_named_by_page_and_index_also_after_a_resume() {
    let server = Server::start(|asked| {
        let page: usize = asked.parameter("after").map_or(0, |cursor| cursor.parse().expect("a number"));
        let items: Vec<_> = (0..3)
            .map(|index| {
                if page == 2 && index == 1 {
                    json!("ada@acme.example")
                } else {
                    json!({"symphonyId": (page * 3 + index).to_string()})
                }
            })
            .collect();
        let next = (page < 3).then(|| format!("?after={}", page + 1));
        (200, json!({"entitlements": items, "pagination": {"next": next}}).to_string())
    })
    .await;
    let listing = || symphony_of(&server).list_entitled_advisors(NETWORK);
    for taken in 0..=7 {
        for prefetch in [0, 2] {
            let mut pager = listing().stream();
            take(&mut pager, taken).await;
            let mut resumed = listing().resume(through_text(&pager.cursor())).stream().prefetch(prefetch);
            let all = all(&mut resumed).await;
            let expected: Vec<_> = texts(taken..12).into_iter().filter(|name| name != "7").collect();
            assert_eq!(good(&all), expected);
            let errors = bad(&all);
            assert_eq!(errors.len(), 1);
            assert!(errors[0].to_string().contains("page 3: item 1 of the page"), "{taken}: {}", errors[0]);
        }
    }
}

#[tokio::test]
async fn pages_tell_the_bad_items_beside_the_good_ones() {
    let fake = gateway(6);
    fake.add_malformed("e00001x", json!("no entitlement"));
    let client = fake.client().expect("a client");
    let pages: Vec<_> = client.list_entitlements().page_size(3).stream().prefetch(1).pages().collect().await;
    let pages: Vec<_> = pages.into_iter().map(|page| page.expect("a page")).collect();
    let counts: Vec<_> = pages.iter().map(|page| (page.items.len(), page.errors.len())).collect();
    assert_eq!(counts, [(2, 1), (3, 0), (1, 0)]);
    assert!(pages[0].errors[0].to_string().contains("page 1: item 2 of the page"));
}
