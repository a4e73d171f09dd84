//! A token endpoint that refuses, fails, or repeats what it was told.

use std::time::Duration;

use serde_json::json;

use super::{
    logins::{self, USUAL, http, json, nothing, tokens, well},
    room::{Room, Told},
    secrets::{ACCESS, PASSWORD, REFRESH, all_in_one_line},
    server::Server,
};

/// Whether the row ends in an error whatever the login.
#[derive(PartialEq, Eq)]
pub(crate) enum Ends {
    Badly,
    /// The answer has a safe reading.
    Either,
}
use Ends::{Badly, Either};

/// The answer, made of one line with all secrets and with the request as it came.
pub(crate) type Make = fn(&str) -> Vec<u8>;

fn page(body: &str) -> String {
    format!("<html><body>{body}</body></html>")
}

/// A good answer but for one field.
fn tokens_with(field: &str, value: serde_json::Value) -> Vec<u8> {
    let mut all = tokens();
    all[field] = value;
    json(200, &all)
}

pub(crate) const ROWS: &[(&str, Ends, Make)] = &[
    ("wrong password, as old servers say it", Badly, |_| json(401, &json!({ "error": "invalid_grant" }))),
    ("wrong password, as new servers say it", Badly, |_| json(400, &json!({ "error": "invalid_grant" }))),
    ("unknown client", Badly, |_| json(401, &json!({ "error": "invalid_client" }))),
    ("grant not allowed", Badly, |_| json(400, &json!({ "error": "unauthorized_client" }))),
    ("page instead of a token", Badly, |all| http(200, &[("content-type", "text/html")], &page(all))),
    ("page of a gateway", Badly, |all| http(502, &[("content-type", "text/html")], &page(all))),
    ("500 with the request in it", Badly, |all| http(500, &[], all)),
    ("503 with a wait that is a secret", Badly, |all| http(503, &[("retry-after", all)], all)),
    ("429 with a wait that is a secret", Badly, |all| http(429, &[("retry-after", all)], all)),
    ("secret as `error`", Badly, |all| json(400, &json!({ "error": all }))),
    ("password as `error`", Badly, |_| json(401, &json!({ "error": PASSWORD }))),
    ("token as `error`", Badly, |_| json(400, &json!({ "error": ACCESS }))),
    ("secret in `error_description`", Badly, |all| {
        json(401, &json!({ "error": "invalid_grant", "error_description": all }))
    }),
    ("token in `error_description`", Badly, |_| {
        json(
            400,
            &json!({ "error": "invalid_token", "error_description": format!("Invalid token: {REFRESH}") }),
        )
    }),
    ("secret in `error_uri` and in an unknown field", Badly, |all| {
        json(400, &json!({ "error": "invalid_request", "error_uri": all, all: all }))
    }),
    ("secret in every header", Badly, |all| {
        let names =
            ["www-authenticate", "location", "set-cookie", "x-correlation-id", "server", "content-type"];
        http(401, &names.map(|name| (name, all)), "{\"error\":\"invalid_client\"}")
    }),
    ("challenge with the token", Badly, |_| {
        let challenge = format!("Bearer error=\"invalid_token\", error_description=\"{ACCESS}\"");
        http(401, &[("www-authenticate", &challenge)], "")
    }),
    ("redirect with the form in its address", Badly, |all| {
        http(302, &[("location", &format!("https://login.example/?{all}"))], all)
    }),
    ("secret as the reason of a status", Badly, |all| {
        format!("HTTP/1.1 401 {all}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").into_bytes()
    }),
    ("secret as the reason of a success", Badly, |all| {
        format!("HTTP/1.1 200 {all}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").into_bytes()
    }),
    ("no body", Badly, |_| http(200, &[], "")),
    ("token in an object", Badly, |_| tokens_with("access_token", json!({ "value": ACCESS }))),
    ("token in a list", Badly, |_| tokens_with("access_token", json!([ACCESS]))),
    ("answer in a list", Badly, |_| json(200, &json!([tokens()]))),
    ("answer in a field", Badly, |_| json(200, &json!({ "result": tokens() }))),
    ("token as the whole answer", Badly, |_| json(200, &json!(ACCESS))),
    ("token as the name of a field", Badly, |_| json(200, &json!({ ACCESS: REFRESH }))),
    ("token as the token type", Badly, |_| tokens_with("token_type", json!(ACCESS))),
    ("token as the lifetime", Either, |_| tokens_with("expires_in", json!(ACCESS))),
    ("token as the lifetime of the session", Either, |_| tokens_with("refresh_expires_in", json!(REFRESH))),
    ("refresh token in an object", Either, |_| tokens_with("refresh_token", json!({ "value": REFRESH }))),
    ("empty token", Badly, |_| tokens_with("access_token", json!(""))),
    ("token with a line break", Badly, |_| tokens_with("access_token", json!(format!("{ACCESS}\n")))),
    ("token with a zero", Badly, |_| tokens_with("access_token", json!(format!("{ACCESS}\0{ACCESS}")))),
    ("token with a header behind it", Badly, |_| {
        tokens_with("access_token", json!(format!("{ACCESS}\r\nx-more: {REFRESH}")))
    }),
    ("token with spaces and letters", Badly, |all| tokens_with("access_token", json!(all))),
    ("token that has expired on arrival", Either, |_| tokens_with("expires_in", json!(0))),
    ("token answer cut within its JSON", Badly, |_| {
        let text = tokens().to_string();
        http(200, &[], &text[..text.len() - 9])
    }),
    ("token answer cut within a text", Badly, |_| {
        let text = tokens().to_string();
        http(200, &[], &text[..text.find(REFRESH).unwrap_or(0) + 30])
    }),
    ("token answer that breaks off", Badly, |_| {
        let text = tokens().to_string();
        format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{text}", text.len() + 5).into_bytes()
    }),
    ("token answer in chunks that break off", Badly, |_| {
        format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n400\r\n{}", tokens()).into_bytes()
    }),
    ("token as the length of a chunk", Badly, |_| {
        format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{ACCESS}\r\n{REFRESH}").into_bytes()
    }),
    ("token answer that is too long", Badly, |_| {
        tokens_with("access_token", json!(ACCESS.repeat(300 * 1024 / ACCESS.len())))
    }),
    ("not HTTP but the request again", Badly, |all| format!("{all}\r\n\r\n").into_bytes()),
    ("version of HTTP that is a secret", Badly, |_| format!("HTTP/{ACCESS} 200 OK\r\n\r\n").into_bytes()),
    ("header without a name but with a token", Badly, |_| {
        format!("HTTP/1.1 200 OK\r\n{ACCESS}\r\n: {REFRESH}\r\n\r\n").into_bytes()
    }),
    ("length that is a token", Badly, |_| {
        format!("HTTP/1.1 200 OK\r\ncontent-length: {ACCESS}\r\n\r\n{REFRESH}").into_bytes()
    }),
    ("head that is too large", Badly, |all| {
        format!("HTTP/1.1 200 OK\r\nx-all: {}\r\n\r\n", all.repeat(600 * 1024 / all.len())).into_bytes()
    }),
    ("closed at once", Badly, |_| Vec::new()),
];

#[tokio::test]
async fn no_refusal_of_a_token_endpoint_is_repeated() {
    let server = Server::start().await;
    let mut room = Room::enter().await;
    for (name, ends, make) in ROWS {
        for login in logins::ALL {
            let mut told = Told::default();
            let answer = move |request: &super::server::Request| {
                if !request.is_login() {
                    return Some(json(200, &nothing()));
                }
                Some(make(&format!("{} {}", all_in_one_line(), request.in_one_line())))
            };
            login.drive(&server, USUAL, answer, &mut told).await;
            assert!(told.errors > 0 || *ends == Either, "{name} for {login:?}");
            room.row(format!("{name}, {login:?}"), &told);
        }
    }
    room.leave(ROWS.len() * logins::ALL.len());
}

#[tokio::test]
async fn no_login_that_goes_well_or_gets_no_answer_is_told() {
    let server = Server::start().await;
    let mut room = Room::enter().await;
    for login in logins::ALL {
        let mut told = Told::default();
        login.drive(&server, USUAL, well, &mut told).await;
        assert_eq!(told.errors, 0, "{login:?}");
        room.row(format!("well, {login:?}"), &told);
        let mut told = Told::default();
        login.drive(&server, Duration::from_millis(50), |_| None, &mut told).await;
        assert!(told.errors > 0, "{login:?}");
        room.row(format!("no answer, {login:?}"), &told);
    }
    room.leave(2 * logins::ALL.len());
}
