//! The rules for schemas, wherever they stand.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    Check,
    names::{is_type_name, rust_key},
    walk::{self, entries, items, schema_name, text},
};

const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];

/// What may stand beside an `allOf` that gives a description to a reference.
const ANNOTATIONS: [&str; 8] =
    ["allOf", "deprecated", "description", "example", "nullable", "readOnly", "title", "writeOnly"];

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Where {
    Request,
    Response,
    Parameter,
}

impl<'a> Check<'a> {
    pub(super) fn components(&mut self) {
        let decoded = walk::reachable_from_responses(self.document);
        let mut rust_names = BTreeMap::new();
        for (name, schema) in walk::schemas(self.document) {
            let place = format!("schema `{name}`");
            if !is_type_name(name) {
                let problem = "its name is not that of its Rust type";
                let mend = "write it like `OrderType`: ASCII letters and digits, every capital begins a word";
                self.say(&place, "schema-name", problem, mend);
            }
            if let Some(other) = rust_names.insert(rust_key(name), name) {
                let problem = format!("its Rust name is that of `{other}`");
                self.say(&place, "name-clash", problem, "rename one");
            }
            if schema["nullable"] == true {
                let mend = "set `nullable` on the properties that use it";
                self.say(&place, "nullable-component", "the component itself is nullable", mend);
            }
            if let Some(other) = schema_name(schema) {
                let problem = format!("it is only another name of `{other}`");
                self.say(&place, "alias", problem, "refer to that one");
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
            let mend = "list each value once; letter case does not tell them apart";
            self.say(place, "known-values", problem, mend);
        }
    }

    /// Rules for a component schema, a property, or a parameter's schema.
    pub(super) fn schema(&mut self, place: &str, schema: &'a Value, position: Where) {
        self.composition(place, schema);
        if schema.get("enum").is_some() && position != Where::Request {
            let mend = "use `x-known-values` on a named string schema";
            self.say(place, "closed-values", "`enum` closes a set of values that can grow", mend);
        }
        self.kind(place, schema);
        self.required(place, schema);
        let mut field_names = BTreeMap::new();
        if schema.get("additionalProperties").is_some_and(Value::is_object) {
            field_names.insert("extra".to_owned(), "additionalProperties");
        }
        for (name, property) in entries(schema.get("properties")) {
            let place = format!("{place}, property `{name}`");
            if let Some(other) = field_names.insert(rust_key(name), name) {
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

    fn composition(&mut self, place: &str, schema: &Value) {
        for union in ["oneOf", "anyOf", "not"] {
            if schema.get(union).is_some() {
                let mend = "write one flat schema with optional properties";
                self.say(place, "union", format!("it uses `{union}`"), mend);
            }
        }
        if schema.get("allOf").is_none() {
            return;
        }
        let other =
            entries(Some(schema)).any(|(key, _)| !ANNOTATIONS.contains(&key) && !key.starts_with("x-"));
        if other || schema_name(schema).is_none() {
            let mend = "repeat the properties; `allOf` may only wrap a single `$ref`";
            self.say(place, "all-of", "`allOf` composes schemas", mend);
        }
    }

    fn kind(&mut self, place: &str, schema: &Value) {
        let Some(kind) = schema.get("type") else { return };
        if !kind.as_str().is_some_and(|kind| TYPES.contains(&kind)) {
            let problem = format!("its type is {kind}");
            let mend =
                "use one of array, boolean, integer, number, object, string; `nullable: true` adds null";
            self.say(place, "schema-type", problem, mend);
        }
        self.misplaced(place, schema, kind);
        if kind == "array" && !schema.get("items").is_some_and(Value::is_object) {
            self.say(place, "schema-type", "it is a list without `items`", "say in `items` what it holds");
        }
    }

    /// What the keyword is not for would be passed over without a word.
    fn misplaced(&mut self, place: &str, schema: &Value, kind: &Value) {
        for (keyword, its_kind) in
            [("items", "array"), ("properties", "object"), ("additionalProperties", "object")]
        {
            if schema.get(keyword).is_some() && kind != its_kind {
                let problem = format!("it has `{keyword}` and the type {kind}");
                self.say(place, "schema-type", problem, "drop the keyword, or mend the type");
            }
        }
    }

    /// A required name that is no property would become a field of any type.
    fn required(&mut self, place: &str, schema: &Value) {
        if let Some(required) = schema.get("required").filter(|required| !required.is_array()) {
            let problem = format!("its `required` is {required}");
            self.say(place, "required", problem, "list the names of required properties at their schema");
        }
        for name in items(schema, "required").filter_map(Value::as_str) {
            if schema["properties"].get(name).is_none() {
                let problem = format!("it requires `{name}`, which is no property");
                self.say(place, "required", problem, "add the property, or do not require it");
            }
        }
    }

    fn nested(&mut self, place: &str, schema: &'a Value, position: Where) {
        if schema_name(schema).is_some() {
            self.composition(place, schema);
            return;
        }
        if schema.get("properties").is_some() || schema.get("enum").is_some() {
            let mend = "move it to components/schemas and refer to it";
            self.say(place, "anonymous-schema", "it holds an anonymous object or enum schema", mend);
        }
        self.schema(place, schema, position);
    }
}
