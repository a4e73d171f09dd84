//! The requests of a user: reading and changing the three levels.

use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::{
    ChannelCode, ChannelState, EffectivePermissions, Unconfirmed,
    level::decode_level,
    model,
    place::{Argument, Level, Place, argument, checked},
    user::Inner,
};
use crate::{
    Error, Result,
    generated::{
        self,
        connect::{op, types},
    },
    response::{Raw, Response},
    transport::{CallOptions, Operation, OperationInfo, call_options, decode_as, opaque_debug},
};

/// The request of the `list_*_permissions` methods of
/// [`UserClient`](super::UserClient).
#[must_use = "a request does nothing until `send()` is awaited"]
#[derive(Clone)]
pub struct ListPermissions {
    inner: Arc<Inner>,
    place: Place,
    pub(super) options: CallOptions,
}

impl ListPermissions {
    pub(super) fn new(inner: Arc<Inner>, place: Place) -> Self {
        Self { inner, place, options: CallOptions::default() }
    }

    call_options!();

    /// Sends the request. Dropping the future loses nothing.
    ///
    /// # Errors
    ///
    /// See the method of the client.
    pub async fn send(self) -> Result<Response<model::Level>> {
        let (info, kind) = (self.info(), self.place.kind());
        self.call(info, |raw| decode_level(info.name, kind, raw, true)).await
    }

    /// Sends the request and reads the answer as a type of yours. Dropping the future means
    /// the same as for [`send`](Self::send).
    ///
    /// # Errors
    ///
    /// See the method of the client.
    pub async fn send_as<T: DeserializeOwned>(self) -> Result<Response<T>> {
        let info = self.info();
        self.call(info, |raw| decode_as(info.name, raw)).await
    }

    fn info(&self) -> &'static OperationInfo {
        match self.place {
            Place::Global => op::ListGlobalPermissions::INFO,
            Place::Enterprise(_) => op::ListEnterprisePermissions::INFO,
            Place::OrderType(..) => op::ListOrderTypePermissions::INFO,
        }
    }

    async fn call<T>(
        &self,
        info: &'static OperationInfo,
        decode: impl FnOnce(Raw) -> Result<T>,
    ) -> Result<T> {
        let options = match self.place {
            Place::OrderType(..) => {
                self.inner.shapes.apply(Unconfirmed::ListOrderTypePermissions, &self.options)
            }
            _ => self.options.clone(),
        };
        self.inner.transport.call(info, &|| self.make(), &options, decode).await
    }

    fn make(&self) -> Result<reqwest::Request> {
        let Inner { requests, shapes, transport, .. } = &*self.inner;
        let level = self.place.checked()?;
        match &level {
            Level::Global => generated::request(requests.list_global_permissions()),
            Level::Enterprise(code) => {
                generated::request(requests.list_enterprise_permissions(code.as_str()))
            }
            Level::OrderType(enterprise, order_type) => {
                let made = requests.list_order_type_permissions(enterprise.as_str(), order_type.as_str());
                let mut request = generated::request(made)?;
                let operation = Unconfirmed::ListOrderTypePermissions;
                shapes.rewrite(operation, transport.base(), &level.values(), &mut request)?;
                Ok(request)
            }
        }
    }
}

/// The request of the `change_*_permissions` methods of [`UserClient`](super::UserClient).
#[must_use = "a request does nothing until `send()` is awaited"]
#[derive(Clone)]
pub struct ChangePermissions {
    pub(super) inner: Arc<Inner>,
    pub(super) place: Place,
    pub(super) changes: Changes,
    pub(super) options: CallOptions,
}

impl ChangePermissions {
    pub(super) fn new(inner: Arc<Inner>, place: Place) -> Self {
        Self { inner, place, changes: Changes::default(), options: CallOptions::default() }
    }

    /// Sets the state of a channel. Naming a channel twice is refused by `send()`.
    pub fn set<C>(mut self, channel: C, state: ChannelState) -> Self
    where
        C: TryInto<ChannelCode>,
        C::Error: Into<Error>,
    {
        self.changes.push(argument(channel), state);
        self
    }

    call_options!();

    /// Sends the documented single request, with exactly the channels that were set. Whether the
    /// others stay as they are is not documented; the `update_*` methods do not depend on it.
    ///
    /// Dropping the future leaves open whether the change was made; it sets a state, so sending
    /// it again is harmless.
    ///
    /// # Errors
    ///
    /// See the method of the client.
    pub async fn send(self) -> Result<Response<model::Level>> {
        let (info, kind) = (self.info(), self.place.kind());
        self.call(info, |raw| decode_level(info.name, kind, raw, false)).await
    }

    /// Sends the request and reads the answer as a type of yours. Dropping the future means
    /// the same as for [`send`](Self::send).
    ///
    /// # Errors
    ///
    /// See the method of the client.
    pub async fn send_as<T: DeserializeOwned>(self) -> Result<Response<T>> {
        let info = self.info();
        self.call(info, |raw| decode_as(info.name, raw)).await
    }

    pub(super) fn info(&self) -> &'static OperationInfo {
        match self.place {
            Place::OrderType(..) => op::ChangeOrderTypePermissions::INFO,
            _ => op::ChangeEnterprisePermissions::INFO,
        }
    }

    async fn call<T>(
        &self,
        info: &'static OperationInfo,
        decode: impl FnOnce(Raw) -> Result<T>,
    ) -> Result<T> {
        let options = self.inner.shapes.apply(self.unconfirmed(), &self.options);
        self.inner.transport.call(info, &|| self.make(), &options, decode).await
    }

    fn unconfirmed(&self) -> Unconfirmed {
        match self.place {
            Place::OrderType(..) => Unconfirmed::ChangeOrderTypePermissions,
            _ => Unconfirmed::ChangeEnterprisePermissions,
        }
    }

    fn make(&self) -> Result<reqwest::Request> {
        let Inner { requests, shapes, transport, .. } = &*self.inner;
        let level = self.place.checked()?;
        let body = body(&self.changes.checked()?);
        let mut request = match &level {
            Level::OrderType(enterprise, order_type) => {
                let made =
                    requests.change_order_type_permissions(enterprise.as_str(), order_type.as_str(), &body);
                generated::request(made)?
            }
            Level::Enterprise(code) => {
                generated::request(requests.change_enterprise_permissions(code.as_str(), &body))?
            }
            Level::Global => return Err(Error::invalid_input("level", "must not be the global one")),
        };
        shapes.rewrite(self.unconfirmed(), transport.base(), &level.values(), &mut request)?;
        Ok(request)
    }
}

fn body(changes: &[(String, ChannelState)]) -> types::LevelUpdate {
    let change = |(channel, state): &(String, ChannelState)| types::ChannelChange {
        type_: state.as_str().to_owned().into(),
        value: channel.clone(),
    };
    types::LevelUpdate { channels: changes.iter().map(change).collect() }
}

/// The channels that a change names.
#[derive(Clone, Default)]
pub(super) struct Changes(Vec<(Argument<ChannelCode>, ChannelState)>);

impl Changes {
    pub(super) fn push(&mut self, channel: Argument<ChannelCode>, state: ChannelState) {
        self.0.push((channel, state));
    }

    pub(super) fn from_states(states: Vec<(String, ChannelState)>) -> Self {
        Self(states.into_iter().map(|(channel, state)| (argument(channel), state)).collect())
    }

    /// The channels, each once, or what is wrong with them.
    pub(super) fn checked(&self) -> Result<Vec<(String, ChannelState)>> {
        if self.0.is_empty() {
            return Err(Error::invalid_input("channels", "must name at least one channel; see `set`"));
        }
        let mut all: Vec<(String, ChannelState)> = Vec::with_capacity(self.0.len());
        for (channel, state) in &self.0 {
            let channel = checked(channel)?;
            if all.iter().any(|(earlier, _)| earlier == channel.as_str()) {
                return Err(Error::invalid_input("channels", "must not name a channel twice"));
            }
            if state.as_str().chars().any(char::is_control) {
                return Err(Error::invalid_input("state", "must not contain control characters"));
            }
            all.push((channel.as_str().to_owned(), state.clone()));
        }
        Ok(all)
    }
}

/// The request of [`UserClient::effective_permissions`](super::UserClient::effective_permissions).
#[must_use = "a request does nothing until `send()` is awaited"]
#[derive(Clone)]
pub struct ReadEffectivePermissions {
    levels: [ListPermissions; 3],
}

impl ReadEffectivePermissions {
    pub(super) fn new(levels: [ListPermissions; 3]) -> Self {
        Self { levels }
    }

    /// Limits one attempt of each of the three reads. Default: the client's.
    pub fn with_timeout(mut self, timeout: std::time::Duration) -> Self {
        self.levels = self.levels.map(|level| level.with_timeout(timeout));
        self
    }

    /// Limits the whole call, whose three reads go side by side. Default: the client's.
    pub fn with_deadline(mut self, deadline: std::time::Duration) -> Self {
        self.levels = self.levels.map(|level| level.with_deadline(deadline));
        self
    }

    /// Limits how many requests are sent for each of the three reads. Default: the client's.
    pub fn with_max_attempts(mut self, attempts: u32) -> Self {
        self.levels = self.levels.map(|level| level.with_max_attempts(attempts));
        self
    }

    /// Adds a header to each request of the three reads, as
    /// [`ListPermissions::with_header`] does.
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let (name, value) = (name.into(), value.into());
        self.levels = self.levels.map(|level| level.with_header(name.as_str(), value.as_str()));
        self
    }

    /// Reads the three levels side by side. The result stands for three answers, so it has no
    /// status or body of its own; the `list_*` methods have those. Dropping the future loses nothing.
    ///
    /// # Errors
    ///
    /// The first error of the three reads; see the method of the client.
    pub async fn send(self) -> Result<EffectivePermissions> {
        let [global, enterprise, order_type] = self.levels.map(ListPermissions::send);
        let (global, enterprise, order_type) =
            futures_util::future::try_join3(global, enterprise, order_type).await?;
        Ok(EffectivePermissions::of(&global, &enterprise, &order_type))
    }
}

opaque_debug!(ListPermissions, ChangePermissions, ReadEffectivePermissions);
