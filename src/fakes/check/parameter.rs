//! The values of one parameter, or of one header of a reply.

use std::borrow::Cow;

use http::HeaderMap;
use serde_json::Value;

use super::{
    model::{Kind, Parameter, Shape},
    schemas::Schemas,
    text,
};

/// Where a value was taken from: how it is encoded depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Path,
    Query,
    Header,
}

impl Source {
    fn decoded(self, text: &str) -> Result<Cow<'_, str>, String> {
        let decoded = match self {
            Self::Path => text::from_path(text),
            Self::Query => text::from_query(text),
            Self::Header => return Ok(Cow::Borrowed(text)),
        };
        decoded.map(Cow::Owned).ok_or_else(|| "is not UTF-8".to_owned())
    }
}

impl Parameter {
    pub(super) fn is_list(&self) -> bool {
        matches!(self.shape, Shape::List { delimiter: None, .. })
    }

    /// Why these values, still encoded, do not fit; only a repeated parameter has several.
    pub(super) fn check(&self, schemas: &Schemas, source: Source, values: &[&str]) -> Result<(), String> {
        if self.may_be_empty && values == [""] {
            return Ok(());
        }
        let value = self.value(source, values)?;
        schemas.check(self.schema, &value).map_err(|misfit| {
            if misfit.at.is_empty() { misfit.why } else { format!("{} {}", misfit.at, misfit.why) }
        })
    }

    fn value(&self, source: Source, values: &[&str]) -> Result<Value, String> {
        let first = values.first().copied().unwrap_or_default();
        match self.shape {
            Shape::One(kind) => one(kind, source, first),
            Shape::List { item, delimiter: None } => {
                values.iter().map(|value| one(item, source, value)).collect()
            }
            Shape::List { item, delimiter: Some(delimiter) } => {
                // A delimiter that belongs to an item is encoded, other than the one between two.
                let parts = first.split(delimiter).filter(|_| !first.is_empty());
                let trimmed = parts.map(|part| if source == Source::Header { part.trim() } else { part });
                trimmed.map(|part| one(item, source, part)).collect()
            }
            Shape::Json => {
                serde_json::from_str(&source.decoded(first)?).map_err(|_| "is not JSON".to_owned())
            }
        }
    }
}

/// All lines of a header as one, as HTTP reads them; an error where it is no text.
pub(super) fn joined(headers: &HeaderMap, name: &str) -> Option<Result<String, String>> {
    let lines = headers.get_all(name).into_iter().map(|line| line.to_str());
    let lines: Result<Vec<_>, _> = lines.collect();
    match lines {
        Ok(lines) if lines.is_empty() => None,
        Ok(lines) => Some(Ok(lines.join(", "))),
        Err(_) => Some(Err("is not visible ASCII".to_owned())),
    }
}

fn one(kind: Kind, source: Source, text: &str) -> Result<Value, String> {
    kind.read(source.decoded(text)?).ok_or_else(|| format!("is not written like {}", kind.name()))
}
