//! What others do to the collection while nobody reads it.

use std::{
    collections::{BTreeSet, HashSet},
    fmt,
};

use super::world::World;

/// So many changes happen between two lives at most.
pub(crate) const MOST: usize = 3;
/// So far from the place that a listing has reached, half of them happen.
const NEAR: usize = 15;
/// A cursor finds its place again by one of so many last items. Without any of them it goes by the
/// totals, which cannot tell an addition and a removal from nothing, so one of them stays here.
const NAMED: usize = 8;

pub(crate) struct Changes {
    /// All that are there, in the order of the listing as far as others can be found near by it.
    present: Vec<String>,
    original: Vec<String>,
    added: BTreeSet<String>,
    removed: HashSet<String>,
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} were added and {} removed between the lives", self.added.len(), self.removed.len())
    }
}

impl Changes {
    pub(crate) fn of(reference: &[String]) -> Self {
        Self {
            present: reference.to_vec(),
            original: reference.to_vec(),
            added: BTreeSet::new(),
            removed: HashSet::new(),
        }
    }

    /// Those that were there all the time, in order.
    pub(crate) fn stayed(&self) -> impl Iterator<Item = &str> {
        self.original.iter().map(String::as_str).filter(|id| !self.removed.contains(*id))
    }

    pub(crate) fn happen(&mut self, world: &World, written: &[String], random: &mut fastrand::Rng) {
        for _ in 0..random.usize(0..=MOST) {
            let place = self.somewhere(written, random);
            if random.bool() {
                self.add(world, place, random);
            } else {
                self.remove(world, place, written);
            }
        }
    }

    /// Anywhere, or where the listing stands.
    fn somewhere(&self, written: &[String], random: &mut fastrand::Rng) -> usize {
        let last = written.iter().rev().find_map(|id| self.present.iter().position(|there| there == id));
        match last {
            Some(last) if random.bool() => {
                (last + random.usize(0..2 * NEAR)).saturating_sub(NEAR).min(self.present.len() - 1)
            }
            _ => random.usize(0..self.present.len()),
        }
    }

    fn add(&mut self, world: &World, place: usize, random: &mut fastrand::Rng) {
        let neighbour = self.present[place].clone();
        // The neighbour can be one that was added, with no room behind it.
        if self.added.contains(&neighbour) {
            return;
        }
        let number = self.added.len();
        let id = world.newcomer(&neighbour, random.usize(..), number);
        if self.added.insert(id.clone()) {
            world.add(&id, number);
            self.present.insert(place + 1, id);
        }
    }

    fn remove(&mut self, world: &World, place: usize, written: &[String]) {
        let id = self.present[place].clone();
        let named = written.iter().rev().take(NAMED).filter(|named| self.present.contains(named));
        let named: Vec<_> = named.collect();
        if named == [&id] {
            return;
        }
        world.remove(&id);
        self.present.remove(place);
        self.removed.insert(id);
    }
}
