//! The other endpoints, and the fake on its port.

use super::*;

#[test]
fn other_media_types_methods_and_paths() {
    let token = format!("{BASE}/protocol/openid-connect/token");
    for (generation, status) in [(Generation::Old, 415), (Generation::Middle, 400), (Generation::New, 400)] {
        let world = World::new(Fake::builder().generation(generation));
        let body = Bytes::from_static(LOGIN.as_bytes());
        let request = Request::new(Method::POST, &token, "", HeaderMap::new(), body);
        assert_eq!(
            world.issuer.clone().handle(&request, &Visit::new(world.now, None)).status,
            status,
            "{generation:?}"
        );
        assert_eq!(world.issuer.realm().counts.failures, 1);
    }
    let mut world = World::standard();
    assert_eq!(world.send(Method::GET, &token, None, "").status, 405);
    assert_eq!(world.send(Method::OPTIONS, &token, None, "").status, 200);
    assert_eq!(world.post("token/", LOGIN).status, 200, "a slash at the end");
    for (path, error) in [
        ("/keycloak/auth/realms/other/protocol/openid-connect/token", "Realm does not exist"),
        ("/keycloak/auth/realms", "Unable to find matching target resource method"),
        (&format!("{BASE}/protocol/other/token"), "Protocol not found"),
        (&format!("{BASE}/unknown"), "HTTP 404 Not Found"),
    ] {
        let reply = world.send(Method::POST, path, None, LOGIN);
        assert_eq!((reply.status.as_u16(), json_of(&reply)), (404, json!({ "error": error })), "{path}");
    }
    // The usual symptom of a wrong or missing prefix.
    let reply = world.send(Method::POST, "/realms/nagra/protocol/openid-connect/token", None, LOGIN);
    assert_eq!((reply.status.as_u16(), json_of(&reply)), (404, Value::Null));
}

#[test]
fn a_form_that_cannot_be_decoded_is_an_error_of_the_server_and_never_a_panic() {
    let mut world = World::standard();
    for endpoint in ["token", "logout", "revoke", "token/introspect", "userinfo"] {
        for body in ["x=%zz", "x=%4", "%", "%%", "x=%"] {
            let refused = parts(&world.post(endpoint, body));
            expect(refused, 500, "unknown_error", "For more on this error consult the server log.");
        }
        for body in ["", "=", "&&", "%ff=%41", "grant_type=refresh_token&refresh_token=%ff.%00"] {
            assert!(world.post(endpoint, body).status.as_u16() < 500, "{endpoint} {body}");
        }
    }
}

#[test]
fn logging_out_ends_the_session() {
    let mut world = World::new(Fake::builder().confidential_client("job", "s"));
    let tokens = world.log_in();
    let refresh = text(&tokens, "refresh_token");
    let reply = world.post("logout", &format!("client_id=job&client_secret=s&refresh_token={refresh}"));
    expect(
        parts(&reply),
        400,
        "invalid_grant",
        "Invalid refresh token. Token client and authorized client don't match",
    );
    // The same address serves people in a browser.
    assert_eq!(
        world.post("logout", "client_id=crm_client").headers["content-type"],
        "text/html;charset=utf-8"
    );
    let reply = world.post("logout", "client_id=crm_client&refresh_token=garbage");
    expect(parts(&reply), 400, "invalid_grant", "Invalid refresh token");
    assert_eq!(parts(&world.post("logout", "refresh_token=x")).1, "invalid_client");
    assert_eq!(parts(&world.post("logout", "client_id=job&refresh_token=x")).1, "unauthorized_client");

    let reply = world.post("logout", &format!("client_id=crm_client&refresh_token={refresh}"));
    assert_eq!((reply.status.as_u16(), reply.body.len()), (204, 0));
    assert_eq!(reply.headers["cache-control"], "no-cache");
    assert_eq!(world.refused_refresh(&tokens), "Session not active");
    assert_eq!(world.issuer.realm().counts.failures, 1, "only token requests count");
    let mut world = World::new(Fake::builder().generation(Generation::Old));
    let reply = world.post("logout", "client_id=crm_client");
    expect(parts(&reply), 400, "invalid_request", "No refresh token");
}

#[test]
fn revoking_ends_one_access_token_or_the_clients_session() {
    let mut world = World::new(Fake::builder().confidential_client("job", "s"));
    let tokens = world.log_in();
    let revoke = |world: &mut World, client: &str, token: &str| {
        world.post("revoke", &format!("client_id={client}&client_secret=s&token={token}"))
    };
    let (access, refresh) = (text(&tokens, "access_token"), text(&tokens, "refresh_token"));
    expect(parts(&revoke(&mut world, "job", &access)), 400, "invalid_request", "Unmatching clients");
    expect(parts(&revoke(&mut world, "crm_client", "garbage")), 200, "invalid_token", "Invalid token");
    let reply = world.post("revoke", "client_id=crm_client");
    expect(parts(&reply), 400, "invalid_request", "Token not provided");

    assert_eq!(revoke(&mut world, "crm_client", &access).status, 200);
    assert_eq!(world.check(&tokens), Err(TokenRefusal::Revoked));
    let fresh = json_of(&world.refresh(&tokens));
    assert!(world.check(&fresh).is_ok());
    assert_eq!(revoke(&mut world, "crm_client", &refresh).status, 200);
    assert_eq!(world.refused_refresh(&fresh), "Session not active");
    expect(parts(&revoke(&mut world, "crm_client", &refresh)), 200, "invalid_token", "Invalid token");
}

#[test]
fn the_discovery_document_names_the_endpoints() {
    let mut world = World::new(Fake::builder().base_path("auth/realms/nagra/"));
    let path = "/auth/realms/nagra/.well-known/openid-configuration";
    let found = json_of(&world.send(Method::GET, path, None, ""));
    let issuer = text(&found, "issuer");
    assert!(issuer.ends_with("/auth/realms/nagra"));
    assert_eq!(found["token_endpoint"], world.issuer.realm().token_url());
    assert_eq!(found["revocation_endpoint"], format!("{issuer}/protocol/openid-connect/revoke"));
    assert_eq!(world.send(Method::POST, path, None, "").status, 404);
}

#[tokio::test]
async fn the_fake_is_served_and_changed_while_it_runs() {
    let fake = Fake::start().await;
    assert_eq!(fake.token_url(), format!("{}{BASE}/protocol/openid-connect/token", fake.uri()));
    let (status, tokens) = post_over_http(&fake, LOGIN).await;
    let access = text(&tokens, "access_token");
    assert_eq!(status, 200);
    assert!(claims(&access)["iss"].as_str().is_some_and(|issuer| issuer.starts_with(&fake.uri())));
    assert!(fake.issuer().check(&access, SystemTime::now()).is_ok());
    fake.log_out_all();
    assert!(fake.issuer().check(&access, SystemTime::now()).is_ok());
    fake.push_not_before();
    assert_eq!(fake.issuer().check(&access, SystemTime::now()), Err(TokenRefusal::Stale));
    fake.require_action(USER);
    let refused = async || text(&post_over_http(&fake, LOGIN).await.1, "error_description");
    assert_eq!(refused().await, "Account is not fully set up");
    fake.disable_user(USER);
    assert_eq!(refused().await, "Account disabled");
    fake.disable_client(CLIENT_ID);
    assert_eq!(refused().await, "Invalid client or Invalid client credentials");
    fake.disable_realm();
    assert_eq!(refused().await, "Realm not enabled");
    assert_eq!(fake.counts(), Counts { logins: 1, failures: 4, ..Counts::default() });
    assert_eq!(fake.received().len(), 5);
}
