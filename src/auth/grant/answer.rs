//! What came back from a token endpoint: a token, or why there is none.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    Error, ErrorKind, Result,
    auth::Token,
    decode,
    transport::{Fault, Unanswered, hint_of_failure, tls_failure},
};

/// A token answer is a few kilobytes; whatever is longer is not one.
const LARGEST_ANSWER: usize = 256 * 1024;

/// Codes of RFC 6749 and RFC 6750. Only these are printed: a server may repeat the token in its
/// description, and anything else could be free text.
const CODES: [&str; 9] = [
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "invalid_token",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "insufficient_scope",
    "access_denied",
];

/// The printable code of an OAuth error body.
pub(crate) fn code(text: &str) -> Option<&'static str> {
    CODES.into_iter().find(|known| *known == text)
}

/// What a grant gave.
pub(in crate::auth) struct Granted {
    pub(in crate::auth) token: Token,
    pub(in crate::auth) refresh_token: Option<SecretString>,
    /// 0 and absence both mean that the server does not say.
    #[cfg_attr(not(feature = "crm-gateway"), allow(dead_code, reason = "Connect does not send it"))]
    pub(in crate::auth) refresh_lifetime: Option<Duration>,
    /// Just before the request was sent.
    #[cfg_attr(
        not(feature = "crm-gateway"),
        allow(dead_code, reason = "only Keycloak is asked when it ends")
    )]
    pub(in crate::auth) asked_at: Option<Instant>,
}

impl Granted {
    pub(super) fn counted_from(self, asked_at: Instant) -> Self {
        Self { token: self.token.counted_from_then(asked_at), asked_at: Some(asked_at), ..self }
    }

    pub(in crate::auth) fn has_ended(&self) -> bool {
        self.token.lifetime().is_some_and(|lifetime| lifetime.is_zero())
    }
}

/// Why a grant gave nothing.
pub(in crate::auth) struct Failure {
    pub(in crate::auth) error: Error,
    pub(in crate::auth) stage: Stage,
}

/// How far a token request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::auth) enum Stage {
    /// The server saw nothing.
    NotSent,
    /// The server may have carried it out: a rotated refresh token may be spent.
    PerhapsSpent,
    /// The server has no time now, and did nothing.
    Busy,
    /// The server refused the grant itself: the session is over, or the password is wrong.
    GrantRefused,
    /// The server says that it carried it out, but its answer is of no use.
    Unusable,
    /// The server refuses the client: its id, its secret or its rights.
    ClientRefused,
    /// The server refused for another reason.
    Refused,
}

impl Failure {
    pub(super) fn new(error: Error, stage: Stage) -> Self {
        Self { error, stage }
    }

    pub(super) fn may_pass(&self) -> bool {
        self.stage == Stage::PerhapsSpent || self.nothing_was_done()
    }

    /// A server without time has to say when it has some: what refuses is not asked again by guess.
    pub(super) fn nothing_was_done(&self) -> bool {
        let is_invited = self.stage == Stage::Busy && self.error.retry_after().is_some();
        self.stage == Stage::NotSent || is_invited
    }
}

pub(super) fn not_answered(unanswered: Unanswered, secure: bool) -> Failure {
    let (kind, message, stage, source) = match unanswered {
        Unanswered::Unbuildable(source) => {
            let message = "the token request cannot be built; check the token URL and the TLS features";
            (ErrorKind::Configuration, message, Stage::Refused, Some(source))
        }
        Unanswered::NotSent(source, _) => {
            let message = source.as_ref().and_then(tls_failure);
            let message = message.unwrap_or("no connection to the token endpoint");
            (ErrorKind::NotSent, message, Stage::NotSent, source)
        }
        Unanswered::Lost(source, true) => {
            (ErrorKind::Timeout, "the token endpoint did not answer in time", Stage::PerhapsSpent, source)
        }
        Unanswered::Lost(source, false) => match Fault::of(source.as_ref()) {
            Fault::HeadTooLarge => {
                let message = "the head of the token endpoint's answer is too large";
                (ErrorKind::UnexpectedAnswer, message, Stage::Unusable, source)
            }
            Fault::NotHttp => {
                let message =
                    "what the token endpoint sent is not an HTTP answer; check scheme and port of its URL";
                (ErrorKind::UnexpectedAnswer, message, Stage::PerhapsSpent, source)
            }
            Fault::Gone => {
                let message = "the connection to the token endpoint was lost";
                (ErrorKind::Server, message, Stage::PerhapsSpent, source)
            }
        },
    };
    let error = Error::new(kind, message);
    let error = match source {
        Some(source) => error.with_hint(hint_of_failure(&source, secure)).with_source(source),
        None => error,
    };
    Failure::new(error, stage)
}

pub(super) async fn bounded(mut response: reqwest::Response) -> Result<Bytes, Failure> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(None) => return Ok(body.into()),
            Ok(Some(chunk)) if body.len() + chunk.len() <= LARGEST_ANSWER => body.extend_from_slice(&chunk),
            Ok(Some(_)) => {
                let message = "the token endpoint's answer is too large";
                return Err(Failure::new(Error::new(ErrorKind::UnexpectedAnswer, message), Stage::Unusable));
            }
            Err(error) => {
                let (kind, message) = if error.is_timeout() {
                    (ErrorKind::Timeout, "the token endpoint's answer did not arrive in time")
                } else {
                    (ErrorKind::Server, "the token endpoint's answer broke off")
                };
                let error = Error::new(kind, message).with_source(error.without_url());
                return Err(Failure::new(error, Stage::PerhapsSpent));
            }
        }
    }
}

#[derive(Deserialize)]
struct Answer {
    access_token: Option<SecretString>,
    error: Option<String>,
    token_type: Option<String>,
    expires_in: Option<Box<RawValue>>,
    refresh_token: Option<SecretString>,
    refresh_expires_in: Option<Box<RawValue>>,
}

pub(super) fn granted(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Result<Granted, Failure> {
    // The body holds tokens, so it is not kept on the error.
    let refuse = |message: &'static str| {
        let error = Error::new(ErrorKind::UnexpectedAnswer, message);
        Err(Failure::new(error.with_answer(status, headers.clone(), Bytes::new()), Stage::Unusable))
    };
    let Ok(answer) = decode::json::<Answer>(body) else {
        return refuse("the token endpoint answered with something else than a token; check its URL");
    };
    let Some(access_token) = answer.access_token.filter(|token| !token.expose_secret().is_empty()) else {
        // Some gateways answer with 200 whatever is behind them says.
        if answer.error.is_some() {
            return Err(refused(status, headers.clone(), Bytes::copy_from_slice(body)));
        }
        return refuse("the token endpoint's answer has no access token");
    };
    if answer.token_type.is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer")) {
        return refuse("the token endpoint's token is no bearer token");
    }
    let mut token = Token::new(access_token.expose_secret());
    if let Some(lifetime) = answer.expires_in.and_then(|raw| seconds(&raw)) {
        token = token.expires_in(lifetime);
    }
    Ok(Granted {
        token,
        refresh_token: answer.refresh_token.filter(|token| !token.expose_secret().is_empty()),
        refresh_lifetime: answer
            .refresh_expires_in
            .and_then(|raw| seconds(&raw))
            .filter(|lifetime| !lifetime.is_zero()),
        asked_at: None,
    })
}

/// Whole seconds, as a number or as a number in a text. What ended in the past has ended, and what is
/// no number says nothing: such a token serves until it is refused.
fn seconds(raw: &RawValue) -> Option<Duration> {
    let text = raw.get().trim_matches('"').trim();
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    let number = text.parse::<f64>().ok().filter(|_| is_number)?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "ends at the bounds")]
    Some(Duration::from_secs(number as u64))
}

#[derive(Deserialize)]
struct Refusal {
    error: Option<String>,
}

/// By `error` and not by status: the same refusal came with 400 and with 401 in the course of
/// Keycloak's generations.
pub(super) fn refused(status: StatusCode, headers: HeaderMap, body: Bytes) -> Failure {
    let refusal = decode::json::<Refusal>(&body).ok().and_then(|refusal| refusal.error);
    let speaks_oauth = refusal.is_some();
    let code = refusal.as_deref().and_then(code);
    let (kind, message, stage) = match (code, status.as_u16()) {
        (Some("invalid_grant" | "invalid_token"), _) => {
            (ErrorKind::LoginFailed, "the login or session was refused", Stage::GrantRefused)
        }
        (Some("invalid_client" | "unauthorized_client"), _) => (
            ErrorKind::LoginFailed,
            "the token endpoint refused the client; check its id, its secret and the grants it may use",
            Stage::ClientRefused,
        ),
        (_, 429) => (ErrorKind::RateLimited, "too many token requests", Stage::Busy),
        (_, 500..=599) => (ErrorKind::Server, "the token endpoint failed", Stage::PerhapsSpent),
        (_, 404) => (
            ErrorKind::LoginFailed,
            "there is no token endpoint at this URL; check realm and prefix",
            Stage::Refused,
        ),
        (_, 300..=399) => (
            ErrorKind::LoginFailed,
            "the token endpoint redirects, which is never followed; check its URL",
            Stage::Refused,
        ),
        _ if speaks_oauth => {
            (ErrorKind::LoginFailed, "the token endpoint refused the request", Stage::Refused)
        }
        _ => (
            ErrorKind::UnexpectedAnswer,
            "the token endpoint refused in words that are not OAuth's; is there a gateway in front of it?",
            Stage::Refused,
        ),
    };
    let error = Error::new(kind, message).with_answer(status, headers, body);
    Failure::new(if let Some(code) = code { error.with_code(code) } else { error }, stage)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_all_generations_are_read() {
        let read = |body: &'static str| granted(StatusCode::OK, &HeaderMap::new(), body.as_bytes());
        let full = read(
            r#"{"access_token":"a","expires_in":"60","refresh_expires_in":1800,"refresh_token":"r","token_type":"bearer","not-before-policy":0}"#,
        );
        let full = full.map_err(|failure| failure.error).expect("valid");
        assert_eq!(full.token.lifetime(), Some(Duration::from_secs(60)));
        assert_eq!(full.refresh_lifetime, Some(Duration::from_secs(1800)));
        let bare = read(r#"{"access_token":"a","refresh_expires_in":0}"#)
            .map_err(|failure| failure.error)
            .expect("valid");
        assert!(
            bare.token.lifetime().is_none()
                && bare.refresh_lifetime.is_none()
                && bare.refresh_token.is_none()
        );
        for bad in
            ["", "<html>", "{}", r#"{"access_token":""}"#, r#"{"access_token":"a","token_type":"mac"}"#]
        {
            let failure = read(bad).err().expect(bad);
            assert_eq!(failure.error.kind(), ErrorKind::UnexpectedAnswer);
            assert!(failure.error.body().is_empty(), "no token stays on the error");
        }
    }

    #[test]
    fn refusals_are_classified_by_code_and_their_text_is_not_printed() {
        let read = |status, body: &'static str| {
            let status = StatusCode::from_u16(status).expect("a status");
            refused(status, HeaderMap::new(), Bytes::from_static(body.as_bytes()))
        };
        for status in [400, 401] {
            let failure = read(status, r#"{"error":"invalid_grant","error_description":"secret-token"}"#);
            assert_eq!(failure.stage, Stage::GrantRefused);
            assert!(!failure.error.to_string().contains("secret-token"));
            assert_eq!(read(status, r#"{"error":"unauthorized_client"}"#).stage, Stage::ClientRefused);
            assert_eq!(read(status, r#"{"error":"invalid_token"}"#).stage, Stage::GrantRefused);
        }
        assert_eq!(read(503, "").stage, Stage::PerhapsSpent);
        assert_eq!(read(404, r#"{"error":"Realm does not exist"}"#).error.code(), None);
        assert_eq!(read(403, r#"{"error":"access_denied"}"#).error.kind(), ErrorKind::LoginFailed);
        for (status, body) in [(403, "<html>"), (400, "{}"), (401, "")] {
            assert_eq!(read(status, body).error.kind(), ErrorKind::UnexpectedAnswer, "{status} {body}");
        }
    }
}
