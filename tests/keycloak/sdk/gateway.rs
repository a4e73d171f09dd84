//! A gateway that asks the real server of every token whether it is good.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use entitlements::{auth::Keycloak, crm_gateway::Client};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use super::realm::Realm;

/// How many entitlements it says that there are.
pub(super) const FOUND: u64 = 7;

/// How it says that a token is not good.
#[derive(Debug, Clone, Copy)]
pub(super) enum Refusal {
    Forbidden,
    Unauthorized,
    ResultCode,
}

pub(super) struct Gateway {
    address: SocketAddr,
    shared: Arc<Shared>,
    listener: JoinHandle<()>,
}

struct Shared {
    realm: Arc<Realm>,
    /// How it refuses, and how often it did.
    state: Mutex<(Refusal, usize)>,
}

impl Gateway {
    pub(super) async fn before(realm: Arc<Realm>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared { realm, state: Mutex::new((Refusal::Forbidden, 0)) });
        let accepting = shared.clone();
        let listener = tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.expect("a connection");
                let shared = accepting.clone();
                tokio::spawn(async move { shared.answer(client).await.ok() });
            }
        });
        Self { address, shared, listener }
    }

    /// The SDK's own client of it.
    pub(super) fn client(&self, login: Keycloak) -> Client {
        Client::builder(format!("http://{}", self.address)).auth(login).build().expect("a client")
    }

    /// A call that must succeed, whatever the token went through.
    pub(super) async fn call(&self, client: &Client) {
        let count = client.list_entitlements().count().await;
        assert_eq!(count.unwrap_or_else(|error| panic!("{}: {error}", self.shared.realm.server())), FOUND);
    }

    pub(super) fn refuse_by(&self, refusal: Refusal) {
        self.shared.state.lock().expect("nobody else failed").0 = refusal;
    }

    /// How many calls it refused.
    pub(super) fn refused(&self) -> usize {
        self.shared.state.lock().expect("nobody else failed").1
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

impl Shared {
    async fn answer(&self, mut client: TcpStream) -> std::io::Result<()> {
        let mut received = Vec::new();
        while !received.ends_with(b"\r\n\r\n") {
            if client.read_buf(&mut received).await? == 0 {
                return Ok(());
            }
        }
        let head = String::from_utf8_lossy(&received);
        let token = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("authorization").then(|| value.strip_prefix("Bearer "))?
        });
        let is_good = match token {
            Some(token) => self.realm.accepts_token(token).await,
            None => false,
        };
        let (status, body) = if is_good { ("200 OK", r#"{"totalRecords":7}"#) } else { self.refusal() };
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
             connection: close\r\n\r\n{body}"
        );
        client.write_all(answer.as_bytes()).await?;
        client.shutdown().await
    }

    fn refusal(&self) -> (&'static str, &'static str) {
        let mut state = self.state.lock().expect("nobody else failed");
        state.1 += 1;
        let result_code = r#"{"resultCode":"99999:403","localeMessage":"none","requestId":1,"result":"x"}"#;
        match state.0 {
            Refusal::Forbidden => ("403 Forbidden", result_code),
            Refusal::Unauthorized => ("401 Unauthorized", "{}"),
            Refusal::ResultCode => ("200 OK", result_code),
        }
    }
}
