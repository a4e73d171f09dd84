//! The listing of an API with cursors.

use std::sync::Arc;

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::{ExternalNetwork, client::Inner, ids::check_text, model};
use crate::{
    Cursor, Error, Result,
    generated::{self, symphony::op},
    page::{CursorSource, Fetched, Fingerprint, Listed, PageModel, Pager, Position, cursor, in_order},
    response::Response,
    time::BoxFuture,
    transport::{CallOptions, call_options, opaque_debug, segment},
};

/// The request of [`Client::list_entitled_advisors`](super::Client::list_entitled_advisors):
/// [`stream`](Self::stream) goes over all pages, [`send`](Self::send) fetches one.
///
/// ```no_run
/// # use entitlements::symphony::{Client, ExternalNetwork};
/// # async fn run(client: Client) -> entitlements::Result<()> {
/// let mut advisors = client
///     .list_entitled_advisors(ExternalNetwork::WhatsApp)
///     .list_permissions(true)
///     .stream()
///     .prefetch(1);
/// while let Some(advisor) = advisors.try_next().await? {
///     println!("{:?}: {} permissions", advisor.status, advisor.permissions.len());
/// }
/// # Ok(()) }
/// ```
#[must_use = "a request does nothing until `send()` is awaited or its `stream()` is read"]
#[derive(Clone)]
pub struct ListEntitledAdvisors {
    inner: Arc<Inner>,
    network: ExternalNetwork,
    list_permissions: Option<bool>,
    after: Option<String>,
    before: Option<String>,
    resume: Option<Cursor>,
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
            resume: None,
            options: CallOptions::default(),
        }
    }

    /// Asks for each advisor's permissions. Default: without.
    pub fn list_permissions(mut self, list: bool) -> Self {
        self.list_permissions = Some(list);
        self
    }

    /// Starts after this cursor: `pagination.cursors.after` of an earlier page, as it is. Default: at the beginning.
    ///
    /// It is the vendor's cursor, for paging by hand. A [`stream`](Self::stream) follows it by itself;
    /// to take one up again, there is [`resume`](Self::resume).
    ///
    /// Together with [`before`](Self::before) it is refused with
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) before anything is sent.
    pub fn after(mut self, cursor: impl Into<String>) -> Self {
        self.after = Some(cursor.into());
        self
    }

    /// Starts before this cursor, and goes backwards: `pagination.cursors.before` of an earlier page, as it is.
    ///
    /// ```no_run
    /// # use entitlements::symphony::{Client, ExternalNetwork};
    /// # async fn run(client: Client, page_before: String) -> entitlements::Result<()> {
    /// let listing = client.list_entitled_advisors(ExternalNetwork::WhatsApp);
    /// let mut pages = listing.before(page_before).stream().pages();
    /// while let Some(page) = pages.try_next().await? {
    ///     println!("{} advisors", page.items.len());
    /// }
    /// # Ok(()) }
    /// ```
    pub fn before(mut self, cursor: impl Into<String>) -> Self {
        self.before = Some(cursor.into());
        self
    }

    /// Goes on where an earlier [`stream`](Self::stream) of the same request stood: with the item
    /// behind its [`cursor`](Pager::cursor), in its direction, whatever [`after`](Self::after) or
    /// [`before`](Self::before) say. [`send`](Self::send), which fetches one page, refuses it.
    ///
    /// The same request is one with the same base URL, network and
    /// [`list_permissions`](Self::list_permissions); options may differ. A cursor of another one is the first error of
    /// the stream. [`Cursor`] has an example.
    pub fn resume(mut self, cursor: Cursor) -> Self {
        self.resume = Some(cursor);
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
    /// Parameters and options stay on every page; a deadline counts for each page by itself. Nothing is sent before
    /// the first advisor is asked for. [`Pager`] says what can be done with the stream, and what becomes of it after
    /// an error; the errors are those of the method of the client.
    ///
    /// Backwards, the pages come in reverse, and the advisors of each page as the server sends
    /// them; an earlier page's `before`, or the [`cursor`](Pager::cursor) of a listing backwards, says from where,
    /// because the API has no name for its last page. The order of advisors and the size of a page are not documented,
    /// and the API does not tell how many there are. It has no correlation id either.
    ///
    /// Sources: the vendor's specification for `next`, `previous` and `cursors`; that a `next` that is null ends the
    /// listing is an assumption, seen in public client code.
    pub fn stream(mut self) -> Pager<model::AdvisorEntitlement> {
        let start = match (&self.after, &self.before) {
            (None, None) => Position::Start,
            (Some(cursor), _) => Position::After(cursor.clone()),
            (None, Some(cursor)) => Position::Before(cursor.clone()),
        };
        let resume = self.resume.take();
        if resume.is_some() {
            // The cursor says where; beside its page, these would be a second place.
            (self.after, self.before) = (None, None);
        }
        let fingerprint = self.fingerprint();
        let fetch = move |position| -> BoxFuture<'static, _> {
            let request = self.clone();
            Box::pin(async move { request.page(position).await })
        };
        Pager::new(CursorSource::<op::ListEntitledAdvisors, _>::new(fingerprint, fetch), start, resume)
    }

    fn fingerprint(&self) -> Fingerprint {
        let permissions = if self.list_permissions == Some(true) { "permissions" } else { "" };
        Fingerprint::of([self.inner.transport.base(), self.network.as_str(), permissions])
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
        let items = in_order(page.entitlements, errors);
        Ok(Fetched { count: items.len() as u64, items, total: None, next })
    }

    fn make(&self) -> Result<reqwest::Request> {
        if self.resume.is_some() {
            return Err(Error::invalid_input("resume", "is for a stream, and this fetches one page"));
        }
        check_text("network", self.network.as_str())?;
        segment("network", self.network.as_str())?;
        if self.after.is_some() && self.before.is_some() {
            return Err(Error::invalid_input("after", "must not be combined with `before`"));
        }
        let (after, before) = (self.after.as_deref(), self.before.as_deref());
        for (argument, cursor) in [("after", after), ("before", before)] {
            if cursor.is_some_and(str::is_empty) {
                return Err(Error::invalid_input(
                    argument,
                    "must not be empty; leave it out for the first page",
                ));
            }
        }
        let requests = &self.inner.requests;
        generated::request(requests.list_entitled_advisors(
            &self.network,
            after,
            before,
            self.list_permissions,
        ))
    }
}

impl Listed for model::AdvisorEntitlement {
    fn id(&self) -> Option<&str> {
        self.symphony_id.as_deref().filter(|id| !id.is_empty())
    }
}

impl PageModel for model::EntitledAdvisors {
    type Item = model::AdvisorEntitlement;
    const LIST: &'static str = "entitlements";
    const BESIDE: &'static str = "pagination";
    // None of its properties is required, and some servers leave out what is empty.
    const MAY_BE_BARE: bool = true;

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

opaque_debug!(ListEntitledAdvisors);

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
}
