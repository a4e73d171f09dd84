//! The fifteen scenario switches, in the order of the fact sheet's table.

use super::*;
use crate::fakes::{Fault, RateHeader, crm_gateway};

/// Row 1: clock control for all expiries.
#[test]
fn row_1_a_clock_moves_every_expiry() {
    let builder = Fake::builder().access_lifetime(Duration::from_secs(60)).idle(Duration::from_secs(120));
    let mut world = World::new(builder.session_max(Duration::from_secs(200)));
    let first = world.log_in();
    world.pass(60);
    assert_eq!(world.check(&first), Err(TokenRefusal::Expired), "access token");
    world.pass(61);
    assert_eq!(world.refused_refresh(&first), "Token is not active", "idle");
    let mut tokens = world.log_in();
    for _ in 0..2 {
        world.pass(90);
        tokens = json_of(&world.refresh(&tokens));
    }
    world.pass(20);
    assert_eq!(world.refused_refresh(&tokens), "Session not active", "longest session");
}

/// Row 2: rotation off, or on with reuse N; a replay kills the family.
#[test]
fn row_2_a_refresh_token_is_good_as_often_as_rotation_says() {
    for (rotation, reuse, good) in [(false, 0, 9), (true, 0, 1), (true, 1, 2), (true, 3, 4)] {
        let mut world = World::new(Fake::builder().rotation(rotation).max_reuse(reuse));
        let first = world.log_in();
        let mut newest = first.clone();
        for _ in 0..good {
            newest = json_of(&world.refresh(&first));
        }
        if rotation {
            let text = "Maximum allowed refresh token reuse exceeded";
            assert_eq!(world.refused_refresh(&first), text, "reuse {reuse}");
            assert_eq!(world.refused_refresh(&newest), "Session doesn't have required client");
        } else {
            assert_eq!(world.refresh(&newest).status, 200);
        }
    }
}

/// Row 2 as well: the order of issue decides, not the clock.
#[test]
fn row_2_a_token_older_than_the_one_used_last_is_stale_and_kills_the_family() {
    let mut world = World::new(Fake::builder().rotation(true).max_reuse(1));
    let first = world.log_in();
    let second = json_of(&world.refresh(&first));
    let third = json_of(&world.refresh(&second));
    assert_eq!(world.refused_refresh(&first), "Stale token");
    assert_eq!(world.refused_refresh(&third), "Session doesn't have required client");
}

/// Row 3: a lost response, after the server has rotated.
#[tokio::test]
async fn row_3_an_answer_can_be_lost_after_the_rotation() {
    let fake = Fake::builder().rotation(true).start().await;
    let (_, tokens) = post_over_http(&fake, LOGIN).await;
    let refresh = format!(
        "grant_type=refresh_token&client_id=crm_client&refresh_token={}",
        text(&tokens, "refresh_token")
    );
    fake.reply_next_after_change(Reply::new(502));
    assert_eq!(post_over_http(&fake, &refresh).await.0, 502);
    let (status, refused) = post_over_http(&fake, &refresh).await;
    assert_eq!(status, 400);
    assert_eq!(text(&refused, "error_description"), "Maximum allowed refresh token reuse exceeded");
}

/// Row 4: delay. The time that a request takes is counted, not waited for.
#[test]
fn row_4_token_requests_can_take_time() {
    let mut world = World::new(Fake::builder().token_request_takes(Duration::from_secs(2)));
    for _ in 0..3 {
        world.log_in();
        world.pass(1);
    }
    assert_eq!(world.issuer.realm().most_at_once, 2);
}

/// Row 5: lifetimes that shrink near the end of the session.
#[test]
fn row_5_lifetimes_shrink_near_the_end_of_the_session() {
    let mut world = World::new(Fake::builder().session_max(Duration::from_secs(1900)));
    let tokens = world.log_in();
    assert_eq!((&tokens["expires_in"], &tokens["refresh_expires_in"]), (&json!(300), &json!(1800)));
    world.pass(1750);
    let tokens = json_of(&world.refresh(&tokens));
    assert_eq!((&tokens["expires_in"], &tokens["refresh_expires_in"]), (&json!(150), &json!(150)));
}

/// Row 6: logout, and sessions that a restart of the server loses.
#[tokio::test]
async fn row_6_sessions_can_be_lost() {
    let fake = Fake::start().await;
    let (_, tokens) = post_over_http(&fake, LOGIN).await;
    fake.log_out_all();
    let refresh = format!(
        "grant_type=refresh_token&client_id=crm_client&refresh_token={}",
        text(&tokens, "refresh_token")
    );
    let (_, refused) = post_over_http(&fake, &refresh).await;
    assert_eq!(text(&refused, "error_description"), "Session not active");
}

/// Row 7: a push of the not-before time, although `exp` is in the future.
#[test]
fn row_7_a_push_makes_tokens_stale_that_have_not_expired() {
    let mut world = World::standard();
    let tokens = world.log_in();
    world.issuer.realm().push_not_before(1_700_000_000);
    assert_eq!(world.check(&tokens), Err(TokenRefusal::Stale));
    assert_eq!(world.refused_refresh(&tokens), "Stale token");
}

/// Row 8: user disabled, required action.
#[test]
fn row_8_users_can_be_disabled_or_have_something_to_do() {
    let two = Fake::builder().user("gone", "1", ["r"]).disabled_user("Gone");
    let mut world = World::new(two);
    let refused = world.refused("grant_type=password&client_id=crm_client&username=GONE&password=1");
    expect(refused, 400, "invalid_grant", "Account disabled");
    world.issuer.realm().users.get_mut(USER).expect("a user").action_required = true;
    expect(world.refused(LOGIN), 400, "invalid_grant", "Account is not fully set up");
    let wrong = "grant_type=password&client_id=crm_client&username=gone&password=2";
    for (generation, text) in
        [(Generation::Middle, "Account disabled"), (Generation::New, "Invalid user credentials")]
    {
        let builder = Fake::builder().generation(generation).user("gone", "1", ["r"]).disabled_user("gone");
        let refused = World::new(builder).refused(wrong);
        expect(refused, 400, "invalid_grant", text);
    }
}

/// Row 8: brute-force lock, with the words of a wrong password.
#[test]
fn row_8_wrong_passwords_lock_for_longer_and_longer() {
    let protected = BruteForce::default().max_failures(2).wait_increment(Duration::from_secs(10));
    let protected = protected.max_wait(Duration::from_secs(15)).quick_login(Duration::ZERO, Duration::ZERO);
    let wrong = LOGIN.replace("1234", "x");
    for (generation, status) in [(Generation::Middle, 401), (Generation::New, 400)] {
        let mut world = World::new(Fake::builder().generation(generation).brute_force(protected));
        let refused = |world: &mut World, body: &str| {
            expect(world.refused(body), status, "invalid_grant", "Invalid user credentials");
        };
        // A login forgets the failures before it.
        for _ in 0..2 {
            refused(&mut world, &wrong);
            world.log_in();
        }
        refused(&mut world, &wrong);
        refused(&mut world, &wrong);
        refused(&mut world, LOGIN);
        world.pass(9);
        // Does not count while the user is locked.
        refused(&mut world, &wrong);
        world.pass(1);
        refused(&mut world, &wrong);
        world.pass(10);
        refused(&mut world, &wrong);
        world.pass(14);
        refused(&mut world, LOGIN);
        world.pass(1);
        world.log_in();
    }
}

/// Row 8: two wrong passwords at once lock, and failures are forgotten in time.
#[test]
fn row_8_hasty_wrong_passwords_lock_and_old_ones_are_forgotten() {
    let wrong = LOGIN.replace("1234", "x");
    let mut world = World::new(Fake::builder().brute_force(BruteForce::default()));
    world.refused(&wrong);
    world.pass(1);
    world.refused(&wrong);
    world.log_in();
    world.refused(&wrong);
    world.refused(&wrong);
    world.pass(59);
    assert_eq!(world.refused(LOGIN).2, "Invalid user credentials");
    world.pass(1);
    world.log_in();

    let forgetful = BruteForce::default().max_failures(2).failure_reset(Duration::from_secs(5));
    let mut world = World::new(Fake::builder().brute_force(forgetful));
    for _ in 0..4 {
        world.refused(&wrong);
        world.pass(6);
    }
    world.log_in();
    let lock = |world: &World| world.issuer.realm().users.get_mut(USER).expect("a user").attempts.lock();
    lock(&world);
    world.pass(1_000_000);
    assert_eq!(world.refused(LOGIN).2, "Invalid user credentials", "locked for good");
    let mut world = World::standard();
    lock(&world);
    world.log_in();
}

/// Row 8: concurrent logins of one user are refused where users are protected.
#[test]
fn row_8_logins_at_once_are_refused_under_protection_only() {
    let takes = Duration::from_millis(100);
    let builder = || Fake::builder().token_request_takes(takes).user("other", "1", ["r"]);
    let mut world = World::new(builder().brute_force(BruteForce::default()));
    world.log_in();
    expect(world.refused(LOGIN), 401, "invalid_grant", "Invalid user credentials");
    world.grant("grant_type=password&client_id=crm_client&username=other&password=1");
    world.now += takes;
    world.log_in();
    let mut world = World::new(builder());
    world.log_in();
    world.log_in();
}

/// Row 9: 503, 500, 502 as a page, 429 with `Retry-After`.
#[tokio::test]
async fn row_9_servers_and_proxies_fail_in_four_ways() {
    let wait = RateHeader::RetryAfter(Duration::from_secs(7));
    let faults = Fault::status(503)
        .then(Fault::reply(unknown_error()))
        .then(Fault::html(502))
        .then(Fault::too_many_requests(wait));
    let fake = Fake::builder().faults(Operation::Token, faults).start().await;
    for (status, error) in [(503, ""), (500, "unknown_error"), (502, ""), (429, "")] {
        let (found, body) = post_over_http(&fake, LOGIN).await;
        assert_eq!((found, text(&body, "error").as_str()), (status, error));
    }
    fake.assert_faults_used();
    assert_eq!(fake.counts(), Counts::default(), "nothing was carried out");
}

/// Rows 10, 11 and 12: what an answer can have or lack.
#[test]
fn rows_10_to_12_answers_can_have_odd_fields() {
    let cases: [(Oddity, &str, Value); 8] = [
        (Oddity::NoRefreshToken, "refresh_token", Value::Null),
        (Oddity::NoRefreshToken, "refresh_expires_in", json!(0)),
        (Oddity::ZeroRefreshLifetime, "refresh_expires_in", json!(0)),
        (Oddity::NoRefreshLifetime, "refresh_expires_in", Value::Null),
        (Oddity::TokenType("bearer".to_owned()), "token_type", json!("bearer")),
        (Oddity::UnknownField, "x_unknown_field", json!("plainly-fake")),
        (Oddity::NoScope, "scope", Value::Null),
        (Oddity::NoSessionState, "session_state", Value::Null),
    ];
    let plain = World::standard().log_in();
    for (oddity, name, value) in cases {
        let mut world = World::new(Fake::builder().oddity(oddity.clone()));
        let tokens = world.log_in();
        assert_eq!(tokens.get(name).cloned().unwrap_or_default(), value, "{oddity:?}");
        assert_ne!(plain.get(name), tokens.get(name), "{oddity:?}");
        let keeps = tokens.get("refresh_token").is_some();
        assert_eq!(keeps, oddity != Oddity::NoRefreshToken);
        assert!(!keeps || world.refresh(&tokens).status == 200);
    }
}

/// Row 11: `expires_in` of one to five seconds, or none.
#[test]
fn row_11_access_tokens_can_live_for_next_to_nothing() {
    for lifetime in [0, 1, 5] {
        let builder = Fake::builder().oddity(Oddity::ExpiresIn(lifetime)).confidential_client("job", "s");
        let mut world = World::new(builder);
        let tokens = world.log_in();
        assert_eq!(tokens["expires_in"], lifetime);
        let own = world.grant("grant_type=client_credentials&client_id=job&client_secret=s");
        assert_eq!(own["expires_in"], lifetime);
        world.pass(lifetime);
        assert_eq!(world.check(&tokens), Err(TokenRefusal::Expired));
    }
}

/// Row 13: a refresh without a new refresh token; the old one stays good, rotation or not.
#[test]
fn row_13_a_refresh_can_give_no_new_refresh_token() {
    for rotation in [false, true] {
        let builder = Fake::builder().rotation(rotation).oddity(Oddity::KeepsRefreshToken);
        let mut world = World::new(builder);
        let tokens = world.log_in();
        for _ in 0..3 {
            world.pass(500);
            let fresh = json_of(&world.refresh(&tokens));
            assert!(fresh.get("refresh_token").is_none() && fresh["access_token"].is_string());
        }
    }
}

/// Row 14: counters for logins, refreshes, and requests at once.
#[test]
fn row_14_counters_show_how_often_and_how_many_at_once() {
    let mut world = World::new(Fake::builder().token_request_takes(Duration::from_secs(1)));
    let tokens = world.log_in();
    world.refresh(&tokens);
    world.refused("");
    let realm = world.issuer.realm();
    assert_eq!(realm.counts, Counts { logins: 1, refreshes: 1, client_credentials: 0, failures: 1 });
    assert_eq!(realm.most_at_once, 3);
}

/// Row 15: the API refuses a token that was revoked although its end is in the future.
#[tokio::test]
async fn row_15_the_gateway_refuses_a_revoked_token_in_each_shape() {
    for refusal in
        [crm_gateway::Refusal::ShapeA, crm_gateway::Refusal::ShapeB, crm_gateway::Refusal::OkWithShapeB]
    {
        let fake = crm_gateway::Fake::builder().refusal(refusal).start().await;
        let client = fake.client().expect("a client");
        client.list_entitlements().limit(1).send().await.expect("read");
        fake.keycloak().revoke_access_tokens();
        client.list_entitlements().limit(1).send().await.expect("read with another token");
        assert_eq!(fake.keycloak().counts().refreshes, 1, "{refusal:?}");
    }
}
