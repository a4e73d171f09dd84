//! The body of an answer as it travels, faults included.

use std::{
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use super::core::{Delivery, Flight};

/// A large piece costs one frame, and a client that reads on sees its bound soon.
const SPACES: &[u8] = &[b' '; 16 * 1024];

/// The body of one answer.
pub(crate) struct AnswerBody {
    rest: Bytes,
    way: Way,
    /// Whether nobody is told how much there is.
    chunked: bool,
    /// For a client without a socket: when it stops waiting.
    ends: Option<Pin<Box<Sleep>>>,
    /// The request is under way as long as its body is.
    _flight: Flight,
}

enum Way {
    Whole,
    /// So many bytes of the rest are not sent.
    Truncated {
        missing: usize,
        is_flushed: bool,
    },
    Drip {
        bytes: usize,
        every: Duration,
        pause: Pin<Box<Sleep>>,
    },
    Endless,
}

impl AnswerBody {
    pub(crate) fn new(body: Bytes, delivery: Delivery, flight: Flight) -> Self {
        let mut rest = body;
        let way = match delivery {
            Delivery::Whole | Delivery::Reset | Delivery::Cut(_) => Way::Whole,
            Delivery::Truncated(bytes) => {
                let missing = rest.len().saturating_sub(bytes);
                rest.truncate(bytes);
                Way::Truncated { missing, is_flushed: false }
            }
            Delivery::Drip { bytes, every } => Way::Drip { bytes, every, pause: Box::pin(sleep(every)) },
            Delivery::Endless => Way::Endless,
        };
        Self { rest, way, chunked: false, ends: None, _flight: flight }
    }

    /// Keeps its length to itself if it is to come in chunks.
    pub(super) fn chunked(mut self, chunked: bool) -> Self {
        self.chunked = chunked;
        self
    }

    /// Breaks off when the time is over, as a client does that stops waiting.
    pub(crate) fn until(mut self, end: Instant) -> Self {
        self.ends = Some(Box::pin(sleep_until(end)));
        self
    }
}

type Next = Poll<Option<Result<Frame<Bytes>, io::Error>>>;

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Next {
        let Self { rest, way, ends, .. } = &mut *self;
        if ends.as_mut().is_some_and(|end| end.as_mut().poll(cx).is_ready()) {
            return Poll::Ready(Some(Err(io::ErrorKind::TimedOut.into())));
        }
        let all = |rest: &mut Bytes| (!rest.is_empty()).then(|| Ok(Frame::data(std::mem::take(rest))));
        match way {
            Way::Endless if rest.is_empty() => Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(SPACES))))),
            Way::Whole | Way::Endless => Poll::Ready(all(rest)),
            Way::Truncated { missing, .. } if !rest.is_empty() || *missing == 0 => Poll::Ready(all(rest)),
            Way::Truncated { is_flushed, .. } => {
                if std::mem::replace(is_flushed, true) {
                    return Poll::Ready(Some(Err(io::ErrorKind::ConnectionReset.into())));
                }
                // A server writes out what it has when there is nothing more for the moment.
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Way::Drip { bytes, every, pause } => {
                if rest.is_empty() {
                    return Poll::Ready(None);
                }
                if pause.as_mut().poll(cx).is_pending() {
                    return Poll::Pending;
                }
                *pause = Box::pin(sleep(*every));
                let drop = rest.split_to(rest.len().min(*bytes));
                Poll::Ready(Some(Ok(Frame::data(drop))))
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        if self.chunked {
            return SizeHint::default();
        }
        let rest = self.rest.len() as u64;
        match &self.way {
            Way::Whole | Way::Drip { .. } => SizeHint::with_exact(rest),
            Way::Truncated { missing, .. } => SizeHint::with_exact(rest + *missing as u64),
            Way::Endless => SizeHint::default(),
        }
    }

    fn is_end_stream(&self) -> bool {
        // What has ended already is not sent in chunks.
        if self.chunked {
            return false;
        }
        match &self.way {
            Way::Whole | Way::Drip { .. } => self.rest.is_empty(),
            Way::Truncated { missing, .. } => self.rest.is_empty() && *missing == 0,
            Way::Endless => false,
        }
    }
}
