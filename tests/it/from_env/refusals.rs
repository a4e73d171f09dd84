//! Credentials of the environment that cannot be.

use std::{error::Error as _, fmt::Write};

use entitlements::{
    Error, ErrorKind, Result, connect, crm_gateway, fakes::symphony::PLAINLY_FAKE_KEY, symphony,
};

use super::{files::Files, of};

const EC_KEY: &str = include_str!("../../../src/fakes/keys/plainly-fake-ec.pem");

/// What is read, what has to be in the text, and which values of which variables it is read from.
type Row<'v> = (&'static str, &'static str, &'v [(&'v str, &'v str)]);

fn symphony(variables: &[(&str, &str)]) -> Result<()> {
    let base = [("BASE_URL", symphony::UAT)];
    symphony::ClientBuilder::from_variables(of("SYMPHONY", base.iter().chain(variables))).map(drop)
}

fn crm_gateway(variables: &[(&str, &str)]) -> Result<()> {
    let base = [("BASE_URL", "https://operator.example")];
    crm_gateway::ClientBuilder::from_variables(of("CRM_GATEWAY", base.iter().chain(variables))).map(drop)
}

fn connect(variables: &[(&str, &str)]) -> Result<()> {
    let variables = || of("CONNECT", [("ENVIRONMENT", "test")].iter().chain(variables));
    let app = connect::ClientBuilder::from_variables(variables()).map(drop);
    let user = connect::UserClientBuilder::from_variables(variables()).map(drop);
    assert_eq!(format!("{app:?}"), format!("{user:?}"), "both builders read the same");
    app
}

/// All that an error says, its sources included.
fn said(error: &Error) -> String {
    let mut said = format!("{error} {error:?} {error:#?}");
    let mut source = error.source();
    while let Some(error) = source {
        let _ = write!(said, " {error} {error:?}");
        source = error.source();
    }
    said
}

#[track_caller]
fn refused(service: &str, read: impl Fn(&[(&str, &str)]) -> Result<()>, rows: &[Row<'_>]) {
    for (variable, rule, row) in rows {
        let names: Vec<_> = row.iter().map(|(name, _)| *name).collect();
        let error = read(row).err().unwrap_or_else(|| panic!("{service} takes {names:?}"));
        assert_eq!(error.kind(), ErrorKind::Configuration, "{names:?}");
        let said = said(&error);
        let told = format!("the environment variable `ENTITLEMENTS_{service}_{variable}` {rule}");
        assert!(said.contains(&told), "`{told}` is not in: {error}");
        // Words that are ours may stand in the text.
        let ours = ["client_credentials", "basic", "form"];
        for (name, value) in row.iter().filter(|(_, value)| !value.is_empty() && !ours.contains(value)) {
            assert!(!said.contains(value.trim()), "{names:?}: the text tells what `{name}` is");
        }
    }
}

#[test]
fn of_symphony() {
    let files = Files::new();
    let ec = files.with("ec.pem", EC_KEY);
    let name = ("KEY_NAME", "plainly-fake-name");
    let key = ("PRIVATE_KEY", PLAINLY_FAKE_KEY);
    let token = ("TOKEN", "plainly-fake-token");
    let rows: &[Row<'_>] = &[
        // Incomplete.
        ("PRIVATE_KEY", "is not set, nor is `PRIVATE_KEY_FILE`, but `KEY_NAME` is", &[name]),
        ("KEY_NAME", "is not set, but `PRIVATE_KEY` is", &[key]),
        ("KEY_NAME", "is not set, but `PRIVATE_KEY_FILE` is", &[("PRIVATE_KEY_FILE", &ec)]),
        ("KEY_NAME", "is not set, but `TOKEN_LIFETIME` is", &[("TOKEN_LIFETIME", "77s")]),
        ("KEY_NAME", "is not set, but `BACKDATE` is", &[("BACKDATE", "77s")]),
        ("KEY_NAME", "is not set, but `PRIVATE_KEY` is", &[("KEY_NAME", ""), key]),
        // Contradicting.
        ("PRIVATE_KEY", "is set beside `PRIVATE_KEY_FILE`; set one", &[name, key, ("PRIVATE_KEY_FILE", &ec)]),
        ("TOKEN", "is set beside `TOKEN_FILE`; set one", &[token, ("TOKEN_FILE", "/nowhere/token")]),
        ("TOKEN", "is set beside `KEY_NAME`; set one", &[token, name, key]),
        ("TOKEN", "is set beside `PRIVATE_KEY`; set one", &[token, key]),
        ("TOKEN", "is set beside `PRIVATE_KEY_FILE`; set one", &[token, ("PRIVATE_KEY_FILE", &ec)]),
        ("TOKEN", "is set beside `TOKEN_LIFETIME`; set one", &[token, ("TOKEN_LIFETIME", "77s")]),
        ("TOKEN", "is set beside `BACKDATE`; set one", &[token, ("BACKDATE", "77s")]),
        // What cannot be.
        ("KEY_NAME", "has control characters", &[("KEY_NAME", "plainly\nfake"), key]),
        (
            "PRIVATE_KEY",
            "gives no key that can be used: the text is not",
            &[name, ("PRIVATE_KEY", "plainly-fake")],
        ),
        (
            "PRIVATE_KEY_FILE",
            "gives no key that can be used: the private key is no RSA key",
            &[name, ("PRIVATE_KEY_FILE", &ec)],
        ),
        ("TOKEN_LIFETIME", "must be a time", &[name, key, ("TOKEN_LIFETIME", "77 apples")]),
        ("BACKDATE", "must be a time", &[name, key, ("BACKDATE", "-77s")]),
        ("TOKEN", "gives characters that no bearer token may hold", &[("TOKEN", "plainly fake")]),
        ("PRIVAT_KEY", "is not a variable of this client", &[("PRIVAT_KEY", "plainly-fake")]),
        // Of other services.
        ("CLIENT_SECRET", "is not a variable of this client", &[("CLIENT_SECRET", "plainly-fake")]),
    ];
    refused("SYMPHONY", symphony, rows);
}

#[test]
fn of_the_crm_gateway() {
    let url = ("TOKEN_URL", "https://keycloak.example/token");
    let (base, realm) = (("KEYCLOAK_URL", "https://keycloak.example/auth"), ("REALM", "plainly-realm"));
    let (id, secret) = (("CLIENT_ID", "plainly-client"), ("CLIENT_SECRET", "plainly-fake-secret"));
    let (user, password) = (("USERNAME", "plainly-user"), ("PASSWORD", "plainly-fake-password"));
    let own = ("GRANT", "client_credentials");
    let token = ("TOKEN", "plainly-fake-token");
    let login = [id, user, password];
    let with = |more: &[(&'static str, &'static str)]| [&login[..], more].concat();
    refused(
        "CRM_GATEWAY",
        crm_gateway,
        &[
            // Incomplete.
            ("TOKEN_URL", "is not set, nor are `KEYCLOAK_URL` and `REALM`, but `CLIENT_ID` is", &with(&[])),
            (
                "TOKEN_URL",
                "is not set, nor are `KEYCLOAK_URL` and `REALM`, but `SCOPE` is",
                &[("SCOPE", "plainly")],
            ),
            ("REALM", "is not set, but `KEYCLOAK_URL` is", &with(&[base])),
            ("KEYCLOAK_URL", "is not set, but `REALM` is", &with(&[realm])),
            ("CLIENT_ID", "is not set, but `TOKEN_URL` is", &[url, user, password]),
            ("CLIENT_ID", "is not set, but `KEYCLOAK_URL` is", &[base, realm, user, password]),
            ("USERNAME", "is not set, but `TOKEN_URL` is, without `GRANT=client_credentials`", &[url, id]),
            (
                "USERNAME",
                "is not set, but `TOKEN_URL` is, without `GRANT=client_credentials`",
                &[url, id, secret, password],
            ),
            ("PASSWORD", "is not set, nor is `PASSWORD_FILE`, but `USERNAME` is", &[url, id, user]),
            (
                "CLIENT_SECRET",
                "is not set, nor is `CLIENT_SECRET_FILE`, but `GRANT=client_credentials` is",
                &[url, id, own],
            ),
            // Contradicting.
            ("TOKEN_URL", "is set beside `KEYCLOAK_URL`; set one", &with(&[url, base, realm])),
            ("TOKEN_URL", "is set beside `REALM`; set one", &with(&[url, realm])),
            (
                "PASSWORD",
                "is set beside `PASSWORD_FILE`; set one",
                &with(&[url, ("PASSWORD_FILE", "/nowhere/password")]),
            ),
            (
                "CLIENT_SECRET",
                "is set beside `CLIENT_SECRET_FILE`; set one",
                &with(&[url, secret, ("CLIENT_SECRET_FILE", "/nowhere/secret")]),
            ),
            ("USERNAME", "is set beside `GRANT=client_credentials`; set one", &[url, id, secret, own, user]),
            (
                "PASSWORD",
                "is set beside `GRANT=client_credentials`; set one",
                &[url, id, secret, own, password],
            ),
            (
                "PASSWORD_FILE",
                "is set beside `GRANT=client_credentials`; set one",
                &[url, id, secret, own, ("PASSWORD_FILE", "/nowhere/password")],
            ),
            ("TOKEN", "is set beside `TOKEN_FILE`; set one", &[token, ("TOKEN_FILE", "/nowhere/token")]),
            // What cannot be.
            ("GRANT", "must be `password` or `client_credentials`", &with(&[url, ("GRANT", "implicit")])),
            (
                "CLIENT_AUTHENTICATION",
                "must be `basic` or `form`",
                &with(&[url, ("CLIENT_AUTHENTICATION", "jwt")]),
            ),
            ("TOKEN", "gives characters that no bearer token may hold", &[("TOKEN", "plainly\u{e5}fake")]),
            (
                "CLIENT_SECRT",
                "is not a variable of this client",
                &with(&[url, ("CLIENT_SECRT", "plainly-fake-secret")]),
            ),
            ("KEY_NAME", "is not a variable of this client", &[("KEY_NAME", "plainly-fake")]),
        ],
    );
    // A token stands alone.
    for other in [
        url,
        base,
        realm,
        id,
        secret,
        user,
        password,
        own,
        ("CLIENT_SECRET_FILE", "/nowhere/secret"),
        ("PASSWORD_FILE", "/nowhere/password"),
        ("SCOPE", "plainly"),
        ("CLIENT_AUTHENTICATION", "form"),
    ] {
        let rule: &'static str = format!("is set beside `{}`; set one", other.0).leak();
        refused("CRM_GATEWAY", crm_gateway, &[("TOKEN", rule, &[token, other])]);
    }
}

#[test]
fn of_connect() {
    let (id, secret) = (("CLIENT_ID", "plainly-client"), ("CLIENT_SECRET", "plainly-fake-secret"));
    let token = ("TOKEN", "plainly-fake-token");
    let secret_file = ("CLIENT_SECRET_FILE", "/nowhere/secret");
    refused(
        "CONNECT",
        connect,
        &[
            // Incomplete.
            ("CLIENT_SECRET", "is not set, nor is `CLIENT_SECRET_FILE`, but `CLIENT_ID` is", &[id]),
            ("CLIENT_ID", "is not set, but `CLIENT_SECRET` is", &[secret]),
            ("CLIENT_ID", "is not set, but `CLIENT_SECRET_FILE` is", &[secret_file]),
            // Contradicting.
            ("CLIENT_SECRET", "is set beside `CLIENT_SECRET_FILE`; set one", &[id, secret, secret_file]),
            ("TOKEN", "is set beside `TOKEN_FILE`; set one", &[token, ("TOKEN_FILE", "/nowhere/token")]),
            ("TOKEN", "is set beside `CLIENT_ID`; set one", &[token, id, secret]),
            ("TOKEN", "is set beside `CLIENT_SECRET`; set one", &[token, secret]),
            ("TOKEN", "is set beside `CLIENT_SECRET_FILE`; set one", &[token, secret_file]),
            ("TOKEN", "is set beside `SCOPE`; set one", &[token, ("SCOPE", "plainly")]),
            (
                "TOKEN",
                "is set beside `CLIENT_AUTHENTICATION`; set one",
                &[token, ("CLIENT_AUTHENTICATION", "form")],
            ),
            // What cannot be.
            (
                "CLIENT_AUTHENTICATION",
                "must be `basic` or `form`",
                &[id, secret, ("CLIENT_AUTHENTICATION", "jwt")],
            ),
            ("TOKEN", "gives characters that no bearer token may hold", &[("TOKEN", "Bearer plainly-fake")]),
            (
                "CLIENT_SECERT",
                "is not a variable of this client",
                &[("CLIENT_SECERT", "plainly-fake-secret")],
            ),
            ("USERNAME", "is not a variable of this client", &[("USERNAME", "plainly-user")]),
        ],
    );
}

/// "Not UTF-8, empty, a directory, or larger than 64 KiB is refused, without content or path."
#[test]
fn of_files() {
    let files = Files::new();
    let large = format!("plainly-fake-{}", "x".repeat(64 << 10));
    let rows = [
        ("names a file that cannot be read", "/nowhere/secret".to_owned()),
        ("names a file that cannot be read", "plainly\0fake".to_owned()),
        ("names a file that cannot be read", files.directory().to_owned()),
        ("names a file without content", files.with("empty", "")),
        ("names a file without content", files.with("line-end", "\n")),
        ("names a file without content", files.with("windows-line-end", "\r\n")),
        ("names a file that is not valid UTF-8", files.with("latin-1", b"plainly-f\xe5ke")),
        ("names a file of more than 64 KiB", files.with("large", large)),
    ];
    for (rule, path) in &rows {
        let url = ("TOKEN_URL", "https://keycloak.example/token");
        let (id, user) = (("CLIENT_ID", "plainly-client"), ("USERNAME", "plainly-user"));
        let login = [url, id, user, ("PASSWORD", "plainly-secret")];
        let key = [("KEY_NAME", "plainly-name"), ("PRIVATE_KEY_FILE", path)];
        refused("SYMPHONY", symphony, &[("PRIVATE_KEY_FILE", rule, &key)]);
        refused("SYMPHONY", symphony, &[("TOKEN_FILE", rule, &[("TOKEN_FILE", path)])]);
        let by_file = [url, id, user, ("PASSWORD_FILE", path)];
        refused("CRM_GATEWAY", crm_gateway, &[("PASSWORD_FILE", rule, &by_file)]);
        let with_secret = [&login[..], &[("CLIENT_SECRET_FILE", path)]].concat();
        refused("CRM_GATEWAY", crm_gateway, &[("CLIENT_SECRET_FILE", rule, &with_secret)]);
        refused("CRM_GATEWAY", crm_gateway, &[("TOKEN_FILE", rule, &[("TOKEN_FILE", path)])]);
        let client = [("CLIENT_ID", "plainly-client"), ("CLIENT_SECRET_FILE", path)];
        refused("CONNECT", connect, &[("CLIENT_SECRET_FILE", rule, &client)]);
        refused("CONNECT", connect, &[("TOKEN_FILE", rule, &[("TOKEN_FILE", path)])]);
        // The path is told by none of them, nor is what stands in the file.
        let error = symphony(&[("TOKEN_FILE", path)]).expect_err("refused");
        assert!(!said(&error).contains("plainly"), "{error}");
    }
    // A file of a token is one line, and only its last line end is cut.
    let two_lines = files.with("two-lines", "plainly-fake\n\n");
    let rule = "gives characters that no bearer token may hold";
    refused("SYMPHONY", symphony, &[("TOKEN_FILE", rule, &[("TOKEN_FILE", &two_lines)])]);
}

/// What the rules of the logins refuse, they refuse when the client is built.
#[test]
fn at_build() {
    let login = |name: &'static str, value: &'static str| {
        let mut all = vec![
            ("BASE_URL", "https://operator.example"),
            ("TOKEN_URL", "https://keycloak.example/token"),
            ("CLIENT_ID", "plainly-client"),
            ("USERNAME", "plainly-user"),
            ("PASSWORD", "plainly-fake"),
        ];
        match name {
            "REALM" => all[1] = ("KEYCLOAK_URL", "https://keycloak.example"),
            _ => all.retain(|(other, _)| *other != name),
        }
        all.push((name, value));
        let builder = crm_gateway::ClientBuilder::from_variables(of("CRM_GATEWAY", &all));
        builder.expect("settings").build().expect_err(name)
    };
    for (name, value, told) in [
        ("TOKEN_URL", "keycloak.example", "the token URL"),
        ("REALM", "..", "the realm"),
        ("CLIENT_ID", "plainly\nfake", "the client id"),
        ("USERNAME", "plainly\nfake", "the user name"),
        ("SCOPE", "plainly\nfake", "the scope"),
    ] {
        let error = login(name, value);
        assert_eq!(error.kind(), ErrorKind::Configuration);
        let said = said(&error);
        assert!(said.contains(told), "{said}");
        assert!(!said.contains("plainly") && !said.contains("keycloak.example"), "{said}");
    }
    for (name, told) in [("CLIENT_ID", "the client id"), ("SCOPE", "the scope")] {
        let mut all =
            vec![("ENVIRONMENT", "test"), ("CLIENT_SECRET", "plainly-fake"), (name, "plainly\nfake")];
        if name != "CLIENT_ID" {
            all.push(("CLIENT_ID", "plainly-client"));
        }
        let builder = connect::ClientBuilder::from_variables(of("CONNECT", &all)).expect("settings");
        let error = builder.build().expect_err(name);
        assert!(error.to_string().contains(told) && !said(&error).contains("plainly"), "{error}");
    }
}

/// Neither a builder nor a client shows what it was given.
#[test]
fn nothing_secret_is_shown() {
    let symphony = [("BASE_URL", symphony::UAT), ("KEY_NAME", "desk"), ("PRIVATE_KEY", PLAINLY_FAKE_KEY)];
    let crm = [
        ("BASE_URL", "https://operator.example"),
        ("TOKEN_URL", "https://keycloak.example/token"),
        ("CLIENT_ID", "crm_client"),
        ("CLIENT_SECRET", "not-a-real-secret"),
        ("USERNAME", "not-a-real-user"),
        ("PASSWORD", "not-a-real-password"),
    ];
    let app = [("ENVIRONMENT", "test"), ("CLIENT_ID", "no.example"), ("CLIENT_SECRET", "not-a-real-secret")];
    let user = [("ENVIRONMENT", "test"), ("TOKEN", "not-a-real-token")];
    let mut shown = Vec::new();
    let builder = symphony::ClientBuilder::from_variables(of("SYMPHONY", &symphony)).expect("settings");
    shown.extend([format!("{builder:?}"), format!("{:?}", builder.build())]);
    let builder = crm_gateway::ClientBuilder::from_variables(of("CRM_GATEWAY", &crm)).expect("settings");
    shown.extend([format!("{builder:?}"), format!("{:?}", builder.build())]);
    let builder = connect::ClientBuilder::from_variables(of("CONNECT", &app)).expect("settings");
    shown.extend([format!("{builder:?}"), format!("{:?}", builder.build())]);
    let builder = connect::UserClientBuilder::from_variables(of("CONNECT", &user)).expect("settings");
    shown.extend([format!("{builder:?}"), format!("{:?}", builder.build())]);
    let shown = shown.concat();
    assert!(!shown.contains("Err("), "all of them are complete");
    assert!(!shown.contains("not-a-real"), "a secret or a user's name is shown");
    let key = PLAINLY_FAKE_KEY.lines().nth(1).expect("a line");
    assert!(!shown.contains(key), "the private key is shown");
}
