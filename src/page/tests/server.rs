//! A server in memory whose answers, failures and changes follow from a tape, and what it saw.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard},
};

use super::tape::Tape;
use crate::{
    Error, ErrorKind, Result,
    page::{Fetched, Listed, Position},
};

/// What a server can have in its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Good,
    /// An item without an id.
    Nameless,
    /// One that cannot be decoded.
    Bad,
    /// `{}`.
    Blank,
    /// One that is counted and not among the items.
    Null,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) name: u32,
    pub(super) kind: Kind,
    /// Where it stands in the order, for pages by cursor.
    key: u128,
}

#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) name: u32,
    id: Option<String>,
    is_blank: bool,
    /// Alive as long as one item of its page is.
    _page: Arc<()>,
}

impl Listed for Item {
    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    fn is_blank(&self) -> bool {
        self.is_blank
    }
}

/// What the server says about how many there are.
#[derive(Debug, Clone, Copy)]
pub(super) enum Told {
    Exactly,
    Nothing,
    TooMany(u64),
    TooFew(u64),
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Style {
    Cursor { backwards: bool, sizes: u64 },
    Number { size: u64, cap: u64, told: Told, concurrency: usize },
}

/// What may happen besides answers.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Budget {
    pub(super) inserted: u32,
    pub(super) removed: u32,
    /// Whether both may happen between the same two answers.
    pub(super) paired: bool,
    pub(super) failures: u32,
    pub(super) fatal: u32,
    pub(super) resumes: u32,
}

/// A page that a plan looked at.
pub(super) struct Look {
    pub(super) version: usize,
    pub(super) total: Option<u64>,
}

/// Changes between two looks that the total does not tell.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Hidden {
    pub(super) removed: u64,
    pub(super) inserted: u64,
    /// How often the total has fallen.
    pub(super) falls: u32,
}

pub(super) struct Server {
    pub(super) tape: Tape,
    pub(super) style: Style,
    pub(super) left: Budget,
    pub(super) list: Vec<Entry>,
    next_name: u32,
    /// The names in the list, after each change.
    versions: Vec<Vec<u32>>,
    pub(super) requests: u64,
    pub(super) failures: u64,
    pub(super) live: usize,
    pub(super) answered: usize,
    /// The most requests that were under way at once.
    pub(super) most_live: usize,
    /// The most pages that were under way, or held by the listing or the caller.
    pub(super) most_pages: usize,
    pages: Vec<std::sync::Weak<()>>,
    /// The pages that plans looked at, one list for each plan.
    pub(super) looks: Vec<Vec<Look>>,
    /// In which version an item was first handed on.
    pub(super) seen: HashMap<u32, usize>,
    /// The version in which a cursor was taken, before the plan of this number.
    joints: Vec<(usize, usize)>,
    pub(super) trace: Vec<String>,
}

pub(super) type Shared = Arc<Mutex<Server>>;

pub(super) fn lock(server: &Shared) -> MutexGuard<'_, Server> {
    server.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl Server {
    pub(super) fn new(
        tape: Tape,
        style: Style,
        left: Budget,
        kinds: impl IntoIterator<Item = Kind>,
    ) -> Shared {
        let list: Vec<Entry> =
            (1..).zip(kinds).map(|(name, kind)| Entry { name, kind, key: u128::from(name) << 64 }).collect();
        let next_name = u32::try_from(list.len()).unwrap_or(u32::MAX).saturating_add(1);
        let versions = vec![list.iter().map(|entry| entry.name).collect()];
        Arc::new(Mutex::new(Self {
            tape,
            style,
            left,
            list,
            next_name,
            versions,
            requests: 0,
            failures: 0,
            live: 0,
            answered: 0,
            most_live: 0,
            most_pages: 0,
            pages: Vec::new(),
            looks: Vec::new(),
            seen: HashMap::new(),
            joints: Vec::new(),
            trace: Vec::new(),
        }))
    }

    pub(super) fn has_changed(&self) -> bool {
        self.versions.len() > 1
    }

    /// The items that were there all the time, in their order.
    pub(super) fn lasting(&self) -> Vec<Entry> {
        let mut counts: HashMap<u32, usize> = HashMap::new();
        for name in self.versions.iter().flatten() {
            *counts.entry(*name).or_default() += 1;
        }
        let is_lasting = |entry: &&Entry| counts.get(&entry.name) == Some(&self.versions.len());
        self.list.iter().filter(is_lasting).copied().collect()
    }

    /// What nobody could notice, as seen in the order in which pages were looked at.
    pub(super) fn hidden(&self) -> Hidden {
        let hidden = |one: usize, then: Option<u64>, other: usize, now: Option<u64>| {
            let [one, other] = [one, other].map(|version| &self.versions[version]);
            let missing = |from: &[u32], of: &[u32]| {
                let there: HashSet<_> = from.iter().collect();
                of.iter().filter(|name| !there.contains(name)).count() as u64
            };
            let [fallen, risen] = then
                .zip(now)
                .map_or([0, 0], |(then, now)| [then.saturating_sub(now), now.saturating_sub(then)]);
            Hidden {
                removed: missing(other, one).saturating_sub(fallen),
                inserted: missing(one, other).saturating_sub(risen),
                falls: u32::from(fallen > 0),
            }
        };
        let told = |version: usize| self.total(self.versions[version].len());
        let within = self.looks.iter().flat_map(|looks| looks.windows(2)).map(|two| {
            let (one, other) = (&two[0], &two[1]);
            hidden(one.version, one.total, other.version, other.total)
        });
        let between = self.joints.iter().filter_map(|(version, plan)| {
            let first = self.looks.get(*plan)?.first()?;
            Some(hidden(*version, told(*version), first.version, first.total))
        });
        within.chain(between).fold(Hidden::default(), |all, one| Hidden {
            removed: all.removed + one.removed,
            inserted: all.inserted + one.inserted,
            falls: all.falls + one.falls,
        })
    }

    /// Whether the last plan was told different totals.
    pub(super) fn saw_totals_differ(&self) -> bool {
        let Some(looks) = self.looks.last() else { return false };
        looks.windows(2).any(|two| two[0].total != two[1].total)
    }

    /// A cursor is taken behind this item, and the items behind it will be looked at again.
    pub(super) fn resume_behind(&mut self, last: Option<u32>, delivered: &HashSet<u32>) {
        self.seen.retain(|name, _| delivered.contains(name));
        if let Some(version) = last.and_then(|last| self.seen.get(&last)) {
            self.joints.push((*version, self.looks.len()));
        }
    }

    pub(super) fn note(&mut self, what: impl FnOnce() -> String) {
        // Enough to read; a case that does not end would fill the memory.
        if self.trace.len() < 400 {
            self.trace.push(what());
        }
    }

    pub(super) fn note_delivered(&mut self, name: u32) {
        match self.trace.last_mut().filter(|last| last.starts_with("delivered")) {
            Some(last) => *last = format!("{last} {name}"),
            None => self.note(|| format!("delivered {name}")),
        }
    }

    fn total(&self, len: usize) -> Option<u64> {
        let Style::Number { told, .. } = self.style else { return None };
        let len = len as u64;
        match told {
            Told::Exactly => Some(len),
            Told::Nothing => None,
            Told::TooMany(by) => Some(len + by),
            Told::TooFew(by) => Some(len.saturating_sub(by)),
        }
    }

    /// Perhaps a change between two answers.
    pub(super) fn pass_time(&mut self) {
        let mut may_remove = true;
        if self.left.inserted > 0 && self.tape.chance(4) {
            let most = self.left.inserted.min(if self.tape.chance(3) { 20 } else { 3 });
            let number = 1 + self.tape.draw(most);
            let at = self.place_to_change();
            self.insert(at, number);
            may_remove = self.left.paired;
        }
        if may_remove && self.left.removed > 0 && !self.list.is_empty() && self.tape.chance(4) {
            let most = self.left.removed.min(if self.tape.chance(3) { 20 } else { 3 });
            let number = 1 + self.tape.draw(most);
            let at = self.place_to_change();
            self.remove(at, number);
        }
    }

    fn place_to_change(&mut self) -> usize {
        let end = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        self.tape.draw(end + 1) as usize
    }

    fn insert(&mut self, at: usize, number: u32) {
        for _ in 0..number {
            let before = at.checked_sub(1).map_or(0, |before| self.list[before].key);
            let after = self.list.get(at).map_or(before + (2 << 64), |entry| entry.key);
            let key = before.midpoint(after);
            if key == before {
                break;
            }
            let entry = Entry { name: self.next_name, kind: Kind::Good, key };
            self.next_name += 1;
            self.left.inserted -= 1;
            self.list.insert(at, entry);
        }
        self.changed(|| format!("{number} inserted at {at}"));
    }

    fn remove(&mut self, at: usize, number: u32) {
        let at = at.min(self.list.len() - 1);
        let end = (at + number as usize).min(self.list.len());
        self.left.removed -= u32::try_from(end - at).unwrap_or(u32::MAX);
        self.list.drain(at..end);
        self.changed(|| format!("{} removed at {at}", end - at));
    }

    fn changed(&mut self, what: impl FnOnce() -> String) {
        let names: Vec<u32> = self.list.iter().map(|entry| entry.name).collect();
        self.versions.push(names);
        self.note(what);
    }

    pub(super) fn begin(&mut self) -> u32 {
        self.requests += 1;
        self.live += 1;
        self.most_live = self.most_live.max(self.live);
        self.pages.retain(|page| page.strong_count() > 0);
        self.most_pages = self.most_pages.max(self.pages.len() + self.live - self.answered);
        self.tape.draw(4)
    }

    pub(super) fn answer(&mut self, position: &Position) -> Result<Fetched<Item>> {
        self.pass_time();
        if self.left.failures > 0 && self.tape.chance(3) {
            self.left.failures -= 1;
            self.failures += 1;
            let kinds = [ErrorKind::Server, ErrorKind::Timeout, ErrorKind::RateLimited, ErrorKind::NotSent];
            let kind = kinds[self.tape.draw(4) as usize];
            self.note(|| format!("{} fails: {kind:?}", name(position)));
            return Err(Error::new(kind, "a failure of the model"));
        }
        if self.left.fatal > 0 && self.tape.chance(1) {
            self.left.fatal -= 1;
            self.failures += 1;
            self.note(|| format!("{} fails for good", name(position)));
            return Err(Error::new(ErrorKind::Forbidden, "a failure of the model"));
        }
        let page = Arc::new(());
        self.pages.push(Arc::downgrade(&page));
        let (entries, next) = match *position {
            Position::Number { page, limit } => self.by_number(page, limit),
            _ => self.by_cursor(position),
        };
        self.note(|| format!("{} gives {}", name(position), shown(&entries)));
        let items = entries.iter().filter_map(|entry| entry.sent(&page)).collect();
        Ok(Fetched { items, count: entries.len() as u64, total: self.total(self.list.len()), next })
    }

    fn by_number(&self, page: u64, limit: u64) -> (Vec<Entry>, Option<Position>) {
        let Style::Number { cap, .. } = self.style else { unreachable!("a page by number of another style") };
        let size = limit.min(cap);
        let start = (page - 1).saturating_mul(size);
        let take = |number| usize::try_from(number).unwrap_or(usize::MAX);
        let entries = self.list.iter().skip(take(start)).take(take(size)).copied().collect();
        // A plan by number does not look at it, so it can carry the version.
        (entries, Some(Position::Number { page: self.versions.len() as u64 - 1, limit: 0 }))
    }

    /// Where a listing by cursor begins.
    pub(super) fn first_page(&self) -> Position {
        match self.style {
            Style::Cursor { backwards: true, .. } => Position::Before(format!("{}.0", u128::MAX)),
            _ => Position::Start,
        }
    }

    /// What is behind or before a key, in pages of sizes that differ and some empty ones.
    pub(super) fn by_cursor(&self, position: &Position) -> (Vec<Entry>, Option<Position>) {
        let Style::Cursor { backwards, sizes } = self.style else {
            unreachable!("a page by cursor of another style")
        };
        let (key, empties) = match position {
            Position::Start => (0, 0),
            Position::After(cursor) | Position::Before(cursor) => {
                let (key, empties) = cursor.split_once('.').expect("a cursor of this server");
                (key.parse().expect("a key"), empties.parse().expect("a number"))
            }
            Position::Number { .. } => unreachable!("a number in a listing by cursor"),
        };
        let at = |key: u128, empties: u64| {
            let cursor = format!("{key}.{empties}");
            if backwards { Position::Before(cursor) } else { Position::After(cursor) }
        };
        let [mut chance, count] = [key % 1_000_003, key % 7].map(|part| u64::try_from(part).unwrap_or(0));
        chance = chance.wrapping_mul(sizes | 1).wrapping_add(sizes) >> 3;
        if empties < count % 3 && chance.is_multiple_of(3) {
            return (Vec::new(), Some(at(key, empties + 1)));
        }
        let size = usize::try_from(1 + chance % (sizes % 12 + 1)).unwrap_or(1);
        let behind = |entry: &&Entry| if backwards { entry.key < key } else { entry.key > key };
        let all: Vec<Entry> = self.list.iter().filter(behind).copied().collect();
        let rest = all.len().saturating_sub(size);
        let page = if backwards { &all[rest..] } else { &all[..all.len() - rest] };
        let edge = if backwards { page.first() } else { page.last() };
        let ends = rest == 0 && (chance.is_multiple_of(2) || page.is_empty());
        (page.to_vec(), edge.filter(|_| !ends).map(|edge| at(edge.key, 0)))
    }
}

impl Entry {
    fn sent(&self, page: &Arc<()>) -> Option<Result<Item>> {
        let item = |id, is_blank| Item { name: self.name, id, is_blank, _page: page.clone() };
        match self.kind {
            Kind::Good => Some(Ok(item(Some(self.name.to_string()), false))),
            Kind::Nameless => Some(Ok(item(None, false))),
            Kind::Blank => Some(Ok(item(None, true))),
            Kind::Bad => Some(Err(Error::new(ErrorKind::UnexpectedAnswer, self.name.to_string()))),
            Kind::Null => None,
        }
    }
}

fn shown(entries: &[Entry]) -> String {
    let shown = |entry: &Entry| match entry.kind {
        Kind::Good => entry.name.to_string(),
        kind => format!("{}{:?}", entry.name, kind),
    };
    entries.iter().map(shown).collect::<Vec<_>>().join(" ")
}

pub(super) fn name(position: &Position) -> String {
    match position {
        Position::Start => "the first page".to_owned(),
        Position::After(cursor) => format!("after {cursor}"),
        Position::Before(cursor) => format!("before {cursor}"),
        Position::Number { page, limit } => format!("page {page} by {limit}"),
    }
}
