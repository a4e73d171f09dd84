//! "Page/limit: 1-based; a total order is always asked for unless the caller declares the sort total
//! or switches the added order off; `count()` with `limit=0`; 404 on an empty listing read as empty
//! only when the caller asks for it; `[{}]` skipped."

use entitlements::{
    ErrorKind,
    crm_gateway::{ListEntitlements, Sort},
    fakes::crm_gateway::Empty,
};

use super::*;

#[tokio::test]
async fn pages_count_from_one_and_all_have_the_size_that_was_set() {
    let server = Server::start(|asked| (200, page_of(&[0, 1, 2, 3, 4], asked, &json!(5)))).await;
    assert_eq!(rest(crm_of(&server).list_entitlements().page_size(2).stream()).await, ids(0..5));
    let line = |page| {
        let path = "/crm-gateway/v1/rmg/v1/entitlements";
        format!("GET {path}?limit=2&page={page}&sort=%7B%22_id%22%3A1%7D HTTP/1.1")
    };
    assert_eq!(server.lines(), [line(1), line(2), line(3)]);
    let server = Server::start(|asked| (200, page_of(&[0], asked, &json!(1)))).await;
    rest(crm_of(&server).list_entitlements().stream()).await;
    assert_eq!(server.seen()[0].number("limit"), 100, "the default");
}

type Set = fn(ListEntitlements) -> ListEntitlements;

#[tokio::test]
async fn the_id_is_the_last_key_of_every_order_that_is_not_total_by_itself() {
    let table: [(&str, Set, Option<&str>); 18] = [
        ("none", |one| one, Some(r#"{"_id":1}"#)),
        ("asc", |one| one.sort(Sort::asc("created")), Some(r#"{"created":1,"_id":1}"#)),
        ("desc", |one| one.sort(Sort::desc("created")), Some(r#"{"created":-1,"_id":1}"#)),
        ("two keys", |one| one.sort(Sort::desc("z").then_asc("a")), Some(r#"{"z":-1,"a":1,"_id":1}"#)),
        ("raw object", |one| one.sort(Sort::raw(r#"{"z":1,"a":-1}"#)), Some(r#"{"z":1,"a":-1,"_id":1}"#)),
        (
            "raw and a key",
            |one| one.sort(Sort::raw(r#"{"z":1}"#).then_desc("a")),
            Some(r#"{"z":1,"a":-1,"_id":1}"#),
        ),
        ("raw empty object", |one| one.sort(Sort::raw("{}")), Some(r#"{"_id":1}"#)),
        (
            "raw pairs",
            |one| one.sort(Sort::raw(r#"[["created",-1]]"#)),
            Some(r#"[["created",-1],["_id",1]]"#),
        ),
        ("raw empty list", |one| one.sort(Sort::raw("[]")), Some(r#"[["_id",1]]"#)),
        ("has it", |one| one.sort(Sort::desc("_id")), Some(r#"{"_id":-1}"#)),
        ("has it last", |one| one.sort(Sort::asc("a").then_desc("_id")), Some(r#"{"a":1,"_id":-1}"#)),
        ("raw has it", |one| one.sort(Sort::raw(r#"{"_id":-1}"#)), Some(r#"{"_id":-1}"#)),
        ("pairs have it", |one| one.sort(Sort::raw(r#"[["_id",-1]]"#)), Some(r#"[["_id",-1]]"#)),
        ("declared", |one| one.sort(Sort::asc("a").declared_total()), Some(r#"{"a":1}"#)),
        ("raw declared", |one| one.sort(Sort::raw("7").declared_total()), Some("7")),
        ("switched off", ListEntitlements::keep_sort_as_given, None),
        ("switched off with a sort", |one| one.sort(Sort::asc("a")).keep_sort_as_given(), Some(r#"{"a":1}"#)),
        (
            "switched off with another form",
            |one| one.sort(Sort::raw("[1]")).keep_sort_as_given(),
            Some("[1]"),
        ),
    ];
    for (name, set, expected) in table {
        let server = Server::start(|asked| (200, page_of(&[0, 1, 2], asked, &json!(3)))).await;
        let listing = set(crm_of(&server).list_entitlements().page_size(2));
        assert_eq!(rest(listing.stream()).await, ids(0..3), "{name}");
        for asked in server.seen() {
            assert_eq!(asked.parameter("sort").as_deref(), expected, "{name}: {}", asked.line);
        }
    }
}

/// The error of a listing that is refused before anything is sent, and what comes behind it.
async fn refusal_of(set: impl FnOnce(ListEntitlements) -> ListEntitlements) -> Error {
    let server = Server::start(|_| (200, "{}".to_owned())).await;
    let mut pager = set(crm_of(&server).list_entitlements()).stream();
    let error = pager.next().await.expect("an error").expect_err("refused");
    assert!(pager.next().await.is_none());
    assert_eq!((error.kind(), error.attempts(), server.count()), (ErrorKind::InvalidInput, 0, 0), "{error}");
    error
}

#[tokio::test]
async fn an_order_that_can_take_no_further_key_is_refused_and_says_what_to_do() {
    for raw in ["7", "null", r#""created""#, "[1]", r#"[["created",-1],"_id"]"#, r#"[{"created":1}]"#] {
        let words = refusal_of(|one| one.sort(Sort::raw(raw))).await.to_string();
        for part in ["`sort`", "_id", "declared_total", "keep_sort_as_given"] {
            assert!(words.contains(part), "{raw}: {words}");
        }
    }
    for raw in ["", "{created, -1}", "{"] {
        let words = refusal_of(|one| one.sort(Sort::raw(raw))).await.to_string();
        assert!(words.contains("`sort`"), "{raw}: {words}");
    }
}

#[tokio::test]
async fn every_refusal_of_a_stream_names_its_operation() {
    let table: [Set; 6] = [
        |one| one.sort(Sort::raw("7")),
        |one| one.sort(Sort::raw("{")),
        |one| one.page_size(0),
        |one| one.concurrency(0),
        |one| one.page(1),
        |one| one.tenant("a\nb"),
    ];
    for set in table {
        let error = refusal_of(set).await;
        assert_eq!(error.operation(), Some("crm_gateway.list_entitlements"), "{error}");
    }
}

#[tokio::test]
async fn what_makes_no_sense_for_a_stream_is_refused_before_anything_is_sent() {
    let table: [(&str, Set); 6] = [
        ("page_size", |one| one.page_size(0)),
        ("concurrency", |one| one.concurrency(0)),
        ("limit", |one| one.limit(1)),
        ("page", |one| one.page(1)),
        ("limit", |one| one.page_size(u64::MAX)),
        ("tenant", |one| one.tenant("a\nb")),
    ];
    for (argument, set) in table {
        for prefetch in [0, 2] {
            let server = Server::start(|_| (200, "{}".to_owned())).await;
            let mut pager = set(crm_of(&server).list_entitlements()).stream().prefetch(prefetch);
            let error = pager.next().await.expect("an error").expect_err("refused");
            assert_eq!((error.kind(), error.attempts()), (ErrorKind::InvalidInput, 0), "{error}");
            assert!(error.to_string().contains(&format!("`{argument}`")), "{argument}: {error}");
            assert!(pager.next().await.is_none());
            assert_eq!(server.count(), 0);
        }
    }
}

#[tokio::test]
async fn counting_asks_for_no_entitlement_and_for_the_same_ones() {
    let server = Server::start(|_| (200, r#"{"totalRecords":2145}"#.to_owned())).await;
    let request = crm_of(&server).list_entitlements().third_party().page_size(7).concurrency(3);
    assert_eq!(request.count().await.expect("a count"), 2145);
    let path = "/crm-gateway/v1/rmg/v1/entitlements";
    let filter = "filter=%7B%22productType%22%3A%22THIRDPARTY%22%7D";
    assert_eq!(server.lines(), [format!("GET {path}?{filter}&limit=0 HTTP/1.1")]);
    for no_count in ["{}", r#"{"resourceSet":[]}"#, r#"{"totalRecords":-1}"#, r#"{"totalRecords":null}"#] {
        let server = Server::start(move |_| (200, no_count.to_owned())).await;
        let error = crm_of(&server).list_entitlements().count().await.expect_err(no_count);
        assert_eq!(error.kind(), ErrorKind::UnexpectedAnswer, "{no_count}");
    }
}

#[tokio::test]
async fn a_cursor_is_refused_where_one_page_or_a_count_is_asked_for() {
    let server = Server::start(|asked| (200, page_of(&[0, 1], asked, &json!(2)))).await;
    let cursor = crm_of(&server).list_entitlements().stream().cursor();
    let request = || crm_of(&server).list_entitlements().resume(cursor.clone());
    let errors = [
        request().count().await.expect_err("refused"),
        request().send().await.expect_err("refused"),
        request().send_as::<Value>().await.expect_err("refused"),
    ];
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("`resume`"), "{error}");
    }
    let cursor = symphony_of(&server).list_entitled_advisors(NETWORK).stream().cursor();
    let request = symphony_of(&server).list_entitled_advisors(NETWORK).resume(cursor);
    assert_eq!(request.send().await.expect_err("refused").kind(), ErrorKind::InvalidInput);
    assert_eq!(server.count(), 0);
}

#[tokio::test]
async fn not_found_is_empty_only_where_the_caller_asks_for_it() {
    for (prefetch, concurrency) in [(0, 1), (1, 1), (0, 3)] {
        let fake = gateway_with(0, |builder| builder.empty(Empty::NotFound));
        let client = fake.client().expect("a client");
        let listing = || client.list_entitlements().concurrency(concurrency);
        let mut pager = listing().stream().prefetch(prefetch);
        let error = pager.next().await.expect("an error").expect_err("404");
        assert!(error.is_not_found(), "a wrong tenant is a 404 too");
        assert!(pager.next().await.is_none());
        let lenient = || listing().not_found_is_empty();
        assert_eq!(rest(lenient().stream().prefetch(prefetch)).await, ids(0..0));
        assert_eq!(lenient().count().await.expect("a count"), 0);
        assert!(listing().count().await.expect_err("404").is_not_found());
    }
}

#[tokio::test]
async fn empty_objects_are_no_entitlements() {
    let fake = gateway_with(0, |builder| builder.empty(Empty::OneEmptyObject));
    let mut pager = fake.client().expect("a client").list_entitlements().stream();
    assert!(pager.next().await.is_none());
    assert_eq!((pager.items_so_far(), pager.total(), fake.list_requests()), (0, Some(0), 1));

    // Whatever the total says, and between entitlements too.
    for total in [Value::Null, json!(0), json!(1), json!(100)] {
        for items in [json!([{}]), json!([{}, {}]), json!([null, {}])] {
            let page = with_total(json!({"resourceSet": items}), &total);
            let server = Server::start(move |_| (200, page.clone())).await;
            assert_eq!(rest(crm_of(&server).list_entitlements().page_size(2).stream()).await, ids(0..0));
            // Where there may be more behind them, some more are looked at.
            assert_eq!(server.count(), if total == json!(100) { 3 } else { 1 }, "{total}");
        }
        let page = with_total(json!({"resourceSet": [{}, {"_id": id(0)}, {}, {"_id": id(1)}]}), &total);
        let server = Server::start(move |asked| {
            (200, if asked.number("page") == 1 { page.clone() } else { r#"{"resourceSet":[]}"#.to_owned() })
        })
        .await;
        assert_eq!(
            rest(crm_of(&server).list_entitlements().page_size(4).stream()).await,
            ids(0..2),
            "{total}"
        );
    }
}
