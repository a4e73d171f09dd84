//! A realm of a test's own at each server, and what an administrator does there.

use std::{
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use entitlements::auth::{Bearer, Keycloak};
use futures_util::{FutureExt, future::join_all};
use serde_json::{Value, json};

use super::{
    PASSWORD, USER,
    events::{Events, RECORDED},
};
use crate::{
    SECRET,
    pair::{Pair, ROOT, servers},
};

/// A secret, and a client id, whose characters are encoded in a form and in a header.
pub(super) const ODD_SECRET: &str = "plainly-fake!+% ø(&=:";
pub(super) const ODD_CLIENT: &str = "crm odd+%ø";
/// The API that the tokens are for; it asks whether they are good.
const API: &str = "crm_api";
/// For what happens beside the answer.
const SOON: Duration = Duration::from_secs(10);

pub(super) struct Realm {
    host: String,
    server: String,
    name: String,
    http: reqwest::Client,
    /// Refusals that look like a second use, and that the test has caused by itself.
    caused: AtomicUsize,
}

/// Runs a test in a realm of its own at every server, side by side. At the end of each run no
/// refresh token was used twice, but for what [`Realm::replay`] and [`Realm::push_not_before`] did.
pub(super) async fn at_every_server(name: &str, settings: Value, test: impl AsyncFn(Arc<Realm>)) {
    let runs = servers().into_iter().map(async |(generation, host)| {
        let realm = Arc::new(Realm::made(&format!("{generation:?}"), host, name, &settings).await);
        let started = Instant::now();
        let run = AssertUnwindSafe(async {
            test(realm.clone()).await;
            realm.assert_no_reuse().await;
        });
        let is_good = run.catch_unwind().await.is_ok();
        let (events, took) = (realm.events().await, started.elapsed());
        eprintln!("{} {name}: {took:.1?} {:?}", realm.server, events.counts());
        (!is_good).then(|| format!("{}: {events:#?}", realm.server))
    });
    let failed: Vec<_> = join_all(runs).await.into_iter().flatten().collect();
    assert!(failed.is_empty(), "failed at {}", failed.join("\n"));
}

/// Without a proxy, a redirect or a repeat of its own.
fn http() -> reqwest::Client {
    // An application chooses one; this one has no TLS to speak.
    #[cfg(feature = "rustls")]
    rustls::crypto::ring::default_provider().install_default().ok();
    let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    http.build().expect("a client")
}

impl Realm {
    async fn made(server: &str, host: String, name: &str, settings: &Value) -> Self {
        // Another run with the same server has others.
        let name = format!("sdk-{name}-{}", std::process::id());
        let realm =
            Self { host, server: server.to_owned(), name, http: http(), caused: AtomicUsize::default() };
        let mut document = realm.document();
        for (key, value) in settings.as_object().expect("settings") {
            document[key] = value.clone();
        }
        let (status, answer) = realm.ask_as_administrator("POST", "/admin/realms", Some(&document)).await;
        assert_eq!(status, 201, "{answer}");
        realm
    }

    fn document(&self) -> Value {
        // New servers answer an introspection only to those whom a token is meant for.
        let audience = json!({
            "name": "api",
            "protocol": "openid-connect",
            "protocolMapper": "oidc-audience-mapper",
            "config": {"included.client.audience": API, "access.token.claim": "true"},
        });
        let client = |id: &str, secret: Option<&str>| {
            json!({
                "clientId": id,
                "publicClient": secret.is_none(),
                "secret": secret,
                "standardFlowEnabled": false,
                "directAccessGrantsEnabled": true,
                "serviceAccountsEnabled": secret.is_some(),
                "protocolMappers": [audience],
            })
        };
        // RSA keys of its own would take a server seconds to find.
        let keys = json!([
            {"name": "signature", "providerId": "ecdsa-generated", "config": {}},
            {"name": "mac", "providerId": "hmac-generated", "config": {"algorithm": ["HS512"]}},
            {"name": "encryption", "providerId": "aes-generated", "config": {}},
        ]);
        json!({
            "realm": self.name,
            "enabled": true,
            "sslRequired": "none",
            "passwordPolicy": "hashAlgorithm(pbkdf2-sha256) and hashIterations(1)",
            "defaultSignatureAlgorithm": "ES256",
            "components": {"org.keycloak.keys.KeyProvider": keys},
            "eventsEnabled": true,
            "enabledEventTypes": RECORDED,
            "clients": [
                client("crm_client", None),
                client("crm_job", Some(SECRET)),
                client(API, Some(SECRET)),
                client(ODD_CLIENT, Some(ODD_SECRET)),
            ],
            "users": [{
                "username": USER,
                "enabled": true,
                "firstName": "Ada",
                "lastName": "Byron",
                "email": "crm_client_user@operator.example",
                "credentials": [{"type": "password", "value": PASSWORD}],
                "realmRoles": ["offline_access"],
            }],
        })
    }

    pub(super) fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// Which server it is, for messages.
    pub(super) fn server(&self) -> &str {
        &self.server
    }

    /// Host and port.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// The login of the operator's user at this realm, with the right password.
    pub(super) fn login(&self) -> Keycloak {
        self.login_through(&self.host)
    }

    /// The same by way of a proxy.
    pub(super) fn login_through(&self, host: &str) -> Keycloak {
        self.client_through(host).client_id("crm_client").password(USER, PASSWORD)
    }

    /// A login without client and grant.
    pub(super) fn client(&self) -> Keycloak {
        self.client_through(&self.host)
    }

    fn client_through(&self, host: &str) -> Keycloak {
        Keycloak::realm(&format!("http://{host}{ROOT}"), &self.name)
    }

    /// What the server itself says of an access token.
    pub(super) async fn accepts(&self, bearer: &Bearer) -> bool {
        let header = bearer.header().to_str().expect("text");
        self.accepts_token(header.strip_prefix("Bearer ").expect("a bearer token")).await
    }

    pub(super) async fn accepts_token(&self, token: &str) -> bool {
        let path = format!("/realms/{}/protocol/openid-connect/token/introspect", self.name);
        let form = [("client_id", API), ("client_secret", SECRET), ("token", token)];
        let (status, answer) = self.post(&path, &form).await;
        assert_eq!(status, 200, "{answer}");
        answer["active"].as_bool().expect("an answer")
    }

    /// Uses a refresh token that the SDK has used before, as somebody who stole it would.
    pub(super) async fn replay(&self, refresh_token: &str) -> String {
        self.caused.fetch_add(1, Ordering::Relaxed);
        let path = format!("/realms/{}/protocol/openid-connect/token", self.name);
        let form =
            [("grant_type", "refresh_token"), ("client_id", "crm_client"), ("refresh_token", refresh_token)];
        let (status, answer) = self.post(&path, &form).await;
        assert_eq!(status, 400, "{answer}");
        answer["error_description"].as_str().expect("a description").to_owned()
    }

    /// Makes all tokens of the realm stale that were issued before this second.
    pub(super) async fn push_not_before(&self) {
        self.caused.fetch_add(1, Ordering::Relaxed);
        self.administer("PUT", "", Some(&json!({"notBefore": Pair::now()}))).await;
    }

    async fn post(&self, path: &str, form: &[(&str, &str)]) -> (u16, Value) {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = self.http.post(format!("http://{}{ROOT}{path}", self.host));
        sent(request.header("content-type", "application/x-www-form-urlencoded").body(body)).await
    }

    /// Something that only an administrator can do, below the realm.
    pub(super) async fn administer(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let path = format!("/admin/realms/{}{path}", self.name);
        let (status, answer) = self.ask_as_administrator(method, &path, body).await;
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        answer
    }

    /// With a token of the moment: one from before a realm was made has no rights there.
    async fn ask_as_administrator(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let form =
            [("grant_type", "client_credentials"), ("client_id", "bootstrap"), ("client_secret", SECRET)];
        let (_, answer) = self.post("/realms/master/protocol/openid-connect/token", &form).await;
        let token = answer["access_token"].as_str();
        let token = token.expect("an administrator, as `scripts/keycloak start` makes one");
        let method = method.parse().expect("a method");
        let request = self.http.request(method, format!("http://{}{ROOT}{path}", self.host));
        let request = request.header("authorization", format!("Bearer {token}"));
        let body = body.map(Value::to_string).unwrap_or_default();
        sent(request.header("content-type", "application/json").body(body)).await
    }

    pub(super) async fn user_id(&self) -> String {
        let users = self.administer("GET", &format!("/users?exact=true&username={USER}"), None).await;
        users[0]["id"].as_str().expect("a user").to_owned()
    }

    /// How many sessions the operator's user has.
    pub(super) async fn sessions(&self) -> usize {
        let sessions =
            self.administer("GET", &format!("/users/{}/sessions", self.user_id().await), None).await;
        sessions.as_array().expect("a list").len()
    }

    pub(super) async fn events(&self) -> Events {
        Events::from(self.administer("GET", "/events?max=100000", None).await)
    }

    /// The server has recorded these events and no others. It may do so after its answer.
    pub(super) async fn saw<const N: usize>(&self, expected: [(&str, usize); N]) -> Events {
        let expected = expected.into_iter().map(|(kind, count)| (kind.to_owned(), count)).collect();
        let end = Instant::now() + SOON;
        loop {
            let events = self.events().await;
            if events.counts() == expected {
                return events;
            }
            assert!(Instant::now() < end, "{}: {:?} instead of {expected:?}", self.server, events.counts());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn assert_no_reuse(&self) {
        let reused = self.events().await.reused();
        assert_eq!(reused, self.caused.load(Ordering::Relaxed), "{}: a token was used twice", self.server);
    }
}

async fn sent(request: reqwest::RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.expect("an answer");
    let status = answer.status().as_u16();
    let body = answer.bytes().await.expect("a body");
    (status, serde_json::from_slice(&body).unwrap_or_default())
}
