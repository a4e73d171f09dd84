//! Changing some channels of a level and keeping the others, whatever the server does with those
//! that a request leaves out.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use super::{
    ChannelCode, ChannelState,
    level::{mean_the_same, states},
    model,
    place::{Level, argument},
    requests::{ChangePermissions, Changes, ListPermissions},
};
use crate::{Error, ErrorKind, Result, response::Response, transport::opaque_debug};

/// The request of the `update_*_permissions` methods of [`UserClient`](super::UserClient).
#[must_use = "a request does nothing until `send()` is awaited"]
#[derive(Clone)]
pub struct UpdatePermissions {
    change: ChangePermissions,
}

impl UpdatePermissions {
    pub(super) fn new(change: ChangePermissions) -> Self {
        Self { change }
    }

    /// Sets the state of a channel; [`ChannelState::None`] takes a state back. Naming a channel
    /// twice is refused by `send()`.
    pub fn set<C>(mut self, channel: C, state: ChannelState) -> Self
    where
        C: TryInto<ChannelCode>,
        C::Error: Into<Error>,
    {
        self.change.changes.push(argument(channel), state);
        self
    }

    /// Limits one attempt of each request that this takes. Default: the client's.
    pub fn with_timeout(mut self, timeout: std::time::Duration) -> Self {
        self.change = self.change.with_timeout(timeout);
        self
    }

    /// Limits the whole call: waiting for earlier updates of the level, and at most three requests.
    /// Default: the client's.
    pub fn with_deadline(mut self, deadline: std::time::Duration) -> Self {
        self.change = self.change.with_deadline(deadline);
        self
    }

    /// Limits how many requests are sent for each of the steps that this takes. Default: the
    /// client's.
    pub fn with_max_attempts(mut self, attempts: u32) -> Self {
        self.change = self.change.with_max_attempts(attempts);
        self
    }

    /// Adds a header to each request that this takes, as [`ChangePermissions::with_header`] does.
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.change = self.change.with_header(name, value);
        self
    }

    /// Reads the level, merges the channels that were set, sends all of them, and compares the
    /// answer; if it differs, the level is read once more. So the result is the same whether the
    /// server merges or replaces.
    ///
    /// Updates of the same level through clients of the same credential (a
    /// [`UserClient`](super::UserClient), its clones, and others that were built with its
    /// [`Auth`](crate::auth::Auth)) run one after the other. Other processes are not kept out: the vendor documents no
    /// version field. Dropping the future leaves open whether the change was made; sending it
    /// again is harmless.
    ///
    /// # Errors
    ///
    /// See the method of the client; and [`ErrorKind::Conflict`] if the level is not what was
    /// sent, because somebody else changed it at the same time.
    pub async fn send(mut self) -> Result<Response<model::Level>> {
        let transport = self.change.inner.transport.clone();
        transport.share_deadline(&mut self.change.options);
        let operation = self.change.info().name;
        let level = self.change.place.checked().map_err(|error| error.with_operation(operation))?;
        let changes = self.change.changes.checked().map_err(|error| error.with_operation(operation))?;
        let lock = self.change.inner.locks.of(level);
        let turn = transport.wait_until(&self.change.options, lock.lock()).await;
        let _one_at_a_time = turn.map_err(|error| error.with_operation(operation))?;

        let wanted = merged(states(&*self.read().await?), changes);
        let mut change = self.change.clone();
        change.changes = Changes::from_states(wanted.clone());
        let answer = change.send().await?;
        if mean_the_same(&states(&answer), &wanted) {
            return Ok(answer);
        }
        let now = self.read().await?;
        if mean_the_same(&states(&now), &wanted) {
            return Ok(now);
        }
        let message =
            "the level is not what was sent; somebody else may have changed it, so read it and decide again";
        Err(Error::new(ErrorKind::Conflict, message).with_operation(operation))
    }

    async fn read(&self) -> Result<Response<model::Level>> {
        let mut list = ListPermissions::new(self.change.inner.clone(), self.change.place.clone());
        list.options = self.change.options.clone();
        list.send().await
    }
}

/// The channels as they are, with the changes; those that are new come last.
fn merged(
    mut current: Vec<(String, ChannelState)>,
    changes: Vec<(String, ChannelState)>,
) -> Vec<(String, ChannelState)> {
    for (channel, state) in changes {
        match current.iter_mut().find(|(known, _)| *known == channel) {
            Some((_, present)) => *present = state,
            None => current.push((channel, state)),
        }
    }
    current
}

/// One lock per level of a customer, for as long as somebody holds it.
#[derive(Default)]
pub(crate) struct Locks(Mutex<HashMap<Level, Weak<tokio::sync::Mutex<()>>>>);

impl Locks {
    fn of(&self, level: Level) -> Arc<tokio::sync::Mutex<()>> {
        let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lock) = locks.get(&level).and_then(Weak::upgrade) {
            return lock;
        }
        locks.retain(|_, lock| lock.strong_count() > 0);
        let lock = Arc::default();
        locks.insert(level, Arc::downgrade(&lock));
        lock
    }
}

opaque_debug!(UpdatePermissions);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_replace_and_others_stay() {
        let channel = |code: &str, state| (code.to_owned(), state);
        let current = vec![channel("TM", ChannelState::Shield), channel("DM", ChannelState::from("NEW"))];
        let changes = vec![channel("EM", ChannelState::Permission), channel("TM", ChannelState::None)];
        let expected = [
            channel("TM", ChannelState::None),
            channel("DM", ChannelState::from("NEW")),
            channel("EM", ChannelState::Permission),
        ];
        assert_eq!(merged(current, changes), expected);
    }

    #[test]
    fn a_level_has_one_lock_while_it_is_held() {
        let locks = Locks::default();
        let first = locks.of(Level::Global);
        assert!(Arc::ptr_eq(&first, &locks.of(Level::Global)));
        drop(first);
        let _again = locks.of(Level::Global);
        assert_eq!(locks.0.lock().expect("lock").len(), 1);
    }
}
