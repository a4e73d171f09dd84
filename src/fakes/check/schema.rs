//! From a schema of `OpenAPI` 3.0 to one of JSON Schema 2020-12.

use serde_json::{Map, Value, json};

/// Which way a body goes: it decides what `readOnly` and `writeOnly` mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Request,
    Reply,
}

/// Formats that are checked. The others say what a text is for, and a server need not agree.
pub(super) const FORMATS: [&str; 3] = ["int32", "int64", "date-time"];

const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];
const REFERENCE: &str = "#/components/schemas/";
/// Keywords that mean the same in both languages.
const SHARED: [&str; 13] = [
    "enum",
    "format",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "pattern",
    "uniqueItems",
];
/// Keywords that allow and forbid nothing by themselves; some are read where they matter.
const SILENT: [&str; 11] = [
    "default",
    "deprecated",
    "description",
    "discriminator",
    "example",
    "externalDocs",
    "nullable",
    "readOnly",
    "title",
    "writeOnly",
    "xml",
];

impl Direction {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Reply => "reply",
        }
    }

    /// The keyword of a property that does not go this way.
    fn hiding(self) -> &'static str {
        match self {
            Self::Request => "readOnly",
            Self::Reply => "writeOnly",
        }
    }
}

/// Converts the schemas of one document.
#[derive(Clone, Copy)]
pub(super) struct Converter<'a> {
    pub(super) document: &'a Value,
    pub(super) direction: Direction,
}

impl<'a> Converter<'a> {
    /// The component that a schema refers to, as far as it goes, or the schema itself.
    pub(super) fn resolve(self, schema: &'a Value, place: &str) -> Result<&'a Value, String> {
        let mut current = schema;
        for _ in 0..16 {
            match current.get("$ref") {
                Some(target) => current = self.target(target, place)?.1,
                None => return Ok(current),
            }
        }
        Err(format!("{place}: the references go in a circle"))
    }

    fn target(self, target: &Value, place: &str) -> Result<(&'a str, &'a Value), String> {
        let components = self.document.pointer("/components/schemas").and_then(Value::as_object);
        let name = target.as_str().and_then(|target| target.strip_prefix(REFERENCE));
        let found = name.and_then(|name| components?.get_key_value(name));
        let (name, schema) =
            found.ok_or_else(|| format!("{place}: {target} is no schema of the document's components"))?;
        Ok((name, schema))
    }

    pub(super) fn convert(self, schema: &'a Value, place: &str) -> Result<Value, String> {
        let Some(object) = schema.as_object() else {
            return Err(format!("{place}: a schema is no object"));
        };
        if let Some(target) = object.get("$ref") {
            let (name, _) = self.target(target, place)?;
            self.resolve(schema, place)?;
            return Ok(json!({ "$ref": format!("#/{}/{name}", self.direction.name()) }));
        }
        let mut made = Map::new();
        for (key, value) in object {
            if let Some((name, converted)) = self.keyword(key, value, object, &format!("{place}/{key}"))? {
                made.insert(name.to_owned(), converted);
            }
        }
        Ok(Value::Object(made))
    }

    /// A keyword and its value in JSON Schema, if it has an effect there.
    fn keyword(
        self,
        key: &'a str,
        value: &'a Value,
        holder: &'a Map<String, Value>,
        place: &str,
    ) -> Result<Option<(&'a str, Value)>, String> {
        let is_true = |key: &str| holder.get(key) == Some(&Value::Bool(true));
        let converted = match key {
            "type" => kind(value, is_true("nullable"), place)?,
            "minimum" if is_true("exclusiveMinimum") => {
                return Ok(Some(("exclusiveMinimum", value.clone())));
            }
            "maximum" if is_true("exclusiveMaximum") => {
                return Ok(Some(("exclusiveMaximum", value.clone())));
            }
            "exclusiveMinimum" | "exclusiveMaximum" if value.is_boolean() => return Ok(None),
            "format" if !FORMATS.iter().any(|format| value == format) => return Ok(None),
            "additionalProperties" if value.is_boolean() => value.clone(),
            "items" | "not" | "additionalProperties" => self.convert(value, place)?,
            "allOf" | "anyOf" | "oneOf" => self.all(value, place)?,
            "properties" => self.properties(value, place)?,
            "required" => self.required(value, holder, place)?,
            shared if SHARED.contains(&shared) => value.clone(),
            silent if SILENT.contains(&silent) || silent.starts_with("x-") => return Ok(None),
            _ => return Err(format!("{place}: this is no keyword of OpenAPI 3.0, or not in this form")),
        };
        Ok(Some((key, converted)))
    }

    fn all(self, list: &'a Value, place: &str) -> Result<Value, String> {
        let list = list.as_array().ok_or_else(|| format!("{place}: it is no list"))?;
        list.iter()
            .enumerate()
            .map(|(index, schema)| self.convert(schema, &format!("{place}/{index}")))
            .collect()
    }

    fn properties(self, properties: &'a Value, place: &str) -> Result<Value, String> {
        let properties = properties.as_object().ok_or_else(|| format!("{place}: it is no object"))?;
        let mut made = Map::new();
        for (name, schema) in properties {
            let place = format!("{place}/{name}");
            let converted = self.convert(schema, &place)?;
            made.insert(name.clone(), if self.is_hidden(schema, &place)? { json!(false) } else { converted });
        }
        Ok(Value::Object(made))
    }

    fn required(
        self,
        names: &'a Value,
        holder: &'a Map<String, Value>,
        place: &str,
    ) -> Result<Value, String> {
        let names = names.as_array().ok_or_else(|| format!("{place}: it is no list"))?;
        let mut made = Vec::new();
        for name in names {
            let property = || holder.get("properties")?.get(name.as_str()?);
            let is_hidden = property().map_or(Ok(false), |property| self.is_hidden(property, place))?;
            if !is_hidden {
                made.push(name.clone());
            }
        }
        Ok(Value::Array(made))
    }

    fn is_hidden(self, property: &'a Value, place: &str) -> Result<bool, String> {
        Ok(self.resolve(property, place)?.get(self.direction.hiding()) == Some(&Value::Bool(true)))
    }
}

/// `nullable` adds null to the type of the same schema and has no other effect: so says 3.0.3.
fn kind(kind: &Value, nullable: bool, place: &str) -> Result<Value, String> {
    if !TYPES.iter().any(|known| kind == known) {
        return Err(format!("{place}: {kind} is no type of OpenAPI 3.0"));
    }
    Ok(if nullable { json!([kind, "null"]) } else { kind.clone() })
}
