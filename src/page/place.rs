//! Where a listing stands, and how that place is found again in a page.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::Listed;
use crate::Result;

/// How many ids of the last items a place keeps. One would do if the last item were never removed.
pub(super) const TRAIL: usize = 8;

/// Where a page stands in a listing.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Position {
    /// The first page of a listing by cursor.
    Start,
    /// The page after this cursor.
    After(String),
    /// The page before this cursor.
    Before(String),
    /// The page of this number and size.
    Number { page: u64, limit: u64 },
}

/// Behind which item of which page a listing stands.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(super) page: Position,
    /// Backwards, the page that comes next. Fetched again after removals, a page reaches further
    /// back, so that it cannot say itself what was before it.
    pub(super) next: Option<Position>,
    /// How many items of the page come before it, by the server's count.
    pub(super) offset: u64,
    /// The ids of the last items that were delivered, the latest last.
    pub(super) last: VecDeque<String>,
    /// The ids of items that stand before the place and were delivered after it.
    pub(super) strays: VecDeque<String>,
    pub(super) items: u64,
    pub(super) pages: u64,
    pub(super) total: Option<u64>,
}

impl Place {
    pub(super) fn start(page: Position) -> Self {
        Self {
            page,
            next: None,
            offset: 0,
            last: VecDeque::new(),
            strays: VecDeque::new(),
            items: 0,
            pages: 0,
            total: None,
        }
    }

    /// Whether a listing can have written it.
    pub(super) fn is_possible(&self) -> bool {
        self.last.len() <= TRAIL && self.strays.len() <= TRAIL && u32::try_from(self.offset).is_ok()
    }

    /// Keeps the id of the item that is delivered now.
    pub(super) fn keep(&mut self, id: &str) {
        keep(&mut self.last, id);
    }

    /// Keeps the id of an item that is delivered now and does not move the place.
    pub(super) fn keep_stray(&mut self, id: &str) {
        keep(&mut self.strays, id);
    }
}

fn keep(ids: &mut VecDeque<String>, id: &str) {
    let mut room = String::new();
    while ids.len() >= TRAIL {
        room = ids.pop_front().unwrap_or_default();
    }
    room.clear();
    room.push_str(id);
    ids.push_back(room);
}

/// Where the place is in a page that was fetched again.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Where it was: the items before it are those that were delivered.
    Here,
    /// The collection changed. Everything before this item was delivered; of the others, what the
    /// place names.
    Moved(usize),
    /// No item that it names is in the page.
    Nowhere,
}

/// Looks for a place in the page that it was in.
pub(super) fn find<T: Listed>(items: &[Result<T>], place: &Place) -> Found {
    let offset = usize::try_from(place.offset).unwrap_or(usize::MAX);
    let Some(last) = place.last.back() else { return Found::Here };
    if let Some(before) = items.get(..offset)
        && before.iter().rev().find_map(id_of).is_none_or(|id| id == last)
    {
        return Found::Here;
    }
    behind_named(items, place).map_or(Found::Nowhere, Found::Moved)
}

/// Behind the latest of the items that the place names. Not behind the first of them: an item that
/// was inserted between them would be delivered, and those after it that it drives out of the names
/// would come again.
pub(super) fn behind_named<T: Listed>(items: &[Result<T>], place: &Place) -> Option<usize> {
    let place_of = |name: &String| items.iter().position(|item| id_of(item) == Some(name.as_str()));
    place.last.iter().rev().find_map(place_of).map(|latest| latest + 1)
}

pub(super) fn id_of<T: Listed>(item: &Result<T>) -> Option<&str> {
    item.as_ref().ok().and_then(Listed::id)
}
