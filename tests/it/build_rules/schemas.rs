//! Rules of schemas and names.

use std::collections::BTreeSet;

use super::{assert_refused, edited, generate, refusal};

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
