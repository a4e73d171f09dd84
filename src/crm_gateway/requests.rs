//! The request of the one operation, and what it can be narrowed by.

use std::sync::Arc;

use http::{HeaderValue, header};
use serde::de::DeserializeOwned;

use super::{
    FieldsEncoding, Filter, Sort,
    client::Inner,
    listing::{total, unexpected},
    model,
};
use crate::{
    Cursor, Error, Result,
    generated::{self, crm_gateway::op},
    response::Response,
    transport::{CallOptions, Operation, call_options, identifying_header, opaque_debug},
};

/// Pages are fetched in this size unless the caller says otherwise. No limit is documented.
const DEFAULT_PAGE_SIZE: u64 = 100;

/// The request of [`Client::list_entitlements`](super::Client::list_entitlements):
/// [`stream`](Self::stream) goes over all pages, [`send`](Self::send) fetches one, [`count`](Self::count) none.
///
/// | setting | `stream` | `send` | `count` |
/// | --- | --- | --- | --- |
/// | `filter`, `third_party`, `tenant`, `not_found_is_empty`, `with_…` | yes | yes | yes |
/// | `sort`, `fields…` | yes | yes | sent, changes nothing |
/// | `page_size`, `concurrency`, `keep_sort_as_given` | yes | no use | no use |
/// | `resume` | yes | refused | refused |
/// | `limit`, `page` | refused | yes | no use |
#[must_use = "a request does nothing until `send()` is awaited or its `stream()` is read"]
#[derive(Clone)]
pub struct ListEntitlements {
    pub(super) inner: Arc<Inner>,
    pub(super) filter: Option<Filter>,
    pub(super) sort: Option<Sort>,
    pub(super) fields: Vec<String>,
    pub(super) fields_encoding: FieldsEncoding,
    pub(super) limit: Option<u64>,
    pub(super) page: Option<u64>,
    pub(super) page_size: u64,
    pub(super) concurrency: usize,
    pub(super) resume: Option<Cursor>,
    pub(super) adds_order: bool,
    not_found_is_empty: bool,
    pub(super) tenant: Option<String>,
    pub(super) options: CallOptions,
}

impl ListEntitlements {
    pub(super) fn new(inner: Arc<Inner>) -> Self {
        Self {
            inner,
            filter: None,
            sort: None,
            fields: Vec::new(),
            fields_encoding: FieldsEncoding::default(),
            limit: None,
            page: None,
            page_size: DEFAULT_PAGE_SIZE,
            concurrency: 1,
            resume: None,
            adds_order: true,
            not_found_is_empty: false,
            tenant: None,
            options: CallOptions::default(),
        }
    }

    /// Lists only what the filter lets through. Default: all entitlements of the tenant.
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// Lists only entitlements for products of third parties; joins a filter that was set before.
    pub fn third_party(mut self) -> Self {
        self.filter = Some(match self.filter.take() {
            Some(filter) => filter.and("productType", super::ProductType::ThirdParty),
            None => Filter::third_party(),
        });
        self
    }

    /// Sets the order. Default: none for [`send`](Self::send), by `_id` for
    /// [`stream`](Self::stream).
    pub fn sort(mut self, sort: Sort) -> Self {
        self.sort = Some(sort);
        self
    }

    /// Asks for these fields only, by their names on the wire, for example `status`. Default: all.
    ///
    /// For a [`stream`](Self::stream), name `_id` among them: without it neither an entitlement that comes again nor, in
    /// a list that has changed, the place of a [cursor](Self::resume) can be recognised.
    pub fn fields<F: Into<String>>(mut self, names: impl IntoIterator<Item = F>) -> Self {
        self.fields = names.into_iter().map(Into::into).collect();
        self
    }

    /// Sets how the names of `fields` are written. Default: [`FieldsEncoding::Repeated`].
    pub fn fields_encoding(mut self, encoding: FieldsEncoding) -> Self {
        self.fields_encoding = encoding;
        self
    }

    /// Sends this text as the one value of `fields`, for a form that has no name here.
    pub fn fields_raw(mut self, text: impl Into<String>) -> Self {
        self.fields = vec![text.into()];
        self.fields_encoding = FieldsEncoding::Repeated;
        self
    }

    /// Sets how many entitlements [`send`](Self::send) asks for. 0 asks for the count alone.
    /// Default: not sent, which is assumed to mean all. A [`stream`](Self::stream) has
    /// [`page_size`](Self::page_size) instead and refuses it.
    pub fn limit(mut self, limit: u64) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Sets which page [`send`](Self::send) asks for, counted from 1. It needs
    /// [`limit`](Self::limit); without it the request is refused before it is sent. A
    /// [`stream`](Self::stream), which goes over all pages, refuses it.
    pub fn page(mut self, page: u64) -> Self {
        self.page = Some(page);
        self
    }

    /// Sets how many entitlements each page of [`stream`](Self::stream) has, at least 1.
    /// Default: 100.
    ///
    /// Larger pages take fewer requests and more memory; a page is in memory as a whole, and has to fit into the
    /// client's `max_body`. No largest size is documented; a server may give smaller pages.
    pub fn page_size(mut self, size: u64) -> Self {
        self.page_size = size;
        self
    }

    /// Sets how many pages of a [`stream`](Self::stream) are fetched side by side, at least 1.
    /// Default: 1.
    ///
    /// For a listing that takes too long page after page. They are delivered in order. So many pages are in memory at
    /// once, those of [`prefetch`](crate::Pager::prefetch) beside them, and up to so many
    /// requests are sent beyond the end, because only an answer tells where it is. The client's
    /// `max_concurrency` and rate limit hold for them too; more than that, or than 1,000, are not under way.
    pub fn concurrency(mut self, pages: usize) -> Self {
        self.concurrency = pages;
        self
    }

    /// Goes on where an earlier [`stream`](Self::stream) of the same request stood: with the item
    /// behind its [`cursor`](crate::Pager::cursor), in pages of the size that it had.
    /// [`send`](Self::send) and [`count`](Self::count) refuse it.
    ///
    /// The same request is one with the same base URL, tenant, filter, sort and names of fields, each as it is sent; page size,
    /// concurrency and options may differ. A cursor of another one is the first error of the stream.
    ///
    /// ```no_run
    /// # use entitlements::{Cursor, crm_gateway::Client};
    /// # async fn run(client: Client, kept: &str) -> Result<(), Box<dyn std::error::Error>> {
    /// let cursor: Cursor = serde_json::from_str(kept)?;
    /// let mut rest = client.list_entitlements().resume(cursor).stream();
    /// while let Some(entitlement) = rest.try_next().await? {
    ///     println!("{:?}", entitlement.product_id);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn resume(mut self, cursor: Cursor) -> Self {
        self.resume = Some(cursor);
        self
    }

    /// Sends the order of a [`stream`](Self::stream) as it is given, without `_id` as the last
    /// key, for a server that takes another form of `sort` than the assumed one, or none. Pages can
    /// then overlap or leave gaps, unless the order is total; for one that is, there is
    /// [`Sort::declared_total`].
    pub fn keep_sort_as_given(mut self) -> Self {
        self.adds_order = false;
        self
    }

    /// Takes a 404 for an empty listing. Default: it is an error, because a wrong tenant is a 404 as well.
    ///
    /// The vendor's pages contradict each other about what an empty listing is.
    pub fn not_found_is_empty(mut self) -> Self {
        self.not_found_is_empty = true;
        self
    }

    /// Sets the tenant of this call (`nv-tenant-id`). Default: the client's, or none.
    pub fn tenant(mut self, id: impl Into<String>) -> Self {
        self.tenant = Some(id.into());
        self
    }

    /// Sets the `x-correlation-id` of this call. Default: a fresh UUID per call; all pages of a
    /// [`stream`](Self::stream) share one.
    pub fn with_correlation_id(mut self, id: impl Into<String>) -> Self {
        self.options.correlation_id = Some(id.into());
        self
    }

    call_options!();

    /// Fetches one page, with only the parameters that were set.
    ///
    /// Entitlements that cannot be decoded are left out of the page and reported by
    /// [`Response::item_errors`]. Dropping the future loses nothing.
    ///
    /// # Errors
    ///
    /// See the method of the client; [`ErrorKind::UnexpectedAnswer`](crate::ErrorKind) if the
    /// answer is not the documented page. [`send_as`](Self::send_as) reads another shape.
    pub async fn send(self) -> Result<Response<model::EntitlementPage>> {
        let transport = &self.inner.transport;
        let options = self.options()?;
        let answer = transport.send_page::<op::ListEntitlements>(&|| self.make(), &options).await;
        match answer {
            Err(error) if self.not_found_is_empty && error.is_not_found() => {
                Ok(Response::standing_for(&error, model::EntitlementPage::default()))
            }
            answer => answer,
        }
    }

    /// Fetches one page and reads it as a type of yours. Dropping the future means the
    /// same as for [`send`](Self::send).
    ///
    /// # Errors
    ///
    /// See the method of the client.
    pub async fn send_as<T: DeserializeOwned>(self) -> Result<Response<T>> {
        let options = self.options()?;
        self.inner.transport.send_as::<op::ListEntitlements, T>(&|| self.make(), &options).await
    }

    /// Counts the entitlements that the filter lets through, without fetching them. Dropping the
    /// future loses nothing.
    ///
    /// Source: the operator's page on the upstream service, where `limit=0` returns the count.
    ///
    /// # Errors
    ///
    /// See the method of the client; [`ErrorKind::UnexpectedAnswer`](crate::ErrorKind) if the
    /// answer has no count.
    pub async fn count(mut self) -> Result<u64> {
        (self.limit, self.page) = (Some(0), None);
        let page = self.send().await?;
        if page.status() == http::StatusCode::NOT_FOUND {
            return Ok(0);
        }
        total(&page).ok_or_else(|| unexpected(&page, "the answer to `limit=0` has no `totalRecords`"))
    }

    fn options(&self) -> Result<CallOptions> {
        let mut options = self.options.clone();
        if let Some(tenant) = &self.tenant {
            let value = identifying_header("tenant", tenant)
                .map_err(|error| error.with_operation(op::ListEntitlements::INFO.name))?;
            options.headers.push((super::client::TENANT, value));
        }
        Ok(options)
    }

    fn make(&self) -> Result<reqwest::Request> {
        if self.resume.is_some() {
            return Err(Error::invalid_input("resume", "is for a stream, and this fetches one page"));
        }
        if self.page.is_some() && self.limit.is_none() {
            return Err(Error::invalid_input("page", "needs `limit` beside it"));
        }
        if self.page == Some(0) {
            return Err(Error::invalid_input("page", "counts from 1"));
        }
        let number = |argument, value: Option<u64>| -> Result<Option<i64>> {
            let too_large = |_| Error::invalid_input(argument, "is larger than any server can count");
            value.map(i64::try_from).transpose().map_err(too_large)
        };
        let (limit, page) = (number("limit", self.limit)?, number("page", self.page)?);
        let fields = self.fields_encoding.write(&self.fields)?;
        let fields = (!fields.is_empty()).then_some(&fields);
        let filter = self.filter.as_ref().map(Filter::checked).transpose()?;
        let sort = self.sort.as_ref().map(Sort::checked).transpose()?;
        let requests = &self.inner.requests;
        let made = requests.get_entitlements(fields, filter.as_deref(), limit, page, sort.as_deref());
        let mut request = generated::request(made)?;
        // The vendor's page lists the header although a GET has no body.
        let json = HeaderValue::from_static("application/json");
        request.headers_mut().insert(header::CONTENT_TYPE, json);
        Ok(request)
    }
}

opaque_debug!(ListEntitlements);
