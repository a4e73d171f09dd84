//! What a realm, its clients and its users can be set to, and seeds that contradict each other.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::*;

#[test]
fn https_is_required_before_all_else() {
    let mut world = World::new(Fake::builder().https_required(true));
    world.issuer.realm().enabled = false;
    for endpoint in ["token", "logout", "revoke", "token/introspect"] {
        let refused = parts(&world.post(endpoint, LOGIN));
        expect(refused, 403, "invalid_request", "HTTPS required");
    }
}

#[test]
fn a_realm_that_is_not_enabled_refuses_all_but_logouts() {
    let mut world = World::standard();
    let tokens = world.log_in();
    world.issuer.realm().enabled = false;
    for endpoint in ["token", "revoke", "token/introspect"] {
        expect(parts(&world.post(endpoint, LOGIN)), 403, "access_denied", "Realm not enabled");
    }
    let token = text(&tokens, "refresh_token");
    let reply = world.post("logout", &format!("client_id=crm_client&refresh_token={token}"));
    assert_eq!(reply.status, 204);
}

#[test]
fn clients_are_refused_what_they_may_not() {
    let password = "grant_type=password&username=crm_client_user&password=1234";
    let own = "grant_type=client_credentials";
    let seeds = || {
        Fake::builder()
            .public_client("consent")
            .consent_required("consent")
            .public_client("api")
            .bearer_only("api")
            .confidential_client("plain", "s")
            .without_direct_grants("plain")
            .without_service_account("plain")
            .public_client("off")
            .disabled_client("off")
    };
    for (fields, status, error, description) in [
        (format!("{password}&client_id=consent"), 400, "invalid_client", "Client requires user consent"),
        (format!("{password}&client_id=api"), 400, "invalid_client", "Bearer-only not allowed"),
        (
            format!("{password}&client_id=plain&client_secret=s"),
            400,
            "unauthorized_client",
            "Client not allowed for direct access grants",
        ),
        (
            format!("{own}&client_id=plain&client_secret=s"),
            401,
            "unauthorized_client",
            "Client not enabled to retrieve service account",
        ),
        (
            format!("{password}&client_id=off"),
            401,
            "invalid_client",
            "Invalid client or Invalid client credentials",
        ),
    ] {
        expect(World::new(seeds()).refused(&fields), status, error, description);
    }
}

#[test]
fn a_bearer_only_client_with_a_secret_is_told_so_by_some_generations() {
    let login =
        format!("{}&client_secret=s", LOGIN.replace("crm_client&", "").replace("=crm_client", "=api"));
    let login = login.replace("username=api_user", "username=crm_client_user");
    for (generation, status, error) in [
        (Generation::Old, 400, "invalid_client"),
        (Generation::Middle, 401, "unauthorized_client"),
        (Generation::New, 400, "invalid_client"),
    ] {
        let builder = Fake::builder().generation(generation).confidential_client("api", "s");
        let refused = World::new(builder.bearer_only("api")).refused(&login);
        assert_eq!((refused.0, refused.1.as_str()), (status, error), "{generation:?}");
    }
}

#[test]
fn refresh_tokens_of_another_issuer_are_refused() {
    for (generation, end) in [
        (Generation::Old, ", but was 'http://localhost/keycloak/auth/realms/nagra'"),
        (Generation::Middle, ""),
    ] {
        let mut world = World::new(Fake::builder().generation(generation));
        let tokens = world.log_in();
        world.issuer.realm().origin = "http://moved.example".to_owned();
        let expected = "Invalid token issuer. Expected 'http://moved.example/keycloak/auth/realms/nagra'";
        assert_eq!(world.refused_refresh(&tokens), format!("{expected}{end}"));
        let tokens = world.log_in();
        assert_eq!(world.refresh(&tokens).status, 200);
    }
}

#[test]
fn a_session_left_alone_answers_for_its_access_tokens_as_long_as_the_grace_lasts() {
    for (grace, status) in [(0, 401), (120, 200)] {
        let builder = Fake::builder().access_lifetime(Duration::from_secs(3000));
        let mut world = World::new(builder.idle_grace(Duration::from_secs(grace)));
        let tokens = world.grant(&format!("{LOGIN}&scope=openid"));
        world.pass(1850);
        let body = format!("access_token={}", text(&tokens, "access_token"));
        assert_eq!(world.post("userinfo", &body).status, status, "grace {grace}");
        assert_eq!(world.refused_refresh(&tokens), "Token is not active", "its end is its own");
        world.pass(70);
        assert_eq!(world.post("userinfo", &body).status, 401);
    }
}

#[test]
fn tokens_from_the_future_are_good_within_the_clock_skew() {
    for (generation, skew, back, good) in [
        (Generation::Middle, None, 1, false),
        (Generation::New, None, 10, true),
        (Generation::New, None, 11, false),
        (Generation::Middle, Some(5), 5, true),
        (Generation::New, Some(0), 1, false),
    ] {
        let mut builder = Fake::builder().generation(generation);
        if let Some(skew) = skew {
            builder = builder.clock_skew(Duration::from_secs(skew));
        }
        let mut world = World::new(builder);
        let tokens = world.log_in();
        world.now -= Duration::from_secs(back);
        assert_eq!(world.refresh(&tokens).status == 200, good, "{generation:?} {skew:?} {back}");
        assert_eq!(world.check(&tokens), Err(TokenRefusal::NotYetValid), "a gateway has no such tolerance");
    }
}

#[test]
fn introspection_tells_a_client_with_a_secret_what_a_token_stands_for() {
    let mut world = World::new(Fake::builder().confidential_client("job", "s"));
    let tokens = world.log_in();
    let job = "client_id=job&client_secret=s";
    let ask =
        |world: &mut World, token: &str| world.post("token/introspect", &format!("{job}&token={token}"));
    let found = json_of(&ask(&mut world, &text(&tokens, "access_token")));
    assert_eq!(found["active"], true);
    assert_eq!((&found["username"], &found["client_id"]), (&json!(USER), &json!(CLIENT_ID)));
    assert_eq!(found["realm_access"]["roles"], json!([OPERATOR_ROLE]));
    assert_eq!(json_of(&ask(&mut world, "garbage")), json!({ "active": false }));
    let refused = parts(&world.post("token/introspect", "client_id=crm_client&token=x"));
    expect(refused, 403, "invalid_request", "Client not allowed.");
    let refused = parts(&world.post("token/introspect", "client_id=job&token=x"));
    expect(refused, 401, "invalid_request", "Authentication failed.");
    world.issuer.realm().sessions.clear();
    assert_eq!(json_of(&ask(&mut world, &text(&tokens, "access_token"))), json!({ "active": false }));
}

#[test]
fn certificates_and_user_info_answer_as_keycloak_does() {
    let mut world = World::standard();
    let found = json_of(&world.send(Method::GET, &format!("{BASE}/protocol/openid-connect/certs"), None, ""));
    let uses: Vec<_> = found["keys"].as_array().expect("keys").iter().map(|key| &key["use"]).collect();
    assert_eq!(uses, [&json!("sig"), &json!("enc")]);
    let path = format!("{BASE}/protocol/openid-connect/userinfo");
    let tokens = world.grant(&format!("{LOGIN}&scope=openid"));
    let bearer = format!("Bearer {}", text(&tokens, "access_token"));
    let found = json_of(&world.send(Method::GET, &path, Some(&bearer), ""));
    assert_eq!(found["preferred_username"], USER);
    let plain = format!("Bearer {}", text(&world.log_in(), "access_token"));
    assert_eq!(world.send(Method::GET, &path, Some(&plain), "").status, 403);
    let reply = world.send(Method::GET, &path, None, "");
    assert_eq!(reply.headers["www-authenticate"], "Bearer realm=\"nagra\"");
}

#[test]
fn every_operation_is_found_by_its_path_and_method() {
    let base = "/auth/realms/r";
    let request = |method: Method, path: &str| {
        Request::new(method, &format!("{base}{path}"), "", HeaderMap::new(), Bytes::new())
    };
    for (method, path, operation) in [
        (Method::POST, "/protocol/openid-connect/token", Operation::Token),
        (Method::POST, "/protocol/openid-connect/token/", Operation::Token),
        (Method::POST, "/protocol/openid-connect/logout", Operation::Logout),
        (Method::POST, "/protocol/openid-connect/revoke", Operation::Revoke),
        (Method::POST, "/protocol/openid-connect/token/introspect", Operation::Introspect),
        (Method::GET, "/protocol/openid-connect/userinfo", Operation::UserInfo),
        (Method::GET, "/protocol/openid-connect/certs", Operation::Certificates),
        (Method::GET, "/.well-known/openid-configuration", Operation::Discovery),
    ] {
        assert_eq!(Operation::of(&request(method, path), base), Some(operation), "{path}");
        assert_eq!(Operation::of(&request(Method::DELETE, path), base), None, "{path}");
        assert_eq!(Operation::of(&request(Method::POST, path), "/auth/realms/other"), None, "{path}");
    }
}

#[test]
fn a_seed_may_be_given_twice_but_not_with_other_words() {
    let twice = Fake::builder().user("ada", "1", ["a", "b"]).user("ADA", "1", ["a", "b"]);
    let twice =
        twice.confidential_client("job", "s").confidential_client("job", "s").public_client(CLIENT_ID);
    World::new(twice).log_in();
}

/// What the panic says, and what causes it.
type Contradiction = (&'static str, fn() -> Builder);

#[test]
fn contradicting_seeds_are_a_panic_that_says_which() {
    let cases: [Contradiction; 14] = [
        ("another user `ada`", || Fake::builder().user("ada", "1", ["a"]).user("ada", "2", ["a"])),
        ("another user `ada`", || Fake::builder().user("ada", "1", ["a"]).user("Ada", "1", ["b"])),
        ("another user `crm_client_user`", || Fake::builder().user(USER, "other", [OPERATOR_ROLE])),
        ("a user must not be empty", || Fake::builder().user(" ", "1", ["a"])),
        ("a role must not be empty", || Fake::builder().user("ada", "1", [""])),
        ("a client must not be empty", || Fake::builder().public_client("")),
        ("a secret must not be empty", || Fake::builder().confidential_client("job", "")),
        ("another client `job`", || Fake::builder().confidential_client("job", "s").public_client("job")),
        ("another client `crm_client`", || Fake::builder().confidential_client(CLIENT_ID, "s")),
        ("no user `nobody`", || Fake::builder().disabled_user("nobody")),
        ("no client `none`", || Fake::builder().disabled_client("none")),
        ("no client `none`", || Fake::builder().bearer_only("none")),
        ("no client `none`", || Fake::builder().consent_required("none")),
        ("no client `none`", || Fake::builder().without_service_account("none")),
    ];
    for (expected, build) in cases {
        let panic = catch_unwind(build).expect_err(expected);
        let said = panic.downcast_ref::<String>().map(String::as_str);
        assert!(said.is_some_and(|said| said.contains(expected)), "{expected}: {said:?}");
    }
}

#[tokio::test]
async fn a_change_of_what_is_not_there_is_a_panic_and_the_fake_goes_on() {
    let fake = Fake::start().await;
    let changes: [fn(&Fake); 4] = [
        |fake| fake.disable_user("nobody"),
        |fake| fake.require_action("nobody"),
        |fake| fake.lock_user("nobody"),
        |fake| fake.disable_client("none"),
    ];
    for change in changes {
        let panic = catch_unwind(AssertUnwindSafe(|| change(&fake))).expect_err("a panic");
        let said = panic.downcast_ref::<String>().expect("words");
        assert!(said.contains("the realm has no"), "{said}");
    }
    assert_eq!(post_over_http(&fake, LOGIN).await.0, 200);
}

#[test]
fn debugging_a_builder_shows_no_password_and_no_secret() {
    let builder = Fake::builder().user("ada", "plainly-fake-password", ["r"]);
    let shown = format!("{:?}", builder.confidential_client("job", "plainly-fake-secret"));
    assert!(shown.contains("ada") && shown.contains("job"), "{shown}");
    assert!(!shown.contains("plainly-fake") && !shown.contains(PASSWORD), "{shown}");
}
