//! The request of the one operation, and what it can be narrowed by.

use std::{collections::HashMap, sync::Arc};

use http::{HeaderValue, header};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::{FieldsEncoding, Filter, Sort, client::Inner, model};
use crate::{
    Error, ErrorKind, Result,
    generated::{self, crm_gateway::op},
    page::{Fetched, NumberSource, Numbered, PageModel, Pager, Position, in_order},
    response::Response,
    time::BoxFuture,
    transport::{CallOptions, Operation, call_options, identifying_header, opaque_debug},
    unique_id::unique_id,
};

/// Pages are fetched in this size unless the caller says otherwise. No limit is documented.
const DEFAULT_PAGE_SIZE: u64 = 100;

/// The request of [`Client::list_entitlements`](super::Client::list_entitlements).
#[must_use = "a request does nothing until `send()` is awaited"]
#[derive(Clone)]
pub struct ListEntitlements {
    inner: Arc<Inner>,
    filter: Option<Filter>,
    sort: Option<Sort>,
    fields: Vec<String>,
    fields_encoding: FieldsEncoding,
    limit: Option<u64>,
    page: Option<u64>,
    page_size: u64,
    adds_order: bool,
    not_found_is_empty: bool,
    tenant: Option<String>,
    options: CallOptions,
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

    /// Asks for these fields only, by their names on the wire, for example `status`.
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
    pub fn page_size(mut self, size: u64) -> Self {
        self.page_size = size;
        self
    }

    /// Sends the order of a [`stream`](Self::stream) as it is given, without `_id` as the last
    /// key. Pages can then overlap or leave gaps, unless the order given is total.
    pub fn keep_sort_as_given(mut self) -> Self {
        self.adds_order = false;
        self
    }

    /// Takes a 404 for an empty listing. Off by default, because a wrong tenant is a 404 as well.
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
            Ok(answer) if !is_page(&answer) => {
                let message = "the answer is not the documented page; `send_as` reads another shape";
                Err(unexpected(&answer, message))
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

    /// Goes over all pages, entitlement by entitlement, in pages of
    /// [`page_size`](Self::page_size).
    ///
    /// Every page carries the same filter, sort, fields and correlation id. An entitlement that
    /// shows up again on the next page, because another one was inserted meanwhile, is delivered
    /// once. What a server says about the total is used, and not trusted.
    pub fn stream(mut self) -> Pager<model::Entitlement> {
        if self.adds_order {
            self.sort = Some(self.sort.take().map_or_else(|| Sort::asc("_id"), Sort::made_total));
        }
        self.options.correlation_id.get_or_insert_with(unique_id);
        let start = Position::Number { page: 1, limit: self.page_size };
        let fetch = move |page, limit| -> BoxFuture<'static, _> {
            let request = self.clone();
            Box::pin(async move { request.page_of_stream(page, limit).await })
        };
        Pager::new(NumberSource::<op::ListEntitlements, _>::new(fetch), start)
    }

    async fn page_of_stream(mut self, page: u64, limit: u64) -> Result<Fetched<model::Entitlement>> {
        let refuse = |argument, rule| {
            Err(Error::invalid_input(argument, rule).with_operation(op::ListEntitlements::INFO.name))
        };
        // Both are for one page. To ignore them would fetch far more than the caller means.
        for (argument, is_set) in [("limit", self.limit.is_some()), ("page", self.page.is_some())] {
            if is_set {
                return refuse(argument, "is not for a stream, which goes over all pages; use `page_size`");
            }
        }
        if limit == 0 {
            return refuse("page_size", "must be at least 1");
        }
        (self.page, self.limit) = (Some(page), Some(limit));
        let (page, errors) = self.send().await?.into_parts();
        let total = total(&page);
        Ok(Fetched { items: in_order(page.resource_set, errors), total, next: None })
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

fn total(page: &model::EntitlementPage) -> Option<u64> {
    page.total_records.and_then(|total| u64::try_from(total).ok())
}

/// Whether the answer is a page, be it an empty one. An object with neither of a page's keys would
/// otherwise pass for an empty listing.
fn is_page(answer: &Response<model::EntitlementPage>) -> bool {
    let tells_something = answer.total_records.is_some()
        || !answer.resource_set.is_empty()
        || !answer.item_errors().is_empty()
        || answer.status() == http::StatusCode::NO_CONTENT;
    // Only an answer that tells nothing is read again, for its keys alone.
    tells_something
        || serde_json::from_slice::<HashMap<String, &RawValue>>(answer.body())
            .is_ok_and(|keys| ["totalRecords", "resourceSet"].iter().any(|key| keys.contains_key(*key)))
}

fn unexpected(answer: &Response<model::EntitlementPage>, message: &'static str) -> Error {
    Error::new(ErrorKind::UnexpectedAnswer, message)
        .with_operation(op::ListEntitlements::INFO.name)
        .with_raw(answer.raw().clone())
}

impl PageModel for model::EntitlementPage {
    type Item = model::Entitlement;
    const LIST: &'static str = "resourceSet";

    fn items_mut(&mut self) -> &mut Vec<Self::Item> {
        &mut self.resource_set
    }
}

impl Numbered for model::Entitlement {
    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    fn is_blank(&self) -> bool {
        self.id.is_none() && self.product_id.is_none() && self.account_id.is_none() && self.status.is_none()
    }
}

opaque_debug!(ListEntitlements);
