//! The listing over all pages.

use super::{ListEntitlements, Sort, client::TENANT, model};
use crate::{
    Error, ErrorKind, Result,
    generated::crm_gateway::op,
    page::{Fetched, Fingerprint, Listed, NumberSource, PageModel, Pager, Position, in_order, items_of},
    response::Response,
    time::BoxFuture,
    transport::Operation,
    unique_id::unique_id,
};

impl ListEntitlements {
    /// Goes over all pages, entitlement by entitlement, in pages of
    /// [`page_size`](Self::page_size).
    ///
    /// Every page carries the same filter, sort, fields and correlation id; a deadline counts for each page by itself.
    /// Nothing is sent before the first entitlement is asked for. [`Pager`] says what can be done with the stream, what
    /// becomes of it after an error, and what happens where the collection changes meanwhile.
    ///
    /// `_id` is the last key of the order, so that no entitlement can change its page without a reason;
    /// [`Sort::declared_total`] and [`keep_sort_as_given`](Self::keep_sort_as_given) leave it out.
    ///
    /// Pages count from 1. What the server says about the total is used, and not trusted: a page
    /// without items ends the listing, and a short one where there is no total. A server that gives
    /// smaller pages than asked for is read on in its size; what was under way in the other size is asked for again.
    /// An entitlement that is an empty object is left out.
    ///
    /// ```no_run
    /// # use entitlements::crm_gateway::{Client, Filter, Sort};
    /// # async fn run(client: Client) -> entitlements::Result<()> {
    /// let mut entitlements = client
    ///     .list_entitlements()
    ///     .filter(Filter::third_party())
    ///     .sort(Sort::desc("created"))
    ///     .page_size(200)
    ///     .concurrency(4)
    ///     .stream();
    /// while let Some(entitlement) = entitlements.try_next().await? {
    ///     println!("{:?}", entitlement.product_id);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// From the first item asked for: those of the method of the client, and
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput), before anything is sent, for [`limit`](Self::limit) or
    /// [`page`](Self::page), which are for one page, for a `page_size` or `concurrency` of 0, for a sort to which
    /// `_id` cannot be added, and for a [cursor](Self::resume) of another request.
    ///
    /// # Sources
    ///
    /// The operator's page for `page`, `limit` and `sort`. Assumptions: that `sort` is a JSON object, that
    /// a total order keeps pages apart, that a server may cap `limit`, and that `totalRecords` counts all that the
    /// filter lets through, as at the service behind the gateway.
    pub fn stream(mut self) -> Pager<model::Entitlement> {
        let mut order = Ok(());
        if self.adds_order {
            match self.sort.take().map_or_else(|| Ok(Sort::asc("_id")), Sort::made_total) {
                Ok(sort) => self.sort = Some(sort),
                Err(error) => order = Err(error.with_operation(op::ListEntitlements::INFO.name)),
            }
        }
        self.options.correlation_id.get_or_insert_with(unique_id);
        let resume = self.resume.take();
        let refused = order.and_then(|()| self.check_stream()).err();
        let start = Position::Number { page: 1, limit: self.page_size };
        // More could not be under way anyway.
        let concurrency = self.concurrency.min(self.inner.transport.max_concurrency());
        let fingerprint = self.fingerprint();
        let fetch = move |position| -> BoxFuture<'static, _> {
            let (request, refused) = (self.clone(), refused.as_ref().map(Error::share));
            Box::pin(async move {
                refused.map_or(Ok(()), Err)?;
                request.page_of_stream(position).await
            })
        };
        Pager::new(
            NumberSource::<op::ListEntitlements, _>::new(fingerprint, concurrency, fetch),
            start,
            resume,
        )
    }

    fn check_stream(&self) -> Result<()> {
        let refuse = |argument, rule| {
            Err(Error::invalid_input(argument, rule).with_operation(op::ListEntitlements::INFO.name))
        };
        // Both are for one page. To ignore them would fetch far more than the caller means.
        for (argument, is_set) in [("limit", self.limit.is_some()), ("page", self.page.is_some())] {
            if is_set {
                return refuse(argument, "is not for a stream, which goes over all pages; use `page_size`");
            }
        }
        for (argument, is_none) in
            [("page_size", self.page_size == 0), ("concurrency", self.concurrency == 0)]
        {
            if is_none {
                return refuse(argument, "must be at least 1");
            }
        }
        Ok(())
    }

    /// All that decides which entitlements come in which order, and what is in them. The size of
    /// the pages does not: a cursor has its own.
    fn fingerprint(&self) -> Fingerprint {
        let transport = &self.inner.transport;
        let tenant = self.tenant.as_deref().or_else(|| transport.default_header(&TENANT)).unwrap_or_default();
        let filter = self.filter.as_ref().map(ToString::to_string).unwrap_or_default();
        let sort = self.sort.as_ref().map(ToString::to_string).unwrap_or_default();
        let base = [transport.base(), tenant, &filter, &sort];
        Fingerprint::of(base.into_iter().chain(self.fields.iter().map(String::as_str)))
    }

    async fn page_of_stream(mut self, position: Position) -> Result<Fetched<model::Entitlement>> {
        let Position::Number { page, limit } = position else {
            return Err(Error::invalid_input("cursor", "is not one of a listing by number"));
        };
        (self.page, self.limit) = (Some(page), Some(limit));
        let answer = self.send().await?;
        let total = total(&answer);
        // Only where a page is not full it matters that items which are null are left out.
        let sent = answer.resource_set.len() + answer.item_errors().len();
        let is_full = sent as u64 >= limit;
        let count = if is_full { sent } else { items_of::<model::EntitlementPage>(answer.body()).max(sent) };
        let (page, errors) = answer.into_parts();
        Ok(Fetched { items: in_order(page.resource_set, errors), count: count as u64, total, next: None })
    }
}

pub(super) fn total(page: &model::EntitlementPage) -> Option<u64> {
    page.total_records.and_then(|total| u64::try_from(total).ok())
}

pub(super) fn unexpected(answer: &Response<model::EntitlementPage>, message: &'static str) -> Error {
    Error::new(ErrorKind::UnexpectedAnswer, message)
        .with_operation(op::ListEntitlements::INFO.name)
        .with_raw(answer.raw().clone())
}

impl PageModel for model::EntitlementPage {
    type Item = model::Entitlement;
    const LIST: &'static str = "resourceSet";
    const BESIDE: &'static str = "totalRecords";
    // The gateway's refusals come with a status of success as well.
    const MAY_BE_BARE: bool = false;

    fn items_mut(&mut self) -> &mut Vec<Self::Item> {
        &mut self.resource_set
    }
}

impl Listed for model::Entitlement {
    fn id(&self) -> Option<&str> {
        self.id.as_deref().filter(|id| !id.is_empty())
    }

    fn is_blank(&self) -> bool {
        let has_mark = self.id.is_some() || self.product_id.is_some() || self.account_id.is_some();
        // With `fields`, an entitlement can consist of any others.
        !has_mark && serde_json::to_string(self).is_ok_and(|text| text == "{}")
    }
}
