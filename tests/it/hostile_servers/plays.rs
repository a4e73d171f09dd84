//! The plays: what a server can do to a client.

use std::time::Duration;

use super::{calls::GOOD, server::Play};

/// What stands for the free text of a server; no error may repeat it.
pub(crate) const TEXT: &str = "ada.byron@acme.example";

const MANY: usize = usize::MAX;

/// The head of a success, open for more headers, with a text in its reason and in a header.
fn head() -> String {
    format!("HTTP/1.1 200 {TEXT}\r\nx-note: {TEXT}\r\n")
}

/// A whole answer with these headers and this body.
pub(crate) fn answer(status: u16, headers: &str, body: impl AsRef<[u8]>) -> Play {
    let body = body.as_ref();
    let head = format!("HTTP/1.1 {status} {TEXT}\r\nx-note: {TEXT}\r\n{headers}");
    let mut bytes = format!("{head}content-length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    Play::Bytes(bytes)
}

/// A success with a JSON body.
pub(crate) fn json(body: impl AsRef<[u8]>) -> Play {
    answer(200, "content-type: application/json\r\n", body)
}

/// Bytes as they are.
pub(crate) fn bytes(bytes: impl AsRef<[u8]>) -> Play {
    Play::Bytes(bytes.as_ref().to_vec())
}

/// The documented body with one more property.
pub(crate) fn with_property(name: &str, value: &str) -> Play {
    json(format!("{{\"{name}\":{value},{}", &GOOD[1..]))
}

/// The documented body with one property replaced.
pub(crate) fn with_replaced(from: &str, to: &str) -> Play {
    let body = GOOD.replace(from, to);
    assert_ne!(body, GOOD, "{from}");
    json(body)
}

/// Ten thousand levels.
pub(crate) fn deep(open: &str, close: &str) -> String {
    format!("{}1{}", open.repeat(10_000), close.repeat(10_000))
}

/// What never ends, or ends far beyond any limit: what an answer begins with, what follows forever.
pub(crate) fn endless() -> Vec<(&'static str, Play)> {
    let block = || format!("\"{TEXT}\",").repeat(2_000).into_bytes();
    let chunk = || {
        let data = block();
        [format!("{:x}\r\n", data.len()).as_bytes(), &data, b"\r\n"].concat()
    };
    let start = |rest: &str| format!("{}{rest}", head()).into_bytes();
    let a = || vec![b'a'; 64 * 1024];
    vec![
        (
            "a body of a terabyte",
            Play::Repeated(start("content-length: 1000000000000\r\n\r\n["), block(), MANY),
        ),
        ("a body without a length", Play::Repeated(start("\r\n["), block(), MANY)),
        ("chunks without an end", Play::Repeated(start("transfer-encoding: chunked\r\n\r\n"), chunk(), MANY)),
        ("headers without an end", Play::Repeated(start(""), format!("x-a: {TEXT}\r\n").into_bytes(), MANY)),
        ("a header of 16 MB", Play::Repeated(start("x-a: "), a(), 256)),
        ("five thousand headers", {
            let many = "x-a: b\r\n".repeat(5_000);
            bytes(format!("{}{many}content-length: 2\r\n\r\n{{}}", head()))
        }),
        ("a reason without an end", Play::Repeated(b"HTTP/1.1 200 ".to_vec(), a(), MANY)),
    ]
}

/// What keeps a client waiting, and never says anything.
pub(crate) fn slow() -> Vec<(&'static str, Play)> {
    // Often enough that a limit on silence would never strike.
    let pause = Duration::from_millis(20);
    let whole = format!("{}content-length: {}\r\n\r\n{GOOD}", head(), GOOD.len()).into_bytes();
    let informational = |status: &str| format!("HTTP/1.1 {status}\r\nlink: <{TEXT}>\r\n\r\n").into_bytes();
    vec![
        ("a drip from the first byte", Play::Drip(whole.clone(), pause)),
        ("a body without an end, drop by drop", {
            let mut head = format!("{}\r\n", head()).into_bytes();
            head.extend(std::iter::repeat_n(b' ', 10_000));
            Play::Drip(head, pause)
        }),
        ("100 Continue, forever", Play::Repeated(Vec::new(), informational("100 Continue"), MANY)),
        ("103 Early Hints, forever", Play::Repeated(Vec::new(), informational("103 Early Hints"), MANY)),
        ("one byte a second", Play::Drip(whole, Duration::from_secs(1))),
    ]
}
