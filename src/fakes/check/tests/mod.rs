//! Each rule is broken by name, beside a neighbour that keeps it.

mod documents;
#[cfg(all(feature = "symphony", feature = "crm-gateway", feature = "connect"))]
mod fakes;
mod replies;
mod requests;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::{Value, json};

use super::*;

/// A document with everything that has a rule; the documents of the vendors have less.
fn sample() -> Value {
    json!({
        "openapi": "3.0.3",
        "servers": [{
            "url": "https://{host}/base/",
            "variables": { "host": { "default": "a.example" } },
        }],
        "paths": {
            "/things/special": { "get": { "operationId": "getSpecial", "responses": {} } },
            "/things/{code}": {
                "parameters": [{ "$ref": "#/components/parameters/Code" }],
                "get": {
                    "operationId": "getThing",
                    "parameters": [
                        { "name": "flag", "in": "query", "required": true, "schema": { "type": "boolean" } },
                        { "name": "kind", "in": "query", "schema": { "type": "string", "enum": ["a", "b"] } },
                        { "name": "count", "in": "query", "schema": { "$ref": "#/components/schemas/Count" } },
                        { "name": "size", "in": "query", "schema": { "type": "number", "multipleOf": 0.5 } },
                        { "name": "big", "in": "query", "schema": { "type": "integer", "format": "int64" } },
                        { "name": "empty", "in": "query", "allowEmptyValue": true, "schema": { "type": "integer" } },
                        { "name": "tag", "in": "query", "schema": {
                            "type": "array", "uniqueItems": true, "items": { "type": "string", "minLength": 1 },
                        } },
                        { "name": "ids", "in": "query", "explode": false, "schema": {
                            "type": "array", "maxItems": 2, "items": { "type": "integer" },
                        } },
                        { "name": "names", "in": "query", "style": "pipeDelimited", "explode": false, "schema": {
                            "type": "array", "items": { "type": "string", "maxLength": 3 },
                        } },
                        { "name": "filter", "in": "query", "content": { "application/json": { "schema": {
                            "type": "object", "required": ["kind"],
                        } } } },
                        { "name": "X-Trace", "in": "header", "schema": { "type": "string", "maxLength": 4 } },
                        { "name": "X-Tries", "in": "header", "required": true, "schema": { "type": "integer" } },
                        { "name": "Accept", "in": "header", "required": true, "schema": { "type": "integer" } },
                    ],
                    "responses": {
                        "200": { "$ref": "#/components/responses/Thing" },
                        "204": { "description": "nothing" },
                        "404": { "description": "a text", "content": { "text/*": { "schema": {
                            "type": "string", "maxLength": 9,
                        } } } },
                        "4XX": { "description": "any", "content": { "application/json": {} } },
                        "default": { "description": "any other" },
                    },
                },
                "put": {
                    "operationId": "putThing",
                    "requestBody": { "content": { "*/*": {} } },
                    "responses": {},
                },
                "post": {
                    "operationId": "addThing",
                    "requestBody": { "required": true, "content": {
                        "application/json": { "schema": { "$ref": "#/components/schemas/Thing" } },
                        "text/plain": { "schema": { "type": "string", "maxLength": 3 } },
                    } },
                    "responses": {},
                },
            },
        },
        "components": {
            "parameters": { "Code": {
                "name": "code", "in": "path", "required": true,
                "schema": { "type": "string", "maxLength": 3, "pattern": "^[a-zé+]+$" },
            } },
            "headers": { "Left": {
                "required": true, "schema": { "type": "integer", "minimum": 0 },
            } },
            "responses": { "Thing": {
                "description": "a thing",
                "headers": {
                    "X-Left": { "$ref": "#/components/headers/Left" },
                    "X-Kinds": { "schema": { "type": "array", "items": { "type": "string", "enum": ["a", "b"] } } },
                    "Content-Type": { "required": true, "schema": { "type": "integer" } },
                },
                "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Thing" } } },
            } },
            "schemas": {
                "Count": { "type": "integer", "minimum": 0, "exclusiveMinimum": true, "maximum": 9 },
                "Thing": {
                    "type": "object",
                    "required": ["name", "id", "secret"],
                    "properties": {
                        "name": { "type": "string", "maxLength": 5, "x-personal": true },
                        "id": { "type": "integer", "format": "int32", "readOnly": true },
                        "secret": { "type": "string", "writeOnly": true },
                        "note": { "type": "string", "nullable": true },
                        "born": { "type": "string", "format": "date-time" },
                        "mail": { "type": "string", "format": "email" },
                        "state": { "description": "wrapped", "allOf": [{ "$ref": "#/components/schemas/State" }] },
                        "inner": { "allOf": [{ "$ref": "#/components/schemas/Thing" }] },
                        "list": { "type": "array", "minItems": 1, "items": { "$ref": "#/components/schemas/Count" } },
                        "extra": { "type": "object", "additionalProperties": { "type": "string" } },
                        "closed": { "type": "object", "additionalProperties": false },
                        "either": { "oneOf": [{ "type": "string" }, { "type": "integer" }] },
                        "any": {},
                    },
                },
                "State": { "type": "string", "x-known-values": ["ON", "OFF"] },
            },
        },
    })
}

fn checker() -> Checker {
    Checker::new(&sample()).expect("the sample can be used")
}

fn headers(list: &[(&str, &str)]) -> HeaderMap {
    let name = |name: &str| HeaderName::from_bytes(name.as_bytes()).expect("a name");
    list.iter().map(|(key, value)| (name(key), HeaderValue::from_str(value).expect("a value"))).collect()
}

fn request(method: &str, target: &str, list: &[(&str, &str)], body: &str) -> Request {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let method = Method::from_bytes(method.as_bytes()).expect("a method");
    Request::new(method, path, query, headers(list), body.to_owned().into())
}

/// The name of the broken rule; nothing if there is none.
fn name_of(checked: &Result<(), BrokenRule>) -> &'static str {
    checked.as_ref().map_or_else(|rule| rule.name, |()| "")
}
