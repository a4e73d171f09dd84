//! What a health check wants to know.

use std::time::SystemTime;

use tokio::sync::watch;

use crate::ErrorKind;

/// What a health check wants to know about a credential.
///
/// ```
/// use entitlements::auth::{Auth, StaticToken};
///
/// let status = Auth::from(StaticToken::new("not-a-real-token")).status();
/// assert_eq!(status.generation, 0, "nothing is asked for before the first call");
/// assert!(status.last_failure.is_none());
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuthStatus {
    /// The number of the newest token, counted from 1; 0 before the first.
    pub generation: u64,
    /// How often a token was obtained so far, the first one included.
    pub renewals: u64,
    /// Whether there is a token that was not refused. It may have expired.
    pub has_token: bool,
    /// When the newest token expires, where its server said so.
    pub expires_at: Option<SystemTime>,
    /// The last login or renewal that failed; `None` after one that did not.
    pub last_failure: Option<LoginFailure>,
}

/// A login or renewal that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoginFailure {
    /// What kind of error the callers got.
    pub kind: ErrorKind,
    /// When it failed.
    pub at: SystemTime,
    /// The earliest time of the next try; until then callers without a token get the same error.
    pub next_attempt: SystemTime,
    /// How many failed since the last success.
    pub in_a_row: u32,
}

/// Sees every change of an [`AuthStatus`]; made by [`Auth::watch`](super::super::Auth::watch).
#[derive(Debug, Clone)]
pub struct AuthWatch(pub(super) watch::Receiver<AuthStatus>);

impl AuthWatch {
    /// What is known now.
    #[must_use]
    pub fn status(&self) -> AuthStatus {
        *self.0.borrow()
    }

    /// Waits for the next change, and says what is known then; `None` once no client has the
    /// credential any longer.
    ///
    /// A change that happened since the last look is reported at once. Several changes in between
    /// are one. Dropping the future loses nothing.
    pub async fn changed(&mut self) -> Option<AuthStatus> {
        self.0.changed().await.ok()?;
        Some(*self.0.borrow_and_update())
    }
}
