//! Every rule that a document must keep so that it can be generated from, and the messages of
//! the build about a document that does not.

mod document;
mod mutants;
mod operations;
mod output;
mod schemas;

use std::{fs, path::Path};

use crate::build::rust_source;

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
    assert!(source.contains("impl crate :: page :: PagesByCursor for GetThing"));
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

const REAL: [(&str, &str); 3] =
    [("symphony", "symphony.yaml"), ("crm_gateway", "crm-gateway.yaml"), ("connect", "connect.yaml")];

fn real_document(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("specs").join(name);
    fs::read_to_string(path).expect("a document of the project")
}
