//! The one place of the build that talks to progenitor.

use std::{
    cell::Cell,
    collections::BTreeSet,
    panic::{self, AssertUnwindSafe},
    sync::Once,
};

use progenitor::{GenerationSettings, Generator, HooksMode, InterfaceStyle};
use serde_json::{Value, json};

use super::{
    Finding,
    walk::{self, text},
};

/// The generator's output for a reduced document.
pub(crate) fn tokens(service: &str, reduced: &Value) -> Result<String, Finding> {
    generate(service, reduced).map_err(|refusal| {
        // The generator says what it cannot take, and seldom where.
        let (place, refusal) = culprit(service, reduced).unwrap_or_else(|| ("the document".into(), refusal));
        refusal.at(place)
    })
}

enum Refusal {
    /// It is not what the OpenAPI specification describes.
    Shape(String),
    /// The generator does not take it.
    Generator(String),
}

impl Refusal {
    fn at(self, place: String) -> Finding {
        match self {
            Self::Shape(problem) => Finding {
                place,
                rule: "openapi",
                problem: format!("it is not OpenAPI 3.0: {problem}"),
                mend: "write that part as the OpenAPI specification describes it",
            },
            Self::Generator(problem) => Finding {
                place,
                rule: "generator",
                problem: format!("the generator refuses it: {problem}"),
                mend: "simplify that part of the document, or add a rule for it to build/check",
            },
        }
    }
}

fn generate(service: &str, reduced: &Value) -> Result<String, Refusal> {
    let openapi: openapiv3::OpenAPI =
        serde_json::from_value(reduced.clone()).map_err(|error| Refusal::Shape(error.to_string()))?;
    let mut settings = GenerationSettings::default();
    settings.with_interface(InterfaceStyle::Positional).with_hooks(HooksMode::Expected);
    for (name, _) in walk::schemas(reduced).filter(|(_, schema)| is_open(schema)) {
        settings.with_replacement(name, format!("crate::{service}::{name}"), std::iter::empty());
    }
    let generated =
        quietly(|| Generator::new(&settings).generate_tokens(&openapi).map(|tokens| tokens.to_string()));
    match generated {
        Ok(Ok(tokens)) => Ok(tokens),
        Ok(Err(error)) => Err(Refusal::Generator(first_line(&error.to_string()))),
        Err(words) => Err(Refusal::Generator(words)),
    }
}

fn is_open(schema: &Value) -> bool {
    schema.get("x-known-values").is_some()
}

/// The smallest part of the document that is refused by itself.
fn culprit(service: &str, reduced: &Value) -> Option<(String, Refusal)> {
    let parts = schemas_alone(reduced).chain(operations_alone(reduced));
    parts.into_iter().find_map(|(place, part)| Some((place, generate(service, &part).err()?)))
}

/// Each schema with those it refers to, the smallest such document first.
fn schemas_alone(reduced: &Value) -> impl Iterator<Item = (String, Value)> {
    let mut parts: Vec<_> = walk::schemas(reduced)
        .map(|(name, schema)| {
            let mut kept = walk::reachable(reduced, schema);
            kept.insert(name.to_owned());
            (name, kept)
        })
        .collect();
    parts.sort_by_key(|(_, kept)| kept.len());
    parts.into_iter().map(|(name, kept)| (format!("schema `{name}`"), with_schemas(reduced, &kept)))
}

fn with_schemas(reduced: &Value, kept: &BTreeSet<String>) -> Value {
    let mut part = frame(reduced);
    let schemas = walk::schemas(reduced).filter(|(name, _)| kept.contains(*name));
    part["components"]["schemas"] = schemas.map(|(name, schema)| (name.to_owned(), schema.clone())).collect();
    part
}

/// Each operation with all components.
fn operations_alone(reduced: &Value) -> impl Iterator<Item = (String, Value)> {
    walk::operations(reduced).map(|(path, method, operation)| {
        let mut part = frame(reduced);
        if let Some(components) = reduced.get("components") {
            part["components"] = components.clone();
        }
        part["paths"][path][method] = operation.clone();
        if let Some(shared) = reduced["paths"][path].get("parameters") {
            part["paths"][path]["parameters"] = shared.clone();
        }
        let id = text(operation, "operationId").unwrap_or(path);
        (format!("operation `{id}`"), part)
    })
}

fn frame(reduced: &Value) -> Value {
    json!({"openapi": reduced["openapi"], "info": {"title": "", "version": ""}, "paths": {}, "components": {}})
}

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Runs what may panic. The generator reports some unsupported input in this way, and its report
/// on standard error would hide ours.
pub(crate) fn quietly<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                usual(info);
            }
        }));
    });
    QUIET.set(true);
    let outcome = panic::catch_unwind(AssertUnwindSafe(work));
    QUIET.set(false);
    outcome.map_err(|payload| {
        let words = payload.downcast_ref::<String>().map(String::as_str);
        first_line(words.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("it does not say why"))
    })
}

fn first_line(words: &str) -> String {
    let line = words.lines().map(str::trim).find(|line| !line.is_empty());
    // A value that is printed over several lines leaves its opening bracket behind.
    line.unwrap_or("it does not say why").trim_end_matches([' ', '{', '(', '[']).to_owned()
}
