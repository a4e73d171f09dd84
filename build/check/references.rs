//! Every reference is local and leads to the right kind of thing, every extension is one of ours.

use serde_json::Value;

use super::{
    Check,
    walk::{self, METHODS, resolve, text},
};

/// Extensions that mean something to us, and what holds them; another name is a spelling mistake.
const EXTENSIONS: [(&str, Holder); 7] = [
    ("x-known-values", Holder::Schema),
    ("x-login", Holder::Operation),
    ("x-method", Holder::Operation),
    ("x-paging", Holder::Operation),
    ("x-personal", Holder::Property),
    ("x-repeat", Holder::Operation),
    ("x-unconfirmed", Holder::Operation),
];

#[derive(Clone, Copy)]
enum Holder {
    Operation,
    Schema,
    Property,
}

impl Holder {
    fn is(self, slot: &str) -> bool {
        match self {
            Self::Operation => METHODS.contains(&slot),
            Self::Schema => slot == "schemas",
            Self::Property => slot == "properties",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Operation => "write it at an operation",
            Self::Schema => "write it at a schema of components/schemas",
            Self::Property => "write it at a property of a schema of components/schemas",
        }
    }
}

/// Objects whose keys are names that the author chose.
const NAMED: [&str; 15] = [
    "callbacks",
    "content",
    "encoding",
    "examples",
    "headers",
    "links",
    "mapping",
    "parameters",
    "paths",
    "properties",
    "requestBodies",
    "responses",
    "schemas",
    "securitySchemes",
    "variables",
];

/// Keys whose value is data of the author and not a part of the document's structure.
const DATA: [&str; 6] = ["default", "enum", "example", "scopes", "security", "value"];

impl<'a> Check<'a> {
    pub(super) fn references(&mut self, place: &str, value: &'a Value) {
        self.object(place, "", value);
    }

    /// `slot` says what the value is: the key it stands at, or that of the list or map it is in.
    fn object(&mut self, place: &str, slot: &str, value: &'a Value) {
        match value {
            Value::Object(object) => {
                for (key, inner) in object {
                    self.word(place, slot, key, inner);
                    if NAMED.contains(&key.as_str()) && inner.is_object() {
                        self.named(place, key, inner);
                    } else if !DATA.contains(&key.as_str()) {
                        self.object(&place_of(place, inner), key, inner);
                    }
                }
            }
            Value::Array(list) => list.iter().for_each(|inner| self.object(place, slot, inner)),
            _ => {}
        }
    }

    fn named(&mut self, place: &str, slot: &str, map: &'a Value) {
        for (name, inner) in walk::entries(Some(map)) {
            let place = match slot {
                "schemas" => format!("schema `{name}`"),
                "paths" => format!("path `{name}`"),
                "properties" => format!("{place}, property `{name}`"),
                "parameters" | "requestBodies" | "responses" if place == "the document" => {
                    format!("components/{slot} `{name}`")
                }
                _ => place.to_owned(),
            };
            self.object(&place, slot, inner);
        }
    }

    fn word(&mut self, place: &str, slot: &str, key: &str, value: &'a Value) {
        if key == "<<" {
            let problem = "the YAML merge key `<<` is not applied";
            self.say(place, "merge-key", problem, "repeat the lines that it would bring");
        }
        if key.starts_with("x-") {
            self.extension(place, slot, key, value);
        }
        // A path item has a rule of its own.
        if let ("$ref", true) = (key, slot != "paths") {
            self.reference(place, slot, value);
        }
    }

    fn extension(&mut self, place: &str, slot: &str, key: &str, value: &Value) {
        let Some((_, holder)) = EXTENSIONS.iter().find(|(known, _)| *known == key) else {
            let problem = format!("`{key}` is no extension of this project");
            return self.say(place, "extension", problem, "use one listed in ARCHITECTURE.md");
        };
        if !holder.is(slot) {
            let problem = format!("`{key}` has no effect here");
            return self.say(place, "extension-place", problem, holder.words());
        }
        if key == "x-personal" && value != true {
            let problem = format!("`{key}` is {value}");
            self.say(place, "extension-value", problem, "write `true`, or leave it out");
        }
    }

    fn reference(&mut self, place: &str, slot: &str, target: &Value) {
        let Some(target) = target.as_str() else {
            let problem = format!("`$ref` is {target}");
            return self.say(place, "reference", problem, "write the address of a component as a text");
        };
        let found = walk::pointer(self.document, target);
        let ends = found.is_some_and(|value| resolve(self.document, value).get("$ref").is_none());
        if !ends {
            let problem = format!("`$ref: {target}` leads nowhere");
            self.say(place, "reference", problem, "refer to an existing component of the same file");
            return;
        }
        let fits = |section: &str| {
            let name = target
                .strip_prefix("#/components/")
                .and_then(|rest| rest.strip_prefix(section)?.strip_prefix('/'));
            name.is_some_and(|name| !name.contains('/'))
        };
        if let Some(section) = section(slot).filter(|section| !fits(section)) {
            let problem = format!("`$ref: {target}` is none of components/{section}");
            self.say(place, "reference", problem, "refer to a component of the kind that is needed here");
        }
    }
}

fn place_of(outer: &str, value: &Value) -> String {
    text(value, "operationId").map_or_else(|| outer.to_owned(), |id| format!("operation `{id}`"))
}

/// Where that which stands in a slot is kept among the components.
fn section(slot: &str) -> Option<&'static str> {
    Some(match slot {
        "schema"
        | "schemas"
        | "properties"
        | "items"
        | "additionalProperties"
        | "allOf"
        | "oneOf"
        | "anyOf"
        | "not" => "schemas",
        "parameters" => "parameters",
        "requestBody" | "requestBodies" => "requestBodies",
        "responses" => "responses",
        "headers" => "headers",
        _ => return None,
    })
}
