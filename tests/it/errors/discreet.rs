//! A hostile server writes a mark into everything that it sends; the mark is printed nowhere.

use entitlements::{
    ErrorKind,
    auth::{Keycloak, UserTokens},
    connect::{ChannelState, Credential, Environment},
    symphony::{Advisor, ExternalNetwork},
};

use super::*;

/// Looks like free text, a token and a personal datum at once.
const MARK: &str = "MARK ada@mark.example +4712345678";
/// What is printed of the caller's own.
const OWN: [&str; 5] = ["secret-password", "not-a-real", "caller", "own.example", "4799999999"];

#[track_caller]
fn assert_discreet(error: &Error, what: &str) {
    for text in printed(error) {
        for part in ["MARK", "ada@", "mark.example", "12345678"].iter().chain(&OWN) {
            assert!(!text.contains(part), "{what}: `{part}` in {text}");
        }
    }
    for line in [error.to_string(), format!("{error:?}"), format!("{error:#?}")] {
        assert!(!line.contains(char::is_control), "{what}: {line}");
    }
}

/// How many of the bodies are not about one key alone.
const WHOLE: usize = 10;

/// Bodies with the mark in every text that a service could have, whole and broken.
fn bodies() -> Vec<String> {
    let keys = [
        "type",
        "title",
        "detail",
        "detailMessage",
        "instance",
        "message",
        "code",
        "errorCode",
        "resultCode",
        "localeMessage",
        "requestId",
        "result",
        "exceptionType",
        "errorMessage",
        "error",
        "error_description",
        "access_token",
        "token_type",
        "expires_in",
        "status",
        "totalRecords",
        "resourceSet",
        "entitlements",
        "pagination",
        "channels",
        "count",
        "symphonyId",
        "phone",
        "MARK",
    ];
    let object = |keys: &[&str], value: &str| {
        let fields: Vec<_> = keys.iter().map(|key| format!("\"{key}\":{value}")).collect();
        format!("{{{}}}", fields.join(","))
    };
    let text = format!("\"{MARK}\"");
    let mut all = vec![
        MARK.to_owned(),
        text.clone(),
        format!("<html>{MARK}</html>"),
        format!("[{text}]"),
        format!("{{\"MARK\":{text}"),
        format!("{{\"type\":{text}}} {MARK}"),
        format!("{{{text}}}"),
        object(&keys, &text),
        object(&keys, &format!("{{\"MARK\":{text}}}")),
        object(&keys, &format!("[{text},{{\"_id\":[{text}],\"symphonyId\":[{text}],\"value\":{{}}}}]")),
    ];
    all.extend(keys.iter().map(|key| object(&[*key], &text)));
    all
}

/// Whole answers to one request, as bytes: with the mark in the reason, in headers and in the body.
fn marked(status: u16, body: &str) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status} {MARK}\r\nx-mark: {MARK}\r\nlocation: https://mark.example/?{MARK}\r\n\
         retry-after: {MARK}\r\nx-ratelimit-reset: MARK\r\nwww-authenticate: Bearer error=\"{MARK}\"\r\n\
         content-type: application/json; MARK=1\r\nset-cookie: {MARK}\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    head.into_bytes()
}

/// Answers that are not even HTTP, or whose end does not come.
fn broken() -> Vec<Vec<u8>> {
    let head = "HTTP/1.1 200 OK\r\n";
    [
        format!("{MARK}\r\n\r\n"),
        format!("HTTP/1.1 {MARK}\r\n\r\n"),
        format!("HTTP/MARK 200 {MARK}\r\n\r\n"),
        format!("{head}{MARK}\r\n\r\n"),
        format!("{head}{MARK}: {MARK}\r\n\r\n"),
        format!("{head}content-length: {MARK}\r\n\r\n"),
        format!("{head}content-length: 99\r\n\r\n{MARK}"),
        format!("{head}transfer-encoding: {MARK}\r\n\r\n"),
        format!("{head}transfer-encoding: chunked\r\n\r\nMARK\r\n{MARK}"),
        format!("{head}transfer-encoding: chunked\r\n\r\n5\r\nMARK"),
        format!("{head}content-length: 4\r\nx: {MARK}\r\ncontent-length: 5\r\n\r\nMARK"),
    ]
    .map(String::into_bytes)
    .to_vec()
}

/// A client of every kind for one server.
struct Clients {
    symphony: symphony::Client,
    crm: crm_gateway::Client,
    user: connect::UserClient,
    app: connect::Client,
}

impl Clients {
    fn of(base: &str) -> Self {
        Self {
            symphony: symphony(&format!("{base}/admin")),
            crm: crm(base),
            user: user(base),
            app: app(base),
        }
    }

    /// The errors of a call of every kind.
    async fn errors(&self) -> Vec<Error> {
        let Self { symphony, crm, user, app } = self;
        let own = || Advisor::email("caller@own.example");
        let network = || ExternalNetwork::WhatsApp;
        let shield = app.shield(Credential::phone("+4799999999")).channel("DM").enterprise("1");
        let results = [
            symphony.list_entitlements().send().await.err(),
            symphony.add_entitlement(network(), own()).phone_number("+4799999999").send().await.err(),
            symphony.ensure_entitled(network(), own()).send().await.err(),
            symphony.list_entitled_advisors(network()).send().await.err(),
            symphony.list_entitled_advisors(network()).stream().try_collect::<Vec<_>>().await.err(),
            symphony.get_advisor_entitlement(network(), own()).send().await.err(),
            symphony.remove_entitlement(network(), own()).send().await.err(),
            crm.list_entitlements().send().await.err(),
            crm.list_entitlements().stream().try_collect::<Vec<_>>().await.err(),
            user.list_global_permissions().send().await.err(),
            user.update_enterprise_permissions("1").set("TM", ChannelState::Shield).send().await.err(),
            shield.send().await.err(),
            app.request("POST", "/v1/x").query("mail", "caller@own.example").send().await.err(),
        ];
        results.into_iter().flatten().collect()
    }
}

/// The errors of logins whose token endpoint is at this server.
async fn login_errors(base: &str) -> Vec<Error> {
    let keycloak = Keycloak::new(format!("{base}/token"))
        .client_id("crm_client")
        .password("operator", "secret-password");
    let crm =
        crm_gateway::Client::builder(base).auth(keycloak).clock(TestClock::new()).build().expect("a client");
    let environment = Environment::custom(base, base);
    let app = connect::Client::builder(environment).client_login("no.example", "not-a-real-secret");
    let app = app.clock(TestClock::new()).build().expect("a client");
    let ended = UserTokens::new("not-a-real-token")
        .expires_in(std::time::Duration::ZERO)
        .refresh_token("not-a-real-refresh-token");
    let shield = app.shield(Credential::phone("+4799999999")).channel("DM").enterprise("1");
    let results = [
        crm.list_entitlements().send().await.err(),
        shield.send().await.err(),
        app.as_user(ended).list_global_permissions().send().await.err(),
    ];
    results.into_iter().flatten().collect()
}

#[tokio::test]
async fn nothing_of_an_answer_is_printed() {
    let port = Port::answering(b"").await;
    let clients = Clients::of(&port.at("http", ""));
    let all = bodies();
    let mut seen = 0;
    for status in [200, 201, 302, 400, 401, 403, 404, 409, 418, 429, 500, 503] {
        // One key alone is read in the same way in every refusal.
        let bodies = if matches!(status, 200 | 400) { &all[..] } else { &all[..WHOLE] };
        for body in bodies {
            port.set(&marked(status, body));
            for error in clients.errors().await {
                assert_discreet(&error, &format!("{status} {body}"));
                seen += 1;
            }
        }
    }
    assert!(seen > 1_500, "{seen} errors were looked at");
}

#[tokio::test]
async fn nothing_of_a_login_is_printed() {
    let port = Port::answering(b"").await;
    let all = bodies();
    let mut seen = 0;
    for status in [200, 400, 404, 500] {
        let bodies = if status == 200 { &all[..] } else { &all[..WHOLE] };
        for body in bodies {
            port.set(&marked(status, body));
            for error in login_errors(&port.at("http", "")).await {
                assert_discreet(&error, &format!("{status} {body}"));
                seen += 1;
            }
        }
    }
    assert!(seen > 150, "{seen} errors were looked at");
}

#[tokio::test]
async fn nothing_of_a_broken_answer_is_printed() {
    let port = Port::answering(b"").await;
    let base = port.at("http", "");
    let clients = Clients::of(&base);
    let (mut seen, mut with_source) = (0, 0);
    for bytes in broken() {
        port.set(&bytes);
        let mut all = clients.errors().await;
        all.extend(login_errors(&base).await);
        for error in all {
            assert_discreet(&error, &String::from_utf8_lossy(&bytes));
            seen += 1;
            with_source += usize::from(error.source().is_some());
        }
    }
    assert!(seen > 100 && with_source > 50, "{seen} errors were looked at, {with_source} with a source");
}

#[tokio::test]
async fn a_server_that_is_not_there_has_no_urls_in_its_errors() {
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port");
        format!("http://{}", listener.local_addr().expect("a bound port"))
    };
    let all = Clients::of(&closed).errors().await;
    assert_eq!(all.len(), 13);
    for error in &all {
        assert_eq!(error.kind(), ErrorKind::NotSent, "{error}");
        assert!(error.source().is_some(), "{error}");
        assert_discreet(error, "closed port");
    }
}

/// What the caller gave is refused by the name of the argument, in one line with the operation.
#[tokio::test]
async fn a_refused_argument_is_named_and_not_quoted() {
    let base = "http://127.0.0.1:1";
    let cases = [
        ("tenant", crm(base).list_entitlements().tenant("caller\n").send().await.err()),
        ("correlation_id", crm(base).list_entitlements().with_correlation_id("caller\n").send().await.err()),
        (
            "credential",
            app(base).shield(Credential::email("caller")).channel("DM").enterprise("1").send().await.err(),
        ),
        ("header", app(base).request("GET", "/v1/x").header("x", "caller\r\n").send().await.err()),
    ];
    for (argument, error) in cases {
        let error = error.expect("refused");
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        assert!(
            error.operation().is_some() && error.to_string().contains(&format!("`{argument}`")),
            "{error}"
        );
        for line in printed(&error) {
            // The id is the caller's own, for finding the call in logs, and printed as such.
            assert!(argument == "correlation_id" || !line.contains("caller"), "{line}");
        }
    }
}
