//! What the vendors' handlers implement.

use std::{cell::Cell, time::SystemTime};

use super::{Call, Reply, Request};

/// State and request in, reply out; no I/O.
pub(crate) trait State: Send + 'static {
    type Call: Call;

    fn handle(&mut self, request: &Request, visit: &Visit) -> Reply;

    /// What the specification of the vendor's API allows; nothing for a server without one.
    #[cfg(feature = "fake-checks")]
    fn checker() -> Option<std::sync::Arc<super::check::Checker>>;

    /// Ends the token that the request carries, so that the request is then refused for it.
    fn end_token(&mut self, request: &Request, end: TokenEnd, now: SystemTime);
}

/// How a token came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenEnd {
    Expired,
    Revoked,
}

/// What a handler is told beside the request.
#[derive(Debug)]
pub(crate) struct Visit {
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
