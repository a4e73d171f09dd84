//! Where a browser may be sent back to, and what does not show.

use entitlements::{ErrorKind, auth::UserTokens};

use super::*;

fn offline() -> Client {
    let environment = Environment::custom("http://localhost:1/capi", "http://localhost:2/user/");
    Client::builder(environment).client_login("no.example", "plainly-fake-secret").build().expect("a client")
}

#[test]
fn a_redirect_uri_is_sent_as_it_was_given() {
    let app = offline();
    for good in [
        "https://shop.example/callback",
        "https://shop.example",
        "HTTPS://Shop.Example/a/../b/%2e?tenant=1&x=code",
        "https://shop.example:8443/",
        "http://localhost:3000/callback",
        "http://127.0.0.1/callback",
        "http://[::1]:3000/callback",
        "example.shop.app:/callback",
        "example.shop.app://callback/x?y=z",
    ] {
        let login = app.user_login(good).start().expect(good);
        assert_eq!(parameter(login.url(), "redirect_uri").as_deref(), Some(good));
        assert!(login.url().starts_with("http://localhost:2/user/oauth/authorize?"), "{}", login.url());
    }
}

#[test]
fn a_redirect_uri_that_cannot_be_is_named_before_anything_else() {
    let app = offline();
    let cases = [
        ("", "visible ASCII"),
        ("https://shop.example/a b", "visible ASCII"),
        ("https://shop.example/\r\nset-cookie:x", "visible ASCII"),
        ("https://shop.example\\@evil.example/", "visible ASCII"),
        ("https://b\u{fc}cher.example/", "visible ASCII"),
        ("/callback", "absolute"),
        ("shop.example/callback", "absolute"),
        ("https://", "absolute"),
        ("https://shop.example/callback#", "fragment"),
        ("https://shop.example/callback#x", "fragment"),
        ("https://me@shop.example/", "user name"),
        ("https://me:plainly-fake@shop.example/", "user name"),
        ("https:shop.example/callback", "needs a host"),
        ("https:///shop.example/callback", "needs a host"),
        ("http:/localhost/", "needs a host"),
        ("http://shop.example/callback", "plain http"),
        ("http://localhost.evil.example/", "plain http"),
        ("http://10.0.0.1/", "plain http"),
        ("javascript:alert(1)", "needs the scheme"),
        ("data:text/html,x", "needs the scheme"),
        ("file:///etc/passwd", "needs the scheme"),
        ("ftp://shop.example/", "needs the scheme"),
        ("myapp:/callback", "needs the scheme"),
        ("urn:ietf:wg:oauth:2.0:oob", "needs the scheme"),
        ("localhost:3000/callback", "needs the scheme"),
        ("shop.example:8443/callback", "needs the scheme"),
        ("https://shop.example/?code=1", "query parameter"),
        ("https://shop.example/?st%61te", "query parameter"),
        ("https://shop.example/?a&error=", "query parameter"),
    ];
    for (bad, words) in cases {
        let error = app.user_login(bad).start().expect_err(bad);
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{bad}");
        assert!(
            error.to_string().contains("`redirect_uri`") && error.to_string().contains(words),
            "{bad}: {error}"
        );
        assert!(!error.to_string().contains("plainly-fake"), "{error}");
    }
}

#[test]
fn no_login_has_the_secrets_of_another_one() {
    let app = offline();
    let all: Vec<_> = (0..100).map(|_| start(&app)).collect();
    for name in ["state", "code_challenge"] {
        let values: std::collections::BTreeSet<_> =
            all.iter().map(|login| parameter(login.url(), name).expect(name)).collect();
        assert_eq!(values.len(), 100, "{name}");
    }
}

/// What was kept is read only if a login wrote it: an empty state would match a browser that
/// brings none.
#[test]
fn a_login_that_was_not_kept_whole_is_refused_and_not_quoted() {
    let kept = serde_json::to_value(start(&offline())).expect("JSON");
    let secrets =
        ["url", "state", "code_verifier"].map(|field| kept[field].as_str().expect(field).to_owned());
    let with = |field: &str, value: serde_json::Value| {
        let mut changed = kept.clone();
        changed[field] = value;
        changed
    };
    let mut bad = vec![
        with("state", "".into()),
        with("state", secrets[1][1..].into()),
        with("state", serde_json::Value::Null),
        with("code_verifier", "".into()),
        with("url", 5.into()),
        kept.to_string().into(),
        serde_json::json!([kept]),
    ];
    for field in ["url", "redirect_uri", "state"] {
        let mut without = kept.clone();
        without.as_object_mut().expect("an object").remove(field);
        bad.push(without);
    }
    for json in bad {
        let text = json.to_string();
        let error = serde_json::from_str::<UserLogin>(&text).expect_err(&text).to_string();
        assert!(!secrets.iter().any(|secret| error.contains(secret)), "{error}");
    }
    serde_json::from_value::<UserLogin>(with("code_verifier", serde_json::Value::Null)).expect("no PKCE");
    serde_json::from_value::<UserLogin>(with("more", 5.into())).expect("a later version's field");
}

#[test]
fn no_secret_shows() {
    let app = offline();
    let starting = app.user_login(REDIRECT_URI).scope("read");
    let before = format!("{starting:?} {starting:#?} {app:?}");
    let login = starting.start().expect("a login");
    let kept = serde_json::to_value(&login).expect("JSON");
    let tokens = UserTokens::new("plainly-fake-access").refresh_token("plainly-fake-refresh");
    let begun = format!("{login:?} {login:#?} {tokens:?} {tokens:#?}");
    let user = app.as_user(tokens);
    let shown = format!("{before} {begun} {user:?} {user:#?} {:?} {:?}", user.tokens(), user.auth());
    let secrets = ["state", "code_verifier", "url"].map(|field| kept[field].as_str().expect(field));
    let challenge = parameter(login.url(), "code_challenge").expect("a challenge");
    for secret in secrets.into_iter().chain([&*challenge, "plainly-fake"]) {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

#[test]
fn a_future_awaited_outside_tokio_says_so_and_can_be_spawned_inside() {
    fn is_spawnable<F: Future + Send + 'static>(future: F) -> F {
        future
    }
    let app = offline();
    let login = start(&app);
    let returned = came_back(&login, "c");
    let mut finish = Box::pin(is_spawnable(app.finish_user_login(login, &returned)));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match finish.as_mut().poll(&mut context) {
        std::task::Poll::Ready(Err(error)) => {
            assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
            assert!(error.to_string().contains("Tokio runtime"), "{error}");
        }
        other => panic!("expected an error at once, got {other:?}"),
    }
}
