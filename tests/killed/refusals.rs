//! A cursor between two processes: whose client refuses it, and what is said then.

use std::fmt::Debug;

use entitlements::{
    Cursor, ErrorKind, Pager,
    crm_gateway::{FieldsEncoding, Filter, Sort},
    symphony::ExternalNetwork,
};
use serde_json::{Value, json};

use super::borders::{
    TENANT, advisors, advisors_of, crm_fake, entitlements, kept, read, rest_of_entitlements, symphony_fake,
};

const PERSON: &str = "ada2@acme.example";

/// The error of a listing that does not take the cursor, and keeps it.
async fn refusal<T: Debug + Send + Unpin + 'static>(mut pager: Pager<T>, kept: &str) -> String {
    let error = pager.next().await.expect("an error").expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    assert_eq!(error.attempts(), 0, "{error}");
    assert!(pager.next().await.is_none(), "a refused cursor ends the listing");
    assert!(pager.cursor() == read(kept), "what was refused is not lost");
    let said = format!("{error}");
    assert!(said.starts_with("symphony.") || said.starts_with("crm_gateway."), "{said}");
    assert!(said.contains("`cursor`"), "{said}");
    assert_is_discreet(&said, kept);
    said
}

/// Nothing of a cursor that could be about a person, or make a request.
fn assert_is_discreet(said: &str, kept: &str) {
    let kept: Value = serde_json::from_str(kept).expect("JSON");
    let mut secrets = vec!["ada".to_owned(), "acme".to_owned()];
    let texts = |value: &Value| -> Vec<String> {
        let values = value
            .as_array()
            .into_iter()
            .flatten()
            .chain(value.as_object().into_iter().flat_map(|o| o.values()));
        values.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    secrets.extend(texts(&kept["place"]["page"]));
    secrets.extend(texts(&kept["place"]["last"]));
    secrets.extend(kept["request"].as_str().map(str::to_owned));
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        assert!(!said.contains(secret.as_str()), "`{secret}` is shown: {said}");
    }
}

#[tokio::test]
async fn a_cursor_of_another_listing_of_advisors_is_refused_before_anything_is_sent() {
    let fake = symphony_fake().await;
    let base = fake.base_url();
    let kept = kept(advisors(&base).stream(), 5).await;
    let with_permissions = self::kept(advisors(&base).list_permissions(true).stream(), 5).await;
    let sent = fake.journal().total();
    let refused = [
        ("network", &kept, advisors_of(&base, ExternalNetwork::WeChat)),
        ("permissions", &kept, advisors(&base).list_permissions(true)),
        ("no permissions", &with_permissions, advisors(&base)),
        ("host", &kept, advisors("https://other.example/admin")),
        ("path", &kept, advisors(&base.replace("/admin", "/other"))),
    ];
    for (difference, kept, request) in refused {
        let said = refusal(request.resume(read(kept)).stream(), kept).await;
        assert!(said.contains("another server"), "{difference}: {said}");
    }
    assert_eq!(fake.journal().total(), sent);
}

#[tokio::test]
async fn a_cursor_of_another_listing_of_entitlements_is_refused_before_anything_is_sent() {
    let fake = crm_fake().await;
    let base = fake.uri();
    let filter = || Filter::eq("accountId", "acc-1");
    let plain = kept(entitlements(&base).stream(), 5).await;
    let narrow = || {
        let request = entitlements(&base).tenant(TENANT).filter(filter()).sort(Sort::desc("accountId"));
        request.fields(["_id", "accountId"])
    };
    let kept = kept(narrow().stream(), 5).await;
    let sent = fake.list_requests();
    let fields = |names: &[&str]| narrow().fields(names.iter().copied());
    let refused = [
        ("no filter", &kept, entitlements(&base).tenant(TENANT)),
        ("another filter", &kept, narrow().filter(Filter::eq("accountId", "acc-2"))),
        ("a narrower filter", &kept, narrow().filter(filter().and("productType", "THIRDPARTY"))),
        ("a filter", &plain, entitlements(&base).filter(filter())),
        ("another sort", &kept, narrow().sort(Sort::asc("accountId"))),
        ("a sort", &plain, entitlements(&base).sort(Sort::desc("_id"))),
        ("no added order", &plain, entitlements(&base).keep_sort_as_given()),
        ("fewer fields", &kept, fields(&["_id"])),
        ("more fields", &kept, fields(&["_id", "accountId", "status"])),
        ("fields that run together", &kept, fields(&["_idaccountId"])),
        ("another tenant", &kept, narrow().tenant("operator-2")),
        ("a tenant", &plain, entitlements(&base).tenant(TENANT)),
        ("host", &plain, entitlements("https://other.example")),
    ];
    for (difference, kept, request) in refused {
        let said = refusal(request.resume(read(kept)).stream(), kept).await;
        assert!(said.contains("another server"), "{difference}: {said}");
    }
    // How the fields are written is no other listing.
    let same = narrow().fields_encoding(FieldsEncoding::Comma).resume(read(&kept)).stream();
    assert_eq!(fake.list_requests(), sent);
    assert_eq!(rest_of_entitlements(same).await.len(), 4);
}

#[tokio::test]
async fn a_cursor_of_the_other_service_is_refused() {
    let (symphony, crm) = (symphony_fake().await, crm_fake().await);
    let advisors_kept = kept(advisors(&symphony.base_url()).stream(), 5).await;
    let entitlements_kept = kept(entitlements(&crm.uri()).stream(), 5).await;
    let said = refusal(entitlements(&crm.uri()).resume(read(&advisors_kept)).stream(), &advisors_kept).await;
    assert!(said.contains("another operation than crm_gateway."), "{said}");
    let request = advisors(&symphony.base_url()).resume(read(&entitlements_kept));
    let said = refusal(request.stream(), &entitlements_kept).await;
    assert!(said.contains("another operation than symphony."), "{said}");
}

#[tokio::test]
async fn a_request_for_one_page_refuses_a_cursor() {
    let (symphony, crm) = (symphony_fake().await, crm_fake().await);
    let kept_advisors = kept(advisors(&symphony.base_url()).stream(), 2).await;
    let kept_entitlements = kept(entitlements(&crm.uri()).stream(), 2).await;
    let advisors = || advisors(&symphony.base_url()).resume(read(&kept_advisors));
    let entitlements = || entitlements(&crm.uri()).resume(read(&kept_entitlements));
    let errors = [
        advisors().send().await.map(drop).expect_err("refused"),
        advisors().send_as::<Value>().await.map(drop).expect_err("refused"),
        entitlements().send().await.map(drop).expect_err("refused"),
        entitlements().send_as::<Value>().await.map(drop).expect_err("refused"),
        entitlements().count().await.map(drop).expect_err("refused"),
    ];
    for error in errors {
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::InvalidInput, 0), "{error}");
        assert!(error.to_string().contains("`resume` is for a stream"), "{error}");
    }
}

#[tokio::test]
async fn places_that_a_listing_cannot_have_are_refused() {
    let (symphony, crm) = (symphony_fake().await, crm_fake().await);
    let kept_advisors = kept(advisors(&symphony.base_url()).stream(), 5).await;
    let kept_entitlements = kept(entitlements(&crm.uri()).stream(), 5).await;
    let sent = symphony.journal().total() + crm.list_requests();
    let at = |kept: &str, page: Value| {
        let mut cursor: Value = serde_json::from_str(kept).expect("JSON");
        cursor["place"]["page"] = page;
        cursor.to_string()
    };
    let number = |page: u64, limit: u64| json!({ "number": { "page": page, "limit": limit } });
    for page in [json!({ "after": "" }), json!({ "before": "" }), number(1, 3)] {
        let kept = at(&kept_advisors, page);
        let said = refusal(advisors(&symphony.base_url()).resume(read(&kept)).stream(), &kept).await;
        assert!(said.contains("names a place that this listing cannot have"), "{said}");
    }
    for page in [json!("start"), json!({ "after": "Y3Vyc29y" }), number(0, 3), number(1, 0)] {
        let kept = at(&kept_entitlements, page);
        let said = refusal(entitlements(&crm.uri()).resume(read(&kept)).stream(), &kept).await;
        assert!(said.contains("names a place that this listing cannot have"), "{said}");
    }
    assert_eq!(symphony.journal().total() + crm.list_requests(), sent);
}

#[tokio::test]
async fn numbers_of_any_size_make_no_listing_panic_or_repeat_itself() {
    let (symphony, crm) = (symphony_fake().await, crm_fake().await);
    let kept_advisors = kept(advisors(&symphony.base_url()).stream(), 5).await;
    let kept_entitlements = kept(entitlements(&crm.uri()).stream(), 5).await;
    for (path, value) in [
        ("/place/offset", json!(u64::MAX)),
        ("/place/items", json!(u64::MAX)),
        ("/place/pages", json!(u64::MAX)),
        ("/place/total", json!(u64::MAX)),
        ("/place/total", json!(0)),
        ("/place/last", json!([])),
        ("/place/last", json!(vec!["x"; 100])),
        ("/place/page/number/page", json!(u64::MAX)),
        ("/place/page/number/limit", json!(u64::MAX)),
    ] {
        for kept in [&kept_advisors, &kept_entitlements] {
            let mut changed: Value = serde_json::from_str(kept).expect("JSON");
            let Some(there) = changed.pointer_mut(path) else { continue };
            *there = value.clone();
            let cursor = read(&changed.to_string());
            // Whatever it delivers: it comes to an end, by itself or by an error.
            if kept == &kept_advisors {
                let mut pager = advisors(&symphony.base_url()).resume(cursor).stream();
                while let Some(Ok(_)) = pager.next().await {}
            } else {
                let mut pager = entitlements(&crm.uri()).resume(cursor).stream();
                while let Some(Ok(_)) = pager.next().await {}
            }
        }
    }
}

#[tokio::test]
async fn other_versions_and_garbage_are_no_cursors_and_are_not_repeated_in_the_error() {
    let fake = symphony_fake().await;
    let kept = kept(advisors(&fake.base_url()).stream(), 5).await;
    let whole: Value = serde_json::from_str(&kept).expect("JSON");
    let said = |text: &str| {
        let error = serde_json::from_str::<Cursor>(text).map(drop).expect_err(text);
        let said = format!("{error} {error:?}");
        assert_is_discreet(&said, &kept);
        said
    };
    for version in [json!(0), json!(2), json!(u32::MAX)] {
        let mut other = whole.clone();
        other["version"] = version.clone();
        let said = said(&other.to_string());
        assert!(said.contains(&format!("the cursor is of version {version}")), "{said}");
        assert!(said.contains("reads version 1"), "{said}");
    }
    for garbage in ["", "null", "{}", "[]", "7", "\"ada\"", "{\"version\":1}", "ada", "\u{feff}{}"] {
        said(garbage);
    }
    for end in (0..kept.len()).filter(|end| kept.is_char_boundary(*end)) {
        said(&kept[..end]);
    }
    said(&format!("{kept}{kept}"));
    // Without a property, or with another value where it was.
    let others =
        [json!(PERSON), json!({ PERSON: PERSON }), json!([PERSON]), json!(-1), json!(1.5), json!(true)];
    let mut paths = vec![String::new()];
    while let Some(path) = paths.pop() {
        let there = whole.pointer(&path).expect("there");
        if let Some(object) = there.as_object() {
            for name in object.keys() {
                let mut less = whole.clone();
                less.pointer_mut(&path).and_then(Value::as_object_mut).expect("an object").remove(name);
                let is_optional = ["total", "next"].contains(&name.as_str());
                assert!(is_optional || serde_json::from_value::<Cursor>(less.clone()).is_err(), "{less}");
                paths.push(format!("{path}/{name}"));
            }
        }
        for other in &others {
            let mut changed = whole.clone();
            *changed.pointer_mut(&path).expect("there") = other.clone();
            let text = changed.to_string();
            // A text in the place of another text is a cursor, though none that a listing takes.
            let Err(error) = serde_json::from_str::<Cursor>(&text) else { continue };
            let said = format!("{error} {error:?}");
            assert!(!said.contains("ada"), "{path} {other}: {said}");
        }
    }
}

#[tokio::test]
async fn debug_shows_how_far_and_not_where() {
    let fake = symphony_fake().await;
    let kept = kept(advisors(&fake.base_url()).stream(), 5).await;
    assert_eq!(format!("{:?}", read(&kept)), "Cursor { version: 1, items_so_far: 5, .. }");
    let request = advisors(&fake.base_url()).resume(read(&kept));
    assert_is_discreet(&format!("{request:?}"), &kept);
    assert_is_discreet(&format!("{:?}", request.stream()), &kept);
}
