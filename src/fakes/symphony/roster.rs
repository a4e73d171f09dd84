//! Who is entitled on one network, in the order of a listing.
//!
//! Everybody has a place, which is never given to another one, so a cursor stays good while
//! others come and go. Places of generated entitlements are counted and not kept.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
};

use super::{
    batch::{Batch, Key},
    people::Entitlement,
};

#[derive(Debug, Default)]
pub(super) struct Roster {
    segments: Vec<Segment>,
    /// Those that were not generated, by place.
    single: BTreeMap<usize, Entitlement>,
    single_ids: HashMap<String, usize>,
    single_numbers: HashMap<String, usize>,
    /// Places of generated ones that were removed.
    removed: Runs,
    /// The first place that was never given.
    end: usize,
}

#[derive(Debug)]
struct Segment {
    start: usize,
    batch: Batch,
}

impl Segment {
    fn end(&self) -> usize {
        self.start + self.batch.len()
    }
}

impl Roster {
    pub(super) fn len(&self) -> usize {
        let generated: usize = self.segments.iter().map(|segment| segment.batch.len()).sum();
        generated - self.removed.len + self.single.len()
    }

    /// How many places were given so far.
    pub(super) fn places(&self) -> usize {
        self.end
    }

    pub(super) fn push(&mut self, entitlement: Entitlement) {
        self.single_ids.insert(entitlement.user.id.clone(), self.end);
        if let Some(number) = &entitlement.number {
            self.single_numbers.insert(number.clone(), self.end);
        }
        self.single.insert(self.end, entitlement);
        self.end += 1;
    }

    pub(super) fn push_batch(&mut self, batch: Batch) {
        let segment = Segment { start: self.end, batch };
        self.end = segment.end();
        self.segments.push(segment);
    }

    /// Those that were not generated.
    pub(super) fn singles(&self) -> impl Iterator<Item = &Entitlement> {
        self.single.values()
    }

    pub(super) fn batches(&self) -> impl Iterator<Item = &Batch> {
        self.segments.iter().map(|segment| &segment.batch)
    }

    /// The place of the one with this id or number. E-mail addresses are the pod's matter.
    pub(super) fn find(&self, key: Key<'_>) -> Option<usize> {
        let single = match key {
            Key::Id(id) => self.single_ids.get(id),
            Key::Number(number) => self.single_numbers.get(number),
            Key::Email(_) => None,
        };
        let generated = || {
            self.segments.iter().find_map(|segment| {
                let place = segment.start + segment.batch.find(key)?;
                self.removed.run_at(place).is_none().then_some(place)
            })
        };
        single.copied().or_else(generated)
    }

    /// Who has this place, or had it if it was a generated one.
    pub(super) fn at(&self, place: usize) -> Option<Cow<'_, Entitlement>> {
        if let Some(single) = self.single.get(&place) {
            return Some(Cow::Borrowed(single));
        }
        let segment = &self.segments[self.segments.partition_point(|segment| segment.end() <= place)..];
        let segment = segment.first().filter(|segment| segment.start <= place)?;
        segment.batch.get(place - segment.start).map(Cow::Owned)
    }

    pub(super) fn remove(&mut self, place: usize) {
        match self.single.remove(&place) {
            Some(single) => {
                self.single_ids.remove(&single.user.id);
                single.number.and_then(|number| self.single_numbers.remove(&number));
            }
            None => self.removed.insert(place),
        }
    }

    /// The first place from `place` on that is taken.
    pub(super) fn next(&self, place: usize) -> Option<usize> {
        let single = self.single.range(place..).next().map(|(place, _)| *place);
        let mut place = place;
        let generated = loop {
            let number = self.segments.partition_point(|segment| segment.end() <= place);
            let Some(segment) = self.segments.get(number) else { break None };
            place = place.max(segment.start);
            match self.removed.run_at(place) {
                Some((_, end)) => place = end,
                None => break Some(place),
            }
        };
        single.into_iter().chain(generated).min()
    }

    /// The last place before `place` that is taken.
    pub(super) fn previous(&self, place: usize) -> Option<usize> {
        let single = self.single.range(..place).next_back().map(|(place, _)| *place);
        let mut place = place;
        let generated = loop {
            let number = self.segments.partition_point(|segment| segment.start < place);
            let Some(segment) = self.segments[..number].last() else { break None };
            let last = place.min(segment.end()) - 1;
            match self.removed.run_at(last) {
                Some((start, _)) => place = start,
                None => break Some(last),
            }
        };
        single.into_iter().chain(generated).max()
    }
}

/// A set of numbers, kept as runs of neighbours: start, and end that is not in it.
#[derive(Debug, Default)]
struct Runs {
    runs: BTreeMap<usize, usize>,
    len: usize,
}

impl Runs {
    fn run_at(&self, number: usize) -> Option<(usize, usize)> {
        let (start, end) = self.runs.range(..=number).next_back()?;
        (number < *end).then_some((*start, *end))
    }

    fn insert(&mut self, number: usize) {
        if self.run_at(number).is_some() {
            return;
        }
        let before = number.checked_sub(1).and_then(|before| self.run_at(before));
        let start = before.map_or(number, |(start, _)| start);
        let end = self.runs.remove(&(number + 1)).unwrap_or(number + 1);
        self.runs.insert(start, end);
        self.len += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::{Batch, Entitlement, Key, Roster};
    use crate::fakes::symphony::User;

    fn person(number: usize) -> Entitlement {
        User::new(format!("{number}"), format!("{number}@acme.example"), "A", "B").into()
    }

    /// 0 to 4 generated, 5 single, 6 to 8 generated, 9 single.
    fn roster() -> Roster {
        let mut roster = Roster::default();
        roster.push_batch(Batch::new(5, person));
        roster.push(person(5));
        roster.push_batch(Batch::new(3, |number| person(number + 6)));
        roster.push(person(9));
        roster
    }

    fn forwards(roster: &Roster) -> Vec<usize> {
        std::iter::successors(roster.next(0), |place| roster.next(place + 1)).collect()
    }

    fn backwards(roster: &Roster) -> Vec<usize> {
        std::iter::successors(roster.previous(usize::MAX), |place| roster.previous(*place)).collect()
    }

    #[test]
    fn both_directions_see_the_same_places_whatever_is_removed_in_whatever_order() {
        for seed in 0..50 {
            let mut random = fastrand::Rng::with_seed(seed);
            let mut roster = roster();
            let mut left: Vec<usize> = (0..10).collect();
            while !left.is_empty() {
                let removed = left.remove(random.usize(..left.len()));
                roster.remove(removed);
                assert_eq!(roster.find(Key::Id(&removed.to_string())), None);
                assert_eq!(forwards(&roster), left);
                assert_eq!(backwards(&roster), left.iter().rev().copied().collect::<Vec<_>>());
                assert_eq!(roster.len(), left.len());
            }
            assert!(roster.removed.runs.len() <= 2, "neighbours are one run");
        }
    }

    #[test]
    fn everybody_is_at_their_place_and_found_by_id() {
        let roster = roster();
        for place in 0..10 {
            assert!(roster.at(place).expect("taken").into_owned() == person(place));
            assert_eq!(roster.find(Key::Id(&place.to_string())), Some(place));
        }
        assert!(roster.at(10).is_none());
        assert_eq!(roster.find(Key::Id("10")), None);
    }

    #[test]
    fn a_place_is_never_given_twice() {
        let mut roster = roster();
        roster.remove(9);
        roster.remove(2);
        roster.push(person(2));
        assert_eq!(roster.find(Key::Id("2")), Some(10));
        assert_eq!(forwards(&roster), [0, 1, 3, 4, 5, 6, 7, 8, 10]);
    }
}
