//! The fake of the CRM Gateway as a test suite uses it: its builder, its seeds, its switches.

use std::{
    cell::RefCell,
    panic::{self, AssertUnwindSafe},
    sync::Once,
    time::Duration,
};

use entitlements::{
    ErrorKind,
    auth::{Keycloak, StaticToken},
    crm_gateway::{Client, model::Entitlement},
    fakes::{
        Fault, Reply,
        crm_gateway::{Builder, Fake},
        keycloak,
    },
    time::TestClock,
};
use serde_json::{Value, json};

const LIST: &str = "/crm-gateway/v1/rmg/v1/entitlements";

fn numbered(number: usize) -> Value {
    json!({
        "_id": format!("e{number:06}"),
        "accountId": format!("account-{}", number / 4),
        "productType": "THIRDPARTY",
        "status": "ACTIVE",
    })
}

fn ids(entitlements: &[Entitlement]) -> Vec<&str> {
    entitlements.iter().filter_map(|entitlement| entitlement.id.as_deref()).collect()
}

#[tokio::test]
async fn two_hundred_thousand_entitlements_are_read_from_the_front_the_middle_and_the_end() {
    let fake = Fake::builder().seed(200_000, numbered).start().await;
    let client = fake.client().expect("a client");
    let page = async |number| {
        let page = client.list_entitlements().limit(100).page(number).send().await.expect("a page");
        assert_eq!(page.total_records, Some(200_000));
        ids(&page.resource_set).first().map(|id| (*id).to_owned())
    };
    assert_eq!(page(1).await.as_deref(), Some("e000000"));
    assert_eq!(page(1000).await.as_deref(), Some("e099900"));
    assert_eq!(page(2000).await.as_deref(), Some("e199900"));
    assert_eq!(page(2001).await, None);
    assert!(fake.remove("e000000"));
    assert_eq!((fake.len(), fake.is_empty()), (199_999, false));
    let mut stream = client.list_entitlements().page_size(3).stream();
    let first = stream.try_next().await.expect("a page").expect("an entitlement");
    assert_eq!(first.id.as_deref(), Some("e000001"));
}

#[tokio::test]
async fn each_tenant_has_its_own_entitlements() {
    let free = |_| json!({ "productType": "FREE" });
    let builder = Fake::builder().seed(3, numbered).seed_tenant("north", 1, free).tenant("south");
    let fake = builder.start().await;
    let north = fake.tenant("north");
    north.seed(1, free);
    let id = north.add(json!({ "productType": "PPV" }));
    north.replace(json!({ "_id": id, "productType": "CAPABILITY" }));
    let client = fake.client().expect("a client");
    let count = async |tenant: Option<&str>| {
        let request = client.list_entitlements();
        let request = match tenant {
            Some(tenant) => request.tenant(tenant),
            None => request,
        };
        request.count().await
    };
    assert_eq!(count(None).await.expect("a count"), 3);
    assert_eq!(count(Some("north")).await.expect("a count"), 3);
    assert_eq!(count(Some("south")).await.expect("a count"), 0);
    assert!(count(Some("west")).await.expect_err("unknown").is_not_found());
    assert!(north.remove(&id) && !fake.remove(&id));
    assert_eq!((north.len(), fake.len(), fake.tenant("south").is_empty()), (2, 3, true));
}

#[tokio::test]
async fn a_bad_item_costs_no_other() {
    let fake = Fake::builder().seed(2, numbered).start().await;
    fake.add_malformed("e000000x", json!("odd"));
    let client = fake.client().expect("a client");
    let page = client.list_entitlements().send().await.expect("a page");
    assert_eq!(ids(&page.resource_set), ["e000000", "e000001"]);
}

#[tokio::test]
async fn old_entitlements_leave_the_lists_with_the_clock() {
    let clock = TestClock::new();
    let week = Duration::from_secs(7 * 86_400);
    let fake = Fake::builder().archive_after(week, week).clock(clock.clone()).start().await;
    fake.seed(2, |number| {
        let expiry = if number == 0 { "2099-02-27T13:33:23Z" } else { "2016-10-27T06:10:43Z" };
        json!({ "status": "ACTIVE", "expiryDate": expiry })
    });
    let client = fake.client().expect("a client");
    assert_eq!(client.list_entitlements().count().await.expect("a count"), 1);
    clock.advance(Duration::from_secs(100 * 366 * 86_400));
    assert_eq!(client.list_entitlements().count().await.expect("a count"), 0);
    assert_eq!(fake.len(), 2);
}

/// Row 1.7: server fault injection, 500/502/503/504 in shape A, as plain text and as HTML.
#[tokio::test]
async fn any_fault_of_a_server_can_take_the_place_of_an_answer() {
    let fake = Fake::builder().accept_token("not-a-real-token").start().await;
    let auth = StaticToken::new("not-a-real-token");
    let client = Client::builder(fake.uri()).auth(auth).clock(TestClock::new()).build().expect("a client");
    for reply in [
        Reply::json(500, &json!({ "code": 500, "message": "Internal server error" })),
        Reply::new(502).with_body("text/html", "<html><h1>Bad gateway</h1></html>"),
        Reply::new(503).with_body("text/plain", "down").with_header("retry-after", "2"),
        Reply::new(504),
    ] {
        let status = reply.status;
        for _ in 0..20 {
            fake.reply_next(reply.clone());
        }
        let error = client.list_entitlements().send().await.expect_err("a fault");
        assert_eq!((error.kind(), error.status()), (ErrorKind::Server, Some(status)));
        while client.list_entitlements().send().await.is_err() {}
    }
}

#[tokio::test]
async fn the_client_is_wired_to_both_fakes_and_their_clock() {
    let clock = TestClock::new();
    let fake = Fake::builder().clock(clock.clone()).start().await;
    assert!(fake.is_empty());
    fake.seed(3, numbered);
    let client = fake.client().expect("a client");
    let list = async || client.request("GET", LIST).send().await.expect("a list");
    assert_eq!(list().await["totalRecords"], 3);
    assert_eq!(list().await["totalRecords"], 3);
    clock.advance(Duration::from_secs(301));
    list().await;
    fake.keycloak().push_not_before();
    list().await;
    let counts = fake.keycloak().counts();
    assert_eq!((counts.logins, counts.refreshes, counts.failures), (2, 1, 1));
    assert_eq!(fake.list_requests(), 5);
    assert_eq!(fake.received().len(), 5);
}

thread_local! {
    static BLAMED: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// The file that a panic of `seed` is blamed on.
fn blamed(seed: impl FnOnce()) -> String {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let earlier = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            let place = panic.location().map(|place| place.file().to_owned());
            BLAMED.with_borrow_mut(|blamed| *blamed = place);
            earlier(panic);
        }));
    });
    panic::catch_unwind(AssertUnwindSafe(seed)).expect_err("refused");
    BLAMED.take().expect("a place")
}

/// Every refusal of a bad seed points to the line of the test that wrote it.
#[tokio::test]
async fn a_bad_seed_is_blamed_on_the_test_that_wrote_it() {
    let fake = Fake::builder().tenant("north").seed(3, numbered).start().await;
    let builders: [fn(Builder) -> Builder; 6] = [
        |builder| builder.page_cap(0),
        |builder| builder.tenant(""),
        |builder| builder.accept_token(" "),
        |builder| builder.seed(2, |_| json!(1)),
        |builder| builder.seed_tenant("", 2, |_| json!({})),
        |builder| builder.seed_tenant("north", 2, |_| json!(1)),
    ];
    for wrong in builders {
        assert_eq!(blamed(|| drop(wrong(Fake::builder()))), file!());
    }
    let fakes: [fn(&Fake); 10] = [
        |fake| drop(fake.add(json!({ "_id": 1 }))),
        |fake| drop(fake.add(json!({ "_id": "e000001" }))),
        |fake| fake.add_malformed("e000001", json!(1)),
        |fake| fake.replace(json!({ "_id": "nobody" })),
        |fake| fake.seed(2, |_| json!({ "_id": "same" })),
        |fake| drop(fake.tenant("south")),
        |fake| drop(fake.tenant("north").add(json!([]))),
        |fake| fake.tenant("north").add_malformed("", json!(1)),
        |fake| fake.tenant("north").replace(json!({})),
        |fake| fake.tenant("north").seed(2, |_| json!(1)),
    ];
    for wrong in fakes {
        assert_eq!(blamed(|| wrong(&fake)), file!());
    }
    assert_eq!((fake.len(), fake.tenant("north").len()), (3, 0), "and changes nothing");
    assert_eq!(fake.client().expect("a client").list_entitlements().count().await.expect("a count"), 3);
}

#[tokio::test]
async fn one_keycloak_has_several_realms() -> entitlements::Result<()> {
    let other = keycloak::Fake::builder().base_path("/keycloak/auth/realms/other").user(
        "eve",
        "eve's",
        ["operatorRole"],
    );
    let fake = Fake::builder().keycloak(keycloak::Fake::builder().another_realm(other)).start().await;
    let realm = fake.keycloak().realm("/keycloak/auth/realms/other");
    let client = |url: String| {
        let login = Keycloak::new(url).client_id(keycloak::CLIENT_ID).password("eve", "eve's");
        Client::builder(fake.uri()).auth(login).max_attempts(1).build()
    };
    let here = client(realm.token_url())?.list_entitlements().send().await.expect_err("of another realm");
    assert_eq!(here.kind(), ErrorKind::Forbidden, "the gateway trusts its own realm only");
    assert_eq!((realm.counts().logins, realm.counts().refreshes), (1, 1), "renewed once after the refusal");
    let unknown = client(fake.keycloak().token_url())?.list_entitlements().send().await;
    assert_eq!(unknown.expect_err("nobody there has the name").kind(), ErrorKind::LoginFailed);
    assert_eq!(fake.keycloak().journal().token_requests(), 3);
    Ok(())
}

#[tokio::test]
async fn an_expired_refresh_token_leads_to_a_login() -> entitlements::Result<()> {
    for end in [Fault::expired_token(), Fault::revoked_token()] {
        let clock = TestClock::new();
        let login_then_end = Fault::none().then(end).then_normal();
        let keycloak = keycloak::Fake::builder().faults(keycloak::Operation::Token, login_then_end);
        let fake = Fake::builder().clock(clock.clone()).keycloak(keycloak).start().await;
        let client = fake.client()?;
        client.list_entitlements().send().await?;
        clock.advance(Duration::from_secs(300));
        client.list_entitlements().send().await?;
        let counts = fake.keycloak().counts();
        assert_eq!(
            (counts.logins, counts.refreshes, counts.failures),
            (2, 0, 1),
            "{}",
            fake.keycloak().journal()
        );
    }
    Ok(())
}
