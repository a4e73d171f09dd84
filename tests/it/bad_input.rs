//! What is refused before a byte is sent, with the words for it; `hostile_callers` tries every input
//! with every value.

use std::{
    collections::BTreeMap,
    fmt::Debug,
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

use entitlements::{
    Error, ErrorKind, Result,
    auth::StaticToken,
    symphony::{Advisor, Client, ClientBuilder, ExternalNetwork},
};
use serde_json::json;

use crate::support::raw::RawServer;

fn builder(base_url: &str) -> ClientBuilder {
    Client::builder(base_url).auth(StaticToken::new("not-a-real-token"))
}

struct Untouched {
    server: RawServer,
    client: Client,
}

/// A client whose server must see nothing.
async fn untouched() -> Untouched {
    let server = RawServer::start([]).await;
    let client = builder(&format!("{}/admin", server.uri())).build().expect("a client");
    Untouched { server, client }
}

impl Untouched {
    /// The error of a call that was refused, after a look at what was sent for it.
    #[track_caller]
    fn refused<T: Debug>(&self, outcome: Result<T>, kind: ErrorKind) -> Error {
        let error = outcome.expect_err("refused");
        assert_eq!(error.kind(), kind, "{error}");
        assert_eq!(error.attempts(), 0, "{error}");
        assert_eq!(error.status(), None, "{error}");
        assert!(!error.is_transient(), "{error}");
        assert!(!error.to_string().contains('\n'), "{error}");
        assert_eq!(self.server.requests().len(), 0, "{error}");
        error
    }

    #[track_caller]
    fn invalid<T: Debug>(&self, outcome: Result<T>, words: &str) {
        let error = self.refused(outcome, ErrorKind::InvalidInput);
        assert!(error.to_string().contains(words), "{error}");
    }
}

const NOTHING: [&str; 3] = ["", " ", "\t "];
const CONTROLS: [&str; 4] = ["a\nb", "a\r\nX: y", "a\0b", "a\u{7f}b"];

#[tokio::test]
async fn a_network_that_would_leave_its_segment_of_the_path() {
    let it = untouched().await;
    let bad = [
        ("", "`network` must not be empty"),
        (".", "`network` must not be `.` or `..`"),
        ("..", "`network` must not be `.` or `..`"),
        ("a\\b", "`network` must not contain a backslash"),
        ("..\\..", "`network` must not contain a backslash"),
    ];
    for (network, words) in bad {
        it.invalid(it.client.list_entitled_advisors(network).send().await, words);
        it.invalid(it.client.list_entitled_advisors(network).stream().try_next().await, words);
        it.invalid(it.client.list_entitled_advisors(network).send_as::<()>().await, words);
    }
    for network in CONTROLS {
        let words = "`network` must not contain control characters";
        it.invalid(it.client.list_entitled_advisors(network).send().await, words);
    }
}

#[tokio::test]
async fn a_network_without_a_name() {
    let it = untouched().await;
    let ada = || Advisor::id("1");
    for network in NOTHING {
        let words = "`network` must not be empty";
        it.invalid(it.client.add_entitlement(network, ada()).send().await, words);
        it.invalid(it.client.ensure_entitled(network, ada()).send().await, words);
        it.invalid(it.client.get_advisor_entitlement(network, ada()).send().await, words);
        it.invalid(it.client.remove_entitlement(network, ada()).send().await, words);
        it.invalid(it.client.ensure_removed(network, ada()).send().await, words);
    }
    for network in CONTROLS {
        let words = "`network` must not contain control characters";
        it.invalid(it.client.add_entitlement(network, ada()).send().await, words);
        it.invalid(it.client.get_advisor_entitlement(network, ada()).send().await, words);
        it.invalid(it.client.remove_entitlement(network, ada()).send().await, words);
    }
}

#[tokio::test]
async fn an_advisor_without_an_identifier() {
    let it = untouched().await;
    let network = ExternalNetwork::WhatsApp;
    for text in NOTHING.iter().chain(&CONTROLS).copied() {
        let advisors = [
            (Advisor::id(text), "`advisor id` must not"),
            (Advisor::email(text), "`advisor e-mail` must not"),
            (Advisor::id("1").and_email(text), "`advisor e-mail` must not"),
            (Advisor::email("ada@acme.example").and_id(text), "`advisor id` must not"),
        ];
        for (advisor, words) in advisors {
            it.invalid(it.client.add_entitlement(&network, advisor.clone()).send().await, words);
            it.invalid(it.client.ensure_entitled(&network, advisor.clone()).send().await, words);
            it.invalid(it.client.get_advisor_entitlement(&network, advisor.clone()).send().await, words);
            it.invalid(it.client.remove_entitlement(&network, advisor.clone()).send().await, words);
            it.invalid(it.client.ensure_removed(&network, advisor).send().await, words);
        }
    }
}

#[tokio::test]
async fn an_empty_text_in_a_field_that_was_set() {
    let it = untouched().await;
    let add = || it.client.add_entitlement(ExternalNetwork::SmsDirect, Advisor::id("1"));
    for text in NOTHING.iter().chain(&CONTROLS).copied() {
        it.invalid(add().phone_number(text).send().await, "`phone_number` must not");
        it.invalid(add().federation_group_id(text).send().await, "`federation_group_id` must not");
        it.invalid(add().permissions(["create:room", text]).send().await, "`permissions` must not");
    }
}

#[tokio::test]
async fn both_cursors_at_once() {
    let it = untouched().await;
    let list = it.client.list_entitled_advisors(ExternalNetwork::Line).after("a").before("b");
    let words = "`after` must not be combined with `before`";
    it.invalid(list.clone().send().await, words);
    it.invalid(list.clone().stream().try_collect::<Vec<_>>().await, words);
    it.invalid(list.stream().pages().try_next().await, words);
}

#[tokio::test]
async fn a_listing_that_was_refused_is_over() {
    let it = untouched().await;
    let mut listing = it.client.list_entitled_advisors("..").stream();
    it.invalid(listing.try_next().await, "`network`");
    assert!(listing.next().await.is_none());
}

#[tokio::test]
async fn an_error_about_an_argument_names_the_call_and_not_the_value() {
    let it = untouched().await;
    let secret = "ada\n@acme.example";
    let call = it.client.remove_entitlement(ExternalNetwork::Sms, Advisor::email(secret)).send().await;
    let error = it.refused(call, ErrorKind::InvalidInput);
    let line =
        "symphony.remove_entitlement: invalid input: `advisor e-mail` must not contain control characters";
    assert_eq!(error.to_string(), line);
}

#[test]
fn a_base_url_that_cannot_be_used() {
    let bad = [
        ("", "is not an absolute URL"),
        ("connect.symphony.com/admin", "is not an absolute URL"),
        ("/admin", "is not an absolute URL"),
        ("//connect.symphony.com/admin", "is not an absolute URL"),
        ("https://", "is not an absolute URL"),
        ("https://a.example:99999", "is not an absolute URL"),
        ("https://a b.example", "is not an absolute URL"),
        ("localhost:8080", "needs the scheme `https` and a host"),
        ("ftp://a.example", "needs the scheme `https` and a host"),
        ("file:///admin", "needs the scheme `https` and a host"),
        ("unix:/run/a.sock", "needs the scheme `https` and a host"),
        ("https://ada@a.example", "must not hold a user name or password"),
        ("https://ada:not-a-real-secret@a.example", "must not hold a user name or password"),
        ("https://a.example/admin?x=1", "must not have a query or a fragment"),
        ("https://a.example/admin?", "must not have a query or a fragment"),
        ("https://a.example/admin#x", "must not have a query or a fragment"),
        ("http://a.example/admin", "is plain http to another machine"),
        ("http://localhost.a.example", "is plain http to another machine"),
        ("http://127.0.0.1.a.example", "is plain http to another machine"),
        ("http://10.0.0.1", "is plain http to another machine"),
    ];
    for (base_url, words) in bad {
        let error = builder(base_url).build().expect_err(base_url);
        assert_eq!(error.kind(), ErrorKind::Configuration, "{base_url}: {error}");
        assert!(error.to_string().contains(words), "{base_url}: {error}");
        assert!(!error.to_string().contains("not-a-real-secret"), "{error}");
    }
}

#[test]
fn a_base_url_that_can_be_used() {
    let good = [
        "https://connect.symphony.com/admin",
        "https://connect.symphony.com/admin/",
        "HTTPS://CONNECT.SYMPHONY.COM/admin",
        "https://connect.symphony.com:8443",
        "http://localhost:8080/admin",
        "http://127.9.9.9",
        "http://[::1]:80/admin",
    ];
    for base_url in good {
        builder(base_url).build().expect(base_url);
    }
    builder("http://a.example").allow_plain_http().build().expect("allowed by name");
}

#[test]
fn a_client_without_a_credential() {
    let error = Client::builder("https://connect.symphony.com/admin").build().expect_err("no credential");
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("no credential was given; call `auth("), "{error}");
}

#[tokio::test]
async fn a_path_of_the_callers_own_that_would_lead_elsewhere() {
    let it = untouched().await;
    let bad = [
        "",
        "api/v1/x",
        "@elsewhere.example/x",
        ":1/x",
        "https://elsewhere.example/x",
        "/..",
        "/../secret",
        "/api/../../secret",
        "/api/./x",
        "/api/%2e%2e/secret",
        "/api/%2E%2E/secret",
        "/api/.%2e/secret",
        "/api/%2e/x",
        "/api/..",
        "/api/%2e%2e",
        "/api\\..\\secret",
        "/{a}/../secret",
        "/{a}/%2e%2e/secret",
        "/api/x?y=z",
        "/api/x#y",
        "/api/a b",
        "/api/ø",
        "/api/a\nb",
        "/api/a\tb",
    ];
    for path in bad {
        it.invalid(it.client.request("GET", path).send().await, "`path`");
        it.invalid(it.client.request("DELETE", path).send_as::<()>().await, "`path`");
    }
}

#[tokio::test]
async fn a_method_that_is_none() {
    let it = untouched().await;
    for method in ["", "GE T", "GET\r\nX: y", "ø", "G(T"] {
        let outcome = it.client.request(method, "/api/x").send().await;
        let error = it.refused(outcome, ErrorKind::Configuration);
        assert!(error.to_string().contains("is no HTTP method"), "{error}");
    }
}

/// `CONNECT` has the host in place of the path, so the check of the path would be for nothing;
/// `TRACE` asks the server to send the token back.
#[tokio::test]
async fn a_method_that_does_not_send_the_path_or_sends_back_the_token() {
    let it = untouched().await;
    for method in ["CONNECT", "TRACE"] {
        it.refused(it.client.request(method, "/api/x").send().await, ErrorKind::Configuration);
    }
}

#[tokio::test]
async fn a_body_that_is_no_json() {
    let it = untouched().await;
    let body = BTreeMap::from([(vec![1], 2)]);
    it.invalid(
        it.client.request("POST", "/api/x").json(&body).send().await,
        "`body` cannot be written as JSON",
    );
}

#[tokio::test]
async fn the_first_of_several_faults_is_enough() {
    let it = untouched().await;
    let call = it.client.request("GE T", "..").header("host", "x").json(&json!({})).send().await;
    it.refused(call, ErrorKind::Configuration);
}

#[test]
fn a_call_outside_of_a_runtime() {
    let client = builder("http://127.0.0.1:1").build().expect("no runtime is needed for building");
    let outcome = pin!(client.list_entitlements().send()).poll(&mut Context::from_waker(Waker::noop()));
    let Poll::Ready(Err(error)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("Tokio runtime"), "{error}");
}

#[tokio::test]
async fn a_raw_path_is_no_template() {
    let untouched = untouched().await;
    for path in ["/a/{x y}/b", "/{a\tb}", "/{x}"] {
        let outcome = untouched.client.request("GET", path).send().await;
        untouched.refused(outcome, ErrorKind::InvalidInput);
    }
}
