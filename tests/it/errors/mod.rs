//! What an application learns from an error, and what nobody learns from its text.

mod discreet;
mod hints;
mod made_by_hand;
mod problems;

use std::{
    error::Error as StdError,
    sync::{Arc, Mutex},
};

use entitlements::{
    Error,
    auth::StaticToken,
    connect::{self, Environment},
    crm_gateway, symphony,
    time::TestClock,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::AbortHandle,
};

fn token() -> StaticToken {
    StaticToken::new("not-a-real-token")
}

fn symphony(base: &str) -> symphony::Client {
    symphony::Client::builder(base).auth(token()).clock(TestClock::new()).build().expect("a client")
}

fn crm(base: &str) -> crm_gateway::Client {
    crm_gateway::Client::builder(base).auth(token()).clock(TestClock::new()).build().expect("a client")
}

fn environment(base: &str) -> Environment {
    Environment::custom(format!("{base}/capi"), format!("{base}/user"))
}

fn user(base: &str) -> connect::UserClient {
    let builder = connect::UserClient::builder(environment(base));
    builder.auth(token()).clock(TestClock::new()).build().expect("a client")
}

fn app(base: &str) -> connect::Client {
    let builder = connect::Client::builder(environment(base));
    builder.auth(token()).clock(TestClock::new()).build().expect("a client")
}

/// Everything of an error that a logger prints: the error and all its sources, in every format.
fn printed(error: &Error) -> Vec<String> {
    let mut all = Vec::new();
    let mut next: Option<&dyn StdError> = Some(error);
    while let Some(error) = next {
        all.extend([error.to_string(), format!("{error:?}"), format!("{error:#?}")]);
        next = error.source();
    }
    all
}

/// A port that answers the first bytes of every connection with the same ones, whatever they were.
struct Port {
    number: u16,
    bytes: Arc<Mutex<Vec<u8>>>,
    task: AbortHandle,
}

impl Port {
    async fn answering(bytes: &[u8]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port");
        let number = listener.local_addr().expect("a bound port").port();
        let bytes = Arc::new(Mutex::new(bytes.to_vec()));
        let answer = bytes.clone();
        let accept = async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut seen = [0; 4096];
                let read = stream.read(&mut seen).await;
                let answer = answer.lock().expect("no panic under the lock").clone();
                if read.is_ok() && stream.write_all(&answer).await.is_ok() {
                    // An unread rest would turn the answer into a reset.
                    let _ = stream.shutdown().await;
                    while stream.read(&mut seen).await.is_ok_and(|count| count > 0) {}
                }
            }
        };
        Self { number, bytes, task: tokio::spawn(accept).abort_handle() }
    }

    /// Answers with other bytes from now on.
    fn set(&self, bytes: &[u8]) {
        *self.bytes.lock().expect("no panic under the lock") = bytes.to_vec();
    }

    fn at(&self, scheme: &str, path: &str) -> String {
        format!("{scheme}://127.0.0.1:{}{path}", self.number)
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        self.task.abort();
    }
}
