//! What is kept of a document.

use std::collections::BTreeMap;

use super::schemas::SchemaId;

/// All paths; where two fit a request, the one with the earlier plain segment comes first.
pub(super) struct Paths {
    /// Path of the server, without a slash at its end.
    pub(super) base: String,
    pub(super) list: Vec<Path>,
}

pub(super) struct Path {
    pub(super) segments: Vec<Segment>,
    /// By method in capitals.
    pub(super) operations: BTreeMap<String, Operation>,
}

/// In this order a plain segment is before a placeholder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Segment {
    Plain(String),
    Placeholder(String),
}

pub(super) struct Operation {
    pub(super) id: String,
    /// One for each placeholder of the path, in their order.
    pub(super) path: Vec<Parameter>,
    pub(super) query: Vec<Parameter>,
    pub(super) headers: Vec<Parameter>,
    pub(super) body: Option<Body>,
    pub(super) replies: Vec<Answer>,
}

/// A parameter, or a header of a reply.
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) required: bool,
    pub(super) may_be_empty: bool,
    pub(super) shape: Shape,
    pub(super) schema: SchemaId,
}

/// How a value is written.
pub(super) enum Shape {
    One(Kind),
    /// Without a delimiter the parameter is repeated for each item.
    List {
        item: Kind,
        delimiter: Option<char>,
    },
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Integer,
    Number,
    Boolean,
}

pub(super) struct Body {
    pub(super) required: bool,
    pub(super) media: Vec<Media>,
}

pub(super) struct Media {
    /// In lower case, without parameters; it can end in `/*`.
    pub(super) range: String,
    pub(super) schema: Option<SchemaId>,
}

/// A documented reply.
pub(super) struct Answer {
    pub(super) status: Statuses,
    pub(super) media: Vec<Media>,
    pub(super) headers: Vec<Parameter>,
}

/// In this order a status is before its class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Statuses {
    One(u16),
    /// The first digit.
    Class(u16),
}

impl Statuses {
    pub(super) fn contains(self, status: u16) -> bool {
        match self {
            Self::One(one) => one == status,
            Self::Class(digit) => status / 100 == digit,
        }
    }
}

impl Paths {
    /// The operation, and what stands at its placeholders.
    pub(super) fn find<'a>(&self, method: &str, path: &'a str) -> Option<(&Operation, Vec<&'a str>)> {
        let rest = path.strip_prefix(self.base.as_str())?.strip_prefix('/')?;
        let segments: Vec<_> = rest.split('/').collect();
        let (path, values) = self.list.iter().find_map(|path| Some((path, path.values(&segments)?)))?;
        Some((path.operations.get(method)?, values))
    }
}

impl Path {
    fn values<'a>(&self, segments: &[&'a str]) -> Option<Vec<&'a str>> {
        if segments.len() != self.segments.len() {
            return None;
        }
        let mut values = Vec::new();
        for (known, segment) in self.segments.iter().zip(segments) {
            match known {
                Segment::Plain(text) if text == segment => {}
                Segment::Placeholder(_) if !segment.is_empty() => values.push(*segment),
                _ => return None,
            }
        }
        Some(values)
    }
}

/// The part of a `Content-Type` that says what it is.
pub(super) fn essence(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

pub(super) fn is_json(essence: &str) -> bool {
    essence == "application/json" || essence.ends_with("+json")
}

/// The documented media type that fits best.
pub(super) fn best<'a>(media: &'a [Media], essence: &str) -> Option<&'a Media> {
    let kind = essence.split('/').next().unwrap_or_default();
    let is = |range: &str| media.iter().find(|media| media.range == range);
    is(essence).or_else(|| is(&format!("{kind}/*"))).or_else(|| is("*/*"))
}
