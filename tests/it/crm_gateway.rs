//! The CRM Gateway's client against its fake and a fake Keycloak.

use std::time::Duration;

use entitlements::{
    ErrorKind,
    auth::{Keycloak, StaticToken, TokenSource},
    crm_gateway::{Client, FieldsEncoding, Filter, ProductType, Sort, model::Entitlement},
    fakes::{
        Reply,
        crm_gateway::{Empty, Fake, Refusal},
        keycloak,
    },
    time::TestClock,
};
use serde_json::{Value, json};

fn third_party(number: usize) -> Value {
    json!({
        "_id": format!("e{number:04}"),
        "accountId": format!("acc-{}", number % 3),
        "productId": format!("p{number:04}"),
        "productType": if number.is_multiple_of(5) { "FREE" } else { "THIRDPARTY" },
        "status": if number.is_multiple_of(2) { "ACTIVE" } else { "SUSPENDED" },
        "created": format!("2026-01-{:02}T10:00:00Z", number % 28 + 1),
    })
}

async fn fake_with(count: usize) -> Fake {
    let fake = Fake::start().await;
    fake.seed(count, third_party);
    fake
}

fn ids(entitlements: &[Entitlement]) -> Vec<&str> {
    entitlements.iter().filter_map(|entitlement| entitlement.id.as_deref()).collect()
}

#[tokio::test]
async fn a_listing_is_filtered_sorted_and_complete_over_all_pages() {
    let fake = fake_with(50).await;
    let client = fake.client().expect("a client");
    let filter = || Filter::eq("productType", ProductType::ThirdParty).and("status", "ACTIVE");
    let listing = || client.list_entitlements().filter(filter()).sort(Sort::desc("created"));
    let all: Vec<Entitlement> = listing().page_size(7).stream().try_collect().await.expect("lists");
    assert_eq!(all.len(), 20);
    assert!(all.iter().all(|item| item.product_type == Some(ProductType::ThirdParty)));
    assert!(all.is_sorted_by(|one, other| one.created >= other.created));
    assert_eq!(listing().count().await.expect("counts"), 20);
    let mut distinct = ids(&all);
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), 20);
}

#[tokio::test]
async fn every_page_of_a_listing_carries_the_same_parameters_and_correlation_id() {
    let fake = fake_with(10).await;
    let client = fake.client().expect("a client");
    let listing =
        client.list_entitlements().third_party().sort(Sort::asc("status")).fields(["status", "_id"]);
    let all: Vec<Entitlement> = listing.page_size(3).stream().try_collect().await.expect("lists");
    assert_eq!(all.len(), 8);
    assert!(all.iter().all(|item| item.product_id.is_none()), "only the fields asked for");
    let pages = fake.received();
    assert_eq!(pages.len(), 3);
    for (number, page) in pages.iter().enumerate() {
        assert_eq!(page.parameter("filter").as_deref(), Some(r#"{"productType":"THIRDPARTY"}"#));
        assert_eq!(page.parameter("sort").as_deref(), Some(r#"{"status":1,"_id":1}"#));
        assert_eq!(page.parameters("fields"), ["status", "_id"]);
        assert_eq!(page.parameter("page"), Some((number + 1).to_string()));
        assert_eq!(page.header("x-correlation-id"), pages[0].header("x-correlation-id"));
    }
}

#[tokio::test]
async fn a_server_that_caps_the_page_size_silently_loses_nothing() {
    let fake = Fake::builder().page_cap(4).start().await;
    fake.seed(11, third_party);
    let client = fake.client().expect("a client");
    let all: Vec<Entitlement> =
        client.list_entitlements().page_size(100).stream().try_collect().await.expect("lists");
    assert_eq!(all.len(), 11);
}

#[tokio::test]
async fn fields_are_understood_in_every_encoding() {
    let fake = fake_with(1).await;
    let client = fake.client().expect("a client");
    let encodings = [
        FieldsEncoding::Repeated,
        FieldsEncoding::Comma,
        FieldsEncoding::JsonArray,
        FieldsEncoding::Projection,
    ];
    for encoding in encodings {
        let request = client.list_entitlements().fields(["status", "productId"]).fields_encoding(encoding);
        let page = request.send().await.expect("a page");
        let one = &page.resource_set[0];
        assert!(one.status.is_some() && one.product_id.is_some(), "{encoding:?}");
        assert!(one.account_id.is_none() && one.id.is_some(), "{encoding:?}");
    }
}

#[tokio::test]
async fn an_expired_access_token_is_refreshed_and_a_session_that_ended_is_replaced() {
    let clock = TestClock::new();
    let fake = Fake::builder().clock(clock.clone()).start().await;
    let client = fake.client().expect("a client");
    let read = || client.list_entitlements().limit(1).send();
    read().await.expect("read");
    read().await.expect("read");
    assert_eq!((fake.keycloak().counts().logins, fake.keycloak().counts().refreshes), (1, 0));
    clock.advance(Duration::from_secs(300));
    read().await.expect("read");
    assert_eq!((fake.keycloak().counts().logins, fake.keycloak().counts().refreshes), (1, 1));
    clock.advance(Duration::from_secs(3600));
    read().await.expect("read after an hour without a call");
    assert_eq!(fake.keycloak().counts().logins, 2);
    fake.keycloak().log_out_all();
    clock.advance(Duration::from_secs(300));
    read().await.expect("read although the session was lost");
    assert_eq!(fake.keycloak().counts().logins, 3);
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_in_each_of_its_disguises() {
    for refusal in [Refusal::ShapeA, Refusal::ShapeB, Refusal::OkWithShapeB, Refusal::Unauthorized] {
        let fake = Fake::builder().refusal(refusal).start().await;
        let client = fake.client().expect("a client");
        client.list_entitlements().limit(1).send().await.expect("read");
        fake.keycloak().push_not_before();
        let page = client.list_entitlements().limit(1).send().await.expect("read with a new token");
        assert_eq!(page.attempts(), 2, "{refusal:?}");
        assert_eq!(fake.keycloak().counts().logins, 2, "{refusal:?}");
    }
}

#[tokio::test]
async fn an_account_without_the_role_is_forbidden_after_one_renewal() {
    let login = keycloak::Fake::builder().user("reader", "not-a-real-password", ["nobody"]);
    let fake = Fake::builder().keycloak(login).start().await;
    let reader = Keycloak::new(fake.keycloak().token_url()).client_id("crm_client");
    let client = Client::builder(fake.uri())
        .auth(reader.password("reader", "not-a-real-password"))
        .build()
        .expect("a client");
    let error = client.list_entitlements().send().await.expect_err("forbidden");
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Forbidden, 2));
    assert!(error.to_string().contains("operatorRole"), "{error}");
}

#[tokio::test]
async fn a_wrong_password_is_a_failed_login_and_nothing_is_asked_of_the_gateway() {
    for generation in [keycloak::Generation::Old, keycloak::Generation::Middle, keycloak::Generation::New] {
        let fake = Fake::builder().keycloak(keycloak::Fake::builder().generation(generation)).start().await;
        let login = Keycloak::new(fake.keycloak().token_url()).client_id("crm_client");
        let client = Client::builder(fake.uri())
            .auth(login.password("crm_client_user", "not-the-password"))
            .build()
            .expect("a client");
        let error = client.list_entitlements().send().await.expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::LoginFailed, "{generation:?}");
        assert_eq!(error.code(), Some("invalid_grant"), "{generation:?}");
        assert_eq!(fake.list_requests(), 0);
    }
}

#[tokio::test]
async fn rotation_is_survived_because_the_newest_refresh_token_is_kept() {
    let clock = TestClock::new();
    let fake =
        Fake::builder().keycloak(keycloak::Fake::builder().rotation(true)).clock(clock.clone()).start().await;
    let client = fake.client().expect("a client");
    for _ in 0..6 {
        client.list_entitlements().limit(1).send().await.expect("read");
        clock.advance(Duration::from_secs(300));
    }
    assert_eq!((fake.keycloak().counts().logins, fake.keycloak().counts().refreshes), (1, 5));
}

#[tokio::test]
async fn a_refresh_whose_answer_was_lost_is_not_repeated_but_replaced_by_a_login() {
    let clock = TestClock::new();
    let fake =
        Fake::builder().keycloak(keycloak::Fake::builder().rotation(true)).clock(clock.clone()).start().await;
    let client = fake.client().expect("a client");
    client.list_entitlements().limit(1).send().await.expect("read");
    clock.advance(Duration::from_secs(300));
    fake.keycloak().reply_next_after_change(Reply::new(502).with_body("text/html", "<html>"));
    client.list_entitlements().limit(1).send().await.expect("read");
    let grants: Vec<_> =
        fake.keycloak().received().iter().filter_map(|sent| sent.form("grant_type")).collect();
    assert_eq!(grants, ["password", "refresh_token", "password"]);
    assert_eq!((fake.keycloak().counts().logins, fake.keycloak().counts().refreshes), (2, 1));
}

#[tokio::test]
async fn an_empty_listing_can_be_a_404_and_is_read_as_empty_only_on_request() {
    let fake = Fake::builder().empty(Empty::NotFound).start().await;
    let client = fake.client().expect("a client");
    let error = client.list_entitlements().send().await.expect_err("404");
    assert!(error.is_not_found());
    let lenient = || client.list_entitlements().not_found_is_empty();
    assert!(lenient().send().await.expect("empty").resource_set.is_empty());
    assert_eq!(lenient().count().await.expect("none"), 0);
    let all: Vec<Entitlement> = lenient().stream().try_collect().await.expect("none");
    assert!(all.is_empty());
}

#[tokio::test]
async fn a_tenant_can_be_set_for_the_client_and_for_a_call() {
    let fake = Fake::builder().tenant("north").accept_token("not-a-real-token").start().await;
    let client = || Client::builder(fake.uri()).auth(StaticToken::new("not-a-real-token"));
    let north = client().tenant("north").build().expect("a client");
    north.list_entitlements().send().await.expect("known tenant");
    let error = north.list_entitlements().tenant("south").send().await.expect_err("unknown tenant");
    assert!(error.is_not_found());
    let sent: Vec<_> =
        fake.received().iter().map(|sent| sent.header("nv-tenant-id").map(str::to_owned)).collect();
    assert_eq!(sent, [Some("north".to_owned()), Some("south".to_owned())]);
}

#[tokio::test]
async fn both_error_shapes_keep_status_headers_and_body() {
    let fake = fake_with(1).await;
    let client = fake.client().expect("a client");
    let error = client
        .list_entitlements()
        .filter(Filter::raw(r#"{"$nonsense":1}"#))
        .send()
        .await
        .expect_err("refused");
    assert_eq!((error.kind(), error.code()), (ErrorKind::Rejected, Some("1001")));
    let problem: entitlements::crm_gateway::model::GatewayError = error.problem().expect("shape A");
    assert_eq!(problem.code, Some(400));
    assert!(error.correlation_id().is_some());
}

#[tokio::test]
async fn bad_input_is_refused_before_even_a_login_is_sent() {
    let fake = fake_with(1).await;
    let client = fake.client().expect("a client");
    let requests = [
        client.list_entitlements().page(2),
        client.list_entitlements().page(0).limit(1),
        client.list_entitlements().filter(Filter::raw("[]")),
        client.list_entitlements().sort(Sort::raw("{created, -1}")),
        client.list_entitlements().fields([""]),
        client.list_entitlements().limit(u64::MAX),
        client.list_entitlements().with_correlation_id("a\nb"),
        client.list_entitlements().tenant("a\nb"),
    ];
    for request in requests {
        let error = request.send().await.expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        assert_eq!(error.attempts(), 0);
    }
    let error = client.list_entitlements().page_size(0).stream().try_next().await.expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let one_page = [
        ("limit", client.list_entitlements().limit(1)),
        ("page", client.list_entitlements().page(1)),
        ("limit", client.list_entitlements().limit(1).page(1)),
    ];
    for (argument, request) in one_page {
        let mut stream = request.stream();
        let error = stream.try_next().await.expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        let words = error.to_string();
        assert!(words.contains(&format!("`{argument}`")) && words.contains("`page_size`"), "{words}");
        assert!(stream.next().await.is_none());
    }
    assert_eq!((fake.list_requests(), fake.keycloak().received().len()), (0, 0));
}

#[tokio::test]
async fn a_restriction_to_third_parties_can_be_set_twice() {
    let fake = fake_with(10).await;
    let client = fake.client().expect("a client");
    let request = client.list_entitlements().filter(Filter::third_party()).third_party();
    assert_eq!(request.count().await.expect("a count"), 8);
    assert_eq!(fake.received()[0].parameter("filter").as_deref(), Some(r#"{"productType":"THIRDPARTY"}"#));
}

#[test]
fn the_name_of_a_realm_is_one_segment_of_the_token_url() {
    let login = Keycloak::realm("https://operator.example/auth/", "a b+c/ø?");
    let url = login.endpoint().expect("a URL");
    assert_eq!(url.path(), "/auth/realms/a%20b%2Bc%2F%C3%B8%3F/protocol/openid-connect/token");
    assert_eq!(url.query(), None);
}
