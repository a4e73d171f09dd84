//! How each outcome is made: by a fake without a socket, or by bytes where they matter.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use entitlements::{
    fakes::{Fault, Faults, Reply},
    time::{BoxFuture, Clock, TestClock},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    task::JoinSet,
};

use super::drive::{Client, Ended, Fake, Limits, MAX_BODY, Operation};

/// One thing that can become of an attempt.
#[derive(Debug, Clone, Copy)]
pub(super) enum Made {
    /// The fake does it, without a socket.
    Fault(fn() -> Fault),
    /// Nobody listens.
    Refused,
    /// The connection breaks.
    Broken(Break),
    /// The answer is larger than the client's bound.
    TooLarge,
    /// The same as a fault, for a client whose token cannot be renewed.
    WithStaticToken(fn() -> Fault),
}

/// How a connection breaks after the whole request was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Break {
    /// It is closed before the first byte of the answer.
    HangUp,
    /// It is reset before the first byte of the answer.
    Reset,
    /// It is closed in the middle of the body.
    Truncated,
    /// It is reset in the middle of the body.
    BodyReset,
}

/// How often the outcome comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Times {
    /// The next attempt is fine.
    Once,
    Always,
}

/// What there was to see of one call.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) ended: Ended,
    /// How many requests the server saw.
    pub(super) requests: u64,
    /// How long the client waited, on its own clock.
    pub(super) waited: Duration,
}

impl Made {
    /// Whether real I/O is needed, which does not go together with the runtime's paused time.
    pub(super) fn needs_socket(self) -> bool {
        !matches!(self, Self::Fault(_))
    }

    pub(super) async fn run(self, operation: Operation, limits: Limits, times: Times) -> Run {
        match self {
            Self::Fault(fault) => in_process(operation, limits, script(fault(), times)).await,
            Self::TooLarge => {
                let large = format!("\"{}\"", "x".repeat(MAX_BODY));
                let reply = Reply::new(200).with_body("application/json", large);
                by_socket(operation, limits, script(Fault::reply(reply), times)).await
            }
            Self::WithStaticToken(fault) => by_socket(operation, limits, script(fault(), times)).await,
            Self::Broken(how) => broken(operation, limits, how, times).await,
            Self::Refused => refused(operation, limits, times).await,
        }
    }
}

fn script(fault: Fault, times: Times) -> Faults {
    match times {
        Times::Once => fault.then_normal(),
        Times::Always => fault.always(),
    }
}

async fn in_process(operation: Operation, limits: Limits, faults: Faults) -> Run {
    let clock = TestClock::new();
    let fake = Fake::in_process(operation, clock.clone(), faults);
    let ended = fake.client().call(operation, limits).await;
    fake.assert_faults_used();
    Run { ended, requests: fake.requests(operation), waited: clock.elapsed() }
}

async fn by_socket(operation: Operation, limits: Limits, faults: Faults) -> Run {
    let clock = TestClock::new();
    let fake = Fake::served(operation, clock.clone(), faults).await;
    let ended = Client::over(operation.api, &fake.uri(), &clock).call(operation, limits).await;
    Run { ended, requests: fake.requests(operation), waited: clock.elapsed() }
}

async fn broken(operation: Operation, limits: Limits, how: Break, times: Times) -> Run {
    let clock = TestClock::new();
    let fake = Fake::served(operation, clock.clone(), Fault::none().always()).await;
    let count = if times == Times::Once { 1 } else { u64::MAX };
    let broken = Arc::new(AtomicU64::new(0));
    let socket = bound();
    let uri = uri(&socket);
    let listener = socket.listen(64).expect("a free port");
    let mut front = JoinSet::new();
    front.spawn(stand_before(fake.uri(), listener, how, count, broken.clone()));
    let ended = Client::over(operation.api, &uri, &clock).call(operation, limits).await;
    let requests = fake.requests(operation) + broken.load(Ordering::SeqCst);
    Run { ended, requests, waited: clock.elapsed() }
}

async fn refused(operation: Operation, limits: Limits, times: Times) -> Run {
    let clock = TestClock::new();
    let fake = Fake::served(operation, clock.clone(), Fault::none().always()).await;
    let ended = call_refused(operation, limits, times, &clock, &fake).await;
    Run { ended, requests: fake.requests(operation), waited: clock.elapsed() }
}

/// Calls by a port where nobody listens; once means until the client waits.
pub(super) async fn call_refused(
    operation: Operation,
    limits: Limits,
    times: Times,
    clock: &TestClock,
    fake: &Fake,
) -> Ended {
    let socket = bound();
    let uri = uri(&socket);
    let opening = Opening { clock: clock.clone(), closed: Arc::new(Mutex::new(None)), to: fake.uri() };
    // A port that is bound and not listening refuses connections, and nobody else gets it.
    let (kept, opens) = if times == Times::Once { (None, Some(socket)) } else { (Some(socket), None) };
    *opening.closed.lock().unwrap_or_else(PoisonError::into_inner) = opens;
    let ended = Client::over(operation.api, &uri, &opening).call(operation, limits).await;
    drop(kept);
    ended
}

fn bound() -> TcpSocket {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(([127, 0, 0, 1], 0).into()).expect("a loopback port");
    socket
}

fn uri(socket: &TcpSocket) -> String {
    format!("http://{}", socket.local_addr().expect("a bound port"))
}

/// A clock whose first pause lets the server listen.
#[derive(Debug, Clone)]
struct Opening {
    clock: TestClock,
    closed: Arc<Mutex<Option<TcpSocket>>>,
    to: String,
}

impl Clock for Opening {
    fn now(&self) -> Instant {
        self.clock.now()
    }

    fn wall(&self) -> SystemTime {
        self.clock.wall()
    }

    fn pause(&self, duration: Duration) -> BoxFuture<'static, ()> {
        if let Some(socket) = self.closed.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let listener = socket.listen(64).expect("a free port");
            tokio::spawn(stand_before(self.to.clone(), listener, Break::HangUp, 0, Arc::default()));
        }
        self.clock.pause(duration)
    }
}

/// Breaks the first connections and leads the others to the fake.
async fn stand_before(fake: String, listener: TcpListener, how: Break, count: u64, broken: Arc<AtomicU64>) {
    let address = fake.trim_start_matches("http://").to_owned();
    let mut connections = JoinSet::new();
    while let Ok((mut client, _)) = listener.accept().await {
        let (address, broken) = (address.clone(), broken.clone());
        let breaks = broken.load(Ordering::SeqCst) < count;
        connections.spawn(async move {
            if !breaks {
                let mut server = TcpStream::connect(address).await.expect("the fake listens");
                tokio::io::copy_bidirectional(&mut client, &mut server).await.ok();
            } else if read_request(&mut client).await.is_some() {
                broken.fetch_add(1, Ordering::SeqCst);
                break_off(client, how).await;
            }
        });
    }
}

async fn break_off(mut client: TcpStream, how: Break) {
    if matches!(how, Break::Truncated | Break::BodyReset) {
        let part = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{\"";
        client.write_all(part).await.ok();
    }
    if matches!(how, Break::Reset | Break::BodyReset) {
        // Without lingering, closing is a reset.
        client.set_zero_linger().ok();
    }
}

/// Reads a request whole: to close with unread bytes would be a reset.
async fn read_request(client: &mut TcpStream) -> Option<()> {
    let mut read = Vec::new();
    let end = loop {
        if let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        (client.read_buf(&mut read).await.ok()? > 0).then_some(())?;
    };
    let head = String::from_utf8_lossy(&read[..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length: usize = length.map_or(0, |length| length.trim().parse().expect("a length"));
    while read.len() < end + length {
        (client.read_buf(&mut read).await.ok()? > 0).then_some(())?;
    }
    Some(())
}
