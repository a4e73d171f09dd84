//! What can be used, and the documents of the project.

use super::*;

fn refused(pointer: &str, value: Value) -> String {
    let mut document = sample();
    *document.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer} exists")) = value;
    Checker::new(&document).err().unwrap_or_default()
}

/// A rule that is not understood must not be passed over.
#[test]
fn a_document_that_is_not_understood_is_refused_with_a_reason() {
    let thing = "/components/schemas/Thing/properties/note";
    let flag = "/paths/~1things~1{code}/get/parameters/0";
    for (pointer, value, reason) in [
        ("/openapi", json!("3.1.0"), "the document is not OpenAPI 3.0"),
        ("/openapi", json!(3), "the document is not OpenAPI 3.0"),
        ("/servers/0/url", json!("http://["), "the url of the first server"),
        (thing, json!({ "type": ["string", "null"] }), "is no type of OpenAPI 3.0"),
        (thing, json!({ "const": 1 }), "this is no keyword of OpenAPI 3.0"),
        (thing, json!({ "maximum": 1, "exclusiveMaximum": 1 }), "this is no keyword of OpenAPI 3.0"),
        (
            thing,
            json!({ "$ref": "#/components/schemas/Nothing" }),
            "is no schema of the document's components",
        ),
        (thing, json!({ "$ref": "other.yaml#/Thing" }), "is no schema of the document's components"),
        (thing, json!({ "type": "string", "pattern": "(" }), "a schema cannot be used"),
        (thing, json!({ "type": "string", "maxLength": "1" }), "a schema cannot be used"),
        (thing, json!("string"), "a schema is no object"),
        ("/components/schemas/State", json!({ "$ref": "#/components/schemas/State" }), "go in a circle"),
        ("/components/headers/Left", json!({ "$ref": "#/components/headers/Left" }), "go in a circle"),
        (flag, json!({ "name": "a", "in": "cookie", "schema": { "type": "string" } }), "is not understood"),
        (
            flag,
            json!({ "name": "a", "in": "query", "schema": { "type": "object" } }),
            "a parameter is a text",
        ),
        (flag, json!({ "name": "a", "in": "query" }), "exactly one of `schema` and `content`"),
        (
            flag,
            json!({ "name": "a", "in": "query", "style": "deepObject", "schema": { "type": "string" } }),
            "the style deepObject is not understood",
        ),
        ("/components/parameters/Code/name", json!("other"), "placeholder `code` is not declared"),
        ("/paths/~1things~1special/get/responses", json!({ "2xx": {} }), "this is no status"),
        ("/paths/~1things~1special", json!({ "servers": [] }), "servers of its own"),
    ] {
        let found = refused(pointer, value);
        assert!(found.contains(reason), "{pointer}: {found:?} instead of {reason:?}");
    }
    let mut document = sample();
    document["paths"]["/a{b}"] = json!({});
    assert!(Checker::new(&document).is_err_and(|why| why.contains("no whole segment")));
}

#[test]
fn the_base_path_is_that_of_the_first_server() {
    for (servers, path) in [
        (json!([{ "url": "https://a.example/base" }, { "url": "/other" }]), "/base/things/special"),
        (json!([{ "url": "/a/b/" }]), "/a/b/things/special"),
        (json!([{ "url": "https://a.example" }]), "/things/special"),
        (json!([]), "/things/special"),
    ] {
        let mut document = sample();
        document["servers"] = servers;
        let checker = Checker::new(&document).expect("it can be used");
        assert_eq!(checker.operation(&request("GET", path, &[], "")), Some("getSpecial"), "{path}");
        assert_eq!(checker.operation(&request("GET", &format!("/x{path}"), &[], "")), None);
    }
}

#[test]
fn a_checker_is_shared_by_threads() {
    fn is_shared<T: Send + Sync>() {}
    is_shared::<Checker>();
    is_shared::<BrokenRule>();
}

#[cfg(feature = "symphony")]
#[test]
fn symphony_has_its_five_operations_under_admin() {
    let checker = Checker::symphony();
    let one = "/admin/api/v2/customer/advisor/entitlements";
    let all = "/admin/api/v2/customer/entitlements";
    let advisors = "/admin/api/v1/customer/entitlements/externalNetwork/SMS-DIRECT/advisors";
    for (method, path, id) in [
        ("GET", all, Some("listEntitlements")),
        ("POST", all, Some("addEntitlement")),
        ("GET", advisors, Some("listEntitledAdvisors")),
        ("GET", one, Some("getCustomerEntitlement")),
        ("DELETE", one, Some("deleteCustomerEntitlement")),
        ("PUT", one, None),
        ("GET", "/api/v2/customer/entitlements", None),
    ] {
        assert_eq!(checker.operation(&request(method, path, &[], "")), id, "{method} {path}");
    }
    assert!(Arc::ptr_eq(&checker, &Checker::symphony()), "made once");
}

#[cfg(feature = "crm-gateway")]
#[test]
fn the_crm_gateway_has_its_operation_at_the_root() {
    let checker = Checker::crm_gateway();
    let id = |method| {
        checker.operation(&request(method, "/crm-gateway/v1/rmg/v1/entitlements", &[], "")).map(str::to_owned)
    };
    assert_eq!(id("GET").as_deref(), Some("getEntitlements"));
    assert_eq!(id("POST"), None);
}

#[cfg(feature = "connect")]
#[test]
fn connect_has_its_seven_operations_under_capi() {
    let checker = Checker::connect();
    for (method, path, id) in [
        ("GET", "/capi/v1/customer/pbm", Some("listGlobalPermissions")),
        ("POST", "/capi/v1/customer/pbm", None),
        ("GET", "/capi/v1/customer/pbm/1", Some("listEnterprisePermissions")),
        ("POST", "/capi/v1/customer/pbm/1", Some("changeEnterprisePermissions")),
        ("GET", "/capi/v1/customer/pbm/1/2", Some("listOrderTypePermissions")),
        ("POST", "/capi/v1/customer/pbm/1/2", Some("changeOrderTypePermissions")),
        ("POST", "/capi/v1/client/pbm/shield/ordertype", Some("shieldOrderTypeByCredential")),
        ("POST", "/capi/v1/client/pbm/shield/enterprise", Some("shieldEnterpriseByCredential")),
        ("POST", "/user/oauth/token", None),
    ] {
        assert_eq!(checker.operation(&request(method, path, &[], "")), id, "{method} {path}");
    }
}

/// A document that shows what it does not allow would mislead its readers.
#[cfg(any(feature = "symphony", feature = "crm-gateway", feature = "connect"))]
mod examples {
    use super::*;

    const DOCUMENTS: &[&str] = &[
        #[cfg(feature = "symphony")]
        include_str!(concat!(env!("OUT_DIR"), "/symphony.json")),
        #[cfg(feature = "crm-gateway")]
        include_str!(concat!(env!("OUT_DIR"), "/crm_gateway.json")),
        #[cfg(feature = "connect")]
        include_str!(concat!(env!("OUT_DIR"), "/connect.json")),
    ];

    fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
        let target =
            value.get("$ref").and_then(|target| document.pointer(target.as_str()?.strip_prefix('#')?));
        target.unwrap_or(value)
    }

    fn examples(media: &Value) -> Vec<Value> {
        let several =
            media["examples"].as_object().into_iter().flatten().map(|(_, one)| one["value"].clone());
        media.get("example").cloned().into_iter().chain(several).collect()
    }

    /// Every operation as a request that is made of examples alone.
    fn requests(document: &Value) -> Vec<(Request, &Value)> {
        let base = document::read(document).expect("it can be used").0.base;
        let mut found = Vec::new();
        for (path, item) in document["paths"].as_object().expect("paths") {
            for (method, operation) in item.as_object().expect("operations") {
                let mut path = format!("{base}{path}");
                let mut query = url::form_urlencoded::Serializer::new(String::new());
                let mut list = vec![("content-type", "application/json")];
                for parameter in operation["parameters"].as_array().into_iter().flatten() {
                    let parameter = resolved(document, parameter);
                    let name = parameter["name"].as_str().expect("a name");
                    let values = match &parameter["example"] {
                        Value::Array(list) => list.clone(),
                        one => vec![one.clone()],
                    };
                    for value in values {
                        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                        match parameter["in"].as_str() {
                            Some("path") => path = path.replace(&format!("{{{name}}}"), &text),
                            Some("query") => drop(query.append_pair(name, &text)),
                            _ => list.push((name, text.leak())),
                        }
                    }
                }
                let target = format!("{path}?{}", query.finish());
                let body = resolved(document, &operation["requestBody"]);
                let bodies = examples(&body["content"]["application/json"]);
                let bodies = if bodies.is_empty() { vec![Value::Null] } else { bodies };
                for body in bodies {
                    let body = if body.is_null() { String::new() } else { body.to_string() };
                    found.push((request(&method.to_uppercase(), &target, &list, &body), operation));
                }
            }
        }
        found
    }

    #[test]
    fn every_example_of_a_document_is_allowed_by_it() {
        let mut count = 0;
        for document in DOCUMENTS {
            let document = serde_json::from_str(document).expect("JSON");
            let checker = Checker::new(&document).expect("it can be used");
            for (request, operation) in requests(&document) {
                assert_eq!(checker.operation(&request), operation["operationId"].as_str());
                assert_eq!(checker.request(&request), Ok(()));
                for (status, response) in operation["responses"].as_object().expect("responses") {
                    let Ok(status) = status.parse() else { continue };
                    let media = &resolved(&document, response)["content"]["application/json"];
                    for example in examples(media) {
                        assert_eq!(
                            checker.reply(&request, &Reply::json(status, &example)),
                            Ok(()),
                            "{example}"
                        );
                        count += 1;
                    }
                }
            }
        }
        assert!(count >= 12, "{count} examples of replies");
    }
}
