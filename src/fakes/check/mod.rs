//! Whether a request to a fake, and the fake's reply to it, are allowed by the `OpenAPI` document.
//!
//! A fake that drifts from its document would let a client pass that fails at the vendor's server.
//! So the rules are made from the same documents as the clients.
//!
//! | rule of a request | broken by |
//! | --- | --- |
//! | `path-parameter` | a segment that is not of the type, length or pattern of its parameter |
//! | `query-parameter` | a value that does not fit its type, `enum`, limits or pattern, or is no JSON where JSON is documented |
//! | `repeated-parameter` | a query parameter that is given twice and is no list |
//! | `header-parameter` | the same as for the query, in a documented header |
//! | `missing-parameter` | a required parameter of the query or the headers that is not there |
//! | `missing-body` | no body where one is required |
//! | `media-type` | a body without `Content-Type`, or with one that is not documented |
//! | `body-json` | a body that is not JSON |
//! | `body-schema` | a body that does not fit its schema |
//!
//! | rule of a reply | broken by |
//! | --- | --- |
//! | `status` | a status that the operation does not list; `default` lists none, see below |
//! | `reply-body` | a body where none is documented, or none where one is |
//! | `reply-media-type` | a body without `Content-Type`, or with one that is not documented |
//! | `reply-json` | a body that is not JSON |
//! | `reply-schema` | a body that does not fit its schema |
//! | `reply-header` | a documented header that is required and missing, or does not fit its schema |
//!
//! Allowed, because the vendors do not say otherwise and servers usually pass over it: query
//! parameters, headers and properties that are not documented, and a body where none is expected.
//! `Authorization`, `Accept` and `Content-Type` are no parameters, as `OpenAPI` has it.
//!
//! `default` tells clients to be ready for anything, but a fake has to name what it sends: a
//! status that only `default` covers is refused.

mod body;
mod document;
mod model;
mod parameter;
mod reply;
mod request;
mod schema;
mod schemas;
#[cfg(test)]
mod tests;
mod text;

use std::{
    fmt,
    sync::{Arc, LazyLock},
};

use serde_json::Value;

use self::{
    model::{Operation, Paths},
    schemas::Schemas,
};
use super::{Reply, Request};

/// What one document allows.
pub(crate) struct Checker {
    paths: Paths,
    schemas: Schemas,
}

/// The first rule that a request or reply breaks.
///
/// It holds names, types and limits of the document and nothing that was sent, which can be
/// personal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BrokenRule {
    pub(crate) name: &'static str,
    pub(crate) place: String,
    pub(crate) detail: String,
}

impl fmt::Display for BrokenRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, place, detail } = self;
        write!(f, "{name} at {place}: {detail}")
    }
}

/// The checker of a document that the build script wrote as JSON, made once per process.
macro_rules! checker_of {
    ($name:ident, $feature:literal, $file:literal) => {
        #[cfg(feature = $feature)]
        pub(crate) fn $name() -> Arc<Self> {
            static CHECKER: LazyLock<Arc<Checker>> =
                LazyLock::new(|| Checker::built(include_str!(concat!(env!("OUT_DIR"), "/", $file))));
            CHECKER.clone()
        }
    };
}

impl Checker {
    /// Makes the rules. The error says why the document cannot be used: what is not understood
    /// is refused here, so that nothing is passed over later.
    pub(crate) fn new(document: &Value) -> Result<Self, String> {
        document::read(document).map(|(paths, schemas)| Self { paths, schemas })
    }

    checker_of!(symphony, "symphony", "symphony.json");
    checker_of!(crm_gateway, "crm-gateway", "crm_gateway.json");
    checker_of!(connect, "connect", "connect.json");

    /// A test makes each of them, so that a document that cannot be used does not get this far.
    fn built(text: &str) -> Arc<Self> {
        let document = serde_json::from_str(text).expect("the build script writes JSON");
        Arc::new(Self::new(&document).unwrap_or_else(|why| panic!("a document in specs/: {why}")))
    }

    /// The `operationId` for a method and a path, which begins with the path of the document's
    /// first server. `None`: there is no such operation.
    #[cfg(test)]
    pub(crate) fn operation(&self, request: &Request) -> Option<&str> {
        self.found(request).map(|(operation, _)| operation.id.as_str())
    }

    /// What the document does not allow in a request. One for no operation is not looked at: the
    /// fake answers 404 or 405 itself.
    pub(crate) fn request(&self, request: &Request) -> Result<(), BrokenRule> {
        match self.found(request) {
            Some((operation, segments)) => request::check(operation, &self.schemas, &segments, request),
            None => Ok(()),
        }
    }

    /// What the document does not allow in the reply to a request.
    pub(crate) fn reply(&self, request: &Request, reply: &Reply) -> Result<(), BrokenRule> {
        match self.found(request) {
            Some((operation, _)) => reply::check(operation, &self.schemas, reply),
            None => Ok(()),
        }
    }

    fn found<'a>(&self, request: &'a Request) -> Option<(&Operation, Vec<&'a str>)> {
        self.paths.find(request.method.as_str(), &request.path)
    }
}
