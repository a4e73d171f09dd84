//! What can go wrong in an answer.

mod faults;

use std::time::Duration;

use self::faults::Extent;
pub use self::faults::Faults;
pub(super) use self::faults::Next;
use super::Reply;

/// One thing that goes wrong in one answer.
///
/// A fault that replaces the answer, such as [`status`](Self::status), comes *instead of* carrying
/// the request out; with [`after_change`](Self::after_change) it comes after that, as when a
/// gateway loses the real answer. A fault that alters the answer, such as
/// [`extra_fields`](Self::extra_fields), has a request that was carried out.
///
/// Every request of the operation uses a fault up, one that is refused for its token as well. Where
/// a fault finds nothing to change, such as the body of an answer that has none, the journal says
/// `no effect`.
///
/// Faults that wiremock cannot do (a reset, an answer that breaks off, drips, does not end or comes in chunks) are
/// served by a listener of this crate on the same port; you need not do anything for it.
///
/// ```
/// use std::time::Duration;
/// use entitlements::fakes::{Fault, symphony::{Fake, Operation}};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> entitlements::Result<()> {
/// let busy = Fault::status(503).times(2).then_normal();
/// let fake = Fake::builder().faults(Operation::ListEntitlements, busy).start().await;
/// let networks = fake.client()?.list_entitlements().send().await?;
/// assert_eq!(networks.attempts(), 3);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a fault does nothing until a fake is given it"]
pub struct Fault {
    pub(super) what: What,
    pub(super) after_change: bool,
    pub(super) delay: Duration,
    pub(super) chunked: bool,
}

#[derive(Debug, Clone)]
pub(super) enum What {
    Nothing,
    Reply(Reply),
    TooManyRequests(RateHeader),
    ExpiredToken,
    RevokedToken,
    Alter(Alteration),
    Reset,
    Truncated(usize),
    Cut(Cut),
    Drip { bytes: usize, every: Duration },
    Endless,
}

/// An answer that ends before its last byte, wherever that falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cut {
    /// How many bytes arrive, from the status line on.
    pub(crate) after: usize,
    pub(crate) end: End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Reset,
    Closed,
}

/// How the body of the real answer is changed.
#[derive(Debug, Clone)]
pub(super) enum Alteration {
    MalformedJson,
    Empty,
    UnknownValue(String),
    ExtraFields,
    NullArrays,
}

/// What a 429 says about when to come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RateHeader {
    /// Nothing.
    Absent,
    /// `Retry-After` in seconds.
    RetryAfter(Duration),
    /// `Retry-After` as an HTTP date, this long after the time of the fake's clock.
    RetryAfterDate(Duration),
    /// `X-RateLimit-Remaining: 0`, and `X-RateLimit-Reset` in seconds that are left.
    Reset(Duration),
    /// The same with the seconds since 1970 of the moment.
    ResetEpoch(Duration),
    /// The same with the milliseconds since 1970 of the moment.
    ResetEpochMillis(Duration),
}

impl Fault {
    fn new(what: What) -> Self {
        Self { what, after_change: false, delay: Duration::ZERO, chunked: false }
    }

    /// Nothing goes wrong: a pause between faults.
    pub fn none() -> Self {
        Self::new(What::Nothing)
    }

    /// A status without a body.
    ///
    /// # Panics
    ///
    /// If the number is no final HTTP status: 200 to 599.
    #[track_caller]
    pub fn status(status: u16) -> Self {
        Self::reply(Reply::new(status))
    }

    /// Any answer.
    pub fn reply(reply: Reply) -> Self {
        Self::new(What::Reply(reply))
    }

    /// A page for people, as gateways and proxies send it.
    ///
    /// # Panics
    ///
    /// As [`status`](Self::status).
    #[track_caller]
    pub fn html(status: u16) -> Self {
        let page =
            "<!DOCTYPE html><html><head><title>Sorry</title></head><body>Come back later.</body></html>";
        Self::reply(Reply::new(status).with_body("text/html; charset=utf-8", page))
    }

    /// 429, with what it says about when to come back.
    pub fn too_many_requests(header: RateHeader) -> Self {
        Self::new(What::TooManyRequests(header))
    }

    /// The real answer, late; the request is carried out when it comes.
    ///
    /// The time is real also if the fake has a [`TestClock`]: it is there for tests of socket
    /// timeouts. To a client within the process it is the runtime's, which a test can pause.
    ///
    /// [`TestClock`]: crate::time::TestClock
    pub fn delay(delay: Duration) -> Self {
        Self::none().delayed(delay)
    }

    /// The token of the request has just expired; it is refused as the vendor does it.
    pub fn expired_token() -> Self {
        Self::new(What::ExpiredToken)
    }

    /// The token of the request was revoked; it is refused as the vendor does it.
    pub fn revoked_token() -> Self {
        Self::new(What::RevokedToken)
    }

    /// The first half of the real answer's JSON, complete as far as HTTP can tell.
    pub fn malformed_json() -> Self {
        Self::new(What::Alter(Alteration::MalformedJson))
    }

    /// The real status without its body.
    pub fn empty_body() -> Self {
        Self::new(What::Alter(Alteration::Empty))
    }

    /// The real answer with a value that nobody knows yet in every property of this name.
    pub fn unknown_value(property: impl Into<String>) -> Self {
        Self::new(What::Alter(Alteration::UnknownValue(property.into())))
    }

    /// The real answer with a further property in every object.
    pub fn extra_fields() -> Self {
        Self::new(What::Alter(Alteration::ExtraFields))
    }

    /// The real answer with `null` for every array.
    pub fn null_arrays() -> Self {
        Self::new(What::Alter(Alteration::NullArrays))
    }

    /// The connection is reset instead of an answer.
    pub fn reset() -> Self {
        Self::new(What::Reset)
    }

    /// The first bytes of the real answer, counted from its status line on; then the connection is
    /// reset. An answer without so many bytes arrives whole.
    ///
    /// With a number for each byte of an answer, a test sees what becomes of a call wherever its
    /// connection breaks. To a client within the process, which sees no status line, the answer
    /// counts as long as the listener would write it.
    pub fn reset_after(bytes: usize) -> Self {
        Self::new(What::Cut(Cut { after: bytes, end: End::Reset }))
    }

    /// The same, but the connection is closed in good order, as by a server that is stopped.
    pub fn closed_after(bytes: usize) -> Self {
        Self::new(What::Cut(Cut { after: bytes, end: End::Closed }))
    }

    /// The headers of the real answer and this many bytes of its body; then the connection
    /// closes. The announced length is that of the whole body.
    pub fn truncated_body(bytes: usize) -> Self {
        Self::new(What::Truncated(bytes))
    }

    /// The real answer, so many bytes of its body at a time, with a real pause before each.
    ///
    /// # Panics
    ///
    /// If `bytes` is 0: such a body would not end; that is [`endless_body`](Self::endless_body).
    #[track_caller]
    pub fn slow_drip(bytes: usize, every: Duration) -> Self {
        assert!(bytes > 0, "a drip of 0 bytes never ends; use `endless_body`");
        Self::new(What::Drip { bytes, every })
    }

    /// The real answer, followed by spaces without end.
    pub fn endless_body() -> Self {
        Self::new(What::Endless)
    }

    /// Carries the request out before the answer is replaced. A fault that alters the answer does
    /// so anyway.
    ///
    /// # Panics
    ///
    /// For a token that has ended: its request cannot be carried out.
    #[track_caller]
    pub fn after_change(mut self) -> Self {
        let is_about_token = matches!(self.what, What::ExpiredToken | What::RevokedToken);
        assert!(!is_about_token, "a request whose token has ended cannot be carried out first");
        self.after_change = true;
        self
    }

    /// Delays the answer as well.
    pub fn delayed(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Sends the answer in chunks, without its length in a header, as many servers do.
    ///
    /// A client within the process sees no difference.
    pub fn chunked(mut self) -> Self {
        self.chunked = true;
        self
    }

    /// This fault in so many answers.
    ///
    /// # Panics
    ///
    /// If `times` is 0.
    #[track_caller]
    pub fn times(self, times: u32) -> Faults {
        assert!(times > 0, "a fault that comes 0 times is no fault; leave it out");
        Faults::of(self, Extent::Times(times))
    }

    /// This fault in every answer.
    pub fn always(self) -> Faults {
        Faults::of(self, Extent::EveryNth(1))
    }

    /// This fault in every `nth` answer: with 3 in the third, the sixth and so on.
    ///
    /// # Panics
    ///
    /// If `nth` is 0.
    #[track_caller]
    pub fn every_nth(self, nth: u32) -> Faults {
        assert!(nth > 0, "there is no 0th answer; use `always` or a number from 1 on");
        Faults::of(self, Extent::EveryNth(nth))
    }

    /// This fault by chance, the same in every run for the same seed; see also [`Faults::one_of`].
    ///
    /// # Panics
    ///
    /// If `probability` is not from 0 to 1.
    #[track_caller]
    pub fn randomly(self, probability: f64, seed: u64) -> Faults {
        Faults::of(self, Extent::random(probability, seed))
    }

    /// This fault once, and then what follows.
    #[track_caller]
    pub fn then(self, next: impl Into<Faults>) -> Faults {
        Faults::from(self).then(next)
    }

    /// This fault once, and then no more.
    pub fn then_normal(self) -> Faults {
        Faults::from(self).then_normal()
    }

    /// Whether only a listener of our own can do it.
    pub(super) fn needs_wire(&self) -> bool {
        let what = &self.what;
        self.chunked
            || matches!(
                what,
                What::Reset | What::Truncated(_) | What::Cut(_) | What::Drip { .. } | What::Endless
            )
    }

    /// For the journal and for messages.
    pub(super) fn name(&self) -> String {
        let name = match &self.what {
            What::Nothing => "none".to_owned(),
            What::Reply(reply) => format!("status {}", reply.status.as_u16()),
            What::TooManyRequests(_) => "status 429".to_owned(),
            What::ExpiredToken => "expired token".to_owned(),
            What::RevokedToken => "revoked token".to_owned(),
            What::Alter(Alteration::MalformedJson) => "malformed JSON".to_owned(),
            What::Alter(Alteration::Empty) => "empty body".to_owned(),
            What::Alter(Alteration::UnknownValue(property)) => format!("unknown value of {property}"),
            What::Alter(Alteration::ExtraFields) => "extra fields".to_owned(),
            What::Alter(Alteration::NullArrays) => "null arrays".to_owned(),
            What::Reset => "reset".to_owned(),
            What::Truncated(bytes) => format!("body truncated after {bytes} bytes"),
            What::Cut(Cut { after, end: End::Reset }) => format!("reset after {after} bytes"),
            What::Cut(Cut { after, end: End::Closed }) => format!("closed after {after} bytes"),
            What::Drip { bytes, .. } => format!("body in drips of {bytes} bytes"),
            What::Endless => "endless body".to_owned(),
        };
        let after = if self.after_change { " after the change" } else { "" };
        let chunked = if self.chunked { ", chunked" } else { "" };
        match self.delay {
            Duration::ZERO => format!("{name}{after}{chunked}"),
            delay => format!("{name}{after}{chunked}, delayed by {delay:?}"),
        }
    }
}
