//! Entitlements that are made when they are needed.

use std::{
    cell::OnceCell,
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
};

use super::people::{Entitlement, check_text};

/// By what an advisor is looked up.
#[derive(Clone, Copy)]
pub(super) enum Key<'a> {
    Id(&'a str),
    Email(&'a str),
    Number(&'a str),
}

/// `count` entitlements, of which only the way to make them is kept.
pub(super) struct Batch {
    count: u32,
    make: Box<dyn Fn(usize) -> Entitlement + Send>,
    ids: OnceCell<Index>,
    emails: OnceCell<Index>,
    numbers: OnceCell<Index>,
}

/// Short hashes with the numbers that have them, sorted: eight bytes for each entitlement.
type Index = Vec<(u32, u32)>;

impl Key<'_> {
    fn text(&self) -> &str {
        let (Self::Id(text) | Self::Email(text) | Self::Number(text)) = self;
        text
    }

    /// The same part of an entitlement.
    fn of<'e>(&self, entitlement: &'e Entitlement) -> Option<&'e str> {
        match self {
            Self::Id(_) => Some(&entitlement.user.id),
            Self::Email(_) => Some(&entitlement.user.email),
            Self::Number(_) => entitlement.number.as_deref(),
        }
    }
}

impl Batch {
    /// Calls the generator for the first number, twice, and for the last one.
    #[track_caller]
    pub(super) fn new(count: usize, make: impl Fn(usize) -> Entitlement + Send + 'static) -> Self {
        let Ok(count) = u32::try_from(count) else {
            panic!("a generator of {count} people; the fake takes at most {}", u32::MAX);
        };
        let batch = Self {
            count,
            make: Box::new(make),
            ids: OnceCell::new(),
            emails: OnceCell::new(),
            numbers: OnceCell::new(),
        };
        if let Some(first) = batch.get(0) {
            assert!(
                batch.get(0).as_ref() == Some(&first),
                "the generator makes another person of the number 0 each time; make each only of its number"
            );
            let last = batch.get(batch.len() - 1);
            for entitlement in last.iter().chain([&first]) {
                check_text("a generated Symphony id", &entitlement.user.id);
                check_text("a generated e-mail address", &entitlement.user.email);
            }
            let differ = |last: &Entitlement| {
                last.user.id != first.user.id
                    && last.user.email != first.user.email
                    && (last.number.is_none() || last.number != first.number)
            };
            assert!(
                count == 1 || last.as_ref().is_some_and(differ),
                "the generator makes people with the same id, e-mail address or phone number; use its number"
            );
        }
        batch
    }

    pub(super) fn len(&self) -> usize {
        self.count as usize
    }

    pub(super) fn get(&self, number: usize) -> Option<Entitlement> {
        (number < self.len()).then(|| (self.make)(number))
    }

    /// The number of the first entitlement with this key. The first search by a kind of key
    /// makes all entitlements once, one after the other; each later one makes one or two.
    pub(super) fn find(&self, key: Key<'_>) -> Option<usize> {
        let index = match key {
            Key::Id(_) => &self.ids,
            Key::Email(_) => &self.emails,
            Key::Number(_) => &self.numbers,
        }
        .get_or_init(|| self.index(key));
        let wanted = short_hash(key.text());
        let start = index.partition_point(|(hash, _)| *hash < wanted);
        index[start..]
            .iter()
            .take_while(|(hash, _)| *hash == wanted)
            .map(|(_, number)| *number as usize)
            .find(|number| key.of(&(self.make)(*number)) == Some(key.text()))
    }

    fn index(&self, key: Key<'_>) -> Index {
        let hashed = |number: u32| Some((short_hash(key.of(&(self.make)(number as usize))?), number));
        let mut index: Index = (0..self.count).filter_map(hashed).collect();
        index.sort_unstable();
        index
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").field("count", &self.count).finish_non_exhaustive()
    }
}

fn short_hash(text: &str) -> u32 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let [a, b, c, d, ..] = hasher.finish().to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}
