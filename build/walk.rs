//! Ways through a document that more than one step needs.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

pub(crate) const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

const SCHEMAS: &str = "#/components/schemas/";

/// Every operation with its path, method and the object it stands in.
pub(crate) fn operations(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    entries(document.get("paths")).flat_map(|(path, item)| {
        entries(Some(item))
            .filter(|(key, _)| METHODS.contains(key))
            .map(move |(method, operation)| (path, method, operation))
    })
}

/// Key and value pairs of an object; nothing for anything else.
pub(crate) fn entries(value: Option<&Value>) -> impl Iterator<Item = (&str, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten().map(|(key, value)| (key.as_str(), value))
}

pub(crate) fn items<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

pub(crate) fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

/// The component schemas of a document.
pub(crate) fn schemas(document: &Value) -> impl Iterator<Item = (&str, &Value)> {
    entries(document.pointer("/components/schemas"))
}

/// Follows a local reference as far as it goes; anything else is returned as it is.
pub(crate) fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let mut current = value;
    // A chain longer than this is a circle, which the check reports as leading nowhere.
    for _ in 0..16 {
        match text(current, "$ref").and_then(|target| pointer(document, target)) {
            Some(target) => current = target,
            None => return current,
        }
    }
    current
}

/// The value a local reference points at.
pub(crate) fn pointer<'a>(document: &'a Value, reference: &str) -> Option<&'a Value> {
    document.pointer(reference.strip_prefix('#')?)
}

/// Name of the component schema that a schema refers to, directly or as a single `allOf`.
pub(crate) fn schema_name(schema: &Value) -> Option<&str> {
    let direct = text(schema, "$ref");
    let wrapped = || {
        let mut members = items(schema, "allOf");
        let only = members.next()?;
        members.next().is_none().then(|| text(only, "$ref"))?
    };
    direct.or_else(wrapped)?.strip_prefix(SCHEMAS)
}

/// The JSON schema of a body that a request or response has, if it has one.
pub(crate) fn json_schema(body: &Value) -> Option<&Value> {
    body.pointer("/content/application~1json/schema")
}

/// The parameters of an operation, resolved: its own, and those of the path that it does not
/// declare anew.
pub(crate) fn parameters<'a>(document: &'a Value, path: &str, operation: &'a Value) -> Vec<&'a Value> {
    let of = |holder: &'a Value| items(holder, "parameters").map(|parameter| resolve(document, parameter));
    let own: Vec<_> = of(operation).collect();
    let shared = document.get("paths").and_then(|paths| paths.get(path));
    let is_new =
        |one: &&Value| own.iter().all(|other| one["name"] != other["name"] || one["in"] != other["in"]);
    shared.into_iter().flat_map(of).filter(is_new).chain(own.iter().copied()).collect()
}

/// Names of the component schemas that any response of any operation can hold.
pub(crate) fn reachable_from_responses(document: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (_, _, operation) in operations(document) {
        for (_, response) in entries(operation.get("responses")) {
            if let Some(schema) = json_schema(resolve(document, response)) {
                collect(document, schema, &mut found);
            }
        }
    }
    found
}

/// Names of the component schemas that a schema refers to, also by way of others.
pub(crate) fn reachable(document: &Value, schema: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(document, schema, &mut found);
    found
}

fn collect(document: &Value, schema: &Value, found: &mut BTreeSet<String>) {
    if let Some(name) = schema_name(schema) {
        if !found.insert(name.to_owned()) {
            return;
        }
        if let Some(target) = document.pointer("/components/schemas").and_then(|all| all.get(name)) {
            collect(document, target, found);
        }
        return;
    }
    for (_, property) in entries(schema.get("properties")) {
        collect(document, property, found);
    }
    for key in ["items", "additionalProperties"] {
        if let Some(inner @ Value::Object(_)) = schema.get(key) {
            collect(document, inner, found);
        }
    }
}

/// Applies `change` to every schema object inside `schema`, itself included.
pub(crate) fn for_each_schema(schema: &mut Value, change: &mut impl FnMut(&mut Map<String, Value>)) {
    let Value::Object(object) = schema else { return };
    change(object);
    if let Some(Value::Object(properties)) = object.get_mut("properties") {
        properties.values_mut().for_each(|property| for_each_schema(property, change));
    }
    for key in ["items", "additionalProperties"] {
        if let Some(inner) = object.get_mut(key) {
            for_each_schema(inner, change);
        }
    }
}
