//! The rules that a document must keep so that it can be generated from.
//!
//! Only what the generator or the clients cannot take is refused here; style is a test's business.

mod names;
mod operations;
mod parameters;
mod references;
mod schemas;

use serde_json::Value;

use super::{Finding, operation, walk};

/// Everything in the document that cannot be generated from.
pub(crate) fn findings(document: &Value) -> Vec<Finding> {
    let mut check = Check { document, list: Vec::new() };
    check.version();
    check.references("the document", document);
    if check.list.is_empty() {
        check.paths();
        check.operations();
        check.components();
    }
    check.list
}

struct Check<'a> {
    document: &'a Value,
    list: Vec<Finding>,
}

impl Check<'_> {
    fn say(&mut self, place: &str, rule: &'static str, problem: impl Into<String>, mend: &'static str) {
        let finding = Finding { place: place.into(), rule, problem: problem.into(), mend };
        self.list.push(finding);
    }

    fn version(&mut self) {
        if walk::text(self.document, "openapi").is_some_and(|version| version.starts_with("3.0.")) {
            return;
        }
        let problem = match self.document.get("openapi") {
            Some(version) => format!("`openapi` is {version}"),
            None => "it has no `openapi`".into(),
        };
        self.say("the document", "version", problem, "write it in OpenAPI 3.0.3");
    }
}
