//! Servers that answer wrongly on purpose: every call ends in a clear error, or in a success where
//! the fault can be tolerated; within its time, and without a word to anybody else.

mod calls;
mod plays;
mod server;
mod table;

use std::{
    error::Error as _,
    time::{Duration, Instant},
};

use entitlements::{Error, ErrorKind, Result};

use self::{
    calls::{Call, GOOD, Limits},
    plays::TEXT,
    server::{Hostile, Play},
};

/// What a call has to end with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Want {
    Success,
    Kind(ErrorKind),
    /// Either; the error must be a clear one all the same.
    Anything,
}

/// A play, and what comes of it.
struct Row {
    name: String,
    play: Play,
    /// Reads, and writes that set a state or remove something.
    repeatable: Want,
    /// Writes that may not be repeated.
    never: Want,
    login: Want,
    /// Calls that end otherwise.
    except: Vec<(Call, Want)>,
    /// Whether a repeat would bring the same, so that there is none.
    once: bool,
}

const PATIENT: Limits = Limits {
    timeout: Duration::from_secs(20),
    deadline: Duration::from_secs(60),
    max_body: 16 * 1024 * 1024,
    virtual_time: true,
};

/// For what never ends: real time matters, and the limit of a body too.
const STRICT: Limits = Limits {
    timeout: Duration::from_millis(150),
    deadline: Duration::from_millis(1_500),
    max_body: 1024 * 1024,
    virtual_time: false,
};

impl Row {
    fn want(&self, call: Call) -> Want {
        let exception = self.except.iter().find(|(other, _)| *other == call).map(|(_, want)| *want);
        exception.unwrap_or(match call {
            _ if call.is_login() => self.login,
            Call::SymphonyAdd | Call::GatewayWrite => self.never,
            _ => self.repeatable,
        })
    }

    /// Plays it for every call, and says what went otherwise.
    async fn faults(&self, limits: Limits) -> Vec<String> {
        let all = Call::ALL.map(|call| self.fault(call, limits));
        futures_util::future::join_all(all).await.into_iter().flatten().collect()
    }

    async fn fault(&self, call: Call, limits: Limits) -> Option<String> {
        let server = Hostile::start(call.answered_before(), GOOD, self.play.clone()).await;
        let api = Hostile::start(usize::MAX, GOOD, Play::HangUp).await;
        let before = Instant::now();
        let outcome = call.make(&server.uri(), &api.uri(), limits).await;
        let took = before.elapsed();
        let sent = server.requests() - call.answered_before();
        let said = format!("{}, {call:?}: {outcome:?} after {sent} requests", self.name);
        let is_wanted = match (self.want(call), &outcome) {
            (Want::Anything, _) | (Want::Success, Ok(())) => true,
            (Want::Kind(kind), Err(error)) => error.kind() == kind,
            _ => false,
        };
        // A refresh that fails is followed by a login.
        let once = if matches!(call, Call::KeycloakRefresh) { 2 } else { 1 };
        let faults = [
            (!is_wanted).then(|| format!("wanted {:?}", self.want(call))),
            (self.once && sent > once).then(|| "was repeated".to_owned()),
            // What is on its way when the deadline passes may end by its own limit.
            (took > limits.deadline + Duration::from_secs(1)).then(|| format!("took {took:?}")),
            (call.is_login() && outcome.is_err() && api.requests() > 2).then(|| "reached the API".to_owned()),
            outcome.err().and_then(|error| unclear(&error)),
        ];
        let faults: Vec<_> = faults.into_iter().flatten().collect();
        (!faults.is_empty()).then(|| format!("{said}: {}", faults.join(", ")))
    }
}

/// Why an error is not a clear one: it is one line, and repeats nothing that the server said.
fn unclear(error: &Error) -> Option<String> {
    let line = error.to_string();
    if line.contains('\n') || line.len() > 400 || error.operation().is_none() {
        return Some(format!("is not one line about a call: {line}"));
    }
    let mut texts = vec![line, format!("{error:?}")];
    let mut source = error.source();
    while let Some(error) = source {
        texts.extend([error.to_string(), format!("{error:?}")]);
        source = error.source();
    }
    texts
        .into_iter()
        .find(|text| text.contains(TEXT) || text.contains("not-a-real"))
        .map(|text| format!("repeats what the server said, or a secret: {text}"))
}

#[track_caller]
fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_wrong_in_any_way_ends_as_the_table_says() {
    let mut faults = Vec::new();
    for row in table::rows() {
        faults.extend(row.faults(PATIENT).await);
    }
    assert_none(&faults);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_without_an_end_is_cut_off_at_the_limit_of_size() {
    let too_large = Want::Kind(ErrorKind::UnexpectedAnswer);
    let mut faults = Vec::new();
    for (name, play) in plays::endless() {
        let row = Row {
            name: name.to_owned(),
            play,
            repeatable: too_large,
            never: Want::Kind(ErrorKind::OutcomeUnknown),
            login: too_large,
            except: Vec::new(),
            once: true,
        };
        let limits = Limits { max_body: STRICT.max_body, ..PATIENT };
        faults.extend(row.faults(limits).await);
    }
    assert_none(&faults);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_takes_too_long_ends_in_time() {
    let late = Want::Kind(ErrorKind::Timeout);
    let mut faults = Vec::new();
    for (name, play) in plays::slow() {
        let never = Want::Kind(ErrorKind::OutcomeUnknown);
        // Real time cannot be set forward, so the session there does not end.
        let except = vec![(Call::KeycloakRefresh, Want::Success)];
        let row =
            Row { name: name.to_owned(), play, repeatable: late, never, login: late, except, once: false };
        faults.extend(row.faults(STRICT).await);
    }
    assert_none(&faults);
}

#[tokio::test]
async fn a_head_that_is_too_large_is_called_so() {
    let large = plays::endless().into_iter().filter(|(name, _)| name.contains("header"));
    for (name, play) in large {
        for call in [Call::SymphonyRead, Call::KeycloakPassword] {
            let server = Hostile::start(0, "", play.clone()).await;
            let outcome = call.make(&server.uri(), &server.uri(), PATIENT).await;
            let line = outcome.expect_err(name).to_string();
            assert!(line.contains("head") && line.contains("is too large"), "{name}: {line}");
        }
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_the_other_host_sees_no_connection() {
    let mut faults = Vec::new();
    for status in [301, 302, 303, 307, 308] {
        let other = Hostile::bystander().await;
        let places = [format!("{}/x", other.uri()), format!("//{}/x", &other.uri()[7..])];
        for place in places {
            let headers = format!("location: {place}\r\nrefresh: 0; url={place}\r\n");
            let row = Row {
                name: format!("{status} to {place}"),
                play: plays::answer(status, &headers, GOOD),
                repeatable: Want::Kind(ErrorKind::UnexpectedAnswer),
                never: Want::Kind(ErrorKind::UnexpectedAnswer),
                login: Want::Kind(ErrorKind::LoginFailed),
                except: Vec::new(),
                once: true,
            };
            faults.extend(row.faults(PATIENT).await);
        }
        assert_eq!(other.connections(), 0, "{status}");
    }
    assert_none(&faults);
}

/// The totals that a client of the gateway reads in two calls, without a repeat.
async fn two_totals(play: Play) -> Result<[Option<i64>; 2]> {
    let server = Hostile::start(0, "", play).await;
    let auth = entitlements::auth::StaticToken::new("not-a-real-token");
    let builder = entitlements::crm_gateway::Client::builder(server.uri()).auth(auth).max_attempts(1);
    let client = builder.build().expect("a client");
    let first = client.list_entitlements().send().await?.total_records;
    // The client notices what comes on a connection that is idle.
    tokio::time::sleep(Duration::from_millis(100)).await;
    Ok([first, client.list_entitlements().send().await?.total_records])
}

#[tokio::test]
async fn what_comes_behind_an_answer_is_no_answer_to_the_next_call() {
    let page = |total: u32| {
        let body = format!(r#"{{"totalRecords":{total},"resourceSet":[]}}"#);
        format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
    };
    let rows = [
        ("nothing comes", Play::Each(page(1).into()), Some(1)),
        ("the connection is closed", plays::bytes(page(1)), Some(1)),
        ("some bytes", Play::Each(format!("{}{TEXT}", page(1)).into()), Some(1)),
        ("an answer that nobody asked for", Play::Each(format!("{}{}", page(1), page(666)).into()), Some(1)),
        (
            "a body after a 204",
            Play::Each(b"HTTP/1.1 204 No Content\r\n\r\n{\"totalRecords\":666}".into()),
            None,
        ),
        (
            "a body after a 204 with its length",
            Play::Each(b"HTTP/1.1 204 No Content\r\ncontent-length: 20\r\n\r\n{\"totalRecords\":666}".into()),
            None,
        ),
    ];
    for (name, play, total) in rows {
        assert_eq!(two_totals(play).await.expect(name), [total; 2], "{name}");
    }
}
