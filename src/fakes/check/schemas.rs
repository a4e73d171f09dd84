//! Schemas that are ready to check values; the only place that knows the JSON Schema crate.

use std::{collections::BTreeSet, error::Error};

use boon::{Compiler, ErrorKind, Format, InstanceToken, SchemaIndex, ValidationError};
use serde_json::{Map, Value, json};

use super::schema::{Converter, Direction};

/// Any address will do: nothing is loaded from it.
const ADDRESS: &str = "document:/schemas";

#[derive(Debug, Clone, Copy)]
pub(super) struct SchemaId(usize);

/// The schemas of a document on their way to be compiled, all at once.
pub(super) struct Collector<'a> {
    document: &'a Value,
    places: Vec<Value>,
}

pub(super) struct Schemas {
    ready: boon::Schemas,
    list: Vec<SchemaIndex>,
    /// The names that the document gives to properties.
    names: BTreeSet<String>,
}

/// Why a value does not fit, without the value.
#[derive(Debug)]
pub(super) struct Misfit {
    /// A JSON pointer; a name that only the sender knows is shown as `*`.
    pub(super) at: String,
    pub(super) why: String,
}

impl<'a> Collector<'a> {
    pub(super) fn new(document: &'a Value) -> Self {
        Self { document, places: Vec::new() }
    }

    pub(super) fn converter(&self, direction: Direction) -> Converter<'a> {
        Converter { document: self.document, direction }
    }

    pub(super) fn add(
        &mut self,
        schema: &'a Value,
        direction: Direction,
        place: &str,
    ) -> Result<SchemaId, String> {
        self.places.push(self.converter(direction).convert(schema, place)?);
        Ok(SchemaId(self.places.len() - 1))
    }

    pub(super) fn compile(self) -> Result<Schemas, String> {
        let mut all = Map::new();
        for direction in [Direction::Request, Direction::Reply] {
            let converter = self.converter(direction);
            let mut components = Map::new();
            for (name, schema) in object(self.document.pointer("/components/schemas")) {
                components.insert(name.clone(), converter.convert(schema, &format!("schema `{name}`"))?);
            }
            all.insert(direction.name().to_owned(), components.into());
        }
        let mut names = BTreeSet::new();
        let count = self.places.len();
        all.insert("places".to_owned(), self.places.into());
        let all = Value::Object(all);
        collect_names(&all, &mut names);

        let mut compiler = Compiler::new();
        compiler.enable_format_assertions();
        compiler.register_format(Format { name: "int32", func: is_int32 });
        compiler.register_format(Format { name: "int64", func: is_int64 });
        let why = |error: boon::CompileError| format!("a schema cannot be used: {error:#}");
        compiler.add_resource(ADDRESS, all).map_err(why)?;
        let mut ready = boon::Schemas::new();
        let list = (0..count)
            .map(|index| compiler.compile(&format!("{ADDRESS}#/places/{index}"), &mut ready).map_err(why))
            .collect::<Result<_, _>>()?;
        Ok(Schemas { ready, list, names })
    }
}

impl Schemas {
    pub(super) fn check(&self, id: SchemaId, value: &Value) -> Result<(), Misfit> {
        let Err(error) = self.ready.validate(value, self.list[id.0]) else { return Ok(()) };
        let first = first(&error);
        Err(Misfit { at: self.pointer(first), why: why(&first.kind) })
    }

    fn pointer(&self, error: &ValidationError<'_, '_>) -> String {
        let tokens = error.instance_location.tokens.iter();
        tokens
            .map(|token| match token {
                InstanceToken::Prop(name) if self.names.contains(name.as_ref()) => format!("/{name}"),
                InstanceToken::Prop(_) => "/*".to_owned(),
                InstanceToken::Item(index) => format!("/{index}"),
            })
            .collect()
    }
}

/// The first end of the tree of errors; which part of a choice was meant is anybody's guess.
fn first<'a, 's, 'v>(error: &'a ValidationError<'s, 'v>) -> &'a ValidationError<'s, 'v> {
    match error.causes.first() {
        Some(cause) if !matches!(error.kind, ErrorKind::AnyOf | ErrorKind::OneOf(_)) => first(cause),
        _ => error,
    }
}

fn object(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

fn collect_names(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                if key == "properties" {
                    names.extend(object(Some(inner)).map(|(name, _)| name.clone()));
                }
                collect_names(inner, names);
            }
        }
        Value::Array(list) => list.iter().for_each(|inner| collect_names(inner, names)),
        _ => {}
    }
}

/// In words that hold nothing of the value.
fn why(kind: &ErrorKind<'_, '_>) -> String {
    match kind {
        ErrorKind::Type { got, want } => {
            let want: Vec<_> = want.iter().map(|kind| kind.to_string()).collect();
            format!("is {got} instead of {}", want.join(" or "))
        }
        ErrorKind::Enum { want } => format!("is none of {}", json!(want)),
        ErrorKind::Format { want, .. } => format!("is not of the format {want}"),
        ErrorKind::Required { want } => format!("lacks {}", want.join(", ")),
        ErrorKind::FalseSchema => "must not be there".to_owned(),
        ErrorKind::AdditionalProperties { got } => {
            format!("has {} properties that are not allowed", got.len())
        }
        ErrorKind::MinLength { want, .. } => format!("is shorter than {want} characters"),
        ErrorKind::MaxLength { want, .. } => format!("is longer than {want} characters"),
        ErrorKind::MinItems { want, .. } => format!("has less than {want} items"),
        ErrorKind::MaxItems { want, .. } => format!("has more than {want} items"),
        ErrorKind::MinProperties { want, .. } => format!("has less than {want} properties"),
        ErrorKind::MaxProperties { want, .. } => format!("has more than {want} properties"),
        ErrorKind::UniqueItems { got: [one, other] } => format!("has equal items at {one} and {other}"),
        ErrorKind::Pattern { want, .. } => format!("does not match the pattern {want}"),
        ErrorKind::Minimum { want, .. } => format!("is below {want}"),
        ErrorKind::Maximum { want, .. } => format!("is above {want}"),
        ErrorKind::ExclusiveMinimum { want, .. } => format!("is not above {want}"),
        ErrorKind::ExclusiveMaximum { want, .. } => format!("is not below {want}"),
        ErrorKind::MultipleOf { want, .. } => format!("is no multiple of {want}"),
        ErrorKind::AnyOf => "fits no schema of `anyOf`".to_owned(),
        ErrorKind::OneOf(None) => "fits no schema of `oneOf`".to_owned(),
        ErrorKind::OneOf(Some(_)) => "fits more than one schema of `oneOf`".to_owned(),
        ErrorKind::Not => "fits the schema of `not`".to_owned(),
        _ => "does not fit its schema".to_owned(),
    }
}

fn is_int32(value: &Value) -> Result<(), Box<dyn Error>> {
    is_within(value, i32::MIN.into(), i32::MAX.into())
}

fn is_int64(value: &Value) -> Result<(), Box<dyn Error>> {
    is_within(value, i64::MIN, i64::MAX)
}

/// What is no integer is the business of `type`.
fn is_within(value: &Value, least: i64, greatest: i64) -> Result<(), Box<dyn Error>> {
    let Value::Number(number) = value else { return Ok(()) };
    // `5.0` is an integer as well.
    let number = number.as_i64().or_else(|| format!("{:.0}", number.as_f64()?).parse().ok());
    let fits = number.is_some_and(|number| (least..=greatest).contains(&number));
    if fits { Ok(()) } else { Err("out of range".into()) }
}
