//! The rules for parameters.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    Check,
    names::rust_key,
    operations::placeholders,
    schemas::Where,
    walk::{self, resolve, schema_name, text},
};

impl<'a> Check<'a> {
    pub(super) fn parameters(&mut self, place: &str, path: &str, operation: &'a Value) {
        let mut declared = Vec::new();
        // The generated method has a variable of this name.
        let mut arguments = BTreeMap::from([("headermap".to_owned(), "the headers".to_owned())]);
        if operation.get("requestBody").is_some() {
            arguments.insert("body".to_owned(), "the request body".to_owned());
        }
        for parameter in walk::parameters(self.document, path, operation) {
            let name = text(parameter, "name").unwrap_or_default();
            let location = text(parameter, "in").unwrap_or_default();
            let place = format!("{place}, parameter `{name}`");
            match location {
                "cookie" => self.say(&place, "cookie", "it is a cookie", "send it as a header"),
                "path" => declared.push(name),
                "query" | "header" => {}
                _ => {
                    let problem = format!("its `in` is {}", parameter.get("in").unwrap_or(&Value::Null));
                    self.say(&place, "parameter-location", problem, "use `path`, `query` or `header`");
                }
            }
            // Headers are set by the transport, not by generated code.
            if location != "header"
                && let Some(other) = arguments.insert(rust_key(name), format!("`{name}`"))
            {
                let problem = format!("its Rust name is that of {other}");
                self.say(&place, "name-clash", problem, "rename or drop one");
            }
            self.parameter(&place, location, parameter);
        }
        let mut used = placeholders(path);
        used.sort_unstable();
        declared.sort_unstable();
        if used != declared {
            let problem = format!("the path {path} and the declared path parameters differ");
            self.say(place, "path-parameters", problem, "declare each placeholder once, and no other");
        }
    }

    fn parameter(&mut self, place: &str, location: &str, parameter: &'a Value) {
        if location == "path" && parameter["required"] != true {
            let problem = "it is in the path and not required";
            self.say(place, "path-parameters", problem, "set `required: true`");
        }
        let Some(schema) = parameter.get("schema") else {
            let mend = "use `schema: {type: string}` and describe the text form";
            self.say(place, "parameter-content", "it has `content` instead of `schema`", mend);
            return;
        };
        let schema = resolve(self.document, schema);
        let kind = text(schema, "type").unwrap_or("none");
        if kind == "object" || kind == "none" || (kind == "array" && location != "query") {
            let problem = format!("its type is {kind} in {location}");
            self.say(place, "parameter-type", problem, "make it a string and build it in the wrapper");
        }
        if let Some(item) = schema.get("items") {
            self.parameter_item(place, item);
        }
        let usual = if location == "query" { "form" } else { "simple" };
        let style = text(parameter, "style").unwrap_or(usual);
        if style != usual || (location == "query" && parameter["explode"] == false) {
            let problem = match location {
                "query" => "its style is not the exploded form".to_owned(),
                _ => format!("its style is {style}"),
            };
            self.say(place, "parameter-style", problem, "make it a string and join in the wrapper");
        }
        self.schema(place, schema, Where::Parameter);
    }

    fn parameter_item(&mut self, place: &str, item: &'a Value) {
        let named = schema_name(item).and_then(|name| self.document["components"]["schemas"].get(name));
        let kind = text(named.unwrap_or(item), "type").unwrap_or("none");
        if matches!(kind, "object" | "array" | "none") {
            let problem = format!("it is a list of items of the type {kind}");
            self.say(place, "parameter-type", problem, "make it a string and build it in the wrapper");
        }
    }
}
