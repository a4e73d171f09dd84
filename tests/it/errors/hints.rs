//! A hint stands where one mistake is likely, and nowhere else.

use entitlements::{
    ErrorKind,
    auth::Keycloak,
    connect::{ChannelState, Credential},
    symphony::{Advisor, ExternalNetwork},
};

use super::*;
use crate::support::raw::{
    RawServer,
    answer::{self, Answer},
};

const PATH: Option<&str> = Some("`/admin`");
const HTTPS: Option<&str> = Some("begin with `https`");
const USER: Option<&str> = Some("token of a user");
const CLIENT: Option<&str> = Some("the application's own token");
const NOTHING: Option<&str> = None;

#[track_caller]
fn assert_hint(error: &Error, expected: Option<&str>) {
    match (error.hint(), expected) {
        (Some(hint), Some(words)) => {
            assert!(hint.contains(words), "{error}");
            assert!(error.to_string().ends_with(&format!("; hint: {hint}")), "{error}");
        }
        (hint, expected) => {
            assert_eq!(hint, expected, "{error}");
            assert!(!error.to_string().contains("hint"), "{error}");
        }
    }
}

fn html(status: u16) -> Answer {
    answer::with(status, &[("content-type", "text/html")], "<html>a page</html>")
}

fn redirect(location: &str) -> Answer {
    answer::with(302, &[("location", location)], "")
}

const PROBLEM: &str = r#"{"type":"entitlement.not.found","title":"Entitlement not found.","status":404}"#;
const SPRING: &str = r#"{"timestamp":"now","status":404,"error":"Not Found","path":"/api"}"#;
const NGINX: &str =
    "<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>";
const GO: &str = "Client sent an HTTP request to an HTTPS server.\n";
const APACHE: &str =
    "<p>Reason: You're speaking plain HTTP to an SSL-enabled server port.<br />Instead use HTTPS</p>";

#[tokio::test]
async fn symphonys_base_url_and_the_scheme() {
    let cases = [
        ("", answer::json(404, SPRING), PATH),
        ("", answer::empty(404), PATH),
        ("/", html(404), PATH),
        ("/api", html(404), PATH),
        ("", html(200), PATH),
        ("", html(403), PATH),
        ("", answer::json(404, PROBLEM), NOTHING),
        ("", answer::json(403, r#"{"type":"Forbidden"}"#), NOTHING),
        ("", answer::json(200, "7"), NOTHING),
        ("/admin", html(404), NOTHING),
        ("/admin/", answer::empty(404), NOTHING),
        ("/proxied/admin", html(200), NOTHING),
        ("/admin", answer::with(400, &[], NGINX), HTTPS),
        ("/admin", answer::with(400, &[], GO), HTTPS),
        ("/admin", answer::with(400, &[], APACHE), HTTPS),
        ("/admin", answer::with(403, &[], NGINX), NOTHING),
        ("/admin", answer::json(400, r#"{"type":"entitlement.type.not.found"}"#), NOTHING),
        ("/admin", redirect("https://connect.symphony.com/admin/api"), HTTPS),
        ("/admin", redirect("HTTPS://a.example"), HTTPS),
        ("/admin", redirect("http://a.example/"), NOTHING),
        ("/admin", redirect("/login?to=https://a.example"), NOTHING),
        ("/admin", answer::empty(302), NOTHING),
    ];
    for (path, answer, expected) in cases {
        let server = RawServer::start([answer]).await;
        let client = symphony(&format!("{}{path}", server.uri()));
        let call = client.get_advisor_entitlement(ExternalNetwork::WhatsApp, Advisor::id("1")).send();
        assert_hint(&call.await.expect_err("no entitlement"), expected);
    }
}

/// A listing decodes elsewhere than a single answer.
#[tokio::test]
async fn a_page_of_a_listing_has_the_hint_as_well() {
    let server = RawServer::start([html(200), html(200)]).await;
    let client = symphony(&server.uri());
    let advisors = || client.list_entitled_advisors(ExternalNetwork::WhatsApp);
    assert_hint(&advisors().send().await.expect_err("HTML"), PATH);
    assert_hint(&advisors().stream().try_next().await.expect_err("HTML"), PATH);
}

#[tokio::test]
async fn the_login_that_an_operation_of_connect_needs() {
    let statuses =
        [(401, true), (403, true), (400, false), (404, false), (405, false), (409, false), (429, false)];
    for (status, is_about_the_login) in statuses {
        let server = RawServer::start((0..40).map(|_| answer::empty(status))).await;
        let (user, app) = (user(&server.uri()), app(&server.uri()));
        let shield = || app.shield(Credential::phone("+4712345678")).channel("DM");
        let of_user = [
            user.list_global_permissions().send().await.expect_err("refused"),
            user.list_enterprise_permissions("1").send().await.expect_err("refused"),
            user.change_enterprise_permissions("1")
                .set("TM", ChannelState::Shield)
                .send()
                .await
                .expect_err("refused"),
            user.list_order_type_permissions("1", "2").send().await.expect_err("refused"),
        ];
        let of_app = [
            shield().enterprise("1").send().await.expect_err("refused"),
            shield().order_type("1", "2").send().await.expect_err("refused"),
        ];
        for error in &of_user {
            assert_hint(error, USER.filter(|_| is_about_the_login));
        }
        for error in &of_app {
            assert_hint(error, CLIENT.filter(|_| is_about_the_login));
        }
        // Nobody says which login a request needs that no method models.
        let raw = app.request("GET", "/v1/client/customer/info/1").send().await;
        assert_hint(&raw.expect_err("refused"), NOTHING);
    }
}

#[tokio::test]
async fn the_gateway_has_no_hint_of_its_own() {
    for status in [400, 401, 403, 404] {
        let server = RawServer::start((0..4).map(|_| html(status))).await;
        let error = crm(&server.uri()).list_entitlements().send().await.expect_err("refused");
        assert_hint(&error, NOTHING);
    }
}

/// An alert of TLS 1.2: what a server for TLS says to plain HTTP, if anything.
const ALERT: &[u8] = &[21, 3, 3, 0, 2, 2, 70];

#[tokio::test]
async fn plain_http_to_a_port_for_tls() {
    let port = Port::answering(ALERT).await;
    let client = symphony(&port.at("http", "/admin"));
    let read = client.list_entitlements().send().await.expect_err("no HTTP");
    assert_eq!(read.kind(), ErrorKind::UnexpectedAnswer);
    assert_hint(&read, HTTPS);
    let add = client.add_entitlement(ExternalNetwork::WhatsApp, Advisor::id("1")).send().await;
    let add = add.expect_err("no HTTP");
    assert_eq!(add.kind(), ErrorKind::OutcomeUnknown);
    assert_hint(&add, HTTPS);
    let login =
        Keycloak::new(port.at("http", "/token")).client_id("crm_client").password("operator", "secret");
    let crm = crm_gateway::Client::builder(port.at("http", "")).auth(login).clock(TestClock::new());
    assert_hint(
        &crm.build().expect("a client").list_entitlements().send().await.expect_err("no HTTP"),
        HTTPS,
    );
}

#[tokio::test]
async fn a_connection_that_breaks_says_nothing_about_the_scheme() {
    for bytes in [
        &b""[..],
        b"HTTP/1.1 20",
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{",
        b"HTTP/1.1 2x0 OK\r\n\r\n",
    ] {
        let port = Port::answering(bytes).await;
        let error = symphony(&port.at("http", "/admin")).list_entitlements().send().await;
        assert_hint(&error.expect_err("broken"), NOTHING);
    }
}

#[cfg(any(feature = "rustls", feature = "native-tls"))]
#[tokio::test]
async fn https_to_a_port_for_plain_http() {
    let port = Port::answering(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
    let error = symphony(&port.at("https", "/admin")).list_entitlements().send().await.expect_err("no TLS");
    assert_eq!(error.kind(), ErrorKind::NotSent);
    assert_hint(&error, Some("does not speak TLS"));
    for bytes in [&b""[..], ALERT] {
        let port = Port::answering(bytes).await;
        let error = symphony(&port.at("https", "/admin")).list_entitlements().send().await;
        assert_hint(&error.expect_err("no handshake"), NOTHING);
    }
}

#[tokio::test]
async fn an_unknown_outcome_says_what_to_do_beside_its_hint() {
    let server = RawServer::start([html(200)]).await;
    let client = symphony(&server.uri());
    let add = client.add_entitlement(ExternalNetwork::WhatsApp, Advisor::id("1")).send().await;
    let error = add.expect_err("HTML");
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
    let line = error.to_string();
    assert!(
        line.contains("read back what is there before you repeat it") && line.contains("/admin"),
        "{line}"
    );
}
