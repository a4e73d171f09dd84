//! One token for all callers: acquired once, shared, renewed before it expires.

mod failures;
mod flight;
mod held;
mod state;
mod status;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use arc_swap::ArcSwapOption;
use reqwest::Url;
use tokio::sync::watch;

use self::{
    failures::share,
    flight::{Arrival, Work},
    held::Held,
    state::{State, Step},
};
pub use self::{
    held::Bearer,
    status::{AuthStatus, AuthWatch, LoginFailure},
};
use super::{Context, TokenSource};
use crate::{Error, ErrorKind, RateLimit, Result, transport::in_a_runtime};

/// A token is renewed at most this long before its end, however long it lasts.
const LONGEST_MARGIN: Duration = Duration::from_secs(300);
/// A runtime that shuts down drops tasks as soon as they are started.
const MOST_STARTS: u32 = 3;

/// A credential with its token. Clones share both.
///
/// Every client makes one from the credential it is given. Make one yourself to share the token,
/// and with it the login, between clients: they share the rate limit of a server as well.
///
/// * A token is asked for by the first call that needs it, and once for all callers. The request
///   runs in a task of its own: whoever goes away neither cancels it nor loses what it brings.
/// * In the last fifth of its life, and at most 5 minutes before its end, a token is renewed while
///   calls go on with it. It serves on if the renewal fails.
/// * A token that the server refuses is replaced once. Where the fresh one is refused as well, no
///   other is asked for during a minute.
/// * A login that failed is not tried again at once: after a refusal in 5 seconds, doubled up to an
///   hour, after other failures in 1 second, doubled up to 30. Callers get the failure meanwhile,
///   with [`Error::retry_after`]. [`retry_now`](Self::retry_now) ends the wait.
///
/// ```
/// use entitlements::auth::{Auth, StaticToken};
///
/// let auth = Auth::from(StaticToken::new("not-a-real-token"));
/// let same = auth.clone();
/// assert_eq!(auth.status().renewals, same.status().renewals);
/// ```
#[derive(Clone)]
pub struct Auth(Arc<Cache>);

struct Cache {
    source: Arc<dyn TokenSource>,
    longest_margin: Duration,
    /// What callers read, without a lock. Empty while there is nothing that they may send.
    current: ArcSwapOption<Held>,
    state: Mutex<State>,
    status: watch::Sender<AuthStatus>,
    /// By API server: what all clients with this credential keep to.
    rate_limits: Mutex<Vec<(String, RateLimit)>>,
    /// One update of a user's level at a time, whoever of the user's clients makes it.
    #[cfg(feature = "connect")]
    update_locks: Arc<crate::connect::Locks>,
}

impl<S: TokenSource> From<S> for Auth {
    fn from(source: S) -> Self {
        Self::with_margin(source, LONGEST_MARGIN)
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth").field("source", &self.0.source).field("status", &self.status()).finish()
    }
}

impl Auth {
    /// A credential whose token is renewed at most `longest_margin` before its end. Default:
    /// 5 minutes. However long it is, a token serves for four fifths of its life, and the moment is
    /// chosen with jitter.
    pub fn with_margin(source: impl TokenSource, longest_margin: Duration) -> Self {
        Self(Arc::new(Cache {
            source: Arc::new(source),
            longest_margin,
            current: ArcSwapOption::empty(),
            state: Mutex::default(),
            status: watch::Sender::default(),
            rate_limits: Mutex::default(),
            #[cfg(feature = "connect")]
            update_locks: Arc::default(),
        }))
    }

    /// What is known about the token now.
    #[must_use]
    pub fn status(&self) -> AuthStatus {
        *self.0.status.borrow()
    }

    /// Sees every change: tokens obtained and refused, logins that failed.
    ///
    /// ```
    /// # use entitlements::auth::Auth;
    /// # async fn watch(auth: Auth) {
    /// let mut watch = auth.watch();
    /// while let Some(status) = watch.changed().await {
    ///     println!("token {}, expires {:?}", status.generation, status.expires_at);
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn watch(&self) -> AuthWatch {
        AuthWatch(self.0.status.subscribe())
    }

    /// The token to send: the one at hand, or one that is acquired now for everybody who waits.
    ///
    /// Calls of clients do this by themselves. Use it for a request of your own to a server that
    /// takes the same token, and [`reject`](Self::reject) if it is refused there. A client has the
    /// context for it: its `login_context()`.
    ///
    /// # Errors
    ///
    /// Those of the [`TokenSource`]; and [`ErrorKind::Configuration`] outside of a Tokio runtime,
    /// where nothing but the token at hand can be had. A failure is the same for all who waited,
    /// and is given again, with [`Error::retry_after`], until it is time for another try.
    ///
    /// ```
    /// # use entitlements::auth::{Auth, Context};
    /// # async fn call(auth: Auth, context: Context) -> Result<(), Box<dyn std::error::Error>> {
    /// let bearer = auth.bearer(&context).await?;
    /// let request = context.http().get("https://operator.example/other").header("authorization", bearer.header());
    /// if request.send().await?.status() == 403 && auth.reject(&bearer, &context) {
    ///     let other = auth.bearer(&context).await?;
    ///     println!("once more, with token {}", other.generation());
    /// }
    /// # Ok(()) }
    /// ```
    pub async fn bearer(&self, context: &Context) -> Result<Bearer> {
        if let Some(bearer) = self.at_hand(context.clock().now(), || context.clone()) {
            return Ok(bearer);
        }
        in_a_runtime()?;
        // Boxed, so that those who find a token do not carry what waits for one.
        Box::pin(self.acquired(context, None)).await
    }

    /// Says that the server refused a token, and asks whether another attempt makes sense.
    ///
    /// It does if there is a newer token already, or if one is asked for by the next
    /// [`bearer`](Self::bearer). It does not if the credential cannot give another token, if one could
    /// not be had a moment ago, or if calls of a client found within the last minute that fresh tokens
    /// are refused, too. Try once more at most: where the login server gives the same token again, no
    /// number of attempts helps.
    #[must_use = "without another attempt the refusal is the answer"]
    pub fn reject(&self, bearer: &Bearer, context: &Context) -> bool {
        self.rejected(bearer, context.clock().now())
    }

    /// Lets the next call try to log in, although the last login failed a moment ago; for example
    /// after an account was unlocked.
    pub fn retry_now(&self) {
        let mut state = self.0.lock();
        state.failures.clear();
        if let Some(held) = self.0.current.load_full() {
            self.0.current.store(Some(Arc::new(held.unclaimed(None))));
        }
        self.0.status.send_modify(|status| status.last_failure = None);
    }

    /// Ends the session at the login server and forgets the token; the next call logs in again.
    ///
    /// # Errors
    ///
    /// Those of [`TokenSource::log_out`].
    pub async fn log_out(&self, context: &Context) -> Result<()> {
        self.0.end(context, |_| Work::LogOut).await
    }

    /// Makes the tokens worthless at the login server and forgets them; the next call logs in again.
    ///
    /// # Errors
    ///
    /// Those of [`TokenSource::revoke`].
    pub async fn revoke(&self, context: &Context) -> Result<()> {
        self.0.end(context, Work::Revoke).await
    }

    /// The limit that all clients of this credential at an API server share.
    pub(crate) fn rate_limit(&self, api_server: &str, make: impl FnOnce() -> RateLimit) -> RateLimit {
        let mut limits = self.0.rate_limits.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, limit)) = limits.iter().find(|(server, _)| server == api_server) {
            return limit.clone();
        }
        let limit = make();
        limits.push((api_server.to_owned(), limit.clone()));
        limit
    }

    #[cfg(feature = "connect")]
    pub(crate) fn update_locks(&self) -> Arc<crate::connect::Locks> {
        self.0.update_locks.clone()
    }

    pub(crate) fn endpoint(&self) -> Option<&Url> {
        self.0.source.endpoint()
    }

    pub(crate) fn check(&self) -> Result<()> {
        self.0.source.check()
    }

    /// The token that can be sent at once. In the last part of its life one caller starts its
    /// renewal, and nobody waits for that.
    pub(crate) fn at_hand(&self, now: Instant, context: impl FnOnce() -> Context) -> Option<Bearer> {
        let current = self.0.current.load();
        let held = current.as_ref()?;
        if !held.is_fresh(now) {
            if !held.is_valid(now) {
                return None;
            }
            // Outside of a runtime nobody could see to it.
            if held.is_renewal_open() && in_a_runtime().is_ok() && held.claim_renewal() {
                self.0.renew(held, &context());
            }
        }
        Some(held.bearer.clone())
    }

    /// The token of the next acquisition, or of the one under way. `refused` is the number of the
    /// one that this caller has no use for.
    pub(crate) async fn acquired(&self, context: &Context, refused: Option<u64>) -> Result<Bearer> {
        for _ in 0..MOST_STARTS {
            let flight = match self.0.step(context, refused) {
                Step::Ready(bearer) => return Ok(bearer),
                Step::Failed(error) => return Err(error),
                Step::Wait(flight) => flight,
            };
            match flight.arrival().await {
                Arrival::Outcome(Ok(Some(held))) => return Ok(held.bearer.clone()),
                Arrival::Outcome(Err(error)) if flight.is_acquisition => {
                    let kept = self.0.still_valid(context.clock().now(), refused);
                    return kept.ok_or_else(|| share(&error));
                }
                // A session was ended meanwhile, or not; this caller needs a token.
                Arrival::Outcome(Ok(None) | Err(_)) | Arrival::Abandoned => {}
                Arrival::Stalled => self.0.give_up(&flight),
            }
        }
        let message = "the login was interrupted because its runtime ended; call again";
        Err(Error::new(ErrorKind::NotSent, message))
    }

    pub(crate) fn rejected(&self, bearer: &Bearer, now: Instant) -> bool {
        self.0.reject(bearer.generation(), now)
    }

    /// Says that the token of a second attempt was refused, too.
    pub(crate) fn refused_again(&self, bearer: &Bearer, refused_at: Instant, now: Instant) {
        self.0.refused_again(bearer, refused_at, now);
    }
}
