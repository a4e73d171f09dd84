//! The SDK's own login at real servers, of all versions. Each test makes realms of its own, and at
//! its end asks the servers' event logs what has happened: no refresh token was ever used twice.

mod brute_force;
mod endings;
mod events;
mod gateway;
mod logins;
mod losses;
mod proxy;
mod realm;
mod refreshes;

use std::time::Duration;

use entitlements::{
    auth::{Auth, Bearer, Context, Keycloak},
    time::{Clock, TestClock},
};
use serde_json::json;

use self::realm::{Realm, at_every_server};
use crate::seconds;

const USER: &str = "crm_client_user";
const PASSWORD: &str = "1234";
/// What a realm says unless it is told otherwise; so long the SDK's clock is moved.
const LIFETIME: Duration = seconds(300);
/// Ends of sessions and the like are seen on a machine that has other work, too.
const REQUEST: Duration = seconds(30);

/// A credential at work: with its connections and its clock.
struct Sdk<C> {
    auth: Auth,
    context: Context,
    clock: C,
}

impl Sdk<TestClock> {
    /// Time goes by only when it is told so, and only for the SDK.
    fn moved_by_hand(realm: &Realm, login: Keycloak) -> Self {
        Self::new(realm, login, TestClock::new())
    }

    /// Lets the token at hand end, and gets the next one.
    async fn renewed(&self) -> Bearer {
        self.clock.advance(LIFETIME);
        self.bearer().await
    }
}

impl<C: Clock + Clone> Sdk<C> {
    fn new(realm: &Realm, login: Keycloak, clock: C) -> Self {
        let context = Context::new(realm.http().clone(), clock.clone(), REQUEST);
        Self { auth: Auth::from(login), context, clock }
    }

    async fn bearer(&self) -> Bearer {
        self.auth.bearer(&self.context).await.expect("a token")
    }

    /// So many callers at the same moment. Their tokens, none of which failed.
    async fn bearers(&self, callers: usize) -> Vec<Bearer> {
        let calls = (0..callers).map(|_| {
            let (auth, context) = (self.auth.clone(), self.context.clone());
            tokio::spawn(async move { auth.bearer(&context).await })
        });
        let calls: Vec<_> = calls.collect();
        let mut bearers = Vec::new();
        for call in calls {
            bearers.push(call.await.expect("no panic").expect("a token"));
        }
        bearers
    }
}
