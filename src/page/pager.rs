//! The engine of all listings.

use std::{
    collections::{HashSet, VecDeque},
    fmt,
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use futures_core::Stream;

use crate::{Error, ErrorKind, Result, time::BoxFuture};

/// Where a page stands in a listing.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) enum Position {
    /// The first page of a listing by cursor.
    #[cfg_attr(not(feature = "symphony"), allow(dead_code, reason = "Symphony pages by cursor"))]
    Start,
    /// The page after this cursor.
    #[cfg_attr(not(feature = "symphony"), allow(dead_code, reason = "Symphony pages by cursor"))]
    After(String),
    /// The page before this cursor.
    #[cfg_attr(not(feature = "symphony"), allow(dead_code, reason = "Symphony pages by cursor"))]
    Before(String),
    /// The page of this number and size.
    #[cfg_attr(not(feature = "crm-gateway"), allow(dead_code, reason = "the CRM Gateway pages by number"))]
    Number { page: u64, limit: u64 },
}

/// A page as it was fetched.
pub(crate) struct Fetched<T> {
    pub(crate) items: Vec<Result<T>>,
    pub(crate) total: Option<u64>,
    pub(crate) next: Option<Position>,
}

/// Fetches the pages of one listing.
pub(crate) trait PageSource<T>: Send + Sync {
    /// The name of the operation, for errors.
    fn operation(&self) -> &'static str;
    /// The page at a position.
    fn fetch(&self, position: Position) -> BoxFuture<'static, Result<Fetched<T>>>;
}

/// A listing, item by item: a [`Stream`] that also works without importing a trait.
///
/// The first page is fetched when the first item is asked for, each further one when the items
/// of the page before are used up. The parameters of the request stay on every page. An empty
/// page does not end the listing, and a position that comes twice is an error, not a loop.
///
/// After a transient error the same page is fetched again when the next item is asked for; after
/// any other the listing is over. An item that cannot be decoded is an error of its own, and the
/// rest of the page follows. Dropping the pager ends the listing; nothing goes on in the
/// background.
#[must_use = "a listing fetches nothing until an item is asked for"]
pub struct Pager<T> {
    source: Arc<dyn PageSource<T>>,
    next: Option<Position>,
    visited: HashSet<Position>,
    fetching: Option<BoxFuture<'static, Result<Fetched<T>>>>,
    items: VecDeque<Result<T>>,
    pages: u64,
    total: Option<u64>,
}

impl<T> fmt::Debug for Pager<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pager")
            .field("operation", &self.source.operation())
            .field("pages", &self.pages)
            .field("total", &self.total)
            .finish_non_exhaustive()
    }
}

impl<T: Send + Unpin + 'static> Pager<T> {
    pub(crate) fn new(source: impl PageSource<T> + 'static, start: Position) -> Self {
        Self {
            source: Arc::new(source),
            next: Some(start),
            visited: HashSet::new(),
            fetching: None,
            items: VecDeque::new(),
            pages: 0,
            total: None,
        }
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

    /// The same listing, page by page.
    pub fn pages(self) -> Pages<T> {
        Pages { pager: self }
    }

    /// How many pages were fetched so far.
    #[must_use]
    pub fn pages_so_far(&self) -> u64 {
        self.pages
    }

    /// How many items the whole listing has, where the API tells it and a page was fetched.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        self.total
    }

    fn poll_fetch(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<()>>> {
        loop {
            if let Some(fetching) = &mut self.fetching {
                let outcome = ready!(fetching.as_mut().poll(context));
                self.fetching = None;
                return Poll::Ready(Some(self.arrived(outcome)));
            }
            let Some(position) = self.next.clone() else { return Poll::Ready(None) };
            self.fetching = Some(self.source.fetch(position));
        }
    }

    fn arrived(&mut self, outcome: Result<Fetched<T>>) -> Result<()> {
        let fetched = outcome.inspect_err(|error| {
            if !error.is_transient() {
                self.next = None;
            }
        })?;
        self.visited.extend(self.next.take());
        self.pages += 1;
        self.total = fetched.total;
        self.items.extend(fetched.items);
        match fetched.next {
            Some(next) if self.visited.contains(&next) => {
                let message = "the server sent a cursor for the second time, which would never end; start the listing again";
                let error = Error::new(ErrorKind::Pagination, message);
                self.items.push_back(Err(error.with_operation(self.source.operation())));
            }
            next => self.next = next,
        }
        Ok(())
    }
}

impl<T: Send + Unpin + 'static> Stream for Pager<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(item) = self.items.pop_front() {
                return Poll::Ready(Some(item));
            }
            match ready!(self.poll_fetch(context)) {
                None => return Poll::Ready(None),
                Some(Ok(())) => {}
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
            }
        }
    }
}

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
#[must_use = "a listing fetches nothing until a page is asked for"]
#[derive(Debug)]
pub struct Pages<T> {
    pager: Pager<T>,
}

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
    /// What fetching says; see [`Pager`] for what the next call does then.
    pub async fn try_next(&mut self) -> Result<Option<Page<T>>> {
        self.next().await.transpose()
    }
}

impl<T: Send + Unpin + 'static> Stream for Pages<T> {
    type Item = Result<Page<T>>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let pager = &mut self.pager;
        if pager.items.is_empty() {
            match ready!(pager.poll_fetch(context)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(())) => {}
            }
        }
        let mut page = Page { items: Vec::new(), errors: Vec::new(), total: pager.total };
        while let Some(item) = pager.items.pop_front() {
            match item {
                Ok(item) => page.items.push(item),
                Err(error) if error.kind() == ErrorKind::Pagination => {
                    if page.items.is_empty() && page.errors.is_empty() {
                        return Poll::Ready(Some(Err(error)));
                    }
                    // It came behind the items of the page, and does not make them worse.
                    pager.items.push_front(Err(error));
                    break;
                }
                Err(error) => page.errors.push(error),
            }
        }
        Poll::Ready(Some(Ok(page)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Answers from a script and remembers where it was asked.
    struct Script {
        asked: Arc<Mutex<Vec<String>>>,
        answers: Mutex<VecDeque<Result<Fetched<u32>>>>,
    }

    impl PageSource<u32> for Script {
        fn operation(&self) -> &'static str {
            "test.list"
        }

        fn fetch(&self, position: Position) -> BoxFuture<'static, Result<Fetched<u32>>> {
            let name = match position {
                Position::Start => "start".to_owned(),
                Position::After(cursor) => format!("after {cursor}"),
                Position::Before(cursor) => format!("before {cursor}"),
                Position::Number { page, limit } => format!("{page} by {limit}"),
            };
            self.asked.lock().expect("lock").push(name);
            let answer = self.answers.lock().expect("lock").pop_front();
            let over = Fetched { items: Vec::new(), total: None, next: None };
            Box::pin(std::future::ready(answer.unwrap_or(Ok(over))))
        }
    }

    type Answer = Result<Fetched<u32>>;

    #[allow(clippy::unnecessary_wraps, reason = "a script holds results")]
    fn page(items: &[u32], next: Option<&str>) -> Answer {
        let items = items.iter().copied().map(Ok).collect();
        Ok(Fetched { items, total: None, next: next.map(|cursor| Position::After(cursor.into())) })
    }

    fn pager(answers: impl IntoIterator<Item = Answer>) -> (Pager<u32>, Arc<Mutex<Vec<String>>>) {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let answers = Mutex::new(answers.into_iter().collect());
        (Pager::new(Script { asked: asked.clone(), answers }, Position::Start), asked)
    }

    #[tokio::test]
    async fn empty_pages_do_not_end_a_listing() {
        let (listing, asked) = pager([page(&[1], Some("a")), page(&[], Some("b")), page(&[2, 3], None)]);
        assert_eq!(listing.try_collect::<Vec<_>>().await.expect("lists"), [1, 2, 3]);
        assert_eq!(*asked.lock().expect("lock"), ["start", "after a", "after b"]);
    }

    #[tokio::test]
    async fn a_cursor_that_comes_back_is_an_error_after_the_items() {
        let answers = [page(&[1], Some("a")), page(&[2], Some("b")), page(&[3], Some("a"))];
        let (mut listing, _) = pager(answers);
        for expected in 1..=3 {
            assert_eq!(listing.try_next().await.expect("an item"), Some(expected));
        }
        assert_eq!(listing.try_next().await.expect_err("a loop").kind(), ErrorKind::Pagination);
        assert!(listing.next().await.is_none());
    }

    #[tokio::test]
    async fn a_transient_error_is_followed_by_the_same_page_and_any_other_by_the_end() {
        let failure = |kind| Err(Error::new(kind, ""));
        let (mut listing, asked) = pager([
            page(&[1], Some("a")),
            failure(ErrorKind::Server),
            page(&[2], Some("b")),
            failure(ErrorKind::Forbidden),
        ]);
        assert_eq!(listing.try_next().await.expect("an item"), Some(1));
        assert!(listing.try_next().await.is_err());
        assert_eq!(listing.try_next().await.expect("an item"), Some(2));
        assert!(listing.try_next().await.is_err());
        assert!(listing.next().await.is_none());
        assert_eq!(*asked.lock().expect("lock"), ["start", "after a", "after a", "after b"]);
    }

    #[tokio::test]
    async fn pages_keep_their_bounds() {
        let (listing, _) = pager([page(&[1, 2], Some("a")), page(&[3], None)]);
        let mut pages = listing.pages();
        assert_eq!(pages.try_next().await.expect("a page").expect("not the end").items, [1, 2]);
        assert_eq!(pages.try_next().await.expect("a page").expect("not the end").items, [3]);
        assert!(pages.next().await.is_none());
    }

    #[tokio::test]
    async fn a_cursor_that_comes_back_is_an_error_after_its_page() {
        let (listing, _) = pager([page(&[1], Some("a")), page(&[2, 3], Some("a"))]);
        let mut pages = listing.pages();
        assert_eq!(pages.try_next().await.expect("a page").expect("not the end").items, [1]);
        assert_eq!(pages.try_next().await.expect("a page").expect("not the end").items, [2, 3]);
        assert_eq!(pages.try_next().await.expect_err("a loop").kind(), ErrorKind::Pagination);
        assert!(pages.next().await.is_none());
    }

    #[test]
    fn a_pager_can_be_sent_and_kept() {
        fn check<P: Send + Unpin + 'static>() {}
        check::<Pager<u32>>();
        check::<Pages<u32>>();
    }
}
