//! The way of one request through a fake: script, handler, fault, journal.

use std::{
    collections::{BTreeMap, VecDeque},
    panic::{AssertUnwindSafe, Location, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{
    Call, Entry, Fault, Faults, Journal, Operation, Reply, Request, alter,
    fault::{Cut, Next, What},
    rules::Rules,
    state::{State, TokenEnd, Visit},
};
use crate::time::Clock;

/// A handler with everything that is the same for all fakes; a server lets requests in.
pub(crate) struct Core<S: State> {
    turn: Mutex<()>,
    state: Mutex<S>,
    clock: Arc<dyn Clock>,
    rules: Rules,
    script: Mutex<Script<<S::Call as Call>::Operation>>,
    journal: Mutex<Journal<S::Call>>,
    complaints: Mutex<Vec<String>>,
}

/// What the builder knows.
pub(super) struct Script<O> {
    /// Before those of the operations.
    pub(super) queued: VecDeque<Fault>,
    pub(super) by_operation: BTreeMap<O, Scripted>,
}

pub(super) struct Scripted {
    pub(super) faults: Faults,
    /// Where the author of the test wrote it.
    pub(super) written: &'static Location<'static>,
}

/// An answer and how it is brought to the client.
pub(crate) struct Answer {
    pub(crate) reply: Reply,
    /// Before the first byte.
    pub(crate) delay: Duration,
    pub(crate) delivery: Delivery,
    /// Whether its length is not announced.
    pub(crate) chunked: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    Whole,
    Reset,
    Truncated(usize),
    Cut(Cut),
    Drip { bytes: usize, every: Duration },
    Endless,
}

/// A request that is under way, until this is dropped.
pub(crate) struct Flight(Arc<dyn Answerer>);

/// What a server or the client's in-process end needs of a fake.
pub(crate) trait Answerer: Send + Sync {
    fn answer(&self, request: Request) -> Answer;

    /// Counts a request as under way.
    fn take_off(self: Arc<Self>) -> Flight;

    /// Counts it as done; what the end of its flight calls.
    fn land(&self);
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.0.land();
    }
}

impl<S: State> Answerer for Core<S> {
    fn take_off(self: Arc<Self>) -> Flight {
        {
            let mut journal = self.journal_mut();
            let concurrency = journal.concurrency();
            concurrency.now += 1;
            concurrency.most = concurrency.most.max(concurrency.now);
        }
        Flight(self)
    }

    fn land(&self) {
        self.journal_mut().concurrency().now -= 1;
    }

    fn answer(&self, request: Request) -> Answer {
        // Script, state and journal see the requests in one order.
        let _turn = lock(&self.turn);
        let call = S::Call::read(&request);
        let now = self.clock.wall();
        let visit = Visit::new(now, self.rules.broken_by(&request));
        let next = self.next_fault(call.as_ref().map(Call::operation));
        let (mut answer, fault) = match next {
            Ok(None) => (self.plain(&request, &visit), None),
            Ok(Some(fault)) => {
                let (answer, had_effect) = self.faulty(&fault, &request, &visit);
                let without = if had_effect { "" } else { " (no effect)" };
                (answer, Some(format!("{}{without}", fault.name())))
            }
            Err(complaint) => {
                self.complain(complaint.clone());
                (Answer::whole(complaint_reply(&complaint)), Some("the script has run out".to_owned()))
            }
        };
        answer.reply = answer.reply.dated(now);
        let status = (answer.delivery != Delivery::Reset).then_some(answer.reply.status);
        let broken_rule = visit.refused_for().map(str::to_owned);
        self.journal_mut().push(Entry { number: 0, at: now, call, request, status, fault, broken_rule });
        answer
    }
}

impl<S: State> Core<S> {
    pub(super) fn new(
        state: S,
        clock: Arc<dyn Clock>,
        rules: Rules,
        script: Script<<S::Call as Call>::Operation>,
        kept: usize,
    ) -> Self {
        let is_checked = rules.are_asked();
        Self {
            turn: Mutex::default(),
            state: Mutex::new(state),
            clock,
            rules,
            script: Mutex::new(script),
            journal: Mutex::new(Journal::new(kept, is_checked)),
            complaints: Mutex::default(),
        }
    }

    /// Whether a server tells from the start when an answer has left.
    pub(super) fn measure_concurrency(&self, is_known: bool) {
        self.journal_mut().concurrency().is_known = is_known;
    }

    pub(super) fn state(&self) -> MutexGuard<'_, S> {
        lock(&self.state)
    }

    pub(super) fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    pub(super) fn journal(&self) -> Journal<S::Call> {
        self.journal_mut().clone()
    }

    pub(super) fn script(&self) -> MutexGuard<'_, Script<<S::Call as Call>::Operation>> {
        lock(&self.script)
    }

    /// What the author of the test has to hear of.
    pub(super) fn complaints(&self) -> Vec<String> {
        lock(&self.complaints).clone()
    }

    fn journal_mut(&self) -> MutexGuard<'_, Journal<S::Call>> {
        lock(&self.journal)
    }

    fn complain(&self, complaint: String) {
        let mut complaints = lock(&self.complaints);
        if !complaints.contains(&complaint) {
            complaints.push(complaint);
        }
    }

    fn next_fault(&self, operation: Option<<S::Call as Call>::Operation>) -> Result<Option<Fault>, String> {
        let mut script = self.script();
        if let Some(fault) = script.queued.pop_front() {
            return Ok(Some(fault));
        }
        let Some((operation, scripted)) =
            operation.and_then(|operation| Some((operation, script.by_operation.get_mut(&operation)?)))
        else {
            return Ok(None);
        };
        match scripted.faults.next() {
            Next::Fault(fault) => Ok(Some(fault)),
            Next::Normal => Ok(None),
            Next::RanOut => Err(format!(
                "the faults for {operation}, written at {}, have run out; end them with `then_normal()`, or \
                 with a fault that comes `always()`",
                scripted.written
            )),
        }
    }

    /// The handler's own answer, which has to be what the specification says.
    fn plain(&self, request: &Request, visit: &Visit) -> Answer {
        let reply = self.carry_out(request, visit);
        match self.rules.broken_by_reply(request, &reply) {
            None => Answer::whole(reply),
            Some(rule) => {
                let complaint = format!("the fake's answer to {request:?} breaks the specification: {rule}");
                let reply = complaint_reply(&complaint).with_valid_header("x-fake-rule", &rule);
                self.complain(complaint);
                Answer::whole(reply)
            }
        }
    }

    fn carry_out(&self, request: &Request, visit: &Visit) -> Reply {
        let handled = catch_unwind(AssertUnwindSafe(|| self.state().handle(request, visit)));
        let Ok(reply) = handled else {
            let complaint = "the fake gave up, see the panic above: does a generator of its seed panic?";
            self.complain(complaint.to_owned());
            return complaint_reply(complaint);
        };
        match visit.refused_for() {
            Some(rule) => reply.with_valid_header("x-fake-rule", rule),
            None => reply,
        }
    }

    /// The answer, and whether the fault made it another one.
    fn faulty(&self, fault: &Fault, request: &Request, visit: &Visit) -> (Answer, bool) {
        let carry_out = || self.carry_out(request, visit);
        let instead = |reply: Reply| {
            if fault.after_change {
                carry_out();
            }
            reply
        };
        let end_token = |end| {
            self.state().end_token(request, end, visit.now);
            carry_out()
        };
        let mut had_effect = true;
        let mut answer = Answer::whole(match &fault.what {
            What::Nothing | What::Truncated(_) | What::Cut(_) | What::Drip { .. } | What::Endless => {
                carry_out()
            }
            What::Alter(alteration) => {
                let reply = carry_out();
                let altered = alter::altered(reply.clone(), alteration);
                had_effect = altered.body != reply.body;
                altered
            }
            What::ExpiredToken => end_token(TokenEnd::Expired),
            What::RevokedToken => end_token(TokenEnd::Revoked),
            What::Reply(reply) => instead(reply.clone()),
            What::TooManyRequests(header) => instead(alter::too_many_requests(*header, visit.now)),
            What::Reset => instead(Reply::new(500)),
        });
        answer.delay = fault.delay;
        answer.chunked = fault.chunked;
        answer.delivery = match fault.what {
            What::Reset => Delivery::Reset,
            What::Truncated(bytes) => Delivery::Truncated(bytes),
            What::Cut(cut) => Delivery::Cut(cut),
            What::Drip { bytes, every } => Delivery::Drip { bytes, every },
            What::Endless => Delivery::Endless,
            _ => Delivery::Whole,
        };
        let length = answer.reply.body.len();
        had_effect &= match answer.delivery {
            Delivery::Truncated(bytes) => bytes < length,
            Delivery::Cut(cut) => cut.after < answer.head_length() + answer.framed_length(),
            Delivery::Drip { .. } | Delivery::Endless => length > 0,
            Delivery::Whole | Delivery::Reset => true,
        };
        (answer, had_effect)
    }
}

impl Answer {
    fn whole(reply: Reply) -> Self {
        Self { reply, delay: Duration::ZERO, delivery: Delivery::Whole, chunked: false }
    }

    /// How long the listener's status line and headers are. It adds a date, and how the end of the
    /// body is known; for a client that wants no further answer also `connection: close`, which
    /// does not count here.
    pub(crate) fn head_length(&self) -> usize {
        const DATE: usize = "date: Thu, 01 Jan 1970 00:00:00 GMT\r\n".len();
        let status = self.reply.status;
        let line =
            format!("HTTP/1.1 {} {}\r\n", status.as_u16(), status.canonical_reason().unwrap_or_default());
        let own = self.reply.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4);
        let framing = if self.has_no_body() {
            0
        } else if self.chunked {
            "transfer-encoding: chunked\r\n".len()
        } else {
            format!("content-length: {}\r\n", self.reply.body.len()).len()
        };
        line.len() + own.sum::<usize>() + framing + DATE + 2
    }

    /// How many bytes the listener makes of the body.
    pub(crate) fn framed_length(&self) -> usize {
        let length = self.reply.body.len();
        if self.has_no_body() || !self.chunked {
            return length;
        }
        let last = "0\r\n\r\n".len();
        if length == 0 { last } else { format!("{length:X}\r\n").len() + length + 2 + last }
    }

    fn has_no_body(&self) -> bool {
        self.reply.status == 204 || self.reply.status == 304
    }
}

/// An answer that no vendor would send, so that a test does not go on by chance.
fn complaint_reply(complaint: &str) -> Reply {
    Reply::new(500).with_body("text/plain; charset=utf-8", complaint).off_spec()
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<O: Operation> Default for Script<O> {
    fn default() -> Self {
        Self { queued: VecDeque::new(), by_operation: BTreeMap::new() }
    }
}
