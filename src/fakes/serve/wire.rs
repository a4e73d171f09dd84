//! A listener of our own, for what wiremock cannot do: bytes that break off, drip or do not end,
//! resets, paths as they came, and requests side by side.

use std::{
    io,
    net::TcpListener,
    pin::Pin,
    sync::{Arc, Mutex, OnceLock, mpsc},
    task::{Context, Poll, ready},
    thread,
    time::Duration,
};

use bytes::Bytes;
use hyper::{Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    runtime::Handle,
    sync::oneshot,
    task::JoinSet,
};

use crate::fakes::{
    Request,
    body::AnswerBody,
    core::{Answerer, Delivery, lock},
    fault::{Cut, End},
};

/// Stops listening, and closes its connections, when it is dropped.
pub(super) struct WireListener {
    stop: Option<oneshot::Sender<()>>,
    stopped: mpsc::Receiver<()>,
}

/// How long a fake waits for its end, should another one keep the thread of all busy.
const LONGEST_END: Duration = Duration::from_secs(2);

impl Drop for WireListener {
    fn drop(&mut self) {
        drop(self.stop.take());
        // The port is free then.
        let _ = self.stopped.recv_timeout(LONGEST_END);
    }
}

impl WireListener {
    pub(super) fn start(listener: TcpListener, fake: Arc<dyn Answerer>) -> Self {
        let runtime = runtime();
        let listener = listener.set_nonblocking(true).and_then(|()| {
            let _guard = runtime.enter();
            tokio::net::TcpListener::from_std(listener)
        });
        let listener = listener.unwrap_or_else(|error| panic!("the fake cannot listen: {error}"));
        let (stop, stopping) = oneshot::channel();
        let (has_stopped, stopped) = mpsc::channel();
        runtime.spawn(async move {
            accept(listener, fake, stopping).await;
            let _ = has_stopped.send(());
        });
        Self { stop: Some(stop), stopped }
    }
}

/// One thread for all fakes, with a runtime of its own: a fake does not depend on the runtime of
/// the test that started it, and hundreds of them do not use up the file descriptors.
fn runtime() -> &'static Handle {
    static RUNTIME: OnceLock<Handle> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.unwrap_or_else(|error| panic!("the fakes cannot have a runtime: {error}"));
        let handle = runtime.handle().clone();
        thread::spawn(move || runtime.block_on(std::future::pending::<()>()));
        handle
    })
}

async fn accept(
    listener: tokio::net::TcpListener,
    fake: Arc<dyn Answerer>,
    mut stopping: oneshot::Receiver<()>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let _ = stream.set_nodelay(true);
                    connections.spawn(serve(stream, fake.clone()));
                }
                // A client that is gone before it was let in is no reason to stop. Where there is no
                // file descriptor left, trying again at once would take all the time there is.
                Err(_) => tokio::time::sleep(Duration::from_millis(1)).await,
            },
            Some(_) = connections.join_next() => {}
            _ = &mut stopping => break,
        }
    }
    drop(listener);
    connections.shutdown().await;
}

async fn serve(stream: TcpStream, fake: Arc<dyn Answerer>) {
    let limit = Arc::new(Mutex::new(Limit::None));
    let connection = Connection { stream, limit: limit.clone() };
    let service = service_fn(move |request| answer(request, fake.clone(), limit.clone()));
    // The error is the one that the fault made, or a client that has gone.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(connection), service).await;
}

async fn answer(
    request: hyper::Request<Incoming>,
    fake: Arc<dyn Answerer>,
    limit: Arc<Mutex<Limit>>,
) -> io::Result<Response<AnswerBody>> {
    let flight = fake.clone().take_off();
    let (parts, body) = request.into_parts();
    let body = collected(body).await?;
    let uri = &parts.uri;
    let request =
        Request::new(parts.method, uri.path(), uri.query().unwrap_or_default(), parts.headers, body);
    let answer = fake.answer(request);
    if !answer.delay.is_zero() {
        tokio::time::sleep(answer.delay).await;
    }
    *lock(&limit) = match answer.delivery {
        Delivery::Reset => Limit::Reached(End::Reset),
        Delivery::Cut(cut) => Limit::Until(cut),
        _ => Limit::None,
    };
    if answer.delivery == Delivery::Reset {
        return Err(io::ErrorKind::ConnectionReset.into());
    }
    let body = AnswerBody::new(answer.reply.body, answer.delivery, flight).chunked(answer.chunked);
    let mut response = Response::new(body);
    *response.status_mut() = answer.reply.status;
    *response.headers_mut() = answer.reply.headers;
    Ok(response)
}

async fn collected(mut body: Incoming) -> io::Result<Bytes> {
    let mut whole = Vec::new();
    while let Some(frame) =
        std::future::poll_fn(|cx| hyper::body::Body::poll_frame(Pin::new(&mut body), cx)).await
    {
        if let Ok(data) = frame.map_err(io::Error::other)?.into_data() {
            whole.extend_from_slice(&data);
        }
    }
    Ok(whole.into())
}

/// How much of an answer a fault lets through.
#[derive(Clone, Copy)]
enum Limit {
    None,
    /// So much that is not written yet.
    Until(Cut),
    /// There was more to write.
    Reached(End),
}

/// A connection that says farewell before the end of an answer, or with a reset, where a fault asks
/// for that.
struct Connection {
    stream: TcpStream,
    limit: Arc<Mutex<Limit>>,
}

impl Connection {
    fn limit(&self) -> Limit {
        *lock(&self.limit)
    }

    fn is_reset(&self) -> bool {
        matches!(self.limit(), Limit::Reached(End::Reset))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if self.is_reset() {
            // Without lingering, closing is a reset.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let Limit::Until(cut) = self.limit() else {
            return Pin::new(&mut self.stream).poll_write(cx, bytes);
        };
        if cut.after == 0 && !bytes.is_empty() {
            *lock(&self.limit) = Limit::Reached(cut.end);
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        let allowed = &bytes[..bytes.len().min(cut.after)];
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, allowed))?;
        *lock(&self.limit) = Limit::Until(Cut { after: cut.after - written, ..cut });
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_reset() {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if matches!(self.limit(), Limit::None) {
            return Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        }
        let first = slices.iter().find(|slice| !slice.is_empty());
        self.poll_write(cx, first.map_or(&[], |slice| slice))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
