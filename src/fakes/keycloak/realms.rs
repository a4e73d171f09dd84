//! Several realms of one server.

use std::time::SystemTime;

use super::{call::Call, issuer::Issuer, state::Realm};
use crate::fakes::{
    Reply, Request,
    serve::{self, TokenEnd, Visit},
};

/// The realms that a server has; never none.
#[derive(Debug, Clone)]
pub(super) struct Realms {
    pub(super) own: Issuer,
    pub(super) others: Vec<Issuer>,
}

impl Realms {
    pub(super) fn new(own: Realm, others: Vec<Realm>) -> Self {
        Self { own: Issuer::new(own), others: others.into_iter().map(Issuer::new).collect() }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Issuer> {
        std::iter::once(&self.own).chain(&self.others)
    }

    /// The realm that a path lies in; one that lies in none is answered by the first.
    fn of(&mut self, request: &Request) -> &mut Issuer {
        let is_within = |realm: &Issuer| {
            let rest = request.path.strip_prefix(&realm.realm().base).map(|rest| rest.starts_with('/'));
            rest.unwrap_or(false)
        };
        match self.others.iter().position(is_within) {
            Some(found) => &mut self.others[found],
            None => &mut self.own,
        }
    }
}

impl serve::State for Realms {
    type Call = Call;

    #[cfg(feature = "fake-checks")]
    fn checker() -> Option<std::sync::Arc<crate::fakes::check::Checker>> {
        None
    }

    fn end_token(&mut self, request: &Request, end: TokenEnd, now: SystemTime) {
        self.of(request).end_token(request, end, now);
    }

    fn handle(&mut self, request: &Request, visit: &Visit) -> Reply {
        self.of(request).handle(request, visit)
    }
}
