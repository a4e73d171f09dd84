//! Connections that are not made: nobody there, no TLS, a proxy that refuses.

use entitlements::{connect, crm_gateway, time::TestClock};
use tokio::net::TcpListener;

use super::{
    logins::{app, crm, http, keycloak, shield, user_tokens},
    room::{Room, Told},
    secrets::{PASSWORD, PROXY_PASSWORD, PROXY_USER, USER},
    server::{Request, Server},
};

type Make = fn(&Request) -> Option<Vec<u8>>;

/// The clients of all logins, with the same settings.
macro_rules! with {
    ($base:expr, $clock:expr, |$builder:ident| $set:expr) => {{
        let login = keycloak($base).allow_plain_http().password(USER, PASSWORD);
        let crm = {
            let $builder = crm($base, login, &$clock).allow_plain_http();
            $set
        };
        let app = {
            let $builder = app($base, &$clock).allow_plain_http();
            $set
        };
        (crm, app)
    }};
}

/// The errors of a login, a call and a user's call.
async fn errors(builders: (crm_gateway::ClientBuilder, connect::ClientBuilder)) -> Told {
    let mut told = Told::default();
    let (crm, app) = builders;
    told.debug("builder", &crm);
    told.debug("builder", &app);
    let (crm, app) = (crm.build().expect("a client"), app.build().expect("a client"));
    told.outcome(crm.list_entitlements().send().await);
    told.outcome(shield(&app).send().await);
    let user = app.as_user(user_tokens());
    told.outcome(user.list_global_permissions().send().await);
    for shown in [&crm as &dyn std::fmt::Debug, &app, &user] {
        told.debug("client", shown);
    }
    assert_eq!(told.errors, 3);
    told
}

#[tokio::test]
async fn nothing_is_told_where_nobody_listens() {
    let mut room = Room::enter().await;
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port");
        format!("http://{}", listener.local_addr().expect("a bound port"))
    };
    let clock = TestClock::new();
    room.row("closed port", &errors(with!(&closed, clock, |builder| builder)).await);
    room.row(
        "no such name",
        &errors(with!("http://nobody.invalid", clock, |builder| builder.no_proxy())).await,
    );
    room.leave(2);
}

#[cfg(any(feature = "rustls", feature = "native-tls"))]
#[tokio::test]
async fn nothing_is_told_where_there_is_no_tls() {
    let server = Server::start().await;
    let mut room = Room::enter().await;
    let clock = TestClock::new();
    let answers: [(&str, Make); 2] = [
        ("closed", |_| Some(Vec::new())),
        ("HTTP", |_| Some(http(400, &[], &super::secrets::all_in_one_line()))),
    ];
    for (name, answer) in answers {
        server.set(answer);
        let base = server.uri_with("https://");
        room.row(name, &errors(with!(&base, clock, |builder| builder)).await);
    }
    room.leave(2);
}

/// Its URL, with user name and password as a URL parser writes them.
fn proxy(server: &Server) -> String {
    let mut url = reqwest::Url::parse(&server.uri()).expect("a URL");
    // The sign itself is the caller's to encode.
    url.set_username(&PROXY_USER.replace('%', "%25")).expect("a base");
    url.set_password(Some(&PROXY_PASSWORD.replace('%', "%25"))).expect("a base");
    url.into()
}

#[tokio::test]
async fn nothing_is_told_by_a_proxy_that_refuses() {
    let server = Server::start().await;
    let mut room = Room::enter().await;
    let clock = TestClock::new();
    let answers: [(&str, Make); 5] = [
        ("407", |request| {
            let all = format!("{} {PROXY_USER} {PROXY_PASSWORD}", request.in_one_line());
            Some(http(407, &[("proxy-authenticate", &all), ("location", &all)], &all))
        }),
        ("407 with a reason", |request| {
            let all = request.in_one_line();
            Some(format!("HTTP/1.1 407 {all}\r\ncontent-length: 0\r\n\r\n").into_bytes())
        }),
        ("502", |request| Some(http(502, &[], &request.in_one_line()))),
        ("the request again", |request| Some(request.whole.clone().into_bytes())),
        ("closed", |_| Some(Vec::new())),
    ];
    for (name, answer) in answers {
        server.set(answer);
        for scheme in ["http", "https"] {
            if scheme == "https" && !cfg!(any(feature = "rustls", feature = "native-tls")) {
                continue;
            }
            let base = format!("{scheme}://api.example");
            let told = errors(with!(&base, clock, |builder| builder.proxy(proxy(&server)))).await;
            let seen = server.take_requests();
            assert!(!seen.is_empty() && seen.iter().all(|one| one.whole.contains("roxy-")), "{seen:?}");
            room.row(format!("{name}, {scheme}"), &told);
        }
    }
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port");
        listener.local_addr().expect("a bound port")
    };
    let gone = proxy(&server).replace(&server.uri_with(""), &closed.to_string());
    let told = errors(with!("http://api.example", clock, |builder| builder.proxy(&gone))).await;
    room.row("closed port", &told);
    room.leave(if cfg!(any(feature = "rustls", feature = "native-tls")) { 11 } else { 6 });
}

/// A whole call by TLS, with a client certificate: what the TLS library tells of it.
#[cfg(feature = "rustls")]
#[tokio::test]
async fn nothing_is_told_by_tls() {
    use super::{
        certificates::{Authority, LOCAL},
        logins::well,
    };

    let (authority, stranger) = (Authority::new(), Authority::new());
    let server = Server::start_tls(authority.server(&LOCAL).serve_clients_of(&authority)).await;
    server.set(well);
    let mut room = Room::enter().await;
    let (clock, identity) = (TestClock::new(), authority.client());
    let key = identity.key.serialize_pem();
    for (name, root, identity, fails) in [
        ("well", &authority, Some(identity.pem()), false),
        ("no client certificate", &authority, None, true),
        ("a stranger's", &authority, Some(stranger.client().pem()), true),
        ("untrusted", &stranger, Some(identity.pem()), true),
    ] {
        let mut told = Told::default();
        let login = keycloak(&server.uri()).password(USER, PASSWORD);
        let builder =
            crm(&server.uri(), login, &clock).root_certificates(root.pem()).without_platform_roots();
        let builder = match identity {
            Some(pem) => builder.client_certificate(pem),
            None => builder,
        };
        told.debug("builder", &builder);
        let client = builder.build().expect("a client");
        told.outcome(client.list_entitlements().send().await);
        told.debug("client", &client);
        assert_eq!(told.errors > 0, fails, "{name}");
        told.key(&key);
        room.row(name, &told);
    }
    let mut told = Told::default();
    let broken = identity.pem().replace("END PRIVATE", "END OTHER");
    let login = || keycloak(&server.uri()).password(USER, PASSWORD);
    for pem in [
        broken,
        key.clone(),
        identity.pem() + &key,
        identity.pem().replace("PRIVATE KEY-----\n", "PRIVATE KEY-----\n!"),
    ] {
        let error = crm(&server.uri(), login(), &clock).client_certificate(pem).build().expect_err("refused");
        assert_eq!(error.kind(), entitlements::ErrorKind::Configuration);
        told.error(&error);
    }
    told.key(&key);
    room.row("keys that cannot be read", &told);
    let targets = super::capture::targets();
    assert!(targets.iter().any(|target| target.starts_with("rustls::client")), "{targets:?}");
    room.leave(5);
}
