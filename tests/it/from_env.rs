//! Clients whose settings come from environment variables.

mod files;
mod logins;
mod precedence;
mod refusals;

use std::process::Command;

use entitlements::{
    ErrorKind,
    auth::StaticToken,
    connect, crm_gateway,
    fakes::{self, crm_gateway::Operation},
    symphony,
};

/// Variables of a service, with its prefix.
fn of<'v>(
    service: &str,
    variables: impl IntoIterator<Item = &'v (&'v str, &'v str)>,
) -> Vec<(String, String)> {
    let full = |(name, value): &(&str, &str)| (format!("ENTITLEMENTS_{service}_{name}"), (*value).to_owned());
    variables.into_iter().map(full).collect()
}

/// The variables of a process cannot be set from within, so the test starts itself once more.
#[test]
fn the_variables_of_the_process_are_read() {
    const NAME: &str = "from_env::the_variables_of_the_process_are_read";
    if std::env::var_os("ENTITLEMENTS_SYMPHONY_BASE_URL").is_some() {
        let client = symphony::ClientBuilder::from_env().expect("settings");
        let client = client.auth(StaticToken::new("plainly-fake")).build().expect("a client");
        println!("{client:?}");
        let error = crm_gateway::ClientBuilder::from_env().expect_err("no base URL");
        println!("{error}");
        let error = connect::UserClientBuilder::from_env().expect_err("misspelt");
        println!("{error}");
        return;
    }
    let output = Command::new(std::env::current_exe().expect("this binary"))
        .args([NAME, "--exact", "--nocapture"])
        .env("ENTITLEMENTS_SYMPHONY_BASE_URL", "https://symphony.example/admin")
        .env("ENTITLEMENTS_SYMPHONY_DEADLINE", "30s")
        .env("ENTITLEMENTS_CONNECT_ENVIRONMENT", "sweden")
        .env("ENTITLEMENTS_CONNECT_DEADLIN", "30s")
        .output()
        .expect("starts");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    for told in [
        "https://symphony.example/admin",
        "the environment variable `ENTITLEMENTS_CRM_GATEWAY_BASE_URL` is not set",
        "the environment variable `ENTITLEMENTS_CONNECT_DEADLIN` is not a variable of this client",
    ] {
        assert!(text.contains(told), "`{told}` is not in {text}");
    }
}

#[tokio::test]
async fn a_client_does_what_its_variables_say() {
    let fake = fakes::crm_gateway::Fake::builder()
        .faults(Operation::GetEntitlements, fakes::Fault::status(503).always())
        .start()
        .await;
    let builder = crm_gateway::ClientBuilder::from_variables([
        ("ENTITLEMENTS_CRM_GATEWAY_BASE_URL", fake.uri().as_str()),
        ("ENTITLEMENTS_CRM_GATEWAY_TENANT", "plainly-fake-tenant"),
        ("ENTITLEMENTS_CRM_GATEWAY_MAX_ATTEMPTS", "1"),
        ("ENTITLEMENTS_CRM_GATEWAY_APPLICATION", "roster-sync/2.1"),
        ("ENTITLEMENTS_SYMPHONY_TIMEOUT", "of another client"),
    ]);
    let client = builder.expect("settings").auth(StaticToken::new("plainly-fake")).build().expect("a client");
    let error = client.list_entitlements().send().await.expect_err("503");
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Server, 1));
    let request = &fake.received()[0];
    let header = |name| request.header(name).unwrap_or_default().to_owned();
    assert_eq!(header("nv-tenant-id"), "plainly-fake-tenant");
    assert!(header("user-agent").starts_with("roster-sync/2.1 entitlements/"));
}

#[test]
fn connect_takes_an_environment_or_two_servers() {
    let read = |variables: &[(&str, &str)]| {
        let variables =
            variables.iter().map(|(name, value)| (format!("ENTITLEMENTS_CONNECT_{name}"), value.to_string()));
        let builder = connect::ClientBuilder::from_variables(variables)?;
        builder.client_login("plainly-fake", "plainly-fake").build().map(|client| format!("{client:?}"))
    };
    for (environment, server) in [
        ("norway", "https://api.mediaconnect.no/capi"),
        ("Sweden", "https://api.mediaconnect.no/capi"),
        ("TEST", "https://api-test.mediaconnect.no/capi"),
    ] {
        assert!(read(&[("ENVIRONMENT", environment)]).expect(environment).contains(server));
    }
    let servers = [("API_SERVER", "https://api.example"), ("LOGIN_SERVER", "https://login.example")];
    assert!(read(&servers).expect("two servers").contains("https://api.example"));
    for (variables, told) in [
        (&[][..], "is not set, nor are"),
        (&[("ENVIRONMENT", "denmark")], "must be `norway`, `sweden` or `test`"),
        (&servers[..1], "only one of"),
        (&[("ENVIRONMENT", "test"), servers[0]], "is set beside"),
    ] {
        let error = read(variables).expect_err(told);
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.to_string().contains(told), "{error}");
    }
}
