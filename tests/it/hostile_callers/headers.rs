//! Headers of the caller's: which are sent, and which are the client's own.

use entitlements::{
    ErrorKind, Result,
    auth::StaticToken,
    connect::{ChannelState, Credential, Environment, UserClient},
    crm_gateway, symphony,
    symphony::Advisor,
    time::TestClock,
};

use crate::support::raw::{RawServer, answer};

/// Every header that no caller sets, on any request.
const OWNED: [&str; 14] = [
    "authorization",
    "Host",
    "content-length",
    "Transfer-Encoding",
    "content-encoding",
    "trailer",
    "expect",
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "upgrade",
    "proxy-authorization",
    "accept-encoding",
];

fn symphony(server: &RawServer) -> symphony::ClientBuilder {
    symphony::Client::builder(server.uri()).auth(StaticToken::new("not-a-real-token")).clock(TestClock::new())
}

fn gateway(server: &RawServer) -> crm_gateway::ClientBuilder {
    crm_gateway::Client::builder(server.uri())
        .auth(StaticToken::new("not-a-real-token"))
        .clock(TestClock::new())
}

fn user(server: &RawServer) -> UserClient {
    let environment = Environment::custom(server.uri(), server.uri());
    let builder = UserClient::builder(environment).auth(StaticToken::new("not-a-real-token"));
    builder.clock(TestClock::new()).build().expect("a client")
}

#[track_caller]
fn refused<T: std::fmt::Debug>(server: &RawServer, outcome: Result<T>, name: &str) {
    let error = outcome.expect_err(name);
    let expected = [ErrorKind::InvalidInput, ErrorKind::Configuration];
    assert!(expected.contains(&error.kind()), "{name}: {error}");
    assert!(error.to_string().contains("`header` must not set"), "{name}: {error}");
    assert_eq!(server.connections(), 0, "{name}: {error}");
}

#[tokio::test]
async fn a_header_that_the_client_owns_is_refused_by_every_request_and_builder() {
    let server = RawServer::start([]).await;
    let (symphony, gateway, user) = (
        symphony(&server).build().expect("a client"),
        gateway(&server).build().expect("a client"),
        user(&server),
    );
    let environment = Environment::custom(server.uri(), server.uri());
    let app = entitlements::connect::Client::builder(environment).auth(StaticToken::new("t")).build();
    let app = app.expect("a client");
    let ada = || Advisor::id("1");
    let shield = || app.shield(Credential::phone("+4712345678")).channel("DM");
    for name in OWNED.into_iter().chain(["content-type"]) {
        let header = |outcome| refused(&server, outcome, name);
        header(symphony.list_entitlements().with_header(name, "v").send().await.map(drop));
        header(symphony.add_entitlement("SMS", ada()).with_header(name, "v").send().await.map(drop));
        header(symphony.ensure_entitled("SMS", ada()).with_header(name, "v").send().await.map(drop));
        header(symphony.get_advisor_entitlement("SMS", ada()).with_header(name, "v").send().await.map(drop));
        header(symphony.remove_entitlement("SMS", ada()).with_header(name, "v").send().await.map(drop));
        header(symphony.ensure_removed("SMS", ada()).with_header(name, "v").send().await.map(drop));
        let mut advisors = symphony.list_entitled_advisors("SMS").with_header(name, "v").stream();
        header(advisors.try_next().await.map(drop));
        header(gateway.list_entitlements().with_header(name, "v").count().await.map(drop));
        header(gateway.list_entitlements().with_header(name, "v").stream().try_next().await.map(drop));
        header(gateway.request("GET", "/x").with_header(name, "v").send().await.map(drop));
        header(user.list_global_permissions().with_header(name, "v").send().await.map(drop));
        let change = user.change_enterprise_permissions("1").set("TM", ChannelState::Shield);
        header(change.with_header(name, "v").send().await.map(drop));
        let update = user.update_enterprise_permissions("1").set("TM", ChannelState::Shield);
        header(update.with_header(name, "v").send().await.map(drop));
        header(user.effective_permissions("1", "2").with_header(name, "v").send().await.map(drop));
        header(shield().enterprise("1").with_header(name, "v").send().await.map(drop));
        header(shield().order_type("1", "2").with_header(name, "v").send_as::<()>().await.map(drop));
        header(self::gateway(&server).default_header(name, "v").build().map(drop));
    }
    for name in OWNED {
        refused(&server, gateway.request("GET", "/x").header(name, "v").send().await, name);
    }
}

#[tokio::test]
async fn the_correlation_id_is_no_header_of_the_callers_where_the_api_has_it() {
    let server = RawServer::start([]).await;
    let gateway = gateway(&server).build().expect("a client");
    let name = "X-Correlation-Id";
    refused(&server, gateway.list_entitlements().with_header(name, "v").send().await, name);
    refused(&server, gateway.request("GET", "/x").header(name, "v").send().await, name);
    refused(&server, self::gateway(&server).default_header(name, "v").build(), name);
    let symphony = symphony(&server).build().expect("a client");
    let both = symphony.request("GET", "/x").with_correlation_id("a").with_header(name, "v");
    refused(&server, both.send().await, name);
    symphony.list_entitlements().with_header(name, "v").send().await.expect_err("418");
    assert_eq!(server.requests()[0].header(name), Some("v"));
}

#[tokio::test]
async fn a_header_of_the_callers_is_on_every_attempt_and_on_every_page() {
    let page = r#"{"totalRecords":2,"resourceSet":[{"_id":"1"}]}"#;
    let last = r#"{"totalRecords":2,"resourceSet":[{"_id":"2"}]}"#;
    let server =
        RawServer::start([answer::empty(502), answer::json(200, page), answer::json(200, last)]).await;
    let client = gateway(&server).default_header("x-own", "default").build().expect("a client");
    let call =
        client.list_entitlements().page_size(1).with_header("x-own", "first").with_header("x-own", "v");
    let all: Vec<_> = call.stream().try_collect().await.expect("two pages");
    let seen = server.requests();
    assert_eq!((all.len(), seen.len()), (2, 3));
    assert!(seen.iter().all(|request| request.header("x-own") == Some("v")));
    assert_eq!(seen[0].header("x-correlation-id"), seen[2].header("x-correlation-id"));
}

#[tokio::test]
async fn a_header_of_the_callers_is_on_every_request_of_a_composed_call() {
    let level = || answer::json(200, r#"{"channels":[{"type":"SHIELD","value":"TM"}]}"#);
    let server = RawServer::start([level(), level(), level(), level(), level()]).await;
    let user = user(&server);
    let update = user.update_enterprise_permissions("1").set("TM", ChannelState::Shield);
    update.with_header("x-own", "v").send().await.expect("a level");
    user.effective_permissions("1", "2").with_header("x-own", "v").send().await.expect("three levels");
    let seen = server.requests();
    assert_eq!(seen.len(), 5);
    assert!(seen.iter().all(|request| request.header("x-own") == Some("v")));

    let exists = r#"{"status":409,"type":"entitlement.already.exists"}"#;
    let there = answer::json(200, r#"{"status":"ENTITLED"}"#);
    let server =
        RawServer::start([answer::hang_up(), there, answer::json(409, exists), answer::empty(204)]).await;
    let client = symphony(&server).build().expect("a client");
    let ensure = client.ensure_entitled("SMS", Advisor::id("1")).with_header("x-own", "v");
    ensure.send().await.expect("entitled");
    let seen = server.requests();
    assert_eq!(seen.len(), 2);
    assert!(seen.iter().all(|request| request.header("x-own") == Some("v")));
}

#[tokio::test]
async fn a_raw_request_says_what_its_body_is_and_keeps_its_correlation_id() {
    let server = RawServer::start([answer::empty(502), answer::json(200, "{}")]).await;
    let client = symphony(&server).build().expect("a client");
    let patch = client.request("PATCH", "/api/x").json(&serde_json::json!({})).repeatable(true);
    let patch = patch.header("content-type", "application/merge-patch+json").with_correlation_id("c-1");
    let answer = patch.send().await.expect("an answer");
    assert_eq!((answer.correlation_id(), answer.attempts()), (Some("c-1"), 2));
    for seen in server.requests() {
        assert_eq!(seen.header("content-type"), Some("application/merge-patch+json"));
        assert_eq!(seen.header("x-correlation-id"), Some("c-1"));
    }
}
