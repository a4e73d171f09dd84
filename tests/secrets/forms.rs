//! The forms in which a text can stand in other text.

use std::fmt::Write as _;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD},
};
use url::form_urlencoded::byte_serialize;

/// What is shorter stands in many texts by chance.
pub(crate) const SHORTEST: usize = 8;

/// How much of a long secret is enough to be one: who prints a token "shortened" tells its ends.
const END: usize = 12;

/// A form and what it is called.
pub(crate) type Form = (String, Vec<u8>);

/// Every form of a secret, each at least [`SHORTEST`] bytes long.
pub(crate) fn of(secret: &[u8]) -> Vec<Form> {
    let mut all = Vec::new();
    let text = std::str::from_utf8(secret).ok();
    if let Some(text) = text {
        all.extend(written(text));
        all.extend(of_jwt(text));
    }
    all.push(("raw".to_owned(), secret.to_vec()));
    all.extend(bytes(secret));
    for (name, text) in encoded(secret) {
        all.extend(base64(&name, text.as_bytes()));
        all.push((name, text.into_bytes()));
    }
    all.extend(base64("raw", secret));
    if secret.len() >= 2 * END {
        all.push(("beginning".to_owned(), secret[..END].to_vec()));
        all.push(("end".to_owned(), secret[secret.len() - END..].to_vec()));
    }
    all.retain(|(_, form)| form.len() >= SHORTEST);
    all
}

/// Encodings of URLs and forms: what one encodes, another leaves as it is.
fn encoded(secret: &[u8]) -> Vec<(String, String)> {
    let form: String = byte_serialize(secret).collect();
    let kept = [
        // RFC 3986 section 2.3.
        ("percent, all but unreserved", "-._~"),
        // `encodeURIComponent` of JavaScript.
        ("percent, as a component", "-._~!*'()"),
        // What a URL parser leaves in a password, a path and a query, and what is left by hand.
        ("percent, as user info", "-._~!*'()$&+,"),
        ("percent, as a path", "-._~!*'()$&+,:;=@/[]|^\\"),
        ("percent, as a query", "-._~!*'()$&+,:;=@/[]|^\\?`{}"),
        ("percent, least", "-._~!*'()$&+,:;=@/[]|^\\?`{}<>\"#"),
        ("percent, every sign", ""),
    ];
    let mut all = vec![("form with %20".to_owned(), form.replace('+', "%20")), ("form".to_owned(), form)];
    for (name, kept) in kept {
        all.push((name.to_owned(), percent(secret, kept)));
        all.push((format!("{name}, without the sign itself"), percent(secret, &format!("{kept}%"))));
    }
    let small: Vec<_> =
        all.iter().map(|(name, text)| (format!("{name}, small"), small_escapes(text))).collect();
    all.extend(small);
    all
}

/// Percent-encodes all but letters, digits and what is kept.
fn percent(secret: &[u8], kept: &str) -> String {
    let mut all = String::new();
    for byte in secret {
        if byte.is_ascii_alphanumeric() || kept.as_bytes().contains(byte) {
            all.push(char::from(*byte));
        } else {
            let _ = write!(all, "%{byte:02X}");
        }
    }
    all
}

/// `%C3%B8` as `%c3%b8`, and nothing else changed.
fn small_escapes(text: &str) -> String {
    let mut left = 0;
    let small = |character: char| {
        if character == '%' {
            left = 2;
        } else if left > 0 {
            left -= 1;
            return character.to_ascii_lowercase();
        }
        character
    };
    text.chars().map(small).collect()
}

/// As JSON and Rust write texts.
fn written(text: &str) -> Vec<Form> {
    let json = serde_json::Value::from(text).to_string();
    let json = json[1..json.len() - 1].to_owned();
    let ascii = |digits: fn(u16) -> String| {
        let mut all = String::new();
        for character in json.chars() {
            if character.is_ascii() {
                all.push(character);
            } else {
                all.extend(character.encode_utf16(&mut [0; 2]).iter().map(|unit| digits(*unit)));
            }
        }
        all
    };
    let debug = format!("{text:?}");
    [
        ("JSON", json.clone()),
        ("JSON, slashes too", json.replace('/', "\\/")),
        ("JSON in ASCII", ascii(|unit| format!("\\u{unit:04x}"))),
        ("JSON in ASCII, capitals", ascii(|unit| format!("\\u{unit:04X}"))),
        ("Debug", debug[1..debug.len() - 1].to_owned()),
        ("Debug of Debug", debug[1..debug.len() - 1].escape_debug().to_string()),
        ("escape_default", text.escape_default().to_string()),
        ("small letters", text.to_lowercase()),
    ]
    .map(|(name, text)| (name.to_owned(), text.into_bytes()))
    .to_vec()
}

/// As lists of bytes, which is how a forgotten `Debug` shows them.
fn bytes(secret: &[u8]) -> Vec<Form> {
    let mut hex = String::new();
    for byte in secret {
        let _ = write!(hex, "{byte:02x}");
    }
    let list = |each: fn(&u8) -> String| secret.iter().map(each).collect::<Vec<_>>();
    let debug = format!("{:?}", bytes::Bytes::copy_from_slice(secret));
    [
        ("hex, capitals", hex.to_uppercase()),
        ("hex", hex),
        ("hex with colons", list(|byte| format!("{byte:02x}")).join(":")),
        ("hex with spaces", list(|byte| format!("{byte:02x}")).join(" ")),
        ("list of bytes", list(u8::to_string).join(", ")),
        ("list of bytes, a line each", list(u8::to_string).join(",\n    ")),
        ("escape_ascii", secret.escape_ascii().to_string()),
        ("Debug of Bytes", debug[2..debug.len() - 1].to_owned()),
    ]
    .map(|(name, text)| (name.to_owned(), text.into_bytes()))
    .to_vec()
}

/// The characters of base64 that depend on nothing but `text`, wherever it stands in what was
/// encoded: a text begins at the first, second or third byte of a group of three. The whole of an
/// encoded text, padded or not, holds those.
fn base64(name: &str, text: &[u8]) -> Vec<Form> {
    let mut all = Vec::new();
    for before in 0..3 {
        let mut padded = vec![0; before];
        padded.extend_from_slice(text);
        let own = (before * 8).div_ceil(6)..padded.len() * 8 / 6;
        for (alphabet, engine) in [("", &STANDARD), (" for URLs", &URL_SAFE)] {
            let encoded = engine.encode(&padded);
            let form = encoded.as_bytes()[own.clone()].to_vec();
            all.push((format!("base64{alphabet} of {name}, {before} bytes before it"), form));
        }
    }
    all
}

/// The parts of a JWT by themselves, as they are sent and as they are read.
fn of_jwt(text: &str) -> Vec<Form> {
    let parts: Vec<_> = text.split('.').collect();
    let [_, _, _] = parts[..] else { return Vec::new() };
    let Ok(decoded) = parts.iter().map(|part| URL_SAFE_NO_PAD.decode(part)).collect::<Result<Vec<_>, _>>()
    else {
        return Vec::new();
    };
    let mut all = Vec::new();
    for ((name, part), decoded) in ["header", "claims", "signature"].into_iter().zip(parts).zip(decoded) {
        let named = move |(form, bytes)| (format!("JWT {name}: {form}"), bytes);
        all.extend(of(part.as_bytes()).into_iter().map(named));
        all.push((format!("JWT {name}, decoded"), decoded.clone()));
        if let Ok(text) = String::from_utf8(decoded.clone()) {
            all.extend(written(&text).into_iter().map(named));
        }
        all.extend(bytes(&decoded).into_iter().map(named));
    }
    all
}
