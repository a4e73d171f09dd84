//! The requests of a client login: shielding customers by a credential.

use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::{
    ChannelCode, Credential, EnterpriseCode, OrderTypeCode, Unconfirmed,
    client::Inner,
    model,
    place::{Argument, argument, checked},
};
use crate::{
    Error, Result,
    generated::{
        self,
        connect::{op, types},
    },
    response::Response,
    transport::{CallOptions, call_options, opaque_debug},
};

/// A shield that still needs its channel: see [`Client::shield`](super::Client::shield).
#[must_use = "a shield does nothing until its request is sent"]
#[derive(Clone)]
pub struct Shield {
    inner: Arc<Inner>,
    credential: Credential,
}

impl Shield {
    pub(super) fn new(inner: Arc<Inner>, credential: Credential) -> Self {
        Self { inner, credential }
    }

    /// Names the channel on which the customers are shielded, for example `DM`.
    pub fn channel<C>(self, channel: C) -> ShieldChannel
    where
        C: TryInto<ChannelCode>,
        C::Error: Into<Error>,
    {
        ShieldChannel { shield: self, channel: argument(channel) }
    }
}

/// A shield that still needs its level.
#[must_use = "a shield does nothing until its request is sent"]
#[derive(Clone)]
pub struct ShieldChannel {
    shield: Shield,
    channel: Argument<ChannelCode>,
}

impl ShieldChannel {
    /// Shields for one order type of an enterprise: *Shield customer(s) on order type level by
    /// credential*.
    ///
    /// Assumption: `POST /v1/client/pbm/shield/ordertype`; neither method nor path is confirmed.
    pub fn order_type<E, O>(self, enterprise: E, order_type: O) -> ShieldOrderType
    where
        E: TryInto<EnterpriseCode>,
        E::Error: Into<Error>,
        O: TryInto<OrderTypeCode>,
        O::Error: Into<Error>,
    {
        ShieldOrderType {
            base: self,
            enterprise: argument(enterprise),
            order_type: argument(order_type),
            options: CallOptions::default(),
        }
    }

    /// Shields for a whole enterprise: *Shield customer(s) on enterprise level by credential*.
    ///
    /// Assumption: `POST /v1/client/pbm/shield/enterprise`; neither method nor path is confirmed.
    pub fn enterprise<E>(self, enterprise: E) -> ShieldEnterprise
    where
        E: TryInto<EnterpriseCode>,
        E::Error: Into<Error>,
    {
        ShieldEnterprise { base: self, enterprise: argument(enterprise), options: CallOptions::default() }
    }
}

/// The verbs of both shields.
macro_rules! shield_methods {
    ($operation:ty, $unconfirmed:expr) => {
        call_options!();

        /// Sends the request.
        ///
        /// Dropping the future leaves open whether the customers were shielded; it sets a state,
        /// so sending it again is harmless.
        ///
        /// # Errors
        ///
        /// See [`Client::shield`](super::Client::shield).
        pub async fn send(self) -> Result<Response<model::ShieldResult>> {
            let inner = &self.base.shield.inner;
            let options = inner.shapes.apply($unconfirmed, &self.options);
            inner.transport.send::<$operation>(&|| self.make(), &options).await
        }

        /// Sends the request and reads the answer as a type of yours. Dropping the future means
        /// the same as for [`send`](Self::send).
        ///
        /// # Errors
        ///
        /// See [`Client::shield`](super::Client::shield).
        pub async fn send_as<T: DeserializeOwned>(self) -> Result<Response<T>> {
            let inner = &self.base.shield.inner;
            let options = inner.shapes.apply($unconfirmed, &self.options);
            inner.transport.send_as::<$operation, T>(&|| self.make(), &options).await
        }
    };
}

/// The request of [`ShieldChannel::order_type`].
#[must_use = "a request does nothing until `send()` is awaited"]
#[derive(Clone)]
pub struct ShieldOrderType {
    base: ShieldChannel,
    enterprise: Argument<EnterpriseCode>,
    order_type: Argument<OrderTypeCode>,
    options: CallOptions,
}

impl ShieldOrderType {
    shield_methods!(op::ShieldOrderType, Unconfirmed::ShieldOrderType);

    fn make(&self) -> Result<reqwest::Request> {
        let body = types::ShieldOrderTypeRequest {
            channel: checked(&self.base.channel)?.as_str().to_owned(),
            credential: self.base.shield.credential.checked()?.to_owned(),
            enterprise_code: checked(&self.enterprise)?.as_str().to_owned(),
            order_type_code: checked(&self.order_type)?.as_str().to_owned(),
        };
        let Inner { requests, shapes, transport, .. } = &*self.base.shield.inner;
        let mut request = generated::request(requests.shield_order_type_by_credential(&body))?;
        shapes.rewrite(Unconfirmed::ShieldOrderType, transport.base(), &[], &mut request)?;
        Ok(request)
    }
}

/// The request of [`ShieldChannel::enterprise`].
#[must_use = "a request does nothing until `send()` is awaited"]
#[derive(Clone)]
pub struct ShieldEnterprise {
    base: ShieldChannel,
    enterprise: Argument<EnterpriseCode>,
    options: CallOptions,
}

impl ShieldEnterprise {
    shield_methods!(op::ShieldEnterprise, Unconfirmed::ShieldEnterprise);

    fn make(&self) -> Result<reqwest::Request> {
        let body = types::ShieldEnterpriseRequest {
            channel: checked(&self.base.channel)?.as_str().to_owned(),
            credential: self.base.shield.credential.checked()?.to_owned(),
            enterprise_code: checked(&self.enterprise)?.as_str().to_owned(),
        };
        let Inner { requests, shapes, transport, .. } = &*self.base.shield.inner;
        let mut request = generated::request(requests.shield_enterprise_by_credential(&body))?;
        shapes.rewrite(Unconfirmed::ShieldEnterprise, transport.base(), &[], &mut request)?;
        Ok(request)
    }
}

impl model::ShieldResult {
    /// Whether no customer has the credential: then nobody is shielded, and the other credential
    /// of the person, phone or e-mail, may be worth a try.
    ///
    /// Assumption: `count` is the number of customers found, those who were shielded before
    /// included; the vendor does not describe it.
    #[must_use]
    pub fn found_nobody(&self) -> bool {
        self.count == Some(0)
    }
}

opaque_debug!(Shield, ShieldChannel, ShieldOrderType, ShieldEnterprise);
