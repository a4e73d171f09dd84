//! Rules of the whole document: its form, its references, its extensions.

use super::{assert_refused, refusal};

#[test]
fn version() {
    let mend = "[rule version]; write it in OpenAPI 3.0.3";
    let old = "openapi: 3.0.3";
    assert_refused(&[(old, "openapi: 3.1.0")], &format!("the document: `openapi` is \"3.1.0\" {mend}"));
    assert_refused(&[(old, "openapi: 3.0")], &format!("the document: `openapi` is 3.0 {mend}"));
    assert_refused(&[(old, "swagger: '2.0'")], &format!("the document: it has no `openapi` {mend}"));
    for no_object in ["", "[]", "7", "text", "null"] {
        assert_eq!(refusal(no_object), format!("the document: it has no `openapi` {mend}"), "{no_object}");
    }
}

#[test]
fn yaml() {
    let cases = [
        ("a: [", "did not find expected node content at line 2 column 1, while parsing a flow node"),
        ("a: 1\na: 2", "duplicate entry with key \"a\""),
        ("a: {b: 1, b: 2}", "a: duplicate entry with key \"b\" at line 1 column 4"),
        ("? [a]\n: 1", "invalid type: sequence, expected a string key at line 1 column 3"),
        ("a: &a [*a]", "recursion limit exceeded at line 1 column 4"),
        ("a: 1\n---\nb: 2", "deserializing from YAML containing more than one document is not supported"),
    ];
    for (document, problem) in cases {
        let message = refusal(document);
        let end = " [rule yaml]; mend the place that the message names";
        assert_eq!(message, format!("the document: it is not YAML: {problem}{end}"), "{document}");
    }
}

#[test]
fn merge_key() {
    assert_refused(
        &[("    Part: {type: object", "    Part: {<<: {nullable: true}, type: object")],
        "schema `Part`: the YAML merge key `<<` is not applied [rule merge-key]; repeat the lines that it would bring",
    );
}

#[test]
fn reference() {
    let part = "items: {$ref: '#/components/schemas/Part'}";
    let end = "[rule reference]; refer to an existing component of the same file";
    for target in ["#/components/schemas/Nothing", "other.yaml#/components/schemas/Part", "Part", ""] {
        assert_refused(
            &[(part, &format!("items: {{$ref: '{target}'}}"))],
            &format!("schema `Thing`, property `parts`: `$ref: {target}` leads nowhere {end}"),
        );
    }
    assert_refused(
        &[("{$ref: '#/components/requestBodies/Change'}", "{$ref: '#/components/requestBodies/None'}")],
        &format!("operation `changeThing`: `$ref: #/components/requestBodies/None` leads nowhere {end}"),
    );
    assert_refused(
        &[(part, "items: {$ref: 7}")],
        "schema `Thing`, property `parts`: `$ref` is 7 [rule reference]; write the address of a component as a text",
    );
}

#[test]
fn reference_in_a_circle() {
    let circle =
        "    Part: {$ref: '#/components/schemas/Other'}\n    Other: {$ref: '#/components/schemas/Part'}\n";
    let end = "leads nowhere [rule reference]; refer to an existing component of the same file";
    assert_refused(
        &[("    Part: {type: object, properties: {size: {type: integer}}}\n", circle)],
        &format!(
            "schema `Other`: `$ref: #/components/schemas/Part` {end}\n\
             schema `Part`: `$ref: #/components/schemas/Other` {end}\n\
             schema `Thing`, property `parts`: `$ref: #/components/schemas/Part` {end}"
        ),
    );
}

#[test]
fn reference_to_another_kind_of_component() {
    let end = "[rule reference]; refer to a component of the kind that is needed here";
    assert_refused(
        &[("items: {$ref: '#/components/schemas/Part'}", "items: {$ref: '#/components/parameters/ThingId'}")],
        &format!(
            "schema `Thing`, property `parts`: `$ref: #/components/parameters/ThingId` is none of components/schemas {end}"
        ),
    );
    assert_refused(
        &[(
            "items: {$ref: '#/components/schemas/Part'}",
            "items: {$ref: '#/components/schemas/Part/properties/size'}",
        )],
        &format!(
            "schema `Thing`, property `parts`: `$ref: #/components/schemas/Part/properties/size` \
             is none of components/schemas {end}"
        ),
    );
    assert_refused(
        &[("[{$ref: '#/components/parameters/ThingId'}]", "[{$ref: '#/components/schemas/Part'}]")],
        &format!(
            "operation `changeThing`: `$ref: #/components/schemas/Part` is none of components/parameters {end}"
        ),
    );
    assert_refused(
        &[("{$ref: '#/components/responses/NotFound'}", "{$ref: '#/components/schemas/Part'}")],
        &format!(
            "operation `getThing`: `$ref: #/components/schemas/Part` is none of components/responses {end}"
        ),
    );
}

#[test]
fn extension() {
    let end = "is no extension of this project [rule extension]; use one listed in ARCHITECTURE.md";
    assert_refused(
        &[("x-paging: cursor", "x-pageing: cursor")],
        &format!("operation `getThing`: `x-pageing` {end}"),
    );
    assert_refused(
        &[("size: {type: integer}", "size: {type: integer, x-nullable: true}")],
        &format!("schema `Part`, property `size`: `x-nullable` {end}"),
    );
    assert_refused(&[("info: {", "info: {x-logo: a, ")], &format!("the document: `x-logo` {end}"));
}

#[test]
fn extension_place() {
    let end = "has no effect here [rule extension-place]; write it at";
    assert_refused(
        &[("    Problem: {", "    Problem: {x-personal: true, ")],
        &format!("schema `Problem`: `x-personal` {end} a property of a schema of components/schemas"),
    );
    assert_refused(
        &[("size: {type: integer}", "size: {type: string, x-known-values: [S, M]}")],
        &format!("schema `Part`, property `size`: `x-known-values` {end} a schema of components/schemas"),
    );
    assert_refused(
        &[("  /things/{thingId}:\n", "  /things/{thingId}:\n    x-login: jwt\n")],
        &format!("path `/things/{{thingId}}`: `x-login` {end} an operation"),
    );
}

#[test]
fn extension_value() {
    let missing = "[rule extension-value]; add it; ARCHITECTURE.md lists the values";
    let wrong = "[rule extension-value]; use a value that ARCHITECTURE.md lists";
    assert_refused(
        &[("      x-repeat: read\n", "")],
        &format!("operation `getThing`: it has no `x-repeat` {missing}"),
    );
    assert_refused(
        &[("      x-login: jwt\n", "")],
        &format!("operation `getThing`: it has no `x-login` {missing}"),
    );
    assert_refused(
        &[("x-repeat: read", "x-repeat: [read]")],
        &format!(
            "operation `getThing`: `x-repeat` is [\"read\"], which is not one of read, never, removal, state {wrong}"
        ),
    );
    assert_refused(
        &[("x-login: jwt", "x-login: JWT")],
        &format!(
            "operation `getThing`: `x-login` is \"JWT\", which is not one of jwt, keycloak, user, client {wrong}"
        ),
    );
    assert_refused(
        &[("x-paging: cursor", "x-paging: none")],
        &format!("operation `getThing`: `x-paging` is \"none\", which is not one of cursor, number {wrong}"),
    );
    for values in ["[\"header\"]", "\"method\"", "[\"path\",7]", "null"] {
        assert_refused(
            &[("x-unconfirmed: [method]", &format!("x-unconfirmed: {values}"))],
            &format!(
                "operation `changeThing`: `x-unconfirmed` is {values} [rule extension-value]; list `method`, `path` or both"
            ),
        );
    }
    assert_refused(
        &[("nullable: true, x-personal: true", "nullable: true, x-personal: false")],
        "schema `Thing`, property `owner`: `x-personal` is false [rule extension-value]; write `true`, or leave it out",
    );
}
