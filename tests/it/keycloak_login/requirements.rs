//! The fourteen requirements for a client of Keycloak's token endpoint, one test each.

use std::time::Duration;

use entitlements::{
    ErrorKind,
    auth::{Auth, ClientAuthentication, Keycloak, StaticToken},
    crm_gateway::Client,
    fakes::{
        Fault, Reply,
        crm_gateway::{self, Refusal},
        keycloak::{CLIENT_ID, Fake, Generation, Operation, PASSWORD, USER},
    },
    time::{Clock, TestClock},
};
use futures_util::future::join_all;

use super::{World, grants, network, rotating, text};
use crate::support::{
    paused::Paused,
    raw::{
        RawServer,
        answer::{self, Answer},
    },
};

const ACCESS: Duration = Duration::from_secs(300);
const IN_SOFT_WINDOW: Duration = Duration::from_secs(256);

#[tokio::test]
async fn requirement_01_one_acquisition_for_all_who_wait() {
    let world = World::of(rotating());
    let tokens = join_all((0..300).map(|_| world.token())).await;
    assert!(tokens.iter().all(|token| *token == tokens[0]));
    world.clock.advance(ACCESS);
    let tokens = join_all((0..300).map(|_| world.token())).await;
    assert!(tokens.iter().all(|token| *token == tokens[0]));
    assert_eq!(world.grants(), ["password", "refresh_token"]);
    world.fake.faults(Operation::Token, Fault::status(500).always());
    world.clock.advance(ACCESS);
    let errors = join_all((0..300).map(|_| world.error())).await;
    assert!(errors.iter().all(|error| error.kind() == ErrorKind::Server));
    // The refresh, and a login with its repeats.
    assert_eq!(world.grants().len(), 2 + 1 + 3);
}

#[tokio::test(start_paused = true)]
async fn requirement_02_a_caller_who_goes_away_loses_nothing_and_a_hanging_server_ends() {
    let world = World::of(rotating());
    world.token().await;
    for polls in 1..10 {
        world.clock.advance(ACCESS);
        let mut waiting = Box::pin(world.bearer());
        for _ in 0..polls {
            if futures_util::poll!(waiting.as_mut()).is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(waiting);
        world.settle().await;
        let token = world.token().await;
        assert!(world.is_accepted(&token), "dropped after {polls} polls");
    }
    let counts = world.fake.counts();
    assert_eq!((counts.logins, counts.refreshes, counts.failures), (1, 9, 0));
    world.fake.faults(Operation::Token, Fault::delay(Duration::from_secs(3600)).always());
    world.clock.advance(ACCESS);
    let begun = tokio::time::Instant::now();
    assert_eq!(world.error().await.kind(), ErrorKind::Timeout);
    assert!(
        begun.elapsed() <= 4 * world.context.timeout() + Duration::from_secs(10),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn requirement_03_the_end_counts_from_before_the_request_and_the_margin_is_never_the_whole_life() {
    let slow = Fault::delay(Duration::from_secs(15)).times(1).then_normal();
    let minute = Duration::from_secs(60);
    let fake = Fake::builder().access_lifetime(minute).clock(Paused).faults(Operation::Token, slow);
    let fake = fake.start_in_process();
    let login = Keycloak::new(fake.token_url()).client_id(CLIENT_ID).password(USER, PASSWORD);
    let (auth, context) = (Auth::from(login), fake.context().expect("a context"));
    let begun = Paused.now();
    let first = text(&auth.bearer(&context).await.expect("a token"));
    assert_eq!(Paused.now() - begun, Duration::from_secs(15));
    tokio::time::sleep_until((begun + Duration::from_secs(59)).into()).await;
    assert_eq!(text(&auth.bearer(&context).await.expect("a token")), first, "valid for another second");
    tokio::time::sleep_until((begun + minute).into()).await;
    assert_ne!(text(&auth.bearer(&context).await.expect("a token")), first);

    // A margin that is longer than the life renews no more often than a fifth of it asks for.
    let world = World::of(Fake::builder().access_lifetime(Duration::from_secs(10)));
    let login = Keycloak::new(world.fake.token_url()).client_id(CLIENT_ID).password(USER, PASSWORD);
    let auth = Auth::with_margin(login, Duration::from_secs(3600));
    for _ in 0..80 {
        auth.bearer(&world.context).await.expect("a token");
        world.settle().await;
        world.clock.advance(Duration::from_millis(100));
    }
    assert_eq!(world.grants().len(), 1);
    // Jitter: of many tokens with the same life, some are renewed earlier than others.
    let mut renewed_at = std::collections::BTreeSet::new();
    for _ in 0..40 {
        let world = World::new();
        world.token().await;
        world.clock.advance(ACCESS / 5 * 4);
        while world.grants().len() < 2 {
            world.clock.advance(Duration::from_secs(1));
            world.token().await;
            world.settle().await;
        }
        renewed_at.insert(world.clock.elapsed().as_secs());
    }
    assert!(renewed_at.len() > 3 && renewed_at.last() <= Some(&256), "{renewed_at:?}");
}

#[tokio::test]
async fn requirement_04_cached_then_refresh_then_exactly_one_login_then_an_error() {
    let world = World::new();
    world.token().await;
    world.token().await;
    assert_eq!(world.grants(), ["password"], "cached");
    world.clock.advance(ACCESS);
    world.token().await;
    assert_eq!(world.grants()[1..], ["refresh_token"]);
    world.fake.log_out_all();
    world.clock.advance(ACCESS);
    world.token().await;
    assert_eq!(world.grants()[2..], ["refresh_token", "password"], "the session is over");
    world.clock.advance(Duration::from_secs(1800));
    world.token().await;
    assert_eq!(world.grants()[4..], ["password"], "known to have expired, so not even tried");
    world.fake.disable_user(USER);
    world.clock.advance(ACCESS);
    let error = world.error().await;
    assert_eq!((error.kind(), error.code()), (ErrorKind::LoginFailed, Some("invalid_grant")));
    assert_eq!(world.grants()[5..], ["refresh_token", "password"], "one login, and no loop");

    let builder = Fake::builder().confidential_client("service", "not-a-real-secret");
    let world = World::with(builder, |login| {
        login.client_id("service").client_secret("not-a-real-secret").client_credentials()
    });
    world.token().await;
    world.clock.advance(ACCESS);
    world.token().await;
    assert_eq!(world.grants(), ["client_credentials"; 2], "there is no refresh token");
}

/// The grants of a login and of what comes 40,000 seconds later.
async fn refreshed_after(refresh_expires_in: &str, second: Answer) -> Vec<String> {
    let token = |access: &str| {
        let body = format!(
            r#"{{"access_token":"{access}","expires_in":300,"refresh_token":"r-{access}"{refresh_expires_in}}}"#
        );
        answer::json(200, &body)
    };
    let server = RawServer::start([token("a"), second, token("b")]).await;
    let clock = TestClock::new();
    let login = Keycloak::new(format!("{}/token", server.uri())).client_id("c").password("u", "p");
    let auth = Auth::from(login);
    let context = network(&clock).await;
    auth.bearer(&context).await.expect("a token");
    // Any refresh token that ends "now" or "at once" would have done so by then.
    clock.advance(Duration::from_secs(40_000));
    auth.bearer(&context).await.expect("a token");
    grants(&server)
}

#[tokio::test]
async fn requirement_05_a_refresh_token_without_a_known_end_is_tried_and_a_login_is_the_way_back() {
    for unknown in ["", r#","refresh_expires_in":0"#, r#","refresh_expires_in":null"#] {
        let refreshed = answer::json(200, r#"{"access_token":"b","expires_in":300}"#);
        assert_eq!(refreshed_after(unknown, refreshed).await, ["password", "refresh_token"], "{unknown}");
        let refused = answer::json(400, r#"{"error":"invalid_grant"}"#);
        let grants = refreshed_after(unknown, refused).await;
        assert_eq!(grants, ["password", "refresh_token", "password"], "{unknown}");
    }
    let known = r#","refresh_expires_in":1800"#;
    let login = answer::json(200, r#"{"access_token":"b","expires_in":300}"#);
    assert_eq!(refreshed_after(known, login).await, ["password", "password"], "known to have ended");
}

#[tokio::test]
async fn requirement_06_the_newest_refresh_token_is_kept_and_the_old_one_where_there_is_no_newer() {
    let answers = [Some("r1"), Some("r2"), None, Some(""), Some("r3"), None].map(|refresh| {
        let refresh = refresh.map(|text| format!(r#","refresh_token":"{text}""#)).unwrap_or_default();
        answer::json(200, &format!(r#"{{"access_token":"a","expires_in":300{refresh}}}"#))
    });
    let server = RawServer::start(answers).await;
    let clock = TestClock::new();
    let login = Keycloak::new(format!("{}/token", server.uri())).client_id("c").password("u", "p");
    let (auth, context) = (Auth::from(login), network(&clock).await);
    for _ in 0..6 {
        auth.bearer(&context).await.expect("a token");
        clock.advance(ACCESS);
    }
    let sent: Vec<_> =
        server.requests().iter().map(|seen| String::from_utf8_lossy(&seen.body).into_owned()).collect();
    let used: Vec<_> = sent.iter().filter_map(|form| form.split("refresh_token=").nth(1)).collect();
    let used: Vec<_> = used.iter().filter_map(|rest| rest.split('&').next()).collect();
    assert_eq!(used, ["r1", "r2", "r2", "r2", "r3"]);
}

#[tokio::test]
async fn requirement_07_a_valid_token_survives_a_failed_refresh_and_an_outdated_failure_changes_nothing() {
    let world = World::of(rotating());
    let first = world.token().await;
    world.fake.faults(Operation::Token, Fault::status(500).always());
    world.clock.advance(IN_SOFT_WINDOW);
    for _ in 0..5 {
        assert_eq!(world.token().await, first);
        world.settle().await;
    }
    let status = world.auth.status();
    assert!(status.has_token && status.generation == 1);
    assert_eq!(status.last_failure.map(|failure| failure.kind), Some(ErrorKind::Server));
    world.fake.clear_faults();
    world.clock.advance(Duration::from_secs(40));
    world.token().await;
    world.settle().await;
    assert_ne!(world.token().await, first);
    assert_eq!(world.auth.status().last_failure, None);
    // A refusal of the first token comes late, and does not touch the second.
    let (before, requests) = (world.bearer().await.expect("a token"), world.grants().len());
    let late = World::of(rotating());
    let outdated = late.bearer().await.expect("a token");
    assert_eq!((outdated.generation(), before.generation()), (1, 2));
    assert!(world.auth.reject(&outdated, &world.context), "the newer one is worth an attempt");
    assert_eq!(world.token().await, text(&before));
    assert_eq!(world.grants().len(), requests);
}

#[tokio::test]
async fn requirement_08_a_refused_token_is_replaced_once_and_then_the_answer_stands() {
    for (status, kind) in [(401, ErrorKind::LoginFailed), (403, ErrorKind::Forbidden)] {
        let fake = crm_gateway::Fake::builder().clock(TestClock::new()).start_in_process();
        let client = fake.client().expect("a client");
        client.list_entitlements().limit(1).send().await.expect("a page");
        fake.faults(crm_gateway::Operation::GetEntitlements, Fault::status(status).times(1).then_normal());
        let page = client.list_entitlements().limit(1).send().await.expect("a page");
        assert_eq!(page.attempts(), 2, "{status}");
        assert_eq!((fake.keycloak().counts().logins, fake.keycloak().counts().refreshes), (1, 1));
        fake.faults(crm_gateway::Operation::GetEntitlements, Fault::status(status).always());
        let error = client.list_entitlements().limit(1).send().await.expect_err("refused");
        assert_eq!((error.kind(), error.attempts()), (kind, 2), "{status}");
        assert_eq!(fake.keycloak().counts().refreshes, 2);
        let again = client.list_entitlements().limit(1).send().await.expect_err("refused");
        assert_eq!((again.kind(), again.attempts()), (kind, 1), "{status}: a fresh token was refused, too");
        assert_eq!(fake.keycloak().counts().refreshes, 2);
    }
}

#[tokio::test]
async fn requirement_09_refusals_are_not_repeated_and_faults_three_times_and_a_lost_refresh_never() {
    let busy = |wait: &str| Fault::reply(Reply::new(429).with_header("retry-after", wait));
    for (fault, tries, was_put_off) in [
        (Fault::status(400), 1, false),
        (Fault::status(403), 1, false),
        (Fault::status(429), 1, true),
        (busy("2"), 3, true),
        (busy("60"), 1, true),
        (Fault::status(500), 3, false),
        (Fault::status(503), 3, false),
        (Fault::reset(), 3, false),
    ] {
        let world = World::of(Fake::builder().faults(Operation::Token, fault.clone().always()));
        world.error().await;
        assert_eq!(world.grants(), vec!["password"; tries], "{fault:?}");
        let world = World::of(rotating());
        world.token().await;
        world.clock.advance(ACCESS);
        world.fake.faults(Operation::Token, fault.clone().after_change().times(1).then_normal());
        let _ = world.bearer().await;
        world.clock.advance(Duration::from_secs(120));
        world.token().await;
        let refreshes = world.fake.received().into_iter().filter_map(|sent| sent.form("refresh_token"));
        let mut refreshes: Vec<_> = refreshes.collect();
        let sent = refreshes.len();
        refreshes.dedup();
        // Sent again if, and only if, the server said that it had no time.
        assert_eq!(sent > refreshes.len(), was_put_off, "{fault:?}");
    }
}

#[tokio::test]
async fn requirement_10_a_refused_login_is_remembered() {
    let world = World::with(Fake::builder(), |login| login.password(USER, "not-the-password"));
    for _ in 0..1_000 {
        let error = world.error().await;
        assert_eq!((error.kind(), error.code()), (ErrorKind::LoginFailed, Some("invalid_grant")));
        assert!(error.retry_after().is_none_or(|wait| wait <= Duration::from_secs(6)));
    }
    assert_eq!(world.grants().len(), 1);
    let mut tried_at = Vec::new();
    for second in 0..3600 {
        let before = world.grants().len();
        world.error().await;
        if world.grants().len() > before {
            tried_at.push(second);
        }
        world.clock.advance(Duration::from_secs(1));
    }
    assert!((7..=11).contains(&tried_at.len()), "in an hour: {tried_at:?}");
}

#[tokio::test]
async fn requirement_11_refusals_are_told_by_their_code_in_every_generation_and_html_is_unexpected() {
    for generation in [Generation::Old, Generation::Middle, Generation::New] {
        let refused = async |login: fn(Keycloak) -> Keycloak| {
            let world = World::with(Fake::builder().generation(generation), login);
            let error = world.error().await;
            (error.kind(), error.code().map(str::to_owned), world.grants().len())
        };
        let code = |text: &str| Some(text.to_owned());
        let wrong_password = refused(|login| login.password(USER, "no")).await;
        assert_eq!(wrong_password, (ErrorKind::LoginFailed, code("invalid_grant"), 1), "{generation:?}");
        let unknown_user = refused(|login| login.password("nobody", "no")).await;
        assert_eq!(unknown_user, (ErrorKind::LoginFailed, code("invalid_grant"), 1), "{generation:?}");
        let (kind, code, requests) = refused(|login| login.client_id("none").password(USER, PASSWORD)).await;
        assert_eq!((kind, requests), (ErrorKind::LoginFailed, 1), "{generation:?}");
        let of_clients = ["invalid_client", "unauthorized_client"];
        assert!(code.as_deref().is_some_and(|code| of_clients.contains(&code)), "{generation:?}: {code:?}");

        let world = World::of(Fake::builder().generation(generation));
        world.token().await;
        world.fake.log_out_all();
        world.clock.advance(ACCESS);
        world.token().await;
        assert_eq!(world.grants(), ["password", "refresh_token", "password"], "{generation:?}");
    }
    for status in [200, 400, 403] {
        let world = World::of(Fake::builder().faults(Operation::Token, Fault::html(status).always()));
        assert_eq!(world.error().await.kind(), ErrorKind::UnexpectedAnswer, "{status}");
    }
}

#[tokio::test]
async fn requirement_12_everything_about_the_endpoint_can_be_set_and_https_is_the_default() {
    const TOKEN: &str = r#"{"access_token":"a","expires_in":300}"#;
    for base in ["", "/auth", "/keycloak/auth", "/auth/"] {
        let server = RawServer::start([answer::json(200, TOKEN)]).await;
        let login = Keycloak::realm(&format!("{}{base}", server.uri()), "na gra")
            .client_id("crm client")
            .client_secret("not a+real%secret")
            .client_authentication(ClientAuthentication::Form)
            .password("u", "p")
            .scope("profile email");
        Auth::from(login).bearer(&network(&TestClock::new()).await).await.expect("a token");
        let seen = &server.requests()[0];
        let base = base.trim_end_matches('/');
        assert_eq!(seen.line, format!("POST {base}/realms/na%20gra/protocol/openid-connect/token HTTP/1.1"));
        let form = String::from_utf8_lossy(&seen.body);
        for part in ["client_id=crm+client", "client_secret=not+a%2Breal%25secret", "scope=profile+email"] {
            assert!(form.contains(part), "{form}");
        }
    }
    for (url, is_fine) in [
        ("https://operator.example/keycloak/token", true),
        ("http://127.0.0.1:8080/anything", true),
        ("http://operator.example/token", false),
        ("ftp://operator.example/token", false),
        ("", false),
    ] {
        let login = || Keycloak::new(url).client_id("c").password("u", "p");
        let built = |login: Keycloak| Client::builder("https://operator.example").auth(login).build();
        assert_eq!(built(login()).is_ok(), is_fine, "{url}");
        if url.starts_with("http:") {
            built(login().allow_plain_http()).expect("allowed by name");
        }
    }
}

#[tokio::test]
async fn requirement_13_no_secret_is_shown_and_the_correlation_id_is() {
    const PASSWORD: &str = "not-a-real-password";
    let fake = crm_gateway::Fake::builder().clock(TestClock::new()).start().await;
    let login = Keycloak::new(fake.keycloak().token_url()).client_id(CLIENT_ID).password(USER, PASSWORD);
    let client = Client::builder(fake.uri()).auth(login).build().expect("a client");
    let error =
        client.list_entitlements().with_correlation_id("flow-4711").send().await.expect_err("refused");
    let shown = format!("{error} {error:?} {client:?} {:?} {:?}", client.auth(), client.auth().status());
    assert!(error.to_string().contains("flow-4711"), "{error}");
    assert!(!shown.contains(PASSWORD) && !shown.contains(USER), "{shown}");
    let world = World::new();
    let token = world.token().await;
    let token = token.trim_start_matches("Bearer ");
    let shown = format!("{:?} {:?}", world.bearer().await.expect("a token"), world.auth);
    assert!(!token.split('.').any(|part| shown.contains(part)), "{shown}");
}

#[tokio::test]
async fn requirement_14_a_success_with_a_result_code_is_a_refused_token() {
    let fake = crm_gateway::Fake::builder().clock(TestClock::new()).refusal(Refusal::OkWithShapeB);
    let fake = fake.start_in_process();
    let client = fake.client().expect("a client");
    client.list_entitlements().limit(1).send().await.expect("a page");
    fake.keycloak().push_not_before();
    let page = client.list_entitlements().limit(1).send().await.expect("a page");
    assert_eq!((page.status().as_u16(), page.attempts()), (200, 2));
    let server = RawServer::start([answer::json(200, r#"{"resultCode":"99999:403","result":"x"}"#)]).await;
    let client = Client::builder(server.uri()).auth(StaticToken::new("t")).build().expect("a client");
    let error = client.list_entitlements().limit(1).send().await.expect_err("refused");
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Forbidden, 1));
}
