//! Logins: by password and as a client.

use base64::engine::general_purpose::STANDARD;

use super::*;

#[test]
fn a_login_gives_the_documented_fields_in_keycloaks_order_with_its_headers() {
    let mut world = World::standard();
    let reply = world.post("token", LOGIN);
    let body = String::from_utf8(reply.body.to_vec()).expect("text");
    let names = [
        "access_token",
        "expires_in",
        "refresh_expires_in",
        "refresh_token",
        "token_type",
        "not-before-policy",
        "session_state",
        "scope",
    ];
    let places: Vec<_> = names.iter().map(|name| body.find(&format!("\"{name}\"")).expect("there")).collect();
    assert!(places.is_sorted());
    let tokens = json_of(&reply);
    assert_eq!(tokens["expires_in"], 300);
    assert_eq!(tokens["refresh_expires_in"], 1800);
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["not-before-policy"], 0);
    assert_eq!(reply.headers["cache-control"], "no-store");
    assert_eq!(reply.headers["pragma"], "no-cache");
    assert_eq!(reply.headers["x-frame-options"], "SAMEORIGIN");
    assert!(!reply.headers.contains_key("www-authenticate"));
}

#[test]
fn tokens_are_shaped_like_keycloaks() {
    let mut world = World::standard();
    let tokens = world.log_in();
    let access = claims(&text(&tokens, "access_token"));
    assert_eq!(access["exp"], 1_700_000_300);
    assert_eq!(access["iat"], 1_700_000_000);
    assert_eq!(access["typ"], "Bearer");
    assert_eq!(access["azp"], CLIENT_ID);
    assert_eq!(access["sid"], tokens["session_state"]);
    assert_eq!(access["realm_access"]["roles"], json!([OPERATOR_ROLE]));
    assert_eq!(access["scope"], "email profile");
    assert!(access["iss"].as_str().is_some_and(|issuer| issuer.ends_with(BASE)));
    assert!(access["jti"].is_string() && access["sub"].is_string());
    let refresh = claims(&text(&tokens, "refresh_token"));
    assert_eq!(refresh["typ"], "Refresh");
    assert_eq!(refresh["aud"], access["iss"]);
    assert_eq!(refresh["exp"], 1_700_001_800);

    for generation in [Generation::Old, Generation::Middle, Generation::New] {
        let mut world = World::new(Fake::builder().generation(generation));
        let access = claims(&text(&world.log_in(), "access_token"));
        let old = generation == Generation::Old;
        assert_eq!(access.get("session_state").is_some(), old, "{generation:?}");
        assert_eq!(access.get("nbf").is_some(), old, "{generation:?}");
        assert!(access["sid"].is_string());
    }
}

#[test]
fn a_client_logs_in_for_itself_without_a_refresh_token() {
    let mut world = World::new(Fake::builder().confidential_client("job", "s3cret"));
    let tokens = world.grant("grant_type=client_credentials&client_id=job&client_secret=s3cret");
    assert_eq!(tokens["refresh_expires_in"], 0);
    assert!(tokens.get("refresh_token").is_none() && tokens.get("session_state").is_none());
    assert_eq!(world.check(&tokens), Ok(vec![OPERATOR_ROLE.to_owned()]));
    let text = "Public client not allowed to retrieve service account";
    let refused = world.refused("grant_type=client_credentials&client_id=crm_client");
    expect(refused, 401, "unauthorized_client", text);
    assert_eq!(world.issuer.realm().counts.client_credentials, 1);
}

#[test]
fn credentials_come_as_basic_or_in_the_form_and_the_form_wins() {
    let token = format!("{BASE}/protocol/openid-connect/token");
    let body = "grant_type=client_credentials";
    for (generation, secret, sent) in [
        (Generation::Old, "a%b+c", "a%b+c"),
        (Generation::Middle, "a%b+c&d", "a%25b%2Bc%26d"),
        (Generation::New, "a b", "a+b"),
    ] {
        let builder = Fake::builder().generation(generation).confidential_client("job", secret);
        let mut world = World::new(builder);
        let basic = format!("Basic {}", STANDARD.encode(format!("job:{sent}")));
        assert_eq!(world.send(Method::POST, &token, Some(&basic), body).status, 200, "{generation:?}");
        let reply = world.send(Method::POST, &token, Some(&basic), &format!("{body}&client_id=unknown"));
        assert_ne!(reply.status, 200);
    }
}

#[test]
fn wrong_clients_are_refused_as_each_generation_does() {
    let newer = "Invalid client or Invalid client credentials";
    let cases = [
        ("", "invalid_client", "invalid_client", "Missing client_id parameter"),
        ("&client_id=x", "unauthorized_client", "invalid_client", "Invalid client credentials"),
        ("&client_id=off", "invalid_client", "invalid_client", "Client is not enabled"),
        (
            "&client_id=job",
            "unauthorized_client",
            "unauthorized_client",
            "Client secret not provided in request",
        ),
        (
            "&client_id=job&client_secret=x",
            "unauthorized_client",
            "unauthorized_client",
            "Invalid client secret",
        ),
    ];
    for generation in [Generation::Old, Generation::Middle, Generation::New] {
        let builder = Fake::builder().generation(generation);
        let mut world = World::new(
            builder.confidential_client("job", "s").confidential_client("off", "s").disabled_client("off"),
        );
        for (fields, old, new, description) in cases {
            let refused = world.refused(&format!("grant_type=password{fields}"));
            match generation {
                Generation::Old => expect(refused, 400, old, description),
                _ => expect(refused, 401, new, newer),
            }
        }
        let tokens = world.grant(&format!("{LOGIN}&client_secret=ignored"));
        let bearer = if generation == Generation::Old { "bearer" } else { "Bearer" };
        assert_eq!(tokens["token_type"], bearer);
    }
}

#[test]
fn wrong_logins_are_refused_as_each_generation_does() {
    for (generation, status) in [(Generation::Old, 401), (Generation::Middle, 401), (Generation::New, 400)] {
        let mut world = World::new(Fake::builder().generation(generation));
        for fields in
            ["username=crm_client_user&password=0", "username=x&password=1234", "username=crm_client_user"]
        {
            let refused = world.refused(&format!("grant_type=password&client_id=crm_client&{fields}"));
            expect(refused, status, "invalid_grant", "Invalid user credentials");
        }
        let refused = world.refused("grant_type=password&client_id=crm_client");
        expect(refused, 401, "invalid_request", "Missing parameter: username");
        world.issuer.realm().users.get_mut(USER).expect("a user").action_required = true;
        expect(world.refused(LOGIN), 400, "invalid_grant", "Account is not fully set up");
        world.issuer.realm().users.get_mut(USER).expect("a user").enabled = false;
        expect(world.refused(LOGIN), 400, "invalid_grant", "Account disabled");
        assert_eq!(world.issuer.realm().counts, Counts { failures: 6, ..Counts::default() });
    }
    let mut world = World::new(Fake::builder().direct_grants(false));
    expect(world.refused(LOGIN), 400, "unauthorized_client", "Client not allowed for direct access grants");
}

#[test]
fn requests_are_checked_in_keycloaks_order() {
    let mut world = World::standard();
    expect(world.refused("client_id=x"), 400, "invalid_request", "Missing form parameter: grant_type");
    for kind in ["", "magic"] {
        let refused = world.refused(&format!("grant_type={kind}&client_id=x"));
        expect(refused, 400, "unsupported_grant_type", "Unsupported grant_type");
    }
    let refused = world.refused(&format!("{LOGIN}&scope=a&scope=b"));
    expect(refused, 400, "invalid_request", "duplicated parameter");
    let refused = world.refused("grant_type=password&client_id=x&client_id=x");
    assert_eq!(refused.1, "invalid_client");
    world.issuer.realm().enabled = false;
    expect(world.refused(""), 403, "access_denied", "Realm not enabled");
}
