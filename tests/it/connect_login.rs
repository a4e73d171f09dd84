//! The login of users by the browser, and their tokens in a store, against the fake of Connect.

mod exchange;
mod session;
mod start;
mod store;
mod whole;

use entitlements::{
    auth::ClientAuthentication,
    connect::{Client, ClientBuilder, Environment, UserLogin},
    fakes::connect::{CLIENT_ID, CLIENT_SECRET, Fake, Operation, REDIRECT_URI},
    time::TestClock,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use url::Url;

/// A client of the fake's servers, made as an application makes it.
fn builder(fake: &Fake, clock: &TestClock) -> ClientBuilder {
    let environment = Environment::custom(fake.api_url(), fake.login_url());
    Client::builder(environment).client_login(CLIENT_ID, CLIENT_SECRET).clock(clock.clone())
}

fn app(fake: &Fake, clock: &TestClock) -> Client {
    builder(fake, clock).build().expect("a client")
}

fn start(app: &Client) -> UserLogin {
    app.user_login(REDIRECT_URI).start().expect("a login")
}

fn token_requests(fake: &Fake) -> u64 {
    fake.journal().count(Operation::Token)
}

/// What a browser is sent to next, from the address that it was sent to: it asks once, with the
/// button of the fake's page pressed. No HTTP library of the crate has a part in it.
async fn browse(url: &str, more: &str) -> String {
    let url = Url::parse(url).expect("a URL");
    let address = (url.host_str().expect("a host"), url.port().expect("a port"));
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let (path, query) = (url.path(), url.query().expect("a query"));
    let request = format!(
        "GET {path}?{query}&auto=1{more} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
        address.0
    );
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    let location = answer.lines().find_map(|line| line.strip_prefix("location: "));
    location.unwrap_or_else(|| panic!("no redirect: {answer}")).to_owned()
}

/// The value of a parameter of a URL.
fn parameter(url: &str, name: &str) -> Option<String> {
    let url = Url::parse(url).expect("a URL");
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// The address of the callback with a code, as if the browser had been at the login server.
fn came_back(login: &UserLogin, code: &str) -> String {
    let state = parameter(login.url(), "state").expect("a state");
    format!("{REDIRECT_URI}?code={code}&state={state}")
}

const METHODS: [ClientAuthentication; 2] = [ClientAuthentication::Basic, ClientAuthentication::Form];
