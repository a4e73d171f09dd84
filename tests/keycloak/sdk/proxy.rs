//! A proxy between the SDK and a real server that loses some of the answers about tokens.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// What becomes of an answer that the server gave and that does not arrive.
#[derive(Debug, Clone, Copy)]
pub(super) enum Loss {
    /// The connection ends without a byte.
    Whole,
    HalfTheHead,
    HalfTheBody,
    /// Another proxy says that it had no answer.
    BadGateway,
    /// Nothing comes until the client has gone.
    Late,
}

pub(super) struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    listener: JoinHandle<()>,
}

struct Shared {
    upstream: String,
    state: Mutex<State>,
}

struct State {
    random: fastrand::Rng,
    /// The share of token answers that are lost.
    share: f64,
    next: Option<Loss>,
    lost: usize,
    refresh_tokens: Vec<String>,
}

impl Proxy {
    pub(super) async fn before(upstream: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let state = State {
            random: fastrand::Rng::with_seed(0),
            share: 0.0,
            next: None,
            lost: 0,
            refresh_tokens: Vec::new(),
        };
        let shared = Arc::new(Shared { upstream: upstream.to_owned(), state: Mutex::new(state) });
        let accepting = shared.clone();
        let listener = tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.expect("a connection");
                let shared = accepting.clone();
                // A client that has gone is none of its business.
                tokio::spawn(async move { shared.forward(client).await.ok() });
            }
        });
        Self { address, shared, listener }
    }

    /// Loses this share of the token answers, by a seed.
    pub(super) fn lose(&self, share: f64, seed: u64) {
        let mut state = self.state();
        state.share = share;
        state.random = fastrand::Rng::with_seed(seed);
    }

    pub(super) fn lose_next(&self, loss: Loss) {
        self.state().next = Some(loss);
    }

    /// How many token answers did not arrive.
    pub(super) fn lost(&self) -> usize {
        self.state().lost
    }

    /// The refresh tokens that the SDK has used, oldest first.
    pub(super) fn refresh_tokens(&self) -> Vec<String> {
        self.state().refresh_tokens.clone()
    }

    pub(super) fn host(&self) -> String {
        self.address.to_string()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.shared.state.lock().expect("nobody else failed")
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

impl Shared {
    async fn forward(&self, mut client: TcpStream) -> std::io::Result<()> {
        let (head, body) = request(&mut client).await?;
        let is_token_request = head.lines().next().is_some_and(|line| line.contains("/token HTTP/"));
        let mut server = TcpStream::connect(&self.upstream).await?;
        server.write_all(self.rewritten(&head).as_bytes()).await?;
        server.write_all(&body).await?;
        let mut answer = Vec::new();
        server.read_to_end(&mut answer).await?;
        let was_done = answer.starts_with(b"HTTP/1.1 200");
        let loss = if is_token_request { self.note(&body, was_done) } else { None };
        let head_length = find(&answer, b"\r\n\r\n").map_or(answer.len(), |at| at + 4);
        let shown = match loss {
            None => &answer[..],
            Some(Loss::Whole) => &[],
            Some(Loss::HalfTheHead) => &answer[..head_length / 2],
            Some(Loss::HalfTheBody) => &answer[..usize::midpoint(head_length, answer.len())],
            Some(Loss::BadGateway) => {
                b"HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/html\r\ncontent-length: 6\r\n\
                  connection: close\r\n\r\n<html>"
            }
            Some(Loss::Late) => {
                client.read_to_end(&mut Vec::new()).await?;
                &[]
            }
        };
        client.write_all(shown).await?;
        client.shutdown().await
    }

    /// The server must believe that it is asked directly, because its tokens hold its name.
    fn rewritten(&self, head: &str) -> String {
        let is_kept = |line: &&str| {
            let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
            !line.is_empty() && !matches!(name.as_str(), "host" | "connection")
        };
        let host = format!("host: {}", self.upstream);
        let lines = head.lines().filter(is_kept);
        let lines: Vec<_> = lines.chain([host.as_str(), "connection: close", "\r\n"]).collect();
        lines.join("\r\n")
    }

    fn note(&self, body: &[u8], was_done: bool) -> Option<Loss> {
        let mut state = self.state.lock().expect("nobody else failed");
        let mut fields = url::form_urlencoded::parse(body);
        if let Some((_, token)) = fields.find(|(name, _)| name == "refresh_token") {
            state.refresh_tokens.push(token.into_owned());
        }
        if !was_done {
            return None;
        }
        let ways = [Loss::Whole, Loss::HalfTheHead, Loss::HalfTheBody, Loss::BadGateway];
        let by_chance = state.random.f64() < state.share;
        let by_chance = by_chance.then(|| ways[state.random.usize(..ways.len())]);
        let loss = state.next.take().or(by_chance);
        state.lost += usize::from(loss.is_some());
        loss
    }
}

/// The head of a request as text, and its whole body.
async fn request(client: &mut TcpStream) -> std::io::Result<(String, Vec<u8>)> {
    let mut received = Vec::new();
    loop {
        if let Some(end) = find(&received, b"\r\n\r\n") {
            let body = received.split_off(end + 4);
            let head = String::from_utf8_lossy(&received).into_owned();
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
            });
            let mut rest = vec![0; length.unwrap_or(0_usize).saturating_sub(body.len())];
            client.read_exact(&mut rest).await?;
            return Ok((head, [body, rest].concat()));
        }
        if client.read_buf(&mut received).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}
