//! Serving a handler by wiremock, and what all fakes have in common.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use wiremock::{Mock, MockServer, Respond, ResponseTemplate, matchers::any};

use super::{Reply, Request};
use crate::time::Clock;

/// State and request in, reply out; no I/O.
pub(super) trait State: Send + 'static {
    fn handle(&mut self, request: &Request, now: SystemTime) -> Reply;
}

/// A served state.
pub(super) struct Served<S> {
    shared: Arc<Shared<S>>,
    server: MockServer,
}

struct Shared<S> {
    state: Mutex<S>,
    clock: Arc<dyn Clock>,
    scripted: Mutex<VecDeque<Scripted>>,
    received: Mutex<Vec<Request>>,
}

/// An answer that takes the place of the handler's.
struct Scripted {
    reply: Reply,
    /// Whether the request is carried out all the same.
    after_change: bool,
}

impl<S> fmt::Debug for Served<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fake").field("uri", &self.server.uri()).finish_non_exhaustive()
    }
}

impl<S: State> Served<S> {
    pub(super) async fn start(state: S, clock: Arc<dyn Clock>) -> Self {
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            clock,
            scripted: Mutex::default(),
            received: Mutex::default(),
        });
        let server = MockServer::builder().disable_request_recording().start().await;
        Mock::given(any()).respond_with(Handler(shared.clone())).mount(&server).await;
        Self { shared, server }
    }

    pub(super) fn uri(&self) -> String {
        self.server.uri()
    }

    pub(super) fn state(&self) -> MutexGuard<'_, S> {
        lock(&self.shared.state)
    }

    pub(super) fn clock(&self) -> &Arc<dyn Clock> {
        &self.shared.clock
    }

    pub(super) fn received(&self) -> Vec<Request> {
        lock(&self.shared.received).clone()
    }

    pub(super) fn script(&self, reply: Reply, after_change: bool) {
        lock(&self.shared.scripted).push_back(Scripted { reply, after_change });
    }
}

struct Handler<S>(Arc<Shared<S>>);

impl<S: State> Respond for Handler<S> {
    fn respond(&self, request: &wiremock::Request) -> ResponseTemplate {
        let url = &request.url;
        let request = Request::new(
            request.method.clone(),
            url.path(),
            url.query().unwrap_or_default(),
            request.headers.clone(),
            request.body.clone().into(),
        );
        let reply = self.0.reply(&request);
        lock(&self.0.received).push(request);
        let mut template = ResponseTemplate::new(reply.status.as_u16()).set_body_bytes(reply.body);
        for (name, value) in &reply.headers {
            template = template.append_header(name.clone(), value.clone());
        }
        template
    }
}

impl<S: State> Shared<S> {
    fn reply(&self, request: &Request) -> Reply {
        let scripted = lock(&self.scripted).pop_front();
        let handle = || lock(&self.state).handle(request, self.clock.wall());
        match scripted {
            None => handle(),
            Some(Scripted { reply, after_change }) => {
                if after_change {
                    handle();
                }
                reply
            }
        }
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The methods that every fake has; `$served` is the field with the served state.
macro_rules! fake_methods {
    ($served:ident) => {
        /// Where the fake listens: scheme, host and port, without a slash at the end.
        #[must_use]
        pub fn uri(&self) -> String {
            self.$served.uri()
        }

        /// Every request so far, in order. It can hold tokens and personal data.
        #[must_use]
        pub fn received(&self) -> Vec<crate::fakes::Request> {
            self.$served.received()
        }

        /// Answers the next request with `reply` instead of carrying it out. Several calls queue.
        pub fn reply_next(&self, reply: crate::fakes::Reply) {
            self.$served.script(reply, false);
        }

        /// Carries out the next request and answers it with `reply` all the same, as a gateway
        /// does that loses the real answer. Several calls queue.
        pub fn reply_next_after_change(&self, reply: crate::fakes::Reply) {
            self.$served.script(reply, true);
        }
    };
}
pub(super) use fake_methods;
