//! Pages by `page` and `limit`, as the CRM Gateway has them.

mod memory;
mod plan;
mod search;
mod totals;

use std::marker::PhantomData;

use self::plan::ByNumber;
use super::{Fetched, Fingerprint, Listed, PagesByNumber, Place, Plan, Position, Source};
use crate::{Result, time::BoxFuture};

/// The pages of a listing by number: a function that fetches a page of a size.
pub(crate) struct NumberSource<O, F> {
    fetch: F,
    fingerprint: Fingerprint,
    concurrency: usize,
    operation: PhantomData<fn() -> O>,
}

impl<O, F> NumberSource<O, F> {
    pub(crate) fn new(fingerprint: Fingerprint, concurrency: usize, fetch: F) -> Self {
        Self { fetch, fingerprint, concurrency, operation: PhantomData }
    }
}

impl<O, F, T> Source<T> for NumberSource<O, F>
where
    O: PagesByNumber,
    F: Fn(Position) -> BoxFuture<'static, Result<Fetched<T>>> + Send + Sync,
    T: Listed,
{
    fn operation(&self) -> &'static str {
        O::INFO.name
    }

    fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    fn is_place(&self, position: &Position) -> bool {
        matches!(position, Position::Number { page: 1.., limit: 1.. })
    }

    fn plan(&self, from: &Place) -> Box<dyn Plan<T>> {
        Box::new(ByNumber::new(O::INFO.name, self.concurrency, from))
    }

    fn fetch(&self, position: Position) -> BoxFuture<'static, Result<Fetched<T>>> {
        (self.fetch)(position)
    }

    fn id<'a>(&self, item: &'a T) -> Option<&'a str> {
        item.id()
    }
}

/// Where a page begins in the server's list.
fn start_of(page: u64, size: u64) -> u64 {
    page.saturating_sub(1).saturating_mul(size)
}

/// The page that holds this place of the server's list.
fn page_at(place: u64, size: u64) -> u64 {
    (place / size.max(1)).saturating_add(1)
}
