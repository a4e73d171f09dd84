//! The entitlements of one tenant, in the order of their ids.

use std::{borrow::Cow, collections::BTreeMap, collections::btree_map, fmt, iter::Peekable, ops::Bound};

use serde_json::{Value, json};

use super::{
    seed::{Seed, invented_id},
    shape::check,
};

/// No test needs more, and everything can count so far.
const MOST: usize = u32::MAX as usize;

/// What the seeds make, and how that was changed.
///
/// A position is found by counting the changes before it; nothing is made for that.
#[derive(Default)]
pub(super) struct Entitlements {
    /// In the order of their ids, which do not overlap.
    seeds: Vec<Seed>,
    /// How many entitlements the seeds make.
    made: usize,
    changes: BTreeMap<String, Change>,
    len: usize,
    /// The number of the last id that was invented.
    invented: u64,
}

/// An entitlement that was added, or one of a seed's that was replaced or removed.
struct Change {
    /// How many that the seeds make have a smaller id.
    before: usize,
    /// Whether a seed makes one with this id.
    is_made: bool,
    /// None: removed.
    value: Option<Value>,
}

/// Where an entitlement is to be had.
#[derive(Clone, Copy)]
pub(super) enum Place<'a> {
    /// The number among all that the seeds make.
    Made(usize),
    Kept(&'a Value),
}

/// Entitlements can hold personal data.
impl fmt::Debug for Entitlements {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entitlements").field("len", &self.len).finish_non_exhaustive()
    }
}

impl Entitlements {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    #[track_caller]
    pub(super) fn add(&mut self, mut entitlement: Value) -> String {
        let id = given_id(&entitlement).unwrap_or_else(|| {
            let id = self.invent_id();
            entitlement["_id"] = json!(id);
            id
        });
        let same = self.get(&id).map(|existing| *existing == entitlement);
        assert!(
            same != Some(false),
            "there is another entitlement with the `_id` `{id}` already; \
             use `replace` to change it, or choose another `_id`"
        );
        if same.is_none() {
            self.set(&id, entitlement);
        }
        id
    }

    #[track_caller]
    pub(super) fn add_malformed(&mut self, id: &str, value: Value) {
        assert!(!id.is_empty(), "the place in the list must not be empty");
        assert!(self.get(id).is_none(), "there is an entitlement with the `_id` `{id}` already");
        self.set(id, value);
    }

    #[track_caller]
    pub(super) fn replace(&mut self, entitlement: Value) {
        let Some(id) = given_id(&entitlement) else {
            panic!("the entitlement has no `_id`, which says what it replaces; use `add` for a new one");
        };
        assert!(
            self.get(&id).is_some(),
            "there is no entitlement with the `_id` `{id}` to replace; use `add` for a new one"
        );
        self.set(&id, entitlement);
    }

    pub(super) fn remove(&mut self, id: &str) -> bool {
        if self.get(id).is_none() {
            return false;
        }
        self.len -= 1;
        let (before, is_made) = self.rank(id);
        if is_made {
            self.changes.insert(id.to_owned(), Change { before, is_made, value: None });
        } else {
            self.changes.remove(id);
        }
        true
    }

    #[track_caller]
    pub(super) fn seed(&mut self, count: usize, make: impl Fn(usize) -> Value + Send + 'static) {
        if count == 0 {
            return;
        }
        let in_all = self.made.saturating_add(count);
        assert!(in_all <= MOST, "{count} entitlements beside {} seeded ones are more than {MOST}", self.made);
        let mut seed = Seed::new(count, make, self.invented);
        let (first, last) = (seed.first_id(), seed.last_id());
        let at = self.seeds.partition_point(|other| other.last_id() < first);
        if let Some(next) = self.seeds.get(at).map(Seed::first_id) {
            assert!(
                last < next,
                "the `_id`s `{first}` to `{last}` overlap those of an earlier seed, which begins with \
                 `{next}`; give each seed ids that all come before or all after those of the others"
            );
        }
        let within = (Bound::Included(first.as_str()), Bound::Included(last.as_str()));
        let mut doubled = Vec::new();
        for (id, change) in self.changes.range::<str, _>(within) {
            let Ok(number) = seed.find(id) else { continue };
            assert!(
                change.value.as_ref() == Some(&seed.item(number)),
                "the seed makes another entitlement with the `_id` `{id}`, which was added before"
            );
            doubled.push(id.clone());
        }
        for id in &doubled {
            self.changes.remove(id);
        }
        seed.before = self.seeds.get(at).map_or(self.made, |next| next.before);
        for (id, change) in
            self.changes.range_mut::<str, _>((Bound::Included(first.as_str()), Bound::Unbounded))
        {
            change.before += if *id > last { count } else { seed.find(id).unwrap_or_else(|smaller| smaller) };
        }
        for later in &mut self.seeds[at..] {
            later.before += count;
        }
        self.invented += seed.invented();
        self.made = in_all;
        self.len += count - doubled.len();
        self.seeds.insert(at, seed);
    }

    pub(super) fn get(&self, id: &str) -> Option<Cow<'_, Value>> {
        match self.changes.get(id) {
            Some(change) => change.value.as_ref().map(Cow::Borrowed),
            None => match self.rank(id) {
                (number, true) => Some(self.item(Place::Made(number))),
                _ => None,
            },
        }
    }

    pub(super) fn item<'a>(&self, place: Place<'a>) -> Cow<'a, Value> {
        match place {
            Place::Kept(value) => Cow::Borrowed(value),
            Place::Made(number) => {
                let seed = &self.seeds[self.seeds.partition_point(|seed| seed.before <= number) - 1];
                Cow::Owned(seed.item(number - seed.before))
            }
        }
    }

    /// All from this position on.
    pub(super) fn places(&self, position: usize) -> impl Iterator<Item = Place<'_>> {
        let mut places = Places { next: 0, made: self.made, changes: self.changes.iter().peekable() };
        places.skip_places(position);
        places
    }

    fn set(&mut self, id: &str, value: Value) {
        self.len += usize::from(self.get(id).is_none());
        let (before, is_made) = self.rank(id);
        self.changes.insert(id.to_owned(), Change { before, is_made, value: Some(value) });
    }

    /// How many that the seeds make have a smaller id, and whether they make one with this.
    fn rank(&self, id: &str) -> (usize, bool) {
        let at = self.seeds.partition_point(|seed| seed.last_id().as_str() < id);
        match self.seeds.get(at) {
            None => (self.made, false),
            Some(seed) => match seed.find(id) {
                Ok(number) => (seed.before + number, true),
                Err(smaller) => (seed.before + smaller, false),
            },
        }
    }

    fn invent_id(&mut self) -> String {
        loop {
            self.invented += 1;
            let id = invented_id(self.invented);
            if self.get(&id).is_none() {
                return id;
            }
        }
    }
}

/// None: the service would choose one.
#[track_caller]
fn given_id(entitlement: &Value) -> Option<String> {
    check(entitlement, "the entitlement");
    Some(entitlement.get("_id")?.as_str()?.to_owned())
}

struct Places<'a> {
    /// The number of the next that a seed makes.
    next: usize,
    made: usize,
    changes: Peekable<btree_map::Iter<'a, String, Change>>,
}

impl<'a> Places<'a> {
    /// The next change and how many unchanged ones come before it.
    fn ahead(&mut self) -> (usize, Option<&'a Change>) {
        let change = self.changes.peek().map(|(_, change)| *change);
        (change.map_or(self.made, |change| change.before) - self.next, change)
    }

    fn take_change(&mut self, change: &Change) {
        self.changes.next();
        self.next += usize::from(change.is_made);
    }

    fn skip_places(&mut self, mut count: usize) {
        loop {
            let (unchanged, change) = self.ahead();
            let Some(change) = change.filter(|_| unchanged < count) else {
                self.next += unchanged.min(count);
                return;
            };
            self.next += unchanged;
            count -= unchanged + usize::from(change.value.is_some());
            self.take_change(change);
        }
    }
}

impl<'a> Iterator for Places<'a> {
    type Item = Place<'a>;

    fn next(&mut self) -> Option<Place<'a>> {
        loop {
            match self.ahead() {
                (0, None) => return None,
                (0, Some(change)) => {
                    self.take_change(change);
                    if let Some(value) = &change.value {
                        return Some(Place::Kept(value));
                    }
                }
                _ => {
                    self.next += 1;
                    return Some(Place::Made(self.next - 1));
                }
            }
        }
    }
}
