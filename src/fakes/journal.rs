//! What a fake was asked and what it answered.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt::{self, Write},
    time::SystemTime,
};

use http::StatusCode;

use super::{Call, Operation, Request};

/// How many requests are kept unless the builder says otherwise.
pub(super) const KEPT: usize = 10_000;

/// What a fake was asked so far and what it answered, as it was when
/// `journal()` was called.
///
/// The counters are exact; of the requests themselves the last 10,000 are kept, or as many as
/// `keep_requests` of the builder says. Printing shows neither tokens nor personal data.
///
/// ```
/// use entitlements::{fakes::symphony::{Call, Fake, Operation}, symphony::ExternalNetwork};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> entitlements::Result<()> {
/// let fake = Fake::start().await;
/// fake.client()?.list_entitled_advisors("SMS").list_permissions(true).send().await?;
///
/// let journal = fake.journal();
/// journal.assert_operations(&[Operation::ListEntitledAdvisors]);
/// let Some(Call::ListEntitledAdvisors { external_network, list_permissions, .. }) =
///     journal.calls_of(Operation::ListEntitledAdvisors).next()
/// else {
///     panic!("{journal}");
/// };
/// assert_eq!((external_network, *list_permissions), (&ExternalNetwork::Sms, Some(true)));
/// # Ok(()) }
/// ```
#[derive(Clone)]
#[must_use = "a journal is a picture of what was; look at it"]
pub struct Journal<C: Call> {
    entries: VecDeque<Entry<C>>,
    kept: usize,
    total: u64,
    counts: BTreeMap<C::Operation, u64>,
    /// How many broke a rule; nothing if nobody looked.
    broken_rules: Option<u64>,
    concurrency: Concurrency,
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Concurrency {
    /// Whether the server tells when an answer has left.
    pub(super) is_known: bool,
    pub(super) now: usize,
    pub(super) most: usize,
}

/// One request and its answer.
#[derive(Clone)]
#[non_exhaustive]
pub struct Entry<C: Call> {
    /// 1 for the first request to the fake.
    pub number: u64,
    /// The time of the fake's clock.
    pub at: SystemTime,
    /// The typed request; `None` if method and path are no operation.
    pub call: Option<C>,
    /// The request as it came. It can hold tokens and personal data, which printing leaves out.
    pub request: Request,
    /// The status of the answer; `None` if the connection was reset instead.
    pub status: Option<StatusCode>,
    /// The fault that the script had for it.
    pub fault: Option<String>,
    /// The rule of the specification for which it was refused (feature `fake-checks`).
    pub broken_rule: Option<String>,
}

impl<C: Call> Entry<C> {
    /// The operation that was called.
    #[must_use]
    pub fn operation(&self) -> Option<C::Operation> {
        self.call.as_ref().map(Call::operation)
    }
}

impl<C: Call> Journal<C> {
    pub(super) fn new(kept: usize, is_checked: bool) -> Self {
        Self {
            entries: VecDeque::new(),
            kept,
            total: 0,
            counts: BTreeMap::new(),
            broken_rules: is_checked.then_some(0),
            concurrency: Concurrency::default(),
        }
    }

    pub(super) fn push(&mut self, mut entry: Entry<C>) {
        self.total += 1;
        entry.number = self.total;
        if let (Some(count), Some(_)) = (&mut self.broken_rules, &entry.broken_rule) {
            *count += 1;
        }
        if let Some(operation) = entry.operation() {
            *self.counts.entry(operation).or_default() += 1;
        }
        if self.kept == 0 {
            return;
        }
        if self.entries.len() == self.kept {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
    }

    pub(super) fn concurrency(&mut self) -> &mut Concurrency {
        &mut self.concurrency
    }

    /// The requests that were kept, in the order in which they came.
    #[must_use]
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &Entry<C>> + ExactSizeIterator {
        self.entries.iter()
    }

    /// The requests of one operation that were kept.
    pub fn entries_of(&self, operation: C::Operation) -> impl DoubleEndedIterator<Item = &Entry<C>> {
        self.entries.iter().filter(move |entry| entry.operation() == Some(operation))
    }

    /// The typed requests that were kept, without those that are no operation.
    #[must_use]
    pub fn calls(&self) -> impl DoubleEndedIterator<Item = &C> {
        self.entries.iter().filter_map(|entry| entry.call.as_ref())
    }

    /// The typed requests of one operation that were kept.
    pub fn calls_of(&self, operation: C::Operation) -> impl DoubleEndedIterator<Item = &C> {
        self.calls().filter(move |call| call.operation() == operation)
    }

    /// How many requests there were, those included that are no operation.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }

    /// How many requests of one operation there were.
    #[must_use]
    pub fn count(&self, operation: C::Operation) -> u64 {
        self.counts.get(&operation).copied().unwrap_or(0)
    }

    /// How many token requests there were.
    #[must_use]
    pub fn token_requests(&self) -> u64 {
        C::Operation::ALL.iter().filter(|each| each.is_token_request()).map(|each| self.count(*each)).sum()
    }

    /// How many requests were under way at once at most, from their arrival to the last byte of
    /// the answer.
    ///
    /// `None` for a fake that was started with wiremock, which lets one request after the other in:
    /// start it with `wire_listener(true)`, or in process.
    #[must_use]
    pub fn max_concurrency(&self) -> Option<usize> {
        self.concurrency.is_known.then_some(self.concurrency.most)
    }

    /// Asserts that there were so many requests of one operation.
    ///
    /// # Panics
    ///
    /// If there were not; the message shows what came instead.
    #[track_caller]
    pub fn assert_count(&self, operation: C::Operation, expected: u64) {
        let count = self.count(operation);
        assert!(count == expected, "expected {expected} × {operation}, but there were {count}:\n{self}");
    }

    /// Asserts that these were the operations, all of them and in this order. Requests that are no
    /// operation make it fail.
    ///
    /// # Panics
    ///
    /// If they were not, or if some are not kept any more; the message shows what came instead.
    #[track_caller]
    pub fn assert_operations(&self, expected: &[C::Operation]) {
        self.assert_complete();
        let came = self.entries.iter().map(Entry::operation);
        let names: Vec<_> = expected.iter().map(ToString::to_string).collect();
        assert!(
            came.eq(expected.iter().copied().map(Some)),
            "expected {}, but there were:\n{self}",
            if names.is_empty() { "no requests".to_owned() } else { names.join(", ") }
        );
    }

    /// Asserts that these were the typed requests, all of them and in this order.
    ///
    /// # Panics
    ///
    /// If they were not, or if some are not kept any more; the message shows what came instead,
    /// without personal data.
    #[track_caller]
    pub fn assert_calls(&self, expected: &[C])
    where
        C: PartialEq,
    {
        self.assert_complete();
        let came = self.entries.iter().map(|entry| entry.call.as_ref());
        assert!(
            came.eq(expected.iter().map(Some)),
            "expected these requests:\n  {expected:?}\nbut there were:\n{self}"
        );
    }

    /// Asserts that no request was refused for a rule of the specification.
    ///
    /// # Panics
    ///
    /// If one was; the message shows which rule. Also if nothing is checked: the feature
    /// `fake-checks` is not enabled, or the checks are switched off.
    #[track_caller]
    pub fn assert_no_broken_rules(&self) {
        let Some(broken) = self.broken_rules else {
            panic!("nothing was checked; enable the feature `fake-checks`")
        };
        assert!(broken == 0, "{broken} requests broke a rule of the specification:\n{self}");
    }

    #[track_caller]
    fn assert_complete(&self) {
        let (total, kept) = (self.total, self.entries.len());
        assert!(
            usize::try_from(total) == Ok(kept),
            "of {total} requests only {kept} are kept; start the fake with a larger `keep_requests`"
        );
    }
}

/// One line per request.
impl<C: Call> fmt::Display for Journal<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.total == 0 {
            return f.write_str("  (no requests)");
        }
        for (index, entry) in self.entries.iter().enumerate() {
            if index > 0 {
                f.write_char('\n')?;
            }
            write!(f, "  {entry:?}")?;
        }
        Ok(())
    }
}

impl<C: Call> fmt::Debug for Journal<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<C: Call> fmt::Debug for Entry<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.number)?;
        match &self.call {
            Some(call) => write!(f, "{}: {call:?}", call.operation())?,
            None => write!(f, "{:?}", self.request)?,
        }
        match self.status {
            Some(status) => write!(f, " → {}", status.as_u16())?,
            None => f.write_str(" → reset")?,
        }
        if let Some(fault) = &self.fault {
            write!(f, ", fault: {fault}")?;
        }
        if let Some(rule) = &self.broken_rule {
            write!(f, ", broken rule: {rule}")?;
        }
        Ok(())
    }
}
