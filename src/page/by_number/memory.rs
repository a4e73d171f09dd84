//! Which items were delivered lately.

use std::{
    collections::{HashSet, VecDeque},
    hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState},
};

/// So many generations of ids are known; the oldest is forgotten when the newest is full.
const GENERATIONS: usize = 4;
/// What a table of 4,096 places holds. Three of them are more than the last 10,000 ids: an insertion
/// of more items than that between two requests would deliver some again.
const GENERATION: usize = 3_500;
/// No more pages in a row are read again to find something known.
const FURTHEST: u32 = 100;

/// The ids of the last items, as numbers that nobody outside can foresee: an id that is chosen to
/// collide with another one would make an entitlement invisible.
#[derive(Default)]
pub(super) struct Memory {
    /// The newest last.
    generations: VecDeque<Numbers>,
    keys: RandomState,
    /// Whether there are delivered items that are not known here.
    has_gaps: bool,
    /// How many more pages to look through for a known item, if something is read again.
    pages_to_look_through: u32,
}

type Numbers = HashSet<u64, BuildHasherDefault<Unchanged>>;

/// The numbers are hashes already.
#[derive(Default)]
struct Unchanged(u64);

impl Hasher for Unchanged {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

impl Memory {
    /// A memory that begins in the middle of a listing, with what its cursor knows.
    pub(super) fn of<'a>(ids: impl IntoIterator<Item = &'a str>) -> Self {
        let mut memory = Self { has_gaps: true, ..Self::default() };
        for id in ids {
            memory.learn(id);
        }
        memory
    }

    /// Pages are read for the second time from now on, until there is one with something known.
    pub(super) fn begin_again(&mut self) {
        self.pages_to_look_through = FURTHEST;
    }

    pub(super) fn is_looking(&self) -> bool {
        self.pages_to_look_through > 0
    }

    /// Takes note of a page without anything known; false if that is enough of them.
    pub(super) fn looks_further(&mut self) -> bool {
        self.pages_to_look_through = self.pages_to_look_through.saturating_sub(1);
        self.is_looking()
    }

    pub(super) fn stop_looking(&mut self) {
        self.pages_to_look_through = 0;
    }

    pub(super) fn has_gaps(&self) -> bool {
        self.has_gaps
    }

    pub(super) fn knows(&self, id: &str) -> bool {
        self.has(self.keys.hash_one(id))
    }

    /// Whether it was unknown so far.
    pub(super) fn learn(&mut self, id: &str) -> bool {
        let number = self.keys.hash_one(id);
        if self.has(number) {
            return false;
        }
        if self.generations.back().is_none_or(|newest| newest.len() == GENERATION) {
            self.begin_generation();
        }
        self.generations.back_mut().is_some_and(|newest| newest.insert(number))
    }

    fn has(&self, number: u64) -> bool {
        self.generations.iter().any(|numbers| numbers.contains(&number))
    }

    /// Takes the room of the oldest if there are enough.
    fn begin_generation(&mut self) {
        let mut room = Numbers::default();
        if self.generations.len() == GENERATIONS {
            self.has_gaps = true;
            room = self.generations.pop_front().unwrap_or_default();
            room.clear();
        }
        self.generations.push_back(room);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_knows_the_last_ids_and_says_when_it_forgets() {
        const MOST: usize = GENERATIONS * GENERATION;
        let mut memory = Memory::default();
        for number in 0..MOST {
            assert!(memory.learn(&number.to_string()));
            assert!(!memory.learn(&number.to_string()));
        }
        assert!(memory.knows("0") && !memory.has_gaps());
        assert!(memory.learn("one more"));
        assert!(!memory.knows("0") && memory.knows(&(MOST - 10_000).to_string()) && memory.has_gaps);
        let room = |memory: &Memory| memory.generations.iter().map(Numbers::capacity).sum::<usize>();
        let before = room(&memory);
        for number in 0..10 * MOST {
            memory.learn(&number.to_string());
        }
        assert_eq!((memory.generations.len(), room(&memory)), (GENERATIONS, before));
    }

    #[test]
    fn what_a_cursor_names_is_not_everything() {
        let memory = Memory::of(["a", "b"]);
        assert!(memory.knows("a") && memory.knows("b") && memory.has_gaps);
    }
}
