//! Looks for many secrets at once, each in all its forms.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::forms::{self, SHORTEST};

type Key = [u8; SHORTEST];

/// What was found: which secret, and in which form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Found {
    pub(crate) secret: String,
    pub(crate) form: String,
    /// The surroundings, so that a failure says where it comes from. The secrets are fake.
    pub(crate) excerpt: String,
}

/// The forms of all secrets.
#[derive(Default)]
pub(crate) struct Finder {
    /// By their first bytes.
    forms: HashMap<Key, Vec<(String, String, Vec<u8>)>>,
    /// Whether any form begins with these two bytes: most places of a text are passed by this.
    begins: BTreeMap<u8, [u64; 4]>,
}

impl Finder {
    /// Adds a secret under a name for the report.
    pub(crate) fn add(&mut self, name: &str, secret: impl AsRef<[u8]>) {
        let secret = secret.as_ref();
        assert!(secret.len() >= SHORTEST, "{name} is too short to be looked for");
        for (form, bytes) in forms::of(secret) {
            let key = bytes[..SHORTEST].try_into().expect("long enough");
            self.begins.entry(bytes[0]).or_default()[usize::from(bytes[1] / 64)] |= 1 << (bytes[1] % 64);
            let same = self.forms.entry(key).or_default();
            if !same.iter().any(|(other, _, known)| other == name && *known == bytes) {
                same.push((name.to_owned(), form, bytes));
            }
        }
    }

    /// Adds a private key: each line of its PEM, and the bytes that the line stands for.
    pub(crate) fn add_key(&mut self, name: &str, pem: &str) {
        use base64::{Engine, engine::general_purpose::STANDARD};
        let lines = pem.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('-'));
        for (number, line) in lines.enumerate().filter(|(_, line)| line.len() >= 2 * SHORTEST) {
            self.add(&format!("{name}, line {number}"), line);
            self.add(&format!("{name}, bytes of line {number}"), STANDARD.decode(line).expect("base64"));
        }
    }

    /// All secrets in a text, each form once.
    pub(crate) fn find(&self, text: &str) -> BTreeSet<Found> {
        let bytes = text.as_bytes();
        let mut all = BTreeSet::new();
        let mut begins = [[0; 4]; 256];
        for (first, second) in &self.begins {
            begins[usize::from(*first)] = *second;
        }
        for place in 0..bytes.len().saturating_sub(SHORTEST - 1) {
            let (first, second) = (bytes[place], bytes[place + 1]);
            if begins[usize::from(first)][usize::from(second / 64)] & (1 << (second % 64)) == 0 {
                continue;
            }
            let key: Key = bytes[place..place + SHORTEST].try_into().expect("long enough");
            for (secret, form, pattern) in self.forms.get(&key).into_iter().flatten() {
                if bytes[place..].starts_with(pattern)
                    && !all.iter().any(|one: &Found| (&one.secret, &one.form) == (secret, form))
                {
                    let near = &bytes[place.saturating_sub(80)..bytes.len().min(place + pattern.len() + 20)];
                    let excerpt = String::from_utf8_lossy(near).into_owned();
                    all.insert(Found { secret: secret.clone(), form: form.clone(), excerpt });
                }
            }
        }
        all
    }
}
