//! What the gateway's error bodies say, in both shapes that were seen.

use serde::Deserialize;

use crate::{
    decode,
    response::Raw,
    transport::{Reading, Refusal},
};

/// The body of a refusal is short; a page of entitlements is not looked at.
const LONGEST_REFUSAL: usize = 4096;

#[derive(Deserialize)]
struct Body {
    #[serde(rename = "errorCode", default, deserialize_with = "crate::field::integer")]
    error_code: Option<i64>,
    #[serde(rename = "resultCode", default, deserialize_with = "crate::field::text")]
    result_code: Option<String>,
}

/// Reads an answer for the transport.
///
/// 401 and 403 both mean that the token was refused, and some deployments say so with status 200
/// and a `resultCode`. Whether it is the token or the right that is missing, only a fresh token
/// tells.
pub(super) fn read(raw: &Raw) -> Reading {
    if raw.status.is_success() {
        return refusal_in_success(raw);
    }
    let body: Option<Body> = decode::json(&raw.body).ok();
    let code = body.and_then(|body| {
        body.result_code.filter(|code| is_code(code)).or(body.error_code.map(|code| code.to_string()))
    });
    let refused = matches!(raw.status.as_u16(), 401 | 403);
    Reading {
        code: code.map(Into::into),
        refusal: if refused { Refusal::Token } else { Refusal::None },
        message: words(raw.status.as_u16()),
        ..Reading::default()
    }
}

fn refusal_in_success(raw: &Raw) -> Reading {
    let looks_like_it = raw.body.len() <= LONGEST_REFUSAL && contains(&raw.body, b"\"resultCode\"");
    let code = looks_like_it.then(|| decode::json::<Body>(&raw.body).ok()?.result_code).flatten();
    let Some(code) = code else { return Reading::default() };
    Reading {
        code: is_code(&code).then(|| code.into()),
        refusal: Refusal::Token,
        message: Some("the gateway refused the token, in a body with status 200"),
        ..Reading::default()
    }
}

/// `99999:403`, for example: digits and colons, so no free text.
fn is_code(text: &str) -> bool {
    !text.is_empty() && text.len() <= 32 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b':')
}

fn words(status: u16) -> Option<&'static str> {
    Some(match status {
        400 => "the gateway refused the request; check filter, sort and limits",
        401 | 403 => {
            "the gateway refused the token, also after a renewal; does the account have the role `operatorRole`?"
        }
        404 => "the tenant or the entitlement does not exist; an empty listing can say the same",
        _ => return None,
    })
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, StatusCode};

    use super::*;

    fn reading(status: u16, body: &'static str) -> Reading {
        let status = StatusCode::from_u16(status).expect("a status");
        let body = Bytes::from_static(body.as_bytes());
        read(&Raw { status, headers: HeaderMap::new(), body, attempts: 1, correlation_id: None })
    }

    const SHAPE_B: &str = r#"{"resultCode":"99999:403","localeMessage":"none","requestId":"1","result":"x"}"#;

    #[test]
    fn both_shapes_have_a_code() {
        assert_eq!(
            reading(400, r#"{"code":400,"errorCode":1001,"message":"m"}"#).code.as_deref(),
            Some("1001")
        );
        assert_eq!(reading(403, SHAPE_B).code.as_deref(), Some("99999:403"));
        assert_eq!(reading(403, r#"{"resultCode":"ada@acme.example"}"#).code, None);
        assert_eq!(reading(502, "<html>").code, None);
    }

    #[test]
    fn a_refused_token_in_three_disguises() {
        assert_eq!(reading(401, "").refusal, Refusal::Token);
        assert_eq!(reading(403, "<html>").refusal, Refusal::Token);
        assert_eq!(reading(200, SHAPE_B).refusal, Refusal::Token);
        let in_words = reading(200, r#"{"resultCode":"FORBIDDEN acc-1"}"#);
        assert_eq!((in_words.refusal, in_words.code), (Refusal::Token, None));
        assert_eq!(reading(200, r#"{"totalRecords":0,"resourceSet":[]}"#).refusal, Refusal::None);
        assert_eq!(reading(404, "").refusal, Refusal::None);
    }
}
