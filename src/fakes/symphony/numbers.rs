//! What a tenant's phone numbers are good for.

use std::collections::{BTreeMap, BTreeSet, HashMap};

#[derive(Debug, Default)]
pub(super) struct Numbers {
    /// Without one, SMS Direct is in-network.
    pub(super) second: Option<Pool>,
    /// Number by Symphony id.
    pub(super) pre_allocated: BTreeMap<String, String>,
    pub(super) activated: BTreeSet<String>,
    pub(super) unavailable: BTreeSet<String>,
    /// Why, by number.
    pub(super) unregistrable: BTreeMap<String, String>,
}

/// Second numbers, given out in the order of the list.
#[derive(Debug)]
pub(super) struct Pool {
    numbers: Vec<String>,
    positions: HashMap<String, usize>,
    free: BTreeSet<usize>,
}

impl Numbers {
    pub(super) fn is_allocated_to_other(&self, number: &str, id: &str) -> bool {
        self.pre_allocated.iter().any(|(other, allocated)| allocated == number && other != id)
    }
}

impl Pool {
    pub(super) fn new(numbers: Vec<String>) -> Self {
        let positions = numbers.iter().cloned().zip(0..).collect();
        Self { free: (0..numbers.len()).collect(), positions, numbers }
    }

    /// The first free number that was not taken past the pool, by a seed for example.
    pub(super) fn first_free(&self, is_taken: impl Fn(&str) -> bool) -> Option<String> {
        self.free.iter().map(|position| &self.numbers[*position]).find(|number| !is_taken(number)).cloned()
    }

    pub(super) fn take(&mut self, number: &str) {
        if let Some(position) = self.positions.get(number) {
            self.free.remove(position);
        }
    }

    pub(super) fn give_back(&mut self, number: &str) {
        self.free.extend(self.positions.get(number));
    }
}
