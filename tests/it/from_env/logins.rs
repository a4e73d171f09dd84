//! Credentials of the environment, each against its fake.

use std::time::{Duration, SystemTime};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use entitlements::{
    auth::UserTokens,
    connect::{self, Credential},
    crm_gateway,
    fakes::{self, connect as fake_connect, keycloak, symphony as fake_symphony},
    symphony,
};
use serde_json::Value;

use super::{files::Files, of};
use crate::support::child;

const TOKEN: &str = "plainly-fake-token";
const SECRET: &str = "plainly-fake-secret";

/// The claims of the token that was sent last.
fn claims(fake: &fake_symphony::Fake) -> Value {
    let received = fake.received();
    let token = received.last().and_then(|request| request.bearer()).expect("a token");
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).expect("a JWT")).expect("base64url");
    serde_json::from_slice(&claims).expect("JSON")
}

#[tokio::test]
async fn symphony_takes_a_key_or_a_token() {
    let fake = fake_symphony::Fake::builder().accept_token(TOKEN).start().await;
    let files = Files::new();
    let key = files.with("key.pem", fake_symphony::PLAINLY_FAKE_KEY);
    let token = files.with("token", format!("{TOKEN}\n"));
    let name = ("KEY_NAME", fake_symphony::KEY_NAME);
    let key_file = ("PRIVATE_KEY_FILE", key.as_str());
    for (row, lifetime, back) in [
        (&[name, ("PRIVATE_KEY", fake_symphony::PLAINLY_FAKE_KEY)][..], 300, 0),
        (&[name, key_file], 300, 0),
        (&[name, key_file, ("TOKEN_LIFETIME", "2m")], 120, 0),
        (&[name, key_file, ("BACKDATE", "1000s")], 1300, 1000),
        (&[("TOKEN", TOKEN)], 0, 0),
        (&[("TOKEN_FILE", &token)], 0, 0),
        // "Empty variable = not set."
        (&[("TOKEN", TOKEN), ("TOKEN_FILE", ""), ("KEY_NAME", ""), ("PRIVATE_KEY", "")], 0, 0),
    ] {
        let names: Vec<_> = row.iter().map(|(name, _)| *name).collect();
        let base = [("BASE_URL", &*fake.base_url())];
        let builder = symphony::ClientBuilder::from_variables(of("SYMPHONY", base.iter().chain(row)));
        let client = builder.unwrap_or_else(|error| panic!("{names:?}: {error}")).build().expect("a client");
        client.list_entitlements().send().await.unwrap_or_else(|error| panic!("{names:?}: {error}"));
        if lifetime > 0 {
            let claims = claims(&fake);
            let time = |name: &str| claims[name].as_u64().expect("a time");
            assert_eq!(time("exp") - time("iat"), lifetime, "{names:?}");
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
            let age = now.saturating_sub(Duration::from_secs(time("iat"))).as_secs();
            assert!((back..back + 60).contains(&age), "{names:?}: dated {age} s back");
        } else {
            let received = fake.received();
            let sent = received.last().and_then(|request| request.bearer());
            assert!(sent == Some(TOKEN), "{names:?}: another token was sent");
        }
    }
}

#[tokio::test]
async fn the_crm_gateway_takes_a_login_or_a_token() {
    let keycloak = keycloak::Fake::builder().confidential_client("backend", SECRET);
    let fake = fakes::crm_gateway::Fake::builder().keycloak(keycloak).accept_token(TOKEN).start().await;
    let (token_url, files) = (fake.keycloak().token_url(), Files::new());
    let keycloak_url = token_url.split("/realms/").next().expect("a base");
    let secret = files.with("secret", format!("{SECRET}\r\n"));
    let password = files.with("password", format!("{}\n", keycloak::PASSWORD));
    let token = files.with("token", format!("{TOKEN}\n"));
    let whole = ("TOKEN_URL", token_url.as_str());
    let public = ("CLIENT_ID", keycloak::CLIENT_ID);
    let backend = ("CLIENT_ID", "backend");
    let user = ("USERNAME", keycloak::USER);
    let by_password = ("PASSWORD", keycloak::PASSWORD);
    let with_secret = ("CLIENT_SECRET", SECRET);
    // Grant, whether the secret is in the header, in the form, and the scope.
    let password_grant = Some("password");
    let own_grant = Some("client_credentials");
    for (row, grant, in_header, in_form, scope) in [
        (&[whole, public, user, by_password][..], password_grant, false, false, None),
        (&[whole, public, user, ("PASSWORD_FILE", &password)], password_grant, false, false, None),
        (&[whole, public, user, by_password, ("GRANT", "Password")], password_grant, false, false, None),
        (
            &[("KEYCLOAK_URL", keycloak_url), ("REALM", "nagra"), public, user, by_password],
            password_grant,
            false,
            false,
            None,
        ),
        (&[whole, backend, with_secret, user, by_password], password_grant, true, false, None),
        (
            &[whole, backend, with_secret, user, by_password, ("CLIENT_AUTHENTICATION", "basic")],
            password_grant,
            true,
            false,
            None,
        ),
        (
            &[whole, backend, with_secret, user, by_password, ("CLIENT_AUTHENTICATION", "FORM")],
            password_grant,
            false,
            true,
            None,
        ),
        (
            &[whole, backend, ("CLIENT_SECRET_FILE", &secret), ("GRANT", "client_credentials")],
            own_grant,
            true,
            false,
            None,
        ),
        (
            &[whole, public, user, by_password, ("SCOPE", "offline_access")],
            password_grant,
            false,
            false,
            Some("offline_access"),
        ),
        (&[("TOKEN", TOKEN)], None, false, false, None),
        (&[("TOKEN_FILE", &token)], None, false, false, None),
    ] {
        let names: Vec<_> = row.iter().map(|(name, _)| *name).collect();
        let before = fake.keycloak().received().len();
        let base = [("BASE_URL", &*fake.uri())];
        let builder = crm_gateway::ClientBuilder::from_variables(of("CRM_GATEWAY", base.iter().chain(row)));
        let client = builder.unwrap_or_else(|error| panic!("{names:?}: {error}")).build().expect("a client");
        client.list_entitlements().send().await.unwrap_or_else(|error| panic!("{names:?}: {error}"));
        let received = fake.keycloak().received();
        assert_eq!(received.len() - before, usize::from(grant.is_some()), "{names:?}");
        if let Some(login) = received.get(before) {
            assert_eq!(login.form("grant_type").as_deref(), grant, "{names:?}");
            assert_eq!(login.header("authorization").is_some(), in_header, "{names:?}");
            assert_eq!(login.form("client_secret").is_some(), in_form, "{names:?}");
            assert_eq!(login.form("scope").as_deref(), scope, "{names:?}");
        }
    }
}

#[tokio::test]
async fn connect_takes_a_client_or_a_token() {
    let fake = fake_connect::Fake::builder().accept_client_token(TOKEN).start().await;
    let files = Files::new();
    let secret = files.with("secret", format!("{}\n", fake.client_secret()));
    let token = files.with("token", format!("{TOKEN}\r\n"));
    let id = ("CLIENT_ID", fake.client_id());
    let with_secret = ("CLIENT_SECRET", fake.client_secret());
    for (row, in_header, in_form, scope) in [
        (&[id, with_secret][..], true, false, None),
        (&[id, ("CLIENT_SECRET_FILE", &secret)], true, false, None),
        (&[id, with_secret, ("CLIENT_AUTHENTICATION", "Basic")], true, false, None),
        (&[id, with_secret, ("CLIENT_AUTHENTICATION", "form")], false, true, None),
        (&[id, with_secret, ("SCOPE", "plainly:fake")], true, false, Some("plainly:fake")),
        (&[("TOKEN", TOKEN)], false, false, None),
        (&[("TOKEN_FILE", &token)], false, false, None),
    ] {
        let names: Vec<_> = row.iter().map(|(name, _)| *name).collect();
        let before = fake.received().len();
        let servers = [("API_SERVER", &*fake.api_url()), ("LOGIN_SERVER", &*fake.login_url())];
        let builder = connect::ClientBuilder::from_variables(of("CONNECT", servers.iter().chain(row)));
        let client = builder.unwrap_or_else(|error| panic!("{names:?}: {error}")).build().expect("a client");
        let shield = client.shield(Credential::phone(fake_connect::PHONE)).channel("DM");
        let shielded = shield.enterprise(fake_connect::ENTERPRISE).send().await;
        assert!(!shielded.unwrap_or_else(|error| panic!("{names:?}: {error}")).found_nobody(), "{names:?}");
        let received = &fake.received()[before..];
        let login = received.iter().find(|request| request.path.ends_with("/oauth/token"));
        assert_eq!(login.is_some(), in_header || in_form, "{names:?}");
        if let Some(login) = login {
            assert_eq!(login.header("authorization").is_some(), in_header, "{names:?}");
            assert_eq!(login.form("client_secret").is_some(), in_form, "{names:?}");
            assert_eq!(login.form("scope").as_deref(), scope, "{names:?}");
        }
    }
}

#[tokio::test]
async fn a_user_of_connect_has_a_token_or_a_client_that_refreshes() {
    let fake = fake_connect::Fake::builder().accept_user_token(TOKEN, fake_connect::USER).start().await;
    let servers = [("API_SERVER", &*fake.api_url()), ("LOGIN_SERVER", &*fake.login_url())];
    let builder = |row: &[(&str, &str)]| {
        connect::UserClientBuilder::from_variables(of("CONNECT", servers.iter().chain(row)))
    };
    let user = builder(&[("TOKEN", TOKEN)]).expect("settings").build().expect("a client");
    user.list_global_permissions().send().await.expect("an accepted token");

    let client = [("CLIENT_ID", fake.client_id()), ("CLIENT_SECRET", fake.client_secret())];
    let user = builder(&client).expect("settings").tokens(fake.log_in(fake_connect::USER)).build();
    let user = user.expect("a client");
    fake.expire_access_tokens();
    user.list_global_permissions().send().await.expect("refreshed");
    assert_eq!(fake.counts().refreshes, 1);

    let error = builder(&client).expect("settings").build().expect_err("nobody");
    assert!(error.to_string().contains("no user is logged in"), "{error}");
    // How a client logs in may stand alone: code can name the client.
    let form = builder(&[("CLIENT_AUTHENTICATION", "form")]).expect("settings");
    let tokens = UserTokens::new("plainly-fake-expired").refresh_token("plainly-fake-refresh");
    let user = form.client_login(fake.client_id(), fake.client_secret()).tokens(tokens).build();
    let error = user.expect("a client").list_global_permissions().send().await.expect_err("an unknown one");
    assert_eq!(error.kind(), entitlements::ErrorKind::LoginRequired);
    let received = fake.received();
    let refresh = received.iter().rfind(|request| request.path.ends_with("/oauth/token")).expect("a refresh");
    assert!(refresh.form("client_secret").is_some() && refresh.header("authorization").is_none());
}

/// `ALLOW_PLAIN_HTTP` holds for API and login, as it does for the two servers of Connect.
#[test]
fn plain_http_is_allowed_for_the_token_url_too() {
    let build = |allowed: &str| {
        let variables = of(
            "CRM_GATEWAY",
            &[
                ("BASE_URL", "https://operator.example"),
                ("TOKEN_URL", "http://keycloak.example/token"),
                ("CLIENT_ID", "crm_client"),
                ("USERNAME", "crm_client_user"),
                ("PASSWORD", "plainly-fake"),
                ("ALLOW_PLAIN_HTTP", allowed),
            ],
        );
        crm_gateway::ClientBuilder::from_variables(variables).expect("settings").build()
    };
    build("true").expect("allowed");
    let error = build("false").expect_err("not allowed").to_string();
    assert!(error.contains("the token URL is plain http to another machine"), "{error}");
}

/// What a whole process has, secrets in files among it.
#[tokio::test]
async fn a_process_logs_in_with_nothing_but_its_variables() {
    const NAME: &str = "from_env::logins::a_process_logs_in_with_nothing_but_its_variables";
    if child::base().is_some() {
        let symphony = symphony::ClientBuilder::from_env().expect("settings").build().expect("a client");
        symphony.list_entitlements().send().await.expect("signed");
        let crm = crm_gateway::ClientBuilder::from_env().expect("settings").build().expect("a client");
        crm.list_entitlements().send().await.expect("logged in");
        let app = connect::ClientBuilder::from_env().expect("settings").build().expect("a client");
        let shield = app.shield(Credential::phone(fake_connect::PHONE)).channel("DM");
        shield.enterprise(fake_connect::ENTERPRISE).send().await.expect("logged in");
        return;
    }
    let symphony = fake_symphony::Fake::start().await;
    let crm = fakes::crm_gateway::Fake::start().await;
    let connect = fake_connect::Fake::start().await;
    let files = Files::new();
    let key = files.with("key.pem", fake_symphony::PLAINLY_FAKE_KEY);
    let password = files.with("password", format!("{}\n", keycloak::PASSWORD));
    let secret = files.with("secret", format!("{}\n", connect.client_secret()));
    let environment = [
        (child::BASE, "of a child"),
        ("ENTITLEMENTS_SYMPHONY_BASE_URL", &*symphony.base_url()),
        ("ENTITLEMENTS_SYMPHONY_KEY_NAME", fake_symphony::KEY_NAME),
        ("ENTITLEMENTS_SYMPHONY_PRIVATE_KEY_FILE", &*key),
        ("ENTITLEMENTS_CRM_GATEWAY_BASE_URL", &*crm.uri()),
        ("ENTITLEMENTS_CRM_GATEWAY_TOKEN_URL", &*crm.keycloak().token_url()),
        ("ENTITLEMENTS_CRM_GATEWAY_CLIENT_ID", keycloak::CLIENT_ID),
        ("ENTITLEMENTS_CRM_GATEWAY_USERNAME", keycloak::USER),
        ("ENTITLEMENTS_CRM_GATEWAY_PASSWORD_FILE", &*password),
        ("ENTITLEMENTS_CONNECT_API_SERVER", &*connect.api_url()),
        ("ENTITLEMENTS_CONNECT_LOGIN_SERVER", &*connect.login_url()),
        ("ENTITLEMENTS_CONNECT_CLIENT_ID", connect.client_id()),
        ("ENTITLEMENTS_CONNECT_CLIENT_SECRET_FILE", &*secret),
    ];
    child::run(NAME, &environment).await;
    assert_eq!(symphony.journal().total(), 1);
    assert_eq!(crm.keycloak().counts().logins, 1);
    assert_eq!(connect.counts().client_logins, 1);
}
