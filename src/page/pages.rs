//! A listing, page by page.

use std::{
    fmt,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_core::{FusedStream, Stream};

use super::listing::Listing;
use crate::{Error, Result};

/// One page of a listing, as [`Pages`] gives it: what can be decoded, and an error for each item that cannot.
///
/// `Debug` shows the items, and of each no more than its own `Debug` does.
#[derive(Debug)]
#[non_exhaustive]
pub struct Page<T> {
    /// The items, in the server's order, without those that were delivered before. Can be empty, also in the middle
    /// of a listing.
    pub items: Vec<T>,
    /// One [`UnexpectedAnswer`](crate::ErrorKind::UnexpectedAnswer) for each item that could not be decoded. It names
    /// the page, counted from 1, and the index in it, counted from 0, and its [`body`](Error::body) is the item.
    pub errors: Vec<Error>,
    /// How many items the whole listing has, where the API tells it (`totalRecords` of the CRM Gateway; Symphony does
    /// not).
    pub total: Option<u64>,
}

/// A listing, page by page: a [`Stream`] that also works without importing a trait.
///
/// [`Pager::pages`](crate::Pager::pages) makes it, and [`Pager`](crate::Pager) says how a listing
/// behaves. Pages come as the server sends them, empty ones included, without the items that were
/// delivered before, and the last one is cut off at [`max_items`](Self::max_items).
///
/// Use it where many items are worked on at once, and where items that cannot be decoded are to be told from errors
/// that stop the listing: the former are in [`Page::errors`], the latter are what
/// [`try_next`](Self::try_next) returns.
///
/// ```no_run
/// # async fn run(client: entitlements::crm_gateway::Client) -> entitlements::Result<()> {
/// let mut pages = client.list_entitlements().page_size(500).stream().prefetch(1).pages();
/// while let Some(page) = pages.try_next().await? {
///     for error in &page.errors {
///         eprintln!("left out: {error}");
///     }
///     // Write `page.items` and `pages.cursor()` in one transaction, and a crash costs nothing.
///     println!("{} entitlements", page.items.len());
/// }
/// # Ok(()) }
/// ```
#[must_use = "a listing fetches nothing until a page is asked for"]
pub struct Pages<T> {
    pub(super) listing: Listing<T>,
}

impl<T: Send + Unpin + 'static> fmt::Debug for Pages<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.listing.debug("Pages", f)
    }
}

/// What both views of a listing can do.
macro_rules! listing_methods {
    () => {
        /// Fetches up to `pages` pages ahead, while you work on the one before. Default: 0.
        ///
        /// With 1, a listing whose pages take as long to fetch as to work on takes half the time;
        /// more helps where either is uneven. The pages are fetched in a task of its own, which
        /// begins when the next page is asked for and ends with the listing.
        ///
        /// At most `pages` + 1 pages are in memory, the one in your hands included; where a listing by number fetches
        /// several pages side by side, `pages` + `concurrency`. An error comes behind the items before it, and after
        /// one that is transient no page is asked for until you ask again.
        ///
        /// ```no_run
        /// # async fn run(client: entitlements::symphony::Client) -> entitlements::Result<()> {
        /// let mut advisors = client.list_entitled_advisors("WHATSAPP").stream().prefetch(1);
        /// while let Some(advisor) = advisors.try_next().await? {
        ///     tokio::time::sleep(std::time::Duration::from_millis(10)).await; // the work
        /// }
        /// # Ok(()) }
        /// ```
        pub fn prefetch(mut self, pages: usize) -> Self {
            self.listing.prefetch(pages);
            self
        }

        /// Ends the listing after `items` more items. Default: no limit, and of several the one that is
        /// reached first counts. Items that cannot be decoded do not count.
        ///
        /// A page that cannot be needed is not asked for, also not ahead; with a page size of 10, ten
        /// items take one request. (The `take` of a stream ends it as well, but what fetches ahead does not know of it.)
        /// The [`cursor`](Self::cursor) stands behind the last item, so that the listing can be resumed there.
        ///
        /// ```no_run
        /// # async fn run(client: entitlements::crm_gateway::Client) -> entitlements::Result<()> {
        /// let listing = client.list_entitlements().page_size(10).stream();
        /// let ten: Vec<_> = listing.max_items(10).try_collect().await?;
        /// # Ok(()) }
        /// ```
        pub fn max_items(mut self, items: u64) -> Self {
            self.listing.limit(items);
            self
        }

        /// Where the listing stands: behind the last item that you got, whatever is fetched ahead.
        ///
        /// It can be taken at any time, after an error and at the end as well. Keep it to go on in another process;
        /// see [`Cursor`](crate::Cursor) for how. It can hold personal data.
        #[must_use]
        pub fn cursor(&self) -> crate::Cursor {
            self.listing.cursor()
        }

        /// How many items you got so far, those before a cursor that was resumed included. Items that cannot be
        /// decoded do not count.
        #[must_use]
        pub fn items_so_far(&self) -> u64 {
            self.listing.items_so_far()
        }

        /// How many pages you got so far, empty ones and those before a cursor that was resumed included.
        /// Pages that were fetched ahead do not count yet.
        #[must_use]
        pub fn pages_so_far(&self) -> u64 {
            self.listing.pages_so_far()
        }

        /// How many items the whole listing has, by the latest page: the length of a progress bar. `None` until a
        /// page was fetched, and where the API does not tell it.
        ///
        /// The CRM Gateway tells it (`totalRecords`; assumption: all that the filter lets through), Symphony does not.
        /// It is the server's word, and can change from page to page.
        ///
        /// ```no_run
        /// # async fn run(client: entitlements::crm_gateway::Client) -> entitlements::Result<()> {
        /// let mut pages = client.list_entitlements().stream().pages();
        /// while pages.try_next().await?.is_some() {
        ///     println!("{} of {:?}", pages.items_so_far(), pages.total());
        /// }
        /// # Ok(()) }
        /// ```
        #[must_use]
        pub fn total(&self) -> Option<u64> {
            self.listing.total()
        }

        /// Whether the collection was seen to change since the listing began, or since the cursor that it
        /// resumes: another total, an item that came once more, or one that was no longer where
        /// the cursor says. Ask at the end, and read the listing again if it has to be of one moment.
        ///
        /// False does not mean that nothing changed; see [`Pager`](crate::Pager).
        #[must_use]
        pub fn changed_while_reading(&self) -> bool {
            self.listing.has_changed()
        }
    };
}
pub(super) use listing_methods;

impl<T: Send + Unpin + 'static> Pages<T> {
    /// The next page, or `None` at the end of the listing. Dropping the future loses nothing.
    ///
    /// Use it where the listing is to survive an error; after one that is
    /// [transient](crate::Error::is_transient), the next call fetches the same page again.
    pub async fn next(&mut self) -> Option<Result<Page<T>>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// The next page, or `None` at the end, in the shape that `?` likes. Dropping the future
    /// loses nothing.
    ///
    /// # Errors
    ///
    /// What fetching says; see [`Pager`](crate::Pager) for what the next call does then.
    pub async fn try_next(&mut self) -> Result<Option<Page<T>>> {
        self.next().await.transpose()
    }

    listing_methods!();
}

impl<T: Send + Unpin + 'static> Stream for Pages<T> {
    type Item = Result<Page<T>>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let listing = &mut self.listing;
        if !listing.has_items() {
            match ready!(listing.poll_page(context)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(())) => {}
            }
        }
        let mut page = Page {
            items: Vec::with_capacity(listing.left_at_hand()),
            errors: Vec::new(),
            total: listing.total(),
        };
        while let Some(item) = listing.next_item() {
            match item {
                Ok(item) => page.items.push(item),
                Err(error) => page.errors.push(error),
            }
        }
        listing.give_room_back();
        Poll::Ready(Some(Ok(page)))
    }
}

impl<T: Send + Unpin + 'static> FusedStream for Pages<T> {
    fn is_terminated(&self) -> bool {
        self.listing.is_over()
    }
}
