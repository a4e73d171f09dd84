//! "What code sets afterwards wins over the environment."

use entitlements::{
    auth::{ClientAuthentication, StaticToken, UserTokens},
    connect::{self, Credential},
    crm_gateway,
    fakes::{self, connect as fake_connect},
    symphony,
};

use super::of;

const OF_CODE: &str = "plainly-fake-token-of-code";

#[tokio::test]
async fn a_credential_of_code_comes_before_one_of_the_environment() {
    let of_code = || StaticToken::new(OF_CODE);
    let fake = fakes::symphony::Fake::builder().accept_token(OF_CODE).start().await;
    let variables = of("SYMPHONY", &[("BASE_URL", &*fake.base_url()), ("TOKEN", "plainly-fake")]);
    let builder = symphony::ClientBuilder::from_variables(variables).expect("settings");
    let client = builder.auth(of_code()).build().expect("a client");
    client.list_entitlements().send().await.expect("an accepted token");

    let fake = fakes::crm_gateway::Fake::builder().accept_token(OF_CODE).start().await;
    let variables = [
        ("BASE_URL", &*fake.uri()),
        ("TOKEN_URL", &*fake.keycloak().token_url()),
        ("CLIENT_ID", "crm_client"),
        ("USERNAME", "crm_client_user"),
        ("PASSWORD", "plainly-fake"),
    ];
    let builder = crm_gateway::ClientBuilder::from_variables(of("CRM_GATEWAY", &variables));
    let client = builder.expect("settings").auth(of_code()).build().expect("a client");
    client.list_entitlements().send().await.expect("an accepted token");
    assert_eq!(fake.keycloak().received().len(), 0);
}

#[tokio::test]
async fn whatever_code_says_about_connect_comes_first() {
    let fake = fake_connect::Fake::builder()
        .accept_client_token(OF_CODE)
        .accept_user_token("plainly-fake-user-token", fake_connect::USER)
        .start()
        .await;
    let servers = [("API_SERVER", &*fake.api_url()), ("LOGIN_SERVER", &*fake.login_url())];
    let builder = |row: &[(&str, &str)]| {
        connect::ClientBuilder::from_variables(of("CONNECT", servers.iter().chain(row))).expect("settings")
    };
    let shield = async |builder: connect::ClientBuilder| {
        let client = builder.build().expect("a client");
        let shield = client.shield(Credential::phone(fake_connect::PHONE)).channel("DM");
        shield.enterprise(fake_connect::ENTERPRISE).send().await.expect("the credential of code")
    };
    let wrong = [
        ("CLIENT_ID", "plainly.fake"),
        ("CLIENT_SECRET", "plainly-fake"),
        ("CLIENT_AUTHENTICATION", "basic"),
        ("SCOPE", "plainly:fake"),
    ];
    let (id, secret) = (fake.client_id(), fake.client_secret());
    shield(builder(&wrong).auth(StaticToken::new(OF_CODE))).await;
    shield(builder(&[("TOKEN", "plainly-fake")]).auth(StaticToken::new(OF_CODE))).await;
    assert_eq!(fake.counts().client_logins, 0);
    shield(builder(&[("TOKEN", "plainly-fake")]).client_login(id, secret)).await;
    let of_code = builder(&wrong).client_login(id, secret).scope("of:code");
    shield(of_code.client_authentication(ClientAuthentication::Form)).await;
    let received = fake.received();
    let login = received.iter().rfind(|request| request.path.ends_with("/oauth/token")).expect("a login");
    assert_eq!(login.form("scope").as_deref(), Some("of:code"));
    assert_eq!(login.form("client_id").as_deref(), Some(id));

    let user = |row: &[(&str, &str)]| {
        let variables = of("CONNECT", servers.iter().chain(row));
        connect::UserClientBuilder::from_variables(variables).expect("settings")
    };
    let of_environment = [("TOKEN", "plainly-fake")];
    let token = || "plainly-fake-user-token";
    for builder in [
        user(&of_environment).tokens(UserTokens::new(token())),
        user(&of_environment).auth(StaticToken::new(token())),
    ] {
        let user = builder.build().expect("a client");
        user.list_global_permissions().send().await.expect("the user of code");
    }
}

/// A credential is optional in the environment.
#[test]
fn without_a_credential_anywhere_the_builder_says_so() {
    let symphony = symphony::ClientBuilder::from_variables(of("SYMPHONY", &[("BASE_URL", symphony::UAT)]));
    let crm = of("CRM_GATEWAY", &[("BASE_URL", "https://operator.example")]);
    let connect = || of("CONNECT", &[("ENVIRONMENT", "test")]);
    for (error, told) in [
        (symphony.expect("settings").build().expect_err("nobody"), "no credential was given"),
        (
            crm_gateway::ClientBuilder::from_variables(crm).expect("settings").build().expect_err("nobody"),
            "no credential was given",
        ),
        (
            connect::ClientBuilder::from_variables(connect()).expect("settings").build().expect_err("nobody"),
            "no login was given",
        ),
        (
            connect::UserClientBuilder::from_variables(connect())
                .expect("settings")
                .build()
                .expect_err("nobody"),
            "no user is logged in",
        ),
    ] {
        assert!(error.to_string().contains(told), "{error}");
    }
}
