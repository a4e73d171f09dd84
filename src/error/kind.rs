//! The kinds of failure.

/// What kind of failure it was, and with that what to do next.
///
#[doc = include_str!("../docs/error_kinds.md")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An argument breaks a rule. Nothing was sent.
    ///
    /// The text names the argument and the rule; mend it there. The same call fails again.
    InvalidInput,
    /// The client was put together in a way that cannot work. Nothing was sent.
    ///
    /// From `build()`, and from calls that are awaited outside a Tokio runtime. The text names
    /// what to mend; `source()` has the reason where TLS or the HTTP client gave one.
    Configuration,
    /// No connection was made, so the server saw nothing.
    ///
    /// Calling again is safe for every operation. [`Error::hint`](crate::Error::hint) says if the
    /// port speaks something else than expected, and `source()` what the system said: no such
    /// host, refused, a certificate that is not trusted.
    NotSent,
    /// The request may have been carried out, its answer was lost or cannot be read, and repeating
    /// it is not safe.
    ///
    /// Read the state back before you send it again, or use an `ensure_*` method, which does
    /// that. [`Error::status`](crate::Error::status) and [`Error::body`](crate::Error::body) have
    /// what came of the answer.
    OutcomeUnknown,
    /// No answer came in time, or the deadline of the call passed while it waited.
    ///
    /// An operation that may be repeated may have been carried out; one that may not be repeated
    /// was not, for otherwise this would be [`OutcomeUnknown`](Self::OutcomeUnknown). If
    /// [`Error::attempts`](crate::Error::attempts) is 0, nothing was sent: the login took all the
    /// time, for example. Call again, with a longer `deadline` if this comes often.
    Timeout,
    /// The login was refused or failed, or the server refused a fresh token (401).
    ///
    /// Nothing was carried out. Check the credential, and this machine's clock; do not repeat at
    /// once, because failed logins can lock an account. [`Error::code`](crate::Error::code) has
    /// the code of the login server, for example `invalid_client`.
    LoginFailed,
    /// Only a new login by the user helps: the session is over.
    ///
    /// Nothing was carried out. Lead the user through the login, make a client with the new
    /// tokens, and call again.
    LoginRequired,
    /// The server refused this identity, also with a fresh token (403). Nothing was carried out.
    ///
    /// Ask for the right, or use the other login: [`Error::hint`](crate::Error::hint) says which
    /// one the operation needs, where there are two.
    Forbidden,
    /// What was asked for does not exist (404).
    ///
    /// Often that is the answer, see [`Error::is_not_found`](crate::Error::is_not_found). Without
    /// a [`code`](crate::Error::code), it can also be the path: check the base URL.
    NotFound,
    /// The request contradicts the state at the server (409) and was not carried out; or
    /// somebody else changed what an `update_*` method has just set.
    ///
    /// Read the state and decide again.
    Conflict,
    /// The server refused the request as it stands (other 4xx). Repeating it changes nothing.
    ///
    /// [`Error::code`](crate::Error::code) and [`Error::problem`](crate::Error::problem) say what
    /// to change.
    Rejected,
    /// Too many calls (429), or no room in the client's own rate limit. It was not carried out.
    ///
    /// [`Error::retry_after`](crate::Error::retry_after) says when to come back, if that is known;
    /// this crate has waited as often and as long as its limits allow. Without a
    /// [`status`](crate::Error::status) nothing was sent: the server has asked all callers of this
    /// client for a pause, or the `rate_limit` is used up until after the deadline.
    RateLimited,
    /// The server failed (5xx), or the connection broke under an operation that may be repeated.
    ///
    /// It may have been carried out. Calling again later can help;
    /// [`Error::correlation_id`](crate::Error::correlation_id) is what the vendor's support
    /// needs, where the API has one.
    Server,
    /// The answer cannot be read, is too large, or redirects.
    ///
    /// With a status of 2xx the request may have been carried out, and it is one that may be
    /// repeated. [`Error::body`](crate::Error::body) has what came; most often it is the page of a
    /// proxy, so check the base URL.
    UnexpectedAnswer,
    /// The pages of a listing do not fit together, for example because a cursor came twice.
    ///
    /// What was delivered before is good. Start the listing again.
    Pagination,
}

impl ErrorKind {
    /// Whether the same call can succeed later.
    pub(super) fn is_transient(self) -> bool {
        matches!(self, Self::NotSent | Self::Timeout | Self::RateLimited | Self::Server)
    }

    pub(super) fn words(self) -> &'static str {
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

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = include_str!("../docs/error_kinds.md");

    /// Does not compile with a kind that is not listed here.
    fn next(kind: ErrorKind) -> Option<ErrorKind> {
        use ErrorKind as K;
        Some(match kind {
            K::InvalidInput => K::Configuration,
            K::Configuration => K::NotSent,
            K::NotSent => K::OutcomeUnknown,
            K::OutcomeUnknown => K::Timeout,
            K::Timeout => K::LoginFailed,
            K::LoginFailed => K::LoginRequired,
            K::LoginRequired => K::Forbidden,
            K::Forbidden => K::NotFound,
            K::NotFound => K::Conflict,
            K::Conflict => K::Rejected,
            K::Rejected => K::RateLimited,
            K::RateLimited => K::Server,
            K::Server => K::UnexpectedAnswer,
            K::UnexpectedAnswer => K::Pagination,
            K::Pagination => return None,
        })
    }

    #[test]
    fn every_kind_has_a_row_that_agrees_with_is_transient_and_words_of_its_own() {
        let kinds: Vec<_> =
            std::iter::successors(Some(ErrorKind::InvalidInput), |kind| next(*kind)).collect();
        let rows: Vec<_> = TABLE.lines().filter(|line| line.starts_with("| [`")).collect();
        assert_eq!(rows.len(), kinds.len());
        for (kind, row) in kinds.iter().zip(rows) {
            assert!(row.starts_with(&format!("| [`{kind:?}`](Self::{kind:?}) |")), "{kind:?}: {row}");
            let cells: Vec<_> = row.trim_matches('|').split(" | ").map(str::trim).collect();
            let [_, sent, done, again, advice] = cells[..] else { panic!("five cells: {row}") };
            assert_eq!(again == "**yes**", kind.is_transient(), "{row}");
            assert!(sent != "no" || done == "no", "what was not sent was not carried out: {row}");
            assert!(!advice.is_empty(), "{row}");
        }
        let words: std::collections::BTreeSet<_> = kinds.iter().map(|kind| kind.words()).collect();
        assert_eq!(words.len(), kinds.len());
    }
}
