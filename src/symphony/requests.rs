//! One request type per operation: set what you need, then `send()`.

use std::sync::Arc;

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::{Advisor, ExternalNetwork, client::Inner, ids::check_text, model};
use crate::{
    Error, ErrorKind, Result,
    generated::{
        self,
        symphony::{op, types},
    },
    page::{CursorSource, Fetched, PageModel, Pager, Position, cursor, in_order},
    response::{Raw, Response},
    time::BoxFuture,
    transport::{
        CallOptions, Operation, call_options, decode_as, opaque_debug, segment, send_methods, undecodable,
    },
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

/// The request of [`Client::list_entitled_advisors`](super::Client::list_entitled_advisors).
#[must_use = "a request does nothing until `send()` is awaited"]
#[derive(Clone)]
pub struct ListEntitledAdvisors {
    inner: Arc<Inner>,
    network: ExternalNetwork,
    list_permissions: Option<bool>,
    after: Option<String>,
    before: Option<String>,
    options: CallOptions,
}

impl ListEntitledAdvisors {
    pub(super) fn new(inner: Arc<Inner>, network: ExternalNetwork) -> Self {
        Self {
            inner,
            network,
            list_permissions: None,
            after: None,
            before: None,
            options: CallOptions::default(),
        }
    }

    /// Asks for each advisor's permissions. Default: without.
    pub fn list_permissions(mut self, list: bool) -> Self {
        self.list_permissions = Some(list);
        self
    }

    /// Starts after this cursor: the `after` of an earlier page.
    pub fn after(mut self, cursor: impl Into<String>) -> Self {
        self.after = Some(cursor.into());
        self
    }

    /// Starts before this cursor, and goes backwards: the `before` of an earlier page.
    pub fn before(mut self, cursor: impl Into<String>) -> Self {
        self.before = Some(cursor.into());
        self
    }

    call_options!();

    /// Fetches one page, with only the parameters that were set.
    ///
    /// Advisors that cannot be decoded are left out of the page and reported by
    /// [`Response::item_errors`]. Dropping the future loses nothing.
    ///
    /// # Errors
    ///
    /// See the method of the client.
    pub async fn send(self) -> Result<Response<model::EntitledAdvisors>> {
        let transport = &self.inner.transport;
        transport.send_page::<op::ListEntitledAdvisors>(&|| self.make(), &self.options).await
    }

    /// Fetches one page and reads it as a type of yours. Dropping the future means the
    /// same as for [`send`](Self::send).
    ///
    /// # Errors
    ///
    /// See the method of the client.
    pub async fn send_as<T: DeserializeOwned>(self) -> Result<Response<T>> {
        let transport = &self.inner.transport;
        transport.send_as::<op::ListEntitledAdvisors, T>(&|| self.make(), &self.options).await
    }

    /// Goes over all pages, advisor by advisor, forwards from the start or from
    /// [`after`](Self::after), backwards from [`before`](Self::before).
    ///
    /// Parameters and options stay on every page; a deadline counts for each page by itself.
    pub fn stream(self) -> Pager<model::AdvisorEntitlement> {
        let start = match (&self.after, &self.before) {
            (None, None) => Position::Start,
            (Some(cursor), _) => Position::After(cursor.clone()),
            (None, Some(cursor)) => Position::Before(cursor.clone()),
        };
        let fetch = move |position| -> BoxFuture<'static, _> {
            let request = self.clone();
            Box::pin(async move { request.page(position).await })
        };
        Pager::new(CursorSource::<op::ListEntitledAdvisors, _>::new(fetch), start)
    }

    async fn page(mut self, position: Position) -> Result<Fetched<model::AdvisorEntitlement>> {
        let backwards = matches!(position, Position::Before(_));
        match position {
            Position::After(cursor) => self.after = Some(cursor),
            Position::Before(cursor) => self.before = Some(cursor),
            _ => {}
        }
        let response = self.send().await?;
        let next = if backwards { previous(&response) } else { next(&response) };
        let (page, errors) = response.into_parts();
        Ok(Fetched { items: in_order(page.entitlements, errors), total: None, next })
    }

    fn make(&self) -> Result<reqwest::Request> {
        check_text("network", self.network.as_str())?;
        segment("network", self.network.as_str())?;
        if self.after.is_some() && self.before.is_some() {
            return Err(Error::invalid_input("after", "must not be combined with `before`"));
        }
        let (after, before) = (self.after.as_deref(), self.before.as_deref());
        let requests = &self.inner.requests;
        generated::request(requests.list_entitled_advisors(
            &self.network,
            after,
            before,
            self.list_permissions,
        ))
    }
}

impl PageModel for model::EntitledAdvisors {
    type Item = model::AdvisorEntitlement;
    const LIST: &'static str = "entitlements";

    fn items_mut(&mut self) -> &mut Vec<Self::Item> {
        &mut self.entitlements
    }
}

pub(super) fn next(page: &Response<model::EntitledAdvisors>) -> Option<Position> {
    let pagination = page.pagination.as_ref()?;
    let bare = pagination.cursors.as_ref().and_then(|cursors| cursors.after.as_deref());
    cursor(pagination.next.as_deref(), bare, "after", || is_null(page.body(), |links| &links.next))
        .map(Position::After)
}

pub(super) fn previous(page: &Response<model::EntitledAdvisors>) -> Option<Position> {
    let pagination = page.pagination.as_ref()?;
    let bare = pagination.cursors.as_ref().and_then(|cursors| cursors.before.as_deref());
    let is_null = || is_null(page.body(), |links| &links.previous);
    cursor(pagination.previous.as_deref(), bare, "before", is_null).map(Position::Before)
}

/// Whether a link is there and null, which the model does not tell from its absence.
fn is_null(body: &[u8], link: fn(&Links) -> &Value) -> bool {
    // `Value` reads null as null, and the default of the container reads absence as a text.
    let body: Option<Body> = serde_json::from_slice(body).ok();
    body.is_some_and(|body| link(&body.pagination).is_null())
}

#[derive(Deserialize)]
struct Body {
    pagination: Links,
}

#[derive(Deserialize)]
#[serde(default)]
struct Links {
    next: Value,
    previous: Value,
}

impl Default for Links {
    fn default() -> Self {
        Self { next: Value::String(String::new()), previous: Value::String(String::new()) }
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

opaque_debug!(
    ListEntitlements,
    AddEntitlement,
    ListEntitledAdvisors,
    GetAdvisorEntitlement,
    RemoveEntitlement
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_and_null_links_are_told_apart() {
        let null = |body: &str| is_null(body.as_bytes(), |links| &links.next);
        assert!(null(r#"{"entitlements":[],"pagination":{"next":null,"cursors":{"after":"x"}}}"#));
        assert!(!null(r#"{"pagination":{"cursors":{"after":"x"}}}"#));
        assert!(!null(r#"{"pagination":{"next":"?after=x"}}"#));
    }

    #[test]
    fn an_answer_without_data_is_nothing() {
        for nothing in ["", " ", "null", "{}", " { } "] {
            assert!(is_nothing(nothing.as_bytes()), "{nothing}");
        }
        assert!(!is_nothing(br#"{"status":"ENTITLED"}"#));
        assert!(!is_nothing(b"<html>"));
    }
}
