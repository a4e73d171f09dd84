//! The one place of the build that talks to progenitor.

use std::panic;

use progenitor::{GenerationSettings, Generator, HooksMode, InterfaceStyle};
use serde_json::Value;

use super::{Findings, walk};

const MEND: &str = "simplify that part of the document, or add a rule for it to build/check.rs";

/// The generator's output for a reduced document.
pub(crate) fn tokens(file: &str, service: &str, reduced: &Value) -> Result<String, Findings> {
    let refused = |problem: String| Findings::one(file, "the document", "generator", problem, MEND);
    let openapi: openapiv3::OpenAPI = serde_json::from_value(reduced.clone())
        .map_err(|error| refused(format!("it is not OpenAPI 3.0: {error}")))?;

    let mut settings = GenerationSettings::default();
    settings.with_interface(InterfaceStyle::Positional).with_hooks(HooksMode::Expected);
    for (name, _) in walk::schemas(reduced).filter(|(_, schema)| is_open(schema)) {
        settings.with_replacement(name, format!("crate::{service}::{name}"), std::iter::empty());
    }

    // The generator reports some unsupported input by panicking, without a location.
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let outcome = panic::catch_unwind(panic::AssertUnwindSafe(|| {
        Generator::new(&settings).generate_tokens(&openapi).map(|tokens| tokens.to_string())
    }));
    panic::set_hook(hook);
    match outcome {
        Ok(Ok(tokens)) => Ok(tokens),
        Ok(Err(error)) => Err(refused(format!("the generator refuses it: {error}"))),
        Err(_) => Err(refused("the generator gave up on it without saying where".into())),
    }
}

fn is_open(schema: &Value) -> bool {
    schema.get("x-known-values").is_some()
}
