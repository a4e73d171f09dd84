//! Pages, bad items and links to the next page.

use super::{
    errors::{assert_discreet, assert_kept},
    *,
};

const BAD_SECOND: &str = r#"{"entitlements":[{"symphonyId":"1"},"ada@acme.example",{"symphonyId":"3"},
    {"permissions":7}],"pagination":{"next":null}}"#;

#[tokio::test]
async fn a_bad_item_costs_only_itself() {
    let (_server, client) = answering([answer::json(200, BAD_SECOND)]).await;
    let page = client.list_entitled_advisors(NETWORK).send().await.expect("a page");
    let ids: Vec<_> = page.entitlements.iter().filter_map(|advisor| advisor.symphony_id.as_deref()).collect();
    assert_eq!(ids, ["1", "3"]);
    let [first, second] = page.item_errors() else { panic!("{:?}", page.item_errors()) };
    for (error, index) in [(first, 1), (second, 3)] {
        assert_eq!(error.kind(), ErrorKind::UnexpectedAnswer);
        assert_eq!(error.operation(), Some("symphony.list_entitled_advisors"));
        assert!(error.to_string().contains(&format!("item {index} of the page")), "{error}");
        assert_discreet(error, &["ada@"]);
    }
    assert_kept(first, 200, r#""ada@acme.example""#);
    assert!(page.pagination.is_some());
}

#[tokio::test]
async fn a_bad_item_is_an_error_at_its_place_in_the_stream_and_the_rest_follows() {
    let next_page = r#"{"entitlements":[{"symphonyId":"5"}]}"#;
    let first_page = BAD_SECOND.replace(r#""next":null"#, r#""next":"?after=a""#);
    let (_server, client) = answering([answer::json(200, &first_page), answer::json(200, next_page)]).await;
    let mut listing = client.list_entitled_advisors(NETWORK).stream();
    let mut seen = Vec::new();
    while let Some(item) = listing.next().await {
        seen.push(item.map_or_else(|_| "error".to_owned(), |advisor| advisor.symphony_id.expect("an id")));
    }
    assert_eq!(seen, ["1", "error", "3", "error", "5"]);
}

#[tokio::test]
async fn a_bad_item_stands_beside_the_others_in_its_page() {
    let (_server, client) = answering([answer::json(200, BAD_SECOND)]).await;
    let mut pages = client.list_entitled_advisors(NETWORK).stream().pages();
    let page = pages.try_next().await.expect("a page").expect("not the end");
    assert_eq!((page.items.len(), page.errors.len()), (2, 2));
    assert!(pages.next().await.is_none());
}

#[tokio::test]
async fn a_page_without_a_list_is_empty_and_one_that_is_no_page_is_an_error() {
    for empty in ["{}", r#"{"entitlements":null,"pagination":null}"#, r#"{"pagination":{"cursors":null}}"#] {
        let (_server, client) = answering([answer::json(200, empty)]).await;
        let all: Vec<_> = client.list_entitled_advisors(NETWORK).stream().try_collect().await.expect(empty);
        assert!(all.is_empty());
    }
    for other in ["[]", "7", "<html>", "", r#"{"entitlements":{"a":1}}"#, r#"{"entitlements":[{"#] {
        let (_server, client) = answering([answer::json(200, other)]).await;
        let error = client.list_entitled_advisors(NETWORK).send().await.expect_err(other);
        assert_eq!(error.kind(), ErrorKind::UnexpectedAnswer, "{other}");
        assert_kept(&error, 200, other);
    }
}

/// Which cursor the second request carries, or that there is none.
async fn second_cursor(pagination: &Value) -> Option<String> {
    let body = json!({"entitlements": [], "pagination": pagination}).to_string();
    let (server, client) = answering([answer::json(200, &body), answer::json(200, "{}")]).await;
    let listing = client.list_entitled_advisors(NETWORK).stream();
    let all: Vec<_> = listing.try_collect().await.unwrap_or_else(|error| panic!("{pagination}: {error}"));
    assert!(all.is_empty());
    let requests = server.requests();
    let line = &requests.get(1)?.line;
    Some(line.split_once("?after=").expect("a cursor").1.trim_end_matches(" HTTP/1.1").to_owned())
}

#[tokio::test]
async fn the_next_page_is_found_in_every_form_of_the_links() {
    let elsewhere = "https://elsewhere.example/x?listPermissions=true&after=a%2Fb#c";
    for pagination in [
        json!({"next": "?after=a/b"}),
        json!({"next": "?after=a%2Fb"}),
        json!({"next": "after=a/b"}),
        json!({"next": "?x=y&after=a/b"}),
        json!({"next": elsewhere}),
        json!({"next": "?after=a/b", "cursors": null}),
        json!({"next": "?after=a/b", "cursors": {"after": null}}),
        json!({"next": "?after=a/b", "cursors": {"after": ""}}),
        json!({"next": "?after=other", "cursors": {"after": "a/b"}}),
        json!({"next": "", "cursors": {"after": "a/b"}}),
        json!({"cursors": {"after": "a/b", "before": null}}),
        json!({"previous": null, "cursors": {"after": "a/b"}}),
    ] {
        assert_eq!(second_cursor(&pagination).await.as_deref(), Some("a%2Fb"), "{pagination}");
    }
    assert_eq!(second_cursor(&json!({"cursors": {"after": 17}})).await.as_deref(), Some("17"));
    assert_eq!(second_cursor(&json!({"next": "?after=a+b=="})).await.as_deref(), Some("a%2Bb%3D%3D"));
}

#[tokio::test]
async fn a_listing_ends_in_every_form_of_the_end() {
    for pagination in [
        json!(null),
        json!({}),
        json!({"next": null}),
        json!({"next": ""}),
        json!({"next": "?after="}),
        json!({"next": "?before=a"}),
        json!({"next": null, "cursors": {"after": "a"}}),
        json!({"next": null, "previous": "?before=a", "cursors": {"before": "a", "after": null}}),
        json!({"cursors": {"after": null}}),
        json!({"cursors": {"after": ""}}),
    ] {
        assert_eq!(second_cursor(&pagination).await, None, "{pagination}");
    }
}
