//! What Connect's error bodies say.

use serde::Deserialize;

use crate::{
    auth::oauth_code,
    decode,
    response::Raw,
    transport::{Reading, Refusal},
};

#[derive(Deserialize)]
struct Body {
    error: Option<String>,
}

/// Reads an answer for the transport. `exceptionType` has no known values and `errorMessage` may
/// quote a phone number, so only the codes of OAuth are passed on.
pub(super) fn read(raw: &Raw) -> Reading {
    if raw.status.is_success() {
        return Reading::default();
    }
    let error = decode::json::<Body>(&raw.body).ok().and_then(|body| body.error);
    let code = error.as_deref().and_then(oauth_code);
    Reading {
        refusal: if raw.status.as_u16() == 401 { Refusal::Token } else { Refusal::None },
        message: match raw.status.as_u16() {
            400 => Some(
                "Connect refused the request; are the enterprise, the order type and the channel known there?",
            ),
            403 => {
                Some("Connect refused the login; user calls need a user's token, shields the client's own")
            }
            405 => Some("Connect knows the path with another method; see `method_of` of the builder"),
            429 => Some("more than 100 calls in a second or 2,000 in a minute"),
            _ => None,
        },
        code: code.map(Into::into),
        ..Reading::default()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, StatusCode};

    use super::*;

    #[test]
    fn only_the_codes_of_oauth_are_passed_on() {
        let reading = |status, body: &'static str| {
            let status = StatusCode::from_u16(status).expect("a status");
            let body = Bytes::from_static(body.as_bytes());
            read(&Raw { status, headers: HeaderMap::new(), body, attempts: 1, correlation_id: None })
        };
        let refused =
            reading(401, r#"{"error":"invalid_token","error_description":"Invalid access token: x"}"#);
        assert_eq!((refused.code.as_deref(), refused.refusal), (Some("invalid_token"), Refusal::Token));
        assert_eq!(reading(400, r#"{"exceptionType":"E","errorMessage":"+4712345678"}"#).code, None);
        assert_eq!(reading(400, r#"{"error":"+4712345678"}"#).code, None);
        assert_eq!(reading(403, r#"{"error":"access_denied"}"#).refusal, Refusal::None);
    }
}
