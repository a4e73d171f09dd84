//! A listing that is being read: its place, the page at hand, and where the next one comes from.

use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll, ready},
    vec::IntoIter,
};

use tokio::runtime::Handle;

use super::{
    Cursor, Place, Position, Read, Source,
    ahead::{Ahead, Next},
    reader::{Limit, Reader, lost},
};
use crate::{Error, Result};

/// More pages ahead are a mistake, and nobody's memory holds them.
const MOST_AHEAD: usize = 100_000;

pub(super) struct Listing<T> {
    source: Arc<dyn Source<T>>,
    supply: Supply<T>,
    /// Behind the last item that was delivered.
    place: Place,
    /// The page at hand, and how many of its items were looked at.
    page: Position,
    passed: u64,
    /// So many of them do not move the place.
    strays: u64,
    items: IntoIter<Option<Result<T>>>,
    /// Where to go on behind the page at hand, if that needs no look at it.
    next: Option<Position>,
    /// What the server said last; the place keeps what it said with the page of the last item.
    total: Option<u64>,
    /// How many pages there were; the place keeps how many were before its own.
    pages: u64,
    limit: Arc<Limit>,
    /// How many items were delivered by this listing, and not by those that it resumes.
    delivered: u64,
    prefetch: usize,
    has_changed: bool,
}

enum Supply<T> {
    Own(Reader<T>),
    Ahead(Ahead<T>),
    /// A cursor that is none of this listing.
    Refused(Option<Error>, Box<Cursor>),
    Over,
}

impl<T: Send + Unpin + 'static> Listing<T> {
    pub(super) fn new(source: Arc<dyn Source<T>>, start: Position, resume: Option<Cursor>) -> Self {
        let limit = Arc::new(Limit::none());
        let refused = resume.as_ref().and_then(|cursor| cursor.check(&*source).err());
        let (place, supply) = match (resume, refused) {
            (Some(cursor), Some(error)) => {
                let error = error.with_operation(source.operation());
                (Place::start(start), Supply::Refused(Some(error), Box::new(cursor)))
            }
            (cursor, _) => {
                let place = cursor.map_or_else(|| Place::start(start), Cursor::into_place);
                let reader = Reader::new(source.clone(), &place, limit.clone(), 0);
                (place, Supply::Own(reader))
            }
        };
        Self {
            source,
            supply,
            page: place.page.clone(),
            passed: 0,
            strays: 0,
            items: Vec::new().into_iter(),
            next: None,
            total: place.total,
            pages: place.pages,
            limit,
            delivered: 0,
            prefetch: 0,
            has_changed: false,
            place,
        }
    }

    /// Shows nothing of items and cursors.
    pub(super) fn debug(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(name)
            .field("operation", &self.source.operation())
            .field("items_so_far", &self.place.items)
            .field("pages_so_far", &self.pages)
            .field("total", &self.total)
            .finish_non_exhaustive()
    }

    /// Delivers at most so many more items.
    pub(super) fn limit(&mut self, items: u64) {
        self.limit.set(self.delivered.saturating_add(items));
        self.end_if_enough();
    }

    /// Fetches so many pages ahead, from the next time that an item is asked for.
    pub(super) fn prefetch(&mut self, pages: usize) {
        self.prefetch = pages.min(MOST_AHEAD);
        if let Supply::Ahead(ahead) = &mut self.supply {
            ahead.set(self.prefetch);
        }
    }

    pub(super) fn items_so_far(&self) -> u64 {
        self.place.items
    }

    pub(super) fn pages_so_far(&self) -> u64 {
        self.pages
    }

    pub(super) fn total(&self) -> Option<u64> {
        self.total
    }

    pub(super) fn has_changed(&self) -> bool {
        self.has_changed
    }

    pub(super) fn is_over(&self) -> bool {
        match self.supply {
            Supply::Refused(None, _) | Supply::Over => !self.has_items(),
            Supply::Refused(Some(_), _) | Supply::Own(_) | Supply::Ahead(_) => false,
        }
    }

    pub(super) fn cursor(&self) -> Cursor {
        match &self.supply {
            Supply::Refused(_, cursor) => (**cursor).clone(),
            _ => Cursor::new(&*self.source, self.place()),
        }
    }

    /// Where a reader goes on with the next item.
    fn place(&self) -> Place {
        let mut place = self.place.clone();
        if let Some(next) = self.next.as_ref().filter(|_| self.items.as_slice().is_empty()) {
            // All of the page was delivered, so the next one can be had without this.
            place.page = next.clone();
            place.next = None;
            place.offset = 0;
            place.pages = self.pages;
        }
        place
    }

    /// How many items of the page at hand were not looked at.
    pub(super) fn left_at_hand(&self) -> usize {
        self.items.as_slice().len()
    }

    /// Whether there is more of the page at hand to look at.
    pub(super) fn has_items(&self) -> bool {
        !self.has_enough() && !self.items.as_slice().is_empty()
    }

    /// The next item of the page at hand.
    pub(super) fn next_item(&mut self) -> Option<Result<T>> {
        while !self.has_enough() {
            let slot = self.items.next()?;
            self.passed += 1;
            let Some(item) = slot else { continue };
            if self.passed > self.strays {
                self.move_behind(item.as_ref().ok());
            } else if let Some(id) = item.as_ref().ok().and_then(|item| self.source.id(item)) {
                self.place.keep_stray(id);
            }
            if item.is_ok() {
                self.place.items = self.place.items.saturating_add(1);
                self.delivered += 1;
                self.end_if_enough();
            }
            return Some(item);
        }
        None
    }

    /// Moves the place behind the item that is delivered now.
    fn move_behind(&mut self, item: Option<&T>) {
        if self.place.page != self.page {
            self.place.page = self.page.clone();
            self.place.next = None;
        }
        self.place.offset = self.passed;
        self.place.total = self.total;
        self.place.pages = self.pages.saturating_sub(1);
        if let Some(id) = item.and_then(|item| self.source.id(item)) {
            self.place.keep(id);
        }
    }

    /// Gets the next page, which is then at hand. `None` is the end.
    pub(super) fn poll_page(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<()>>> {
        self.give_room_back();
        self.look_ahead();
        let next = match &mut self.supply {
            Supply::Own(reader) => match ready!(reader.poll_page(context, None)) {
                Some(Ok(page)) => Next::Page(page),
                Some(Err(error)) if error.is_transient() => return Poll::Ready(Some(Err(error))),
                Some(Err(error)) => Next::Ended(Some(error)),
                None => Next::Ended(None),
            },
            Supply::Ahead(ahead) => ready!(ahead.poll_page(context)),
            Supply::Refused(error, _) => Next::Ended(error.take()),
            Supply::Over => return Poll::Ready(None),
        };
        Poll::Ready(match next {
            Next::Page(page) => {
                self.load(page);
                Some(Ok(()))
            }
            Next::Failed(error, reader) => {
                self.supply = Supply::Own(reader);
                Some(Err(error))
            }
            Next::Lost => {
                let (source, limit) = (self.source.clone(), self.limit.clone());
                let place = self.place();
                // The page of the place counts when it is fetched again.
                self.pages = place.pages;
                self.supply = Supply::Own(Reader::new(source, &place, limit, self.delivered));
                Some(Err(lost(self.source.operation())))
            }
            Next::Ended(error) => {
                self.end();
                error.map(Err)
            }
        })
    }

    /// The room of a page that is used up must not be there beside that of the next one.
    pub(super) fn give_room_back(&mut self) {
        if self.items.as_slice().is_empty() {
            self.items = Vec::new().into_iter();
        }
    }

    /// Moves the reader into a task of its own where that is wanted. Without a runtime the reader
    /// says by itself that it needs one.
    fn look_ahead(&mut self) {
        if self.prefetch == 0 || !matches!(self.supply, Supply::Own(_)) {
            return;
        }
        let Ok(runtime) = Handle::try_current() else { return };
        if let Supply::Own(reader) = std::mem::replace(&mut self.supply, Supply::Over) {
            self.supply = Supply::Ahead(Ahead::spawn(&runtime, reader, self.prefetch));
        }
    }

    fn load(&mut self, page: Read<T>) {
        self.pages = self.pages.saturating_add(1);
        self.total = page.total.or(self.total);
        self.has_changed |= page.changed;
        self.items = page.items.into_iter();
        self.passed = 0;
        self.strays = page.strays;
        // A page by number is found again by its items only, so the place stays with those that
        // were delivered until there is one of this page.
        if (page.next.is_some() || self.next.is_some()) && self.place.page != page.position {
            self.place.page = page.position.clone();
            self.place.offset = 0;
            self.place.pages = self.pages.saturating_sub(1);
        }
        if self.place.page == page.position {
            self.place.next = page.next.clone().filter(|next| matches!(next, Position::Before(_)));
        }
        self.page = page.position;
        self.next = page.next;
    }

    fn has_enough(&self) -> bool {
        self.limit.left(self.delivered) == 0
    }

    /// With enough items nothing that is under way can be needed.
    fn end_if_enough(&mut self) {
        if self.has_enough() {
            self.end();
        }
    }

    fn end(&mut self) {
        // The cursor that was refused stays the cursor.
        if !matches!(self.supply, Supply::Refused(..)) {
            self.supply = Supply::Over;
        }
    }
}
