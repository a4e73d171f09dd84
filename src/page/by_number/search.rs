//! Finds the place of a cursor again, although items were added or removed since.

use std::collections::VecDeque;

use super::{page_at, start_of};
use crate::page::{
    Fetched, Listed, Place, Position,
    place::{Found, behind_named, find},
};

/// No more pages are looked through in either direction.
const FURTHEST: u64 = 100;

/// A search for the last items that a cursor names.
pub(super) struct Search {
    place: Place,
    home: u64,
    size: u64,
    /// Where to look next; `None` until the page that the cursor names was looked at.
    left: Option<VecDeque<u64>>,
    /// What the server said last, and by how much that has fallen since the cursor was taken.
    last: Option<u64>,
    fallen: u64,
}

pub(super) enum Outcome {
    /// In this page; everything before this item was delivered. Whether it is where it was.
    Found(usize, bool),
    /// Perhaps in this page.
    Elsewhere(u64),
    /// Nowhere. Go on at this place of the server's list.
    Lost(u64),
}

impl Search {
    pub(super) fn new(place: Place) -> Option<Self> {
        let Position::Number { page: home, limit: size } = place.page else { return None };
        let last = place.total;
        (place.offset > 0).then_some(Self { place, home, size, left: None, last, fallen: 0 })
    }

    pub(super) fn total(&self) -> Option<u64> {
        self.place.total
    }

    pub(super) fn look<T: Listed>(&mut self, fetched: &Fetched<T>) -> Outcome {
        self.note(fetched.total);
        let found = match &self.left {
            None => find(&fetched.items, &self.place),
            Some(_) => behind_named(&fetched.items, &self.place).map_or(Found::Nowhere, Found::Moved),
        };
        match found {
            Found::Here => Outcome::Found(usize::try_from(self.place.offset).unwrap_or(usize::MAX), true),
            Found::Moved(first) => Outcome::Found(first, false),
            Found::Nowhere => {
                let (fallen, risen) = self.difference(fetched.total);
                let pages = self.left.take().unwrap_or_else(|| self.pages(fallen, risen, fetched.total));
                let pages = self.left.insert(pages);
                pages
                    .pop_front()
                    .map_or(Outcome::Lost(self.at().saturating_sub(self.fallen)), Outcome::Elsewhere)
            }
        }
    }

    /// How many items were delivered, by the server's count.
    fn at(&self) -> u64 {
        start_of(self.home, self.size).saturating_add(self.place.offset)
    }

    fn note(&mut self, told: Option<u64>) {
        let fallen = self.last.zip(told).map_or(0, |(then, now)| then.saturating_sub(now));
        self.fallen = self.fallen.saturating_add(fallen);
        self.last = told.or(self.last);
    }

    fn difference(&self, now: Option<u64>) -> (u64, u64) {
        match (self.place.total, now) {
            (Some(then), Some(now)) => (then.saturating_sub(now), now.saturating_sub(then)),
            _ => (0, 0),
        }
    }

    /// The other pages that the items can be on: as many as the totals tell, and the neighbours.
    fn pages(&self, fallen: u64, risen: u64, total: Option<u64>) -> VecDeque<u64> {
        let last_item = self.at().saturating_sub(1);
        let lowest = page_at(last_item.saturating_sub(fallen), self.size).min(self.home - 1);
        let lowest = lowest.max(self.home.saturating_sub(FURTHEST)).max(1);
        let highest = page_at(last_item.saturating_add(risen), self.size).max(self.home.saturating_add(1));
        let highest = highest.min(self.home.saturating_add(FURTHEST));
        let exists = |page: &u64| total.is_none_or(|total| start_of(*page, self.size) < total);
        (lowest..self.home).rev().chain((self.home.saturating_add(1)..=highest).filter(exists)).collect()
    }
}
