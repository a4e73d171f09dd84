//! Which items were delivered lately.

use std::{
    collections::{HashSet, VecDeque},
    hash::{BuildHasher, RandomState},
};

/// How many ids are known. An insertion of more items than that between two requests would
/// deliver some again.
const MOST: usize = 10_000;
/// No more pages in a row are read again to find something known.
const FURTHEST: u32 = 100;

/// The ids of the last items, as numbers that nobody outside can foresee: an id that is chosen to
/// collide with another one would make an entitlement invisible.
#[derive(Default)]
pub(super) struct Memory {
    order: VecDeque<u64>,
    known: HashSet<u64>,
    keys: RandomState,
    /// Whether there are delivered items that are not known here.
    has_gaps: bool,
    /// How many more pages to look through for a known item, if something is read again.
    pages_to_look_through: u32,
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

    /// How many items of a page that is read for the second time are old although they are not
    /// known: those before the first that is. Without gaps everything old is known.
    pub(super) fn old_in_page(&mut self, first_known: Option<usize>) -> usize {
        let was_looking = self.is_looking();
        self.stop_looking();
        first_known.filter(|_| self.has_gaps && was_looking).unwrap_or_default()
    }

    pub(super) fn knows(&self, id: &str) -> bool {
        self.known.contains(&self.keys.hash_one(id))
    }

    /// Whether it was unknown so far.
    pub(super) fn learn(&mut self, id: &str) -> bool {
        let number = self.keys.hash_one(id);
        if !self.known.insert(number) {
            return false;
        }
        if self.order.len() == MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
            self.has_gaps = true;
        }
        self.order.push_back(number);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_knows_the_last_ids_and_says_when_it_forgets() {
        let mut memory = Memory::default();
        for number in 0..MOST {
            assert!(memory.learn(&number.to_string()));
            assert!(!memory.learn(&number.to_string()));
        }
        assert!(memory.knows("0") && !memory.has_gaps());
        assert!(memory.learn("one more"));
        assert!(!memory.knows("0") && memory.knows("1") && memory.has_gaps);
        assert_eq!((memory.known.len(), memory.order.len()), (MOST, MOST));
    }

    #[test]
    fn what_a_cursor_names_is_not_everything() {
        let memory = Memory::of(["a", "b"]);
        assert!(memory.knows("a") && memory.knows("b") && memory.has_gaps);
    }
}
