//! A server that answers whatever a test makes of the request.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
    task::JoinHandle,
};

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// Head and body.
    pub(crate) whole: String,
}

impl Request {
    /// Whether it is for a token endpoint.
    pub(crate) fn is_login(&self) -> bool {
        self.whole.lines().next().is_some_and(|line| line.contains("/token"))
    }

    /// The tokens that it brought.
    pub(crate) fn tokens(&self) -> Vec<String> {
        let bearer = self.whole.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            let value = value.strip_prefix("Bearer ")?;
            name.eq_ignore_ascii_case("authorization").then(|| value.to_owned())
        });
        bearer.into_iter().collect()
    }

    /// All of it in one line, as a server repeats it in an answer.
    pub(crate) fn in_one_line(&self) -> String {
        self.whole.replace(['\r', '\n'], " ")
    }
}

/// Makes the answer. An empty one closes the connection, `None` leaves it open without an answer.
pub(crate) type Answer = Arc<dyn Fn(&Request) -> Option<Vec<u8>> + Send + Sync>;

/// A server on a loopback port of its own.
pub(crate) struct Server {
    scheme: &'static str,
    address: SocketAddr,
    state: Arc<State>,
    task: JoinHandle<()>,
}

struct State {
    answer: Mutex<Answer>,
    seen: Mutex<Vec<Request>>,
    #[cfg(feature = "rustls")]
    tls: Option<tokio_rustls::TlsAcceptor>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::listen("http", State::new()).await
    }

    /// A server that speaks TLS.
    #[cfg(feature = "rustls")]
    pub(crate) async fn start_tls(tls: tokio_rustls::rustls::ServerConfig) -> Self {
        let tls = Some(Arc::new(tls).into());
        Self::listen("https", State { tls, ..State::new() }).await
    }

    async fn listen(scheme: &'static str, state: State) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port");
        let address = listener.local_addr().expect("a bound port");
        let state = Arc::new(state);
        let task = tokio::spawn(accept(listener, state.clone()));
        Self { scheme, address, state, task }
    }

    /// Answers in this way from now on.
    pub(crate) fn set(&self, answer: impl Fn(&Request) -> Option<Vec<u8>> + Send + Sync + 'static) {
        *lock(&self.state.answer) = Arc::new(answer);
    }

    pub(crate) fn uri(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// Its address with a scheme that it does not speak, or user info before it.
    pub(crate) fn uri_with(&self, beginning: &str) -> String {
        format!("{beginning}{}", self.address)
    }

    /// What came since the last time.
    pub(crate) fn take_requests(&self) -> Vec<Request> {
        std::mem::take(&mut lock(&self.state.seen))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl State {
    fn new() -> Self {
        Self {
            answer: Mutex::new(Arc::new(|_| Some(Vec::new()))),
            seen: Mutex::default(),
            #[cfg(feature = "rustls")]
            tls: None,
        }
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    while let Ok((stream, _)) = listener.accept().await {
        let state = state.clone();
        tokio::spawn(async move {
            #[cfg(feature = "rustls")]
            if let Some(tls) = &state.tls {
                if let Ok(stream) = tls.accept(stream).await {
                    serve(stream, &state).await;
                }
                return;
            }
            serve(stream, &state).await;
        });
    }
}

async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, state: &State) {
    let Some(request) = read(&mut stream).await else { return };
    lock(&state.seen).push(request.clone());
    let answer = lock(&state.answer).clone();
    match answer(&request) {
        Some(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
            // An unread rest would turn the answer into a reset.
            while stream.read(&mut [0; 1024]).await.is_ok_and(|count| count > 0) {}
        }
        None => std::future::pending().await,
    }
}

async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Request> {
    let mut bytes = Vec::new();
    loop {
        let whole = String::from_utf8_lossy(&bytes).into_owned();
        if let Some(end) = whole.find("\r\n\r\n") {
            let head = whole[..end].to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            if bytes.len() >= end + 4 + length.unwrap_or(0) {
                return Some(Request { whole });
            }
        } else if !bytes.is_empty() && !bytes[0].is_ascii_graphic() {
            // A handshake of TLS at a server without it.
            return Some(Request { whole });
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
