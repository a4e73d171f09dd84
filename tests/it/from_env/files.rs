//! Secrets that stand in files.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
};

use entitlements::{crm_gateway, fakes};

use super::of;

/// A directory of one test, removed at its end.
pub(super) struct Files(PathBuf);

impl Files {
    pub(super) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("entitlements-secrets-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&directory).expect("a directory");
        Self(directory)
    }

    /// The path of a new file.
    pub(super) fn with(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, content).expect("a file");
        path.to_str().expect("UTF-8").to_owned()
    }

    pub(super) fn directory(&self) -> &str {
        self.0.to_str().expect("UTF-8")
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// "One trailing line end (LF or CRLF) is cut, nothing else."
#[tokio::test]
async fn one_line_end_at_the_end_is_no_part_of_a_secret_and_all_else_is() {
    let (fake, files) = (fakes::crm_gateway::Fake::start().await, Files::new());
    let (base, token_url) = (fake.uri(), fake.keycloak().token_url());
    let largest = "x".repeat(64 << 10);
    for (name, content, sent) in [
        ("none", "plainly-fake", "plainly-fake"),
        ("lf", "plainly-fake\n", "plainly-fake"),
        ("crlf", "plainly-fake\r\n", "plainly-fake"),
        ("two", "plainly-fake\n\n", "plainly-fake\n"),
        ("two-of-crlf", "plainly-fake\r\n\r\n", "plainly-fake\r\n"),
        ("cr", "plainly-fake\r", "plainly-fake\r"),
        ("spaces", "  plainly fake\t \n", "  plainly fake\t "),
        ("line-ends-inside", "\nplainly\nfake\n", "\nplainly\nfake"),
        ("largest", largest.as_str(), largest.as_str()),
    ] {
        let password = files.with(name, content);
        let builder = crm_gateway::ClientBuilder::from_variables(of(
            "CRM_GATEWAY",
            &[
                ("BASE_URL", base.as_str()),
                ("TOKEN_URL", &token_url),
                ("CLIENT_ID", "crm_client"),
                ("USERNAME", "crm_client_user"),
                ("PASSWORD_FILE", &password),
            ],
        ));
        let client = builder.unwrap_or_else(|error| panic!("{name}: {error}")).build().expect("a client");
        client.list_entitlements().send().await.expect_err("another password");
        let received = fake.keycloak().received();
        let request = received.last().unwrap_or_else(|| panic!("{name}: no login"));
        assert!(request.form("password").as_deref() == Some(sent), "{name}: another password was sent");
    }
}
