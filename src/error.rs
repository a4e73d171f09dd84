//! The one error type of the crate.

#[cfg(any_service)]
pub(crate) mod body;
mod build;
mod kind;
mod one_line;

use std::{borrow::Cow, convert::Infallible, error::Error as StdError, fmt, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;

pub use self::kind::ErrorKind;
use crate::decode;

/// Shorthand for results of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, where, and what was known at that point.
///
/// Decide on [`kind`](Self::kind), whose documentation says what to do next, and on
/// [`problem`](Self::problem) where the vendor's code matters.
///
/// Printed, by `Display` and by `Debug`, it is one line: the operation, the kind, the status and
/// what else is known, this crate's own words, and a [`hint`](Self::hint) where there is one.
/// The server's free text can hold personal data, so it is never printed, nor is it in any
/// error of the [`source`](StdError::source) chain, which loggers print as well (all that a
/// source can quote are the host names of a TLS certificate);
/// [`body`](Self::body), [`headers`](Self::headers) and [`problem`](Self::problem) give it to you.
///
/// Your own tests make any error that your code has to handle:
///
/// ```
/// use std::time::Duration;
///
/// use entitlements::{Error, ErrorKind, http::StatusCode};
///
/// let error = Error::new(ErrorKind::RateLimited, "too many calls")
///     .with_operation("connect.shield_enterprise")
///     .with_status(StatusCode::TOO_MANY_REQUESTS)
///     .with_retry_after(Duration::from_secs(7))
///     .with_attempts(4);
/// assert!(error.is_transient());
/// assert_eq!(
///     error.to_string(),
///     "connect.shield_enterprise: rate limited (status 429, 4 attempts, retry after 7 s): too many calls"
/// );
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
    hint: Option<&'static str>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// The kind of failure: what to decide on.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether the same call can succeed later without any change, and is safe to repeat:
    /// [`NotSent`](ErrorKind::NotSent), [`Timeout`](ErrorKind::Timeout),
    /// [`RateLimited`](ErrorKind::RateLimited) and [`Server`](ErrorKind::Server).
    ///
    /// This crate has repeated the call already, as often as its limits allow, so wait for longer
    /// than a moment: for [`retry_after`](Self::retry_after), where there is one. Not among them is
    /// [`OutcomeUnknown`](ErrorKind::OutcomeUnknown), where repeating could do the same thing
    /// twice.
    ///
    /// ```
    /// # use entitlements::{Error, ErrorKind};
    /// assert!(Error::new(ErrorKind::NotSent, "").is_transient());
    /// assert!(!Error::new(ErrorKind::OutcomeUnknown, "").is_transient());
    /// ```
    #[must_use]
    pub fn is_transient(&self) -> bool {
        self.0.kind.is_transient()
    }

    /// Whether the thing asked for does not exist: [`NotFound`](ErrorKind::NotFound).
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.0.kind == ErrorKind::NotFound
    }

    /// How long to wait before the next call: what the server asked for, or, where nothing was sent,
    /// when the client's own rate limit has room again.
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

    /// How many requests were sent for this call, refused tokens and repeats included; 0 if
    /// nothing was.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// The name of the operation, for example `symphony.add_entitlement`.
    #[must_use]
    pub fn operation(&self) -> Option<&str> {
        self.0.operation.as_deref()
    }

    /// What is probably wrong where one mistake is likely, in words of this crate: a base URL
    /// without `/admin`, `http` where `https` is meant, or the other login. It stands at the end
    /// of the printed line as well. Do not decide on its text; it can change.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        self.0.hint
    }

    /// The body read as the vendor's error body, or as any type of yours; `None` where it is
    /// not that, for example because a gateway answered with HTML.
    ///
    /// Each service has a type for it, which knows the codes: [`symphony::Problem`],
    /// [`crm_gateway::Problem`] and [`connect::Problem`]. None of them takes an object that has
    /// nothing of the vendor's for a problem.
    ///
    #[cfg_attr(feature = "symphony", doc = "[`symphony::Problem`]: crate::symphony::Problem")]
    #[cfg_attr(feature = "crm-gateway", doc = "[`crm_gateway::Problem`]: crate::crm_gateway::Problem")]
    #[cfg_attr(feature = "connect", doc = "[`connect::Problem`]: crate::connect::Problem")]
    ///
    /// ```
    /// # use entitlements::{Error, ErrorKind};
    /// let error = Error::new(ErrorKind::Rejected, "").with_body(r#"{"reason":7}"#);
    /// let own: Option<serde_json::Value> = error.problem();
    /// assert_eq!(own.expect("JSON")["reason"], 7);
    ///
    /// let page = Error::new(ErrorKind::Server, "").with_body("<html>");
    /// assert!(page.problem::<serde_json::Value>().is_none());
    /// ```
    #[must_use]
    pub fn problem<T: DeserializeOwned>(&self) -> Option<T> {
        decode::json(&self.0.body).ok()
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
        if let Some(hint) = inner.hint {
            write!(f, "; hint: {hint}")?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_with_everything_that_helps_and_no_server_text() {
        let error = Error::new(ErrorKind::NotFound, "the advisor has no entitlement for this network")
            .with_operation("symphony.get_advisor_entitlement")
            .with_status(StatusCode::NOT_FOUND)
            .with_header(
                http::HeaderName::from_static("x-note"),
                http::HeaderValue::from_static("ada@acme.example"),
            )
            .with_body("{\"title\":\"ada@acme.example is unknown\"}")
            .with_code("entitlement.not.found")
            .with_correlation_id("7f")
            .with_attempts(2)
            .with_hint(Some("look here"));
        let line = "symphony.get_advisor_entitlement: not found (status 404, entitlement.not.found, \
                    2 attempts, correlation id 7f): the advisor has no entitlement for this network; \
                    hint: look here";
        assert_eq!(error.to_string(), line);
        assert_eq!(format!("{error:?}"), format!("Error({line})"));
        assert_eq!(format!("{error:#?}"), format!("Error({line})"));
    }

    #[test]
    fn the_error_is_one_pointer_wide() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
        assert_eq!(size_of::<Result<()>>(), size_of::<usize>());
    }

    #[test]
    fn the_body_stays_readable() {
        let error = Error::new(ErrorKind::Rejected, "").with_body("{\"code\":400}");
        let problem: serde_json::Value = error.problem().expect("valid JSON");
        assert_eq!(problem["code"], 400);
    }
}
