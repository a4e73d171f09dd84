//! Every rule that a document must keep so that it can be generated from, and the messages of
//! the build about a document that does not.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::{Value, json};
use syn::{File, ImplItem, Item, visit_mut::VisitMut};

use crate::build::{self, rust_source};

const FILE: &str = "specs/things.yaml";

/// A document that breaks no rule; each test edits a line of it.
const GOOD: &str = "
openapi: 3.0.3
info: {title: Things, version: 1.0.0}
paths:
  /things/{thingId}:
    get:
      operationId: getThing
      x-method: get_thing
      x-repeat: read
      x-login: jwt
      x-paging: cursor
      parameters:
        - {name: thingId, in: path, required: true, schema: {type: string}}
        - {name: colour, in: query, schema: {$ref: '#/components/schemas/Colour'}}
        - {name: X-Trace, in: header, schema: {type: string}}
      responses:
        '200': {description: It., content: {application/json: {schema: {$ref: '#/components/schemas/Thing'}}}}
        '404': {$ref: '#/components/responses/NotFound'}
    post:
      operationId: changeThing
      x-method: change_thing
      x-repeat: state
      x-login: user
      x-unconfirmed: [method]
      parameters: [{$ref: '#/components/parameters/ThingId'}]
      requestBody: {$ref: '#/components/requestBodies/Change'}
      responses:
        '201': {description: Done., content: {application/json: {schema: {$ref: '#/components/schemas/Thing'}}}}
components:
  parameters:
    ThingId: {name: thingId, in: path, required: true, schema: {type: string}}
  requestBodies:
    Change: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/ThingChange'}}}}
  responses:
    NotFound: {description: None., content: {application/problem+json: {schema: {$ref: '#/components/schemas/Problem'}}}}
  schemas:
    Thing:
      type: object
      properties:
        owner: {type: string, nullable: true, x-personal: true}
        parts: {type: array, items: {$ref: '#/components/schemas/Part'}}
        colour: {description: Its colour., allOf: [{$ref: '#/components/schemas/Colour'}]}
    Part: {type: object, properties: {size: {type: integer}}}
    Colour: {type: string, x-known-values: [RED, BLUE]}
    Problem: {type: object, properties: {code: {type: string}}}
    ThingChange: {type: object, required: [owner], properties: {owner: {type: string, x-personal: true}}}
";

type Edits<'a> = &'a [(&'a str, &'a str)];

/// The good document with each text replaced, which has to stand there exactly once.
fn edited(edits: Edits<'_>) -> String {
    edits.iter().fold(GOOD.to_owned(), |document, (old, new)| {
        assert_eq!(document.matches(old).count(), 1, "`{old}` has to stand there once");
        document.replace(old, new)
    })
}

fn generate(edits: Edits<'_>) -> String {
    rust_source(FILE, "things", &edited(edits)).unwrap_or_else(|found| panic!("{edits:?}: {found}"))
}

/// The whole message about a document, without the name of the file that begins each line.
fn refusal(document: &str) -> String {
    let message = rust_source(FILE, "things", document).expect_err(document).to_string();
    let bare = |line: &str| line.strip_prefix(FILE).expect("the file").trim_start_matches(": ").to_owned();
    message.lines().map(bare).collect::<Vec<_>>().join("\n")
}

fn assert_refused(edits: Edits<'_>, message: &str) {
    assert_eq!(refusal(&edited(edits)), message, "{edits:?}");
}

#[test]
fn the_good_document_is_generated_from() {
    let source = generate(&[]);
    for expected in ["pub struct GetThing", "pub struct ChangeThing", "crate :: things :: Colour"] {
        assert!(source.contains(expected), "{expected}");
    }
    assert!(source.contains("impl crate :: page :: Cursor for GetThing"));
}

#[test]
fn a_message_names_the_file_and_lists_every_finding() {
    let document = edited(&[("x-repeat: read", "x-repeat: often"), ("x-login: user", "x-login: nobody")]);
    let message = rust_source(FILE, "things", &document).expect_err("two findings").to_string();
    assert_eq!(
        message,
        "specs/things.yaml: operation `getThing`: `x-repeat` is \"often\", which is not one of read, never, \
         removal, state [rule extension-value]; use a value that ARCHITECTURE.md lists\n\
         specs/things.yaml: operation `changeThing`: `x-login` is \"nobody\", which is not one of jwt, keycloak, \
         user, client [rule extension-value]; use a value that ARCHITECTURE.md lists"
    );
}

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

#[test]
fn method_name() {
    assert_refused(
        &[("      x-method: get_thing\n", "")],
        "operation `getThing`: it has no `x-method` [rule method-name]; name the method of the client",
    );
    assert_refused(
        &[("x-method: change_thing", "x-method: get_thing")],
        "operation `changeThing`: another operation has the `x-method` get_thing [rule method-name]; rename one",
    );
    assert_refused(
        &[("x-method: get_thing", "x-method: a1_b"), ("x-method: change_thing", "x-method: a1b")],
        "operation `changeThing`: another operation has the `x-method` a1b [rule method-name]; rename one",
    );
    for name in ["", "get thing", "getThing", "get__thing", "_thing", "1st", "self", "get-thing", "größe"] {
        assert_refused(
            &[("x-method: get_thing", &format!("x-method: '{name}'"))],
            &format!(
                "operation `getThing`: its `x-method` {name:?} is no name of a method [rule method-name]; \
                 write words of lower case with `_` between them"
            ),
        );
    }
}

#[test]
fn operation_id() {
    for none in ["", "      operationId: ''\n", "      operationId: 7\n"] {
        assert_refused(
            &[("      operationId: getThing\n", none)],
            "operation `GET /things/{thingId}`: it has no `operationId` [rule operation-id]; give it the vendor's name",
        );
    }
    for id in ["get thing", "1st", "get.thing", "größe", "new", "newWithClient", "exec", "base_url"] {
        assert_refused(
            &[("operationId: getThing", &format!("operationId: {id}"))],
            &format!(
                "operation `{id}`: its `operationId` makes no method of the generated client [rule operation-id]; \
                 use letters and digits, and no name that the generated client has already"
            ),
        );
    }
    for id in ["type", "self", "Self", "get_thing", "fn"] {
        generate(&[("operationId: getThing", &format!("operationId: {id}"))]);
    }
}

#[test]
fn unique_operation_id() {
    for id in ["getThing", "get_thing", "get-thing", "GETTHING"] {
        assert_refused(
            &[("operationId: changeThing", &format!("operationId: {id}"))],
            &format!(
                "operation `{id}`: another operation has the same id, letter case and `_` apart \
                 [rule unique-operation-id]; rename one"
            ),
        );
    }
}

#[test]
fn http_method() {
    for method in ["options", "trace"] {
        let name = method.to_uppercase();
        assert_refused(
            &[("    get:\n", &format!("    {method}:\n"))],
            &format!(
                "operation `getThing`: its method is {name} [rule http-method]; \
                 leave it out; the HTTP client has no such call"
            ),
        );
    }
    for method in ["put", "delete", "head", "patch"] {
        generate(&[("    get:\n", &format!("    {method}:\n"))]);
    }
}

#[test]
fn cookie() {
    assert_refused(
        &[("{name: colour, in: query,", "{name: colour, in: cookie,")],
        "operation `getThing`, parameter `colour`: it is a cookie [rule cookie]; send it as a header",
    );
}

#[test]
fn parameter_location() {
    for (location, shown) in [("in: body, ", "\"body\""), ("", "null")] {
        assert_refused(
            &[("{name: colour, in: query, ", &format!("{{name: colour, {location}"))],
            &format!(
                "operation `getThing`, parameter `colour`: its `in` is {shown} [rule parameter-location]; \
                 use `path`, `query` or `header`"
            ),
        );
    }
}

#[test]
fn parameter_content() {
    assert_refused(
        &[(
            "in: query, schema: {$ref: '#/components/schemas/Colour'}",
            "in: query, content: {application/json: {schema: {$ref: '#/components/schemas/Part'}}}",
        )],
        "operation `getThing`, parameter `colour`: it has `content` instead of `schema` [rule parameter-content]; \
         use `schema: {type: string}` and describe the text form",
    );
}

#[test]
fn parameter_type() {
    let schema = "in: query, schema: {$ref: '#/components/schemas/Colour'}";
    let end = "[rule parameter-type]; make it a string and build it in the wrapper";
    for (schema_now, problem) in [
        ("{$ref: '#/components/schemas/Part'}", "its type is object in query"),
        ("{type: object}", "its type is object in query"),
        ("{description: anything}", "its type is none in query"),
        (
            "{type: array, items: {$ref: '#/components/schemas/Part'}}",
            "it is a list of items of the type object",
        ),
        (
            "{type: array, items: {type: array, items: {type: string}}}",
            "it is a list of items of the type array",
        ),
    ] {
        assert_refused(
            &[(schema, &format!("in: query, schema: {schema_now}"))],
            &format!("operation `getThing`, parameter `colour`: {problem} {end}"),
        );
    }
    assert_refused(
        &[("in: header, schema: {type: string}", "in: header, schema: {type: array, items: {type: string}}")],
        &format!("operation `getThing`, parameter `X-Trace`: its type is array in header {end}"),
    );
    generate(&[(schema, "in: query, schema: {type: array, items: {$ref: '#/components/schemas/Colour'}}")]);
}

#[test]
fn parameter_style() {
    let end = "[rule parameter-style]; make it a string and join in the wrapper";
    for style in ["style: deepObject", "style: pipeDelimited", "explode: false"] {
        assert_refused(
            &[("{name: colour, in: query,", &format!("{{name: colour, in: query, {style},"))],
            &format!("operation `getThing`, parameter `colour`: its style is not the exploded form {end}"),
        );
    }
    assert_refused(
        &[("    ThingId: {name: thingId,", "    ThingId: {style: label, name: thingId,")],
        &format!("operation `changeThing`, parameter `thingId`: its style is label {end}"),
    );
    generate(&[("{name: colour, in: query,", "{name: colour, in: query, style: form, explode: true,")]);
}

#[test]
fn path_parameters() {
    let differ = "the path /things/{thingId} and the declared path parameters differ \
                  [rule path-parameters]; declare each placeholder once, and no other";
    assert_refused(
        &[("parameters: [{$ref: '#/components/parameters/ThingId'}]", "parameters: []")],
        &format!("operation `changeThing`: {differ}"),
    );
    assert_refused(
        &[("{name: colour, in: query,", "{name: colour, in: path, required: true,")],
        &format!("operation `getThing`: {differ}"),
    );
    assert_refused(
        &[(
            "    ThingId: {name: thingId, in: path, required: true,",
            "    ThingId: {name: thingId, in: path,",
        )],
        "operation `changeThing`, parameter `thingId`: it is in the path and not required \
         [rule path-parameters]; set `required: true`",
    );
}

#[test]
fn path_template() {
    for path in [
        "things/{thingId}",
        "/things//{thingId}",
        "/things/x{thingId}",
        "/things/{thingId}.json",
        "/../{thingId}",
        "/th%20ings/{thingId}",
        "/th ings/{thingId}",
        "/things/{thingId}?all=true",
    ] {
        assert_refused(
            &[("  /things/{thingId}:\n", &format!("  '{path}':\n"))],
            &format!(
                "path `{path}`: it is not a path that a request can have as it stands [rule path-template]; \
                 begin with `/`, give each placeholder a segment of its own, encode nothing"
            ),
        );
    }
    for path in ["/things/{thingId}/", "/v1/th~ing:s/{thingId}/@me"] {
        generate(&[("  /things/{thingId}:\n", &format!("  '{path}':\n"))]);
    }
}

#[test]
fn unique_path() {
    assert_refused(
        &[("components:\n  parameters:", "  /things/{id}: {}\ncomponents:\n  parameters:")],
        "path `/things/{thingId}`: it differs from another path by the names of placeholders alone \
         [rule unique-path]; write both as one path",
    );
}

#[test]
fn path_item_reference() {
    let item = "components:\n  parameters:";
    for target in ["#/paths/~1things~1{thingId}", "elsewhere.yaml"] {
        assert_refused(
            &[(item, &format!("  /other: {{$ref: '{target}'}}\n{item}"))],
            "path `/other`: the path item is a `$ref` [rule path-item-reference]; write it in place",
        );
    }
}

#[test]
fn optional_body() {
    for required in ["required: false, ", ""] {
        assert_refused(
            &[("Change: {required: true, ", &format!("Change: {{{required}"))],
            "operation `changeThing`: its body is optional [rule optional-body]; set `required: true`",
        );
    }
}

#[test]
fn request_media_type() {
    let body = "Change: {required: true, content: {application/json: ";
    for (media, shown) in [
        ("application/merge-patch+json: ", "[\"application/merge-patch+json\"]"),
        ("text/plain: {}, application/json: ", "[\"application/json\", \"text/plain\"]"),
        ("application/json; charset=utf-8: ", "[\"application/json; charset=utf-8\"]"),
    ] {
        assert_refused(
            &[(body, &format!("Change: {{required: true, content: {{{media}"))],
            &format!(
                "operation `changeThing`: its body has the media types {shown} [rule request-media-type]; \
                 give it `application/json` alone"
            ),
        );
    }
    assert_refused(
        &[("{$ref: '#/components/requestBodies/Change'}", "{required: true}")],
        "operation `changeThing`: its body has the media types [] [rule request-media-type]; \
         give it `application/json` alone",
    );
}

#[test]
fn response_media_type() {
    assert_refused(
        &[(
            "'200': {description: It., content: {application/json:",
            "'200': {description: It., content: {text/csv:",
        )],
        "operation `getThing`: a success has the media type text/csv [rule response-media-type]; \
         give it `application/json` alone",
    );
}

#[test]
fn media_type_schema() {
    assert_refused(
        &[(
            "{application/json: {schema: {$ref: '#/components/schemas/ThingChange'}}}",
            "{application/json: {}}",
        )],
        "operation `changeThing`: its body has no schema [rule media-type-schema]; refer to a component",
    );
    assert_refused(
        &[(
            "{application/problem+json: {schema: {$ref: '#/components/schemas/Problem'}}}",
            "{text/html: {}}",
        )],
        "operation `getThing`: the text/html body of 404 has no schema [rule media-type-schema]; refer to a component",
    );
}

#[test]
fn anonymous_schema() {
    let move_it = "[rule anonymous-schema]; move it to components/schemas and refer to it";
    assert_refused(
        &[("{schema: {$ref: '#/components/schemas/ThingChange'}}", "{schema: {type: object}}")],
        &format!("operation `changeThing`: the request body is an anonymous schema {move_it}"),
    );
    assert_refused(
        &[("{schema: {$ref: '#/components/schemas/Problem'}}", "{schema: {type: object}}")],
        &format!(
            "operation `getThing`: the application/problem+json body of 404 is an anonymous schema {move_it}"
        ),
    );
    let nested = "it holds an anonymous object or enum schema";
    assert_refused(
        &[("size: {type: integer}", "size: {type: object, properties: {width: {type: integer}}}")],
        &format!("schema `Part`, property `size`: {nested} {move_it}"),
    );
    assert_refused(
        &[(
            "items: {$ref: '#/components/schemas/Part'}",
            "items: {type: object, properties: {size: {type: integer}}}",
        )],
        &format!("schema `Thing`, property `parts`: {nested} {move_it}"),
    );
    assert_refused(
        &[(
            "properties: {owner: {type: string, x-personal",
            "properties: {owner: {type: string, enum: [A], x-personal",
        )],
        &format!("schema `ThingChange`, property `owner`: {nested} {move_it}"),
    );
}

#[test]
fn one_success_body() {
    assert_refused(
        &[(
            "      responses:\n        '201'",
            "      responses:\n        '202': {description: Later., content: \
             {application/json: {schema: {$ref: '#/components/schemas/Part'}}}}\n        '201'",
        )],
        "operation `changeThing`: its successes have the bodies {\"Part\", \"Thing\"} [rule one-success-body]; \
         use one schema for every 2xx with a body",
    );
    generate(&[(
        "      responses:\n        '201'",
        "      responses:\n        '204': {description: Done.}\n        '201'",
    )]);
}

#[test]
fn success_model() {
    let part = "    Part: {type: object, properties: {size: {type: integer}}}";
    let success = "'201': {description: Done., content: {application/json: {schema: {$ref: '#/components/schemas/Thing'}}}}";
    let to_part = success.replace("Thing", "Part");
    for model in [
        "{type: array, items: {type: string}}",
        "{type: string}",
        "{type: object}",
        "{type: object, properties: {}}",
        "{type: object, properties: {size: {type: integer}}, additionalProperties: {type: string}}",
    ] {
        assert_refused(
            &[(part, &format!("    Part: {model}")), (success, &to_part)],
            "operation `changeThing`: the model of its success is not an object with properties, and with no other \
             [rule success-model]; wrap it in an object, or leave out the schema",
        );
    }
}

#[test]
fn union() {
    for keyword in ["oneOf", "anyOf"] {
        assert_refused(
            &[("size: {type: integer}", &format!("size: {{{keyword}: [{{type: integer}}]}}"))],
            &format!(
                "schema `Part`, property `size`: it uses `{keyword}` [rule union]; \
                 write one flat schema with optional properties"
            ),
        );
    }
    assert_refused(
        &[("    Part: {type: object,", "    Part: {type: object, not: {type: string},")],
        "schema `Part`: it uses `not` [rule union]; write one flat schema with optional properties",
    );
}

#[test]
fn all_of() {
    let end = "`allOf` composes schemas [rule all-of]; repeat the properties; `allOf` may only wrap a single `$ref`";
    let colour = "allOf: [{$ref: '#/components/schemas/Colour'}]";
    let part = "{$ref: '#/components/schemas/Part'}";
    for composed in [
        format!("allOf: [{part}, {part}]"),
        "allOf: []".to_owned(),
        "allOf: [{type: string}]".to_owned(),
        format!("type: object, allOf: [{part}]"),
        format!("properties: {{a: {{type: string}}}}, allOf: [{part}]"),
    ] {
        let message = refusal(&edited(&[(colour, &composed)]));
        let expected = format!("schema `Thing`, property `colour`: {end}");
        assert_eq!(message, expected, "{composed}");
    }
    assert_refused(
        &[("    Part: {type: object,", &format!("    Part: {{type: object, allOf: [{part}, {part}],"))],
        &format!("schema `Part`: {end}"),
    );
}

#[test]
fn alias() {
    for other in ["{$ref: '#/components/schemas/Part'}", "{allOf: [{$ref: '#/components/schemas/Part'}]}"] {
        assert_refused(
            &[("    Colour: {", &format!("    Piece: {other}\n    Colour: {{"))],
            "schema `Piece`: it is only another name of `Part` [rule alias]; refer to that one",
        );
    }
    assert_refused(
        &[("    Colour: {", "    Piece: {allOf: [{$ref: '#/components/schemas/Piece'}]}\n    Colour: {")],
        "schema `Piece`: it is only another name of `Piece` [rule alias]; refer to that one",
    );
}

#[test]
fn closed_values() {
    let end = "`enum` closes a set of values that can grow [rule closed-values]; \
               use `x-known-values` on a named string schema";
    assert_refused(
        &[("x-known-values: [RED, BLUE]", "enum: [RED, BLUE]")],
        &format!("operation `getThing`, parameter `colour`: {end}\nschema `Colour`: {end}"),
    );
    // A request may close a set, also with values that differ by case alone.
    generate(&[(
        "properties: {owner: {type: string, x-personal: true}}}",
        "properties: {owner: {$ref: '#/components/schemas/Mode'}}}\n    Mode: {type: string, enum: [a, A, a-b, a_b]}",
    )]);
}

#[test]
fn name_clash() {
    let colour = "    Colour: {";
    assert_refused(
        &[(colour, "    PaRt: {type: string}\n    Colour: {")],
        "schema `Part`: its Rust name is that of `PaRt` [rule name-clash]; rename one",
    );
    for (first, second) in [("size", "Size"), ("fooBar", "foo-bar"), ("a.b", "a b"), ("1", "x1")] {
        let both = BTreeSet::from([first, second]).into_iter().collect::<Vec<_>>();
        assert_refused(
            &[(
                "size: {type: integer}",
                &format!("'{first}': {{type: integer}}, '{second}': {{type: integer}}"),
            )],
            &format!(
                "schema `Part`, property `{}`: its Rust name is that of `{}` [rule name-clash]; rename or drop one",
                both[1], both[0]
            ),
        );
    }
    assert_refused(
        &[("size: {type: integer}}}", "extra: {type: integer}}, additionalProperties: {type: string}}")],
        "schema `Part`, property `extra`: its Rust name is that of `additionalProperties` [rule name-clash]; \
         rename or drop one",
    );
}

#[test]
fn name_clash_of_parameters() {
    let end = "[rule name-clash]; rename or drop one";
    for name in ["thing-id", "thing_id", "thingId", "ThingID"] {
        assert_refused(
            &[("{name: colour, in", &format!("{{name: {name}, in"))],
            &format!("operation `getThing`, parameter `{name}`: its Rust name is that of `thingId` {end}"),
        );
    }
    assert_refused(
        &[("{name: colour, in", "{name: header_map, in")],
        &format!("operation `getThing`, parameter `header_map`: its Rust name is that of the headers {end}"),
    );
    let body = "[{$ref: '#/components/parameters/ThingId'}]";
    assert_refused(
        &[(
            body,
            "[{$ref: '#/components/parameters/ThingId'}, {name: body, in: query, schema: {type: string}}]",
        )],
        &format!(
            "operation `changeThing`, parameter `body`: its Rust name is that of the request body {end}"
        ),
    );
    // The transport sets headers, so they are no arguments.
    generate(&[("{name: X-Trace, in", "{name: thing-id, in")]);
}

#[test]
fn a_parameter_of_an_operation_takes_the_place_of_the_paths_own() {
    generate(&[("    get:\n", "    parameters: [{$ref: '#/components/parameters/ThingId'}]\n    get:\n")]);
}

#[test]
fn nullable_component() {
    assert_refused(
        &[("    Part: {type: object,", "    Part: {nullable: true, type: object,")],
        "schema `Part`: the component itself is nullable [rule nullable-component]; \
         set `nullable` on the properties that use it",
    );
}

#[test]
fn known_values() {
    let message = "schema `Colour`: `x-known-values` is not a list of distinct strings on a string \
                   [rule known-values]; list each value once; letter case does not tell them apart";
    for values in ["[RED, RED]", "[RED, red]", "[RED, 7]", "RED", "null", "{a: b}"] {
        assert_refused(&[("[RED, BLUE]", values)], message);
    }
    assert_refused(&[("Colour: {type: string,", "Colour: {type: integer,")], message);
}

#[test]
fn schema_name() {
    for name in ["piece", "my-piece", "URLPiece", "PieceID", "Piece_", "A1B", "Self", "HTTP", "Größe", "1st"]
    {
        assert_refused(
            &[("    Colour: {", &format!("    {name}: {{type: string}}\n    Colour: {{"))],
            &format!(
                "schema `{name}`: its name is not that of its Rust type [rule schema-name]; \
                 write it like `OrderType`: ASCII letters and digits, every capital begins a word"
            ),
        );
    }
    for name in
        ["OAuthError", "V2", "Iso8601Date", "Client", "Types", "String", "Option", "Vec", "Result", "Error"]
    {
        let source = generate(&[("    Colour: {", &format!("    {name}: {{type: string}}\n    Colour: {{"))]);
        assert!(source.contains(&format!("pub struct {name} ")), "{name}");
    }
}

#[test]
fn schema_type() {
    let place = "schema `Part`, property `size`:";
    let one_of = "[rule schema-type]; use one of array, boolean, integer, number, object, string; \
                  `nullable: true` adds null";
    for (kind, shown) in [("file", "\"file\""), ("[integer, 'null']", "[\"integer\",\"null\"]"), ("7", "7")] {
        assert_refused(
            &[("size: {type: integer}", &format!("size: {{type: {kind}}}"))],
            &format!("{place} its type is {shown} {one_of}"),
        );
    }
    for items in ["", ", items: [{type: string}]"] {
        assert_refused(
            &[("size: {type: integer}", &format!("size: {{type: array{items}}}"))],
            &format!("{place} it is a list without `items` [rule schema-type]; say in `items` what it holds"),
        );
    }
    assert_refused(
        &[("size: {type: integer}", "size: {type: string, items: {type: string}}")],
        &format!(
            "{place} it has `items` and the type \"string\" [rule schema-type]; drop the keyword, or mend the type"
        ),
    );
    assert_refused(
        &[("    Part: {type: object,", "    Part: {type: integer,")],
        "schema `Part`: it has `properties` and the type \"integer\" [rule schema-type]; \
         drop the keyword, or mend the type",
    );
}

#[test]
fn required() {
    assert_refused(
        &[("required: [owner]", "required: [owner, nothing]")],
        "schema `ThingChange`: it requires `nothing`, which is no property [rule required]; \
         add the property, or do not require it",
    );
    assert_refused(
        &[("size: {type: integer}", "size: {type: integer, required: true}")],
        "schema `Part`, property `size`: its `required` is true [rule required]; \
         list the names of required properties at their schema",
    );
}

#[test]
fn openapi() {
    let end = "[rule openapi]; write that part as the OpenAPI specification describes it";
    assert_refused(
        &[("info: {title: Things, version: 1.0.0}\n", "")],
        &format!("the document: it is not OpenAPI 3.0: missing field `info` {end}"),
    );
    assert_refused(
        &[("properties: {size: {type: integer}}}", "properties: [size]}")],
        &format!("schema `Part`: it is not OpenAPI 3.0: invalid type: sequence, expected a map {end}"),
    );
    assert_refused(
        &[("{name: colour, in: query,", "{name: colour, in: query, required: maybe,")],
        &format!(
            "operation `getThing`: it is not OpenAPI 3.0: invalid type: string \"maybe\", expected a boolean {end}"
        ),
    );
}

#[test]
fn generator() {
    assert_refused(
        &[(
            "{schema: {$ref: '#/components/schemas/ThingChange'}}",
            "{encoding: {owner: {contentType: text/plain}}, schema: {$ref: '#/components/schemas/ThingChange'}}",
        )],
        "operation `changeThing`: the generator refuses it: not yet implemented: media type encoding not empty: \
         MediaType [rule generator]; simplify that part of the document, or add a rule for it to build/check",
    );
}

#[test]
fn a_panic_of_the_generator_leaves_others_their_message() {
    assert_eq!(build::generate::quietly(|| 7), Ok(7));
    assert_eq!(build::generate::quietly(|| panic!("a\nb")), Err::<(), _>("a".to_owned()));
    let ours = std::panic::catch_unwind(|| panic!("shown")).expect_err("a panic");
    assert_eq!(ours.downcast_ref::<&str>(), Some(&"shown"));
}

#[test]
fn names_and_data_of_the_author_are_no_words_of_the_project() {
    generate(&[
        ("size: {type: integer}", "x-size: {type: integer}, $ref: {type: string}, example: {type: string}"),
        (
            "nullable: true, x-personal",
            "nullable: true, example: {x-any: 1, $ref: nowhere, operationId: a}, x-personal",
        ),
        (
            "'201': {description: Done.,",
            "'201': {description: Done., headers: {x-limit: {schema: {type: integer}}},",
        ),
    ]);
}

#[test]
fn models_may_refer_to_themselves() {
    generate(&[
        (
            "size: {type: integer}",
            "inner: {$ref: '#/components/schemas/Part'}, whole: {$ref: '#/components/schemas/Thing'}",
        ),
        (
            "required: [owner], properties: {",
            "required: [owner, next], properties: {next: {$ref: '#/components/schemas/ThingChange'}, ",
        ),
        (
            "    Colour: {",
            "    Tree: {type: array, items: {$ref: '#/components/schemas/Tree'}}\n    Colour: {",
        ),
    ]);
}

#[test]
fn defaults_and_limits_of_any_kind_are_left_to_the_wrappers() {
    generate(&[
        (
            "size: {type: integer}",
            "size: {type: integer, default: {a: 1}, minimum: 1.5, maximum: -3, format: int99}",
        ),
        ("    Colour: {type: string,", "    Colour: {type: string, pattern: (, minLength: -1, default: 7,"),
    ]);
}

#[test]
fn personal_fields_of_every_type_are_hidden_by_debug() {
    let kinds = [
        "{type: integer",
        "{type: boolean",
        "{type: object",
        "{description: any",
        "{type: array, items: {type: string}",
    ];
    for kind in kinds {
        let source = generate(&[(
            "required: [owner], properties: {owner: {type: string, x-personal: true}}",
            &format!("required: [owner], properties: {{owner: {kind}, x-personal: true}}}}"),
        )]);
        assert!(source.contains("field (\"owner\" , & crate :: field :: redacted (&"), "{kind}");
    }
}

const REAL: [(&str, &str); 3] =
    [("symphony", "symphony.yaml"), ("crm_gateway", "crm-gateway.yaml"), ("connect", "connect.yaml")];

fn real_document(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("specs").join(name);
    fs::read_to_string(path).expect("a document of the project")
}

#[test]
fn the_real_documents_are_generated_from_and_always_in_the_same_way() {
    for (service, name) in REAL {
        let document = real_document(name);
        let source = rust_source(name, service, &document).unwrap_or_else(|found| panic!("{found}"));
        assert_sound(&source);
        let again = rust_source(name, service, &document).unwrap_or_else(|found| panic!("{found}"));
        assert!(source == again, "{name} is generated in two ways");
    }
}

/// As far as can be seen without a compiler: it parses, and no name is defined twice.
fn assert_sound(source: &str) {
    let mut file: File = syn::parse_str(source).expect("Rust");
    Names.visit_file_mut(&mut file);
    for expected in ["types", "model", "op"] {
        let has = |item: &Item| matches!(item, Item::Mod(module) if module.ident == expected);
        assert!(file.items.iter().any(has), "no module `{expected}`");
    }
}

struct Names;

fn assert_distinct(what: &str, names: impl Iterator<Item = String>) {
    let mut known = BTreeSet::new();
    for name in names {
        assert!(!known.contains(&name), "{what} `{name}` is defined twice");
        known.insert(name);
    }
}

impl VisitMut for Names {
    fn visit_item_mod_mut(&mut self, module: &mut syn::ItemMod) {
        let types = module.content.iter().flat_map(|(_, items)| items).filter_map(|item| match item {
            Item::Struct(item) => Some(item.ident.to_string()),
            Item::Enum(item) => Some(item.ident.to_string()),
            _ => None,
        });
        assert_distinct("type", types);
        syn::visit_mut::visit_item_mod_mut(self, module);
    }

    fn visit_item_impl_mut(&mut self, block: &mut syn::ItemImpl) {
        let methods = block.items.iter().filter_map(|item| match item {
            ImplItem::Fn(function) => Some(function.sig.ident.to_string()),
            _ => None,
        });
        assert_distinct("method", methods);
        syn::visit_mut::visit_item_impl_mut(self, block);
    }

    fn visit_fields_mut(&mut self, fields: &mut syn::Fields) {
        assert_distinct(
            "field",
            fields.iter().filter_map(|field| field.ident.as_ref()).map(ToString::to_string),
        );
    }

    fn visit_signature_mut(&mut self, signature: &mut syn::Signature) {
        let arguments = signature.inputs.iter().filter_map(|input| match input {
            syn::FnArg::Typed(argument) => Some(quote::quote!(#argument).to_string()),
            syn::FnArg::Receiver(_) => None,
        });
        let names =
            arguments.map(|argument| argument.split(':').next().unwrap_or_default().trim().to_owned());
        assert_distinct("argument", names);
    }
}

/// A generator of numbers that gives the same ones in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).expect("a small bound");
        usize::try_from(self.next() % bound).expect("below the bound")
    }

    fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}

/// The addresses of all nodes, in the order of the document.
fn pointers(value: &Value) -> Vec<String> {
    fn walk(value: &Value, at: &str, found: &mut Vec<String>) {
        let mut inside = |key: &str, inner: &Value| {
            let pointer = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
            walk(inner, &pointer, found);
            found.push(pointer);
        };
        match value {
            Value::Object(object) => object.iter().for_each(|(key, inner)| inside(key, inner)),
            Value::Array(list) => {
                list.iter().enumerate().for_each(|(index, inner)| inside(&index.to_string(), inner));
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(value, "", &mut found);
    found
}

/// Deletes a node, or puts another one or an odd value in its place, or renames it.
fn mutate(document: &mut Value, random: &mut Random) {
    let all = pointers(document);
    if all.is_empty() {
        return;
    }
    let pointer = random.pick(&all).clone();
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    let key = key.replace("~1", "/").replace("~0", "~");
    let odd = [
        json!(null),
        json!(true),
        json!(0),
        json!(-1.5),
        json!(""),
        json!("Thing"),
        json!("string"),
        json!([]),
        json!({}),
        json!(["owner"]),
        json!({"$ref": "#/components/schemas/Part"}),
        json!({"type": "array", "items": {"type": "string"}}),
        json!({"type": "object", "additionalProperties": {"type": "integer"}}),
    ];
    let other = random.pick(&all).clone();
    let other_key = other.rsplit('/').next().unwrap_or_default().replace("~1", "/");
    let replacement = match random.below(3) {
        0 => random.pick(&odd).clone(),
        1 => document.pointer(&other).cloned().unwrap_or_default(),
        _ => document.pointer(&pointer).cloned().unwrap_or_default(),
    };
    match document.pointer_mut(parent) {
        Some(Value::Object(object)) => match random.below(4) {
            0 => drop(object.remove(&key)),
            1 => drop(object.insert(other_key, replacement)),
            _ => drop(object.insert(key, replacement)),
        },
        Some(Value::Array(list)) => match (random.below(3), key.parse::<usize>()) {
            (0, Ok(index)) => drop(list.remove(index)),
            (1, _) => list.push(replacement),
            (_, Ok(index)) => list[index] = replacement,
            _ => {}
        },
        _ => {}
    }
}

fn assert_mutants_are_taken_or_refused(name: &str, document: &Value, count: u64) {
    for seed in 1..=count {
        let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let mut mutant = document.clone();
        for _ in 0..=random.below(3) {
            mutate(&mut mutant, &mut random);
        }
        let text = mutant.to_string();
        match rust_source(name, "things", &text) {
            Ok(source) => assert_sound(&source),
            Err(found) => {
                let message = found.to_string();
                assert!(!message.contains("panicked"), "{message}\n{text}");
                assert!(message.starts_with(name), "{message}\n{text}");
                assert!(!message.contains("[rule generator]"), "no rule knows this: {message}\n{text}");
            }
        }
    }
}

#[test]
fn whatever_is_done_to_a_document_it_is_taken_or_refused_with_a_message() {
    let document = build::parse(FILE, GOOD).unwrap_or_else(|found| panic!("{found}"));
    assert_mutants_are_taken_or_refused(FILE, &document, 1500);
}

#[test]
fn whatever_is_done_to_the_real_documents_they_are_taken_or_refused_with_a_message() {
    for (_, name) in REAL {
        let document = build::parse(name, &real_document(name)).unwrap_or_else(|found| panic!("{found}"));
        assert_mutants_are_taken_or_refused(name, &document, 25);
    }
}
