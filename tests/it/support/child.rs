//! Tests that need an environment of their own run in a child process: a test never changes its own.

use std::process::Command;

/// What a child calls.
pub(crate) const BASE: &str = "ENTITLEMENTS_TEST_BASE";

/// Every variable that says something about proxies or certificates.
const LEFT_OUT: [&str; 11] = [
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
    "REQUEST_METHOD",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
];

/// Runs a test of this binary once more, in a process of its own with this environment. There its
/// [`base`] says that it is the child.
pub(crate) async fn run(test: &'static str, environment: &[(&str, &str)]) {
    let mut command = Command::new(std::env::current_exe().expect("this binary"));
    command.args(["--exact", test, "--nocapture"]);
    for name in LEFT_OUT {
        command.env_remove(name);
    }
    command.envs(environment.iter().copied());
    let output = tokio::task::spawn_blocking(move || command.output()).await.expect("no panic");
    let output = output.expect("a process");
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("1 passed"), "the test has another name now: {said}");
}

/// The base URL that a child calls; a test that is none has no such thing.
pub(crate) fn base() -> Option<String> {
    std::env::var(BASE).ok()
}
