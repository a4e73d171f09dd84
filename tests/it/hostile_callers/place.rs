//! Where a value has to turn up in a request, as what it was and as nothing else.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

use crate::support::raw::Seen;

/// The one place of a value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    /// The segment of this template that is in braces.
    Segment(&'static str),
    /// What comes before this path.
    Base(&'static str),
    /// What comes after this path.
    Rest(&'static str),
    /// A value of the query, and a name of it.
    Query,
    QueryName,
    /// A text in the JSON that a value of the query is.
    QueryJson,
    /// A text in the JSON body.
    Json,
    /// A header with this name, and what comes before the value.
    Header(&'static str, &'static str),
    HeaderName,
    /// The first word of the `User-Agent`.
    Agent,
    Method,
    /// A field of a form.
    Form,
    /// User name or password of HTTP Basic.
    Basic,
}

/// Every byte of a percent-encoded text.
fn decoded(text: &str) -> Vec<u8> {
    url::form_urlencoded::parse(text.replace('+', "%2B").replace('&', "%26").replace('=', "%3D").as_bytes())
        .next()
        .map(|(name, _)| name.into_owned().into_bytes())
        .unwrap_or_default()
}

fn form(text: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(text).map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(fields) => fields.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

impl Place {
    /// Whether the request is what it would be with any other value, but for this one.
    pub(super) fn holds(self, seen: &Seen, value: &str) -> bool {
        let words: Vec<_> = seen.line.split(' ').collect();
        let [method, target, "HTTP/1.1"] = words[..] else { return false };
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut names = seen.header_names();
        let count = names.len();
        names.dedup();
        let is_sane = names.len() == count
            && !names.iter().any(|name| name == "x-injected")
            && seen.line.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
            && path.starts_with('/')
            && !path.contains('\\')
            && !target.contains('#');
        is_sane
            && match self {
                Self::Segment(template) => {
                    let (own, expected): (Vec<_>, Vec<_>) =
                        (path.split('/').collect(), template.split('/').collect());
                    let fits = |(own, expected): (&&str, &&str)| {
                        if expected.starts_with('{') {
                            decoded(own) == value.as_bytes() && !matches!(*own, "" | "." | "..")
                        } else {
                            own == expected
                        }
                    };
                    own.len() == expected.len() && own.iter().zip(&expected).all(fits)
                }
                Self::Base(rest) => {
                    let bare = |base: &str| decoded(base.trim_end_matches('/'));
                    path.strip_suffix(rest).is_some_and(|base| bare(base) == bare(&format!("/{value}")))
                }
                Self::Rest(base) => {
                    path.strip_prefix(base).is_some_and(|rest| decoded(rest) == decoded(value))
                }
                Self::Query => form(query.as_bytes()).iter().any(|(_, sent)| sent == value),
                Self::QueryJson => form(query.as_bytes()).iter().any(|(_, sent)| {
                    serde_json::from_str(sent).is_ok_and(|sent| texts(&sent).iter().any(|text| text == value))
                }),
                Self::QueryName => form(query.as_bytes()).iter().any(|(name, _)| name == value),
                Self::Json => texts(&seen.body_json()).iter().any(|sent| sent == value),
                Self::Header(name, before) => {
                    seen.header(name).and_then(|sent| sent.strip_prefix(before)) == Some(value.trim())
                }
                Self::HeaderName => seen.header(value) == Some("v"),
                Self::Agent => seen
                    .header("user-agent")
                    .and_then(|agent| agent.rsplit_once("entitlements/"))
                    .is_some_and(|(own, _)| own.trim() == value.trim()),
                Self::Method => method == value.to_ascii_uppercase(),
                Self::Form => form(&seen.body).iter().any(|(_, sent)| sent == value),
                Self::Basic => {
                    let pair = seen.header("authorization").and_then(|sent| sent.strip_prefix("Basic "));
                    let pair = pair.and_then(|pair| String::from_utf8(STANDARD.decode(pair).ok()?).ok());
                    pair.is_some_and(|pair| {
                        pair.split(':').count() == 2
                            && pair.split(':').any(|part| {
                                form(part.as_bytes()).first().map_or("", |(part, _)| part.as_str()) == value
                            })
                    })
                }
            }
    }
}
