//! Entitlements that are made when they are shown.

use std::{cmp::Ordering, collections::BTreeSet, fmt};

use serde_json::{Value, json};

use super::shape;

/// Up to so many entitlements are looked at when they are seeded; of more, a sample of that size.
const SAMPLE: usize = 2000;

pub(super) struct Seed {
    /// How many entitlements the seeds before this one make.
    pub(super) before: usize,
    pub(super) count: usize,
    ids: Ids,
    make: Box<dyn Fn(usize) -> Value + Send>,
}

#[derive(Debug, Clone, Copy)]
enum Ids {
    /// The generator gives them.
    Given,
    /// They are invented from the number after this one on.
    Invented { after: u64 },
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seed").field("count", &self.count).field("ids", &self.ids).finish_non_exhaustive()
    }
}

impl Seed {
    /// `invented` is the number of the last id that was invented.
    #[track_caller]
    pub(super) fn new(count: usize, make: impl Fn(usize) -> Value + Send + 'static, invented: u64) -> Self {
        let is_given = make(0).get("_id").is_some();
        let ids = if is_given { Ids::Given } else { Ids::Invented { after: invented } };
        let seed = Self { before: 0, count, ids, make: Box::new(make) };
        seed.check();
        seed
    }

    #[track_caller]
    fn check(&self) {
        let mut last: Option<(usize, String)> = None;
        for number in sample(self.count) {
            let made = (self.make)(number);
            assert!(
                made == (self.make)(number),
                "the generator gives something else for number {number} when it is asked again; \
                 make it depend on the number alone"
            );
            shape::check(&made, &format!("number {number} of the generator"));
            let id = made["_id"].as_str().map(str::to_owned);
            assert!(
                id.is_some() == matches!(self.ids, Ids::Given),
                "the generator gives some entitlements an `_id` and others none; number {number} is the \
                 first that differs; give all of them one or none"
            );
            if let (Some(id), Some((earlier, last))) = (&id, &last) {
                assert!(
                    last < id,
                    "the generator's `_id`s do not ascend as texts: number {number} has `{id}`, which \
                     does not come after `{last}` of number {earlier}; pad numbers with zeros, or leave \
                     `_id` out to have it invented"
                );
            }
            last = id.map(|id| (number, id));
        }
    }

    pub(super) fn item(&self, number: usize) -> Value {
        let mut made = (self.make)(number);
        if let (Ids::Invented { .. }, Some(fields)) = (self.ids, made.as_object_mut()) {
            fields.insert("_id".to_owned(), json!(self.id(number)));
        }
        made
    }

    pub(super) fn id(&self, number: usize) -> String {
        match self.ids {
            Ids::Given => (self.make)(number)["_id"].as_str().unwrap_or_default().to_owned(),
            Ids::Invented { after } => invented_id(after.saturating_add(number as u64).saturating_add(1)),
        }
    }

    pub(super) fn first_id(&self) -> String {
        self.id(0)
    }

    pub(super) fn last_id(&self) -> String {
        self.id(self.count - 1)
    }

    /// How many numbers were used up to invent ids.
    pub(super) fn invented(&self) -> u64 {
        if matches!(self.ids, Ids::Invented { .. }) { self.count as u64 } else { 0 }
    }

    /// The number of the entitlement with this id, or how many have a smaller one.
    pub(super) fn find(&self, id: &str) -> Result<usize, usize> {
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.id(middle).as_str().cmp(id) {
                Ordering::Less => low = middle + 1,
                Ordering::Equal => return Ok(middle),
                Ordering::Greater => high = middle,
            }
        }
        Err(low)
    }
}

/// Ids as the service makes them: 24 hexadecimal digits that grow.
pub(super) fn invented_id(number: u64) -> String {
    format!("{number:024x}")
}

/// All numbers if they are few; otherwise some: the first hundred, the last, and the ones around
/// powers of ten, where numbers that were not padded stop ascending, are among them.
fn sample(count: usize) -> BTreeSet<usize> {
    if count <= SAMPLE {
        return (0..count).collect();
    }
    let spread = (0..SAMPLE).map(|part| count / SAMPLE * part);
    let powers = (1..usize::BITS).map_while(|power| 10_usize.checked_pow(power));
    let around = powers.flat_map(|power| [power - 1, power]).filter(|number| *number < count);
    (0..100).chain(spread).chain(around).chain([count - 2, count - 1]).collect()
}
