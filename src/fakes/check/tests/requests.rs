//! The rules of requests.

use super::*;

const FINE: &str = "/base/things/abc?flag=true";

fn get(query: &str) -> Request {
    request("GET", &format!("{FINE}&{query}"), &[("x-tries", "1")], "")
}

fn post(media: &str, body: &str) -> Request {
    request("POST", "/base/things/abc", &[("content-type", media)], body)
}

/// Rule, a query that breaks it, and neighbours that do not.
const QUERIES: [(&str, &str, &[&str]); 22] = [
    ("query-parameter", "kind=c", &["kind=a", "kind=b", "kind=%61", ""]),
    ("query-parameter", "kind=A", &["kind=a"]),
    ("query-parameter", "kind=", &["kind=a", "unknown="]),
    ("query-parameter", "count=x", &["count=1"]),
    ("query-parameter", "count=1.0", &["count=1"]),
    ("query-parameter", "count=%2B1", &["count=1"]),
    ("query-parameter", "count=0", &["count=1"]),
    ("query-parameter", "count=10", &["count=9"]),
    ("query-parameter", "size=0.7", &["size=1.5", "size=-1", "size=1e1"]),
    ("query-parameter", "size=inf", &["size=1"]),
    ("query-parameter", "big=9223372036854775808", &["big=9223372036854775807", "big=-9223372036854775808"]),
    ("query-parameter", "big=99999999999999999999999", &["big=0"]),
    ("query-parameter", "empty=x", &["empty=", "empty=1"]),
    ("query-parameter", "tag=a&tag=a", &["tag=a&tag=b", "tag=a"]),
    ("query-parameter", "tag=+&tag=%20", &["tag=+&tag=%2B"]),
    ("query-parameter", "tag=a&tag=", &["tag=a&tag=+"]),
    ("query-parameter", "ids=1,2,3", &["ids=1,2", "ids=1"]),
    ("query-parameter", "ids=1,x", &["ids="]),
    ("query-parameter", "names=abc|defg", &["names=abc|def", "names=a%7C|b%7C"]),
    ("query-parameter", "filter=%7B%7D", &["filter=%7B%22kind%22%3A1%7D"]),
    ("query-parameter", "filter={kind}", &["filter=%7B%22kind%22:%22%2B%22%7D"]),
    ("repeated-parameter", "kind=a&kind=b", &["kind=a", "unknown=a&unknown=b"]),
];

#[test]
fn queries() {
    let checker = checker();
    for (rule, broken, neighbours) in QUERIES {
        assert_eq!(name_of(&checker.request(&get(broken))), rule, "{broken}");
        for neighbour in neighbours {
            assert_eq!(checker.request(&get(neighbour)), Ok(()), "{neighbour}");
        }
    }
    assert_eq!(name_of(&checker.request(&get("kind=%ff"))), "query-parameter", "no UTF-8");
    assert_eq!(checker.request(&get("unknown=%ff&%ff")), Ok(()), "what is not documented is ignored");
}

#[test]
fn paths() {
    let checker = checker();
    let of = |path: &str| request("PUT", &format!("/base/things/{path}"), &[], "");
    for broken in ["abcd", "a1", "A", "%ff", "a%2Fb", "a%20"] {
        assert_eq!(name_of(&checker.request(&of(broken))), "path-parameter", "{broken}");
    }
    for fine in ["abc", "%61bc", "%C3%A9", "a+"] {
        assert_eq!(checker.request(&of(fine)), Ok(()), "{fine}");
    }
}

#[test]
fn headers_and_what_is_missing() {
    let checker = checker();
    let check =
        |target: &str, list: &[(&str, &str)]| name_of(&checker.request(&request("GET", target, list, "")));
    assert_eq!(check(FINE, &[("X-TRIES", "1"), ("x-trace", "abcd")]), "", "`Accept` is no parameter");
    assert_eq!(check(FINE, &[("x-tries", "1"), ("x-trace", "abcde")]), "header-parameter");
    assert_eq!(check(FINE, &[("x-tries", "one")]), "header-parameter");
    assert_eq!(
        check(FINE, &[("x-tries", "1"), ("x-tries", "2")]),
        "header-parameter",
        "not an integer as one"
    );
    assert_eq!(check(FINE, &[]), "missing-parameter");
    assert_eq!(check("/base/things/abc", &[("x-tries", "1")]), "missing-parameter", "flag");
    assert_eq!(check("/base/things/abc?flag=", &[("x-tries", "1")]), "query-parameter");
    let mut bytes = get("");
    bytes.headers.insert("x-trace", HeaderValue::from_bytes(b"\xff").expect("a value"));
    assert_eq!(name_of(&checker.request(&bytes)), "header-parameter");
}

#[test]
fn bodies() {
    let checker = checker();
    let fine = r#"{"name":"Ada","secret":"x"}"#;
    for (rule, media, body) in [
        ("missing-body", "application/json", ""),
        ("", "application/json", fine),
        ("", "Application/JSON; charset=utf-8", fine),
        ("", "text/plain", "abc"),
        ("body-schema", "text/plain", "abcd"),
        ("media-type", "application/xml", fine),
        ("media-type", "application/problem+json", fine),
        ("body-json", "application/json", "{"),
        ("body-json", "application/json", r#"{"name":"Ada","secret":"x"} x"#),
        ("body-schema", "application/json", "[]"),
        ("body-schema", "application/json", "null"),
        ("body-schema", "application/json", r#"{"name":"Ada"}"#),
        ("body-schema", "application/json", r#"{"name":"Ada","secret":null}"#),
        // The id is of the reply alone.
        ("body-schema", "application/json", r#"{"name":"Ada","secret":"x","id":1}"#),
    ] {
        assert_eq!(name_of(&checker.request(&post(media, body))), rule, "{media}: {body}");
    }
    let without_type = request("POST", "/base/things/abc", &[], fine);
    assert_eq!(name_of(&checker.request(&without_type)), "media-type");
}

#[test]
fn an_optional_body_may_be_missing_and_an_unexpected_one_is_ignored() {
    let checker = checker();
    let put = |list: &[(&str, &str)], body| checker.request(&request("PUT", "/base/things/abc", list, body));
    assert_eq!(put(&[], ""), Ok(()));
    assert_eq!(put(&[("content-type", "image/png")], "x"), Ok(()), "any media type is documented");
    assert_eq!(name_of(&put(&[], "x")), "media-type");
    let mut unexpected = get("");
    unexpected.body = "x".into();
    assert_eq!(checker.request(&unexpected), Ok(()));
}

#[test]
fn what_is_no_operation_is_not_judged() {
    let checker = checker();
    for (method, path) in [
        ("DELETE", "/base/things/abc"),
        ("POST", "/base/things/special"),
        ("GET", "/things/abc"),
        ("GET", "/base"),
        ("GET", "/base/things"),
        ("GET", "/base/things/"),
        ("GET", "/base/things/abc/"),
        ("GET", "/basethings/abc"),
        ("get", "/base/things/abc"),
        ("GET", ""),
    ] {
        let request = request(method, path, &[], "");
        assert_eq!(checker.operation(&request), None, "{method} {path}");
        assert_eq!(checker.request(&request), Ok(()), "{method} {path}");
        assert_eq!(checker.reply(&request, &Reply::new(599)), Ok(()), "{method} {path}");
    }
    assert_eq!(checker.operation(&get("")), Some("getThing"));
    let plain = request("GET", "/base/things/special", &[], "");
    assert_eq!(checker.operation(&plain), Some("getSpecial"), "a plain segment wins over a placeholder");
}

#[test]
fn a_broken_rule_names_the_place_and_the_limit_but_nothing_that_was_sent() {
    let checker = checker();
    let broken = |request: &Request| checker.request(request).expect_err("it is broken").to_string();
    let json = |body: &str| broken(&post("application/json", body));
    for (found, expected) in [
        (
            broken(&get("kind=hidden")),
            "query-parameter at getThing, query parameter `kind`: is none of [\"a\",\"b\"]",
        ),
        (
            broken(&get("count=hidden")),
            "query-parameter at getThing, query parameter `count`: is not written like an integer",
        ),
        (broken(&get("count=77")), "query-parameter at getThing, query parameter `count`: is above 9"),
        (
            broken(&get("tag=hidden&tag=")),
            "query-parameter at getThing, query parameter `tag`: /1 is shorter than 1 characters",
        ),
        (json(r#"{"secret":"hidden"}"#), "body-schema at addThing, request body: lacks name"),
        (
            json(r#"{"name":"hidden","secret":""}"#),
            "body-schema at addThing, request body /name: is longer than 5 characters",
        ),
        (
            json(r#"{"name":"","secret":"","extra":{"hidden":1}}"#),
            "body-schema at addThing, request body /extra/*: is number instead of string",
        ),
        (
            json(r#"{"name":"","secret":"","closed":{"hidden":1}}"#),
            "body-schema at addThing, request body /closed: has 1 properties that are not allowed",
        ),
        (
            json(r#"{"name":"","secret":"","inner":{"name":"","secret":"","list":[0]}}"#),
            "body-schema at addThing, request body /inner/list/0: is not above 0",
        ),
        (
            broken(&post("hidden/hidden", "x")),
            "media-type at addThing, request body: is none of application/json, text/plain",
        ),
    ] {
        assert_eq!(found, expected);
    }
}

#[test]
fn of_several_faults_always_the_same_is_reported() {
    let post = post("application/json", r#"{"name":1,"note":1,"mail":1,"secret":1,"born":1,"list":1}"#);
    for _ in 0..8 {
        let found = checker().request(&post).expect_err("it is broken");
        assert_eq!(
            found.to_string(),
            "body-schema at addThing, request body /born: is number instead of string"
        );
    }
}
