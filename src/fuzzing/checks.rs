//! What has to hold for the answers of all services.

use std::{error::Error as _, fmt::Debug};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    Error, decode,
    response::Raw,
    transport::{OperationInfo, Read, fuzzing::judged},
};

/// Stands for what a server says about a person.
const FREE_TEXT: &str = "Ada Byron ada@acme.example";

/// A success with this body.
pub(crate) fn success(body: &[u8]) -> Raw {
    raw(StatusCode::OK, HeaderMap::new(), body)
}

fn raw(status: StatusCode, headers: HeaderMap, body: &[u8]) -> Raw {
    Raw { attempts: 1, ..Raw::new(status, headers, Bytes::copy_from_slice(body)) }
}

/// An answer as HTTP writes it, but with the status alone in the first line. What is no header
/// is left out.
pub(crate) fn answer(data: &[u8]) -> Raw {
    let mut lines = data.split_inclusive(|byte| *byte == b'\n');
    let status = lines.next().and_then(|line| StatusCode::from_bytes(line.trim_ascii()).ok());
    let mut headers = HeaderMap::new();
    for line in lines.by_ref() {
        let line = line.trim_ascii();
        if line.is_empty() {
            break;
        }
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value)) {
            headers.append(name, value);
        }
    }
    raw(status.unwrap_or(StatusCode::BAD_REQUEST), headers, &lines.collect::<Vec<_>>().concat())
}

/// The body as this model, if it is one.
pub(crate) fn model<T: DeserializeOwned + Serialize + Debug>(body: &[u8]) -> Option<T> {
    let model: T = match decode::json(body) {
        Ok(model) => model,
        Err(error) => {
            assert_in_our_words(&error);
            return None;
        }
    };
    let _ = format!("{model:?}");
    let written = serde_json::to_string(&model).expect("a model can be written");
    let again: T = decode::json(written.as_bytes()).expect("what a model wrote can be read");
    assert_same(&again, &model);
    Some(model)
}

pub(crate) fn assert_same<T: Serialize>(one: &T, other: &T) {
    let value = |model| serde_json::to_value(model).expect("a model can be written");
    assert_eq!(value(one), value(other));
}

/// An error of decoding names a place and nothing of what stands there.
pub(crate) fn assert_in_our_words(error: &Error) {
    // Without the digits of the place.
    const SENTENCES: [&str; 5] = [
        "unexpected answer: the body is not UTF- at byte ",
        "unexpected answer: the body is not JSON (line , column )",
        "unexpected answer: the body is cut-off JSON (line , column )",
        "unexpected answer: the body is JSON of another shape than documented (line , column )",
        "unexpected answer: the answer is not the documented page; `send_as` reads another shape",
    ];
    let line = error.to_string().replace(|letter: char| letter.is_ascii_digit(), "");
    assert!(SENTENCES.contains(&line.as_str()), "{error}");
    assert!(error.source().is_none(), "what serde_json says can quote the body");
}

/// A refusal gives an error in one line, without the server's free text.
pub(crate) fn problem(info: &OperationInfo, refusal: &Raw, read: Read, is_documented: fn(&str) -> bool) {
    let Some(error) = judged(info, refusal.clone(), read) else { return };
    for shown in [error.to_string(), format!("{error:?}")] {
        assert_one_line(&shown);
        assert!(shown.contains(info.name) && shown.contains(refusal.status.as_str()), "{shown}");
    }
    assert!(error.code().is_none_or(is_documented), "{error}");
    let kept = (error.status(), error.headers(), error.body());
    assert_eq!(kept, (Some(refusal.status), &refusal.headers, &refusal.body));
    for talkative in [in_every_text(&refusal.body), Some([FREE_TEXT.as_bytes(), &refusal.body[..]].concat())]
    {
        let Some(body) = talkative else { continue };
        let mut headers = refusal.headers.clone();
        headers.append("x-reason", HeaderValue::from_static(FREE_TEXT));
        headers.append("retry-after", HeaderValue::from_static(FREE_TEXT));
        let talkative = raw(refusal.status, headers, &body);
        if let Some(error) = judged(info, talkative, read) {
            assert_silent(&error);
        }
    }
}

fn assert_silent(error: &Error) {
    let mut shown = vec![format!("{error} {error:?} {:?}", error.code())];
    let mut source = error.source();
    while let Some(error) = source {
        shown.push(format!("{error} {error:?}"));
        source = error.source();
    }
    for word in FREE_TEXT.split(' ') {
        assert!(!shown.concat().contains(word), "{shown:?}");
    }
}

pub(crate) fn assert_one_line(shown: &str) {
    let breaks = |letter: char| letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}');
    assert!(!shown.contains(breaks), "{shown:?}");
}

/// The body with free text behind each of its texts.
fn in_every_text(body: &[u8]) -> Option<Vec<u8>> {
    fn add(value: &mut Value) {
        match value {
            Value::String(text) => text.push_str(FREE_TEXT),
            Value::Array(items) => items.iter_mut().for_each(add),
            Value::Object(members) => members.values_mut().for_each(add),
            _ => {}
        }
    }
    let mut value: Value = serde_json::from_slice(body).ok()?;
    add(&mut value);
    serde_json::to_vec(&value).ok()
}
