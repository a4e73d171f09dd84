//! What the documents themselves promise: the operations that were agreed, in a uniform style.

mod style;
mod values;

use std::{fs, path::Path};

use serde_json::Value;

use crate::build::{
    parse,
    walk::{entries, items, operations, parameters, resolve, schema_name, schemas, text},
};

const SYMPHONY: &str = "symphony.yaml";
const CRM_GATEWAY: &str = "crm-gateway.yaml";
const CONNECT: &str = "connect.yaml";
const FILES: [&str; 3] = [SYMPHONY, CRM_GATEWAY, CONNECT];

fn document(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("specs").join(name);
    let text = fs::read_to_string(path).expect("a document of the project");
    parse(name, &text).unwrap_or_else(|found| panic!("{found}"))
}

/// An operation as it was agreed: file, id, request, method of the client, repeat, login, paging.
type Agreed =
    (&'static str, &'static str, &'static str, &'static str, &'static str, &'static str, &'static str);

const AGREED: [Agreed; 13] = [
    (
        SYMPHONY,
        "listEntitlements",
        "GET /api/v2/customer/entitlements",
        "list_entitlements",
        "read",
        "jwt",
        "",
    ),
    (SYMPHONY, "addEntitlement", "POST /api/v2/customer/entitlements", "add_entitlement", "never", "jwt", ""),
    (
        SYMPHONY,
        "listEntitledAdvisors",
        "GET /api/v1/customer/entitlements/externalNetwork/{externalNetwork}/advisors",
        "list_entitled_advisors",
        "read",
        "jwt",
        "cursor",
    ),
    (
        SYMPHONY,
        "getCustomerEntitlement",
        "GET /api/v2/customer/advisor/entitlements",
        "get_advisor_entitlement",
        "read",
        "jwt",
        "",
    ),
    (
        SYMPHONY,
        "deleteCustomerEntitlement",
        "DELETE /api/v2/customer/advisor/entitlements",
        "remove_entitlement",
        "removal",
        "jwt",
        "",
    ),
    (
        CRM_GATEWAY,
        "getEntitlements",
        "GET /crm-gateway/v1/rmg/v1/entitlements",
        "list_entitlements",
        "read",
        "keycloak",
        "number",
    ),
    (CONNECT, "listGlobalPermissions", "GET /v1/customer/pbm", "list_global_permissions", "read", "user", ""),
    (
        CONNECT,
        "listEnterprisePermissions",
        "GET /v1/customer/pbm/{enterpriseCode}",
        "list_enterprise_permissions",
        "read",
        "user",
        "",
    ),
    (
        CONNECT,
        "changeEnterprisePermissions",
        "POST /v1/customer/pbm/{enterpriseCode}",
        "change_enterprise_permissions",
        "state",
        "user",
        "",
    ),
    (
        CONNECT,
        "listOrderTypePermissions",
        "GET /v1/customer/pbm/{enterpriseCode}/{orderTypeCode}",
        "list_order_type_permissions",
        "read",
        "user",
        "",
    ),
    (
        CONNECT,
        "changeOrderTypePermissions",
        "POST /v1/customer/pbm/{enterpriseCode}/{orderTypeCode}",
        "change_order_type_permissions",
        "state",
        "user",
        "",
    ),
    (
        CONNECT,
        "shieldOrderTypeByCredential",
        "POST /v1/client/pbm/shield/ordertype",
        "shield_order_type",
        "state",
        "client",
        "",
    ),
    (
        CONNECT,
        "shieldEnterpriseByCredential",
        "POST /v1/client/pbm/shield/enterprise",
        "shield_enterprise",
        "state",
        "client",
        "",
    ),
];

#[test]
fn the_documents_have_the_agreed_operations_and_no_other() {
    for file in FILES {
        let document = document(file);
        let mut found: Vec<_> = operations(&document)
            .map(|(path, method, operation)| {
                let word = |key| text(operation, key).unwrap_or_default().to_owned();
                let request = format!("{} {path}", method.to_uppercase());
                let rest = ["x-method", "x-repeat", "x-login", "x-paging"].map(word);
                (word("operationId"), request, rest)
            })
            .collect();
        let mut agreed: Vec<_> = AGREED
            .iter()
            .filter(|operation| operation.0 == file)
            .map(|(_, id, request, method, repeat, login, paging)| {
                let rest = [*method, repeat, login, paging].map(str::to_owned);
                ((*id).to_owned(), (*request).to_owned(), rest)
            })
            .collect();
        found.sort_unstable();
        agreed.sort_unstable();
        assert_eq!(found, agreed, "{file}");
    }
}

#[test]
fn what_is_unconfirmed_is_marked_as_such() {
    let agreed = [
        ("changeEnterprisePermissions", &["method"][..]),
        ("listOrderTypePermissions", &["path"]),
        ("changeOrderTypePermissions", &["method", "path"]),
        ("shieldOrderTypeByCredential", &["method", "path"]),
        ("shieldEnterpriseByCredential", &["method", "path"]),
    ];
    for file in FILES {
        for (_, _, operation) in operations(&document(file)) {
            let id = text(operation, "operationId").unwrap_or_default();
            let marked: Vec<_> = items(operation, "x-unconfirmed").filter_map(Value::as_str).collect();
            let expected = agreed.iter().find(|(known, _)| *known == id).map_or(&[][..], |(_, words)| words);
            assert_eq!(marked, expected, "{file}: {id}");
        }
    }
}
