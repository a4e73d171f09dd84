//! From the address for the browser to the first call, and in which place each secret travels.

use std::time::Duration;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use entitlements::{
    ErrorKind,
    auth::{ClientAuthentication, StaticToken},
    fakes::connect::{LoginClient, USER},
};
use ring::digest::{SHA256, digest};

use super::*;

#[tokio::test]
async fn a_user_logs_in_with_and_without_pkce_by_basic_and_by_form() {
    for authentication in METHODS {
        for pkce in [true, false] {
            let case = format!("{authentication:?}, PKCE: {pkce}");
            let clock = TestClock::new();
            let fake = Fake::builder().require_pkce(pkce).clock(clock.clone());
            let fake = fake.start().await;
            let app = builder(&fake, &clock).client_authentication(authentication).build().expect(&case);
            let login = app.user_login(REDIRECT_URI).scope("read a+b");
            let login = if pkce { login } else { login.without_pkce() }.start().expect(&case);
            let sent_to = login.url().to_owned();
            assert_authorize_url(&sent_to, &fake.login_url(), pkce);
            assert_eq!(fake.journal().total(), 0, "{case}: starting sends nothing");

            let returned = browse(&sent_to, "").await;
            assert!(returned.starts_with(REDIRECT_URI), "{case}");
            let tokens = app.finish_user_login(login, &returned).await.expect(&case);
            let user = app.as_user(tokens);
            user.list_global_permissions().send().await.expect(&case);
            assert_eq!((fake.counts().code_exchanges, fake.counts().refreshes), (1, 0), "{case}");
            assert_exchange(&fake, authentication, &sent_to, &returned, pkce);
        }
    }
}

fn assert_authorize_url(url: &str, login_server: &str, pkce: bool) {
    let parsed = Url::parse(url).expect("a URL");
    let begin = format!(
        "{login_server}/oauth/authorize?response_type=code&client_id=example.fake.app\
         &redirect_uri=https%3A%2F%2Fapp.example%2Fcallback&state="
    );
    assert!(url.starts_with(&begin) && url.contains("&scope=read%20a%2Bb") && !url.contains('+'), "{url}");
    let names: Vec<_> = parsed.query_pairs().map(|(name, _)| name.into_owned()).collect();
    let mut expected = vec!["response_type", "client_id", "redirect_uri", "state", "scope"];
    if pkce {
        expected.extend(["code_challenge", "code_challenge_method"]);
        assert_eq!(parameter(url, "code_challenge_method").as_deref(), Some("S256"));
    }
    assert_eq!(names, expected);
    for secret in ["state", "code_challenge"].into_iter().take(1 + usize::from(pkce)) {
        let secret = URL_SAFE_NO_PAD.decode(parameter(url, secret).expect(secret)).expect("base64url");
        assert_eq!(secret.len(), 32, "256 bits");
    }
}

/// The token request: each secret once, in its place, and none in the address.
fn assert_exchange(fake: &Fake, authentication: ClientAuthentication, url: &str, returned: &str, pkce: bool) {
    let journal = fake.journal();
    let request = &journal.entries_of(Operation::Token).next().expect("a token request").request;
    assert_eq!((request.query.as_str(), request.path.as_str()), ("", "/user/oauth/token"));
    assert_eq!(request.header("accept"), Some("application/json"));
    let fields: Vec<_> =
        url::form_urlencoded::parse(&request.body).map(|(name, _)| name.into_owned()).collect();
    let mut expected = vec!["grant_type", "code", "redirect_uri"];
    if pkce {
        expected.push("code_verifier");
        let verifier = request.form("code_verifier").expect("a verifier");
        assert_eq!(verifier.len(), 43);
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
        assert_eq!(Some(challenge), parameter(url, "code_challenge"));
        assert!(!url.contains(&verifier) && !returned.contains(&verifier), "the verifier stays here");
    }
    if authentication == ClientAuthentication::Form {
        expected.extend(["client_id", "client_secret"]);
        assert_eq!(request.form("client_secret").as_deref(), Some(CLIENT_SECRET));
        assert_eq!(request.header("authorization"), None);
    } else {
        let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let pair = STANDARD.encode(format!("{}:{}", encode(CLIENT_ID), encode(CLIENT_SECRET)));
        assert_eq!(request.header("authorization"), Some(&*format!("Basic {pair}")));
    }
    assert_eq!(fields, expected);
    assert_eq!(request.form("grant_type").as_deref(), Some("authorization_code"));
    assert_eq!(request.form("redirect_uri").as_deref(), Some(REDIRECT_URI));
    assert_eq!(request.form("code"), parameter(returned, "code"));
}

#[cfg(feature = "symphony")]
#[tokio::test]
async fn a_server_that_asks_for_pkce_refuses_a_login_without_it() {
    let clock = TestClock::new();
    let fake = Fake::builder().require_pkce(true).clock(clock.clone()).start().await;
    let app = app(&fake, &clock);
    let login = app.user_login(REDIRECT_URI).without_pkce().start().expect("a login");
    let returned = browse(login.url(), "").await;
    let error = app.finish_user_login(login, &returned).await.expect_err("no challenge");
    assert_eq!((error.kind(), error.code()), (ErrorKind::LoginFailed, Some("invalid_request")));
    assert_eq!(token_requests(&fake), 0);
}

/// Kept as JSON in the user's web session, and finished by another process.
#[tokio::test]
async fn a_login_can_be_finished_by_another_process() {
    let clock = TestClock::new();
    let fake = Fake::builder().require_pkce(true).clock(clock.clone()).start().await;
    let login = start(&app(&fake, &clock));
    let (sent_to, kept) = (login.url().to_owned(), serde_json::to_string(&login).expect("JSON"));
    drop(login);
    let returned = browse(&sent_to, "").await;

    let login: UserLogin = serde_json::from_str(&kept).expect("a login");
    assert_eq!(login.url(), sent_to);
    assert_eq!(serde_json::to_string(&login).expect("JSON"), kept);
    let other = app(&fake, &clock);
    let query = returned.split_once('?').expect("a query").1;
    let tokens = other.finish_user_login(login, query).await.expect("the query is enough");
    other.as_user(tokens).list_global_permissions().send().await.expect("logged in");
}

#[tokio::test]
async fn the_scope_of_the_builder_is_asked_for_unless_another_one_is_set() {
    let clock = TestClock::new();
    let fake = Fake::builder().clock(clock.clone()).start().await;
    let scope = |url: &str| parameter(url, "scope");
    assert_eq!(scope(start(&app(&fake, &clock)).url()), None);
    let app = builder(&fake, &clock).scope("read").build().expect("a client");
    assert_eq!(scope(start(&app).url()).as_deref(), Some("read"));
    let with = |text: &str| app.user_login(REDIRECT_URI).scope(text).start();
    assert_eq!(scope(with("write").expect("a login").url()).as_deref(), Some("write"));
    assert_eq!(scope(with("").expect("a login").url()), None);
    for bad in ["a\"b", "a\\b", "a\nb", "æ"] {
        let error = with(bad).expect_err(bad);
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(
            error.to_string().starts_with("connect.user_login: ") && error.to_string().contains("`scope`")
        );
    }
}

#[tokio::test]
async fn a_client_without_a_client_login_logs_no_user_in() {
    let clock = TestClock::new();
    let fake = Fake::builder().clock(clock.clone()).start().await;
    let environment = Environment::custom(fake.api_url(), fake.login_url());
    let without = Client::builder(environment).auth(StaticToken::new("not-a-real-token"));
    let without = without.build().expect("a client");
    let error = without.user_login(REDIRECT_URI).start().expect_err("no client login");
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("client_login"), "{error}");

    let login = start(&app(&fake, &clock));
    let returned = came_back(&login, "plainly-fake-code");
    let error = without.finish_user_login(login, &returned).await.expect_err("no client login");
    assert_eq!(error.kind(), ErrorKind::Configuration);
    let unnamed = builder(&fake, &clock).client_login("", "s").auth(StaticToken::new("not-a-real-token"));
    let error =
        unnamed.build().expect("a client").user_login(REDIRECT_URI).start().expect_err("no client id");
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert_eq!(fake.journal().total(), 0);
}

/// One tenant's login is not finished by the client of another one.
#[tokio::test]
async fn a_login_is_finished_only_by_a_client_of_the_same_server_and_id() {
    let clock = TestClock::new();
    let other = LoginClient::new(format!("{CLIENT_ID}.more"), CLIENT_SECRET).users(true);
    let fake = Fake::builder().clock(clock.clone()).login_client(other).start().await;
    let second = Fake::builder().clock(clock.clone()).start().await;
    let one = app(&fake, &clock);
    let more = builder(&fake, &clock).client_login(format!("{CLIENT_ID}.more"), CLIENT_SECRET);
    let more = more.build().expect("a client");
    for (starting, finishing) in [(&one, &more), (&more, &one), (&one, &app(&second, &clock))] {
        let login = start(starting);
        let returned = came_back(&login, &fake.authorization_code(USER, REDIRECT_URI));
        let error = finishing.finish_user_login(login, &returned).await.expect_err("a stranger");
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("`login` was started by"), "{error}");
    }
    assert_eq!(fake.journal().total() + second.journal().total(), 0);
}

#[tokio::test]
async fn tokens_of_a_login_end_by_the_wall_clock() {
    for (expires_in, kept) in [
        (serde_json::json!(600), Some(600)),
        (serde_json::json!("600"), Some(600)),
        (serde_json::json!(0), Some(0)),
        (serde_json::json!(-600), Some(0)),
        (serde_json::Value::Null, None),
    ] {
        let clock = TestClock::new();
        let fake = Fake::builder().clock(clock.clone()).start().await;
        let app = app(&fake, &clock);
        let login = start(&app);
        let returned = came_back(&login, "plainly-fake-code");
        let answer =
            serde_json::json!({ "access_token": "a", "refresh_token": "r", "expires_in": expires_in });
        fake.reply_next(entitlements::fakes::Reply::json(200, &answer));
        let now = entitlements::time::Clock::wall(&clock).duration_since(std::time::UNIX_EPOCH);
        let now = now.expect("after 1970").as_secs();
        let tokens = app.finish_user_login(login, &returned).await.expect("tokens");
        clock.advance(Duration::from_secs(60));
        let json = serde_json::to_value(&tokens).expect("JSON");
        assert_eq!(json["expires_at"].as_u64(), kept.map(|seconds: u64| now + seconds), "{expires_in}");
    }
}
