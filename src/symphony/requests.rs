//! One request type per operation: set what you need, then `send()`.

use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::{Advisor, ExternalNetwork, client::Inner, ids::check_text, model};
use crate::{
    Error, ErrorKind, Result,
    generated::{
        self,
        symphony::{op, types},
    },
    response::{Raw, Response},
    transport::{CallOptions, Operation, call_options, decode_as, opaque_debug, send_methods, undecodable},
};

/// The request of [`Client::list_entitlements`](super::Client::list_entitlements).
#[must_use = "a request does nothing until `send()` is awaited"]
#[derive(Clone)]
pub struct ListEntitlements {
    inner: Arc<Inner>,
    options: CallOptions,
}

impl ListEntitlements {
    pub(super) fn new(inner: Arc<Inner>) -> Self {
        Self { inner, options: CallOptions::default() }
    }

    call_options!();
    send_methods!(op::ListEntitlements, model::AvailableNetworks);

    fn make(&self) -> Result<reqwest::Request> {
        generated::request(self.inner.requests.list_entitlements())
    }
}

/// The request of [`Client::add_entitlement`](super::Client::add_entitlement).
#[must_use = "a request does nothing until `send()` is awaited"]
#[derive(Clone)]
pub struct AddEntitlement {
    pub(super) inner: Arc<Inner>,
    pub(super) network: ExternalNetwork,
    pub(super) advisor: Advisor,
    phone_number: Option<String>,
    pub(super) permissions: Vec<String>,
    federation_group_id: Option<String>,
    pub(super) options: CallOptions,
}

impl AddEntitlement {
    pub(super) fn new(inner: Arc<Inner>, network: ExternalNetwork, advisor: Advisor) -> Self {
        Self {
            inner,
            network,
            advisor,
            phone_number: None,
            permissions: Vec::new(),
            federation_group_id: None,
            options: CallOptions::default(),
        }
    }

    /// Sets the advisor's own number: needed for SMS Direct with an in-network number, possible
    /// for SMS Direct with a second number and for WhatsApp Direct, refused by the other networks.
    pub fn phone_number(mut self, number: impl Into<String>) -> Self {
        self.phone_number = Some(number.into());
        self
    }

    /// Sets the permissions to ask for, for example `create:room`. Default: only those that
    /// Symphony grants by itself.
    pub fn permissions<P: Into<String>>(mut self, names: impl IntoIterator<Item = P>) -> Self {
        self.permissions = names.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the federation group of the advisor.
    pub fn federation_group_id(mut self, id: impl Into<String>) -> Self {
        self.federation_group_id = Some(id.into());
        self
    }

    call_options!();
    send_methods!(op::AddEntitlement, model::AddedEntitlement);

    fn make(&self) -> Result<reqwest::Request> {
        check_text("network", self.network.as_str())?;
        self.advisor.check()?;
        let optional =
            [("phone_number", &self.phone_number), ("federation_group_id", &self.federation_group_id)];
        for (argument, value) in optional {
            value.as_deref().map_or(Ok(()), |value| check_text(argument, value))?;
        }
        self.permissions.iter().try_for_each(|name| check_text("permissions", name))?;
        let body = types::EntitlementRequest {
            external_network: self.network.clone(),
            symphony_id: self.advisor.as_id().map(str::to_owned),
            advisor_email_address: self.advisor.as_email().map(str::to_owned),
            advisor_phone_number: self.phone_number.clone(),
            permissions: self.permissions.clone(),
            federation_group_id: self.federation_group_id.clone(),
        };
        generated::request(self.inner.requests.add_entitlement(&body))
    }
}

impl model::AddedEntitlement {
    /// The requested permissions that were not granted although the entitlement was added.
    ///
    /// Source: the shape of the answer in the vendor's specification, where each permission has a
    /// status and an error of its own; that an item with either stands for a failure is an
    /// assumption.
    pub fn failed_permissions(&self) -> impl Iterator<Item = &model::PermissionOutcome> {
        self.permissions.iter().filter(|outcome| outcome.is_failure())
    }
}

impl model::PermissionOutcome {
    pub(super) fn is_failure(&self) -> bool {
        self.error.is_some() || self.status.is_some_and(|status| status >= 400)
    }
}

/// The request of [`Client::get_advisor_entitlement`](super::Client::get_advisor_entitlement).
#[must_use = "a request does nothing until `send()` is awaited"]
#[derive(Clone)]
pub struct GetAdvisorEntitlement {
    inner: Arc<Inner>,
    network: ExternalNetwork,
    advisor: Advisor,
    pub(super) options: CallOptions,
}

impl GetAdvisorEntitlement {
    pub(super) fn new(inner: Arc<Inner>, network: ExternalNetwork, advisor: Advisor) -> Self {
        Self { inner, network, advisor, options: CallOptions::default() }
    }

    call_options!();

    /// Sends the request. Dropping the future loses nothing.
    ///
    /// # Errors
    ///
    /// See the method of the client.
    pub async fn send(self) -> Result<Response<model::AdvisorEntitlement>> {
        let transport = &self.inner.transport;
        let info = op::GetAdvisorEntitlement::INFO;
        let decode = |raw: Raw| {
            if is_nothing(&raw.body) {
                let message = "Symphony answered without data, which means that the advisor is not entitled";
                return Err(undecodable(Error::new(ErrorKind::NotFound, message), info.name, raw));
            }
            decode_as(info.name, raw)
        };
        transport.call(info, &|| self.make(), &self.options, decode).await
    }

    /// Sends the request and reads the answer as a type of yours. Dropping the future means
    /// the same as for [`send`](Self::send).
    ///
    /// # Errors
    ///
    /// See the method of the client.
    pub async fn send_as<T: DeserializeOwned>(self) -> Result<Response<T>> {
        let transport = &self.inner.transport;
        transport.send_as::<op::GetAdvisorEntitlement, T>(&|| self.make(), &self.options).await
    }

    fn make(&self) -> Result<reqwest::Request> {
        check_text("network", self.network.as_str())?;
        self.advisor.check()?;
        let (email, id) = (self.advisor.as_email(), self.advisor.as_id());
        generated::request(self.inner.requests.get_customer_entitlement(email, id, &self.network))
    }
}

/// The vendor's page says that the answer has data *if* an entitled advisor was found.
fn is_nothing(body: &[u8]) -> bool {
    let text = body.trim_ascii();
    // Looked at, not parsed: every read comes through here.
    let inside = text.strip_prefix(b"{").and_then(|rest| rest.strip_suffix(b"}"));
    text.is_empty() || text == b"null" || inside.is_some_and(|inside| inside.trim_ascii().is_empty())
}

/// The request of [`Client::remove_entitlement`](super::Client::remove_entitlement).
#[must_use = "a request does nothing until `send()` is awaited"]
#[derive(Clone)]
pub struct RemoveEntitlement {
    inner: Arc<Inner>,
    network: ExternalNetwork,
    advisor: Advisor,
    pub(super) options: CallOptions,
}

impl RemoveEntitlement {
    pub(super) fn new(inner: Arc<Inner>, network: ExternalNetwork, advisor: Advisor) -> Self {
        Self { inner, network, advisor, options: CallOptions::default() }
    }

    call_options!();
    send_methods!(op::RemoveEntitlement, ());

    fn make(&self) -> Result<reqwest::Request> {
        check_text("network", self.network.as_str())?;
        self.advisor.check()?;
        let (email, id) = (self.advisor.as_email(), self.advisor.as_id());
        generated::request(self.inner.requests.delete_customer_entitlement(email, id, &self.network))
    }
}

opaque_debug!(ListEntitlements, AddEntitlement, GetAdvisorEntitlement, RemoveEntitlement);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_without_data_is_nothing() {
        for nothing in ["", " ", "null", "{}", " { } "] {
            assert!(is_nothing(nothing.as_bytes()), "{nothing}");
        }
        assert!(!is_nothing(br#"{"status":"ENTITLED"}"#));
        assert!(!is_nothing(b"<html>"));
    }
}
