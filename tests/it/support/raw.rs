//! A server that keeps every request exactly as it came and answers from a script.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
    task::{JoinHandle, JoinSet},
};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig};

use self::answer::Answer;

/// The answers of the script.
pub(crate) mod answer {
    /// The bytes to send, and whether the connection stays open behind them.
    #[derive(Debug, Clone)]
    pub(crate) struct Answer {
        pub(super) bytes: Vec<u8>,
        pub(super) keep_alive: bool,
    }

    /// A JSON body.
    pub(crate) fn json(status: u16, body: &str) -> Answer {
        with(status, &[("content-type", "application/json")], body)
    }

    /// Any headers and any body; the length is added.
    pub(crate) fn with(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
        let length =
            if status == 204 { String::new() } else { format!("content-length: {}\r\n", body.len()) };
        let lines: Vec<_> = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let lines = lines.concat();
        let bytes = format!("HTTP/1.1 {status} Scripted\r\n{lines}{length}\r\n{body}").into_bytes();
        Answer { bytes, keep_alive: true }
    }

    /// Neither a body nor a word about one.
    pub(crate) fn empty(status: u16) -> Answer {
        with(status, &[], "")
    }

    /// Bytes as they are, whatever they mean; the connection is closed behind them.
    pub(crate) fn bytes(bytes: &[u8]) -> Answer {
        Answer { bytes: bytes.to_vec(), keep_alive: false }
    }

    /// The connection is closed before the first byte.
    pub(crate) fn hang_up() -> Answer {
        bytes(&[])
    }

    impl Answer {
        /// Closes the connection behind the answer.
        pub(crate) fn close(mut self) -> Self {
            self.keep_alive = false;
            self
        }

        /// Leaves out the last bytes of the body and closes the connection.
        pub(crate) fn without_last(mut self, count: usize) -> Self {
            self.bytes.truncate(self.bytes.len() - count);
            self.close()
        }
    }
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// The first line, without its end.
    pub(crate) line: String,
    /// Names and values in their order, as they were written.
    pub(crate) headers: Vec<(String, String)>,
    /// The body, exactly as long as it was announced.
    pub(crate) body: Vec<u8>,
}

impl Seen {
    /// The value of a header that is there at most once.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        let value = found.next().map(|(_, value)| value.as_str());
        assert!(found.next().is_none(), "`{name}` is there more than once");
        value
    }

    /// The names of all headers in lower case and in alphabetical order.
    pub(crate) fn header_names(&self) -> Vec<String> {
        let names = self.headers.iter().map(|(name, _)| name.to_ascii_lowercase());
        // One more with the feature, which tests of its own look for.
        let is_expected = |name: &String| !(cfg!(feature = "gzip") && name == "accept-encoding");
        let mut names: Vec<_> = names.filter(is_expected).collect();
        names.sort_unstable();
        names
    }

    /// The body as JSON.
    pub(crate) fn body_json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }
}

/// A server on a loopback port of its own. Dropping it closes all its connections.
#[derive(Debug)]
pub(crate) struct RawServer {
    scheme: &'static str,
    address: SocketAddr,
    state: Arc<State>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct State {
    seen: Mutex<Vec<Seen>>,
    script: Mutex<VecDeque<Answer>>,
    connections: AtomicUsize,
}

impl RawServer {
    /// Starts a server that gives these answers, one to each request, over all connections.
    ///
    /// A request behind the last one is answered with 418, which no client repeats.
    pub(crate) async fn start(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self::listen(answers, None).await
    }

    /// Starts a server that speaks TLS.
    #[allow(dead_code, reason = "only some services are tested with TLS")]
    pub(crate) async fn start_tls(answers: impl IntoIterator<Item = Answer>, tls: ServerConfig) -> Self {
        Self::listen(answers, Some(TlsAcceptor::from(Arc::new(tls)))).await
    }

    async fn listen(answers: impl IntoIterator<Item = Answer>, tls: Option<TlsAcceptor>) -> Self {
        let scheme = if tls.is_some() { "https" } else { "http" };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port");
        let address = listener.local_addr().expect("a bound port");
        let script = Mutex::new(answers.into_iter().collect());
        let state = Arc::new(State { seen: Mutex::default(), script, connections: AtomicUsize::new(0) });
        let task = tokio::spawn(accept(listener, tls, state.clone()));
        Self { scheme, address, state, task }
    }

    /// Where it listens, without a path.
    pub(crate) fn uri(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// Where it listens, by the name that every machine has for itself.
    #[allow(dead_code, reason = "only some services are tested by name")]
    pub(crate) fn uri_by_name(&self) -> String {
        format!("{}://localhost:{}", self.scheme, self.address.port())
    }

    /// How many connections were made.
    #[cfg(all(feature = "symphony", feature = "crm-gateway", feature = "connect"))]
    pub(crate) fn connections(&self) -> usize {
        self.state.connections.load(Ordering::SeqCst)
    }

    /// What came so far.
    pub(crate) fn requests(&self) -> Vec<Seen> {
        lock(&self.state.seen).clone()
    }
}

impl Drop for RawServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, state: Arc<State>) {
    // The set ends its tasks when it is dropped.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        state.connections.fetch_add(1, Ordering::SeqCst);
        let (tls, state) = (tls.clone(), state.clone());
        connections.spawn(async move {
            match tls {
                Some(tls) => match tls.accept(stream).into_fallible().await {
                    Ok(stream) => serve(stream, state).await,
                    // Closed at once, the connection could be reset before the client reads why.
                    Err((_, mut stream)) => while read_more(&mut stream, &mut Vec::new()).await.is_some() {},
                },
                None => serve(stream, state).await,
            }
        });
    }
}

async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, state: Arc<State>) {
    let mut unread = Vec::new();
    while let Some(request) = read_request(&mut stream, &mut unread).await {
        lock(&state.seen).push(request);
        let answer = lock(&state.script).pop_front().unwrap_or_else(|| answer::empty(418));
        let sent = stream.write_all(&answer.bytes).await;
        if sent.is_err() || !answer.keep_alive {
            return;
        }
    }
}

/// The next request, or `None` at the end of the connection.
async fn read_request(stream: &mut (impl AsyncRead + Unpin), unread: &mut Vec<u8>) -> Option<Seen> {
    // A head of a megabyte is not searched anew with each part of it.
    let mut searched = 0_usize;
    let end = loop {
        let found = unread[searched..].windows(4).position(|window| window == b"\r\n\r\n");
        if let Some(end) = found {
            break searched + end;
        }
        searched = unread.len().saturating_sub(3);
        read_more(stream, unread).await?;
    };
    let head = String::from_utf8(unread[..end].to_vec()).expect("a head in ASCII");
    let mut lines = head.split("\r\n").map(str::to_owned);
    let line = lines.next().unwrap_or_default();
    let split = |line: String| {
        let (name, value) = line.split_once(':').expect("a header");
        (name.to_owned(), value.trim().to_owned())
    };
    let mut request = Seen { line, headers: lines.map(split).collect(), body: Vec::new() };
    let length = request.header("content-length").map_or(0, |length| length.parse().expect("a length"));
    let whole = end + 4 + length;
    while unread.len() < whole {
        read_more(stream, unread).await?;
    }
    request.body = unread[end + 4..whole].to_vec();
    unread.drain(..whole);
    Some(request)
}

async fn read_more(stream: &mut (impl AsyncRead + Unpin), unread: &mut Vec<u8>) -> Option<()> {
    let count = stream.read_buf(unread).await.ok()?;
    (count > 0).then_some(())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
