//! "Cursors: forward and backward; `next` given as `?after=…`, percent-encoded or not, with a full
//! URL (never followed to another origin), absent, null or empty; base64 characters encoded on the
//! wire. An empty page with a next cursor goes on. A cursor that loops, whatever the period, ends
//! with `ErrorKind::Pagination` within one period."

use entitlements::ErrorKind;
use futures_util::StreamExt;

use super::*;
use crate::support::raw::RawServer;

/// The bare cursor of the second request, as it was sent, or that there is none.
async fn second_cursor(direction: &str, pagination: Value) -> Option<String> {
    let body = json!({"entitlements": [{"symphonyId": "1"}], "pagination": pagination}).to_string();
    let is_first = std::sync::atomic::AtomicBool::new(true);
    let server = Server::start(move |_| {
        let first = is_first.swap(false, std::sync::atomic::Ordering::SeqCst);
        (200, if first { body.clone() } else { "{}".to_owned() })
    })
    .await;
    let listing = symphony_of(&server).list_entitled_advisors(NETWORK);
    let listing = if direction == "before" { listing.before("start") } else { listing.after("start") };
    assert_eq!(rest(listing.stream()).await, ["1"], "{pagination}");
    let lines = server.lines();
    assert!(lines[0].ends_with(&format!("?{direction}=start HTTP/1.1")), "{lines:?}");
    let query = lines.get(1)?.split_once('?').expect("a query").1.trim_end_matches(" HTTP/1.1").to_owned();
    let value = query.strip_prefix(&format!("{direction}=")).unwrap_or_else(|| panic!("{query}"));
    Some(value.to_owned())
}

/// A page's links in one direction, beside those of the other one, which are to be ignored.
fn links(direction: &str, link: Option<Value>, bare: Option<Value>) -> Value {
    let (link_name, other_link, other) =
        if direction == "before" { ("previous", "next", "after") } else { ("next", "previous", "before") };
    let mut links = json!({other_link: format!("?{other}=wrong"), "cursors": {other: "wrong"}});
    if let Some(link) = link {
        links[link_name] = link;
    }
    if let Some(bare) = bare {
        links["cursors"][direction] = bare;
    }
    links
}

#[tokio::test]
async fn the_other_page_is_found_in_every_form_in_both_directions() {
    for direction in ["after", "before"] {
        let link = |text: &str| Some(json!(text.replace("DIR", direction)));
        let table = [
            (link("?DIR=a/b"), None, "a%2Fb"),
            (link("?DIR=a%2Fb"), None, "a%2Fb"),
            (link("?DIR=a%2fb"), None, "a%2Fb"),
            (link("DIR=a/b"), None, "a%2Fb"),
            (link("?x=y&DIR=a/b"), None, "a%2Fb"),
            (link("?DIR=a/b&listPermissions=false"), None, "a%2Fb"),
            (link("https://elsewhere.example/x?DIR=a%2Fb#c"), None, "a%2Fb"),
            // The alphabet of base64 is encoded on the wire, and a plus is no space.
            (link("?DIR=a+b/c=="), None, "a%2Bb%2Fc%3D%3D"),
            (link("?DIR=a%2Bb%2Fc%3D%3D"), None, "a%2Bb%2Fc%3D%3D"),
            (None, Some(json!("a+b/c==")), "a%2Bb%2Fc%3D%3D"),
            // A bare cursor is as it is, also where it looks encoded.
            (None, Some(json!("a%2Fb")), "a%252Fb"),
            // The bare one is preferred, if there is one.
            (link("?DIR=other"), Some(json!("a/b")), "a%2Fb"),
            (link("?DIR=a/b"), Some(json!("")), "a%2Fb"),
            (link("?DIR=a/b"), Some(Value::Null), "a%2Fb"),
            (link(""), Some(json!("a/b")), "a%2Fb"),
            (link("no cursor in it"), Some(json!("a/b")), "a%2Fb"),
        ];
        for (link, bare, expected) in table {
            let pagination = links(direction, link, bare);
            let sent = second_cursor(direction, pagination.clone()).await;
            assert_eq!(sent.as_deref(), Some(expected), "{direction} {pagination}");
        }
    }
}

#[tokio::test]
async fn a_listing_ends_in_every_form_of_the_end_in_both_directions() {
    for direction in ["after", "before"] {
        for pagination in [
            Value::Null,
            json!({}),
            links(direction, None, None),
            links(direction, Some(Value::Null), None),
            links(direction, Some(json!("")), None),
            links(direction, Some(json!("")), Some(json!(""))),
            links(direction, Some(json!(format!("?{direction}="))), None),
            links(direction, Some(Value::Null), Some(Value::Null)),
            // A link that is there and null ends the listing whatever the cursor says.
            links(direction, Some(Value::Null), Some(json!("a/b"))),
        ] {
            let sent = second_cursor(direction, pagination.clone()).await;
            assert_eq!(sent, None, "{direction} {pagination}");
        }
    }
}

#[tokio::test]
async fn a_link_to_another_origin_is_never_followed() {
    let other = RawServer::start([]).await;
    for direction in ["after", "before"] {
        let path = "/admin/api/v1/customer/entitlements/externalNetwork/WHATSAPP/advisors";
        for host in [other.uri(), other.uri_by_name(), other.uri().replace("http:", "")] {
            let link = format!("{host}{path}?{direction}=a");
            assert_eq!(
                second_cursor(direction, links(direction, Some(json!(link)), None)).await.as_deref(),
                Some("a")
            );
        }
    }
    assert_eq!((other.requests().len(), other.connections()), (0, 0));
}

#[tokio::test]
async fn pages_come_in_reverse_and_their_advisors_in_the_servers_order_backwards() {
    let fake = pod(8, 3);
    let client = fake.client().expect("a client");
    rest(client.list_entitled_advisors(NETWORK).stream()).await;
    let last = fake.received()[2].parameter("after").expect("the cursor of the last page");
    let listing = || client.list_entitled_advisors(NETWORK).before(last.clone());
    let by_page: Vec<_> =
        listing().stream().pages().map(|page| names(&page.expect("a page").items)).collect().await;
    let back = by_page.concat();
    let mut sorted = back.clone();
    sorted.sort();
    // The cursor names the last item of the second page.
    assert_eq!(sorted, texts(0..5), "each once");
    assert!(by_page.iter().all(|page| page.is_sorted()), "{by_page:?}");
    assert!(by_page.windows(2).all(|two| two[1] < two[0]), "{by_page:?}");
    assert_eq!(rest(listing().stream().prefetch(3)).await, back);
    // From behind any item on, in the same direction.
    let mut pager = listing().stream();
    for taken in 0..=back.len() {
        let cursor = through_text(&pager.cursor());
        let resumed = client.list_entitled_advisors(NETWORK).resume(cursor);
        assert_eq!(rest(resumed.stream()).await, back[taken..], "behind {taken}");
        if taken < back.len() {
            take(&mut pager, 1).await;
        }
    }
}

#[tokio::test]
async fn empty_pages_with_a_next_cursor_do_not_end_a_listing() {
    // Empty at the beginning, twice in a row, and at the end.
    let pages: [&[usize]; 7] = [&[], &[0, 1], &[], &[], &[2], &[], &[]];
    for prefetch in [0, 1, 4] {
        let server = Server::start(move |asked| {
            let page: usize =
                asked.parameter("after").map_or(0, |cursor| cursor[1..].parse().expect("a number"));
            let next = (page + 1 < pages.len()).then(|| format!("c{}", page + 1));
            (200, advisors_page(pages[page].iter().copied(), next.as_deref()))
        })
        .await;
        let listing = symphony_of(&server).list_entitled_advisors(NETWORK);
        assert_eq!(rest(listing.stream().prefetch(prefetch)).await, texts(0..3));
        assert_eq!(server.count(), 7);
        let sizes: Vec<_> = symphony_of(&server)
            .list_entitled_advisors(NETWORK)
            .stream()
            .prefetch(prefetch)
            .pages()
            .map(|page| page.expect("a page").items.len())
            .collect()
            .await;
        assert_eq!(sizes, [0, 2, 0, 0, 1, 0, 0], "empty ones come too");
    }
}

/// Pages without end: so many that come once, and then a loop of this period. Each has one item.
async fn looping(lead: usize, period: usize) -> Server {
    Server::start(move |asked| {
        let cursor = asked.parameter("after").or_else(|| asked.parameter("before"));
        let page: usize = cursor.map_or(0, |cursor| cursor[1..].parse().expect("a number"));
        let next = if page + 1 == lead + period { lead } else { page + 1 };
        let item = json!({"symphonyId": page.to_string()});
        let links = json!({"next": format!("?after=c{next}"), "previous": format!("?before=c{next}")});
        (200, json!({"entitlements": [item], "pagination": links}).to_string())
    })
    .await
}

#[tokio::test]
async fn a_loop_of_any_period_ends_as_an_error_within_one_period() {
    for (lead, period) in [(1, 1), (1, 2), (1, 5), (4, 1), (3, 2), (10, 5), (1, 40)] {
        for (prefetch, backwards) in [(0, false), (3, false), (0, true), (3, true)] {
            let server = looping(lead, period).await;
            let listing = symphony_of(&server).list_entitled_advisors(NETWORK);
            let listing = if backwards { listing.before("c0") } else { listing };
            let mut pager = listing.stream().prefetch(prefetch);
            let seen = take(&mut pager, lead + period).await;
            assert_eq!(seen, texts(0..lead + period));
            let error = in_time(pager.next()).await.expect("an error").expect_err("a loop");
            let operation = Some("symphony.list_entitled_advisors");
            assert_eq!((error.kind(), error.operation()), (ErrorKind::Pagination, operation));
            assert!(!error.is_transient());
            assert!(pager.next().await.is_none() && pager.next().await.is_none());
            settle().await;
            assert_eq!(server.count(), lead + period, "{lead} {period} {prefetch}");

            // Nothing of it can be read after the error either.
            let cursor = through_text(&pager.cursor());
            let again = symphony_of(&server).list_entitled_advisors(NETWORK).resume(cursor);
            let all: Vec<_> = in_time(again.stream().collect()).await;
            assert!(all.iter().filter(|item| item.is_ok()).count() <= period, "{}", all.len());
        }
    }
}

#[tokio::test]
async fn a_page_that_names_itself_is_a_loop_of_period_one() {
    for start in [None, Some("c0")] {
        let server = Server::start(|_| (200, advisors_page([0], Some("c0")))).await;
        let listing = symphony_of(&server).list_entitled_advisors(NETWORK);
        let listing = if let Some(start) = start { listing.after(start) } else { listing };
        let all: Vec<_> = in_time(listing.stream().collect()).await;
        let kinds: Vec<_> = all.iter().map(|item| item.as_ref().err().map(Error::kind)).collect();
        // Started without a cursor, the first page is another one than the second.
        let items = server.count();
        assert_eq!(items, if start.is_some() { 1 } else { 2 });
        assert_eq!(kinds[items..], [Some(ErrorKind::Pagination)]);
        assert!(kinds[..items].iter().all(Option::is_none));
    }
}

#[tokio::test]
async fn the_same_cursor_in_another_spelling_is_the_same() {
    let server = Server::start(|asked| {
        let is_second = asked.parameter("after").is_some();
        (200, advisors_page([usize::from(is_second)], Some(if is_second { "a/%2B" } else { "a%2F+" })))
    })
    .await;
    let all: Vec<_> = in_time(symphony_of(&server).list_entitled_advisors(NETWORK).stream().collect()).await;
    assert_eq!((all.len(), server.count()), (3, 2));
    assert_eq!(all[2].as_ref().expect_err("a loop").kind(), ErrorKind::Pagination);
}

#[tokio::test]
async fn an_empty_cursor_is_refused_before_anything_is_sent() {
    let server = Server::start(|_| (200, advisors_page([1], None))).await;
    let listing = || symphony_of(&server).list_entitled_advisors(NETWORK);
    for (request, argument) in [(listing().after(""), "after"), (listing().before(""), "before")] {
        let errors = [
            request.clone().send().await.map(drop).expect_err("refused"),
            request.stream().try_next().await.map(drop).expect_err("refused"),
        ];
        for error in errors {
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert!(error.to_string().contains(&format!("`{argument}` must not be empty")), "{error}");
        }
    }
    assert_eq!(server.count(), 0);
}
