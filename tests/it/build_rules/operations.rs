//! Rules of operations, parameters and bodies.

use super::{assert_refused, generate};

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
