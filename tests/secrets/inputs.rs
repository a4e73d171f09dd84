//! Secrets that cannot be used, or that stand where none should: the refusal does not quote them.

use std::time::Duration;

use entitlements::{
    Error, ErrorKind,
    auth::{JwtSigner, Keycloak, StaticToken, UserTokens},
    connect::{self, Environment},
    crm_gateway,
    fakes::symphony::PLAINLY_FAKE_KEY,
    symphony,
    time::TestClock,
};

use super::{
    logins::{self, app, crm, http, keycloak, nothing, shield, tokens},
    room::{Room, Told},
    secrets::{ACCESS, API_KEY, CLIENT_SECRET, PASSWORD, REFRESH, USER, USER_ACCESS},
    server::Server,
};

/// What makes a text one that no header can carry.
const BREAKS: [&str; 6] = ["\n", "\r\nx-more: 1", "\0", "\u{7f}", " ", "\u{f8}"];

#[tokio::test]
async fn no_token_that_no_header_can_carry_is_quoted() {
    let mut room = Room::enter().await;
    let server = Server::start().await;
    let base = server.uri();
    for broken in BREAKS {
        let token = format!("{ACCESS}{broken}{USER_ACCESS}");
        let mut told = Told::default();
        let fixed = StaticToken::new(&token);
        told.debug("token", &fixed);
        let symphony = symphony::Client::builder(&base).auth(fixed).build().expect("a client");
        told.outcome(symphony.list_entitlements().send().await);
        told.debug("client", &symphony);

        let given = UserTokens::new(&token).refresh_token(REFRESH).expires_in(Duration::from_secs(60));
        told.debug("tokens", &given);
        let app = app(&base, &TestClock::new()).build().expect("a client");
        told.outcome(app.as_user(given).list_global_permissions().send().await);

        let (answer, clock) = (token.clone(), TestClock::new());
        server.set(move |request| {
            let mut all = tokens();
            all["access_token"] = answer.as_str().into();
            Some(logins::json(200, &if request.is_login() { all } else { nothing() }))
        });
        let login = keycloak(&base).password(USER, PASSWORD);
        let client = crm(&base, login, &clock).build().expect("a client");
        told.outcome(client.list_entitlements().send().await);
        told.outcome(shield(&app).send().await);
        assert_eq!(told.errors, 4, "{broken:?}");
        room.row(format!("{broken:?}"), &told);
    }
    room.leave(BREAKS.len());
}

/// A refresh token can be anything that a form can carry.
#[tokio::test]
async fn no_refresh_token_is_quoted_whatever_it_is() {
    let mut room = Room::enter().await;
    let server = Server::start().await;
    for broken in BREAKS {
        let mut told = Told::default();
        let tokens = UserTokens::new(USER_ACCESS)
            .refresh_token(format!("{REFRESH}{broken}{USER_ACCESS}"))
            .expires_in(Duration::ZERO);
        told.debug("tokens", &tokens);
        let app = app(&server.uri(), &TestClock::new()).build().expect("a client");
        server.set(|request| Some(http(400, &[], &request.in_one_line())));
        let user = app.as_user(tokens);
        told.outcome(user.list_global_permissions().send().await);
        told.outcome(user.list_global_permissions().send().await);
        assert!(told.errors > 0, "{broken:?}");
        room.row(format!("{broken:?}"), &told);
    }
    room.leave(BREAKS.len());
}

#[tokio::test]
async fn no_key_that_cannot_be_read_is_quoted() {
    let mut room = Room::enter().await;
    let body = PLAINLY_FAKE_KEY.lines().filter(|line| !line.starts_with('-'));
    let texts = [
        ("no PEM", body.clone().collect::<Vec<_>>().join("\n")),
        ("cut", PLAINLY_FAKE_KEY[..900].to_owned()),
        ("without its end", PLAINLY_FAKE_KEY.replace("-----END PRIVATE KEY-----", "")),
        (
            "without a line",
            PLAINLY_FAKE_KEY.replacen(&format!("{}\n", body.clone().nth(3).unwrap_or_default()), "", 1),
        ),
        ("a sign within", PLAINLY_FAKE_KEY.replacen("MII", "M!I", 1)),
        ("another letter within", PLAINLY_FAKE_KEY.replacen("MII", "MIJ", 1)),
        ("as a public key", PLAINLY_FAKE_KEY.replace("PRIVATE", "PUBLIC")),
        ("as an encrypted key", PLAINLY_FAKE_KEY.replace("PRIVATE", "ENCRYPTED PRIVATE")),
        ("as an older key", PLAINLY_FAKE_KEY.replace("PRIVATE", "RSA PRIVATE")),
        ("as a key of another kind", PLAINLY_FAKE_KEY.replace("PRIVATE", "EC PRIVATE")),
        ("in one line", PLAINLY_FAKE_KEY.replace('\n', "\\n")),
    ];
    for (name, pem) in &texts {
        let mut told = Told::default();
        told.outcome(JwtSigner::from_pem("desk", pem));
        assert_eq!(told.errors, 1, "{name}");
        room.row(name, &told);
    }
    // The key where its name is meant.
    let mut told = Told::default();
    told.outcome(JwtSigner::from_pem(PLAINLY_FAKE_KEY, "desk"));
    assert_eq!(told.errors, 1);
    room.row("swapped", &told);
    room.leave(texts.len() + 1);
}

/// Builders that are given a secret in a wrong place.
fn refusals() -> Vec<(String, Result<(), Error>)> {
    let base = "http://127.0.0.1:9";
    let clock = TestClock::new();
    let login = || keycloak(base).password(USER, PASSWORD);
    let crm = |login: Keycloak| crm(base, login, &clock);
    let fixed = || StaticToken::new(ACCESS);
    let with_login = format!("https://{USER}:{ACCESS}@api.example");
    let mut all = Vec::new();
    let mut add = |name: &str, outcome: Result<(), Error>| all.push((name.to_owned(), outcome));
    let broken = format!("{PASSWORD}\n{ACCESS}");

    let gateway = |url: &str| crm_gateway::Client::builder(url).auth(fixed()).build().map(drop);
    add("base URL with a login", gateway(&with_login));
    add("base URL with a query", gateway(&format!("https://api.example/?token={ACCESS}")));
    add("base URL with a fragment", gateway(&format!("https://api.example/#{ACCESS}")));
    add("base URL that is none", gateway(ACCESS));
    add("base URL that is a password", gateway(PASSWORD));
    add("host that is a password", gateway(&format!("https://{PASSWORD}/")));
    add("scheme that is a token", gateway(&format!("{API_KEY}://api.example")));
    let keycloak =
        |url: &str| crm(Keycloak::new(url).client_id("c").password(USER, PASSWORD)).build().map(drop);
    add("token URL with a login", keycloak(&with_login));
    add("token URL with a query", keycloak(&format!("https://login.example/?secret={ACCESS}")));
    add("token URL that is none", keycloak(PASSWORD));
    let realm = Keycloak::realm(base, &broken).client_id("c").password(USER, PASSWORD);
    add("realm", crm(realm).build().map(drop));
    add("client id", crm(login().client_id(&broken)).build().map(drop));
    add("user name", crm(login().password(&broken, PASSWORD)).build().map(drop));
    add("scope", crm(login().scope(&broken)).build().map(drop));
    add("no client id", crm(login().client_id("")).build().map(drop));
    add("header value", crm(login()).default_header("x-api-key", format!("{API_KEY}\n")).build().map(drop));
    add("header name", crm(login()).default_header(&broken, "1").build().map(drop));
    add(
        "header of ours",
        crm(login()).default_header("authorization", format!("Bearer {ACCESS}")).build().map(drop),
    );
    add("application", crm(login()).application(&broken).build().map(drop));
    for (name, url) in [
        ("proxy that is none", PASSWORD.to_owned()),
        ("proxy of another kind", format!("socks5://{USER}:{ACCESS}@proxy.example")),
        ("proxy with a path", format!("http://{USER}:{ACCESS}@proxy.example/{ACCESS}")),
        ("proxy with a port that is none", format!("http://proxy.example:{ACCESS}")),
        ("proxy with nothing behind its login", format!("http://{USER}:{ACCESS}@")),
    ] {
        add(name, crm(login()).proxy(url).build().map(drop));
    }
    let environment = |api: &str, login: &str| {
        let environment = Environment::custom(api, login);
        connect::Client::builder(environment).client_login("c", CLIENT_SECRET).build().map(drop)
    };
    add("API server", environment(&with_login, base));
    add("login server", environment(base, &with_login));
    let connect = || app(base, &clock);
    add("Connect's client id", connect().client_login(&broken, CLIENT_SECRET).build().map(drop));
    add("Connect's scope", connect().scope(&broken).build().map(drop));
    add("method", connect().method_of(connect::Unconfirmed::ShieldEnterprise, &broken).build().map(drop));
    add("path", connect().path_of(connect::Unconfirmed::ShieldEnterprise, &broken).build().map(drop));
    for name in [
        "BASE_URL",
        "TENANT",
        "TIMEOUT",
        "DEADLINE",
        "MAX_ATTEMPTS",
        "MAX_BODY",
        "RATE_LIMIT",
        "PROXY",
        "APPLICATION",
        "ALLOW_PLAIN_HTTP",
        "PLATFORM_ROOTS",
        "CLIENT_CERTIFICATE_FILE",
        "ROOT_CERTIFICATES_FILE",
        "UNKNOWN",
    ] {
        let name = format!("ENTITLEMENTS_CRM_GATEWAY_{name}");
        let base = ("ENTITLEMENTS_CRM_GATEWAY_BASE_URL", base);
        let variables = [base, (name.as_str(), broken.as_str())];
        let variables = if name == base.0 { &variables[1..] } else { &variables[..] };
        let builder = crm_gateway::ClientBuilder::from_variables(variables.iter().copied());
        add(&name, builder.and_then(|builder| builder.auth(fixed()).build()).map(drop));
    }
    all
}

#[tokio::test]
async fn no_setting_that_cannot_be_is_quoted() {
    let mut room = Room::enter().await;
    let all = refusals();
    for (name, outcome) in &all {
        let mut told = Told::default();
        let error = outcome.as_ref().expect_err(name);
        assert_eq!(error.kind(), ErrorKind::Configuration, "{name}: {error}");
        told.error(error);
        room.row(name, &told);
    }
    assert!(all.len() > 40);
    room.leave(all.len());
}
