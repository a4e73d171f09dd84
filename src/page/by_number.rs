//! Pages by `page` and `limit`, as the CRM Gateway has them.

use std::{
    collections::HashSet,
    marker::PhantomData,
    sync::{Arc, Mutex, PoisonError},
};

use super::{Fetched, Number, PageModel, PageSource, Position};
use crate::{Error, Result, time::BoxFuture};

type FetchPage<M> = Arc<dyn Fn(u64, u64) -> BoxFuture<'static, Result<(M, Vec<Error>)>> + Send + Sync>;

/// What the engine has to know of a page by number.
#[derive(Clone, Copy)]
pub(crate) struct Reading<M: PageModel> {
    /// How many items the whole listing has, if the page says so.
    pub(crate) total: fn(&M) -> Option<u64>,
    /// What tells one item from another.
    pub(crate) id: fn(&M::Item) -> Option<&str>,
    /// Whether an item is an empty object, which some servers send for "nothing".
    pub(crate) is_blank: fn(&M::Item) -> bool,
}

/// The pages of a listing by number.
pub(crate) struct NumberSource<O, M: PageModel> {
    fetch: FetchPage<M>,
    reading: Reading<M>,
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

impl<O, M: PageModel> NumberSource<O, M> {
    pub(crate) fn new(fetch: FetchPage<M>, reading: Reading<M>) -> Self {
        Self { fetch, reading, progress: Arc::default(), operation: PhantomData }
    }
}

impl<O, M> PageSource<M::Item> for NumberSource<O, M>
where
    O: Number<Success = M>,
    M: PageModel + Send + 'static,
{
    fn operation(&self) -> &'static str {
        O::INFO.name
    }

    fn fetch(&self, position: Position) -> BoxFuture<'static, Result<Fetched<M::Item>>> {
        let Position::Number { page, limit } = position else {
            return Box::pin(std::future::ready(Ok(Fetched { items: Vec::new(), total: None, next: None })));
        };
        let fetched = (self.fetch)(page, limit);
        let (reading, progress) = (self.reading.copied(), self.progress.clone());
        Box::pin(async move {
            let (mut model, errors) = fetched.await?;
            let total = (reading.total)(&model);
            let items = std::mem::take(model.items_mut());
            let count = (items.len() + errors.len()) as u64;
            let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
            progress.seen += count;
            let next = next_position(page, limit, count, total, progress.seen);
            let kept = progress.without_repeats(items, reading);
            let items = kept.into_iter().map(Ok).chain(errors.into_iter().map(Err)).collect();
            Ok(Fetched { items, total, next })
        })
    }
}

impl<M: PageModel> Reading<M> {
    // `Clone` cannot be derived usefully: it would ask for `M: Clone`.
    fn copied(&self) -> Self {
        Self { total: self.total, id: self.id, is_blank: self.is_blank }
    }
}

impl Progress {
    fn without_repeats<M: PageModel>(&mut self, items: Vec<M::Item>, reading: Reading<M>) -> Vec<M::Item> {
        let ids: HashSet<String> = items.iter().filter_map(reading.id).map(str::to_owned).collect();
        let before = std::mem::replace(&mut self.last_ids, ids);
        let is_new = |item: &M::Item| (reading.id)(item).is_none_or(|id| !before.contains(id));
        items.into_iter().filter(|item| is_new(item) && !(reading.is_blank)(item)).collect()
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
}
