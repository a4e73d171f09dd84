//! Credentials from environment variables and from the files that they name.

use std::path::PathBuf;

use entitlements::{Error, connect, crm_gateway, fakes::symphony::PLAINLY_FAKE_KEY, symphony};

use super::{
    logins::{nothing, tokens, well},
    room::{Room, Told},
    secrets::{ACCESS, CLIENT, CLIENT_SECRET, PASSWORD, REFRESH, USER},
    server::Server,
};

/// A directory of one test, removed at its end.
struct Files(PathBuf);

impl Files {
    fn new(name: &str) -> Self {
        let directory = std::env::temp_dir().join(format!("entitlements-told-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&directory).expect("a directory");
        Self(directory)
    }

    /// The path of a new file.
    fn with(&self, content: impl AsRef<[u8]>) -> String {
        let number = std::fs::read_dir(&self.0).expect("a directory").count();
        let path = self.0.join(number.to_string());
        std::fs::write(&path, content).expect("a file");
        path.to_str().expect("UTF-8").to_owned()
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

type Variables = Vec<(String, String)>;

/// What a builder reads, up to its client.
type Build = fn(Variables, &mut Told) -> Result<(), Error>;

/// A login as a service's variables say it: its prefix, what is no secret, and the secrets.
struct Service {
    prefix: &'static str,
    build: Build,
    open: &'static [(&'static str, &'static str)],
    secrets: &'static [(&'static str, &'static str)],
}

macro_rules! build {
    ($builder:ty) => {
        |variables, told| {
            let builder = <$builder>::from_variables(variables)?;
            told.debug("builder", &builder);
            let client = builder.build()?;
            told.debug("client", &client);
            told.debug("auth", client.auth());
            told.debug("status", &client.auth().status());
            Ok(())
        }
    };
}

const SERVICES: &[Service] = &[
    Service {
        prefix: "ENTITLEMENTS_SYMPHONY_",
        build: build!(symphony::ClientBuilder),
        open: &[("BASE_URL", "https://api.example"), ("KEY_NAME", "desk")],
        secrets: &[("PRIVATE_KEY", PLAINLY_FAKE_KEY)],
    },
    Service {
        prefix: "ENTITLEMENTS_SYMPHONY_",
        build: build!(symphony::ClientBuilder),
        open: &[("BASE_URL", "https://api.example")],
        secrets: &[("TOKEN", ACCESS)],
    },
    Service {
        prefix: "ENTITLEMENTS_CRM_GATEWAY_",
        build: build!(crm_gateway::ClientBuilder),
        open: &[
            ("BASE_URL", "https://api.example"),
            ("KEYCLOAK_URL", "https://login.example"),
            ("REALM", "nagra"),
            ("CLIENT_ID", CLIENT),
            ("USERNAME", USER),
        ],
        secrets: &[("PASSWORD", PASSWORD), ("CLIENT_SECRET", CLIENT_SECRET)],
    },
    Service {
        prefix: "ENTITLEMENTS_CRM_GATEWAY_",
        build: build!(crm_gateway::ClientBuilder),
        open: &[("BASE_URL", "https://api.example")],
        secrets: &[("TOKEN", ACCESS)],
    },
    Service {
        prefix: "ENTITLEMENTS_CONNECT_",
        build: build!(connect::ClientBuilder),
        open: &[("ENVIRONMENT", "test"), ("CLIENT_ID", CLIENT)],
        secrets: &[("CLIENT_SECRET", CLIENT_SECRET)],
    },
    Service {
        prefix: "ENTITLEMENTS_CONNECT_",
        build: build!(connect::UserClientBuilder),
        open: &[("ENVIRONMENT", "test")],
        secrets: &[("TOKEN", ACCESS)],
    },
];

impl Service {
    /// All its variables, the secrets in files.
    fn variables(&self, files: &Files) -> Variables {
        let open = self.open.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let secret = |(name, secret): &(&str, &str)| (format!("{name}_FILE"), files.with(secret));
        open.chain(self.secrets.iter().map(secret)).collect()
    }

    fn build(&self, variables: &Variables, told: &mut Told) {
        let full = |(name, value): &(String, String)| (format!("{}{name}", self.prefix), value.clone());
        if let Err(error) = (self.build)(variables.iter().map(full).collect(), told) {
            told.error(&error);
        }
    }
}

/// Contents that are no secret that could be used, or one with more than that.
fn contents(secret: &str) -> Vec<(&'static str, Vec<u8>)> {
    let bytes = |text: String| text.into_bytes();
    vec![
        ("not UTF-8", [secret.as_bytes(), &[0xff, 0xfe], secret.as_bytes()].concat()),
        ("too large", bytes(format!("{secret} ").repeat(80 * 1024 / secret.len()))),
        ("nothing", Vec::new()),
        ("a line end", bytes("\n".to_owned())),
        ("two lines", bytes(format!("{secret}\n{secret}\n"))),
        ("a space before", bytes(format!(" {secret}"))),
        ("a zero behind", bytes(format!("{secret}\0"))),
        ("half of it", bytes(secret.chars().take(secret.chars().count() / 2).collect())),
    ]
}

#[tokio::test]
async fn no_secret_of_a_variable_or_a_file_is_told() {
    let mut room = Room::enter().await;
    let files = Files::new("files");
    let (mut rows, mut refused) = (0, 0);
    let mut row = |name: String, service: &Service, variables: &Variables| {
        let mut told = Told::default();
        service.build(variables, &mut told);
        rows += 1;
        refused += told.errors;
        room.row(format!("{}, {name}", service.prefix), &told);
        told.errors
    };
    for service in SERVICES {
        let well = service.variables(&files);
        assert_eq!(row("files".to_owned(), service, &well), 0, "{}", service.prefix);
        for (name, secret) in service.secrets {
            let file = format!("{name}_FILE");
            let without: Variables = well.iter().filter(|(name, _)| *name != file).cloned().collect();
            let with = |more: &[(&str, &str)]| {
                let more = more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
                without.iter().cloned().chain(more).collect::<Variables>()
            };
            assert_eq!(row(format!("{name}, itself"), service, &with(&[(name, secret)])), 0);
            let bad = [
                ("both", with(&[(name, secret), (&file, &files.with(secret))])),
                ("both with a secret as the path", with(&[(name, secret), (&file, secret)])),
                ("the secret as the path", with(&[(&file, secret)])),
                ("the secret as a path", with(&[(&file, &format!("/{secret}/"))])),
                ("the secret as a path with a zero", with(&[(&file, &format!("{secret}\0"))])),
                ("misspelt", with(&[(name, secret), (&format!("{name}S"), secret)])),
                ("another's", with(&[(name, secret), ("API_SECRET", secret), ("COOKIE", secret)])),
            ];
            for (what, variables) in bad {
                assert_eq!(row(format!("{name}, {what}"), service, &variables), 1, "{name}, {what}");
            }
            for (what, content) in contents(secret) {
                row(format!("{file}, {what}"), service, &with(&[(&file, &files.with(content))]));
            }
            // Where something else is meant.
            for (other, _) in service.open {
                let mut swapped = with(&[(name, secret)]);
                swapped.iter_mut().filter(|(name, _)| name == other).for_each(|(_, value)| {
                    *value = format!("{secret}\n{REFRESH}");
                });
                row(format!("{other} is {name}"), service, &swapped);
            }
            for other in ["TIMEOUT", "CLIENT_AUTHENTICATION", "GRANT", "BACKDATE", "PROXY"] {
                row(format!("{other} is {name}"), service, &with(&[(name, secret), (other, secret)]));
            }
        }
    }
    assert!(rows > 120 && refused > 80, "{refused} of {rows}");
    room.leave(rows);
}

/// Up to the request that carries it, and its refusal.
#[tokio::test]
async fn no_secret_of_a_file_is_told_on_its_way() {
    let mut room = Room::enter().await;
    let (server, files) = (Server::start().await, Files::new("way"));
    let base = server.uri();
    for refuses in [false, true] {
        server.set(move |request| {
            if !refuses {
                return well(request);
            }
            let told = serde_json::json!({ "error": "invalid_grant", "error_description": request.whole });
            let answer = if request.is_login() { told } else { nothing() };
            Some(super::logins::json(if request.is_login() { 400 } else { 200 }, &answer))
        });
        let mut told = Told::default();
        let client = crm_gateway::ClientBuilder::from_variables([
            ("ENTITLEMENTS_CRM_GATEWAY_BASE_URL", base.as_str()),
            ("ENTITLEMENTS_CRM_GATEWAY_KEYCLOAK_URL", &base),
            ("ENTITLEMENTS_CRM_GATEWAY_REALM", "nagra"),
            ("ENTITLEMENTS_CRM_GATEWAY_CLIENT_ID", CLIENT),
            ("ENTITLEMENTS_CRM_GATEWAY_CLIENT_SECRET_FILE", &files.with(CLIENT_SECRET)),
            ("ENTITLEMENTS_CRM_GATEWAY_USERNAME", USER),
            ("ENTITLEMENTS_CRM_GATEWAY_PASSWORD_FILE", &files.with(format!("{PASSWORD}\r\n"))),
        ]);
        let client = client.expect("settings").build().expect("a client");
        told.outcome(client.list_entitlements().send().await);
        told.debug("client", &client);
        assert_eq!(told.errors, usize::from(refuses));
        let sent = server.take_requests();
        assert!(sent[0].is_login() && !sent[0].whole.contains("%0D%0A"), "the password as it is");
        room.row(format!("CRM Gateway, refuses: {refuses}"), &told);

        let mut told = Told::default();
        let user = connect::UserClientBuilder::from_variables([
            ("ENTITLEMENTS_CONNECT_API_SERVER", format!("{base}/capi")),
            ("ENTITLEMENTS_CONNECT_LOGIN_SERVER", base.clone()),
            (
                "ENTITLEMENTS_CONNECT_TOKEN_FILE",
                files.with(tokens()["access_token"].as_str().expect("a text")),
            ),
        ]);
        let user = user.expect("settings").build().expect("a client");
        let header = format!("Bearer {ACCESS}");
        server.set(move |request| {
            assert!(request.whole.contains(&header));
            let status = if refuses { 401 } else { 200 };
            let body = serde_json::json!({ "message": request.whole, "channels": [] });
            Some(super::logins::json(status, &body))
        });
        told.outcome(user.list_global_permissions().send().await);
        told.outcome(user.list_global_permissions().send().await);
        told.debug("user", &user);
        assert_eq!((told.errors, server.take_requests().len()), (2 * usize::from(refuses), 2));
        room.row(format!("Connect, refuses: {refuses}"), &told);
    }
    room.leave(4);
}
