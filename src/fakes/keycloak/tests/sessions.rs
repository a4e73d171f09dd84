//! How long tokens and sessions last.

use super::*;

#[test]
fn a_refresh_stays_in_the_session_and_gives_two_new_tokens() {
    let mut world = World::standard();
    let first = world.log_in();
    world.pass(1799);
    let second = json_of(&world.refresh(&first));
    assert_eq!(second["session_state"], first["session_state"]);
    assert_ne!(second["access_token"], first["access_token"]);
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    assert_eq!(second["refresh_expires_in"], 1800);
    assert!(world.refresh(&first).status == 200, "without rotation the old one stays good");
    let counts = world.issuer.realm().counts;
    assert_eq!(counts, Counts { logins: 1, refreshes: 2, client_credentials: 0, failures: 0 });
}

#[test]
fn a_refresh_token_ends_with_the_idle_time() {
    let mut world = World::standard();
    let tokens = world.log_in();
    world.pass(1800);
    // In the last second of the token only its session is over.
    assert_eq!(world.refused_refresh(&tokens), "Session not active");
    world.pass(1);
    assert_eq!(world.refused_refresh(&tokens), "Token is not active");
    assert_eq!(world.issuer.realm().counts.failures, 2);
}

#[test]
fn lifetimes_shrink_towards_the_end_of_the_session() {
    let mut world = World::new(Fake::builder().session_max(Duration::from_secs(2000)));
    let tokens = world.log_in();
    world.pass(1000);
    let tokens = json_of(&world.refresh(&tokens));
    assert_eq!((&tokens["expires_in"], &tokens["refresh_expires_in"]), (&json!(300), &json!(1000)));
    world.pass(900);
    let tokens = json_of(&world.refresh(&tokens));
    assert_eq!((&tokens["expires_in"], &tokens["refresh_expires_in"]), (&json!(100), &json!(100)));
    world.pass(100);
    assert_eq!(world.refused_refresh(&tokens), "Session not active");
    assert_eq!(world.check(&tokens), Err(TokenRefusal::Expired));
}

#[test]
fn a_replay_under_rotation_kills_the_whole_family() {
    let mut world = World::new(Fake::builder().rotation(true));
    let first = world.log_in();
    let second = json_of(&world.refresh(&first));
    assert_eq!(world.refused_refresh(&first), "Maximum allowed refresh token reuse exceeded");
    assert_eq!(world.refused_refresh(&second), "Session doesn't have required client");
    assert_eq!(world.issuer.realm().replays, 1, "the second one was never spent");
    let other = world.log_in();
    assert_eq!(world.refresh(&other).status, 200, "another session lives on");
}

#[test]
fn reuse_can_be_allowed_a_number_of_times() {
    let mut world = World::new(Fake::builder().rotation(true).max_reuse(1));
    let first = world.log_in();
    assert_eq!(world.refresh(&first).status, 200);
    assert_eq!(world.refresh(&first).status, 200);
    assert_eq!(world.refused_refresh(&first), "Maximum allowed refresh token reuse exceeded");
}

#[test]
fn refreshes_that_cannot_be() {
    let mut world = World::new(Fake::builder().confidential_client("job", "s"));
    let tokens = world.log_in();
    let refused = world.refused("grant_type=refresh_token&client_id=crm_client");
    expect(refused, 400, "invalid_request", "No refresh token");
    for wrong in ["garbage", &text(&tokens, "access_token")] {
        let refused =
            world.refused(&format!("grant_type=refresh_token&client_id=crm_client&refresh_token={wrong}"));
        expect(refused, 400, "invalid_grant", "Invalid refresh token");
    }
    let text = text(&tokens, "refresh_token");
    let body = format!("grant_type=refresh_token&client_id=job&client_secret=s&refresh_token={text}");
    let description = "Invalid refresh token. Token client and authorized client don't match";
    expect(world.refused(&body), 400, "invalid_grant", description);
    world.issuer.realm().users.get_mut(USER).expect("a user").enabled = false;
    assert_eq!(world.refused_refresh(&tokens), "User disabled");
    assert!(world.check(&tokens).is_ok(), "the gateway does not hear of it");
    world.issuer.realm().sessions.clear();
    assert_eq!(world.refused_refresh(&tokens), "Session not active");
}

#[test]
fn a_push_makes_every_token_stale_and_later_ones_are_good() {
    let mut world = World::standard();
    let tokens = world.log_in();
    world.issuer.realm().push_not_before(1_700_000_000);
    assert_eq!(world.check(&tokens), Err(TokenRefusal::Stale));
    assert_eq!(world.refused_refresh(&tokens), "Stale token");
    let tokens = world.log_in();
    assert_eq!(tokens["not-before-policy"], 1_700_000_000);
    assert!(world.check(&tokens).is_ok() && world.refresh(&tokens).status == 200);
}

#[test]
fn an_offline_token_has_no_end_of_its_own() {
    let mut world = World::standard();
    let tokens = world.grant(&format!("{LOGIN}&scope=openid+offline_access"));
    assert_eq!(tokens["refresh_expires_in"], 0);
    assert_eq!(tokens["scope"], "email profile openid offline_access");
    let id_token = text(&tokens, "id_token");
    assert_eq!(claims(&id_token)["typ"], "ID");
    let reply = world.post("revoke", &format!("client_id=crm_client&token={id_token}"));
    expect(parts(&reply), 400, "unsupported_token_type", "Unsupported token type");
    let refresh = claims(&text(&tokens, "refresh_token"));
    assert_eq!(refresh["typ"], "Offline");
    assert!(refresh.get("exp").is_none());
    world.pass(2_591_999);
    let tokens = json_of(&world.refresh(&tokens));
    assert_eq!(tokens["expires_in"], 300);
    world.pass(2_592_000);
    assert_eq!(world.refused_refresh(&tokens), "Offline session not active");
    world.issuer.realm().sessions.clear();
    assert_eq!(world.refused_refresh(&tokens), "Offline user session not found");
}

#[test]
fn access_tokens_are_good_from_their_second_until_they_expire() {
    let mut world = World::standard();
    let tokens = world.log_in();
    assert_eq!(world.check(&tokens), Ok(vec![OPERATOR_ROLE.to_owned()]));
    world.now -= Duration::from_secs(1);
    assert_eq!(world.check(&tokens), Err(TokenRefusal::NotYetValid));
    world.pass(300);
    assert!(world.check(&tokens).is_ok());
    world.pass(1);
    assert_eq!(world.check(&tokens), Err(TokenRefusal::Expired));
    for other in ["garbage", &text(&tokens, "refresh_token")] {
        assert_eq!(world.issuer.check(other, world.now), Err(TokenRefusal::Unknown));
    }
}
