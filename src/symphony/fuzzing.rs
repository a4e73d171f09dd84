//! What has to hold for Symphony's answers, its cursors and its keys.

use std::sync::LazyLock;

use super::{
    ProblemType,
    listing::{next, previous},
    model,
    problem::read,
};
use crate::{
    ErrorKind,
    auth::JwtSigner,
    decode,
    fuzzing::{checks, pages},
    generated::{self, symphony::op},
    page::{self, Position},
    response::Response,
    transport::{Operation, Server, Settings},
};

pub(crate) fn body(body: &[u8]) {
    checks::model::<model::AvailableNetworks>(body);
    checks::model::<model::AddedEntitlement>(body);
    checks::model::<model::AdvisorEntitlement>(body);
    checks::model::<model::EntitledAdvisors>(body);
    checks::model::<model::Problem>(body);
    pages::page::<model::EntitledAdvisors>(body);
}

pub(crate) fn problem(data: &[u8]) {
    let is_documented = |code: &str| !matches!(ProblemType::from(code), ProblemType::Unknown(_));
    // One for each way to repeat; each input takes one, which is three times as fast.
    let infos = [op::GetAdvisorEntitlement::INFO, op::AddEntitlement::INFO, op::RemoveEntitlement::INFO];
    checks::problem(infos[data.len() % 3], &checks::answer(data), read, is_documented);
}

pub(crate) fn cursor(data: &[u8]) {
    page_with_links(data);
    let Ok(text) = std::str::from_utf8(data) else { return };
    link(text);
    if !text.is_empty() {
        bare(text);
    }
}

/// The text as the body of a page.
fn page_with_links(body: &[u8]) {
    let Ok(page) = decode::json::<model::EntitledAdvisors>(body) else { return };
    let page = Response::new(page, checks::success(body));
    let value: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    for (name, position) in [("next", next(&page)), ("previous", previous(&page))] {
        match &position {
            Some(Position::After(cursor)) if name == "next" => assert_is_sent(cursor),
            Some(Position::Before(cursor)) if name == "previous" => assert_is_sent(cursor),
            None => {}
            Some(_) => panic!("{name} leads in another direction"),
        }
        let link = value.get("pagination").and_then(|pagination| pagination.get(name));
        assert!(link != Some(&serde_json::Value::Null) || position.is_none(), "a null link ends it");
    }
}

/// The text as the link to a page.
fn link(text: &str) {
    let found = page::cursor(Some(text), None, "after", || unreachable!("there is a link"));
    let query = text.split_once('?').map_or(text, |(_, query)| query).split('#').next();
    let mut pairs = query.into_iter().flat_map(|query| query.split('&'));
    let value = pairs.find_map(|pair| pair.strip_prefix("after="));
    // A cursor that is no text cannot come back unchanged whatever is done with it.
    if let Ok(expected) = String::from_utf8(unescaped(value.unwrap_or_default())) {
        assert_eq!(found.as_deref().unwrap_or_default(), expected);
    }
    assert_ne!(found.as_deref(), Some(""));
    if let Some(cursor) = &found {
        assert_is_sent(cursor);
        assert_eq!(&in_a_link(cursor, "after"), cursor);
    }
}

/// The text as a bare cursor.
fn bare(text: &str) {
    for parameter in ["after", "before"] {
        assert_eq!(in_a_link(text, parameter), text);
        let found = |link, null| page::cursor(link, Some(text), parameter, || null);
        assert_eq!(found(Some("?after=other&before=other"), true).as_deref(), Some(text));
        assert_eq!(found(None, false).as_deref(), Some(text));
        assert_eq!(found(None, true), None);
    }
    if !text.contains(['%', '&', '#']) {
        let found = page::cursor(Some(&format!("?after={text}")), None, "after", || false);
        assert_eq!(found.as_deref(), Some(text));
    }
    assert_is_sent(text);
}

/// What is read from a link in which a server has percent-encoded this cursor.
fn in_a_link(cursor: &str, parameter: &str) -> String {
    let escaped: String = url::form_urlencoded::byte_serialize(cursor.as_bytes()).collect();
    let escaped = escaped.replace('+', "%20");
    let link = format!("https://elsewhere.example/a?listPermissions=true&{parameter}={escaped}&b=#c");
    page::cursor(Some(&link), None, parameter, || false).expect("there is a cursor")
}

/// The cursor is one parameter of a request to our own server, and comes out of its URL as it is.
fn assert_is_sent(cursor: &str) {
    static REQUESTS: LazyLock<generated::symphony::Client> = LazyLock::new(|| {
        let server = Server::parse("http://localhost:1/admin", false).expect("valid");
        let http = server.http_client(&Settings::default()).expect("builds");
        generated::symphony::Client::new(server.url().clone(), http)
    });
    for is_after in [true, false] {
        let (after, before) = if is_after { (Some(cursor), None) } else { (None, Some(cursor)) };
        let made = REQUESTS.list_entitled_advisors(&super::ExternalNetwork::WhatsApp, after, before, None);
        let request = generated::request(made).expect("a request");
        let url = request.url();
        assert_eq!(
            &url[..url::Position::AfterPath],
            "http://localhost:1/admin/api/v1/customer/entitlements/externalNetwork/WHATSAPP/advisors"
        );
        assert_eq!(url.fragment(), None);
        let pairs: Vec<_> = url.query_pairs().collect();
        let name = if is_after { "after" } else { "before" };
        assert_eq!(pairs, [(name.into(), cursor.into())]);
    }
}

/// Percent-decoding without any care for forms, where a plus sign is a space.
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, others)) = rest.split_first() {
        let code = others.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        // `from_str_radix` takes a sign.
        let code = code.filter(|code| code.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &others[2..];
            }
            _ => {
                bytes.push(*first);
                rest = others;
            }
        }
    }
    bytes
}

pub(crate) fn pem(data: &[u8]) {
    let verdict = loaded(data);
    let lines = data.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let lines: Vec<_> = lines.collect();
    assert_eq!(loaded(&lines.join(&b"\r\n"[..])), verdict, "line ends of Windows");
    assert_eq!(loaded(&[b"Key of the desk:\n", data].concat()), verdict, "a line before the key");
    if verdict.is_ok() {
        assert_eq!(loaded(&[b"No longer ENCRYPTED, no PUBLIC KEY:\n", data].concat()), verdict);
    }
    // A text of ours in the middle of the key must not come out of it.
    let marked = lines.iter().flat_map(|line| {
        let is_bound = line.starts_with(b"-----");
        [*line, if is_bound { b"\n" } else { b"PlainlyFake\n" }]
    });
    if let Err(refusal) = loaded(&marked.collect::<Vec<_>>().concat()) {
        assert!(!refusal.contains("PlainlyFake"), "{refusal}");
    }
}

/// Loads the key, and says in which of our sentences it was refused.
fn loaded(pem: &[u8]) -> Result<(), String> {
    const SENTENCES: [&str; 5] = [
        "the private key is encrypted; decrypt it first, for example with `openssl pkcs8`",
        "the private key is not an RSA key; Symphony needs RSA for RS512",
        "this is a public key; the private key that belongs to it is needed",
        "the text is not a PEM private key (`BEGIN PRIVATE KEY` or `BEGIN RSA PRIVATE KEY`)",
        "the private key is no RSA key of 2048 to 4096 bits",
    ];
    match JwtSigner::from_pem("desk", pem) {
        Ok(signer) => {
            let shown = format!("{signer:?}");
            assert_eq!(shown, "JwtSigner { subject: \"ces:customer:desk\", lifetime: 300s, .. }");
            Ok(())
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert!(std::error::Error::source(&error).is_none(), "a source can quote the key");
            let text = error.to_string();
            assert_eq!(format!("{error:?}"), format!("Error({text})"));
            let sentence = text.strip_prefix("configuration: ").unwrap_or(&text);
            // The word by which the library rejects the key is one of its own names.
            let (sentence, word) = match sentence.rsplit_once(" (") {
                Some((sentence, word)) if !word.starts_with('`') => (sentence, word.trim_end_matches(')')),
                _ => (sentence, ""),
            };
            assert!(SENTENCES.contains(&sentence), "{text}");
            assert!(word.len() <= 32 && word.bytes().all(|byte| byte.is_ascii_alphabetic()), "{text}");
            Err(text)
        }
    }
}
