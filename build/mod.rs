//! From a hand-authored `OpenAPI` document to Rust: check, reduce, generate, polish.
//!
//! Shared by `build.rs` and by the tests of the rules, which is why nothing here prints or exits.

pub(crate) mod check;
pub(crate) mod generate;
pub(crate) mod lean;
pub(crate) mod operation;
pub(crate) mod polish;
pub(crate) mod reduce;
pub(crate) mod walk;

use std::fmt;

use serde_json::Value;

/// One thing in a document that cannot be generated from, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// Operation or component, in the words of the document.
    pub(crate) place: String,
    /// Name of the broken rule, as listed in ARCHITECTURE.md.
    pub(crate) rule: &'static str,
    /// What stands there.
    pub(crate) problem: String,
    /// What to write instead.
    pub(crate) mend: &'static str,
}

/// All findings of one document.
#[derive(Debug)]
pub(crate) struct Findings {
    pub(crate) file: String,
    pub(crate) list: Vec<Finding>,
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, finding) in self.list.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            let Finding { place, rule, problem, mend } = finding;
            write!(f, "{}: {place}: {problem} [rule {rule}]; {mend}", self.file)?;
        }
        Ok(())
    }
}

/// Reads a document without looking at what it says.
pub(crate) fn parse(file: &str, text: &str) -> Result<Value, Findings> {
    let refused = |error: yaml_serde::Error| {
        let finding = Finding {
            place: "the document".into(),
            rule: "yaml",
            problem: format!("it is not YAML: {error}"),
            mend: "mend the place that the message names",
        };
        Findings { file: file.into(), list: vec![finding] }
    };
    // Only this type refuses a key that stands there twice.
    yaml_serde::from_str::<yaml_serde::Value>(text).map_err(refused)?;
    yaml_serde::from_str(text).map_err(refused)
}

/// The Rust source of one service: models, a client that makes requests, and operation markers.
pub(crate) fn rust_source(file: &str, service: &str, text: &str) -> Result<String, Findings> {
    let document = parse(file, text)?;
    let findings = check::findings(&document);
    if !findings.is_empty() {
        return Err(Findings { file: file.into(), list: findings });
    }
    let operations = operation::read(&document);
    let models = walk::reachable_from_responses(&document);
    let reduced = reduce::for_generator(&document, &models);
    let tokens = generate::tokens(service, &reduced)
        .map_err(|finding| Findings { file: file.into(), list: vec![finding] })?;
    Ok(polish::finish(service, tokens, &document, &models, &operations))
}
