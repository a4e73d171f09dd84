//! What `Debug` shows of every public type that holds a secret, or has one within its reach.

use std::{
    fmt::Debug,
    sync::{Arc, Mutex},
    time::Duration,
};

use entitlements::{
    Error, ErrorKind, Response, Result,
    auth::{Auth, ClientAuthentication, Context, JwtSigner, StaticToken, Token, TokenSource, UserTokens},
    connect::{self, ChannelState, Credential, Environment},
    crm_gateway::{Filter, Sort},
    fakes::symphony::PLAINLY_FAKE_KEY,
    http::{HeaderName, HeaderValue, StatusCode},
    symphony::{self, Advisor, ExternalNetwork},
    time::{BoxFuture, TestClock},
};
use serde_json::json;

use super::{
    logins::{app, crm, keycloak, shield, user_tokens, well},
    room::{Room, Told},
    secrets::{
        ACCESS, ADVISOR, API_KEY, CLIENT_SECRET, PASSWORD, PROXY_PASSWORD, PROXY_USER, REFRESH, USER,
        USER_ACCESS, all_in_one_line,
    },
    server::Server,
};

/// A proxy with a password, as its URL has to be written.
fn proxy() -> String {
    let mut url = reqwest::Url::parse("http://proxy.example:3128").expect("a URL");
    url.set_username(&PROXY_USER.replace('%', "%25")).expect("a base");
    url.set_password(Some(&PROXY_PASSWORD.replace('%', "%25"))).expect("a base");
    url.into()
}

/// A login of an application's own, which shows what it is given.
#[derive(Debug, Clone, Default)]
struct Curious(Arc<Mutex<String>>);

impl TokenSource for Curious {
    fn acquire<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Result<Token>> {
        let shown = format!("{context:?} {context:#?} {:?} {:#?}", context.http(), context.clock());
        *self.0.lock().expect("no panic under the lock") = shown;
        Box::pin(std::future::ready(Ok(Token::new(ACCESS).expires_in(Duration::from_secs(60)))))
    }
}

const BASE: &str = "http://api.example";

#[tokio::test]
async fn no_credential_shows_what_it_holds() {
    let mut room = Room::enter().await;
    let signer = || JwtSigner::from_pem("desk", PLAINLY_FAKE_KEY).expect("a key");
    let password = || keycloak("https://login.example").password(USER, PASSWORD);
    let all: [(&str, Box<dyn Debug>); 19] = [
        ("Token", Box::new(Token::new(ACCESS))),
        ("Token with an end", Box::new(Token::new(ACCESS).expires_in(Duration::from_secs(1)))),
        ("StaticToken", Box::new(StaticToken::new(ACCESS))),
        ("UserTokens", Box::new(user_tokens())),
        ("UserTokens, copied", Box::new(UserTokens::new(USER_ACCESS).refresh_token(REFRESH).clone())),
        ("JwtSigner", Box::new(signer())),
        (
            "JwtSigner, set up",
            Box::new(signer().lifetime(Duration::from_secs(1)).backdate(Duration::from_secs(1))),
        ),
        ("Keycloak by password", Box::new(password())),
        ("Keycloak by form", Box::new(password().client_authentication(ClientAuthentication::Form))),
        ("Keycloak as a client", Box::new(keycloak("https://login.example").client_credentials())),
        ("Keycloak offline", Box::new(password().offline_access().allow_plain_http())),
        ("Keycloak at a URL with a login", {
            let url = format!("https://{USER}:{ACCESS}@login.example");
            Box::new(entitlements::auth::Keycloak::new(url).password(USER, PASSWORD))
        }),
        ("Auth of a token", Box::new(Auth::from(StaticToken::new(ACCESS)))),
        ("Auth of a key", Box::new(Auth::from(signer()))),
        ("Auth of a password", Box::new(Auth::from(password()))),
        ("Auth of a shared source", Box::new(Auth::from(Arc::new(password())))),
        ("AuthStatus", Box::new(Auth::from(password()).status())),
        ("ClientAuthentication", Box::new(ClientAuthentication::Form)),
        ("Environment with a login", {
            let url = format!("https://{USER}:{ACCESS}@api.example");
            Box::new(Environment::custom(&url, &url))
        }),
    ];
    let count = all.len();
    for (name, value) in all {
        let mut told = Told::default();
        told.debug(name, &value);
        room.row(name, &told);
    }
    room.leave(count);
}

#[tokio::test]
async fn no_builder_or_client_shows_what_it_was_given() {
    let mut room = Room::enter().await;
    let (clock, mut rows) = (TestClock::new(), 0);
    let password = || keycloak(BASE).allow_plain_http().password(USER, PASSWORD);
    let mut row = |name: &str, told: Told| {
        rows += 1;
        room.row(name, &told);
    };
    /// Everything that holds a secret and that all builders have.
    macro_rules! full {
        ($builder:expr) => {
            $builder
                .allow_plain_http()
                .proxy(proxy())
                .default_header("x-api-key", API_KEY)
                .client_certificate(PLAINLY_FAKE_KEY)
                .http_builder(|http| http.user_agent(API_KEY))
                .application("secrets/1")
        };
    }
    macro_rules! both {
        ($name:literal, $builder:expr) => {{
            let mut told = Told::default();
            told.debug("builder", &full!($builder));
            // A key alone is no certificate, so the client is made without.
            let builder = $builder.allow_plain_http().proxy(proxy()).default_header("x-api-key", API_KEY);
            let client = builder.build().expect("a client");
            told.debug("client", &client);
            told.debug("copy", &client.clone());
            told.debug("auth", client.auth());
            told.debug("status", &client.auth().status());
            row($name, told);
        }};
    }
    both!("Symphony by token", symphony::Client::builder(BASE).auth(StaticToken::new(ACCESS)));
    both!("Symphony by key", {
        symphony::Client::builder(BASE).auth(JwtSigner::from_pem("desk", PLAINLY_FAKE_KEY).expect("a key"))
    });
    both!("CRM Gateway", crm(BASE, password(), &clock).tenant("tenant"));
    both!("Connect, app", app(BASE, &clock).scope("read"));
    let user = || connect::UserClient::builder(Environment::custom(BASE, BASE));
    both!("Connect, user", user().client_login("c", CLIENT_SECRET).tokens(user_tokens()));
    both!("Connect, user by token", user().auth(StaticToken::new(USER_ACCESS)));
    let mut told = Told::default();
    told.debug(
        "client",
        &app(BASE, &clock).allow_plain_http().build().expect("a client").as_user(user_tokens()),
    );
    row("Connect, user of an app", told);
    room.leave(rows);
}

/// What a login of an application's own is given is public too.
#[tokio::test]
async fn the_context_of_a_login_shows_nothing() {
    let mut room = Room::enter().await;
    let server = Server::start().await;
    let mut url = reqwest::Url::parse(&server.uri()).expect("a URL");
    url.set_username(&PROXY_USER.replace('%', "%25")).expect("a base");
    url.set_password(Some(&PROXY_PASSWORD.replace('%', "%25"))).expect("a base");
    server.set(well);
    let curious = Curious::default();
    let client = symphony::Client::builder(BASE)
        .auth(curious.clone())
        .allow_plain_http()
        .default_header("x-api-key", API_KEY)
        .proxy(url)
        .build()
        .expect("a client");
    client.list_entitlements().send().await.expect("an answer of the proxy");
    let shown = curious.0.lock().expect("no panic under the lock").clone();
    assert!(shown.contains("Context") && shown.contains("Matcher"), "{shown}");
    let mut told = Told::default();
    told.display("context", &shown);
    told.debug("client", &client);
    room.row("context", &told);
    room.leave(1);
}

#[tokio::test]
async fn no_request_shows_what_it_will_send() {
    let mut room = Room::enter().await;
    let clock = TestClock::new();
    let symphony = symphony::Client::builder("http://127.0.0.1:9").auth(StaticToken::new(ACCESS));
    let symphony = symphony.build().expect("a client");
    let base = "http://127.0.0.1:9";
    let crm = crm(base, keycloak(base).password(USER, PASSWORD), &clock).build().expect("a client");
    let app = app(base, &clock).build().expect("a client");
    let user = app.as_user(user_tokens());
    let (line, hedy) = (|| ExternalNetwork::Line, || Advisor::email(ADVISOR));
    let filter = || Filter::eq("accountId", USER).and("name", API_KEY);
    let all: Vec<(&str, Box<dyn Debug>)> = vec![
        ("Advisor", Box::new(hedy().and_id("351775001412105"))),
        ("Credential", Box::new(Credential::email(USER))),
        ("Credential, verbatim", Box::new(Credential::verbatim(API_KEY))),
        ("Filter", Box::new(filter())),
        ("Filter, raw", Box::new(Filter::raw(json!({ "name": USER }).to_string()).and("more", API_KEY))),
        ("Sort", Box::new(Sort::asc("created"))),
        (
            "AddEntitlement",
            Box::new(symphony.add_entitlement(line(), hedy()).with_header("x-api-key", API_KEY)),
        ),
        ("EnsureEntitled", Box::new(symphony.ensure_entitled(line(), hedy()).phone_number("+4712345678"))),
        ("GetAdvisorEntitlement", Box::new(symphony.get_advisor_entitlement(line(), hedy()))),
        ("RemoveEntitlement", Box::new(symphony.remove_entitlement(line(), hedy()))),
        ("EnsureRemoved", Box::new(symphony.ensure_removed(line(), hedy()))),
        ("ListEntitledAdvisors", Box::new(symphony.list_entitled_advisors(line()).after(API_KEY))),
        ("its pager", Box::new(symphony.list_entitled_advisors(line()).after(API_KEY).stream())),
        ("its pages", Box::new(symphony.list_entitled_advisors(line()).after(API_KEY).stream().pages())),
        ("its cursor", Box::new(symphony.list_entitled_advisors(line()).after(API_KEY).stream().cursor())),
        (
            "ListEntitlements of the CRM Gateway",
            Box::new(crm.list_entitlements().filter(filter()).tenant(API_KEY)),
        ),
        ("its own pager", Box::new(crm.list_entitlements().filter(filter()).stream())),
        ("Shield", Box::new(app.shield(Credential::email(USER)))),
        ("ShieldChannel", Box::new(app.shield(Credential::email(USER)).channel("DM"))),
        ("ShieldEnterprise", Box::new(shield(&app))),
        ("ShieldOrderType", Box::new(app.shield(Credential::email(USER)).channel("DM").order_type("1", "2"))),
        ("ListPermissions", Box::new(user.list_global_permissions().with_header("x-api-key", API_KEY))),
        (
            "ChangePermissions",
            Box::new(user.change_enterprise_permissions("1").set("TM", ChannelState::Shield)),
        ),
        (
            "UpdatePermissions",
            Box::new(user.update_enterprise_permissions("1").set("TM", ChannelState::Shield)),
        ),
        (
            "ReadEffectivePermissions",
            Box::new(user.effective_permissions("1", "2").with_header("x-api-key", API_KEY)),
        ),
        ("RawRequest", {
            let raw =
                app.request("POST", &format!("/v1/{USER}")).query("mail", USER).header("x-api-key", API_KEY);
            Box::new(raw.json(&json!({ "password": PASSWORD })))
        }),
    ];
    let count = all.len();
    for (name, value) in all {
        let mut told = Told::default();
        told.debug(name, &value);
        room.row(name, &told);
    }
    room.leave(count);
}

/// Of an answer `Debug` shows the status and the model, and of the model what is not personal.
#[tokio::test]
async fn no_answer_or_error_shows_headers_or_body() {
    let mut room = Room::enter().await;
    let all = all_in_one_line();
    let header = || HeaderValue::from_bytes(all.as_bytes()).expect("a header");
    let name = HeaderName::from_static("x-all");
    let error = || {
        Error::new(ErrorKind::LoginFailed, "the login failed")
            .with_status(StatusCode::UNAUTHORIZED)
            .with_header(name.clone(), header())
            .with_body(all.clone())
    };
    let mut told = Told::default();
    told.error(&error());
    told.error(&Error::new(ErrorKind::Server, "outer").with_source(error()));
    let response = Response::from_value(7).with_header(name.clone(), header()).with_body(all.clone());
    told.debug("response", &response);
    told.debug("response with errors", &response.with_item_errors([error()]));
    let mut person = symphony::model::AdvisorEntitlement::default();
    person.email_address = Some(ADVISOR.to_owned());
    person.display_name = Some(USER.to_owned());
    told.debug("model", &Response::from_value(person));
    room.row("answers", &told);
    room.leave(1);
}
