//! What Connect and its login see of each request.

use entitlements::{
    ErrorKind,
    auth::{ClientAuthentication, StaticToken, UserTokens},
    connect::{ChannelState, Client, Credential, Environment, UserClient},
    time::TestClock,
};
use serde_json::json;

use super::support::raw::{RawServer, Seen, answer};

const LEVEL: &str = r#"{"channels":[{"type":"SHIELD","value":"TM"}]}"#;

fn environment(server: &RawServer) -> Environment {
    Environment::custom(format!("{}/capi", server.uri()), format!("{}/user", server.uri()))
}

fn user(server: &RawServer) -> UserClient {
    let builder = UserClient::builder(environment(server)).auth(StaticToken::new("not-a-real-token"));
    builder.build().expect("a client")
}

fn app(server: &RawServer) -> Client {
    Client::builder(environment(server)).auth(StaticToken::new("not-a-real-token")).build().expect("a client")
}

fn only(server: &RawServer) -> Seen {
    let mut seen = server.requests();
    assert_eq!(seen.len(), 1);
    seen.remove(0)
}

fn is_read(seen: &Seen, path: &str) {
    assert_eq!(seen.line, format!("GET /capi{path} HTTP/1.1"));
    assert_eq!(seen.header("authorization"), Some("Bearer not-a-real-token"));
    assert_eq!(seen.header("accept"), Some("application/json"));
    assert_eq!(seen.header_names(), ["accept", "authorization", "host", "user-agent"]);
    assert!(seen.body.is_empty());
}

fn is_write(seen: &Seen, path: &str, body: &serde_json::Value) {
    assert_eq!(seen.line, format!("POST /capi{path} HTTP/1.1"));
    assert_eq!(seen.header("authorization"), Some("Bearer not-a-real-token"));
    assert_eq!(seen.header("accept"), Some("application/json"));
    assert_eq!(seen.header("content-type"), Some("application/json"));
    let names = ["accept", "authorization", "content-length", "content-type", "host", "user-agent"];
    assert_eq!(seen.header_names(), names);
    assert_eq!(&seen.body_json(), body);
}

#[tokio::test]
async fn list_global_permissions() {
    let server = RawServer::start([answer::json(200, LEVEL)]).await;
    let level = user(&server).list_global_permissions().send().await.expect("a level");
    assert_eq!(level.state("TM"), ChannelState::Shield);
    is_read(&only(&server), "/v1/customer/pbm");
}

#[tokio::test]
async fn list_enterprise_permissions() {
    let server = RawServer::start([answer::json(200, LEVEL)]).await;
    user(&server).list_enterprise_permissions("0468 979/æ").send().await.expect("a level");
    is_read(&only(&server), "/v1/customer/pbm/0468%20979%2F%C3%A6");
}

#[tokio::test]
async fn list_order_type_permissions() {
    let server = RawServer::start([answer::json(200, LEVEL)]).await;
    user(&server).list_order_type_permissions("468979834", "%2e%2e").send().await.expect("a level");
    is_read(&only(&server), "/v1/customer/pbm/468979834/%252e%252e");
}

#[tokio::test]
async fn change_enterprise_permissions() {
    let server = RawServer::start([answer::json(200, LEVEL)]).await;
    let change = user(&server).change_enterprise_permissions("468979834");
    change.set("TM", ChannelState::Shield).set("DM", ChannelState::None).send().await.expect("changed");
    let body =
        json!({ "channels": [{ "type": "SHIELD", "value": "TM" }, { "type": "NONE", "value": "DM" }] });
    is_write(&only(&server), "/v1/customer/pbm/468979834", &body);
}

#[tokio::test]
async fn change_order_type_permissions() {
    let server = RawServer::start([answer::json(200, LEVEL)]).await;
    let change = user(&server).change_order_type_permissions("468979834", "56235");
    change.set("EM", ChannelState::Permission).send().await.expect("changed");
    let body = json!({ "channels": [{ "type": "PERMISSION", "value": "EM" }] });
    is_write(&only(&server), "/v1/customer/pbm/468979834/56235", &body);
}

#[tokio::test]
async fn shield_order_type() {
    let server = RawServer::start([answer::json(200, r#"{"count":1}"#)]).await;
    let shield = app(&server).shield(Credential::phone("0047 123 45 678")).channel("DM");
    let found = shield.order_type("468979834", "56235").send().await.expect("shielded");
    assert_eq!(found.count, Some(1));
    let body = json!({ "enterpriseCode": "468979834", "orderTypeCode": "56235", "channel": "DM",
        "credential": "+4712345678" });
    is_write(&only(&server), "/v1/client/pbm/shield/ordertype", &body);
}

#[tokio::test]
async fn shield_enterprise() {
    let server = RawServer::start([answer::json(200, r#"{"count":0}"#)]).await;
    let shield = app(&server).shield(Credential::email("Ada@Acme.example")).channel("TM");
    assert!(shield.enterprise("468979834").send().await.expect("no error").found_nobody());
    let body = json!({ "enterpriseCode": "468979834", "channel": "TM", "credential": "ada@acme.example" });
    is_write(&only(&server), "/v1/client/pbm/shield/enterprise", &body);
}

#[tokio::test]
async fn the_client_login_by_basic_and_by_form() {
    for authentication in [ClientAuthentication::Basic, ClientAuthentication::Form] {
        let token = answer::json(200, r#"{"access_token":"first","expires_in":43199}"#);
        let server = RawServer::start([token, answer::json(200, r#"{"count":0}"#)]).await;
        let app = Client::builder(environment(&server))
            .client_login("no.example.app", "not-a-real(secret+")
            .client_authentication(authentication)
            .scope("read")
            .build()
            .expect("a client");
        let shield = app.shield(Credential::phone("+4712345678")).channel("DM").enterprise("1");
        shield.send().await.expect("shielded");
        let seen = server.requests();
        assert_eq!(seen[0].line, "POST /user/oauth/token HTTP/1.1", "nothing secret in the query");
        assert_eq!(seen[0].header("accept"), Some("application/json"));
        let body = String::from_utf8_lossy(&seen[0].body).into_owned();
        if authentication == ClientAuthentication::Basic {
            // base64 of `no.example.app:not-a-real%28secret%2B`
            let basic = "Basic bm8uZXhhbXBsZS5hcHA6bm90LWEtcmVhbCUyOHNlY3JldCUyQg==";
            assert_eq!(seen[0].header("authorization"), Some(basic));
            assert_eq!(body, "grant_type=client_credentials&scope=read");
        } else {
            assert_eq!(seen[0].header("authorization"), None);
            let secret = "client_id=no.example.app&client_secret=not-a-real%28secret%2B";
            assert_eq!(body, format!("grant_type=client_credentials&scope=read&{secret}"));
        }
        assert_eq!(seen[1].header("authorization"), Some("Bearer first"));
    }
}

#[tokio::test]
async fn a_users_refresh_goes_to_the_login_server_with_the_clients_secret() {
    let refreshed = r#"{"access_token":"second","refresh_token":"newer","expires_in":43199}"#;
    let script = [
        answer::json(401, r#"{"error":"invalid_token"}"#),
        answer::json(200, refreshed),
        answer::json(200, LEVEL),
    ];
    let server = RawServer::start(script).await;
    let app = Client::builder(environment(&server)).client_login("id", "not-a-real-secret").build();
    let user = app.expect("a client").as_user(UserTokens::new("first").refresh_token("not-a-real-refresh"));
    let level = user.list_global_permissions().send().await.expect("a level");
    assert_eq!(level.attempts(), 2);
    let seen = server.requests();
    assert_eq!(seen[0].header("authorization"), Some("Bearer first"));
    assert_eq!(seen[1].line, "POST /user/oauth/token HTTP/1.1");
    let body = String::from_utf8_lossy(&seen[1].body);
    assert_eq!(body, "grant_type=refresh_token&refresh_token=not-a-real-refresh");
    assert_eq!(seen[2].header("authorization"), Some("Bearer second"));
}

#[tokio::test]
async fn a_lost_answer_is_repeated_because_every_operation_reads_or_sets_a_state() {
    let script = [answer::hang_up(), answer::json(200, LEVEL).without_last(3), answer::json(200, LEVEL)];
    let server = RawServer::start(script).await;
    let builder =
        UserClient::builder(environment(&server)).auth(StaticToken::new("t")).clock(TestClock::new());
    let user = builder.build().expect("a client");
    let change = user.change_enterprise_permissions("1").set("TM", ChannelState::Shield);
    assert_eq!(change.send().await.expect("changed").attempts(), 3);
}

#[tokio::test]
async fn answers_of_another_shape_are_read_or_kept() {
    let read = [
        (200, r#"{"channels":[{"type":"new","value":7,"since":1}],"count":1}"#),
        (200, r#"[{"type":"new","value":"7"}]"#),
        (201, r#"{"enterprise":{"channels":[{"type":"new","value":"7"}]}}"#),
    ];
    for (status, body) in read {
        let server = RawServer::start([answer::json(status, body)]).await;
        let level = user(&server).list_enterprise_permissions("1").send().await.expect(body);
        assert_eq!(level.state("7"), ChannelState::from("new"), "{body}");
    }
    for (status, body) in [(200, ""), (204, ""), (200, r#"{"channels":null}"#), (200, "{}")] {
        let server = RawServer::start([answer::json(status, body)]).await;
        let change = user(&server).change_enterprise_permissions("1").set("TM", ChannelState::None);
        assert!(change.send().await.expect("changed").channels.is_empty());
    }
    for body in ["", "<html>", r#"{"channels":7}"#] {
        let server = RawServer::start([answer::json(200, body)]).await;
        let error = user(&server).list_global_permissions().send().await.expect_err(body);
        assert_eq!(error.kind(), ErrorKind::UnexpectedAnswer, "{body}");
        assert_eq!(error.body().as_ref(), body.as_bytes());
    }
}

#[tokio::test]
async fn refusals_keep_everything_and_print_nothing_of_the_server() {
    let quoting = r#"{"exceptionType":"E","errorMessage":"unknown +4712345678"}"#;
    for (status, body, kind) in [
        (400, quoting, ErrorKind::Rejected),
        (404, "", ErrorKind::NotFound),
        (403, r#"{"error":"access_denied","error_description":"+4712345678"}"#, ErrorKind::Forbidden),
        (405, "<html>+4712345678</html>", ErrorKind::Rejected),
    ] {
        let server =
            RawServer::start([answer::with(status, &[("x-mediaconnect-api-version", "9")], body)]).await;
        let shield = app(&server).shield(Credential::phone("+4712345678")).channel("DM").enterprise("1");
        let error = shield.send().await.expect_err(body);
        assert_eq!(error.kind(), kind);
        assert_eq!(error.headers()["x-mediaconnect-api-version"], "9");
        assert_eq!(error.body().as_ref(), body.as_bytes());
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("4712345678"), "{shown}");
    }
}

#[tokio::test]
async fn nothing_is_sent_for_input_that_cannot_be() {
    let server = RawServer::start([]).await;
    let (user, app) = (user(&server), app(&server));
    for bad in ["", ".", "..", "a\\b", "a\nb", "1234567890123"] {
        let error = user.list_enterprise_permissions(bad).send().await.expect_err(bad);
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{bad}");
        assert!(error.to_string().contains("`enterprise_code`"), "{error}");
        let change = user.update_enterprise_permissions(bad).set("TM", ChannelState::None);
        assert_eq!(change.send().await.expect_err(bad).kind(), ErrorKind::InvalidInput);
    }
    for bad in ["", ".", "..", "a\\b", "a\nb"] {
        let error = user.list_order_type_permissions("1", bad).send().await.expect_err(bad);
        assert!(error.to_string().contains("`order_type_code`"), "{error}");
        assert!(user.effective_permissions("1", bad).send().await.is_err());
    }
    let twice =
        user.change_enterprise_permissions("1").set("TM", ChannelState::None).set("TM", ChannelState::Shield);
    assert!(twice.send().await.expect_err("twice").to_string().contains("a channel twice"));
    assert!(user.change_enterprise_permissions("1").send().await.is_err(), "no channel at all");
    let no_channel = user.change_enterprise_permissions("1").set("", ChannelState::None);
    assert_eq!(no_channel.send().await.expect_err("empty").kind(), ErrorKind::InvalidInput);
    for bad in [Credential::phone("12345678"), Credential::email("ada"), Credential::verbatim("")] {
        let error = app.shield(bad).channel("DM").enterprise("1").send().await.expect_err("refused");
        assert!(error.to_string().contains("`credential`"), "{error}");
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_users_tokens_are_refreshed_at_the_login_server_whatever_the_application_uses() {
    let login = RawServer::start([answer::json(400, r#"{"error":"invalid_grant"}"#)]).await;
    // The API is of another kind than the login server: https, and not on this machine.
    let servers = Environment::custom("https://api.example/capi", format!("{}/user", login.uri()));
    let app =
        Client::builder(servers).client_login("plainly", "fake").auth(StaticToken::new("not-a-real-token"));
    let tokens = UserTokens::new("old").refresh_token("refresh").expires_in(std::time::Duration::ZERO);
    let user = app.clock(TestClock::new()).build().expect("a client").as_user(tokens);
    user.list_global_permissions().send().await.expect_err("refused");
    assert_eq!(login.requests().len(), 1);
}

#[test]
fn no_call_panics_outside_of_a_runtime() {
    let servers = Environment::custom("http://127.0.0.1:9", "http://127.0.0.1:9");
    let user = UserClient::builder(servers).auth(StaticToken::new("not-a-real-token")).build();
    let user = user.expect("a client");
    let poll = |call: &mut dyn FnMut(&mut std::task::Context<'_>) -> std::task::Poll<ErrorKind>| {
        call(&mut std::task::Context::from_waker(std::task::Waker::noop()))
    };
    let mut list = std::pin::pin!(user.list_global_permissions().send());
    let mut update =
        std::pin::pin!(user.update_enterprise_permissions("1").set("TM", ChannelState::Shield).send());
    let mut effective = std::pin::pin!(user.effective_permissions("1", "2").send());
    let kinds = [
        poll(&mut |context| list.as_mut().poll(context).map(|outcome| outcome.expect_err("none").kind())),
        poll(&mut |context| update.as_mut().poll(context).map(|outcome| outcome.expect_err("none").kind())),
        poll(&mut |context| {
            effective.as_mut().poll(context).map(|outcome| outcome.expect_err("none").kind())
        }),
    ];
    assert_eq!(kinds, [std::task::Poll::Ready(ErrorKind::Configuration); 3]);
}
