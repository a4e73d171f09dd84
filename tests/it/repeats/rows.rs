//! The table: one row for each outcome.

use std::time::Duration;

use entitlements::{
    ErrorKind::{
        Conflict, Forbidden, LoginFailed, NotFound, NotSent, OutcomeUnknown, RateLimited, Rejected, Server,
        Timeout, UnexpectedAnswer,
    },
    fakes::{Fault, RateHeader, Reply},
};
use serde_json::json;

use super::{
    Ends::{self, Again, Done, Once, Renewed, Twice},
    Limits, Made, Row,
    Who::{self, All, Only, Raw},
    drive::Api::{Connect, CrmGateway, Symphony},
    outcomes::Break::{BodyReset, HangUp, Reset, Truncated},
};

/// The columns are: read, state, removal, never.
fn row(outcome: &'static str, made: Made, columns: [Ends; 4]) -> Row {
    let [read, state, removal, never] = columns;
    Row {
        outcome,
        made,
        limits: Limits::default(),
        read,
        state,
        removal,
        never,
        exceptions: Vec::new(),
        asks: None,
        status: None,
    }
}

/// The same for all.
fn same(outcome: &'static str, made: Made, ends: Ends) -> Row {
    row(outcome, made, [ends; 4])
}

/// Perhaps carried out: repeated where that is harmless.
fn lost(outcome: &'static str, made: Made, ends: Ends) -> Row {
    row(outcome, made, [ends, ends, ends, Once(OutcomeUnknown)])
}

impl Row {
    fn except(mut self, who: Who, ends: Ends) -> Self {
        self.exceptions.push((who, ends));
        self
    }

    fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// Exactly so many seconds.
    fn asks(self, seconds: u64) -> Self {
        self.asks_between(seconds * 1000, seconds * 1000)
    }

    fn asks_between(mut self, least: u64, most: u64) -> Self {
        self.asks = Some((Duration::from_millis(least), Duration::from_millis(most)));
        self
    }

    fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }
}

fn html() -> Reply {
    Reply::new(200).with_body("text/html", "<html><body>Please log in.</body></html>")
}

fn unavailable(seconds: &str) -> Fault {
    Fault::reply(Reply::new(503).with_header("retry-after", seconds))
}

/// A problem that Symphony documents with a 500.
fn problem(status: u16) -> Fault {
    let body = json!({ "type": "no.available.number", "title": "No number is left", "status": status });
    Fault::reply(Reply::json(status, &body))
}

fn too_many(header: RateHeader) -> Fault {
    Fault::too_many_requests(header)
}

const SEVEN: Duration = Duration::from_secs(7);

#[rustfmt::skip] // One line is one row.
pub(super) fn rows() -> Vec<Row> {
    let fault = Made::Fault;
    let soon = Limits { timeout: Some(Duration::from_secs(1)), ..Limits::default() };
    let short = Limits { deadline: Some(Duration::from_secs(20)), ..Limits::default() };
    vec![
        // Never sent.
        same("the connection is refused", Made::Refused, Again(NotSent)),
        // Perhaps carried out, without an answer.
        lost("closed before the answer", Made::Broken(HangUp), Again(Server)),
        lost("reset before the answer", Made::Broken(Reset), Again(Server)),
        lost("closed in the body", Made::Broken(Truncated), Again(Server)).status(200),
        lost("reset in the body", Made::Broken(BodyReset), Again(Server)).status(200),
        lost("reset, without a socket", fault(Fault::reset), Again(Server)),
        lost("no answer in the attempt's time", fault(|| Fault::delay(Duration::from_secs(3600))), Again(Timeout)).limits(soon),
        // Carried out perhaps, and no repeat would read better.
        lost("larger than max_body", Made::TooLarge, Once(UnexpectedAnswer)).status(200),
        // A success that says nothing.
        row("200 with HTML", fault(|| Fault::reply(html())),
            [Once(UnexpectedAnswer), Once(UnexpectedAnswer), Once(UnexpectedAnswer), Once(OutcomeUnknown)]).status(200),
        row("200 with half a JSON", fault(|| Fault::reply(Reply::new(200).with_body("application/json", "{\"a\":"))),
            [Once(UnexpectedAnswer), Once(UnexpectedAnswer), Done, Once(OutcomeUnknown)]).status(200),
        row("200 without a body", fault(|| Fault::status(200)), [Once(UnexpectedAnswer), Done, Done, Done]).status(200)
            .except(Raw, Done)
            .except(Only("getCustomerEntitlement"), Once(NotFound)),
        same("204", fault(|| Fault::status(204)), Done).status(204)
            .except(Only("getCustomerEntitlement"), Once(NotFound)),
        // Refused: not carried out, and the same again would be refused again.
        same("301", fault(|| Fault::reply(Reply::new(301).with_header("location", "https://elsewhere.example/"))), Once(UnexpectedAnswer)).status(301),
        same("302", fault(|| Fault::reply(Reply::new(302).with_header("location", "https://elsewhere.example/"))), Once(UnexpectedAnswer)).status(302),
        same("307", fault(|| Fault::reply(Reply::new(307).with_header("location", "/elsewhere"))), Once(UnexpectedAnswer)).status(307),
        same("400", fault(|| Fault::status(400)), Once(Rejected)).status(400),
        same("404", fault(|| Fault::status(404)), Once(NotFound)).status(404),
        same("405", fault(|| Fault::status(405)), Once(Rejected)).status(405),
        same("409", fault(|| Fault::status(409)), Once(Conflict)).status(409),
        same("418", fault(|| Fault::status(418)), Once(Rejected)).status(418),
        // The token is refused.
        same("401", fault(|| Fault::status(401)), Renewed(LoginFailed)).status(401),
        same("401, no other token", Made::WithStaticToken(|| Fault::status(401)), Once(LoginFailed)).status(401),
        same("403", fault(|| Fault::status(403)), Once(Forbidden)).status(403)
            .except(All(CrmGateway), Renewed(Forbidden)),
        same("403, no other token", Made::WithStaticToken(|| Fault::status(403)), Once(Forbidden)).status(403),
        same("200 with the gateway's refusal", fault(|| Fault::reply(Reply::json(200, &json!({ "resultCode": "99999:403" })))), Done).status(200)
            .except(All(CrmGateway), Renewed(Forbidden))
            .except(Only("listEntitledAdvisors"), Once(UnexpectedAnswer)),
        // Too many: not carried out, and the server says when to come back.
        same("429", fault(|| too_many(RateHeader::Absent)), Again(RateLimited)).status(429),
        same("429, Retry-After: 7", fault(|| too_many(RateHeader::RetryAfter(SEVEN))), Again(RateLimited)).status(429).asks(7),
        // The fake's date is the next whole second.
        same("429, Retry-After: a date", fault(|| too_many(RateHeader::RetryAfterDate(SEVEN))), Again(RateLimited)).status(429).asks_between(7000, 8000),
        same("429, Retry-After: 0", fault(|| too_many(RateHeader::RetryAfter(Duration::ZERO))), Again(RateLimited)).status(429).asks(0),
        same("429, Retry-After: no number", fault(|| Fault::reply(Reply::new(429).with_header("retry-after", "soon"))), Again(RateLimited)).status(429),
        same("429, reset in seconds", fault(|| too_many(RateHeader::Reset(SEVEN))), Again(RateLimited)).status(429).asks(7),
        same("429, reset at a second", fault(|| too_many(RateHeader::ResetEpoch(SEVEN))), Again(RateLimited)).status(429).asks_between(7000, 8000),
        same("429, reset at a millisecond", fault(|| too_many(RateHeader::ResetEpochMillis(SEVEN))), Again(RateLimited)).status(429).asks_between(6999, 7000),
        same("429, reset far away", fault(|| too_many(RateHeader::Reset(SEVEN * 100))), Once(RateLimited)).status(429).asks(60)
            .limits(Limits { deadline: Some(Duration::from_secs(60)), ..Limits::default() }),
        same("429, Retry-After: a date that has passed", fault(|| Fault::reply(Reply::new(429).with_header("retry-after", "Tue, 14 Nov 2000 22:13:29 GMT"))), Again(RateLimited)).status(429).asks(0),
        same("429, reset that has passed", fault(|| Fault::reply(Reply::new(429).with_header("x-ratelimit-reset", "1000000001"))), Again(RateLimited)).status(429).asks(1),
        same("429, both headers", fault(|| Fault::reply(Reply::new(429).with_header("retry-after", "3").with_header("x-ratelimit-reset", "7"))), Again(RateLimited)).status(429).asks(3),
        same("429, more than longest_wait", fault(|| too_many(RateHeader::RetryAfter(Duration::from_secs(61)))), Once(RateLimited)).status(429).asks(61),
        same("429, as long as longest_wait", fault(|| too_many(RateHeader::RetryAfter(Duration::from_secs(60)))), Again(RateLimited)).status(429).asks(60)
            .limits(Limits { deadline: Some(Duration::from_secs(3600)), ..Limits::default() }),
        same("429, beyond the deadline", fault(|| too_many(RateHeader::RetryAfter(Duration::from_secs(30)))), Once(RateLimited)).status(429).asks(30).limits(short),
        // The server cannot, and will not be able to.
        lost("501", fault(|| Fault::status(501)), Once(Server)).status(501),
        lost("505", fault(|| Fault::status(505)), Once(Server)).status(505),
        // The server failed, perhaps after it carried the request out.
        lost("408", fault(|| Fault::status(408)), Again(Timeout)).status(408),
        lost("500", fault(|| Fault::status(500)), Again(Server)).status(500)
            .except(Only("raw POST"), Once(OutcomeUnknown))
            .except(All(Connect), Twice(Server)),
        lost("502", fault(|| Fault::status(502)), Again(Server)).status(502),
        lost("502 with HTML", fault(|| Fault::html(502)), Again(Server)).status(502),
        lost("503", fault(|| Fault::status(503)), Again(Server)).status(503),
        lost("504", fault(|| Fault::status(504)), Again(Server)).status(504),
        // A reset of a rate limit is on every answer of Connect, so it asks for nothing here.
        lost("503, reset in seconds", fault(|| Fault::reply(Reply::new(503).with_header("x-ratelimit-reset", "7"))), Again(Server)).status(503),
        // The wait is a part of 429 and 503 only.
        lost("502, Retry-After: 7", fault(|| Fault::reply(Reply::new(502).with_header("retry-after", "7"))), Again(Server)).status(502),
        same("404, Retry-After: 7", fault(|| Fault::reply(Reply::new(404).with_header("retry-after", "7"))), Once(NotFound)).status(404),
        // Not carried out: the server says when it can.
        same("503, Retry-After: 7", fault(|| unavailable("7")), Again(Server)).status(503).asks(7),
        same("503, more than longest_wait", fault(|| unavailable("61")), Once(Server)).status(503).asks(61),
        same("503, beyond the deadline", fault(|| unavailable("30")), Once(Server)).status(503).asks(30).limits(short),
        // Symphony's considered answer. The others know no such problem.
        lost("500 with a problem of Symphony's", fault(|| problem(500)), Again(Server)).status(500)
            .except(All(Symphony), Once(Server))
            .except(Only("raw POST"), Once(OutcomeUnknown))
            .except(All(Connect), Twice(Server)),
        lost("502 with a problem of Symphony's", fault(|| problem(502)), Again(Server)).status(502)
            .except(All(Symphony), Once(Server)),
    ]
}
