//! One token for all callers: acquired once, shared, renewed before it expires.

#[cfg(feature = "connect")]
use std::sync::OnceLock;
use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock, RwLockWriteGuard},
    time::{Duration, Instant},
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use http::HeaderValue;
use reqwest::Url;

use super::{Context, Token, TokenSource};
#[cfg(feature = "connect")]
use crate::RateLimit;
use crate::{Error, ErrorKind, Result};

/// A token is renewed this long before its end, or a fifth of its life before it if that is
/// less: Keycloak's tokens live for a minute or five, and a fixed margin could exceed that.
const LONGEST_MARGIN: Duration = Duration::from_secs(60);
const MARGIN_SHARE: u32 = 5;

/// A credential with its token. Clones share both.
///
/// Every client makes one from the credential it is given. Make one yourself to share the token,
/// and with it the login, between clients:
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

/// What a health check wants to know about a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuthStatus {
    /// How often a token was obtained so far, the first one included.
    pub renewals: u64,
    /// Whether there is a token that was not refused. It may have expired.
    pub has_token: bool,
}

struct Cache {
    source: Arc<dyn TokenSource>,
    state: RwLock<State>,
    /// The limit of the clients that share this credential, where it says who counts together.
    #[cfg(feature = "connect")]
    rate_limit: OnceLock<RateLimit>,
}

#[derive(Default)]
struct State {
    held: Option<Arc<Held>>,
    generation: u64,
    pending: Option<(u64, Pending)>,
    /// Numbers the acquisitions, so that one that ended badly clears no later one.
    started: u64,
}

type Pending = Shared<BoxFuture<'static, std::result::Result<Arc<Held>, Arc<Error>>>>;

/// A token ready for use.
pub(crate) struct Held {
    header: HeaderValue,
    generation: u64,
    renew_at: Option<Instant>,
    expires_at: Option<Instant>,
}

impl Held {
    pub(crate) fn header(&self) -> &HeaderValue {
        &self.header
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    fn is_fresh(&self, now: Instant) -> bool {
        self.renew_at.is_none_or(|at| now < at)
    }

    pub(crate) fn is_valid(&self, now: Instant) -> bool {
        self.expires_at.is_none_or(|at| now < at)
    }
}

impl<S: TokenSource> From<S> for Auth {
    fn from(source: S) -> Self {
        Self(Arc::new(Cache {
            source: Arc::new(source),
            state: RwLock::default(),
            #[cfg(feature = "connect")]
            rate_limit: OnceLock::new(),
        }))
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth").field("source", &self.0.source).field("status", &self.status()).finish()
    }
}

impl Auth {
    /// What is known about the token now.
    #[must_use]
    pub fn status(&self) -> AuthStatus {
        let state = self.0.state.read().unwrap_or_else(PoisonError::into_inner);
        AuthStatus { renewals: state.generation, has_token: state.held.is_some() }
    }

    #[cfg(feature = "connect")]
    pub(crate) fn rate_limit(&self, make: impl FnOnce() -> RateLimit) -> RateLimit {
        self.0.rate_limit.get_or_init(make).clone()
    }

    pub(crate) fn endpoint(&self) -> Option<&Url> {
        self.0.source.endpoint()
    }

    pub(crate) fn check(&self) -> Result<()> {
        self.0.source.check()
    }

    /// The token to send: the one at hand, or one that is acquired now for everybody who waits.
    pub(crate) async fn header(&self, context: &Context) -> Result<Arc<Held>> {
        let now = context.clock().now();
        if let Some(held) = self.fresh(now) {
            return Ok(held);
        }
        match self.0.clone().join_or_start(context).await {
            Ok(held) => Ok(held),
            Err(error) => self.still_valid(context.clock().now()).ok_or_else(|| error.share()),
        }
    }

    fn fresh(&self, now: Instant) -> Option<Arc<Held>> {
        let state = self.0.state.read().unwrap_or_else(PoisonError::into_inner);
        state.held.as_ref().filter(|held| held.is_fresh(now)).cloned()
    }

    fn still_valid(&self, now: Instant) -> Option<Arc<Held>> {
        let state = self.0.state.read().unwrap_or_else(PoisonError::into_inner);
        state.held.as_ref().filter(|held| held.is_valid(now)).cloned()
    }

    /// Drops a token that the server refused, unless a newer one has taken its place. Says
    /// whether another attempt makes sense.
    pub(crate) fn reject(&self, generation: u64) -> bool {
        if !self.0.source.is_renewable() {
            return false;
        }
        let mut state = self.0.write();
        if state.held.as_ref().is_some_and(|held| held.generation == generation) {
            state.held = None;
        }
        true
    }
}

impl Cache {
    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn join_or_start(self: Arc<Self>, context: &Context) -> Pending {
        let mut state = self.write();
        if let Some((_, pending)) = &state.pending {
            return pending.clone();
        }
        if let Some(held) = state.held.as_ref().filter(|held| held.is_fresh(context.clock().now())) {
            let held = held.clone();
            return std::future::ready(Ok(held)).boxed().shared();
        }
        // A task of its own: a caller who goes away must not lose a rotated refresh token.
        let task = tokio::spawn(self.clone().acquire(context.clone()));
        let cache = self.clone();
        state.started += 1;
        let number = state.started;
        let pending = async move {
            match task.await {
                Ok(outcome) => outcome,
                Err(ended) => Err(Arc::new(cache.ended_badly(number, &ended))),
            }
        }
        .boxed()
        .shared();
        state.pending = Some((number, pending.clone()));
        pending
    }

    /// The task of an acquisition ended without an outcome; the next caller starts another.
    fn ended_badly(&self, number: u64, ended: &tokio::task::JoinError) -> Error {
        let mut state = self.write();
        if state.pending.as_ref().is_some_and(|(current, _)| *current == number) {
            state.pending = None;
        }
        if ended.is_panic() {
            return Error::new(ErrorKind::LoginFailed, "the token source panicked");
        }
        let message = "the login was interrupted because its runtime ended; call again";
        Error::new(ErrorKind::NotSent, message)
    }

    async fn acquire(self: Arc<Self>, context: Context) -> std::result::Result<Arc<Held>, Arc<Error>> {
        let asked_at = context.clock().now();
        let outcome = self.source.acquire(&context).await;
        let mut state = self.write();
        state.pending = None;
        let held =
            outcome.and_then(|token| held(&token, asked_at, state.generation + 1)).map_err(Arc::new)?;
        state.generation = held.generation;
        let held = Arc::new(held);
        state.held = Some(held.clone());
        Ok(held)
    }
}

fn held(token: &Token, asked_at: Instant, generation: u64) -> Result<Held> {
    let lifetime = token.lifetime();
    let margin = lifetime.map(|lifetime| (lifetime / MARGIN_SHARE).min(LONGEST_MARGIN));
    // An end that no clock reaches is none.
    let end = |early: Duration| asked_at.checked_add(lifetime?.saturating_sub(early));
    Ok(Held {
        header: token.header()?,
        generation,
        renew_at: end(margin.unwrap_or_default()),
        expires_at: end(Duration::ZERO),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::time::{self, Clock, TestClock};

    #[derive(Debug, Default)]
    struct Counting {
        calls: Arc<AtomicU64>,
        fails_after: Option<u64>,
    }

    impl TokenSource for Counting {
        fn acquire<'a>(&'a self, _: &'a Context) -> time::BoxFuture<'a, Result<Token>> {
            Box::pin(async {
                let call = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
                tokio::task::yield_now().await;
                if self.fails_after.is_some_and(|limit| call > limit) {
                    return Err(Error::new(ErrorKind::LoginFailed, "no"));
                }
                Ok(Token::new(format!("t{call}")).expires_in(Duration::from_secs(300)))
            })
        }
    }

    fn context(clock: &TestClock) -> Context {
        let clock: Arc<dyn Clock> = Arc::new(clock.clone());
        let server = crate::transport::Server::parse("http://localhost", false).expect("valid");
        let settings = crate::transport::Settings::default();
        let http = server.http_client(&settings).expect("no TLS needed");
        Context::shared(crate::transport::Sender::new(http), clock, Duration::from_secs(1))
    }

    async fn token(auth: &Auth, context: &Context) -> String {
        let held = auth.header(context).await.expect("a token");
        held.header().to_str().expect("text").to_owned()
    }

    #[tokio::test]
    async fn callers_at_the_same_time_share_one_acquisition() {
        let source = Counting::default();
        let calls = source.calls.clone();
        let (auth, context) = (Auth::from(source), context(&TestClock::new()));
        let all = futures_util::future::join_all((0..100).map(|_| token(&auth, &context))).await;
        assert!(all.iter().all(|value| value == "Bearer t1"));
        assert_eq!(calls.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn renewed_before_the_end_and_kept_when_the_renewal_fails() {
        let source = Counting { fails_after: Some(1), ..Counting::default() };
        let clock = TestClock::new();
        let (auth, context) = (Auth::from(source), context(&clock));
        assert_eq!(token(&auth, &context).await, "Bearer t1");
        clock.advance(Duration::from_secs(241));
        assert_eq!(token(&auth, &context).await, "Bearer t1", "valid for another minute");
        clock.advance(Duration::from_secs(60));
        let error = auth.header(&context).await.err().expect("expired");
        assert_eq!(error.kind(), ErrorKind::LoginFailed);
    }

    #[tokio::test]
    async fn a_late_refusal_does_not_drop_the_newer_token() {
        let (auth, context) = (Auth::from(Counting::default()), context(&TestClock::new()));
        let first = auth.header(&context).await.expect("a token").generation();
        assert!(auth.reject(first));
        assert_eq!(token(&auth, &context).await, "Bearer t2");
        assert!(auth.reject(first));
        assert_eq!(token(&auth, &context).await, "Bearer t2");
    }

    #[tokio::test]
    async fn a_caller_who_goes_away_does_not_cancel_the_acquisition() {
        let source = Counting::default();
        let calls = source.calls.clone();
        let (auth, context) = (Auth::from(source), context(&TestClock::new()));
        let waiting = auth.header(&context);
        tokio::select! { biased; _ = waiting => panic!("the source yields first"), () = std::future::ready(()) => {} }
        assert_eq!(token(&auth, &context).await, "Bearer t1");
        assert_eq!(calls.load(Ordering::SeqCst), 1);
    }
}
