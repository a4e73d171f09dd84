//! The other endpoints, and the fake on its port.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::*;

#[test]
fn other_media_types_methods_and_paths() {
    let mut world = World::standard();
    let token = format!("{BASE}/protocol/openid-connect/token");
    let request =
        Request::new(Method::POST, &token, "", HeaderMap::new(), Bytes::from_static(LOGIN.as_bytes()));
    assert_eq!(world.issuer.clone().handle(&request, &Visit::new(world.now, None)).status, 415);
    assert_eq!(world.send(Method::GET, &token, None, "").status, 405);
    for (path, error) in [
        ("/keycloak/auth/realms/other/protocol/openid-connect/token", "Realm does not exist"),
        ("/realms/nagra/protocol/openid-connect/token", "Unable to find matching target resource method"),
        (
            &format!("{BASE}/protocol/openid-connect/unknown"),
            "Unable to find matching target resource method",
        ),
    ] {
        let reply = world.send(Method::POST, path, None, LOGIN);
        assert_eq!((reply.status.as_u16(), json_of(&reply)), (404, json!({ "error": error })), "{path}");
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
    let reply = world.post("logout", "client_id=crm_client");
    expect(parts(&reply), 400, "invalid_request", "No refresh token");
    let reply = world.post("logout", "client_id=crm_client&refresh_token=garbage");
    expect(parts(&reply), 400, "invalid_grant", "Invalid refresh token");
    assert_eq!(parts(&world.post("logout", "")).1, "invalid_client");
    assert_eq!(parts(&world.post("logout", "client_id=job")).1, "unauthorized_client");

    let reply = world.post("logout", &format!("client_id=crm_client&refresh_token={refresh}"));
    assert_eq!((reply.status.as_u16(), reply.body.len()), (204, 0));
    assert_eq!(reply.headers["cache-control"], "no-cache");
    assert_eq!(world.refused_refresh(&tokens), "Session not active");
    assert_eq!(world.issuer.realm().counts.failures, 1, "only token requests count");
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
    assert_eq!(world.refused_refresh(&fresh), "Session doesn't have required client");
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
    fake.disable_user("nobody");
    assert_eq!(refused().await, "Account disabled");
    fake.disable_client(CLIENT_ID);
    assert_eq!(refused().await, "Invalid client or Invalid client credentials");
    fake.disable_realm();
    assert_eq!(refused().await, "Realm not enabled");
    assert_eq!(fake.counts(), Counts { logins: 1, failures: 4, ..Counts::default() });
    assert_eq!(fake.received().len(), 5);
}

/// By hand: the HTTP client of the crate is not what is tested here.
async fn post_over_http(fake: &Fake, body: &str) -> (u16, Value) {
    let host = fake.uri().replace("http://", "");
    let path = fake.token_url().replace(&fake.uri(), "");
    let form = "content-type: application/x-www-form-urlencoded\r\nconnection: close";
    let length = body.len();
    let sent =
        format!("POST {path} HTTP/1.1\r\nhost: {host}\r\n{form}\r\ncontent-length: {length}\r\n\r\n{body}");
    let mut stream = TcpStream::connect(&host).await.expect("a connection");
    stream.write_all(sent.as_bytes()).await.expect("sent");
    let mut received = String::new();
    stream.read_to_string(&mut received).await.expect("an answer");
    let (head, body) = received.split_once("\r\n\r\n").expect("an answer with a body");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, serde_json::from_str(body).expect("JSON"))
}
