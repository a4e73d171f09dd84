//! Identifiers that nobody else has.

use std::hash::{BuildHasher, RandomState};

/// A random UUID as text. The randomness is that of the standard library's hash maps, so that the
/// crate `uuid` does not bring a second `getrandom` beside that of ring.
pub(crate) fn unique_id() -> String {
    // Its keys come from the system, and no two of them are the same.
    let keys = RandomState::new();
    let random = u128::from(keys.hash_one(0)) << 64 | u128::from(keys.hash_one(1));
    uuid::Builder::from_random_bytes(random.to_ne_bytes()).into_uuid().to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_random_uuid_that_is_another_one_each_time() {
        let in_threads = (0..4).map(|_| std::thread::spawn(|| (0..2_500).map(|_| unique_id()).collect()));
        let threads: Vec<_> = in_threads.collect();
        let ids: Vec<Vec<String>> = threads.into_iter().filter_map(|thread| thread.join().ok()).collect();
        let distinct: BTreeSet<_> = ids.iter().flatten().collect();
        assert_eq!(distinct.len(), 10_000);
        // Every digit but those of version and variant takes every value.
        for place in (0..36).filter(|place| ![8, 13, 14, 18, 19, 23].contains(place)) {
            let digits: BTreeSet<_> = distinct.iter().map(|id| id.as_bytes()[place]).collect();
            assert_eq!(digits.len(), 16, "at {place}");
        }
        assert!(distinct.iter().all(|id| id.as_bytes()[14] == b'4' && b"89ab".contains(&id.as_bytes()[19])));
    }
}
