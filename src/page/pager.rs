//! A listing, item by item.

use std::{
    fmt,
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use futures_core::{FusedStream, Stream};

use super::{Cursor, Pages, Position, Source, listing::Listing, pages::listing_methods};
use crate::Result;

/// A listing, item by item: a [`Stream`] that also works without importing a trait.
///
/// `stream()` of a request makes it: of
/// [`symphony::ListEntitledAdvisors`](crate::symphony::ListEntitledAdvisors), which pages by cursor, or of
/// [`crm_gateway::ListEntitlements`](crate::crm_gateway::ListEntitlements), which pages by number. It is `Send`, `Unpin`
/// and `'static`, so it can be kept in a struct and moved into a task, and a `FusedStream`, so it fits into `select!`.
///
/// The first page is fetched when the first item is asked for, each further one when the items of the page before are
/// used up, or earlier with [`prefetch`](Self::prefetch). The parameters of the request stay on
/// every page. An empty page does not end a listing by cursor.
///
/// | you want | use |
/// | --- | --- |
/// | one item after the other | [`try_next`](Self::try_next), or [`next`](Self::next) to go on after an error |
/// | all of them at once | [`try_collect`](Self::try_collect) |
/// | one page after the other | [`pages`](Self::pages) |
/// | the first few | [`max_items`](Self::max_items), or drop it when you have enough |
/// | the next page while you work on this one | [`prefetch`](Self::prefetch) |
/// | several pages at once | `concurrency` of the request, where pages go by number |
/// | to go on later, or after a crash | [`cursor`](Self::cursor), and `resume` of the request |
/// | a progress bar | [`items_so_far`](Self::items_so_far), [`pages_so_far`](Self::pages_so_far), [`total`](Self::total) |
///
/// ```no_run
/// # async fn run(client: entitlements::symphony::Client) -> entitlements::Result<()> {
/// let mut advisors = client.list_entitled_advisors("WHATSAPP").stream().prefetch(1);
/// while let Some(advisor) = advisors.try_next().await? {
///     println!("{}", advisor.display_name.unwrap_or_default());
/// }
/// println!("{} advisors on {} pages", advisors.items_so_far(), advisors.pages_so_far());
/// # Ok(()) }
/// ```
///
/// # Errors
///
/// What each operation can say stands at the client's method. What the listing does then:
///
/// | error | the next call | what to do |
/// | --- | --- | --- |
/// | [transient](crate::Error::is_transient) | fetches the same page again | wait first: the call was repeated already, as often as its limits allow |
/// | an item that cannot be decoded: [`UnexpectedAnswer`](crate::ErrorKind::UnexpectedAnswer), which names the page (from 1) and the index in it (from 0) | gives the item behind it | go on without it; [`Error::body`](crate::Error::body) is the item |
/// | [`Pagination`](crate::ErrorKind::Pagination): a cursor came a second time, or page after page brought known items only | is the end: `None` | start the listing again |
/// | any other | is the end: `None` | mend what it names; [`cursor`](Self::cursor) still tells where the listing stood |
///
/// Whatever the error, the items before it were delivered, and none comes twice. A loop that ignores errors
/// ends, unless they are transient for ever. [`Pages`] keeps items that cannot be decoded apart from other errors.
///
/// # When the collection changes
///
/// A collection that stays the same is delivered completely, in order, each item once. Changes meanwhile matter
/// differently to the two ways of paging.
///
/// *By cursor.* Assumption: Symphony's cursors name an item, as the vendor's one example of a cursor does, so that an
/// addition or a removal elsewhere shifts nothing.
///
/// *By number.* What is inserted or removed before the place where the listing stands shifts everything behind it:
///
/// * An item that an insertion has shifted onto the next page is not delivered again; the last
///   10,000 ids are known for that. A listing that was resumed knows those since then and the few that
///   its cursor names, so an insertion of more than a page soon after it can bring items again.
/// * Where the total has fallen, the pager steps back and reads an overlap again, so that what a
///   removal has shifted to an earlier page is delivered. A total that goes up and down for ever is
///   not followed for ever: eight steps back that bring nothing are enough, a hundred while it only falls.
/// * [`changed_while_reading`](Self::changed_while_reading) says that something was noticed; read
///   the listing again if it has to be of one moment.
/// * A total that is reached ends the listing. One that counts too few, and ends with a full page, hides
///   the rest.
/// * What nobody can notice: an item is removed before the place and another one inserted behind
///   it between two requests, so that the total stays the same; or a removal where the server
///   sends no total. The item that was shifted is then lost.
/// * An item that is inserted before the place is delivered only if a step back comes across it, and
///   then behind others that it stands before.
/// * An item whose place in the order changes, because a field that is sorted by does, can be missed
///   or come late. Sort by fields that stay as they are, such as `_id`, where everything counts.
///
/// # Dropping
///
/// Dropping the pager ends the listing, and whatever is fetched ahead with it; nothing goes on in
/// the background. Dropping a future of [`next`](Self::next) or [`try_next`](Self::try_next) loses nothing.
#[must_use = "a listing fetches nothing until an item is asked for"]
pub struct Pager<T> {
    pub(super) listing: Listing<T>,
}

impl<T: Send + Unpin + 'static> fmt::Debug for Pager<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.listing.debug("Pager", f)
    }
}

impl<T: Send + Unpin + 'static> Pager<T> {
    pub(crate) fn new(source: impl Source<T> + 'static, start: Position, resume: Option<Cursor>) -> Self {
        Self { listing: Listing::new(Arc::new(source), start, resume) }
    }

    /// The next item, or `None` at the end of the listing.
    ///
    /// Use it where the listing is to survive an error; [`try_next`](Self::try_next) is shorter where it is not. The
    /// errors are those of [`Pager`]. Dropping the returned future loses nothing: a page on its way is kept for the
    /// next call.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # async fn run(client: entitlements::crm_gateway::Client) {
    /// let mut entitlements = client.list_entitlements().stream();
    /// while let Some(item) = entitlements.next().await {
    ///     match item {
    ///         Ok(entitlement) => println!("{:?}", entitlement.product_id),
    ///         // The same page is fetched again; see to it that this ends some time.
    ///         Err(error) if error.is_transient() => {
    ///             let pause = error.retry_after().unwrap_or(Duration::from_secs(30));
    ///             tokio::time::sleep(pause).await;
    ///         }
    ///         // One item is lost and the others come, or this was the last turn.
    ///         Err(error) => eprintln!("{error}"),
    ///     }
    /// }
    /// # }
    /// ```
    pub async fn next(&mut self) -> Option<Result<T>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// The next item, or `None` at the end, in the shape that `?` likes. Dropping the future
    /// loses nothing.
    ///
    /// ```no_run
    /// # async fn run(client: entitlements::symphony::Client) -> entitlements::Result<()> {
    /// let mut advisors = client.list_entitled_advisors("WHATSAPP").list_permissions(true).stream();
    /// while let Some(advisor) = advisors.try_next().await? {
    ///     println!("{} permissions", advisor.permissions.len());
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// What fetching or decoding says; see [`Pager`] for what the next call does then.
    pub async fn try_next(&mut self) -> Result<Option<T>> {
        self.next().await.transpose()
    }

    /// All items of the rest of the listing, in a `Vec` or another collection that can be extended.
    /// Dropping the future drops what was read so far.
    ///
    /// For a listing that fits into memory: a million items take the memory of a million items, where
    /// [`try_next`](Self::try_next) takes that of a page. [`max_items`](Self::max_items) bounds it. The pager is
    /// gone afterwards; where [`changed_while_reading`](Self::changed_while_reading) matters, use a loop.
    ///
    /// ```no_run
    /// # use entitlements::crm_gateway::model::Entitlement;
    /// # async fn run(client: entitlements::crm_gateway::Client) -> entitlements::Result<()> {
    /// let all: Vec<Entitlement> = client.list_entitlements().stream().try_collect().await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// The first error ends it, a transient one or that of a single item as well, and the items before are
    /// dropped with it. Use [`next`](Self::next) to keep them.
    pub async fn try_collect<C: Default + Extend<T>>(mut self) -> Result<C> {
        let mut all = C::default();
        while let Some(item) = self.try_next().await? {
            all.extend(std::iter::once(item));
        }
        Ok(all)
    }

    /// The same listing, page by page, where work is done for many items at once, such as one statement of a
    /// database. What is left of the page at hand comes first. Limits and prefetch stay as they are set.
    ///
    /// ```no_run
    /// # async fn run(client: entitlements::crm_gateway::Client) -> entitlements::Result<()> {
    /// let mut pages = client.list_entitlements().page_size(500).stream().pages();
    /// while let Some(page) = pages.try_next().await? {
    ///     println!("{} of {:?}", page.items.len(), page.total);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn pages(self) -> Pages<T> {
        Pages { listing: self.listing }
    }

    listing_methods!();
}

impl<T: Send + Unpin + 'static> Stream for Pager<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(item) = self.listing.next_item() {
                return Poll::Ready(Some(item));
            }
            match ready!(self.listing.poll_page(context)) {
                None => return Poll::Ready(None),
                Some(Ok(())) => {}
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
            }
        }
    }
}

impl<T: Send + Unpin + 'static> FusedStream for Pager<T> {
    fn is_terminated(&self) -> bool {
        self.listing.is_over()
    }
}
