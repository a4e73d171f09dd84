//! Which pages to read, so that a collection that changes meanwhile loses and repeats nothing.

use super::{
    memory::Memory,
    page_at,
    search::{Outcome, Search},
    start_of,
    totals::Totals,
};
use crate::{
    Error, ErrorKind, Result,
    page::{Arrived, Fetched, Listed, Place, Plan, Position, Read, place::id_of},
};

/// More pages side by side are a mistake.
const MOST_SIDE_BY_SIDE: usize = 1_000;
/// So many steps back in a row may bring nothing: a server whose totals go up and down would else
/// never be read to its end.
const RETURNS: u32 = 8;
/// So many, if the total was never as low before. It may well fall for as long as a listing takes.
const RETURNS_AT_NEW_LOWS: u32 = 100;
/// So many pages in a row may bring nothing but known items, and so many if insertions explain it.
const REPEATED_PAGES: u64 = 3;
const EXPLAINED_PAGES: u64 = 100;
/// So many pages of empty objects in a row are the end, whatever the total says.
const BLANK_PAGES: u32 = 3;

/// Reads page after page by number.
pub(super) struct ByNumber {
    operation: &'static str,
    concurrency: usize,
    size: u64,
    /// The most items that a page had.
    largest: u64,
    /// How many the last one had that was short.
    shortened: u64,
    /// The page to ask for next.
    next: u64,
    /// Before this place of the server's list everything was delivered. A removal before it moves
    /// it towards the beginning.
    covered: u64,
    /// Before this place something is read for the second time.
    furthest: u64,
    /// Before this place nothing is delivered, because a cursor or the totals say that it was.
    floor: u64,
    totals: Totals,
    memory: Memory,
    search: Option<Search>,
    /// How many steps back in a row brought nothing.
    returns: u32,
    /// How many items in a row were known.
    repeats: u64,
    /// How many items a cursor named, which can come once more.
    named: u64,
    /// How many pages in a row held nothing but empty objects.
    blank_pages: u32,
    /// Whether a page has to come although there are no items any more, to say that something changed.
    owes_page: bool,
    is_over: bool,
    changed: bool,
}

/// What is new in a page.
struct News<T> {
    items: Vec<Option<Result<T>>>,
    strays: u64,
    is_blank: bool,
}

impl ByNumber {
    pub(super) fn new(operation: &'static str, concurrency: usize, from: &Place) -> Self {
        let (page, size) = match from.page {
            Position::Number { page, limit } => (page.max(1), limit.max(1)),
            _ => (1, 1),
        };
        let is_start = from.items == 0 && from.offset == 0;
        let begin = start_of(page, size);
        Self {
            operation,
            concurrency: concurrency.clamp(1, MOST_SIDE_BY_SIDE),
            size,
            largest: 0,
            shortened: 0,
            next: page,
            covered: begin,
            furthest: begin,
            floor: 0,
            totals: Totals::new(),
            memory: if is_start {
                Memory::default()
            } else {
                Memory::of(from.last.iter().chain(&from.strays).map(String::as_str))
            },
            search: Search::new(from.clone()),
            returns: 0,
            repeats: 0,
            named: (from.last.len() + from.strays.len()) as u64,
            blank_pages: 0,
            owes_page: false,
            is_over: false,
            changed: false,
        }
    }

    /// Finds out how many items of this page were delivered before the listing was resumed.
    fn resume<T: Listed>(&mut self, start: u64, fetched: &Fetched<T>) -> std::result::Result<usize, u64> {
        let Some(mut search) = self.search.take() else { return Ok(0) };
        let outcome = search.look(fetched);
        self.changed |=
            fetched.total.is_some() && search.total().is_some_and(|then| fetched.total != Some(then));
        match outcome {
            Outcome::Found(first, is_in_place) => {
                self.changed |= !is_in_place;
                self.covered = start.saturating_add(first as u64);
                self.furthest = self.covered;
                Ok(first)
            }
            Outcome::Elsewhere(page) => {
                self.changed = true;
                self.search = Some(search);
                Err(page)
            }
            Outcome::Lost(place) => {
                self.changed = true;
                (self.covered, self.furthest, self.floor) = (place, place, place);
                self.owes_page = true;
                Err(page_at(place, self.size))
            }
        }
    }

    /// Whether to read again what removals may have moved before this page.
    fn steps_back<T: Listed>(&mut self, page: u64, start: u64, items: &[Result<T>]) -> bool {
        if start <= self.covered {
            return self.steps_further_back(page, items);
        }
        self.returns = self.returns.saturating_add(1);
        if self.returns > if self.totals.is_new_low() { RETURNS_AT_NEW_LOWS } else { RETURNS } {
            self.covered = start;
            self.memory.stop_looking();
            return false;
        }
        // With the last item before the gap, which shows where what is known ends.
        self.next = page_at(self.covered.saturating_sub(1), self.size);
        self.memory.begin_again();
        true
    }

    /// A removal and an insertion between the same two requests move more than the total has
    /// fallen, so a page with nothing known is not far enough back.
    fn steps_further_back<T: Listed>(&mut self, page: u64, items: &[Result<T>]) -> bool {
        if !self.memory.is_looking() {
            return false;
        }
        let mut ids = items.iter().filter_map(id_of).peekable();
        if ids.peek().is_none() || ids.any(|id| self.memory.knows(id)) {
            return false;
        }
        if self.memory.looks_further() && page > 1 {
            self.next = page - 1;
            return true;
        }
        // Nothing that is remembered is left there, so only the totals tell where to go on.
        self.memory.stop_looking();
        self.floor = self.covered;
        let home = page_at(self.covered, self.size);
        if home == page {
            return false;
        }
        self.next = home;
        true
    }

    /// Goes on with the size that the server gives, where it is not the one that was asked for.
    /// Pages of it begin elsewhere, at the latest where this one ended.
    fn learn_size(&mut self, start: u64, count: u64) -> bool {
        let end = start.saturating_add(count);
        let is_short = count < self.size && self.totals.usable().is_some_and(|total| end < total);
        let ignores_limit = start == 0 && count > self.size;
        let size = if is_short || ignores_limit {
            if count == self.shortened {
                // Twice the same is no accident.
                self.largest = count;
            }
            self.shortened = count;
            count
        } else {
            self.largest = self.largest.max(count.min(self.size));
            // One short page is no reason to go on in steps of its size for ever.
            self.size.saturating_mul(2).min(self.largest).max(self.size)
        };
        let is_other = size != self.size;
        if is_other {
            self.size = size;
            self.next = page_at(end, size);
        }
        is_other
    }

    fn news<T: Listed>(&mut self, start: u64, delivered: usize, items: Vec<Result<T>>) -> News<T> {
        let is_second_time = start < self.furthest;
        let is_known = |item: &Result<T>| id_of(item).is_some_and(|id| self.memory.knows(id));
        // What is not known can have been forgotten, if something known comes after it. On a page
        // that was not read before only a rise of the total can have brought it there; else it is
        // new, and the known item has moved.
        let risen = if self.memory.has_gaps() { self.totals.risen() } else { 0 };
        let last_known = if is_second_time || risen > 0 { items.iter().rposition(is_known) } else { None };
        let before_known = last_known.unwrap_or_default();
        let is_forgotten = self.memory.has_gaps() && (is_second_time || risen > before_known as u64);
        let old = if is_forgotten { before_known } else { 0 };
        let read_before =
            self.covered.saturating_sub(start).max(last_known.map_or(0, |index| index as u64 + 1));
        let strays = if is_second_time { read_before } else { 0 };
        if is_second_time {
            self.memory.stop_looking();
        }
        let floor = usize::try_from(self.floor.saturating_sub(start)).unwrap_or(usize::MAX);
        let old = if delivered > 0 { delivered } else { old.max(floor) };
        let (mut fresh, mut repeated, mut blank) = (0_u64, 0, 0);
        let mut sort = |index: usize, item: Result<T>| {
            let is_before = start.saturating_add(index as u64) < self.covered;
            let is_new = match &item {
                Ok(one) if one.is_blank() => {
                    blank += 1;
                    return None;
                }
                Ok(one) => one.id().map_or(!is_before, |id| self.memory.learn(id)),
                Err(_) => !is_before,
            };
            let is_new = is_new && index >= old;
            let count = if is_new { &mut fresh } else { &mut repeated };
            *count += 1;
            is_new.then_some(item)
        };
        let items: Vec<_> = items.into_iter().enumerate().map(|(index, item)| sort(index, item)).collect();
        if fresh > 0 {
            self.repeats = 0;
            if !is_second_time {
                self.totals.explain_rise(fresh);
            }
            // What is read again for nothing is paid for with pages that were not.
            self.returns = if is_second_time { 0 } else { self.returns.saturating_sub(1) };
        } else if !is_second_time {
            self.repeats = self.repeats.saturating_add(repeated);
        }
        self.changed |= repeated > 0 && !is_second_time;
        News { is_blank: blank > 0 && blank == items.len(), items, strays }
    }

    fn end_or_go_on(&mut self, start: u64, count: u64, is_blank: bool) {
        let end = start.saturating_add(count);
        if !is_blank {
            self.totals.note_end(end);
        }
        self.blank_pages = if is_blank { self.blank_pages + 1 } else { 0 };
        self.is_over = count == 0
            || self.blank_pages >= BLANK_PAGES
            || match self.totals.usable() {
                // A full page of nothing but known items can be that of a server that ignores the
                // number. The next one shows it.
                Some(total) => end >= total && (self.repeats == 0 || count < self.size),
                None => count < self.size || is_blank,
            };
        self.covered = self.covered.max(end);
        self.furthest = self.furthest.max(self.covered);
    }

    fn broken(&mut self) -> Option<Error> {
        let explained = self.totals.risen().saturating_add(self.named);
        let allowed = self.size.saturating_mul(REPEATED_PAGES).saturating_add(explained);
        let allowed = allowed.min(self.size.saturating_mul(EXPLAINED_PAGES));
        if self.is_over || self.repeats < allowed {
            return None;
        }
        self.is_over = true;
        let message = "the server sent the same items in page after page, which would never end; start the listing again";
        Some(Error::new(ErrorKind::Pagination, message).with_operation(self.operation))
    }
}

impl<T: Listed> Plan<T> for ByNumber {
    fn concurrency(&self) -> usize {
        self.concurrency
    }

    fn page_size(&self) -> Option<u64> {
        Some(self.size)
    }

    fn wants(&self, under_way: usize) -> bool {
        if self.is_over || self.search.is_some() {
            return !self.is_over && under_way == 0;
        }
        // After a step back there is one more page, if only to say that something changed.
        let is_after_all = self.repeats > 0 || self.owes_page || self.memory.is_looking();
        let can_exist = |total| start_of(self.next, self.size) < total || is_after_all;
        under_way < self.concurrency && self.totals.usable().is_none_or(can_exist)
    }

    fn next(&mut self) -> Option<Position> {
        let page = self.next;
        self.next = page.saturating_add(1);
        Some(Position::Number { page, limit: self.size })
    }

    fn arrived(&mut self, position: &Position, fetched: Fetched<T>) -> Arrived<T> {
        let again = || Arrived { page: None, others_are_void: true, broken: None };
        let Position::Number { page, limit } = *position else { return again() };
        let start = start_of(page, limit);
        let fallen = self.totals.note(fetched.total, start, fetched.count);
        // A search has its own count of what has fallen.
        let is_resumed = self.search.is_some();
        let delivered = match self.resume(start, &fetched) {
            Ok(delivered) => delivered,
            Err(elsewhere) => {
                self.next = elsewhere;
                return again();
            }
        };
        if !is_resumed {
            self.covered = self.covered.saturating_sub(fallen);
            self.floor = self.floor.saturating_sub(fallen);
        }
        if self.steps_back(page, start, &fetched.items) {
            return again();
        }
        self.owes_page = false;
        let News { items, strays, is_blank } = self.news(start, delivered, fetched.items);
        self.end_or_go_on(start, fetched.count, is_blank);
        let has_other_size = !self.is_over && self.learn_size(start, fetched.count);
        let broken = self.broken();
        // Its cursors are to name pages of the size that there is.
        let is_renamed = has_other_size && start.is_multiple_of(self.size);
        let renamed = Position::Number { page: page_at(start, self.size), limit: self.size };
        let page = Read {
            position: if is_renamed { renamed } else { position.clone() },
            items,
            strays,
            total: self.totals.last(),
            next: None,
            changed: self.changed || self.totals.has_changed(),
        };
        Arrived { page: Some(page), others_are_void: has_other_size || self.is_over, broken }
    }
}
