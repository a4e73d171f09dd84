//! Pages by `page` and `limit`, as the CRM Gateway has them.

use std::{
    collections::HashSet,
    marker::PhantomData,
    sync::{Arc, Mutex, PoisonError},
};

use super::{Fetched, Number, PageSource, Position};
use crate::{Error, ErrorKind, Result, time::BoxFuture};

/// What the engine has to know of an item.
pub(crate) trait Numbered {
    /// What tells one item from another.
    fn id(&self) -> Option<&str>;
    /// Whether it is an empty object, which some servers send for "nothing".
    fn is_blank(&self) -> bool;
}

/// The pages of a listing by number: a function that fetches a page of a size.
pub(crate) struct NumberSource<O, F> {
    fetch: F,
    progress: Arc<Mutex<Progress>>,
    operation: PhantomData<fn() -> O>,
}

/// What was read so far, in the server's count.
#[derive(Default)]
struct Progress {
    seen: u64,
    /// The ids of the page before: an insertion shifts items onto the next page.
    last_ids: HashSet<String>,
}

impl<O, F> NumberSource<O, F> {
    pub(crate) fn new(fetch: F) -> Self {
        Self { fetch, progress: Arc::default(), operation: PhantomData }
    }
}

impl<O, F, T> PageSource<T> for NumberSource<O, F>
where
    O: Number,
    F: Fn(u64, u64) -> BoxFuture<'static, Result<Fetched<T>>> + Send + Sync,
    T: Numbered + Send + 'static,
{
    fn operation(&self) -> &'static str {
        O::INFO.name
    }

    fn fetch(&self, position: Position) -> BoxFuture<'static, Result<Fetched<T>>> {
        let Position::Number { page, limit } = position else {
            return Box::pin(std::future::ready(Ok(Fetched { items: Vec::new(), total: None, next: None })));
        };
        let (fetched, progress) = ((self.fetch)(page, limit), self.progress.clone());
        Box::pin(async move {
            let Fetched { items, total, .. } = fetched.await?;
            let count = items.len() as u64;
            let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
            progress.seen += count;
            let next = next_position(page, limit, count, total, progress.seen);
            // A short last page may well hold nothing but items that an insertion has shifted.
            if (next.is_some() || count >= limit) && progress.is_repeat(&items) {
                let message = "the server sent the page before once more, which would never end; start the listing again";
                return Err(Error::new(ErrorKind::Pagination, message).with_operation(O::INFO.name));
            }
            Ok(Fetched { items: progress.without_repeats(items), total, next })
        })
    }
}

impl Progress {
    /// Whether all of this was on the page before, as from a server that ignores `page`. An item
    /// without an id may be a new one.
    fn is_repeat<T: Numbered>(&self, items: &[Result<T>]) -> bool {
        let is_known = |item: &T| item.id().is_some_and(|id| self.last_ids.contains(id));
        !items.is_empty() && items.iter().all(|item| item.as_ref().is_ok_and(is_known))
    }

    fn without_repeats<T: Numbered>(&mut self, items: Vec<Result<T>>) -> Vec<Result<T>> {
        let ids = items.iter().flatten().filter_map(Numbered::id).map(str::to_owned).collect();
        let before = std::mem::replace(&mut self.last_ids, ids);
        let is_new = |item: &T| !item.is_blank() && item.id().is_none_or(|id| !before.contains(id));
        items.into_iter().filter(|item| item.as_ref().map_or(true, is_new)).collect()
    }
}

/// Where the listing goes on. An empty page ends it, and so does having read what there is; a
/// short page does so only where the server does not say how many there are, because a server may
/// cap `limit` without a word. The listing then goes on in steps of the server's own size.
fn next_position(page: u64, limit: u64, count: u64, total: Option<u64>, seen: u64) -> Option<Position> {
    if count == 0 {
        return None;
    }
    match total {
        Some(total) if seen >= total => None,
        Some(_) if page == 1 && count < limit => Some(Position::Number { page: 2, limit: count }),
        None if count < limit => None,
        _ => Some(Position::Number { page: page + 1, limit }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{generated::crm_gateway::op::ListEntitlements, page::Pager};

    fn next(page: u64, limit: u64, count: u64, total: Option<u64>, seen: u64) -> Option<(u64, u64)> {
        match next_position(page, limit, count, total, seen)? {
            Position::Number { page, limit } => Some((page, limit)),
            _ => None,
        }
    }

    #[test]
    fn where_a_listing_ends_and_where_it_goes_on() {
        assert_eq!(next(1, 10, 10, Some(25), 10), Some((2, 10)));
        assert_eq!(next(3, 10, 5, Some(25), 25), None);
        assert_eq!(next(1, 10, 0, Some(25), 0), None, "an empty page ends it");
        assert_eq!(next(1, 10, 4, None, 4), None, "short, and no total");
        assert_eq!(next(1, 10, 10, None, 10), Some((2, 10)));
        assert_eq!(next(1, 100, 50, Some(120), 50), Some((2, 50)), "the server caps the size");
        assert_eq!(next(2, 50, 40, Some(120), 90), Some((3, 50)), "the collection changed");
    }

    #[derive(Clone)]
    struct Item(&'static str);

    impl Numbered for Item {
        fn id(&self) -> Option<&str> {
            Some(self.0)
        }

        fn is_blank(&self) -> bool {
            self.0.is_empty()
        }
    }

    /// What a listing in pages of two delivers before its error, if there is one.
    async fn listed(pages: &[&[&'static str]], total: Option<u64>) -> (Vec<&'static str>, Option<ErrorKind>) {
        let pages: Vec<Vec<Item>> = pages.iter().map(|ids| ids.iter().copied().map(Item).collect()).collect();
        let fetch = move |page: u64, _| -> BoxFuture<'static, Result<Fetched<Item>>> {
            // The last page of the script comes for ever.
            let index = usize::try_from(page - 1).expect("small").min(pages.len() - 1);
            assert!(page < 10, "the listing does not end");
            let items = pages[index].iter().cloned().map(Ok).collect();
            Box::pin(std::future::ready(Ok(Fetched { items, total, next: None })))
        };
        let start = Position::Number { page: 1, limit: 2 };
        let mut listing = Pager::new(NumberSource::<ListEntitlements, _>::new(fetch), start);
        let mut read = Vec::new();
        loop {
            match listing.try_next().await {
                Ok(Some(item)) => read.push(item.0),
                Ok(None) => return (read, None),
                Err(error) => {
                    assert!(listing.next().await.is_none());
                    return (read, Some(error.kind()));
                }
            }
        }
    }

    #[tokio::test]
    async fn a_page_that_comes_once_more_ends_the_listing_with_an_error() {
        let ended = |ids: &[&'static str]| (ids.to_vec(), Some(ErrorKind::Pagination));
        assert_eq!(listed(&[&["a", "b"]], None).await, ended(&["a", "b"]));
        assert_eq!(listed(&[&["a", "b"], &["c", "d"]], None).await, ended(&["a", "b", "c", "d"]));
        assert_eq!(listed(&[&["a", "b"]], Some(4)).await, ended(&["a", "b"]), "c and d never came");
    }

    #[tokio::test]
    async fn a_short_last_page_of_shifted_items_is_no_error() {
        assert_eq!(listed(&[&["a", "b"], &["b"]], None).await, (vec!["a", "b"], None));
        assert_eq!(listed(&[&["a", "b"], &["b"]], Some(3)).await, (vec!["a", "b"], None));
    }

    #[test]
    fn an_item_that_was_shifted_onto_the_next_page_comes_once() {
        let mut progress = Progress::default();
        let mut page = |ids: &[&'static str]| -> Vec<&str> {
            let items = ids.iter().map(|id| Ok(Item(id))).collect();
            progress.without_repeats(items).into_iter().flatten().map(|item| item.0).collect()
        };
        assert_eq!(page(&["a", "b"]), ["a", "b"]);
        assert_eq!(page(&["b", "c", ""]), ["c"]);
        assert_eq!(page(&["d"]), ["d"]);
    }
}
