//! "Resume: `cursor()` after any item gives a small serde value (versioned, readable as JSON) that
//! names the page, the offset inside it, the last item's id and a fingerprint of the request, for
//! both styles. Resumed in another process, the listing goes on with the next item exactly once."

use entitlements::{
    ErrorKind,
    crm_gateway::{Filter, ListEntitlements, Sort},
    symphony::ListEntitledAdvisors,
};

use super::*;

/// How a listing is read: prefetch and concurrency.
const WAYS: [(usize, usize); 5] = [(0, 1), (1, 1), (3, 1), (0, 3), (2, 4)];

#[tokio::test]
async fn behind_any_item_of_a_listing_by_number_the_next_one_follows() {
    for count in [0, 1, 9, 10, 11] {
        for (prefetch, concurrency) in WAYS {
            let fake = gateway(count);
            // Another client is to the cursor as another process.
            let listing =
                || fake.client().expect("a client").list_entitlements().page_size(3).concurrency(concurrency);
            let mut pager = listing().stream().prefetch(prefetch);
            for taken in 0..=count {
                settle().await;
                let cursor = through_text(&pager.cursor());
                assert_eq!(cursor.items_so_far(), taken as u64);
                let mut resumed = listing().resume(cursor).stream().prefetch(prefetch);
                assert_eq!(resumed.items_so_far(), taken as u64);
                assert_eq!(take(&mut resumed, count - taken).await, ids(taken..count), "{taken} of {count}");
                assert!(resumed.next().await.is_none());
                assert!(!resumed.changed_while_reading());
                assert_eq!(resumed.items_so_far(), count as u64);
                if taken < count {
                    take(&mut pager, 1).await;
                }
            }
            assert!(pager.next().await.is_none());
            let end = listing().resume(through_text(&pager.cursor()));
            assert_eq!(rest(end.stream().prefetch(prefetch)).await, ids(0..0), "behind the end");
        }
    }
}

#[tokio::test]
async fn behind_any_item_of_a_listing_by_cursor_the_next_one_follows() {
    for count in [0, 1, 9, 10, 11] {
        for prefetch in [0, 1, 4] {
            let fake = pod(count, 3);
            let listing = || fake.client().expect("a client").list_entitled_advisors(NETWORK);
            let mut pager = listing().stream().prefetch(prefetch);
            for taken in 0..=count {
                settle().await;
                let cursor = through_text(&pager.cursor());
                let resumed = listing().resume(cursor).stream().prefetch(prefetch);
                assert_eq!(rest(resumed).await, texts(taken..count), "{taken} of {count}");
                if taken < count {
                    take(&mut pager, 1).await;
                }
            }
            assert!(pager.next().await.is_none());
            let end = listing().resume(through_text(&pager.cursor()));
            assert_eq!(rest(end.stream()).await, texts(0..0));
        }
    }
}

#[tokio::test]
async fn a_cursor_that_was_resumed_and_not_read_on_is_the_same_cursor() {
    let as_json = |cursor: &Cursor| serde_json::to_value(cursor).expect("JSON");
    let fake = gateway(9);
    let client = fake.client().expect("a client");
    let mut pager = client.list_entitlements().page_size(3).stream();
    let advisors = pod(9, 3);
    let client_of_advisors = advisors.client().expect("a client");
    let mut pager_of_advisors = client_of_advisors.list_entitled_advisors(NETWORK).stream();
    for _ in 0..9 {
        take(&mut pager, 1).await;
        let cursor = through_text(&pager.cursor());
        let resumed = client.list_entitlements().resume(cursor.clone()).stream();
        assert_eq!(as_json(&resumed.cursor()), as_json(&cursor));
        take(&mut pager_of_advisors, 1).await;
        let cursor = through_text(&pager_of_advisors.cursor());
        let resumed = client_of_advisors.list_entitled_advisors(NETWORK).resume(cursor.clone()).stream();
        assert_eq!(as_json(&resumed.cursor()), as_json(&cursor));
    }
}

#[tokio::test]
async fn a_process_that_reads_nothing_because_the_server_is_down_loses_no_progress() {
    let fake = gateway(9);
    let client = fake.client().expect("a client");
    let mut pager = client.list_entitlements().page_size(3).stream();
    take(&mut pager, 8).await;
    let mut cursor = through_text(&pager.cursor());
    for _ in 0..3 {
        fake.reply_next(fakes::Reply::new(503));
        let listing = client.list_entitlements().with_max_attempts(1).resume(cursor.clone());
        let mut resumed = listing.stream();
        assert!(resumed.next().await.expect("an error").is_err());
        cursor = through_text(&resumed.cursor());
    }
    let mut resumed = client.list_entitlements().resume(cursor).stream();
    assert_eq!(take(&mut resumed, 1).await, ids(8..9));
    assert_eq!((resumed.items_so_far(), resumed.pages_so_far()), (9, 3));
}

#[tokio::test]
async fn a_process_for_each_item_reads_each_once_whatever_size_it_asks_for() {
    for (prefetch, concurrency) in WAYS {
        let fake = gateway(20);
        let client = fake.client().expect("a client");
        let mut pager = client.list_entitlements().page_size(7).stream();
        let mut seen = Vec::new();
        let mut size = 1;
        while let Some(item) = pager.try_next().await.expect("an item") {
            seen.push(item.name());
            size = size % 5 + 1;
            let next = client.list_entitlements().page_size(size).concurrency(concurrency);
            pager = next.resume(through_text(&pager.cursor())).stream().prefetch(prefetch);
        }
        assert_eq!((seen, pager.items_so_far()), (ids(0..20), 20));
        // Three pages of seven, however often they were asked for.
        assert_eq!(pager.pages_so_far(), 3);
    }
    let fake = pod(10, 3);
    let client = fake.client().expect("a client");
    let mut pager = client.list_entitled_advisors(NETWORK).stream();
    let mut seen = Vec::new();
    while let Some(item) = pager.try_next().await.expect("an item") {
        seen.push(item.name());
        let cursor = through_text(&pager.cursor());
        pager = client.list_entitled_advisors(NETWORK).resume(cursor).stream().prefetch(2);
    }
    assert_eq!((seen, pager.items_so_far(), pager.pages_so_far()), (texts(0..10), 10, 4));
}

#[tokio::test]
async fn a_cursor_between_pages_resumes_at_the_next_page() {
    let fake = gateway(9);
    let client = fake.client().expect("a client");
    let mut pages = client.list_entitlements().page_size(3).stream().pages();
    for page in 1..=3 {
        pages.try_next().await.expect("a page").expect("not the end");
        let resumed = client.list_entitlements().resume(through_text(&pages.cursor()));
        assert_eq!(rest(resumed.stream()).await, ids(page * 3..9));
    }
    let fake = pod(9, 3);
    let client = fake.client().expect("a client");
    let mut pages = client.list_entitled_advisors(NETWORK).stream().pages();
    pages.try_next().await.expect("a page").expect("not the end");
    let before = fake.journal().total();
    let resumed = client.list_entitled_advisors(NETWORK).resume(through_text(&pages.cursor()));
    assert_eq!(rest(resumed.stream()).await, texts(3..9));
    assert_eq!(fake.journal().total() - before, 2, "the page that was read is not asked for again");
}

#[tokio::test]
async fn a_cursor_is_json_of_this_form() {
    let server = Server::start(|asked| (200, page_of(&[0, 1, 2, 3, 4, 5, 6], asked, &json!(7)))).await;
    let mut pager = crm_of(&server).list_entitlements().page_size(3).stream();
    take(&mut pager, 5).await;
    let mut cursor = serde_json::to_value(pager.cursor()).expect("JSON");
    let request = cursor.as_object_mut().expect("an object").remove("request").expect("a fingerprint");
    let is_digit = |digit: char| digit.is_ascii_hexdigit();
    assert!(request.as_str().is_some_and(|text| text.len() == 16 && text.chars().all(is_digit)), "{request}");
    let expected = json!({
        "version": 1,
        "operation": "crm_gateway.list_entitlements",
        "place": {
            "page": {"number": {"page": 2, "limit": 3}},
            "next": null,
            "offset": 2,
            "last": ids(0..5),
            "strays": [],
            "items": 5,
            "pages": 1,
            "total": 7,
        },
    });
    assert_eq!(cursor, expected);

    let server = Server::start(|asked| {
        let is_first = asked.parameter("after").is_none();
        (200, if is_first { advisors_page(0..9, Some("a/b")) } else { advisors_page(9..12, None) })
    })
    .await;
    let mut pager = symphony_of(&server).list_entitled_advisors(NETWORK).stream();
    take(&mut pager, 11).await;
    let mut cursor = serde_json::to_value(pager.cursor()).expect("JSON");
    cursor.as_object_mut().expect("an object").remove("request").expect("a fingerprint");
    let expected = json!({
        "version": 1,
        "operation": "symphony.list_entitled_advisors",
        "place": {
            "page": {"after": "a/b"},
            "next": null,
            "offset": 2,
            "last": texts(3..11),
            "strays": [],
            "items": 11,
            "pages": 1,
            "total": null,
        },
    });
    assert_eq!(cursor, expected);
}

#[tokio::test]
async fn the_fingerprint_is_the_same_in_every_process_and_version() {
    // Written down once; a change of it makes all kept cursors worthless and needs a new version.
    let client = crm_gateway::Client::builder("https://operator.example:8443")
        .auth(StaticToken::new(TOKEN))
        .build()
        .expect("a client");
    let cursor = |listing: ListEntitlements| serde_json::to_value(listing.stream().cursor()).expect("JSON");
    let request = cursor(client.list_entitlements().third_party())["request"].clone();
    let again =
        cursor(client.list_entitlements().third_party().page_size(9).concurrency(4))["request"].clone();
    assert_eq!(request, again, "the size of the pages is no part of it");
    assert_eq!(request, json!("4dd7281ec9eab376"));
}

type Other = fn(ListEntitlements) -> ListEntitlements;
type Same = fn(ListEntitledAdvisors) -> ListEntitledAdvisors;

/// The error of a listing that refuses a cursor before anything is sent.
async fn refusal<T: Named>(mut pager: Pager<T>, cursor: &Cursor) -> Error {
    let error = pager.next().await.expect("an error").map(|item| item.name()).expect_err("refused");
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::InvalidInput, 0), "{error}");
    assert!(error.to_string().contains("`cursor`"), "{error}");
    assert!(error.operation().is_some(), "{error}");
    assert!(pager.next().await.is_none() && pager.next().await.is_none());
    assert!(pager.cursor() == *cursor, "what was given is not lost");
    error
}

#[tokio::test]
async fn a_cursor_of_another_listing_is_refused_before_anything_is_sent() {
    let server = Server::start(|asked| (200, page_of(&[0, 1, 2], asked, &json!(3)))).await;
    let client = crm_of(&server);
    let base =
        || client.list_entitlements().third_party().sort(Sort::asc("status")).fields(["_id"]).tenant("north");
    let mut pager = base().stream();
    take(&mut pager, 2).await;
    let cursor = through_text(&pager.cursor());
    let before = server.count();
    let others: [(&str, Other); 7] = [
        ("filter", |one| one.filter(Filter::eq("status", "ACTIVE"))),
        ("a filter more", |one| one.filter(Filter::third_party().and("status", "ACTIVE"))),
        ("sort", |one| one.sort(Sort::desc("status"))),
        ("order not added", ListEntitlements::keep_sort_as_given),
        ("fields", |one| one.fields(["_id", "status"])),
        ("tenant", |one| one.tenant("south")),
        ("fields, joined", |one| one.fields(["_", "id"])),
    ];
    for (name, other) in others {
        for prefetch in [0, 2] {
            let pager = other(base()).resume(cursor.clone()).stream().prefetch(prefetch);
            let error = refusal(pager, &cursor).await;
            assert!(error.to_string().contains("other arguments"), "{name}: {error}");
        }
    }
    let elsewhere = Server::start(|_| (200, "{}".to_owned())).await;
    refusal(crm_of(&elsewhere).list_entitlements().resume(cursor.clone()).stream(), &cursor).await;
    let advisors = symphony_of(&server).list_entitled_advisors(NETWORK);
    let error = refusal(advisors.resume(cursor.clone()).stream(), &cursor).await;
    assert!(error.to_string().contains("another operation"), "{error}");
    assert_eq!((server.count(), elsewhere.count()), (before, 0));
    assert_eq!(rest(base().resume(cursor).stream()).await, ids(2..3));
}

#[tokio::test]
async fn a_cursor_of_other_advisors_is_refused_before_anything_is_sent() {
    let server = Server::start(|_| (200, advisors_page(0..3, None))).await;
    let client = symphony_of(&server);
    let mut pager = client.list_entitled_advisors(NETWORK).stream();
    take(&mut pager, 2).await;
    let cursor = through_text(&pager.cursor());
    let base = || client.list_entitled_advisors(NETWORK).resume(cursor.clone());
    refusal(client.list_entitled_advisors(ExternalNetwork::Sms).resume(cursor.clone()).stream(), &cursor)
        .await;
    refusal(base().list_permissions(true).stream(), &cursor).await;
    let number = crm_of(&server).list_entitlements();
    refusal(number.resume(cursor.clone()).stream(), &cursor).await;
    assert_eq!(server.count(), 1);
    // Said or not, without permissions is the same, and the place is the cursor's.
    let same: [Same; 4] =
        [|one| one, |one| one.list_permissions(false), |one| one.after("x"), |one| one.before("x")];
    for same in same {
        assert_eq!(rest(same(base()).stream()).await, ["2"]);
    }
}

#[tokio::test]
async fn another_version_and_garbage_are_refused_when_they_are_read() {
    let server = Server::start(|asked| (200, page_of(&[0, 1, 2], asked, &json!(3)))).await;
    let mut pager = crm_of(&server).list_entitlements().stream();
    take(&mut pager, 2).await;
    let good = serde_json::to_value(pager.cursor()).expect("JSON");
    for version in [json!(0), json!(2), json!(u32::MAX), json!(u64::MAX), json!(-1), json!("1"), Value::Null]
    {
        let mut other = good.clone();
        other["version"] = version.clone();
        let words = serde_json::from_value::<Cursor>(other).expect_err("another version").to_string();
        if version == json!(2) {
            assert!(words.contains("version 2") && words.contains("version 1"), "{words}");
        }
    }
    for part in ["version", "operation", "request", "place"] {
        let mut other = good.clone();
        other.as_object_mut().expect("an object").remove(part);
        assert!(serde_json::from_value::<Cursor>(other).is_err(), "without {part}");
    }
    for part in ["page", "offset", "last", "strays", "items", "pages"] {
        for value in [json!("x"), json!(-1), json!({}), json!({"number": {"page": 1}}), json!(true)] {
            let mut other = good.clone();
            other["place"][part] = value.clone();
            assert!(serde_json::from_value::<Cursor>(other).is_err(), "{part}: {value}");
        }
    }
    for garbage in ["", "{}", "[]", "7", "null", "\"x\"", "{\"version\":1}", "\u{0}", "<html>"] {
        assert!(serde_json::from_str::<Cursor>(garbage).is_err(), "{garbage}");
    }
}

#[tokio::test]
async fn debug_shows_neither_cursors_nor_ids_nor_addresses() {
    let secret = "eyJlbWFpbCI6ImFkYUBhY21lLmV4YW1wbGUifQ";
    let server = Server::start(move |_| {
        let item = json!({"symphonyId": "ada@acme.example", "emailAddress": "ada@acme.example"});
        let links = json!({"next": format!("?after={secret}")});
        (200, json!({"entitlements": [item], "pagination": links}).to_string())
    })
    .await;
    for prefetch in [0, 1] {
        let request = symphony_of(&server).list_entitled_advisors(NETWORK);
        let mut pager = request.clone().stream().prefetch(prefetch);
        take(&mut pager, 2).await;
        let cursor = pager.cursor();
        assert!(serde_json::to_string(&cursor).expect("JSON").contains("ada@acme.example"));
        let refused =
            symphony_of(&server).list_entitled_advisors(ExternalNetwork::Sms).resume(cursor.clone());
        let error = refused.clone().stream().try_next().await.expect_err("refused");
        let resumed = request.resume(cursor.clone());
        let shown = format!(
            "{cursor:?} {pager:?} {:?} {resumed:?} {refused:?} {error:?} {error} {:?}",
            resumed.clone().stream(),
            pager.next().await,
        );
        let rest = format!("{:?}", pager.pages());
        for hidden in [secret, "ada@"] {
            assert!(!shown.contains(hidden) && !rest.contains(hidden), "{shown} {rest}");
        }
        assert!(shown.starts_with("Cursor { version: 1, items_so_far: 2, .. } Pager {"), "{shown}");
    }
}
