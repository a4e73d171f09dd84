//! The rules that a document must keep so that it can be generated from.
//!
//! Only what the generator or the clients cannot take is refused here; style is a test's business.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    Finding,
    operation::{LOGIN, PAGING, REPEAT, UNCONFIRMED},
    walk::{self, entries, items, json_schema, resolve, schema_name, text},
};

/// Extensions that mean something to us; another name is a spelling mistake.
const EXTENSIONS: [&str; 7] =
    ["x-known-values", "x-login", "x-method", "x-paging", "x-personal", "x-repeat", "x-unconfirmed"];

/// Everything in the document that cannot be generated from.
pub(crate) fn findings(document: &Value) -> Vec<Finding> {
    let mut check = Check { document, list: Vec::new() };
    check.version();
    check.references("the document", document);
    if check.list.is_empty() {
        check.paths();
        check.operations();
        check.components();
    }
    check.list
}

struct Check<'a> {
    document: &'a Value,
    list: Vec<Finding>,
}

impl<'a> Check<'a> {
    fn say(&mut self, place: &str, rule: &'static str, problem: impl Into<String>, mend: &'static str) {
        let finding = Finding { place: place.into(), rule, problem: problem.into(), mend };
        self.list.push(finding);
    }

    fn version(&mut self) {
        let version = text(self.document, "openapi").unwrap_or("none");
        if !version.starts_with("3.0.") {
            let problem = format!("`openapi` is {version}");
            self.say("the document", "version", problem, "write it in OpenAPI 3.0.3");
        }
    }

    /// Every reference is local and leads somewhere, every extension is one of ours.
    fn references(&mut self, place: &str, value: &'a Value) {
        match value {
            Value::Object(object) => {
                for (key, inner) in object {
                    if key.starts_with("x-") && !EXTENSIONS.contains(&key.as_str()) && !is_header(inner) {
                        let problem = format!("`{key}` is no extension of this project");
                        self.say(place, "extension", problem, "use one listed in ARCHITECTURE.md");
                    }
                    if let ("$ref", Some(target)) = (key.as_str(), inner.as_str()) {
                        self.reference(place, target);
                    }
                    let inner_place = text(inner, "operationId")
                        .map_or_else(|| place.to_owned(), |id| format!("operation `{id}`"));
                    self.references(&inner_place, inner);
                }
            }
            Value::Array(list) => list.iter().for_each(|inner| self.references(place, inner)),
            _ => {}
        }
    }

    fn reference(&mut self, place: &str, target: &str) {
        let found = walk::pointer(self.document, target);
        let ends = found.is_some_and(|value| resolve(self.document, value).get("$ref").is_none());
        if !ends {
            let problem = format!("`$ref: {target}` leads nowhere");
            self.say(place, "reference", problem, "refer to an existing component of the same file");
        }
    }

    fn paths(&mut self) {
        for (path, item) in entries(self.document.get("paths")) {
            if item.get("$ref").is_some() {
                let place = format!("path `{path}`");
                self.say(&place, "path-item-reference", "the path item is a `$ref`", "write it in place");
            }
        }
    }

    fn operations(&mut self) {
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
            if !ids.insert(id.to_lowercase()) {
                self.say(&place, "unique-operation-id", "another operation has the same id", "rename one");
            }
            self.words(&place, operation, &mut methods);
            self.parameters(&place, path, operation);
            self.request_body(&place, operation);
            self.responses(&place, operation);
        }
    }

    /// The extensions of an operation: present where needed, and with a value that we know.
    fn words(&mut self, place: &str, operation: &'a Value, methods: &mut BTreeSet<&'a str>) {
        match text(operation, "x-method") {
            None => self.say(place, "method-name", "it has no `x-method`", "name the method of the client"),
            Some(name) if !methods.insert(name) => {
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
        for value in items(operation, "x-unconfirmed") {
            if !value.as_str().is_some_and(|word| UNCONFIRMED.contains(&word)) {
                let problem = format!("`x-unconfirmed` holds {value}");
                self.say(place, "extension-value", problem, "use `method` and `path` only");
            }
        }
    }

    fn parameters(&mut self, place: &str, path: &str, operation: &'a Value) {
        let mut declared = BTreeSet::new();
        for parameter in walk::parameters(self.document, path, operation) {
            let name = text(parameter, "name").unwrap_or_default();
            let location = text(parameter, "in").unwrap_or_default();
            let place = format!("{place}, parameter `{name}`");
            match location {
                "cookie" => self.say(&place, "cookie", "it is a cookie", "send it as a header"),
                "path" => {
                    declared.insert(name.to_owned());
                }
                _ => {}
            }
            let Some(schema) = parameter.get("schema") else {
                let mend = "use `schema: {type: string}` and describe the text form";
                self.say(&place, "parameter-content", "it has `content` instead of `schema`", mend);
                continue;
            };
            let schema = resolve(self.document, schema);
            let kind = text(schema, "type").unwrap_or("none");
            if kind == "object" || kind == "none" || (kind == "array" && location != "query") {
                let problem = format!("its type is {kind} in {location}");
                self.say(&place, "parameter-type", problem, "make it a string and build it in the wrapper");
            }
            let style = text(parameter, "style").unwrap_or("form");
            if location == "query" && (style != "form" || parameter["explode"] == false) {
                let problem = "its style is not the exploded form";
                self.say(&place, "parameter-style", problem, "make it a string and join in the wrapper");
            }
            self.schema(&place, schema, Where::Parameter);
        }
        let used: BTreeSet<_> = placeholders(path).map(str::to_owned).collect();
        if used != declared {
            let problem = format!("the path {path} and the declared path parameters differ");
            self.say(place, "path-parameters", problem, "declare each placeholder once, and no other");
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
        }
        match json_schema(body) {
            Some(schema) => self.named(place, "the request body", schema),
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
                self.named(place, &what, schema);
                if status.starts_with('2') {
                    bodies.extend(schema_name(schema));
                }
            }
        }
        if bodies.len() > 1 {
            let problem = format!("its successes have the bodies {bodies:?}");
            self.say(place, "one-success-body", problem, "use one schema for every 2xx with a body");
        }
    }

    /// A body is a named component, so that its Rust type has a name that somebody chose.
    fn named(&mut self, place: &str, what: &str, schema: &Value) {
        if schema_name(schema).is_none() {
            let problem = format!("{what} is an anonymous schema");
            self.say(place, "anonymous-schema", problem, "move it to components/schemas and refer to it");
        }
    }

    fn components(&mut self) {
        let decoded = walk::reachable_from_responses(self.document);
        let mut rust_names = BTreeMap::new();
        for (name, schema) in walk::schemas(self.document) {
            let place = format!("schema `{name}`");
            let rust_name = name.to_lowercase().replace(['-', '_'], "");
            if let Some(other) = rust_names.insert(rust_name, name) {
                let problem = format!("its Rust name is that of `{other}`");
                self.say(&place, "name-clash", problem, "rename one");
            }
            if schema["nullable"] == true {
                let mend = "set `nullable` on the properties that use it";
                self.say(&place, "nullable-component", "the component itself is nullable", mend);
            }
            self.known_values(&place, schema);
            let position = if decoded.contains(name) { Where::Response } else { Where::Request };
            self.schema(&place, schema, position);
        }
    }

    fn known_values(&mut self, place: &str, schema: &Value) {
        let Some(values) = schema.get("x-known-values") else { return };
        let listed: Vec<_> = items(schema, "x-known-values").filter_map(Value::as_str).collect();
        let distinct: BTreeSet<_> = listed.iter().map(|value| value.to_lowercase()).collect();
        let complete = values.as_array().is_some_and(|all| all.len() == listed.len());
        if text(schema, "type") != Some("string") || !complete || distinct.len() != listed.len() {
            let problem = "`x-known-values` is not a list of distinct strings on a string";
            self.say(
                place,
                "known-values",
                problem,
                "list each value once; letter case does not tell them apart",
            );
        }
    }

    /// Rules for a component schema, a property, or a parameter's schema.
    fn schema(&mut self, place: &str, schema: &'a Value, position: Where) {
        for union in ["oneOf", "anyOf", "not"] {
            if schema.get(union).is_some() {
                let mend = "write one flat schema with optional properties";
                self.say(place, "union", format!("it uses `{union}`"), mend);
            }
        }
        if schema.get("allOf").is_some() && schema_name(schema).is_none() {
            let mend = "repeat the properties; `allOf` may only wrap a single `$ref`";
            self.say(place, "all-of", "`allOf` composes schemas", mend);
        }
        if schema.get("enum").is_some() && position != Where::Request {
            let mend = "use `x-known-values` on a named string schema";
            self.say(place, "closed-values", "`enum` closes a set of values that can grow", mend);
        }
        let mut field_names = BTreeMap::new();
        for (name, property) in entries(schema.get("properties")) {
            let place = format!("{place}, property `{name}`");
            let field = name.to_lowercase().replace(['-', '_'], "");
            if let Some(other) = field_names.insert(field, name) {
                let problem = format!("its Rust name is that of `{other}`");
                self.say(&place, "name-clash", problem, "rename or drop one");
            }
            self.nested(&place, property, position);
        }
        for key in ["items", "additionalProperties"] {
            if let Some(inner @ Value::Object(_)) = schema.get(key) {
                self.nested(place, inner, position);
            }
        }
    }

    fn nested(&mut self, place: &str, schema: &'a Value, position: Where) {
        if schema_name(schema).is_some() {
            return;
        }
        if schema.get("properties").is_some() || schema.get("enum").is_some() {
            let mend = "move it to components/schemas and refer to it";
            self.say(place, "anonymous-schema", "it holds an anonymous object or enum schema", mend);
        }
        self.schema(place, schema, position);
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Where {
    Request,
    Response,
    Parameter,
}

/// Response headers such as `X-RateLimit-Reset` are keys that start with `x-` as well.
fn is_header(value: &Value) -> bool {
    value.get("schema").is_some() || value.get("$ref").is_some()
}

fn placeholders(path: &str) -> impl Iterator<Item = &str> {
    path.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
}
