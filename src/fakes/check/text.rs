//! From the text of an address or header to values.

use std::borrow::Cow;

use serde_json::{Number, Value};

use super::model::Kind;

/// Names and values of a query as they were sent, still encoded.
pub(super) fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

/// A part of a query, decoded; `None` if it is not UTF-8. A plus sign is a space.
pub(super) fn from_query(text: &str) -> Option<String> {
    from_path(&text.replace('+', " "))
}

/// A segment of a path, decoded; `None` if it is not UTF-8. Like URL parsers it leaves a percent
/// sign that begins no code as it is.
pub(super) fn from_path(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let code = match rest {
            [b'%', high, low, ..] => digit(*high).zip(digit(*low)).map(|(high, low)| high * 16 + low),
            _ => None,
        };
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &rest[3..] } else { tail };
    }
    String::from_utf8(bytes).ok()
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

impl Kind {
    /// `None`: the text is not written like one.
    pub(super) fn read(self, text: Cow<'_, str>) -> Option<Value> {
        match self {
            Self::Text => Some(Value::String(text.into_owned())),
            Self::Boolean => text.parse().ok().map(Value::Bool),
            Self::Integer => {
                let digits = text.strip_prefix('-').unwrap_or(&text);
                let is_integer = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
                is_integer.then(|| integer(&text)).flatten()
            }
            Self::Number => {
                let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
                text.parse().ok().filter(|_| is_plain).and_then(Number::from_f64).map(Value::Number)
            }
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Integer => "an integer",
            Self::Number => "a number",
            Self::Boolean => "true or false",
        }
    }
}

/// One that is too large for a machine's integer keeps its size, for the limits to judge.
fn integer(text: &str) -> Option<Value> {
    let small = || text.parse::<i64>().ok().map(Number::from);
    let large = || text.parse::<u64>().ok().map(Number::from);
    small().or_else(large).or_else(|| text.parse().ok().and_then(Number::from_f64)).map(Value::Number)
}
