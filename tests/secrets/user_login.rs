//! The login of a user by the browser: what is kept meanwhile, what comes back, what it is worth.

use std::time::Duration;

use entitlements::{
    auth::UserTokens,
    connect::{Client, UserLogin},
    time::TestClock,
};
use serde_json::{Value, json};

use super::{
    logins::{USUAL, app, json, nothing, tell_auth, tokens, well},
    refusals::{Ends, ROWS},
    room::{Room, Told},
    secrets::{ACCESS, CLIENT_SECRET, PASSWORD, REFRESH, USER, all_in_one_line},
    server::{Request, Server},
};

const CODE: &str = "co-fake~51d7.Hq2-plainly-not-a-code";
const CALLBACK: &str = "https://shop.example/callback";

/// A login that has begun, as a web session keeps it.
fn begun(app: &Client, told: &mut Told) -> Value {
    let builder = app.user_login(CALLBACK).scope("read");
    told.debug("builder", &builder);
    let login = builder.start().expect("a login");
    told.debug("login", &login);
    let kept = serde_json::to_value(&login).expect("JSON");
    for secret in ["state", "code_verifier"] {
        told.token(kept[secret].as_str().expect("a text"));
    }
    told.token(CODE);
    kept
}

fn restored(kept: &Value, told: &mut Told) -> UserLogin {
    let login = serde_json::from_value(kept.clone()).expect("a login");
    told.debug("restored login", &login);
    login
}

fn returned(kept: &Value) -> String {
    format!("{CALLBACK}?code={CODE}&state={}", kept["state"].as_str().unwrap_or_default())
}

fn show(told: &mut Told, app: &Client, tokens: UserTokens) {
    told.debug("tokens", &tokens);
    let user = app.as_user(tokens);
    told.debug("user", &user);
    told.debug("the user's tokens", &user.tokens());
    tell_auth(told, user.auth());
}

#[tokio::test]
async fn nothing_that_a_browser_brings_back_is_told() {
    let mut room = Room::enter().await;
    let server = Server::start().await;
    server.set(well);
    let app = app(&server.uri(), &TestClock::new()).build().expect("a client");
    let rows = [
        ("nothing", String::new()),
        ("no state", format!("code={CODE}")),
        ("another state", format!("code={CODE}&state={ACCESS}")),
        ("a longer state", format!("code={CODE}&state={{}}{ACCESS}")),
        ("two states", format!("code={CODE}&state={{}}&state={ACCESS}")),
        ("two codes", format!("code={CODE}&code={ACCESS}&state={{}}")),
        ("no code", "state={}".to_owned()),
        ("a code that none can be", format!("code={CODE}%0A{ACCESS}&state={{}}")),
        ("a code and an error", format!("code={CODE}&error={ACCESS}&state={{}}")),
        ("a refusal", format!("error=access_denied&error_description={PASSWORD}&code=&state={{}}")),
        ("a refusal without a meaning", format!("error={ACCESS}&error_uri={REFRESH}&state={{}}")),
        ("tokens in the fragment", format!("{CALLBACK}#access_token={ACCESS}&code={CODE}&state={{}}")),
        ("no query", format!("{CALLBACK}/{CODE}/{{}}")),
    ];
    let mut count = 0;
    for (name, form) in &rows {
        let mut told = Told::default();
        let kept = begun(&app, &mut told);
        let back = form.replace("{}", kept["state"].as_str().expect("a text"));
        for back in [back.clone(), format!("{CALLBACK}?{back}")] {
            let login = restored(&kept, &mut told);
            told.outcome(app.finish_user_login(login, &back).await);
        }
        assert_eq!(told.errors, 2, "{name}");
        count += 1;
        room.row(name, &told);
    }
    // Sent back to the client of somebody else.
    let mut told = Told::default();
    let kept = begun(&app, &mut told);
    let other = super::logins::app("http://127.0.0.1:9", &TestClock::new()).build().expect("a client");
    let login = restored(&kept, &mut told);
    told.outcome(other.finish_user_login(login, &returned(&kept)).await);
    told.outcome(app.user_login(format!("{CALLBACK}#{ACCESS}")).start());
    told.outcome(app.user_login(PASSWORD).start());
    told.outcome(app.user_login(CALLBACK).scope(format!("{USER}\n{PASSWORD}")).start());
    assert_eq!(told.errors, 4);
    room.row("another client, and what cannot begin", &told);
    assert!(server.take_requests().is_empty(), "nothing was sent");
    room.leave(count + 1);
}

#[tokio::test]
async fn no_answer_to_a_code_is_repeated() {
    let mut room = Room::enter().await;
    let server = Server::start().await;
    for (name, ends, make) in ROWS {
        let (clock, mut told) = (TestClock::new(), Told::default());
        let app = app(&server.uri(), &clock).timeout(USUAL).build().expect("a client");
        let kept = begun(&app, &mut told);
        server.set(move |request| Some(make(&format!("{} {}", all_in_one_line(), request.in_one_line()))));
        match app.finish_user_login(restored(&kept, &mut told), &returned(&kept)).await {
            Ok(tokens) => show(&mut told, &app, tokens),
            Err(error) => told.error(&error),
        }
        assert!(told.errors > 0 || *ends == Ends::Either, "{name}");
        let sent = server.take_requests();
        let verifier = kept["code_verifier"].as_str().expect("a text");
        assert!(sent.iter().all(|sent| sent.whole.contains(verifier)) && !sent.is_empty(), "{name}");
        room.row(name, &told);
    }
    let mut told = Told::default();
    let app = app(&server.uri(), &TestClock::new()).timeout(Duration::from_millis(300)).build();
    let app = app.expect("a client");
    let kept = begun(&app, &mut told);
    server.set(|_| None);
    let login = restored(&kept, &mut told);
    told.outcome(app.finish_user_login(login, &returned(&kept)).await);
    assert_eq!(told.errors, 1);
    room.row("no answer", &told);
    room.leave(ROWS.len() + 1);
}

/// What serde writes holds the tokens, because that is what it is for.
#[tokio::test]
async fn tokens_that_are_kept_and_given_back_are_not_told() {
    let mut room = Room::enter().await;
    let server = Server::start().await;
    let clock = TestClock::new();
    let app = app(&server.uri(), &clock).build().expect("a client");
    let mut told = Told::default();
    let kept = begun(&app, &mut told);
    server.set(|request: &Request| {
        let body = if request.is_login() { tokens() } else { nothing() };
        Some(json(200, &body))
    });
    let given = app.finish_user_login(restored(&kept, &mut told), &returned(&kept)).await.expect("tokens");
    let user = app.as_user(given);
    told.outcome(user.list_global_permissions().send().await);
    clock.advance(Duration::from_secs(600));
    told.outcome(user.list_global_permissions().send().await);
    assert_eq!((told.errors, user.auth().status().renewals), (0, 2));
    let exported = serde_json::to_string(&user.tokens().expect("tokens")).expect("JSON");
    assert!(exported.contains(ACCESS) && exported.contains(REFRESH));
    show(&mut told, &app, serde_json::from_str(&exported).expect("tokens"));
    room.row("kept", &told);

    let mut told = Told::default();
    for broken in [
        exported[..exported.len() - 3].to_owned(),
        exported.replacen(':', " ", 1),
        format!("[{exported}]"),
        json!(ACCESS).to_string(),
        json!({ "access_token": { "value": ACCESS }, "refresh_token": REFRESH }).to_string(),
        json!({ "access_token": "", "refresh_token": REFRESH }).to_string(),
        json!({ ACCESS: REFRESH }).to_string(),
        json!({ "url": ACCESS, "redirect_uri": CALLBACK, "state": REFRESH, "code_verifier": CLIENT_SECRET })
            .to_string(),
        json!({ "url": ACCESS, "redirect_uri": [REFRESH], "state": CODE }).to_string(),
    ] {
        if let Err(error) = serde_json::from_str::<UserTokens>(&broken) {
            told.display("error of tokens", &error);
            told.debug("error of tokens", &error);
        }
        let error = serde_json::from_str::<UserLogin>(&broken).expect_err("no login");
        told.display("error of a login", &error);
        told.debug("error of a login", &error);
    }
    told.token(CODE);
    room.row("broken", &told);
    room.leave(2);
}
