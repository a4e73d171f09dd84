//! Which answer ends in what.

use entitlements::ErrorKind::{NotFound, OutcomeUnknown, Server, UnexpectedAnswer};

use super::{
    Call, Row, Want,
    calls::GOOD,
    plays::{TEXT, answer, bytes, deep, json, with_property, with_replaced},
    server::Play,
};
use Want::{Anything, Kind, Success};

const UNREADABLE: Want = Kind(UnexpectedAnswer);
/// The same for a write that may not be repeated: it may have been carried out.
const OPEN: Want = Kind(OutcomeUnknown);

fn row(name: &str, play: Play, [repeatable, never, login]: [Want; 3]) -> Row {
    Row { name: name.to_owned(), play, repeatable, never, login, except: Vec::new(), once: false }
}

impl Row {
    fn except<const N: usize>(mut self, calls: [Call; N], want: Want) -> Self {
        self.except.extend(calls.map(|call| (call, want)));
        self
    }

    fn once(mut self) -> Self {
        self.once = true;
        self
    }
}

pub(super) fn rows() -> Vec<Row> {
    [tolerable(), bodies(), lengths(), statuses(), no_http()].into_iter().flatten().collect()
}

/// Faults that do not keep the answer from being read.
fn tolerable() -> Vec<Row> {
    let good = [Success; 3];
    let length = GOOD.len();
    vec![
        row("HTML by its content type", answer(200, "content-type: text/html\r\n", GOOD), good),
        row(
            "bytes by its content type",
            answer(200, "content-type: application/octet-stream\r\n", GOOD),
            good,
        ),
        row("a content type that is none", answer(200, "content-type: ;;=\r\n", GOOD), good),
        row("no content type", answer(200, "", GOOD), good),
        row("depth in an unknown field", with_property("x", &deep("[", "]")), good)
            .except([Call::GatewayWrite], OPEN),
        row("objects in depth in an unknown field", with_property("x", &deep(r#"{"a":"#, "}")), good)
            .except([Call::GatewayWrite], OPEN),
        row("a number without measure in an unknown field", with_property("x", "1e999999"), good)
            .except([Call::GatewayWrite], OPEN),
        row("HTTP/1.0", bytes(format!("HTTP/1.0 200 OK\r\n\r\n{GOOD}")), good),
        row(
            "both lengths, chunked",
            {
                let both = format!("content-length: {length}\r\ntransfer-encoding: chunked\r\n");
                bytes(format!("HTTP/1.1 200 OK\r\n{both}\r\n{length:x}\r\n{GOOD}\r\n0\r\n\r\n"))
            },
            good,
        ),
        row(
            "two equal lengths",
            {
                bytes(format!(
                    "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\ncontent-length: {length}\r\n\r\n{GOOD}"
                ))
            },
            good,
        ),
        row("a million keys", json(format!("{{{}{}", r#""k":0,"#.repeat(1_000_000), &GOOD[1..])), good)
            .except(LOGINS, UNREADABLE),
    ]
}

const LOGINS: [Call; 5] = [
    Call::KeycloakPassword,
    Call::KeycloakClient,
    Call::KeycloakRefresh,
    Call::ConnectClientLogin,
    Call::ConnectUserRefresh,
];

/// Bodies that are not what was asked for. They came whole, so a repeat would bring the same.
fn bodies() -> Vec<Row> {
    let unreadable = [UNREADABLE, OPEN, Kind(UnexpectedAnswer)];
    let html = format!("<!DOCTYPE html><html><body>{TEXT}</body></html>");
    let gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xab\xae\x05\0\x43\xbf\xa6\xa3\x02\0\0\0";
    let text = |text: &[u8]| [br#"{"status":""#, text, br#"","entitlements":[]}"#].concat();
    let deep_item = format!("[{}]", deep("[", "]"));
    vec![
        row("200 with HTML", answer(200, "content-type: text/html\r\n", &html), unreadable).once(),
        row("200 with HTML that calls itself JSON", json(&html), unreadable).once(),
        row("an empty body", json(""), [UNREADABLE, Success, Kind(UnexpectedAnswer)])
            .except([Call::SymphonyRead], Kind(NotFound))
            .except([Call::SymphonyRemove, Call::ConnectChange, Call::ConnectShield], Success)
            .once(),
        row("bytes that are no UTF-8", json(text(b"\xff\xfe\xc0\xaf")), unreadable)
            .except([Call::SymphonyRemove], Success)
            .once(),
        row("compressed without being asked", answer(200, "content-encoding: br\r\n", gzip), unreadable)
            .except([Call::SymphonyRemove], Success)
            .once(),
        row("lists in depth", json(deep("[", "]")), unreadable)
            .except([Call::SymphonyRemove], Success)
            .once(),
        row("objects in depth", json(deep(r#"{"channels":"#, "}")), unreadable)
            .except([Call::SymphonyRemove], Success)
            // An unknown field to these, and any field may be absent.
            .except([Call::SymphonyRead, Call::SymphonyAdd, Call::ConnectShield], Success)
            .once(),
        row("depth without an end", json("[".repeat(10_000)), unreadable)
            .except([Call::SymphonyRemove], Success)
            .once(),
        // One bad item does not cost the page.
        row(
            "depth in an item",
            with_replaced(r#""resourceSet":[]"#, &format!(r#""resourceSet":{deep_item}"#)),
            [Success; 3],
        )
        // Read as any JSON, of which too many levels cannot be kept.
        .except([Call::GatewayWrite], OPEN)
        .once(),
        row(
            "numbers without measure",
            with_replaced(r#""totalRecords":0"#, r#""totalRecords":1e999999"#),
            [Success; 3],
        )
        .except([Call::GatewayRead], UNREADABLE)
        .except([Call::GatewayWrite], OPEN)
        .once(),
        row(
            "a life without measure",
            with_replaced(r#""expires_in":300"#, r#""expires_in":1e999999"#),
            [Success, Success, Success],
        )
        .except([Call::GatewayWrite], OPEN)
        .once(),
    ]
}

/// Lengths that lie.
fn lengths() -> Vec<Row> {
    let length = GOOD.len();
    let with = |headers: &str| bytes(format!("HTTP/1.1 200 OK\r\n{headers}\r\n{GOOD}"));
    let broke = [Kind(Server), Kind(OutcomeUnknown), Kind(Server)];
    let no_http = [UNREADABLE, Kind(OutcomeUnknown), UNREADABLE];
    vec![
        row("a length that is too long", with(&format!("content-length: {}\r\n", length + 1)), broke),
        row(
            "a length that is too short",
            with(&format!("content-length: {}\r\n", length - 1)),
            [UNREADABLE, OPEN, Kind(UnexpectedAnswer)],
        )
        .except([Call::SymphonyRemove], Success)
        .once(),
        row("a negative length", with("content-length: -1\r\n"), no_http),
        row("a length that is no number", with("content-length: 0x10\r\n"), no_http),
        row("a length beyond all numbers", with("content-length: 99999999999999999999\r\n"), no_http),
        row("two lengths", with(&format!("content-length: {length}\r\ncontent-length: 1\r\n")), no_http),
        row("chunks that are none", with("transfer-encoding: chunked\r\n"), broke),
        row(
            "a chunk without measure",
            bytes("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n{}"),
            broke,
        ),
        row(
            "a chunk line of a megabyte",
            {
                let line = "a".repeat(1_000_000);
                bytes(format!(
                    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2;{line}\r\n{{}}\r\n0\r\n\r\n"
                ))
            },
            broke,
        ),
        row(
            "trailers of a megabyte",
            {
                let trailers = "x-a: b\r\n".repeat(130_000);
                bytes(format!(
                    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\n{trailers}\r\n"
                ))
            },
            broke,
        ),
    ]
}

/// Statuses that no specification knows.
fn statuses() -> Vec<Row> {
    let lost = [Kind(Server), Kind(OutcomeUnknown), Kind(Server)];
    let unknown = [UNREADABLE, UNREADABLE, Kind(UnexpectedAnswer)];
    vec![
        row("100 and no more", bytes("HTTP/1.1 100 Continue\r\n\r\n"), lost),
        row("199 and no more", bytes("HTTP/1.1 199 Odd\r\n\r\n"), lost),
        row(
            "101",
            bytes("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"),
            unknown,
        ),
        row("600", answer(600, "", GOOD), unknown).once(),
        row("999", answer(999, "", GOOD), unknown).once(),
        row("99", answer(99, "", GOOD), [UNREADABLE, Kind(OutcomeUnknown), UNREADABLE]),
        row("1000", answer(1000, "", GOOD), [UNREADABLE, Kind(OutcomeUnknown), UNREADABLE]),
    ]
}

/// What is not HTTP at all.
fn no_http() -> Vec<Row> {
    let no_http = [UNREADABLE, Kind(OutcomeUnknown), UNREADABLE];
    let lost = [Kind(Server), Kind(OutcomeUnknown), Kind(Server)];
    vec![
        row("HTTP/0.9", bytes(format!("<html>{TEXT}</html>")), no_http),
        row("HTTP/2", bytes("\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0d\0\x04\0\x10\0\0\0\x06\0\0@\0"), no_http),
        row("an alert of TLS", bytes(b"\x15\x03\x01\0\x02\x02\x46"), no_http),
        row("another protocol", bytes(format!("SSH-2.0-{TEXT}\r\n")), no_http),
        row("a header with NUL", bytes(format!("HTTP/1.1 200 OK\r\nx-a: \0{TEXT}\r\n\r\n")), no_http),
        row("half a head", bytes("HTTP/1.1 200 OK\r\ncontent-le"), lost),
        row("nothing", bytes(""), lost),
        row("no time for the request", Play::HangUp, lost),
        row(
            "an answer before the request",
            {
                let Play::Bytes(bytes) = json(GOOD) else { unreachable!() };
                Play::Early(bytes)
            },
            [Anything; 3],
        ),
    ]
}
