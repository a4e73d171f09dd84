//! A real server and the fake of its generation, asked the same.

use std::{
    collections::BTreeSet,
    env,
    io::Write,
    sync::{Mutex, Once},
    time::{Duration, Instant, SystemTime},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use entitlements::{
    fakes::keycloak::{Builder, Fake, Generation},
    time::TestClock,
};
use serde_json::Value;

use crate::wire::{self, Answer};

/// Where the servers are, as base URLs with the path: `http://127.0.0.1:18264/keycloak/auth`.
const SERVERS: [(&str, Generation); 2] =
    [("KEYCLOAK_26_4_URL", Generation::Middle), ("KEYCLOAK_26_7_URL", Generation::New)];

/// The prefix that both sides have.
pub(crate) const ROOT: &str = "/keycloak/auth";

const FORM: &str = "content-type: application/x-www-form-urlencoded\r\n";

/// What a realm with real people, keys and roles adds, and the fake does not have.
const NOT_IN_THE_FAKE: [&str; 10] = [
    "name",
    "given_name",
    "family_name",
    "email",
    "resource_access",
    "at_hash",
    "clientHost",
    "clientAddress",
    "prov",
    "reuse_id",
];

/// The headers that are compared where an answer is no page for a browser.
const HEADERS: [&str; 9] = [
    "cache-control",
    "content-type",
    "pragma",
    "referrer-policy",
    "strict-transport-security",
    "www-authenticate",
    "x-content-type-options",
    "x-frame-options",
    "x-robots-tag",
];

/// One of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Real,
    Fake,
}

/// A realm of a real server and its fake.
pub(crate) struct Pair {
    pub(crate) generation: Generation,
    pub(crate) fake: Fake,
    clock: TestClock,
    started: Instant,
    /// How much of the time since then the fake's clock has shown.
    shown: Mutex<Duration>,
    real_host: String,
    realm: &'static str,
    differences: Mutex<Vec<String>>,
}

/// What the two have answered.
#[derive(Debug)]
pub(crate) struct Both {
    real: Answer,
    fake: Answer,
}

/// The realm at every server that there is.
pub(crate) async fn pairs(realm: &'static str, seed: impl Fn() -> Builder) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for (generation, real_host) in servers() {
        let clock = TestClock::new();
        let builder = seed().generation(generation).base_path(&format!("{ROOT}/realms/{realm}"));
        let fake = builder.clock(clock.clone()).start().await;
        pairs.push(Pair {
            generation,
            fake,
            clock,
            started: Instant::now(),
            shown: Mutex::default(),
            real_host,
            realm,
            differences: Mutex::default(),
        });
    }
    pairs
}

/// The servers that there are: host and port.
pub(crate) fn servers() -> Vec<(Generation, String)> {
    let hosts = SERVERS.map(|(variable, generation)| Some((generation, host_in(variable)?)));
    hosts.into_iter().flatten().collect()
}

/// Nobody is asked by accident, and nobody is left out in silence.
fn host_in(variable: &str) -> Option<String> {
    static SAID: Once = Once::new();
    match env::var(variable) {
        Ok(url) if !url.is_empty() => {
            let rest = url.strip_prefix("http://").and_then(|rest| rest.strip_suffix(ROOT));
            Some(
                rest.unwrap_or_else(|| panic!("{variable} must be http://HOST:PORT{ROOT}: {url}")).to_owned(),
            )
        }
        _ if env::var("CI").is_ok_and(|value| value == "true") => {
            panic!("{variable} is not set; `scripts/keycloak test` starts a server and sets it")
        }
        _ => {
            // Not `eprintln!`, which the test runner would swallow.
            SAID.call_once(|| {
                let text = "NOT COMPARED: no real Keycloak was asked, run `scripts/keycloak test` for that\n";
                std::io::stderr().write_all(text.as_bytes()).ok();
            });
            None
        }
    }
}

impl Pair {
    /// Sends a form to an endpoint of the protocol.
    pub(crate) async fn post(&self, what: &str, endpoint: &str, body: impl Fn(Side) -> String) -> Both {
        self.send(what, "POST", &format!("/protocol/openid-connect/{endpoint}"), |_| FORM.to_owned(), body)
            .await
    }

    pub(crate) async fn token(&self, what: &str, body: impl Fn(Side) -> String) -> Both {
        self.post(what, "token", body).await
    }

    pub(crate) async fn log_in(&self, what: &str, more: &str) -> Both {
        let both = self.token(what, |_| format!("{}{more}", crate::LOGIN)).await;
        assert_eq!(both.status(), 200, "{what}: {}", both.real.body);
        both
    }

    /// Asks with an access token.
    pub(crate) async fn user_info(&self, what: &str, tokens: &Both) -> Both {
        let bearer = |side| format!("authorization: Bearer {}\r\n", tokens.text(side, "access_token"));
        self.send(what, "GET", "/protocol/openid-connect/userinfo", bearer, |_| String::new()).await
    }

    /// Sends the same to a path of the realm on both sides, and compares what comes back.
    pub(crate) async fn send(
        &self,
        what: &str,
        method: &str,
        path: &str,
        headers: impl Fn(Side) -> String,
        body: impl Fn(Side) -> String,
    ) -> Both {
        self.send_anywhere(what, method, &format!("{ROOT}/realms/{}{path}", self.realm), headers, body).await
    }

    pub(crate) async fn send_anywhere(
        &self,
        what: &str,
        method: &str,
        path: &str,
        headers: impl Fn(Side) -> String,
        body: impl Fn(Side) -> String,
    ) -> Both {
        self.keep_up();
        let ask = async |side, host: &str| wire::send(host, method, path, &headers(side), &body(side)).await;
        let fake_host = self.fake.uri().replace("http://", "");
        let (real, fake) = tokio::join!(ask(Side::Real, &self.real_host), ask(Side::Fake, &fake_host));
        let both = Both { real, fake };
        let [shown, expected] = [(&both.fake, &fake_host), (&both.real, &self.real_host)]
            .map(|(answer, host)| summary(answer, host));
        let lacks: Vec<_> = expected.iter().filter(|line| !shown.contains(line)).collect();
        let adds: Vec<_> = shown.iter().filter(|line| !expected.contains(line)).collect();
        if !lacks.is_empty() || !adds.is_empty() {
            self.differs(format!("{what}: the real server has {lacks:?}, the fake {adds:?}"));
        }
        let lifetimes = ["expires_in", "refresh_expires_in"].map(|name| {
            [&both.fake, &both.real].map(|answer| answer.json()[name].as_u64().unwrap_or_default())
        });
        for [fake, real] in lifetimes {
            if fake.abs_diff(real) > 1 {
                self.differs(format!("{what}: the real server has {real} seconds, the fake {fake}"));
            }
        }
        both
    }

    fn differs(&self, what: String) {
        self.differences.lock().expect("nobody else failed").push(what);
    }

    /// The JSON that the two have at a path, with the host's name replaced.
    pub(crate) async fn documents(&self, path: &str) -> [Value; 2] {
        let path = format!("{ROOT}/realms/{}{path}", self.realm);
        let fake_host = self.fake.uri().replace("http://", "");
        let mut documents = Vec::new();
        for host in [&self.real_host, &fake_host] {
            let mut answer = wire::send(host, "GET", &path, "", "").await;
            assert_eq!(answer.status, 200, "{path}: {answer:?}");
            answer.body = answer.body.replace(host.as_str(), "HOST");
            documents.push(answer.json());
        }
        documents.try_into().expect("two")
    }

    /// A token request to the real server alone, where chance decides how it ends.
    pub(crate) async fn real_token(&self, body: &str) -> Answer {
        let path = format!("{ROOT}/realms/{}/protocol/openid-connect/token", self.realm);
        wire::send(&self.real_host, "POST", &path, FORM, body).await
    }

    /// Something that only an administrator can do, at the real server.
    pub(crate) async fn administer(&self, method: &str, path: &str, body: &str) -> Value {
        let realm = self.realm;
        let secret = crate::SECRET;
        let login = format!("grant_type=client_credentials&client_id=crm_admin&client_secret={secret}");
        let token = format!("{ROOT}/realms/{realm}/protocol/openid-connect/token");
        let token = wire::send(&self.real_host, "POST", &token, FORM, &login).await.json();
        let bearer = token["access_token"].as_str().expect("an administrator's token");
        let headers = format!("authorization: Bearer {bearer}\r\ncontent-type: application/json\r\n");
        let path = format!("{ROOT}/admin/realms/{realm}{path}");
        let answer = wire::send(&self.real_host, method, &path, &headers, body).await;
        assert!((200..300).contains(&answer.status), "{method} {path}: {answer:?}");
        answer.json()
    }

    /// Lets time go by. The fake's clock is moved by hand, to where the real server's is.
    pub(crate) async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await;
        self.keep_up();
    }

    fn keep_up(&self) {
        let mut shown = self.shown.lock().expect("nobody else failed");
        let passed = self.started.elapsed();
        self.clock.advance(passed.saturating_sub(*shown));
        *shown = passed;
    }

    /// Seconds since 1970, for the real server.
    pub(crate) fn now() -> u64 {
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs()
    }
}

/// One run shows all that differs, not only the first of it.
impl Drop for Pair {
    fn drop(&mut self) {
        let differences = self.differences.get_mut().expect("nobody else failed");
        if std::thread::panicking() {
            return;
        }
        assert!(
            differences.is_empty(),
            "{} at {:?}:\n{}",
            self.realm,
            self.generation,
            differences.join("\n")
        );
    }
}

impl Both {
    /// The same on both sides.
    pub(crate) fn status(&self) -> u16 {
        self.real.status
    }

    /// `error_description`, which is the same on both sides but for addresses.
    pub(crate) fn description(&self) -> String {
        self.text(Side::Real, "error_description")
    }

    pub(crate) fn text(&self, side: Side, name: &str) -> String {
        self.of(side).json()[name].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn of(&self, side: Side) -> &Answer {
        match side {
            Side::Real => &self.real,
            Side::Fake => &self.fake,
        }
    }
}

/// What must be the same, one line each.
fn summary(answer: &Answer, host: &str) -> Vec<String> {
    let mut lines = vec![format!("status {}", answer.status)];
    let page = answer.headers.get("content-type").is_some_and(|kind| kind.starts_with("text/html"));
    if page {
        lines.push("a page".to_owned());
        return lines;
    }
    for name in HEADERS {
        if let Some(value) = answer.headers.get(name) {
            lines.push(format!("{name}: {value}"));
        }
    }
    let json = answer.json();
    for name in ["error", "error_description", "token_type", "active", "client_id", "typ"] {
        if let Some(value) = json.get(name) {
            lines.push(format!("{name} = {}", value.to_string().replace(host, "HOST")));
        }
    }
    lines.push(format!("keys {:?}", keys(&json)));
    if json.get("access_token").is_some() {
        lines.push(format!("scope {:?}", words(&json["scope"])));
    }
    for name in ["access_token", "refresh_token", "id_token"] {
        if let Some(token) = json[name].as_str() {
            let (header, claims) = (part(token, 0), part(token, 1));
            lines.push(format!("{name} {} {} {:?}", header["alg"], claims["typ"], keys(&claims)));
            let issuer = claims["iss"].as_str().unwrap_or_default();
            lines.push(format!("{name} of {}", issuer.replace(host, "HOST")));
        }
    }
    lines
}

fn keys(json: &Value) -> BTreeSet<String> {
    let names = json.as_object().into_iter().flat_map(|object| object.keys());
    let mut keys: BTreeSet<_> =
        names.filter(|name| !NOT_IN_THE_FAKE.contains(&name.as_str())).cloned().collect();
    // A client's own account has roles in other clients, and so its token names them.
    if json["typ"] == "Bearer" {
        keys.remove("aud");
    }
    keys
}

fn words(text: &Value) -> BTreeSet<&str> {
    text.as_str().unwrap_or_default().split(' ').collect()
}

fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
    part.and_then(|part| serde_json::from_slice(&part).ok()).unwrap_or_default()
}
