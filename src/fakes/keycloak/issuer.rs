//! The realm as others see it: who asks for tokens, and who is shown one.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard},
    time::SystemTime,
};

use super::{
    Counts,
    call::Call,
    state::{Kind, Realm, seconds},
};
use crate::fakes::{
    Reply, Request,
    message::since_epoch,
    serve::{self, TokenEnd, Visit},
};

/// Tells whether an access token is one of a realm's, for fakes of what it protects.
///
/// It is cheap to clone, and all clones see the same realm.
#[derive(Clone)]
pub struct Issuer(Arc<Mutex<Realm>>);

/// Why an access token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenRefusal {
    /// The realm did not issue it, or it is not an access token.
    Unknown,
    /// It was issued later than now.
    NotYetValid,
    /// It has expired.
    Expired,
    /// It is older than the not-before time.
    Stale,
    /// It was revoked.
    Revoked,
}

/// Tokens and passwords are left out.
impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer").finish_non_exhaustive()
    }
}

impl Issuer {
    pub(super) fn new(realm: Realm) -> Self {
        Self(Arc::new(Mutex::new(realm)))
    }

    pub(super) fn realm(&self) -> MutexGuard<'_, Realm> {
        serve::lock(&self.0)
    }

    /// The realm's token endpoint, for a client's settings.
    #[must_use]
    pub fn token_url(&self) -> String {
        self.realm().token_url()
    }

    /// How often the realm's token endpoint was used.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.realm().counts
    }

    /// The roles that an access token gives at a time.
    ///
    /// A session that has ended and a user who was disabled do not matter: a gateway that checks
    /// tokens by themselves does not hear of them.
    ///
    /// # Errors
    ///
    /// The reason for refusing the token.
    pub fn check(&self, token: &str, now: SystemTime) -> Result<Vec<String>, TokenRefusal> {
        let now = seconds(now);
        let realm = self.realm();
        let Some(issued) = realm.tokens.get(token).filter(|issued| issued.kind == Kind::Access) else {
            return Err(TokenRefusal::Unknown);
        };
        if issued.revoked {
            return Err(TokenRefusal::Revoked);
        }
        if issued.stale {
            return Err(TokenRefusal::Stale);
        }
        if issued.since > now {
            return Err(TokenRefusal::NotYetValid);
        }
        if issued.has_expired(now) {
            return Err(TokenRefusal::Expired);
        }
        Ok(issued.roles.clone())
    }

    /// Ends a token from now on; one that the realm did not issue stays unknown.
    pub(in crate::fakes) fn end(&self, token: &str, end: TokenEnd, now: SystemTime) {
        let mut realm = self.realm();
        let Some(issued) = realm.tokens.get_mut(token) else { return };
        match end {
            // In the second of its end it would still be good.
            TokenEnd::Expired => issued.expires = Some(seconds(now).saturating_sub(1)),
            TokenEnd::Revoked if issued.kind == Kind::Access => issued.revoked = true,
            // With a refresh token, its session is revoked.
            TokenEnd::Revoked => {
                let session = issued.session.clone();
                session.and_then(|session| realm.sessions.remove(&session));
            }
        }
    }
}

impl serve::State for Issuer {
    type Call = Call;

    #[cfg(feature = "fake-checks")]
    fn checker() -> Option<std::sync::Arc<crate::fakes::check::Checker>> {
        None
    }

    /// The refresh token of a token request, or the access token of another one.
    fn end_token(&mut self, request: &Request, end: TokenEnd, now: SystemTime) {
        let shown = request.form("refresh_token");
        if let Some(token) = shown.as_deref().or_else(|| request.bearer()) {
            self.end(token, end, now);
        }
    }

    fn handle(&mut self, request: &Request, visit: &Visit) -> Reply {
        self.realm().handle(request, since_epoch(visit.now))
    }
}
