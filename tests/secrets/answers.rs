//! An API that repeats the token, and everything else, in whatever place an answer has.

use std::fmt::Debug;

use entitlements::{
    connect::{self, ChannelState, Credential},
    crm_gateway,
    fakes::symphony::{KEY_NAME, PLAINLY_FAKE_KEY},
    symphony::{self, Advisor, ExternalNetwork},
    time::TestClock,
};
use serde_json::{Value, json};

use super::{
    logins::{self, app, crm, http, keycloak, tokens, user_tokens},
    room::{Room, Told},
    secrets::{ADVISOR, API_KEY, PASSWORD, USER, all_in_one_line},
    server::{Request, Server},
};

/// Clients of all services for one server, each with its own login.
struct Clients {
    symphony: symphony::Client,
    crm: crm_gateway::Client,
    app: connect::Client,
    user: connect::UserClient,
}

impl Clients {
    fn of(base: &str) -> Self {
        let clock = TestClock::new();
        let signer = entitlements::auth::JwtSigner::from_pem(KEY_NAME, PLAINLY_FAKE_KEY).expect("a key");
        let symphony = symphony::Client::builder(format!("{base}/admin")).auth(signer);
        let symphony = symphony.default_header("x-api-key", API_KEY).clock(clock.clone());
        let app = app(base, &clock).max_attempts(2).build().expect("a client");
        Self {
            symphony: symphony.max_attempts(2).build().expect("a client"),
            crm: crm(base, keycloak(base).password(USER, PASSWORD), &clock)
                .max_attempts(2)
                .build()
                .expect("a client"),
            user: app.as_user(user_tokens()),
            app,
        }
    }

    /// A call of every kind. What a success shows is not ours: the models show what a server sends
    /// where a field is not personal, and raw answers show all of it.
    async fn call(&self, told: &mut Told) {
        fn keep<T: Debug>(told: &mut Told, outcome: Result<T, entitlements::Error>) {
            if let Err(error) = outcome {
                told.error(&error);
            }
        }
        let Self { symphony, crm, app, user } = self;
        let (line, hedy) = (|| ExternalNetwork::Line, || Advisor::email(ADVISOR));
        let shield = app.shield(Credential::email(USER)).channel("DM").order_type("468979834", "56235");
        keep(told, symphony.list_entitlements().send().await);
        keep(told, symphony.add_entitlement(line(), hedy()).send().await);
        keep(told, symphony.ensure_entitled(line(), hedy()).send().await);
        keep(told, symphony.list_entitled_advisors(line()).stream().try_collect::<Vec<_>>().await);
        keep(told, symphony.remove_entitlement(line(), hedy()).send().await);
        match crm.list_entitlements().send().await {
            Ok(page) => page.item_errors().iter().for_each(|error| told.error(error)),
            Err(error) => told.error(&error),
        }
        keep(told, crm.list_entitlements().stream().try_collect::<Vec<_>>().await);
        keep(told, user.list_global_permissions().send().await);
        keep(told, user.update_enterprise_permissions("1").set("TM", ChannelState::Shield).send().await);
        keep(told, user.effective_permissions("468979834", "56235").send().await);
        keep(told, shield.send().await);
        let raw = app.request("POST", "/v1/x").query("mail", USER).header("x-api-key", API_KEY);
        keep(told, raw.json(&json!({ "password": PASSWORD })).send().await);
        for shown in [symphony as &dyn Debug, crm, app, user] {
            told.debug("client", shown);
        }
    }
}

/// The keys that any of the services reads.
const KEYS: [&str; 22] = [
    "type",
    "title",
    "detail",
    "instance",
    "message",
    "code",
    "errorCode",
    "resultCode",
    "localeMessage",
    "requestId",
    "result",
    "exceptionType",
    "errorMessage",
    "error",
    "error_description",
    "status",
    "totalRecords",
    "resourceSet",
    "entitlements",
    "pagination",
    "channels",
    "count",
];

fn object(value: &Value) -> String {
    Value::Object(KEYS.iter().map(|key| ((*key).to_owned(), value.clone())).collect()).to_string()
}

type Make = fn(&str) -> String;

const BODIES: [(&str, Make); 5] = [
    ("every field", |all| object(&json!(all))),
    ("plain", |all| all.to_owned()),
    ("page", |all| format!("<html>{all}</html>")),
    ("every field deeper", |all| object(&json!([{ all: all, "error": all }]))),
    ("cut", |all| format!("{{\"error\":{}", json!(all))),
];

const STATUSES: [u16; 13] = [200, 201, 302, 400, 401, 403, 404, 408, 409, 418, 429, 500, 503];

/// The API's answers by this, the token endpoint's as they should be.
async fn row(
    room: &mut Room,
    server: &Server,
    name: String,
    make: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static,
) {
    server.set(move |request: &Request| {
        Some(if request.is_login() {
            logins::json(200, &tokens())
        } else {
            make(&format!("{} {}", all_in_one_line(), request.in_one_line()))
        })
    });
    let mut told = Told::default();
    Clients::of(&server.uri()).call(&mut told).await;
    assert!(told.errors > 0, "{name}");
    told.tokens_at(server);
    room.row(name, &told);
}

#[tokio::test]
async fn no_answer_of_an_api_is_repeated() {
    let server = Server::start().await;
    let mut room = Room::enter().await;
    let mut rows = 0;
    for status in STATUSES {
        // Refusals are read alike, whatever their status.
        let bodies = if matches!(status, 200 | 400 | 500) { &BODIES[..] } else { &BODIES[..1] };
        for (name, body) in bodies {
            rows += 1;
            let make = move |all: &str| {
                let headers = [
                    "www-authenticate",
                    "location",
                    "set-cookie",
                    "x-correlation-id",
                    "retry-after",
                    "x-ratelimit-reset",
                ];
                http(status, &headers.map(|name| (name, all)), &body(all))
            };
            row(&mut room, &server, format!("{status}, {name}"), make).await;
        }
    }
    assert!(rows > 20);
    room.leave(rows);
}

/// What is not even an answer.
const BROKEN: [(&str, Make); 7] = [
    ("the request again", |all| format!("{all}\r\n\r\n")),
    ("reason", |all| format!("HTTP/1.1 403 {all}\r\ncontent-length: 0\r\n\r\n")),
    ("header without a name", |all| format!("HTTP/1.1 200 OK\r\n{all}\r\n\r\n")),
    ("length", |all| format!("HTTP/1.1 200 OK\r\ncontent-length: {all}\r\n\r\n")),
    ("breaks off", |all| format!("HTTP/1.1 200 OK\r\ncontent-length: 99999\r\n\r\n{all}")),
    ("chunk", |all| format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{all}\r\n{all}")),
    ("closed", |_| String::new()),
];

#[tokio::test]
async fn nothing_of_a_broken_answer_is_repeated() {
    let server = Server::start().await;
    let mut room = Room::enter().await;
    for (name, make) in BROKEN {
        row(&mut room, &server, name.to_owned(), move |all| make(all).into_bytes()).await;
    }
    room.leave(BROKEN.len());
}
