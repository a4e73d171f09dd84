//! The customers of a fake: a few that were added by name, and many that a generator makes.

use std::{
    collections::{BTreeMap, BTreeSet, hash_map::DefaultHasher},
    fmt,
    hash::{Hash, Hasher},
};

use super::codes::{Level, Setting};

/// The limit of an e-mail address on the vendor's page about customers.
const LONGEST_CREDENTIAL: usize = 255;
/// More would make a test wait for its seed.
const MOST_GENERATED: usize = 1_000_000;

/// A customer to be: its number, what it is found by, and the states it starts with.
///
/// For [`Builder::customers`](super::Builder::customers) and
/// [`Fake::add_customers`](super::Fake::add_customers). `Debug` does not show who it is.
///
/// ```
/// # use entitlements::fakes::connect::{Customer, ENTERPRISE};
/// let customer = |index| {
///     let number = format!("{:06}", 200_000 + index);
///     Customer::new(number)
///         .credential(format!("reader{index}@customers.example"))
///         .credential(format!("+4790{:06}", index / 2))
///         .state(Some(ENTERPRISE), None, "TM", "SHIELD")
/// };
/// # let _ = customer(1);
/// ```
#[must_use = "a customer is known to a fake once it is given to one"]
#[derive(Clone, PartialEq, Eq)]
pub struct Customer {
    pub(super) number: String,
    pub(super) credentials: Vec<String>,
    pub(super) states: Vec<(Place, Setting)>,
}

/// A level as a test names it.
pub(super) type Place = (Option<String>, Option<String>);

impl Customer {
    /// A customer with this number, who is found by nothing and has no states yet.
    pub fn new(number: impl Into<String>) -> Self {
        Self { number: number.into(), credentials: Vec::new(), states: Vec::new() }
    }

    /// Adds a phone number, which has to name its country as in `+4712345678`, or an e-mail
    /// address. Several customers may have the same one.
    pub fn credential(mut self, credential: impl Into<String>) -> Self {
        self.credentials.push(credential.into());
        self
    }

    /// Adds the state of a channel, on a level as in
    /// [`Fake::set_state`](super::Fake::set_state).
    pub fn state(
        mut self,
        enterprise: Option<&str>,
        order_type: Option<&str>,
        channel: &str,
        state: &str,
    ) -> Self {
        let place = (enterprise.map(str::to_owned), order_type.map(str::to_owned));
        self.states.push((place, Setting::new(channel, state)));
        self
    }

    fn settings(self, level: &Level) -> Vec<Setting> {
        self.states
            .into_iter()
            .filter(|((enterprise, order_type), _)| {
                Level::new(enterprise.as_deref(), order_type.as_deref()) == *level
            })
            .map(|(_, setting)| setting)
            .collect()
    }
}

impl fmt::Debug for Customer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (credentials, states) = (self.credentials.len(), self.states.len());
        f.debug_struct("Customer")
            .field("credentials", &credentials)
            .field("states", &states)
            .finish_non_exhaustive()
    }
}

pub(super) type Make = Box<dyn Fn(usize) -> Customer + Send>;

/// All customers.
#[derive(Default)]
pub(super) struct Customers {
    /// By number, with the normalised credentials. A generated customer stands here as well if
    /// it was given more credentials.
    named: BTreeMap<String, BTreeSet<String>>,
    generated: Vec<Generated>,
}

/// Customers who are made when a request is about them. Of each, only hashes are kept.
struct Generated {
    make: Make,
    numbers: HashIndex,
    credentials: HashIndex,
}

impl Customers {
    pub(super) fn add(&mut self, number: &str, credentials: &[&str]) -> Result<(), String> {
        if number.is_empty() {
            return Err("a customer number must not be empty".to_owned());
        }
        let credentials: Vec<String> =
            credentials.iter().map(|text| known_credential(text)).collect::<Result<_, _>>()?;
        self.named.entry(number.to_owned()).or_default().extend(credentials);
        Ok(())
    }

    /// Takes the customers of a generator after a look at each of them; `check` looks at what
    /// is not the matter of this store.
    pub(super) fn generate(
        &mut self,
        count: usize,
        make: Make,
        check: impl Fn(&Customer) -> Result<(), String>,
    ) -> Result<(), String> {
        if count > MOST_GENERATED {
            return Err(format!("{count} customers are too many; at most {MOST_GENERATED} can be generated"));
        }
        let (mut numbers, mut credentials) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for index in 0..count {
            let customer = make(index);
            let wrong = |why: String| format!("the customer with the index {index}: {why}");
            if customer.number.is_empty() {
                return Err(wrong("a customer number must not be empty".to_owned()));
            }
            if self.knows(&customer.number) {
                return Err(wrong(format!("the number `{}` is taken", customer.number)));
            }
            check(&customer).map_err(wrong)?;
            let index = index.try_into().unwrap_or(u32::MAX);
            numbers.push((hash(&customer.number), index));
            for text in &customer.credentials {
                credentials.push((hash(&known_credential(text).map_err(wrong)?), index));
            }
        }
        let new =
            Generated { make, numbers: HashIndex::new(numbers), credentials: HashIndex::new(credentials) };
        if let Some((first, second, number)) = new.twice() {
            return Err(format!(
                "the customers with the indices {first} and {second} have the same number `{number}`"
            ));
        }
        self.generated.push(new);
        Ok(())
    }

    pub(super) fn knows(&self, number: &str) -> bool {
        self.named.contains_key(number) || self.generated(number).is_some()
    }

    /// The numbers of all customers with a normalised credential, each once.
    pub(super) fn with_credential(&self, credential: &str) -> BTreeSet<String> {
        let named = self.named.iter().filter(|(_, credentials)| credentials.contains(credential));
        let named = named.map(|(number, _)| number.clone());
        let generated = self.generated.iter().flat_map(|generated| {
            let has_it = |customer: &Customer| {
                customer.credentials.iter().any(|text| normalised(text).as_deref() == Some(credential))
            };
            generated.found(&generated.credentials, credential).filter(has_it).map(|found| found.number)
        });
        named.chain(generated).collect()
    }

    /// The states that a customer started with, on one level.
    pub(super) fn first_settings(&self, number: &str, level: &Level) -> Vec<Setting> {
        self.generated(number).map(|customer| customer.settings(level)).unwrap_or_default()
    }

    fn generated(&self, number: &str) -> Option<Customer> {
        self.generated.iter().find_map(|generated| {
            generated.found(&generated.numbers, number).find(|customer| customer.number == number)
        })
    }
}

impl Generated {
    /// Makes the customers whose text has the same hash, which a few others may have, too.
    fn found<'a>(&'a self, index: &'a HashIndex, text: &str) -> impl Iterator<Item = Customer> + 'a {
        index.places(hash(text)).map(|place| (self.make)(place))
    }

    fn twice(&self) -> Option<(usize, usize, String)> {
        let mut same = self.numbers.0.chunk_by(|(one, _), (other, _)| one == other);
        same.find_map(|same| {
            let mut seen = BTreeMap::new();
            same.iter().filter(|_| same.len() > 1).find_map(|&(_, place)| {
                let number = (self.make)(place as usize).number;
                seen.insert(number.clone(), place).map(|first| (first as usize, place as usize, number))
            })
        })
    }
}

/// Where texts are, by their hashes: eight bytes each.
struct HashIndex(Vec<(u32, u32)>);

impl HashIndex {
    fn new(mut places: Vec<(u32, u32)>) -> Self {
        places.sort_unstable();
        places.dedup();
        places.shrink_to_fit();
        Self(places)
    }

    fn places(&self, hash: u32) -> impl Iterator<Item = usize> + '_ {
        let first = self.0.partition_point(|&(known, _)| known < hash);
        self.0[first..].iter().take_while(move |&&(known, _)| known == hash).map(|&(_, place)| place as usize)
    }
}

/// The same in each run.
fn hash(text: &str) -> u32 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    // The upper half is as good as the lower one.
    (hasher.finish() >> 32) as u32
}

fn known_credential(text: &str) -> Result<String, String> {
    normalised(text).ok_or_else(|| {
        format!(
            "`{text}` is neither an e-mail address nor a phone number that names its country, as \
             `+4712345678` does; nobody could be found by it"
        )
    })
}

/// An e-mail address in lower case, or a phone number in international form without separators.
///
/// Assumption: anything else is no credential; a number without `+` or `00` does not name its
/// country.
pub(super) fn normalised(credential: &str) -> Option<String> {
    let credential = credential.trim();
    if credential.len() > LONGEST_CREDENTIAL {
        return None;
    }
    if credential.contains('@') {
        return Some(credential.to_lowercase());
    }
    let compact: String = credential.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')')).collect();
    let digits = compact.strip_prefix('+').or_else(|| compact.strip_prefix("00"))?;
    let is_number = (1..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| format!("+{digits}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_have_one_normal_form() {
        for (text, expected) in [
            (" Ada@Example.COM ", Some("ada@example.com")),
            ("+47 12-34.56 (78)", Some("+4712345678")),
            ("004712345678", Some("+4712345678")),
            ("12345678", None),
            ("+47 one", None),
            ("+", None),
            ("+1234567890123456", None),
            ("", None),
        ] {
            assert_eq!(normalised(text).as_deref(), expected, "{text}");
        }
        assert_eq!(normalised(&format!("{}@example.com", "a".repeat(255))), None);
    }

    /// Customers in pairs: both of a pair have the same phone number.
    fn pair(index: usize) -> Customer {
        Customer::new(format!("g{index}"))
            .credential(format!("+4790{:06}", index / 2))
            .credential(format!("Reader{index}@customers.example"))
    }

    fn pairs(count: usize) -> Customers {
        let mut customers = Customers::default();
        customers.generate(count, Box::new(pair), |_| Ok(())).expect("no contradiction");
        customers
    }

    fn numbers(customers: &Customers, credential: &str) -> Vec<String> {
        customers.with_credential(credential).into_iter().collect()
    }

    #[test]
    fn generated_customers_are_found_by_each_of_their_credentials() {
        let mut customers = pairs(100_000);
        assert_eq!(numbers(&customers, "+4790049999"), ["g99998", "g99999"]);
        assert_eq!(numbers(&customers, "reader77@customers.example"), ["g77"]);
        assert_eq!(numbers(&customers, "reader100000@customers.example"), [""; 0]);
        assert!(customers.knows("g0") && !customers.knows("g100000"));

        customers.add("named", &["+47 90 00 00 00"]).expect("a phone number");
        customers.add("g7", &["+4790000000"]).expect("a phone number");
        assert_eq!(numbers(&customers, "+4790000000"), ["g0", "g1", "g7", "named"]);
        assert_eq!(numbers(&customers, "reader7@customers.example"), ["g7"], "once, and not lost");
    }

    #[test]
    fn a_lookup_makes_only_those_who_may_be_meant() {
        use std::sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        };
        let calls = Arc::new(AtomicUsize::new(0));
        let counter = calls.clone();
        let make = move |index| {
            counter.fetch_add(1, Ordering::Relaxed);
            pair(index)
        };
        let mut customers = Customers::default();
        customers.generate(50_000, Box::new(make), |_| Ok(())).expect("no contradiction");
        let before = calls.load(Ordering::Relaxed);
        assert_eq!(numbers(&customers, "+4790000123").len(), 2);
        customers.first_settings("g123", &Level::Global);
        let used = calls.load(Ordering::Relaxed) - before;
        assert!(used < 10, "{used} customers were made for two lookups");
    }

    #[test]
    fn a_generated_number_that_is_taken_is_refused() {
        let taken = |customers: &mut Customers, make: fn(usize) -> Customer| {
            customers.generate(3, Box::new(make), |_| Ok(())).expect_err("taken")
        };
        let mut customers = pairs(2);
        customers.add("named", &[]).expect("a number is enough");
        let again = taken(&mut customers, pair);
        assert_eq!(again, "the customer with the index 0: the number `g0` is taken");
        assert!(taken(&mut customers, |_| Customer::new("named")).contains("`named` is taken"));
        let same = taken(&mut customers, |index| Customer::new(format!("h{}", index / 2)));
        assert_eq!(same, "the customers with the indices 0 and 1 have the same number `h0`");
        assert!(taken(&mut customers, |_| Customer::new("")).contains("must not be empty"));
        assert!(!customers.knows("h0"), "nothing was taken");
    }
}
