//! Serving a handler, and what all fakes have in common.

use std::{
    cell::Cell,
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use wiremock::{Mock, MockServer, Respond, ResponseTemplate, matchers::any};

use super::{Call, Reply, Request};
use crate::time::{Clock, SystemClock};

/// State and request in, reply out; no I/O.
pub(super) trait State: Send + 'static {
    type Call: Call;

    fn handle(&mut self, request: &Request, visit: &Visit) -> Reply;

    /// Ends the token that the request carries, so that the request is then refused for it.
    fn end_token(&mut self, request: &Request, end: TokenEnd, now: SystemTime);
}

/// How a token came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenEnd {
    Expired,
    Revoked,
}

/// What a handler is told beside the request.
#[derive(Debug)]
pub(super) struct Visit {
    pub(super) now: SystemTime,
    broken: Option<String>,
    refused: Cell<bool>,
}

impl Visit {
    pub(super) fn new(now: SystemTime, broken: Option<String>) -> Self {
        Self { now, broken, refused: Cell::new(false) }
    }

    /// The rule of the specification that the request breaks, for a handler that has come to the
    /// point where it refuses the request for that. A token is looked at before.
    pub(super) fn broken_rule(&self) -> Option<&str> {
        self.refused.set(self.broken.is_some());
        self.broken.as_deref()
    }

    /// The rule for which the handler refused the request.
    pub(super) fn refused_for(&self) -> Option<&str> {
        self.broken.as_deref().filter(|_| self.refused.get())
    }
}

/// How a fake is served; part of every builder.
#[derive(Debug)]
pub(super) struct Setup {
    pub(super) clock: Arc<dyn Clock>,
}

impl Default for Setup {
    fn default() -> Self {
        Self { clock: Arc::new(SystemClock) }
    }
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
    pub(super) async fn start(state: S, setup: Setup) -> Self {
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            clock: setup.clock,
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
        let visit = Visit::new(self.clock.wall(), None);
        let handle = || lock(&self.state).handle(request, &visit);
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

/// The methods that every builder has; `$setup` is the field with the [`Setup`].
macro_rules! builder_methods {
    ($setup:ident) => {
        /// Uses this clock for everything that expires, waits or is counted by time; the fake's
        /// `client()` gets it as well.
        pub fn clock(mut self, clock: impl crate::time::Clock) -> Self {
            self.$setup.clock = std::sync::Arc::new(clock);
            self
        }
    };
}
pub(super) use builder_methods;
