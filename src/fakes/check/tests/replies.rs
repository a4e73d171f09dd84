//! The rules of replies.

use super::*;

fn reply(status: u16, body: &Value) -> Reply {
    Reply::json(status, body).with_header("x-left", "1")
}

fn thing(more: &Value) -> Value {
    let mut thing = json!({ "name": "Ada", "id": 1 });
    thing.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    thing
}

fn check(reply: &Reply) -> &'static str {
    name_of(&checker().reply(&request("GET", "/base/things/abc", &[], ""), reply))
}

#[test]
fn statuses() {
    assert_eq!(check(&reply(200, &thing(&json!({})))), "");
    for unlisted in [201, 302, 500, 503] {
        assert_eq!(check(&reply(unlisted, &json!({}))), "status", "`default` does not list {unlisted}");
    }
    assert_eq!(check(&reply(418, &json!({}))), "", "4XX lists it");
    assert_eq!(check(&Reply::new(404).with_body("text/plain", "not here")), "", "404 itself wins over 4XX");
    assert_eq!(check(&reply(404, &json!({}))), "reply-media-type");
}

#[test]
fn bodies_where_they_belong() {
    assert_eq!(check(&Reply::new(204)), "");
    assert_eq!(check(&Reply::new(204).with_header("content-type", "text/plain")), "", "no body, so no type");
    assert_eq!(check(&Reply::new(204).with_body("application/json", "{}")), "reply-body");
    assert_eq!(check(&Reply::new(200).with_header("x-left", "1")), "reply-body");
    assert_eq!(check(&reply(200, &thing(&json!({})))), "");
}

#[test]
fn media_types_and_json() {
    let of = |media, body: &str| check(&Reply::new(200).with_body(media, body).with_header("x-left", "1"));
    let fine = r#"{"name":"Ada","id":1}"#;
    assert_eq!(of("application/json", fine), "");
    assert_eq!(of("application/json;charset=UTF-8", fine), "");
    assert_eq!(of("text/html", fine), "reply-media-type");
    assert_eq!(of("application/problem+json", fine), "reply-media-type");
    assert_eq!(of("application/json", "<html>"), "reply-json");
    let mut bare = reply(200, &thing(&json!({})));
    bare.headers.remove("content-type");
    assert_eq!(check(&bare), "reply-media-type");
    let text = |text: &'static str| check(&Reply::new(404).with_body("text/html", text));
    assert_eq!(text("ninechars"), "", "what is no JSON is a text to its schema");
    assert_eq!(text("ten chars!"), "reply-schema");
}

/// What breaks the schema, and a neighbour that does not.
#[test]
fn schemas() {
    for (broken, neighbour) in [
        (json!({ "id": null }), json!({ "note": null })),
        (json!({ "name": 1 }), json!({ "name": "" })),
        (json!({ "note": 1 }), json!({ "note": "n" })),
        (json!({ "id": 2_147_483_648_i64 }), json!({ "id": -2_147_483_648_i64 })),
        (json!({ "id": 1.5 }), json!({ "id": 1.0 })),
        (json!({ "secret": "s" }), json!({ "unknown": "s" })),
        (json!({ "born": "yesterday" }), json!({ "born": "2025-09-01T13:47:59.228Z" })),
        (json!({ "born": "" }), json!({ "born": "2016-10-27T06:10:43+02:00" })),
        (json!({ "mail": 1 }), json!({ "mail": "no address, and nobody says that it has to be one" })),
        (json!({ "state": null }), json!({ "state": "NEW" })),
        (json!({ "state": 1 }), json!({ "state": "ON" })),
        (json!({ "inner": { "name": "Ada" } }), json!({ "inner": { "name": "Ada", "id": 1 } })),
        (json!({ "list": [] }), json!({ "list": [1, 9] })),
        (json!({ "list": [1, 0] }), json!({ "list": [1] })),
        (json!({ "extra": { "a": 1 } }), json!({ "extra": { "a": "b" } })),
        (json!({ "closed": { "a": 1 } }), json!({ "closed": {} })),
        (json!({ "either": true }), json!({ "either": 1 })),
        (json!({ "list": "any" }), json!({ "any": null })),
    ] {
        assert_eq!(check(&reply(200, &thing(&broken))), "reply-schema", "{broken}");
        assert_eq!(check(&reply(200, &thing(&neighbour))), "", "{neighbour}");
    }
}

#[test]
fn reply_headers() {
    let with = |name, value| check(&reply(200, &thing(&json!({}))).with_header(name, value));
    assert_eq!(with("x-left", "0"), "");
    assert_eq!(with("x-left", "-1"), "reply-header");
    assert_eq!(with("x-left", "many"), "reply-header");
    assert_eq!(with("x-kinds", "a, b"), "");
    assert_eq!(with("x-kinds", "a, c"), "reply-header");
    assert_eq!(with("x-unknown", "anything"), "");
    assert_eq!(check(&Reply::json(200, &thing(&json!({})))), "reply-header", "x-left is required");
}

#[test]
fn a_broken_rule_of_a_reply_says_where() {
    let broken = |reply: &Reply| {
        let found = checker().reply(&request("GET", "/base/things/abc", &[], ""), reply);
        found.expect_err("it is broken").to_string()
    };
    assert_eq!(
        broken(&Reply::new(500)),
        "status at getThing, status 500: is not documented for this operation"
    );
    assert_eq!(
        broken(&reply(200, &json!({ "name": "Ada" }))),
        "reply-schema at getThing 200, body: lacks id"
    );
    assert_eq!(
        broken(&Reply::json(200, &thing(&json!({})))),
        "reply-header at getThing 200, header X-Left: is missing"
    );
}
