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

/// One page of a listing.
#[derive(Debug)]
#[non_exhaustive]
pub struct Page<T> {
    /// The items, in the server's order.
    pub items: Vec<T>,
    /// One error for each item that could not be decoded.
    pub errors: Vec<Error>,
    /// How many items the whole listing has, where the API tells it.
    pub total: Option<u64>,
}

/// A listing, page by page: a [`Stream`] that also works without importing a trait.
///
/// [`Pager::pages`](crate::Pager::pages) makes it, and [`Pager`](crate::Pager) says how a listing
/// behaves. Pages come as the server sends them, empty ones included, without the items that were
/// delivered before.
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
        /// Fetches up to `pages` pages while you work on the one before. Default: 0.
        ///
        /// With 1, a listing whose pages take as long to fetch as to work on takes half the time;
        /// more helps where either is uneven. The pages are fetched in a task of its own, which
        /// begins when the first item is asked for and ends with the listing. Together with
        /// the page in your hands, `pages` + 1 pages are in memory, and one more for each page
        /// beyond the first that a listing by number fetches side by side.
        pub fn prefetch(mut self, pages: usize) -> Self {
            self.listing.prefetch(pages);
            self
        }

        /// Ends the listing after `items` more items. Default: none, and the first limit that is
        /// reached counts. Items that cannot be decoded do not count.
        ///
        /// A page that cannot be needed is not asked for, also not ahead; with a page size of 10, ten
        /// items take one request. The [`cursor`](Self::cursor) stands behind the last item, so that
        /// the listing can be resumed there.
        pub fn max_items(mut self, items: u64) -> Self {
            self.listing.limit(items);
            self
        }

        /// Where the listing stands: behind the last item that you got, whatever is fetched ahead.
        ///
        /// Keep it to go on in another process; see [`Cursor`](crate::Cursor). It can hold personal
        /// data.
        #[must_use]
        pub fn cursor(&self) -> crate::Cursor {
            self.listing.cursor()
        }

        /// How many items you got so far, those before a cursor that was resumed included.
        #[must_use]
        pub fn items_so_far(&self) -> u64 {
            self.listing.items_so_far()
        }

        /// How many pages the items so far were on, those before a cursor that was resumed included.
        /// Pages that were fetched ahead do not count yet.
        #[must_use]
        pub fn pages_so_far(&self) -> u64 {
            self.listing.pages_so_far()
        }

        /// How many items the whole listing has, where the API tells it and a page was fetched. It
        /// is the server's word, and can change from page to page.
        #[must_use]
        pub fn total(&self) -> Option<u64> {
            self.listing.total()
        }

        /// Whether the collection was seen to change since the listing began, or since it was
        /// resumed: another total, an item that came once more, or one that was no longer where
        /// the cursor says. False does not mean that nothing changed; see [`Pager`](crate::Pager).
        #[must_use]
        pub fn changed_while_reading(&self) -> bool {
            self.listing.has_changed()
        }
    };
}
pub(super) use listing_methods;

impl<T: Send + Unpin + 'static> Pages<T> {
    /// The next page, or `None` at the end of the listing. Dropping the future loses nothing.
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
        let mut page = Page { items: Vec::new(), errors: Vec::new(), total: listing.total() };
        while let Some(item) = listing.next_item() {
            match item {
                Ok(item) => page.items.push(item),
                Err(error) => page.errors.push(error),
            }
        }
        Poll::Ready(Some(Ok(page)))
    }
}

impl<T: Send + Unpin + 'static> FusedStream for Pages<T> {
    fn is_terminated(&self) -> bool {
        self.listing.is_over()
    }
}
