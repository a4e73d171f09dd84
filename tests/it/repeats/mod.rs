//! Which outcome of which operation is repeated, after what wait, and how it is reported.

mod budget;
mod deadlines;
mod drive;
mod outcomes;
mod rows;
mod sequences;
mod shared;
mod writes;

use std::time::Duration;

use entitlements::ErrorKind;
use serde_json::Value;

use self::{
    drive::{Api, Class, Ended, Limits, OPERATIONS, Operation},
    outcomes::{Made, Run, Times},
    rows::rows,
};
use crate::build;

/// What a call comes to when its outcome is the same at every attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ends {
    /// Repeated until the four attempts are used up.
    Again(ErrorKind),
    /// Repeated once and no more.
    Twice(ErrorKind),
    /// Repeated once, at once, with a new token.
    Renewed(ErrorKind),
    /// An error at once.
    Once(ErrorKind),
    /// A success.
    Done,
}

/// For whom a row has an exception, instead of the column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    All(Api),
    Only(&'static str),
    Raw,
}

/// One outcome: a column for each class, and what it asks for and is reported with.
#[derive(Debug, Clone)]
struct Row {
    outcome: &'static str,
    made: Made,
    limits: Limits,
    read: Ends,
    state: Ends,
    removal: Ends,
    never: Ends,
    exceptions: Vec<(Who, Ends)>,
    /// The wait that it asks for lies between these, and is reported whether it is kept or not.
    asks: Option<(Duration, Duration)>,
    /// The status of the error.
    status: Option<u16>,
}

impl Row {
    fn ends(&self, operation: Operation) -> Ends {
        let is_meant = |who: &Who| match who {
            Who::All(api) => operation.api == *api,
            Who::Only(name) => operation.name == *name,
            Who::Raw => operation.is_raw(),
        };
        let exception = self.exceptions.iter().find(|(who, _)| is_meant(who));
        exception.map_or_else(
            || match operation.class {
                Class::Read => self.read,
                Class::State => self.state,
                Class::Removal => self.removal,
                Class::Never => self.never,
            },
            |(_, ends)| *ends,
        )
    }

    /// Between which bounds so many waits lie together. A wait of nothing is not asked for.
    fn waits(&self, api: Api, count: u32) -> (Duration, Duration) {
        match self.asks.filter(|(_, most)| !most.is_zero()) {
            Some((least, most)) => (least * count, most * count),
            None => (Duration::ZERO, backoff(api, count)),
        }
    }
}

/// The largest sum of so many waits with full jitter: 200 ms, 400 ms and so on up to 10 s, and for
/// Connect 1 s, 2 s and so on up to 60 s.
fn backoff(api: Api, count: u32) -> Duration {
    let (first, largest) = if api == Api::Connect { (1_000, 60_000) } else { (200, 10_000) };
    (0..count).map(|step| Duration::from_millis((first << step).min(largest))).sum()
}

fn is_between(value: Duration, (least, most): (Duration, Duration)) -> bool {
    (least..=most).contains(&value)
}

/// What is wrong about a run, in words.
fn faults_of(row: &Row, operation: Operation, times: Times, run: &Run) -> Vec<String> {
    let ends = row.ends(operation);
    let (attempts, waits) = match (ends, times) {
        (Ends::Again(_), Times::Always) => (4, 3),
        (Ends::Again(_) | Ends::Twice(_), Times::Once) | (Ends::Twice(_), Times::Always) => (2, 1),
        (Ends::Renewed(_), _) => (2, 0),
        (Ends::Once(_) | Ends::Done, _) => (1, 0),
    };
    let mut wrong = Vec::new();
    let mut check = |is_right: bool, what: String| {
        if !is_right {
            wrong.push(what);
        }
    };
    check(run.ended.attempts() == attempts, format!("attempts: expected {attempts}"));
    let seen = match (row.made, times) {
        (Made::Refused, Times::Always) => 0,
        (Made::Refused, Times::Once) => attempts - 1,
        _ => attempts,
    };
    check(run.requests == u64::from(seen), format!("requests: expected {seen}"));
    let bounds = row.waits(operation.api, waits);
    check(is_between(run.waited, bounds), format!("waited: expected {bounds:?}"));
    let is_repeated = matches!(ends, Ends::Again(_) | Ends::Twice(_) | Ends::Renewed(_));
    let kind = match ends {
        Ends::Done => None,
        _ if is_repeated && times == Times::Once => None,
        Ends::Again(kind) | Ends::Twice(kind) | Ends::Renewed(kind) | Ends::Once(kind) => Some(kind),
    };
    match (&run.ended, kind) {
        (Ended::Done { .. }, expected) => check(expected.is_none(), format!("expected {expected:?}")),
        (Ended::Failed(_), None) => check(false, "expected a success".to_owned()),
        (Ended::Failed(error), Some(kind)) => {
            check(error.kind() == kind, format!("kind: expected {kind:?}, got {:?}", error.kind()));
            let status = error.status().map(|status| status.as_u16());
            check(status == row.status, format!("status: expected {:?}, got {status:?}", row.status));
            let asked = error.retry_after();
            let is_told = match (row.asks, asked) {
                (None, None) => true,
                (Some(bounds), Some(asked)) => is_between(asked, bounds),
                _ => false,
            };
            check(is_told, format!("retry_after: expected {:?}, got {asked:?}", row.asks));
            let is_transient = error.is_transient();
            check(is_transient || !matches!(ends, Ends::Again(_)), "repeated and not transient".to_owned());
            check(error.operation().is_some_and(|name| name.contains('.')), "no operation".to_owned());
        }
    }
    let shown = |what| format!("{} × {} ({times:?}): {what}; {run:?}", row.outcome, operation.name);
    wrong.into_iter().map(shown).collect()
}

/// Runs every operation with every outcome of one kind, once and always.
async fn check_rows(with_socket: bool) {
    let mut wrong = Vec::new();
    for row in rows().iter().filter(|row| row.made.needs_socket() == with_socket) {
        for operation in OPERATIONS {
            for times in [Times::Once, Times::Always] {
                let run = row.made.run(operation, row.limits, times).await;
                wrong.extend(faults_of(row, operation, times, &run));
            }
        }
    }
    assert!(wrong.is_empty(), "{} are not as the table says:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn every_answer_of_every_operation() {
    check_rows(false).await;
}

#[tokio::test]
async fn every_broken_connection_of_every_operation() {
    check_rows(true).await;
}

/// A fourteenth operation has no rows until [`OPERATIONS`] has it, with a class of the table.
#[test]
fn the_table_has_every_operation_of_the_documents() {
    let files = [
        (Api::Symphony, "symphony.yaml", include_str!("../../../specs/symphony.yaml")),
        (Api::CrmGateway, "crm-gateway.yaml", include_str!("../../../specs/crm-gateway.yaml")),
        (Api::Connect, "connect.yaml", include_str!("../../../specs/connect.yaml")),
    ];
    let mut documented = Vec::new();
    for (api, name, text) in files {
        let document = build::parse(name, text).unwrap_or_else(|found| panic!("{found}"));
        for (_, _, operation) in build::walk::operations(&document) {
            let text = |key| operation.get(key).and_then(Value::as_str).expect("a text").to_owned();
            documented.push((format!("{api:?}"), text("operationId"), text("x-repeat")));
        }
    }
    let word = |class| match class {
        Class::Read => "read",
        Class::State => "state",
        Class::Removal => "removal",
        Class::Never => "never",
    };
    let of_table = OPERATIONS.iter().filter(|operation| !operation.is_raw());
    let mut of_table: Vec<_> = of_table
        .map(|operation| {
            (format!("{:?}", operation.api), operation.name.to_owned(), word(operation.class).to_owned())
        })
        .collect();
    documented.sort_unstable();
    of_table.sort_unstable();
    assert_eq!(of_table, documented);
}

/// The jitter goes up to the bound of each API and not beyond it.
#[tokio::test(start_paused = true)]
async fn waits_without_a_word_of_the_server_are_drawn_from_all_that_the_api_allows() {
    let made = Made::Fault(|| entitlements::fakes::Fault::status(502));
    for (name, api) in [
        ("listEntitlements", Api::Symphony),
        ("getEntitlements", Api::CrmGateway),
        ("listGlobalPermissions", Api::Connect),
    ] {
        let mut waits = Vec::new();
        for _ in 0..100 {
            let run = made.run(drive::named(name), Limits::default(), Times::Once).await;
            waits.push(run.waited);
        }
        let bound = backoff(api, 1);
        assert!(waits.iter().all(|wait| *wait <= bound), "{name}: {waits:?}");
        assert!(waits.iter().any(|wait| *wait > bound.mul_f64(0.8)), "{name}: {waits:?}");
        assert!(waits.iter().any(|wait| *wait < bound.mul_f64(0.2)), "{name}: {waits:?}");
    }
}
