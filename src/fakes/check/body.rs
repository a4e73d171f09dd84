//! A body and its media type, in a request or a reply.

use http::{HeaderMap, header::CONTENT_TYPE};
use serde_json::Value;

use super::{
    BrokenRule,
    model::{Media, best, essence, is_json},
    schemas::Schemas,
};

/// What is wrong with a body.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fault {
    Media,
    Json,
    Schema,
}

#[derive(Debug)]
pub(super) struct BodyMisfit {
    pub(super) fault: Fault,
    /// A JSON pointer.
    at: String,
    why: String,
}

impl BodyMisfit {
    fn new(fault: Fault, why: impl Into<String>) -> Self {
        Self { fault, at: String::new(), why: why.into() }
    }

    pub(super) fn broken(self, name: &'static str, place: &str) -> BrokenRule {
        let place = if self.at.is_empty() { place.to_owned() } else { format!("{place} {}", self.at) };
        BrokenRule { name, place, detail: self.why }
    }
}

pub(super) fn check(
    documented: &[Media],
    schemas: &Schemas,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(), BodyMisfit> {
    let Some(sent) = headers.get(CONTENT_TYPE) else {
        return Err(BodyMisfit::new(Fault::Media, "has no Content-Type"));
    };
    let sent = essence(sent.to_str().unwrap_or_default());
    let Some(media) = best(documented, &sent) else {
        let known: Vec<_> = documented.iter().map(|media| media.range.as_str()).collect();
        return Err(BodyMisfit::new(Fault::Media, format!("is none of {}", known.join(", "))));
    };
    let Some(schema) = media.schema else { return Ok(()) };
    let value = if is_json(&sent) {
        serde_json::from_slice(body).map_err(|_| BodyMisfit::new(Fault::Json, "is not JSON"))?
    } else {
        // What is no JSON is a text to a schema.
        let text = std::str::from_utf8(body).map_err(|_| BodyMisfit::new(Fault::Json, "is not UTF-8"))?;
        Value::String(text.to_owned())
    };
    schemas.check(schema, &value).map_err(|misfit| BodyMisfit {
        fault: Fault::Schema,
        at: misfit.at,
        why: misfit.why,
    })
}
