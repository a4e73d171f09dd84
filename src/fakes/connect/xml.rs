//! Answers in XML.

use serde_json::{Value, json};

use crate::fakes::Reply;

/// The same answer in XML; unchanged if it is not JSON.
///
/// Assumption: only the shape of a login error is known; everything else has the names of the
/// JSON properties inside an element of its own, and a list repeats its name.
pub(super) fn in_xml(reply: Reply) -> Reply {
    let Ok(body) = serde_json::from_slice::<Value>(&reply.body) else {
        return reply;
    };
    let root = if body.get("error").is_some() { "oauth" } else { "response" };
    // A bare list would be several roots.
    let body = if body.is_array() { json!({ "channels": body }) } else { body };
    let text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>{}", element(root, &body));
    reply.with_body("application/xml; charset=utf-8", text).off_spec()
}

fn element(name: &str, value: &Value) -> String {
    let content = match value {
        Value::Array(items) => return items.iter().map(|item| element(name, item)).collect(),
        Value::Object(properties) => properties.iter().map(|(name, value)| element(name, value)).collect(),
        Value::Null => String::new(),
        Value::String(text) => escaped(text),
        other => other.to_string(),
    };
    format!("<{name}>{content}</{name}>")
}

/// A text as it stands in HTML or XML.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
