//! A copy of the document with everything removed that would make the generator stumble, or a
//! response fail to decode.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::walk::{self, for_each_schema};

/// Constraints belong to the documentation and to the wrappers; a generated type that enforces
/// one turns a longer string or a new value of the vendor into a lost response.
const CONSTRAINTS: [&str; 16] = [
    "default",
    "enum",
    "example",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "maxItems",
    "maxLength",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
    "multipleOf",
    "pattern",
    "title",
    "uniqueItems",
];

/// The copy that the generator sees.
pub(crate) fn for_generator(document: &Value, models: &BTreeSet<String>) -> Value {
    let mut copy = document.clone();
    reduce_operations(document, &mut copy);
    reduce_components(&mut copy, models);
    copy
}

fn reduce_operations(document: &Value, copy: &mut Value) {
    let Some(Value::Object(paths)) = copy.get_mut("paths") else { return };
    for item in paths.values_mut() {
        let Value::Object(item) = item else { continue };
        reduce_parameters(document, item);
        for method in walk::METHODS {
            if let Some(Value::Object(operation)) = item.get_mut(method) {
                reduce_parameters(document, operation);
                // The generated methods only make requests, so they need no response at all.
                operation.insert("responses".into(), json!({}));
            }
        }
    }
}

/// Headers are the transport's business: it knows which are sensitive and which are shared by
/// all attempts of a call.
fn reduce_parameters(document: &Value, holder: &mut Map<String, Value>) {
    if let Some(Value::Array(parameters)) = holder.get_mut("parameters") {
        parameters.retain(|parameter| walk::resolve(document, parameter)["in"] != "header");
        parameters.iter_mut().for_each(reduce_parameter);
    }
}

fn reduce_parameter(parameter: &mut Value) {
    if let Some(schema) = parameter.get_mut("schema") {
        for_each_schema(schema, &mut |object| reduce_schema(object, false));
    }
}

fn reduce_components(copy: &mut Value, models: &BTreeSet<String>) {
    let Some(Value::Object(components)) = copy.get_mut("components") else { return };
    components.retain(|key, _| matches!(key.as_str(), "schemas" | "parameters" | "requestBodies"));
    if let Some(Value::Object(schemas)) = components.get_mut("schemas") {
        for (name, schema) in schemas {
            let decoded = models.contains(name);
            for_each_schema(schema, &mut |object| reduce_schema(object, decoded));
        }
    }
    if let Some(Value::Object(parameters)) = components.get_mut("parameters") {
        parameters.retain(|_, parameter| parameter["in"] != "header");
        parameters.values_mut().for_each(reduce_parameter);
    }
}

fn reduce_schema(object: &mut Map<String, Value>, decoded: bool) {
    for keyword in CONSTRAINTS {
        object.remove(keyword);
    }
    if object.get("additionalProperties").is_some_and(Value::is_boolean) {
        object.remove("additionalProperties");
    }
    // Absent, null and empty are the same to a reader; the decoder accepts all three.
    object.remove("nullable");
    if decoded {
        object.remove("required");
    }
}
