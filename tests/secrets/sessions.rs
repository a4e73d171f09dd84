//! Sessions that end or go on badly: logouts and revocations, renewals behind a call, failures that
//! are remembered, tokens that are refused.

use std::time::Duration;

use entitlements::{
    auth::{Auth, ClientAuthentication},
    crm_gateway::Client,
    time::TestClock,
};
use serde_json::json;

use super::{
    logins::{USUAL, crm, json, keycloak, tell_auth, well},
    refusals::{Ends, Make, ROWS},
    room::{Room, Told},
    secrets::{ACCESS, CLIENT_SECRET, PASSWORD, REFRESH, USER, all_in_one_line},
    server::{Request, Server},
};

const IN_SOFT_WINDOW: Duration = Duration::from_secs(256);
/// The rest of its life, and more than a refused login is left in peace at first.
const AFTER_ITS_END: Duration = Duration::from_secs(60);

/// What the token endpoint, its neighbours or an API answer: one line with everything.
fn all(request: &Request) -> String {
    format!("{} {}", all_in_one_line(), request.in_one_line())
}

/// Whether a request ends a session.
fn is_end(request: &Request) -> bool {
    let line = request.whole.lines().next().unwrap_or_default();
    line.contains("/logout") || line.contains("/revoke")
}

/// A client with a token and a session, both fresh.
async fn begun(server: &Server, way: ClientAuthentication, timeout: Duration) -> (Client, TestClock) {
    server.set(well);
    let clock = TestClock::new();
    let login = keycloak(&server.uri()).password(USER, PASSWORD).client_authentication(way);
    let client = crm(&server.uri(), login, &clock).timeout(timeout).build().expect("a client");
    client.list_entitlements().send().await.expect("a good start");
    (client, clock)
}

async fn end(client: &Client, is_logout: bool, told: &mut Told) {
    told.outcome(if is_logout { client.log_out().await } else { client.revoke_tokens().await });
    tell_auth(told, client.auth());
}

#[tokio::test]
async fn no_answer_to_a_logout_or_a_revocation_is_repeated() {
    const WELL: &[(&str, Make)] = &[
        ("no content", |_| b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n".to_vec()),
        ("success with everything", |all| json(200, &json!({ "message": all, "error": all }))),
        ("unsupported_token_type", |_| {
            json(400, &json!({ "error": "unsupported_token_type", "error_description": REFRESH }))
        }),
        ("as a server says that does not know the refresh token", |_| {
            json(400, &json!({ "error": "invalid_grant", "error_description": format!("No {REFRESH}") }))
        }),
    ];
    let server = Server::start().await;
    let mut room = Room::enter().await;
    let (mut rows, mut errors) = (0, 0);
    for (name, make) in ROWS.iter().map(|(name, _, make)| (*name, *make)).chain(WELL.iter().copied()) {
        for way in [ClientAuthentication::Basic, ClientAuthentication::Form] {
            for is_logout in [true, false] {
                let mut told = Told::default();
                let (client, _) = begun(&server, way, USUAL).await;
                server.set(
                    move |request| if is_end(request) { Some(make(&all(request))) } else { well(request) },
                );
                end(&client, is_logout, &mut told).await;
                errors += told.errors;
                // Whatever became of it, calls go on.
                client.list_entitlements().send().await.expect("the login server does its part");
                tell_auth(&mut told, client.auth());
                assert!(server.take_requests().iter().any(is_end), "{name}");
                rows += 1;
                room.row(format!("{name}, {way:?}, logout: {is_logout}"), &told);
            }
        }
    }
    for is_logout in [true, false] {
        let mut told = Told::default();
        let (client, _) = begun(&server, ClientAuthentication::Form, Duration::from_millis(300)).await;
        server.set(|_| None);
        end(&client, is_logout, &mut told).await;
        assert_eq!(told.errors, 1);
        rows += 1;
        room.row(format!("no answer, logout: {is_logout}"), &told);
    }
    assert!(errors > rows / 2, "{errors} of {rows}");
    room.leave(rows);
}

#[tokio::test]
async fn no_url_for_the_end_of_a_session_is_quoted() {
    let server = Server::start().await;
    let mut room = Room::enter().await;
    let urls = [
        ("that is none", PASSWORD.to_owned()),
        ("with a login", format!("https://{USER}:{ACCESS}@login.example/logout")),
        ("with a query", format!("{}/logout?refresh_token={REFRESH}", server.uri())),
        ("without https", "http://login.example/logout".to_owned()),
    ];
    for (name, url) in &urls {
        let mut told = Told::default();
        server.set(well);
        let login = keycloak(&server.uri()).password(USER, PASSWORD).logout_url(url).revocation_url(url);
        told.debug("login", &login);
        told.outcome(crm(&server.uri(), login, &TestClock::new()).build());
        assert_eq!(told.errors, 1, "{name}");
        room.row(name, &told);
    }
    room.leave(urls.len());
}

/// The old token serves while its renewal fails; then the failure is everybody's, and is remembered.
#[tokio::test]
async fn no_renewal_that_fails_behind_a_call_is_told() {
    let server = Server::start().await;
    let mut room = Room::enter().await;
    for (name, ends, make) in ROWS {
        let (client, clock) = begun(&server, ClientAuthentication::Basic, USUAL).await;
        let (mut told, mut watch) = (Told::default(), client.auth().watch());
        server.set(move |request| if request.is_login() { Some(make(&all(request))) } else { well(request) });
        clock.advance(IN_SOFT_WINDOW);
        told.outcome(client.list_entitlements().send().await);
        assert_eq!(told.errors, 0, "{name}");
        let change = tokio::time::timeout(USUAL, watch.changed()).await.expect("in time").expect("a change");
        told.debug("change", &change);
        told.debug("failure", &change.last_failure);
        tell_auth(&mut told, client.auth());
        let renews = *ends == Ends::Either && change.last_failure.is_none();
        assert!(renews || change.has_token && change.generation == 1, "{name}: {change:?}");
        clock.advance(AFTER_ITS_END);
        told.outcome(client.list_entitlements().send().await);
        let outcome = client.list_entitlements().send().await;
        let is_remembered =
            |error: &entitlements::Error| error.hint().is_some() && error.retry_after().is_some();
        assert!(outcome.as_ref().err().is_none_or(is_remembered), "{name}: {outcome:?}");
        told.outcome(outcome);
        assert!(renews || told.errors == 2, "{name}");
        client.auth().retry_now();
        told.outcome(client.list_entitlements().send().await);
        tell_auth(&mut told, client.auth());
        told.tokens_at(&server);
        room.row(name, &told);
    }
    room.leave(ROWS.len());
}

/// The API refuses by a success, as the layer in front of some gateways does, and repeats the token.
#[tokio::test]
async fn no_refused_token_is_told_whatever_its_renewal_brings() {
    const REFUSALS: &[(&str, Make)] = &[
        ("a success with a code", |all| {
            let code = "99999:403";
            json(200, &json!({ "resultCode": code, "localeMessage": all, "requestId": all, "result": all }))
        }),
        ("403 with a challenge", |all| {
            let challenge = format!("Bearer error=\"invalid_token\", error_description=\"{all}\"");
            super::logins::http(403, &[("www-authenticate", &challenge)], all)
        }),
        ("401", |all| json(401, &json!({ "error": "invalid_token", "error_description": all }))),
    ];
    let server = Server::start().await;
    let mut room = Room::enter().await;
    let mut rows = 0;
    for (refusal, refuse) in REFUSALS {
        let renewals = ROWS.iter().map(|(name, _, make)| (*name, Some(*make))).chain([("renewed", None)]);
        for (name, renewal) in renewals {
            let (client, clock) = begun(&server, ClientAuthentication::Form, USUAL).await;
            let mut told = Told::default();
            server.set(move |request| match renewal {
                _ if !request.is_login() => Some(refuse(&all(request))),
                Some(make) => Some(make(&all(request))),
                None => well(request),
            });
            clock.advance(Duration::from_secs(1));
            for _ in 0..3 {
                told.outcome(client.list_entitlements().send().await);
            }
            assert_eq!(told.errors, 3, "{refusal}, {name}");
            tell_auth(&mut told, client.auth());
            told.tokens_at(&server);
            rows += 1;
            room.row(format!("{refusal}, {name}"), &told);
        }
    }
    room.leave(rows);
}

/// The same for who asks the credential without a client.
#[tokio::test]
async fn no_credential_tells_what_it_does_without_a_client() {
    let server = Server::start().await;
    let mut room = Room::enter().await;
    let clock = TestClock::new();
    let auth = Auth::from(keycloak(&server.uri()).password(USER, PASSWORD));
    let client = crm(&server.uri(), keycloak(&server.uri()).password(USER, PASSWORD), &clock);
    let context = client.build().expect("a client").login_context();
    let (mut told, mut watch) = (Told::default(), auth.watch());
    server.set(well);
    for _ in 0..2 {
        let bearer = auth.bearer(&context).await.expect("a token");
        told.debug("bearer", &bearer);
        told.debug("header", bearer.header());
        assert!(auth.reject(&bearer, &context), "once more");
        tell_auth(&mut told, &auth);
    }
    assert!(watch.changed().await.is_some());
    told.debug("watch", &watch);
    told.debug("watched", &watch.status());
    auth.bearer(&context).await.expect("one that is not refused");
    server.set(|request| {
        Some(json(400, &json!({ "error": all(request), "error_description": CLIENT_SECRET })))
    });
    for _ in 0..2 {
        told.outcome(auth.log_out(&context).await);
        told.outcome(auth.revoke(&context).await);
        told.outcome(auth.bearer(&context).await);
        tell_auth(&mut told, &auth);
    }
    clock.advance(Duration::from_secs(300));
    told.outcome(auth.bearer(&context).await);
    // What cannot be ended goes on, up to its end.
    assert_eq!(told.errors, 5);
    tell_auth(&mut told, &auth);
    told.debug("context", &context);
    told.tokens_at(&server);
    room.row("credential", &told);
    room.leave(1);
}
