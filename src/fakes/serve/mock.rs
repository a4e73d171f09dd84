//! wiremock as the server.

use std::{
    net::{TcpListener, TcpStream},
    sync::{Arc, Weak},
    thread,
    time::{Duration, Instant},
};

use wiremock::{Mock, MockServer, Respond, ResponseTemplate, matchers::any};

use crate::fakes::{Request, core::Answerer};

/// Stops listening when it is dropped.
pub(super) struct Wiremock {
    server: Option<MockServer>,
    alive: Weak<()>,
    /// A second handle of the listener, for a change to our own.
    second: Option<TcpListener>,
}

impl Drop for Wiremock {
    fn drop(&mut self) {
        // A mock server blocks on a lock of tokio's when it is dropped. In a task that has used up
        // its budget of such locks, as one that drops many servers at once, that would never end.
        let server = self.server.take();
        let _ = thread::spawn(move || drop(server)).join();
        // Its thread needs a millisecond or so to close the connections, and then the listener.
        wait_while(|| self.alive.strong_count() > 0);
        let address = self.second.take().and_then(|listener| listener.local_addr().ok());
        if let Some(address) = address {
            wait_while(|| TcpStream::connect_timeout(&address, Duration::from_millis(20)).is_ok());
        }
    }
}

fn wait_while(goes_on: impl Fn() -> bool) {
    let start = Instant::now();
    while goes_on() && start.elapsed() < Duration::from_secs(2) {
        thread::sleep(Duration::from_micros(200));
    }
}

impl Wiremock {
    pub(super) async fn start(listener: TcpListener, fake: Arc<dyn Answerer>) -> Self {
        let second = Some(listener.try_clone().expect("a listener can be shared"));
        let life = Arc::new(());
        let alive = Arc::downgrade(&life);
        let server = MockServer::builder().listener(listener).disable_request_recording().start().await;
        Mock::given(any()).respond_with(Handler { fake, _life: life }).mount(&server).await;
        Self { server: Some(server), alive, second }
    }

    /// Stops the server, and gives back the port that it listened on.
    pub(super) fn into_listener(mut self) -> TcpListener {
        self.second.take().expect("taken when the server goes")
    }
}

struct Handler {
    fake: Arc<dyn Answerer>,
    /// As long as the server or one of its connections lives.
    _life: Arc<()>,
}

impl Respond for Handler {
    fn respond(&self, request: &wiremock::Request) -> ResponseTemplate {
        let url = &request.url;
        let request = Request::new(
            request.method.clone(),
            url.path(),
            url.query().unwrap_or_default(),
            request.headers.clone(),
            request.body.clone().into(),
        );
        let answer = self.fake.answer(request);
        let reply = answer.reply;
        let mut template = ResponseTemplate::new(reply.status.as_u16()).set_body_bytes(reply.body);
        // A connection is not used twice, so that a client holds none when our listener takes over.
        template = template.insert_header("connection", "close");
        for (name, value) in &reply.headers {
            template = template.append_header(name.clone(), value.clone());
        }
        if answer.delay.is_zero() { template } else { template.set_delay(answer.delay) }
    }
}
