//! What the markers say about each operation.

use serde_json::Value;

use super::walk::{self, entries, json_schema, resolve, text};

pub(crate) const REPEAT: [&str; 4] = ["read", "never", "removal", "state"];
pub(crate) const LOGIN: [&str; 4] = ["jwt", "keycloak", "user", "client"];
pub(crate) const PAGING: [&str; 2] = ["cursor", "number"];
pub(crate) const UNCONFIRMED: [&str; 2] = ["method", "path"];

/// One operation, as far as the transport has to know it.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) id: String,
    /// Name of the method of our client.
    pub(crate) method_name: String,
    pub(crate) http_method: String,
    pub(crate) path: String,
    pub(crate) repeat: String,
    pub(crate) login: String,
    pub(crate) paging: Option<String>,
    /// Model of the documented success, unless that has no body.
    pub(crate) success: Option<String>,
}

/// Reads the operations of a document that passed the check.
pub(crate) fn read(document: &Value) -> Vec<Operation> {
    walk::operations(document)
        .map(|(path, method, operation)| {
            let word = |key| text(operation, key).unwrap_or_default().to_owned();
            Operation {
                id: word("operationId"),
                method_name: word("x-method"),
                http_method: method.to_ascii_uppercase(),
                path: path.to_owned(),
                repeat: word("x-repeat"),
                login: word("x-login"),
                paging: text(operation, "x-paging").map(str::to_owned),
                success: success_model(document, operation),
            }
        })
        .collect()
}

fn success_model(document: &Value, operation: &Value) -> Option<String> {
    entries(operation.get("responses"))
        .filter(|(status, _)| status.starts_with('2'))
        .filter_map(|(_, response)| json_schema(resolve(document, response)))
        .find_map(walk::schema_name)
        .map(str::to_owned)
}
