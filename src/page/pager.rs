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
/// `stream()` of a request makes it. The first page is fetched when the first item is asked for,
/// each further one when the items of the page before are used up, or earlier with
/// [`prefetch`](Self::prefetch). The parameters of the request stay on every page. An empty page
/// does not end a listing by cursor, and a cursor that comes a second time is an
/// [`ErrorKind::Pagination`](crate::ErrorKind::Pagination), not a loop.
///
/// # Errors
///
/// After a [transient](crate::Error::is_transient) error the same page is fetched again when the
/// next item is asked for; the call was repeated as often as its limits allow, so wait before you
/// do. After any other error the listing is over and gives `None`. Either way the items before
/// were delivered, none is delivered twice, and [`cursor`](Self::cursor) tells where the listing
/// stands. An item that cannot be decoded is an
/// [`ErrorKind::UnexpectedAnswer`](crate::ErrorKind::UnexpectedAnswer) in its place, which names
/// page and index, and the rest of the page follows.
///
/// # When the collection changes
///
/// A collection that stays the same is delivered completely, in order, each item once. Symphony's
/// cursors name an item, so an addition or a removal elsewhere shifts nothing. Pages by number are
/// another matter: what is inserted or removed before the place shifts everything behind it.
///
/// * An item that an insertion has shifted onto the next page is not delivered again; the last
///   10,000 ids are known for that.
/// * Where the total has fallen, the pager steps back and reads an overlap again, so that what a
///   removal has shifted to an earlier page is delivered.
/// * [`changed_while_reading`](Self::changed_while_reading) says that something was noticed; read
///   the listing again if it has to be of one moment.
/// * What nobody can notice: an item is removed before the place and another one inserted behind
///   it between two requests, so that the total stays the same; or a removal where the server
///   sends no total. The item that was shifted is then lost. An item that is inserted before the
///   place is not delivered.
///
/// # Dropping
///
/// Dropping the pager ends the listing, and whatever is fetched ahead with it; nothing goes on in
/// the background. Dropping a future of it loses nothing.
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
    /// Dropping the returned future loses nothing: a page on its way is kept for the next call.
    pub async fn next(&mut self) -> Option<Result<T>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// The next item, or `None` at the end, in the shape that `?` likes. Dropping the future
    /// loses nothing.
    ///
    /// # Errors
    ///
    /// What fetching or decoding says; see [`Pager`] for what the next call does then.
    pub async fn try_next(&mut self) -> Result<Option<T>> {
        self.next().await.transpose()
    }

    /// All items of the rest of the listing. Dropping the future drops what was read so far.
    ///
    /// A million items take the memory of a million items; [`next`](Self::next) takes that of a
    /// page.
    ///
    /// # Errors
    ///
    /// The first error ends it, and the items before are dropped with it. Use
    /// [`try_next`](Self::try_next) to keep them.
    pub async fn try_collect<C: Default + Extend<T>>(mut self) -> Result<C> {
        let mut all = C::default();
        while let Some(item) = self.try_next().await? {
            all.extend(std::iter::once(item));
        }
        Ok(all)
    }

    /// The same listing, page by page. What is left of the page at hand comes first.
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
