//! A uniform style: everything described, with examples, in plain markdown.

use super::*;

/// Asks each part of each document for what it lacks, and reports all at once.
fn assert_nothing_lacks(find: fn(&Value, &mut Vec<String>)) {
    let mut lacking = Vec::new();
    for file in FILES {
        let mut places = Vec::new();
        find(&document(file), &mut places);
        lacking.extend(places.into_iter().map(|place| format!("{file}: {place}")));
    }
    assert!(lacking.is_empty(), "{}", lacking.join("\n"));
}

fn has_text(value: &Value, key: &str) -> bool {
    text(value, key).is_some_and(|text| !text.trim().is_empty())
}

#[test]
fn every_operation_parameter_body_and_response_is_described() {
    assert_nothing_lacks(|document, places| {
        for (path, method, operation) in operations(document) {
            let place = format!("{method} {path}");
            for key in ["summary", "description"] {
                if !has_text(operation, key) {
                    places.push(format!("{place}: no {key}"));
                }
            }
            for parameter in parameters(document, path, operation) {
                if !has_text(parameter, "description") {
                    places.push(format!("{place}: parameter {}", parameter["name"]));
                }
            }
            let body = operation.get("requestBody").map(|body| resolve(document, body));
            if body.is_some_and(|body| !has_text(body, "description")) {
                places.push(format!("{place}: body"));
            }
            for (status, response) in entries(operation.get("responses")) {
                let response = resolve(document, response);
                if !has_text(response, "description") {
                    places.push(format!("{place}: response {status}"));
                }
                for (name, header) in entries(response.get("headers")) {
                    if !has_text(resolve(document, header), "description") {
                        places.push(format!("{place}: header {name} of {status}"));
                    }
                }
            }
        }
    });
}

#[test]
fn every_schema_and_property_is_described() {
    assert_nothing_lacks(|document, places| {
        for (name, schema) in schemas(document) {
            if !has_text(schema, "description") {
                places.push(format!("schema {name}"));
            }
            for (property, inner) in entries(schema.get("properties")) {
                if !has_text(inner, "description") {
                    places.push(format!("schema {name}, property {property}"));
                }
            }
        }
    });
}

fn is_scalar(schema: &Value) -> bool {
    matches!(text(schema, "type"), Some("string" | "integer" | "number" | "boolean"))
}

/// Whether an example is of the type that the schema says.
fn fits(schema: &Value, example: &Value) -> bool {
    match text(schema, "type") {
        Some("string") => example.is_string(),
        Some("integer") => example.is_i64(),
        Some("number") => example.is_number(),
        Some("boolean") => example.is_boolean(),
        Some("array") => example.is_array(),
        Some("object") => example.is_object(),
        _ => true,
    }
}

#[test]
fn every_scalar_has_an_example_of_its_type() {
    assert_nothing_lacks(|document, places| {
        let mut check = |place: String, holder: &Value, schema: &Value| match holder.get("example") {
            None if is_scalar(schema) => places.push(format!("{place}: no example")),
            Some(example) if !fits(schema, example) => places.push(format!("{place}: {example}")),
            _ => {}
        };
        for (name, schema) in schemas(document) {
            check(format!("schema {name}"), schema, schema);
            for (property, inner) in entries(schema.get("properties")) {
                check(format!("schema {name}, property {property}"), inner, inner);
            }
        }
        for (path, method, operation) in operations(document) {
            for parameter in parameters(document, path, operation) {
                let place = format!("{method} {path}: parameter {}", parameter["name"]);
                check(place, parameter, resolve(document, &parameter["schema"]));
            }
        }
        for (name, header) in entries(document.pointer("/components/headers")) {
            check(format!("header {name}"), header, &header["schema"]);
        }
    });
}

/// Calls `visit` with the address and the text of each description and summary.
fn each_description(value: &Value, at: &str, visit: &mut impl FnMut(&str, &str)) {
    match value {
        Value::Object(object) => {
            for (key, inner) in object {
                let at = format!("{at}/{key}");
                match inner.as_str() {
                    Some(words) if key == "description" || key == "summary" => visit(&at, words),
                    _ => each_description(inner, &at, visit),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|inner| each_description(inner, at, visit)),
        _ => {}
    }
}

/// Whether an address stands in a text without anything around it that makes it a link or code.
fn has_bare_url(words: &str) -> bool {
    let outside_code = words.split('`').step_by(2).collect::<Vec<_>>().join("`");
    outside_code.match_indices("http").any(|(start, _)| {
        let is_address =
            ["http://", "https://"].iter().any(|scheme| outside_code[start..].starts_with(scheme));
        is_address && !outside_code[..start].ends_with(['<', '('])
    })
}

#[test]
fn a_bare_url_is_told_from_a_link_and_from_code() {
    for bare in ["see https://a.example", "http://a.example", "`x` https://a.example `y`"] {
        assert!(has_bare_url(bare), "{bare}");
    }
    for fine in ["see <https://a.example>", "[a](https://a.example)", "`https://a.example`", "http is a word"]
    {
        assert!(!has_bare_url(fine), "{fine}");
    }
}

#[test]
fn no_description_has_a_bare_url_or_an_angle_bracket_that_a_browser_would_take_for_markup() {
    assert_nothing_lacks(|document, places| {
        each_description(document, "", &mut |at, words| {
            let outside_code = words.split('`').step_by(2).collect::<String>();
            let markup = outside_code.contains('<') && !outside_code.contains("<http");
            if has_bare_url(words) || markup {
                places.push(at.to_owned());
            }
        });
    });
}

#[test]
fn no_description_has_white_space_at_its_end_and_code_marks_come_in_pairs() {
    assert_nothing_lacks(|document, places| {
        each_description(document, "", &mut |at, words| {
            let trailing = words.lines().any(|line| line != line.trim_end()) || words != words.trim_end();
            if trailing || words.matches('`').count() % 2 == 1 {
                places.push(at.to_owned());
            }
        });
    });
}

#[test]
fn every_response_with_a_body_has_an_example() {
    assert_nothing_lacks(|document, places| {
        for (path, method, operation) in operations(document) {
            for (status, response) in entries(operation.get("responses")) {
                for (media, content) in entries(resolve(document, response).get("content")) {
                    if content.get("example").is_none() && content.get("examples").is_none() {
                        places.push(format!("{method} {path}: {media} of {status}"));
                    }
                }
            }
        }
    });
}

/// Statuses that may come from anything in front of the API stand at every operation.
#[test]
fn every_operation_says_what_the_usual_failures_look_like() {
    assert_nothing_lacks(|document, places| {
        for (path, method, operation) in operations(document) {
            for status in ["401", "403", "404", "429", "500", "502", "503", "default"] {
                if operation["responses"].get(status).is_none() {
                    places.push(format!("{method} {path}: {status}"));
                }
            }
        }
    });
}

/// A model property that names a person is hidden by `Debug`, and so are the texts that may.
#[test]
fn what_can_name_a_person_is_marked_as_personal() {
    const PERSONAL: [&str; 26] = [
        "accountId",
        "advisorEmailAddress",
        "advisorPhoneNumber",
        "after",
        "avatar",
        "before",
        "credential",
        "detail",
        "detailMessage",
        "deviceId",
        "displayName",
        "emailAddress",
        "errorMessage",
        "error_description",
        "firstName",
        "itemId",
        "lastName",
        "localeMessage",
        "message",
        "next",
        "number",
        "ownContactId",
        "previous",
        "symphonyId",
        "title",
        "userId",
    ];
    assert_nothing_lacks(|document, places| {
        for (name, schema) in schemas(document) {
            for (property, inner) in entries(schema.get("properties")) {
                if PERSONAL.contains(&property) && inner["x-personal"] != true && schema_name(inner).is_none()
                {
                    places.push(format!("schema {name}, property {property}"));
                }
            }
        }
    });
}
