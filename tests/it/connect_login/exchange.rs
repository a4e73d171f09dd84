//! What a browser can come back with, and what can become of the one request that redeems a code.

use std::time::Duration;

use entitlements::{
    Error, ErrorKind,
    fakes::{
        Fault, Faults, RateHeader, Reply,
        connect::{SHIELD_CLIENT_ID, SHIELD_CLIENT_SECRET, USER},
    },
};

use super::*;

async fn fake_and_app() -> (Fake, Client, TestClock) {
    let clock = TestClock::new();
    let fake = Fake::builder().clock(clock.clone()).start().await;
    let app = app(&fake, &clock);
    (fake, app, clock)
}

#[track_caller]
fn assert_error(error: &Error, kind: ErrorKind, code: Option<&str>, words: &str) {
    assert_eq!((error.kind(), error.code()), (kind, code), "{error}");
    let line = error.to_string();
    assert!(line.starts_with("connect.finish_user_login: ") && line.contains(words), "{line}");
}

#[tokio::test]
async fn what_does_not_belong_to_this_login_is_refused_and_nothing_is_sent() {
    let (fake, app, _) = fake_and_app().await;
    let code = fake.authorization_code(USER, REDIRECT_URI);
    let foreign = came_back(&start(&app), &code);
    for (returned, words) in [
        (foreign.as_str(), "state of another login"),
        (&format!("{REDIRECT_URI}?code={code}"), "no `state`"),
        (&format!("{REDIRECT_URI}?code={code}&state="), "no `state`"),
        (REDIRECT_URI, "no `state`"),
        ("", "no `state`"),
        (&format!("{foreign}&state=x"), "`state` more than once"),
    ] {
        let error = app.finish_user_login(start(&app), returned).await.expect_err(words);
        assert_error(&error, ErrorKind::InvalidInput, None, words);
        assert!(!error.to_string().contains(&code), "{error}");
        assert_eq!(error.attempts(), 0);
    }
    for more in ["&state=x", "&code=x", "&error=access_denied"] {
        let login = start(&app);
        let returned = came_back(&login, &code) + more;
        let error = app.finish_user_login(login, &returned).await.expect_err(more);
        assert_error(&error, ErrorKind::InvalidInput, None, "`returned` has");
    }
    assert_eq!(fake.journal().total(), 0);
}

#[tokio::test]
async fn a_login_that_the_server_does_not_allow_ends_with_its_code() {
    let (fake, app, clock) = fake_and_app().await;
    let shield = builder(&fake, &clock).client_login(SHIELD_CLIENT_ID, SHIELD_CLIENT_SECRET);
    let shield = shield.build().expect("a client");
    for (app, more, code, words) in [
        (&app, "&user=nobody", "access_denied", "did not allow"),
        (&shield, "", "unauthorized_client", "does not let users log in"),
    ] {
        let login = start(app);
        let returned = browse(login.url(), more).await;
        assert!(returned.contains("error_description="), "the fake explains: {returned}");
        let error = app.finish_user_login(login, &returned).await.expect_err(code);
        assert_error(&error, ErrorKind::LoginFailed, Some(code), words);
        assert!(!error.to_string().contains("Unknown user"), "{error}");
    }
    assert_eq!(token_requests(&fake), 0);
}

#[tokio::test]
async fn a_code_that_was_used_or_is_too_old_or_another_ones_needs_a_new_login() {
    let (fake, app, clock) = fake_and_app().await;
    let login = start(&app);
    let kept = serde_json::to_string(&login).expect("JSON");
    let returned = browse(login.url(), "").await;
    app.finish_user_login(login, &returned).await.expect("the first time");

    let second: UserLogin = serde_json::from_str(&kept).expect("a login");
    let old = start(&app);
    let old_returned = browse(old.url(), "").await;
    let other = start(&app);
    let other_returned = came_back(&other, &fake.authorization_code(USER, "https://other.example/"));
    clock.advance(Duration::from_secs(300));
    let cases = [(second, returned), (old, old_returned), (other, other_returned)];
    for (index, (login, returned)) in (1..).zip(cases) {
        let error = app.finish_user_login(login, &returned).await.expect_err("refused");
        assert_error(&error, ErrorKind::LoginRequired, Some("invalid_grant"), "start the login again");
        let code = parameter(&returned, "code").expect("a code");
        assert!(!format!("{error} {error:?}").contains(&code), "{error}");
        assert_eq!(token_requests(&fake), 1 + index, "each is sent once");
    }
}

/// A code is good for one use: the server may have seen a request without an answer, so there is
/// no second one.
#[tokio::test]
async fn an_exchange_whose_answer_was_lost_is_not_sent_again() {
    use ErrorKind::{LoginRequired, RateLimited, UnexpectedAnswer};
    let again = "start the login again";
    let cases: [(&str, Faults, ErrorKind, &str); 10] = [
        ("reset", Fault::reset().times(1), LoginRequired, again),
        ("reset behind it", Fault::reset().after_change().times(1), LoginRequired, again),
        ("cut", Fault::truncated_body(9).times(1), LoginRequired, again),
        ("late", Fault::delay(Duration::from_secs(30)).times(1), LoginRequired, again),
        ("500", Fault::status(500).times(1), LoginRequired, again),
        ("502", Fault::html(502).after_change().times(1), LoginRequired, again),
        ("a page", Fault::html(200).after_change().times(1), UnexpectedAnswer, "something else than a token"),
        (
            "no token",
            Fault::reply(Reply::json(200, &serde_json::json!({}))).times(1),
            UnexpectedAnswer,
            "no access token",
        ),
        ("endless", Fault::endless_body().times(1), UnexpectedAnswer, "too large"),
        ("429", Fault::too_many_requests(RateHeader::Absent).times(1), RateLimited, "too many"),
    ];
    for (name, faults, kind, words) in cases {
        let clock = TestClock::new();
        let fake = Fake::builder().clock(clock.clone()).faults(Operation::Token, faults).start().await;
        let timeout = if name == "late" { 300 } else { 20_000 };
        let app = builder(&fake, &clock).timeout(Duration::from_millis(timeout));
        let app = app.build().expect("a client");
        let login = start(&app);
        let returned = came_back(&login, &fake.authorization_code(USER, REDIRECT_URI));
        let error = app.finish_user_login(login, &returned).await.expect_err(name);
        assert_error(&error, kind, None, words);
        assert_eq!((token_requests(&fake), error.attempts()), (1, 1), "{name}");
    }
}

#[tokio::test]
async fn a_code_is_kept_for_a_server_that_was_not_reached() {
    let closed = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a loopback port");
        format!("http://{}", listener.local_addr().expect("a bound port"))
    };
    let environment = Environment::custom(&closed, &closed);
    let app = Client::builder(environment).client_login("no.example", "plainly-fake").clock(TestClock::new());
    let app = app.build().expect("a client");
    let login = start(&app);
    let returned = came_back(&login, "plainly-fake-code");
    let error = app.finish_user_login(login, &returned).await.expect_err("nobody there");
    assert_error(&error, ErrorKind::NotSent, None, "no connection");
    assert!(error.is_transient() && error.attempts() == 0);
}

#[tokio::test]
async fn a_client_that_the_server_refuses_is_no_matter_for_the_user() {
    let (fake, _, clock) = fake_and_app().await;
    for authentication in METHODS {
        let wrong = builder(&fake, &clock).client_login(CLIENT_ID, "plainly-fake-and-wrong");
        let wrong = wrong.client_authentication(authentication).build().expect("a client");
        let login = start(&wrong);
        let returned = came_back(&login, &fake.authorization_code(USER, REDIRECT_URI));
        let error = wrong.finish_user_login(login, &returned).await.expect_err("a wrong secret");
        assert_error(&error, ErrorKind::LoginFailed, Some("invalid_client"), "refused the client");
        assert!(!error.to_string().contains("plainly-fake"), "{error}");
    }
    assert_eq!(token_requests(&fake), 2, "once each");
}

/// Whatever an address is made of, it is an error before anything is sent.
#[tokio::test]
async fn hostile_addresses_are_refused_and_nothing_is_sent() {
    let fake = Fake::builder().start_in_process();
    let app = fake.client().expect("a client");
    let mut chance = fastrand::Rng::with_seed(2026);
    let theirs = came_back(&start(&app), "c");
    let pieces =
        ["code=c", "state=", "&", "?", "#", "%", "%00", "=", "/", "https://", "\0", "\n", "æ", &theirs];
    for _ in 0..2_000 {
        let returned: String =
            (0..chance.usize(0..8)).map(|_| pieces[chance.usize(0..pieces.len())]).collect();
        let error = app.finish_user_login(start(&app), &returned).await.expect_err(&returned);
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{returned:?}");
        assert!(!error.to_string().contains(char::is_control), "{error}");
    }
    let long = format!("code={}&state={}", "c".repeat(1 << 20), "s".repeat(1 << 20));
    assert!(app.finish_user_login(start(&app), &long).await.is_err());
    assert_eq!(fake.journal().total(), 0);
}
