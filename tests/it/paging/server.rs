//! A server on a loopback port whose answers are a function of the request, and which sees how
//! many requests it has at once. An answer may wait for others.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

/// A request without a body.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) line: String,
    head: String,
}

impl Asked {
    /// The first value of a parameter, decoded.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        let query = self.line.split_once('?')?.1.split(' ').next()?;
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    pub(super) fn number(&self, name: &str) -> u64 {
        self.parameter(name).and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{name}: {self:?}"))
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let pairs = self.head.lines().filter_map(|line| line.split_once(": "));
        pairs.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// Status and JSON body.
pub(super) type Answer = (u16, String);

pub(super) struct Server {
    uri: String,
    state: Arc<State>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    seen: Mutex<Vec<Asked>>,
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Server {
    /// Answers at once.
    pub(super) async fn start(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        Self::start_slow(move |asked| std::future::ready(answer(&asked))).await
    }

    /// Answers when the future says so.
    pub(super) async fn start_slow<F>(answer: impl Fn(Asked) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port");
        let uri = format!("http://{}", listener.local_addr().expect("a bound port"));
        let state = Arc::new(State::default());
        let task = tokio::spawn(accept(listener, state.clone(), Arc::new(answer)));
        Self { uri, state, task }
    }

    pub(super) fn uri(&self) -> &str {
        &self.uri
    }

    /// What came so far.
    pub(super) fn seen(&self) -> Vec<Asked> {
        lock(&self.state.seen).clone()
    }

    /// How many came so far.
    pub(super) fn count(&self) -> usize {
        lock(&self.state.seen).len()
    }

    pub(super) fn lines(&self) -> Vec<String> {
        self.seen().into_iter().map(|asked| asked.line).collect()
    }

    /// How many there were at once at most.
    pub(super) fn most_at_once(&self) -> usize {
        self.state.most.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept<F>(
    listener: TcpListener,
    state: Arc<State>,
    answer: Arc<impl Fn(Asked) -> F + Send + Sync + 'static>,
) where
    F: Future<Output = Answer> + Send + 'static,
{
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(serve(stream, state.clone(), answer.clone()));
    }
}

async fn serve<F: Future<Output = Answer>>(
    mut stream: TcpStream,
    state: Arc<State>,
    answer: Arc<impl Fn(Asked) -> F>,
) {
    let mut unread = Vec::new();
    while let Some(asked) = read(&mut stream, &mut unread).await {
        lock(&state.seen).push(asked.clone());
        let now = state.now.fetch_add(1, Ordering::SeqCst) + 1;
        state.most.fetch_max(now, Ordering::SeqCst);
        let (status, body) = answer(asked).await;
        state.now.fetch_sub(1, Ordering::SeqCst);
        let head = format!(
            "HTTP/1.1 {status} Made\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        if stream.write_all((head + &body).as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn read(stream: &mut TcpStream, unread: &mut Vec<u8>) -> Option<Asked> {
    let end = loop {
        if let Some(end) = unread.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        let count = stream.read_buf(unread).await.ok()?;
        (count > 0).then_some(())?;
    };
    let head = String::from_utf8(unread[..end].to_vec()).expect("a head in ASCII");
    unread.drain(..end + 4);
    let line = head.lines().next().unwrap_or_default().to_owned();
    Some(Asked { line, head })
}

/// What has to end, and not by the patience of whoever runs the tests.
pub(super) async fn in_time<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), work).await.expect("it ends")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
