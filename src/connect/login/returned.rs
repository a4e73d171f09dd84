//! What a browser brings back from the login server. Anybody can make a browser bring anything.

use std::borrow::Cow;

use ring::digest::{SHA256, digest};
use secrecy::SecretString;
use url::form_urlencoded;

use crate::{Error, ErrorKind, Result};

/// RFC 6749 section 4.1.2.1. Only these are printed: anything else could be free text.
const CODES: [&str; 7] = [
    "invalid_request",
    "unauthorized_client",
    "access_denied",
    "unsupported_response_type",
    "invalid_scope",
    "server_error",
    "temporarily_unavailable",
];

/// The code in a URL, or in its query alone, if it belongs to the login with this state.
pub(super) fn code(returned: &str, state: &str) -> Result<SecretString> {
    let query = query(returned);
    match one(query, "state")? {
        Some(theirs) if is_same(&theirs, state) => {}
        Some(_) => return Err(refused("has the state of another login; log nobody in, and start again")),
        None => return Err(refused("has no `state`, so it is not the end of a login; start again")),
    }
    match (one(query, "code")?, one(query, "error")?) {
        (Some(code), None) if is_visible(&code) => Ok(code.into_owned().into()),
        (None, Some(error)) => Err(not_logged_in(&error)),
        (Some(_), None) => Err(refused("has a `code` that none can be; start the login again")),
        (Some(_), Some(_)) => Err(refused("has a `code` and an `error`; start the login again")),
        (None, None) => Err(refused("has no `code`; start the login again")),
    }
}

fn refused(rule: &str) -> Error {
    Error::invalid_input("returned", rule)
}

/// How far the digests agree says nothing about how far the texts do, so neither does the time
/// that their comparison takes.
fn is_same(one: &str, other: &str) -> bool {
    let digest = |text: &str| digest(&SHA256, text.as_bytes());
    digest(one).as_ref() == digest(other).as_ref()
}

/// RFC 6749 appendix A.11.
fn is_visible(code: &str) -> bool {
    code.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

fn not_logged_in(error: &str) -> Error {
    let known = CODES.into_iter().find(|known| *known == error);
    let message = match known {
        Some("access_denied") => "the user or the login server did not allow the login",
        Some("server_error" | "temporarily_unavailable") => {
            "the login server failed; start the login again later"
        }
        Some("invalid_scope") => "the login server refused the scope",
        Some("unauthorized_client") => "the login server does not let users log in to this client",
        _ => "the login server refused the login",
    };
    let error = Error::new(ErrorKind::LoginFailed, message);
    if let Some(code) = known { error.with_code(code) } else { error }
}

/// The value of a parameter. One that is there twice is refused (RFC 6749 section 3.1), one that is
/// empty is not there.
fn one<'q>(query: &'q str, name: &str) -> Result<Option<Cow<'q, str>>> {
    let mut values = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == name);
    let first = values.next().map(|(_, value)| value);
    if values.next().is_some() {
        return Err(refused(&format!("has `{name}` more than once; start the login again")));
    }
    Ok(first.filter(|value| !value.is_empty()))
}

/// The query of what is a URL or a part of one, without a fragment.
fn query(returned: &str) -> &str {
    let returned = returned.split('#').next().unwrap_or_default();
    if returned.starts_with(['/', '?']) || has_scheme(returned) {
        returned.split_once('?').map_or("", |(_, query)| query)
    } else {
        returned
    }
}

fn has_scheme(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.trim_start_matches(is_part).starts_with(':')
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    const STATE: &str = "-plainly-fake-state-of-two-hundred-56-bits_";

    fn read(returned: &str) -> Result<String> {
        code(returned, STATE).map(|code| code.expose_secret().to_owned())
    }

    #[test]
    fn a_code_is_read_from_every_form_of_what_came_back() {
        for form in [
            "https://shop.example/callback?code=c%2B+1&state={}",
            "https://shop.example/callback?tenant=a&tenant=b&state={}&code=c%2b%201&iss=https%3A%2F%2Flogin.example",
            "https://shop.example/callback?code=c%2B+1&state={}#_=_",
            "example.shop.app:/callback?code=c%2B+1&state={}",
            "http://[::1]:1/?code=c%2B+1&state={}",
            "/callback?code=c%2B+1&state={}",
            "/?&&code=c%2B+1&&state={}&",
            "?code=c%2B+1&state={}",
            "code=c%2B+1&state={}",
            "state={}&code=c%2B+1&back=https://shop.example/?a",
        ] {
            let returned = form.replace("{}", STATE);
            assert_eq!(read(&returned).expect(form), "c+ 1", "{form}");
            let encoded = form.replace("{}", &STATE.replace('-', "%2D"));
            assert_eq!(read(&encoded).expect(form), "c+ 1", "{form}");
        }
    }

    #[test]
    fn what_is_not_the_end_of_this_login_is_named() {
        let short = &STATE[1..];
        let cases = [
            ("", "no `state`"),
            ("code=c", "no `state`"),
            ("code=c&state=", "no `state`"),
            ("code=c&State={}", "no `state`"),
            ("https://shop.example/callback", "no `state`"),
            ("https://shop.example/callback#code=c&state={}", "no `state`"),
            ("https:code=c&state={}", "no `state`"),
            ("code=c&state={}&state={}", "`state` more than once"),
            ("code=c&state={}&state=", "`state` more than once"),
            ("code=c&state={}&st%61te=x", "`state` more than once"),
            ("code=c&state={}x", "state of another login"),
            ("code=c&state=x{}", "state of another login"),
            ("code=c&state={}%00", "state of another login"),
            ("code=c&state=%20{}", "state of another login"),
            ("error=access_denied&state=x", "state of another login"),
            ("state={}", "no `code`"),
            ("code=&state={}", "no `code`"),
            ("code=c&code=c&state={}", "`code` more than once"),
            ("code=c&error=access_denied&state={}", "a `code` and an `error`"),
            ("error=a&error=b&state={}", "`error` more than once"),
            ("code=c%0A&state={}", "none can be"),
            ("code=%FF&state={}", "none can be"),
        ];
        for (form, words) in cases.into_iter().chain([(&*format!("code=c&state={short}"), "another login")]) {
            let error = read(&form.replace("{}", STATE)).expect_err(form);
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{form}");
            assert!(error.to_string().contains(words), "{form}: {error}");
            assert!(!error.to_string().contains(STATE), "{form}: {error}");
        }
    }

    #[test]
    fn a_refusal_has_its_code_and_no_free_text() {
        for known in CODES {
            let query = format!("error={known}&error_description=plainly-fake&error_uri=x&state={STATE}");
            let error = read(&query).expect_err(known);
            assert_eq!((error.kind(), error.code()), (ErrorKind::LoginFailed, Some(known)));
            assert!(!error.to_string().contains("plainly-fake"), "{error}");
        }
        let error = read(&format!("error=plainly-fake&state={STATE}")).expect_err("unknown");
        assert_eq!((error.kind(), error.code()), (ErrorKind::LoginFailed, None));
        assert!(!error.to_string().contains("plainly-fake"), "{error}");
    }

    /// Pieces of what could come back, put together by chance: none of it panics, and a code comes
    /// out only where the state is there once and as it was.
    #[test]
    fn no_hostile_text_gets_a_foreign_state_accepted() {
        let half = STATE.split_at(20);
        let pieces = [
            "code",
            "state",
            "error",
            "st%61te",
            "=",
            "=",
            "=",
            "&",
            "&",
            "&",
            "?",
            "#",
            "/",
            ":",
            "//",
            "%",
            "%2",
            "%00",
            "%26",
            "%3D",
            "%ff",
            "+",
            " ",
            ";",
            "\\",
            "\n",
            "\0",
            "æ",
            "\u{202e}",
            "https",
            "c",
            "access_denied",
            STATE,
            STATE,
            half.0,
            half.1,
            "[]",
            "state[]",
            "code=c",
            "&state=",
        ];
        let mut chance = fastrand::Rng::with_seed(4711);
        let mut accepted = 0;
        for round in 0..200_000 {
            let mut text = if round % 2 == 0 { "code=c&state=".to_owned() } else { String::new() };
            for _ in 0..chance.usize(0..12) {
                text.push_str(pieces[chance.usize(0..pieces.len())]);
            }
            if read(&text).is_ok() {
                accepted += 1;
                let states = query(&text).split('&').filter(|pair| {
                    let name = pair.split('=').next().unwrap_or_default();
                    matches!(name, "state" | "st%61te")
                });
                let states: Vec<_> = states.filter_map(|pair| Some(pair.split_once('=')?.1)).collect();
                assert_eq!(states, [STATE], "{text:?}");
            }
            assert!(code(&text, "another-plainly-fake-state").is_err(), "{text:?}");
        }
        assert!(accepted > 100, "{accepted} were accepted");
    }
}
