//! The search finds every form, whatever stands around it.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD},
};
use entitlements::fakes::symphony::PLAINLY_FAKE_KEY;

use super::{
    capture,
    finder::Finder,
    forms,
    room::Room,
    secrets::{ACCESS, CLIENT, CLIENT_SECRET, PASSWORD, REFRESH, USER_ACCESS},
};

fn finder(secret: &str) -> Finder {
    let mut finder = Finder::default();
    finder.add("it", secret);
    finder
}

#[track_caller]
fn assert_found(secret: &str, what: &str, text: &str) {
    let finder = finder(secret);
    for text in [text.to_owned(), format!("before {text} behind"), format!("\u{f8}\u{f8}{text}\u{f8}")] {
        assert!(!finder.find(&text).is_empty(), "{what}: {text}");
    }
}

/// By hand, so that the search is not compared with itself.
#[test]
fn every_form_of_a_password_is_found() {
    for (what, text) in [
        ("raw", "pw fake+%41 \u{f8}/\"(1)!~Zq7"),
        ("a form", "pw+fake%2B%2541+%C3%B8%2F%22%281%29%21%7EZq7"),
        ("a form with %20", "pw%20fake%2B%2541%20%C3%B8%2F%22%281%29%21%7EZq7"),
        ("encodeURIComponent", "pw%20fake%2B%2541%20%C3%B8%2F%22(1)!~Zq7"),
        ("RFC 3986", "pw%20fake%2B%2541%20%C3%B8%2F%22%281%29%21~Zq7"),
        ("small escapes", "pw%20fake%2b%2541%20%c3%b8%2f%22%281%29%21~Zq7"),
        ("user info of a URL", "pw%20fake+%41%20%C3%B8%2F%22(1)!~Zq7"),
        ("JSON", "pw fake+%41 \u{f8}/\\\"(1)!~Zq7"),
        ("JSON in ASCII", "pw fake+%41 \\u00f8/\\\"(1)!~Zq7"),
        ("JSON in ASCII, capitals", "pw fake+%41 \\u00F8/\\\"(1)!~Zq7"),
        ("JSON with slashes", "pw fake+%41 \u{f8}\\/\\\"(1)!~Zq7"),
        ("bytes", "pw fake+%41 \\xc3\\xb8/\\\"(1)!~Zq7"),
        ("hex", "70772066616b652b25343120c3b82f22283129217e5a7137"),
        ("hex, capitals", "70772066616B652B25343120C3B82F22283129217E5A7137"),
        (
            "list",
            "[112, 119, 32, 102, 97, 107, 101, 43, 37, 52, 49, 32, 195, 184, 47, 34, 40, 49, 41, 33, 126, 90, 113, 55]",
        ),
    ] {
        assert_found(PASSWORD, what, text);
    }
    let url = {
        let mut url = reqwest::Url::parse("http://proxy.example").expect("a URL");
        url.set_password(Some(PASSWORD)).expect("a base");
        url.to_string()
    };
    assert_found(PASSWORD, "the URL's own", &url);
    let mut url = reqwest::Url::parse("http://proxy.example").expect("a URL");
    url.query_pairs_mut().append_pair("password", PASSWORD);
    assert_found(PASSWORD, "a query", url.as_str());
    url.set_query(Some(PASSWORD));
    assert_found(PASSWORD, "a query by hand", url.as_str());
    url.set_path(PASSWORD);
    assert_found(PASSWORD, "a path", url.as_str());
    let bytes = PASSWORD.as_bytes();
    assert_found(PASSWORD, "Debug", &format!("{PASSWORD:?}"));
    assert_found(PASSWORD, "Debug of a text in a text", &format!("{:?}", format!("{PASSWORD:?}")));
    assert_found(PASSWORD, "Debug of bytes", &format!("{bytes:?}"));
    assert_found(PASSWORD, "Debug of bytes, with line breaks", &format!("{bytes:#?}"));
    assert_found(PASSWORD, "Debug of Bytes", &format!("{:?}", bytes::Bytes::from_static(bytes)));
    let header = http::HeaderValue::from_bytes(b"cs-plainly-fake-\xfe");
    assert_found("cs-plainly-fake-", "Debug of a header", &format!("{:?}", header.expect("a header")));
}

#[test]
fn basic_credentials_are_found_wherever_they_are_cut() {
    let form = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    for pair in [
        format!("{CLIENT}:{CLIENT_SECRET}"),
        format!("{}:{}", form(CLIENT), form(CLIENT_SECRET)),
        // The three places at which it can begin in a group of three.
        format!("a:{CLIENT_SECRET}"),
        format!("ab:{CLIENT_SECRET}"),
        format!("abc:{CLIENT_SECRET}"),
        format!("a:{}", form(CLIENT_SECRET)),
        format!("ab:{}", form(CLIENT_SECRET)),
        format!("abc:{}", form(CLIENT_SECRET)),
    ] {
        for behind in ["", "&", "&x", "&xy"] {
            let pair = format!("{pair}{behind}");
            for engine in [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD] {
                assert_found(CLIENT_SECRET, &pair, &engine.encode(&pair));
            }
        }
    }
}

/// What is only found by its place, and never by another one's.
#[test]
fn base64_differs_by_the_offset() {
    let names: Vec<_> = forms::of(CLIENT_SECRET.as_bytes()).into_iter().map(|(name, _)| name).collect();
    for before in 0..3 {
        let text = STANDARD.encode(format!("{}{CLIENT_SECRET}", "x".repeat(before)));
        let found = finder(CLIENT_SECRET).find(&text);
        let found: Vec<_> = found.iter().map(|found| found.form.as_str()).collect();
        let expected = format!("base64 of raw, {before} bytes before it");
        assert!(found.contains(&expected.as_str()) && names.contains(&expected), "{before}: {found:?}");
        let other = format!("base64 of raw, {} bytes before it", (before + 1) % 3);
        assert!(!found.contains(&other.as_str()), "{before}: {found:?}");
    }
}

#[test]
fn each_part_of_a_token_is_found_by_itself() {
    for token in [ACCESS, REFRESH] {
        let parts: Vec<_> = token.split('.').collect();
        assert_eq!(parts.len(), 3);
        for part in parts {
            assert_found(token, "a part", part);
            assert_found(token, "a part in base64", &STANDARD.encode(format!("Bearer {part}")));
            let decoded = String::from_utf8(URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("text");
            assert_found(token, "a part, decoded", &decoded);
            assert_found(token, "a part, decoded and escaped", &format!("{decoded:?}"));
        }
        assert_found(token, "a beginning", &format!("{}…", &token[..12]));
        assert_found(token, "an end", &format!("…{}", &token[token.len() - 12..]));
    }
    assert_found(USER_ACCESS, "in a form", "token=ua%2Bfake%2F77e1%7EJd0-plainly-not-a-token%3D%3D&a=b");
}

#[test]
fn each_line_of_a_key_is_found_in_any_base64() {
    let mut finder = Finder::default();
    finder.add_key("key", PLAINLY_FAKE_KEY);
    let body: String = PLAINLY_FAKE_KEY.lines().filter(|line| !line.starts_with('-')).collect();
    let der = STANDARD.decode(&body).expect("base64");
    let lines = PLAINLY_FAKE_KEY.lines().filter(|line| line.len() == 64);
    assert!(lines.clone().count() > 20);
    for line in lines {
        assert!(!finder.find(line).is_empty(), "{line}");
    }
    for text in [body, format!("{der:?}"), format!("{der:02x?}").replace(", ", "")] {
        assert!(finder.find(&text).len() > 20, "{text}");
    }
    for before in 0..3 {
        let text = STANDARD.encode([&[7; 2][..before.min(2)], &der[..]].concat());
        assert!(finder.find(&text).len() > 20, "{before}: {text}");
    }
}

#[test]
fn what_is_harmless_is_not_found() {
    let finder = super::secrets::finder();
    for text in [
        "",
        "crm_client",
        "Bearer",
        "POST /token 401 invalid_grant",
        "Keycloak { endpoint: TokenEndpoint { url: Ok(\"http://127.0.0.1\"), client_id: \"crm_client\", .. }, .. }",
        "application/x-www-form-urlencoded",
    ] {
        assert_eq!(finder.find(text), std::collections::BTreeSet::new());
    }
}

/// Without this, a log that nobody collects would hold no secrets.
#[tokio::test]
async fn spans_events_and_logs_of_all_crates_are_collected() {
    let room = Room::enter().await;
    let finder = finder(PASSWORD);
    let told: [(&str, &(dyn Fn() + Sync)); 7] = [
        ("text", &|| tracing::trace!(target: "finds", text = PASSWORD)),
        ("bytes", &|| tracing::trace!(target: "finds", text = ?PASSWORD.as_bytes())),
        ("message", &|| tracing::trace!(target: "finds", "{PASSWORD}")),
        ("error", &|| {
            let error = std::io::Error::other(PASSWORD);
            tracing::trace!(target: "finds", error = &error as &(dyn std::error::Error + 'static));
        }),
        ("span", &|| drop(tracing::trace_span!(target: "finds", "span", text = PASSWORD))),
        ("span, later", &|| {
            let span = tracing::trace_span!(target: "finds", "span", text = tracing::field::Empty);
            span.record("text", PASSWORD);
        }),
        ("log", &|| log::trace!(target: "finds", "{PASSWORD}")),
    ];
    for (what, tell) in told {
        capture::take();
        // From another thread, too.
        std::thread::scope(|scope| scope.spawn(tell).join()).expect("no panic");
        assert!(!finder.find(&capture::take()).is_empty(), "{what}");
    }
    room.leave(0);
}
