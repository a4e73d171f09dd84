//! The one error type of the crate.

use std::{borrow::Cow, convert::Infallible, error::Error as StdError, fmt, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;

use crate::decode;

/// Shorthand for results of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of failure it was, and with that what to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An argument breaks a rule; nothing was sent. Mend the argument that the text names.
    InvalidInput,
    /// The client was put together in a way that cannot work; nothing was sent. Mend what the
    /// text names: a builder call, or a call awaited outside a Tokio runtime.
    Configuration,
    /// No connection was made, so the server saw nothing. Calling again is safe.
    NotSent,
    /// The request may have been carried out, and repeating it is not safe. Read the state back,
    /// or use an `ensure_*` method, which does that.
    OutcomeUnknown,
    /// No answer came in time. The operation is one that may be repeated.
    Timeout,
    /// The login was refused or failed. Check the credentials; do not repeat at once.
    LoginFailed,
    /// Only a new login by the user helps.
    LoginRequired,
    /// The server refused this identity, also with a fresh token. Ask for the right.
    Forbidden,
    /// What was asked for does not exist.
    NotFound,
    /// The request contradicts the state at the server.
    Conflict,
    /// The server refused the request as it stands. Repeating it changes nothing.
    Rejected,
    /// Too many calls. [`Error::retry_after`] says when to come back, if the server did.
    RateLimited,
    /// The server failed. Calling again later can help.
    Server,
    /// The answer cannot be read. [`Error::body`] has what came.
    UnexpectedAnswer,
    /// The pages do not fit together, for example because a cursor came twice.
    Pagination,
}

impl ErrorKind {
    fn words(self) -> &'static str {
        match self {
            Self::InvalidInput => "invalid input",
            Self::Configuration => "configuration",
            Self::NotSent => "not sent",
            Self::OutcomeUnknown => "outcome unknown",
            Self::Timeout => "timed out",
            Self::LoginFailed => "login failed",
            Self::LoginRequired => "login required",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not found",
            Self::Conflict => "conflict",
            Self::Rejected => "rejected",
            Self::RateLimited => "rate limited",
            Self::Server => "server error",
            Self::UnexpectedAnswer => "unexpected answer",
            Self::Pagination => "pagination",
        }
    }
}

/// What went wrong, where, and what was known at that point.
///
/// Printed, it is one line in this crate's own words and the vendor's codes. The server's free
/// text can hold personal data, so it is never printed; [`Error::body`] and [`Error::problem`]
/// give it to you.
///
/// ```
/// use entitlements::{Error, ErrorKind};
///
/// // An application's own tests can make one.
/// let error = Error::new(ErrorKind::NotFound, "no such advisor");
/// assert!(error.is_not_found());
/// assert!(!error.is_transient());
/// assert_eq!(error.to_string(), "not found: no such advisor");
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    operation: Option<Cow<'static, str>>,
    status: Option<StatusCode>,
    headers: HeaderMap,
    body: Bytes,
    code: Option<Cow<'static, str>>,
    correlation_id: Option<String>,
    attempts: u32,
    retry_after: Option<Duration>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error of the given kind with a text of yours, for tests and for wrappers.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            operation: None,
            status: None,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            code: None,
            correlation_id: None,
            attempts: 0,
            retry_after: None,
            source: None,
        }))
    }

    /// The kind of failure.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether the same call can succeed later without any change.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(
            self.0.kind,
            ErrorKind::NotSent | ErrorKind::Timeout | ErrorKind::RateLimited | ErrorKind::Server
        )
    }

    /// Whether the thing asked for does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.0.kind == ErrorKind::NotFound
    }

    /// How long the server asked to wait before the next call.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The HTTP status of the last answer, if there was one.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// The headers of the last answer; empty if there was none.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.0.headers
    }

    /// The body of the last answer, as far as it was read. It can hold personal data.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.0.body
    }

    /// The vendor's code for the problem, where the answer had one that the vendor documents.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// The id under which the call stands in the vendor's logs, where the API has one.
    #[must_use]
    pub fn correlation_id(&self) -> Option<&str> {
        self.0.correlation_id.as_deref()
    }

    /// How many requests were sent for this call, refused tokens and repeats included.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// The name of the operation, for example `symphony.add_entitlement`.
    #[must_use]
    pub fn operation(&self) -> Option<&str> {
        self.0.operation.as_deref()
    }

    /// The body read as the vendor's error model, or as any type of yours; `None` where it is
    /// not that, for example because a gateway answered with HTML.
    ///
    /// ```
    /// # use entitlements::{Error, ErrorKind};
    /// # let error = Error::new(ErrorKind::NotFound, "");
    /// let problem: Option<serde_json::Value> = error.problem();
    /// assert!(problem.is_none());
    /// ```
    #[must_use]
    pub fn problem<T: DeserializeOwned>(&self) -> Option<T> {
        decode::json(&self.0.body).ok()
    }
}

/// How the rest of the crate puts an error together.
#[cfg(any_service)]
impl Error {
    pub(crate) fn invalid_input(argument: &str, rule: impl fmt::Display) -> Self {
        Self::new(ErrorKind::InvalidInput, format!("`{argument}` {rule}"))
    }

    pub(crate) fn configuration(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Configuration, message)
    }

    pub(crate) fn with_kind(mut self, kind: ErrorKind) -> Self {
        self.0.kind = kind;
        self
    }

    #[cfg(any(feature = "symphony", feature = "connect"))]
    pub(crate) fn with_message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.0.message = message.into();
        self
    }

    pub(crate) fn with_operation(mut self, operation: impl Into<Cow<'static, str>>) -> Self {
        self.0.operation.get_or_insert(operation.into());
        self
    }

    pub(crate) fn with_answer(mut self, status: StatusCode, headers: HeaderMap, body: Bytes) -> Self {
        self.0.status = Some(status);
        self.0.headers = headers;
        self.0.body = body;
        self
    }

    pub(crate) fn with_code(mut self, code: Option<Cow<'static, str>>) -> Self {
        self.0.code = code;
        self
    }

    pub(crate) fn with_correlation_id(mut self, id: Option<&str>) -> Self {
        // A caller's own id is printed, and a line break would make two lines of an error.
        self.0.correlation_id = id.map(|id| id.escape_debug().to_string());
        self
    }

    pub(crate) fn with_attempts(mut self, attempts: u32) -> Self {
        self.0.attempts = attempts;
        self
    }

    pub(crate) fn with_retry_after(mut self, wait: Option<Duration>) -> Self {
        self.0.retry_after = wait;
        self
    }

    pub(crate) fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    pub(crate) fn with_hint(self, _hint: Option<&'static str>) -> Self {
        self
    }

    /// The same failure for another caller who waited for the same result.
    pub(crate) fn share(&self) -> Self {
        let Inner { kind, message, operation, status, headers, body, code, .. } = &*self.0;
        Self(Box::new(Inner {
            kind: *kind,
            message: message.clone(),
            operation: operation.clone(),
            status: *status,
            headers: headers.clone(),
            body: body.clone(),
            code: code.clone(),
            correlation_id: self.0.correlation_id.clone(),
            attempts: self.0.attempts,
            retry_after: self.0.retry_after,
            source: None,
        }))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        if let Some(operation) = &inner.operation {
            write!(f, "{operation}: ")?;
        }
        f.write_str(inner.kind.words())?;
        let status = inner.status.map(|status| format!("status {}", status.as_u16()));
        let attempts = (inner.attempts > 1).then(|| format!("{} attempts", inner.attempts));
        let wait = inner.retry_after.map(|wait| format!("retry after {} s", wait.as_secs()));
        let code = inner.code.as_deref().map(str::to_owned);
        let id = inner.correlation_id.as_ref().map(|id| format!("correlation id {id}"));
        let facts: Vec<_> = [status, code, attempts, wait, id].into_iter().flatten().collect();
        if !facts.is_empty() {
            write!(f, " ({})", facts.join(", "))?;
        }
        if !inner.message.is_empty() {
            write!(f, ": {}", inner.message)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({self})")
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

impl From<Infallible> for Error {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

#[cfg(all(test, any_service))]
mod tests {
    use super::*;

    #[test]
    fn one_line_with_everything_that_helps_and_no_server_text() {
        let body = Bytes::from_static(b"{\"title\":\"ada@acme.example is unknown\"}");
        let error = Error::new(ErrorKind::NotFound, "the advisor has no entitlement for this network")
            .with_operation("symphony.get_advisor_entitlement")
            .with_answer(StatusCode::NOT_FOUND, HeaderMap::new(), body)
            .with_code(Some("entitlement.not.found".into()))
            .with_attempts(2);
        let line = "symphony.get_advisor_entitlement: not found (status 404, entitlement.not.found, \
                    2 attempts): the advisor has no entitlement for this network";
        assert_eq!(error.to_string(), line);
        assert!(!format!("{error:?}").contains("ada@"));
    }

    #[test]
    fn the_error_is_one_pointer_wide() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
        assert_eq!(size_of::<Result<()>>(), size_of::<usize>());
    }

    #[test]
    fn the_body_stays_readable() {
        let error = Error::new(ErrorKind::Rejected, "").with_answer(
            StatusCode::BAD_REQUEST,
            HeaderMap::new(),
            Bytes::from_static(b"{\"code\":400}"),
        );
        let problem: serde_json::Value = error.problem().expect("valid JSON");
        assert_eq!(problem["code"], 400);
    }
}
