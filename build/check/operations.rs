//! The rules for paths, operations, and what they send and get.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    Check,
    names::{is_method_name, is_operation_id, rust_key},
    operation::{LOGIN, PAGING, REPEAT, UNCONFIRMED},
    walk::{self, entries, json_schema, resolve, schema_name, text},
};

impl<'a> Check<'a> {
    pub(super) fn paths(&mut self) {
        let document = self.document;
        let mut shapes = BTreeSet::new();
        for (path, item) in entries(document.get("paths")) {
            let place = format!("path `{path}`");
            if item.get("$ref").is_some() {
                self.say(&place, "path-item-reference", "the path item is a `$ref`", "write it in place");
            }
            if !is_template(path) {
                let problem = "it is not a path that a request can have as it stands";
                let mend = "begin with `/`, give each placeholder a segment of its own, encode nothing";
                self.say(&place, "path-template", problem, mend);
            }
            let shape: Vec<_> =
                path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part }).collect();
            if !shapes.insert(shape) {
                let problem = "it differs from another path by the names of placeholders alone";
                self.say(&place, "unique-path", problem, "write both as one path");
            }
        }
    }

    pub(super) fn operations(&mut self) {
        let document = self.document;
        let mut ids = BTreeSet::new();
        let mut methods = BTreeSet::new();
        for (path, method, operation) in walk::operations(document) {
            let Some(id) = text(operation, "operationId").filter(|id| !id.is_empty()) else {
                let place = format!("operation `{} {path}`", method.to_uppercase());
                self.say(&place, "operation-id", "it has no `operationId`", "give it the vendor's name");
                continue;
            };
            let place = format!("operation `{id}`");
            if !is_operation_id(id) {
                let problem = "its `operationId` makes no method of the generated client";
                let mend = "use letters and digits, and no name that the generated client has already";
                self.say(&place, "operation-id", problem, mend);
            }
            if !ids.insert(rust_key(id)) {
                let problem = "another operation has the same id, letter case and `_` apart";
                self.say(&place, "unique-operation-id", problem, "rename one");
            }
            if matches!(method, "options" | "trace") {
                let problem = format!("its method is {}", method.to_uppercase());
                self.say(&place, "http-method", problem, "leave it out; the HTTP client has no such call");
            }
            self.words(&place, operation, &mut methods);
            self.parameters(&place, path, operation);
            self.request_body(&place, operation);
            self.responses(&place, operation);
        }
    }

    /// The extensions of an operation: present where needed, and with a value that we know.
    fn words(&mut self, place: &str, operation: &'a Value, methods: &mut BTreeSet<String>) {
        match text(operation, "x-method") {
            None => self.say(place, "method-name", "it has no `x-method`", "name the method of the client"),
            Some(name) if !is_method_name(name) => {
                let problem = format!("its `x-method` {name:?} is no name of a method");
                self.say(place, "method-name", problem, "write words of lower case with `_` between them");
            }
            Some(name) if !methods.insert(rust_key(name)) => {
                let problem = format!("another operation has the `x-method` {name}");
                self.say(place, "method-name", problem, "rename one");
            }
            Some(_) => {}
        }
        let needed =
            [("x-repeat", &REPEAT[..], true), ("x-login", &LOGIN, true), ("x-paging", &PAGING, false)];
        for (key, known, required) in needed {
            match operation.get(key) {
                None if required => {
                    let problem = format!("it has no `{key}`");
                    self.say(place, "extension-value", problem, "add it; ARCHITECTURE.md lists the values");
                }
                Some(value) if !value.as_str().is_some_and(|word| known.contains(&word)) => {
                    let problem = format!("`{key}` is {value}, which is not one of {}", known.join(", "));
                    self.say(place, "extension-value", problem, "use a value that ARCHITECTURE.md lists");
                }
                _ => {}
            }
        }
        self.unconfirmed(place, operation);
    }

    fn unconfirmed(&mut self, place: &str, operation: &Value) {
        let Some(values) = operation.get("x-unconfirmed") else { return };
        let known = |value: &Value| value.as_str().is_some_and(|word| UNCONFIRMED.contains(&word));
        if !values.as_array().is_some_and(|list| list.iter().all(known)) {
            let problem = format!("`x-unconfirmed` is {values}");
            self.say(place, "extension-value", problem, "list `method`, `path` or both");
        }
    }

    fn request_body(&mut self, place: &str, operation: &'a Value) {
        let Some(body) = operation.get("requestBody") else { return };
        let body = resolve(self.document, body);
        if body["required"] != true {
            self.say(place, "optional-body", "its body is optional", "set `required: true`");
        }
        let media: Vec<_> = entries(body.get("content")).map(|(media, _)| media).collect();
        if media != ["application/json"] {
            let problem = format!("its body has the media types {media:?}");
            self.say(place, "request-media-type", problem, "give it `application/json` alone");
            return;
        }
        match json_schema(body) {
            Some(schema) => self.named_schema(place, "the request body", schema),
            None => self.say(place, "media-type-schema", "its body has no schema", "refer to a component"),
        }
    }

    fn responses(&mut self, place: &str, operation: &'a Value) {
        let mut bodies = BTreeSet::new();
        for (status, response) in entries(operation.get("responses")) {
            let response = resolve(self.document, response);
            for (media, content) in entries(response.get("content")) {
                let what = format!("the {media} body of {status}");
                let Some(schema) = content.get("schema") else {
                    let problem = format!("{what} has no schema");
                    self.say(place, "media-type-schema", problem, "refer to a component");
                    continue;
                };
                self.named_schema(place, &what, schema);
                if status.starts_with('2') {
                    self.success(place, media, schema);
                    bodies.extend(schema_name(schema));
                }
            }
        }
        if bodies.len() > 1 {
            let problem = format!("its successes have the bodies {bodies:?}");
            self.say(place, "one-success-body", problem, "use one schema for every 2xx with a body");
        }
    }

    /// A success is decoded from JSON, and its model has a default for an answer without a body.
    fn success(&mut self, place: &str, media: &str, schema: &Value) {
        if media != "application/json" {
            let problem = format!("a success has the media type {media}");
            self.say(place, "response-media-type", problem, "give it `application/json` alone");
        }
        let component = schema_name(schema).and_then(|name| self.document["components"]["schemas"].get(name));
        let Some(component) = component else { return };
        let has_properties = entries(component.get("properties")).next().is_some();
        if !has_properties || component.get("additionalProperties").is_some_and(Value::is_object) {
            let problem = "the model of its success is not an object with properties, and with no other";
            self.say(place, "success-model", problem, "wrap it in an object, or leave out the schema");
        }
    }

    /// A body is a named component, so that its Rust type has a name that somebody chose.
    fn named_schema(&mut self, place: &str, what: &str, schema: &Value) {
        if schema_name(schema).is_none() {
            let problem = format!("{what} is an anonymous schema");
            self.say(place, "anonymous-schema", problem, "move it to components/schemas and refer to it");
        }
    }
}

/// What both the generator and the check of outgoing requests read in the same way.
fn is_template(path: &str) -> bool {
    let Some(rest) = path.strip_prefix('/') else { return false };
    let segments: Vec<_> = rest.split('/').collect();
    segments.iter().enumerate().all(|(index, segment)| {
        let last = index + 1 == segments.len();
        if let Some(name) = segment.strip_prefix('{').and_then(|inner| inner.strip_suffix('}')) {
            return !name.is_empty() && !name.contains(['{', '}']);
        }
        let plain = |letter: char| letter.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@".contains(letter);
        (last || !segment.is_empty()) && !matches!(*segment, "." | "..") && segment.chars().all(plain)
    })
}

/// The placeholders of a path, each as often as it stands there.
pub(super) fn placeholders(path: &str) -> Vec<&str> {
    path.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name)).collect()
}
