//! A server that plays its part badly, and one beside it that nobody may talk to.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

/// What a server does on a connection.
#[derive(Debug, Clone)]
pub(crate) enum Play {
    /// Reads the request, sends these bytes and closes.
    Bytes(Vec<u8>),
    /// Answers each request with these bytes and keeps the connection.
    Each(Vec<u8>),
    /// Sends these bytes before it reads anything.
    Early(Vec<u8>),
    /// Sends the first bytes, then the others so many times.
    Repeated(Vec<u8>, Vec<u8>, usize),
    /// Sends one byte after the other, with this pause between them.
    Drip(Vec<u8>, Duration),
    /// Closes without a byte, and without a look at the request.
    HangUp,
}

/// A server on a loopback port of its own. Dropping it closes all its connections.
#[derive(Debug)]
pub(crate) struct Hostile {
    address: SocketAddr,
    requests: Arc<AtomicUsize>,
    connections: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Hostile {
    /// Starts a server that answers this many requests well, with this body, and then plays.
    pub(crate) async fn start(well: usize, body: &str, play: Play) -> Self {
        Self::at("127.0.0.1:0", well, body, play).await
    }

    /// A server that only counts, at another address of this machine.
    pub(crate) async fn bystander() -> Self {
        Self::at("127.0.0.2:0", 0, "", Play::HangUp).await
    }

    async fn at(address: &str, well: usize, body: &str, play: Play) -> Self {
        let listener = TcpListener::bind(address).await.expect("a loopback port");
        let address = listener.local_addr().expect("a bound port");
        let (requests, connections) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let good = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes();
        let part = Arc::new(Part { well: AtomicUsize::new(well), good, play, requests: requests.clone() });
        let counter = connections.clone();
        let task = tokio::spawn(async move {
            let mut all = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::SeqCst);
                let part = part.clone();
                all.spawn(async move { part.act(stream).await });
            }
        });
        Self { address, requests, connections, task }
    }

    /// Where it listens, without a path.
    pub(crate) fn uri(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many requests it read.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// How many connections it accepted.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Part {
    well: AtomicUsize,
    good: Vec<u8>,
    play: Play,
    requests: Arc<AtomicUsize>,
}

impl Part {
    /// Errors end the part: the client has gone.
    async fn act(&self, mut stream: TcpStream) -> Option<()> {
        if self.well.load(Ordering::SeqCst) == 0 {
            match &self.play {
                Play::HangUp => return None,
                Play::Early(bytes) => stream.write_all(bytes).await.ok()?,
                _ => {}
            }
        }
        loop {
            read_request(&mut stream).await?;
            self.requests.fetch_add(1, Ordering::SeqCst);
            let left = self.well.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
            if left.is_err() {
                break;
            }
            stream.write_all(&self.good).await.ok()?;
        }
        match &self.play {
            Play::Bytes(bytes) => stream.write_all(bytes).await.ok()?,
            Play::Repeated(first, again, times) => {
                stream.write_all(first).await.ok()?;
                for _ in 0..*times {
                    stream.write_all(again).await.ok()?;
                }
            }
            Play::Drip(bytes, pause) => {
                for byte in bytes {
                    stream.write_all(&[*byte]).await.ok()?;
                    tokio::time::sleep(*pause).await;
                }
            }
            Play::Each(bytes) => loop {
                stream.write_all(bytes).await.ok()?;
                read_request(&mut stream).await?;
                self.requests.fetch_add(1, Ordering::SeqCst);
            },
            Play::Early(_) | Play::HangUp => {}
        }
        stream.shutdown().await.ok()?;
        // A connection that is dropped with unread bytes is reset, which loses what was sent.
        stream.read_to_end(&mut Vec::new()).await.ok().map(|_| ())
    }
}

/// Reads a request with its body.
async fn read_request(stream: &mut TcpStream) -> Option<()> {
    let mut read = Vec::new();
    let end = loop {
        if let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        more(stream, &mut read).await?;
    };
    let head = String::from_utf8_lossy(&read[..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.map_or(0, |length| length.trim().parse().expect("a length"));
    while read.len() < end + length {
        more(stream, &mut read).await?;
    }
    Some(())
}

async fn more(stream: &mut TcpStream, read: &mut Vec<u8>) -> Option<()> {
    (stream.read_buf(read).await.ok()? > 0).then_some(())
}
