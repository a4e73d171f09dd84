//! What the fakes saw of each call that must not be carried out twice.

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use entitlements::{
    ErrorKind,
    fakes::{
        Call, Entry, Journal,
        symphony::{Call as SymphonyCall, KEY_NAME, Operation},
    },
};

use super::{
    figures::Figures,
    world::{NETWORK, World, advisor_id},
};

/// What a call wanted with its advisor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    Add,
    EnsureEntitled,
    Remove,
}

/// After a failure a request of the call may still be on its way, if the machine is loaded.
const ON_ITS_WAY: Duration = Duration::from_secs(1);

/// A call that has ended.
#[derive(Debug, Clone, Copy)]
struct Ended {
    advisor: usize,
    wish: Wish,
    failure: Option<ErrorKind>,
    at: Instant,
}

#[derive(Default)]
pub(crate) struct Ledger(Mutex<Book>);

#[derive(Default)]
struct Book {
    ended: Vec<Ended>,
    /// The requests about an advisor since the advisor was taken.
    seen: HashMap<String, Vec<Seen>>,
    /// The number of the last request that was read, of each journal.
    read: [u64; 4],
}

/// A request that adds or removes.
#[derive(Debug, Clone)]
struct Seen {
    operation: Operation,
    status: Option<u16>,
    fault: Option<String>,
}

impl Seen {
    /// Whether the fake carried it out, whatever became of the answer.
    fn was_carried_out(&self) -> bool {
        let succeeded = self.status.is_some_and(|status| (200..300).contains(&status));
        match self.fault.as_deref() {
            Some(fault) if fault.contains("after the change") => true,
            Some(fault) if fault == "reset" || fault.starts_with("status") => false,
            _ => succeeded,
        }
    }

    /// Whether the client can be sure that it was not.
    fn was_surely_not(&self) -> bool {
        matches!(self.status, Some(429 | 401))
    }
}

impl Ledger {
    /// Notes that a call has ended, with nothing for a success.
    pub(crate) fn end(&self, advisor: usize, wish: Wish, failure: Option<ErrorKind>) {
        self.lock().ended.push(Ended { advisor, wish, failure, at: Instant::now() });
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the journals and looks at each call that has ended.
    pub(crate) fn settle(&self, world: &World, figures: &Figures) {
        let mut book = self.lock();
        let Book { ended, seen, read } = &mut *book;
        let is_over = |call: &mut Ended| call.failure.is_none() || call.at.elapsed() >= ON_ITS_WAY;
        let over: Vec<_> = ended.extract_if(.., is_over).collect();
        // What these calls have sent is in the journal now.
        let requests = world.symphony.journal();
        for entry in new(&requests, &mut read[0], figures) {
            if let Some((advisor, request)) = about_advisor(entry) {
                seen.entry(advisor).or_default().push(request);
            }
        }
        new(&world.crm.journal(), &mut read[1], figures).for_each(drop);
        new(&world.connect.journal(), &mut read[2], figures).for_each(drop);
        new(&world.crm.keycloak().journal(), &mut read[3], figures).for_each(drop);
        for call in over {
            let id = advisor_id(call.advisor);
            let requests = seen.remove(&id).unwrap_or_default();
            if look(call.wish, call.failure, &requests) {
                let tenant = world.symphony.tenant(KEY_NAME);
                let removed = catch_unwind(AssertUnwindSafe(|| tenant.remove_advisor(NETWORK, &id)));
                assert!(removed.is_ok(), "{call:?} left nobody entitled: {requests:?}");
            }
            world.give_back(call.advisor);
        }
    }

    /// The same after the last call.
    pub(crate) async fn settle_all(&self, world: &World, figures: &Figures) {
        tokio::time::sleep(ON_ITS_WAY).await;
        self.settle(world, figures);
        assert!(self.lock().ended.is_empty(), "every call about an advisor was looked at");
    }
}

/// The requests that were not read before.
fn new<'j, C: Call>(
    journal: &'j Journal<C>,
    read: &mut u64,
    figures: &Figures,
) -> impl Iterator<Item = &'j Entry<C>> {
    let first = journal.entries().next().map_or(1, |entry| entry.number);
    assert!(first <= *read + 1, "requests {} to {first} were not read", *read + 1);
    let already = *read;
    *read = journal.total();
    let unread = journal.entries().filter(move |entry| entry.number > already);
    unread.inspect(|entry| figures.count_request(entry.fault.as_deref()))
}

fn about_advisor(entry: &Entry<SymphonyCall>) -> Option<(String, Seen)> {
    let advisor = match entry.call.as_ref()? {
        SymphonyCall::AddEntitlement { symphony_id, .. } => symphony_id,
        SymphonyCall::DeleteCustomerEntitlement { advisor_symphony_id, .. } => advisor_symphony_id,
        _ => return None,
    };
    let request = Seen {
        operation: entry.operation()?,
        status: entry.status.map(|status| status.as_u16()),
        fault: entry.fault.clone(),
    };
    Some((advisor.as_ref()?.as_str().to_owned(), request))
}

/// Compares what a call said with what the fake saw, and says whether the advisor is entitled now.
fn look(wish: Wish, failure: Option<ErrorKind>, requests: &[Seen]) -> bool {
    let carried_out = requests.iter().filter(|request| request.was_carried_out()).count();
    let said = failure.map_or_else(|| "success".to_owned(), |kind| format!("{kind:?}"));
    match wish {
        Wish::Add => {
            for (index, request) in requests.iter().enumerate() {
                let is_last = index + 1 == requests.len();
                assert!(
                    is_last || request.was_surely_not(),
                    "sent again although perhaps done: {requests:?}"
                );
            }
            let is_known_failure = matches!(failure, Some(ErrorKind::RateLimited | ErrorKind::Timeout));
            let expected = if failure.is_none() { 1..=1 } else { 0..=usize::from(!is_known_failure) };
            assert!(expected.contains(&carried_out), "{said}, but carried out {carried_out}×: {requests:?}");
            carried_out > 0
        }
        Wish::EnsureEntitled => {
            let first = requests.iter().position(Seen::was_carried_out);
            let is_last = first.is_none_or(|first| first + 1 == requests.len());
            assert!(is_last, "added although reading back finds it: {requests:?}");
            assert!(failure.is_some() || carried_out > 0, "{said}, but never carried out: {requests:?}");
            carried_out > 0
        }
        Wish::Remove => {
            assert!(requests.iter().all(|request| request.operation == Operation::DeleteCustomerEntitlement));
            assert!(failure.is_some() || carried_out > 0, "{said}, but never carried out: {requests:?}");
            carried_out == 0
        }
    }
}
