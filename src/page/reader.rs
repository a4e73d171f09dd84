//! Fetches the pages of a plan and hands them on in order.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
};

use futures_util::{StreamExt, stream::FuturesOrdered};
use tokio::runtime::Handle;

use super::{Arrived, Fetched, Place, Plan, Position, Read, Source, ahead::Credits, task::Task};
use crate::{Error, ErrorKind, Result, time::BoxFuture};

/// What one request brings home.
type Fetching<T> = BoxFuture<'static, (Position, Result<Fetched<T>>)>;

/// How many items are wanted at most; also a reader in another task sees it when it is set.
pub(super) struct Limit(AtomicU64);

impl Limit {
    pub(super) fn none() -> Self {
        Self(AtomicU64::new(u64::MAX))
    }

    /// The first limit that is reached counts.
    pub(super) fn set(&self, items: u64) {
        self.0.fetch_min(items, Ordering::Relaxed);
    }

    /// How many more are wanted when there are so many.
    pub(super) fn left(&self, items: u64) -> u64 {
        self.0.load(Ordering::Relaxed).saturating_sub(items)
    }
}

pub(super) struct Reader<T> {
    source: Arc<dyn Source<T>>,
    plan: Box<dyn Plan<T>>,
    under_way: FuturesOrdered<Fetching<T>>,
    /// The page that failed in a way that may pass: the next to ask for.
    failed: Option<Position>,
    broken: Option<Error>,
    limit: Arc<Limit>,
    /// How many items were read so far.
    items: u64,
    pages: u64,
    is_over: bool,
}

impl<T: Send + 'static> Reader<T> {
    /// Reads from a place on, where so many items of the limit were read already.
    pub(super) fn new(source: Arc<dyn Source<T>>, from: &Place, limit: Arc<Limit>, items: u64) -> Self {
        let plan = source.plan(from);
        Self {
            source,
            plan,
            under_way: FuturesOrdered::new(),
            failed: None,
            broken: None,
            limit,
            items,
            pages: from.pages,
            is_over: false,
        }
    }

    pub(super) fn concurrency(&self) -> usize {
        self.plan.concurrency()
    }

    pub(super) fn under_way(&self) -> usize {
        self.under_way.len()
    }

    /// Whether a page has to be asked for. None is where those under way will probably do.
    fn wants(&self) -> bool {
        if self.is_over {
            return false;
        }
        if self.failed.is_some() {
            return true;
        }
        let under_way = self.under_way.len();
        let expected = (under_way as u64).saturating_mul(self.plan.page_size().unwrap_or(u64::MAX));
        expected < self.limit.left(self.items) && self.plan.wants(under_way)
    }

    /// Asks for the next page; false if there is none.
    fn start(&mut self) -> bool {
        let again = self.failed.take();
        let is_first = again.is_some();
        let Some(position) = again.or_else(|| self.plan.next()) else { return false };
        let fetch = self.source.fetch(position.clone());
        let fetching: Fetching<T> = if self.plan.concurrency() > 1 {
            in_a_task(self.source.operation(), position, fetch)
        } else {
            Box::pin(async move { (position, fetch.await) })
        };
        if is_first {
            self.under_way.push_front(fetching);
        } else {
            self.under_way.push_back(fetching);
        }
        true
    }

    /// The next page, `None` at the end, or where there is no credit for another. An error that
    /// may pass leaves the reader at the page that failed; any other ends it.
    pub(super) fn poll_page(
        &mut self,
        context: &mut Context<'_>,
        credits: Option<&Credits>,
    ) -> Poll<Option<Result<Read<T>>>> {
        loop {
            if let Some(error) = self.broken.take() {
                self.end();
                return Poll::Ready(Some(Err(error)));
            }
            while self.wants() && credits.is_none_or(Credits::take) {
                if !self.start() {
                    self.is_over = true;
                }
            }
            let Some((position, outcome)) = ready!(self.under_way.poll_next_unpin(context)) else {
                // Only credit is missing; whoever gives some wakes this.
                let is_waiting = credits.is_some() && self.wants();
                return if is_waiting { Poll::Pending } else { Poll::Ready(None) };
            };
            match outcome {
                Ok(fetched) => {
                    let (page, void) = self.arrived(&position, fetched);
                    if let Some(credits) = credits {
                        credits.give(void);
                    }
                    if page.is_some() {
                        return Poll::Ready(page.map(Ok));
                    }
                }
                Err(error) => {
                    if error.is_transient() {
                        self.failed = Some(position);
                    } else {
                        self.end();
                    }
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
    }

    /// What to deliver of a page, and how many pages are void now.
    fn arrived(&mut self, position: &Position, mut fetched: Fetched<T>) -> (Option<Read<T>>, usize) {
        self.name_page(position, &mut fetched);
        let Arrived { page, others_are_void, broken } = self.plan.arrived(position, fetched);
        let mut void = usize::from(page.is_none());
        if others_are_void {
            void += self.under_way.len();
            self.under_way = FuturesOrdered::new();
        }
        if let Some(page) = &page {
            self.pages = self.pages.saturating_add(1);
            self.items += page.items.iter().flatten().filter(|item| item.is_ok()).count() as u64;
        }
        self.broken = broken;
        (page, void)
    }

    /// Only here it is known which page an item is of.
    fn name_page(&self, position: &Position, fetched: &mut Fetched<T>) {
        let number = match position {
            Position::Number { page, .. } => *page,
            _ => self.pages.saturating_add(1),
        };
        for item in &mut fetched.items {
            if let Err(error) = item {
                error.name_page(number);
            }
        }
    }

    fn end(&mut self) {
        self.is_over = true;
        self.under_way = FuturesOrdered::new();
    }
}

/// Fetches whether or not somebody polls: several pages that wait for their turn to be looked at
/// must not run into their timeouts.
fn in_a_task<T: Send + 'static>(
    operation: &'static str,
    position: Position,
    fetch: BoxFuture<'static, Result<Fetched<T>>>,
) -> Fetching<T> {
    let Ok(runtime) = Handle::try_current() else {
        // It says by itself that it needs one.
        return Box::pin(async move { (position, fetch.await) });
    };
    let task = Task::spawn(&runtime, fetch);
    Box::pin(async move { (position, task.await.unwrap_or_else(|| Err(lost(operation)))) })
}

/// The error where a task went away before it was done.
pub(super) fn lost(operation: &'static str) -> Error {
    let message = "the runtime that fetched the page has ended; ask again in one that lasts";
    Error::new(ErrorKind::NotSent, message).with_operation(operation)
}
