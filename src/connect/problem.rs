//! What Connect's error bodies say.

use std::fmt;

use serde::Deserialize;

use crate::{
    auth::oauth_code,
    decode,
    error::body::error_body,
    field::text_if_any,
    response::Raw,
    transport::{Asked, Login, Reading, Refusal},
};

/// Which kind of error body it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProblemShape {
    /// The API's: `exceptionType` and `errorMessage`. Not documented; seen in public client code
    /// with status 400.
    Api,
    /// The login's: `error` and `error_description`, as in OAuth 2.0. Not documented for the API;
    /// seen in public client code with status 401.
    Login,
}

/// An error body of Connect, in either shape: `error.problem::<connect::Problem>()`.
///
/// ```
/// use entitlements::{
///     Error, ErrorKind,
///     connect::{Problem, ProblemShape},
/// };
///
/// let body = r#"{"exceptionType":"ExampleException","errorMessage":"Unknown enterprise"}"#;
/// let error = Error::new(ErrorKind::Rejected, "").with_body(body);
/// let problem: Problem = error.problem().expect("an error body of Connect");
/// assert_eq!(problem.shape(), ProblemShape::Api);
/// assert_eq!(problem.exception_type.as_deref(), Some("ExampleException"));
///
/// let refused = Error::new(ErrorKind::LoginFailed, "").with_body(r#"{"error":"invalid_token"}"#);
/// assert_eq!(refused.problem::<Problem>().and_then(|problem| problem.code()), Some("invalid_token"));
///
/// let page = Error::new(ErrorKind::Server, "").with_body("<html>");
/// assert!(page.problem::<Problem>().is_none());
/// ```
///
/// Source of the fields: [`ProblemShape`]. Assumption: other errors of the API have the same
/// fields, or are no problem at all.
///
/// A field of an unexpected shape counts as absent, unlike in [`model::ApiError`](super::model::ApiError)
/// and [`model::OAuthError`](super::model::OAuthError), which are the specification's own shapes.
/// `Debug` shows the shape and the code only:
/// `errorMessage` can quote a phone number, and `error_description` a token.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(remote = "Self")]
#[non_exhaustive]
pub struct Problem {
    /// The kind of error. Its values are unknown: log it if you must, do not decide on it.
    #[serde(default, rename = "exceptionType", deserialize_with = "text_if_any")]
    pub exception_type: Option<String>,
    /// A text for people. It can quote the phone number or e-mail address of the request.
    #[serde(default, rename = "errorMessage", deserialize_with = "text_if_any")]
    pub error_message: Option<String>,
    /// The code of OAuth; see [`code`](Self::code).
    #[serde(default, deserialize_with = "text_if_any")]
    pub error: Option<String>,
    /// A text for people. Assumption: it can repeat the token, so never log it.
    #[serde(default, deserialize_with = "text_if_any")]
    pub error_description: Option<String>,
}

error_body!(Problem: exception_type || error_message || error);

impl Problem {
    /// Which of the two shapes it has. A body with fields of both is the API's.
    #[must_use]
    pub fn shape(&self) -> ProblemShape {
        let of_api = self.exception_type.is_some() || self.error_message.is_some();
        if of_api { ProblemShape::Api } else { ProblemShape::Login }
    }

    /// The code, if it is one that the standards of OAuth 2.0 define, such as `invalid_token` or
    /// `insufficient_scope` (RFC 6749, RFC 6750). The API's own shape has no code.
    #[must_use]
    pub fn code(&self) -> Option<&'static str> {
        self.error.as_deref().and_then(oauth_code)
    }
}

impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Problem")
            .field("shape", &self.shape())
            .field("code", &self.code())
            .finish_non_exhaustive()
    }
}

/// Reads an answer for the transport. `exceptionType` has no known values and `errorMessage` may
/// quote a phone number, so only the codes of OAuth are passed on.
pub(super) fn read(raw: &Raw, asked: &Asked<'_>) -> Reading {
    if raw.status.is_success() {
        return Reading::default();
    }
    let problem: Option<Problem> = decode::json(&raw.body).ok();
    let code = problem.as_ref().and_then(Problem::code);
    Reading {
        refusal: if raw.status.as_u16() == 401 { Refusal::Token } else { Refusal::None },
        message: match raw.status.as_u16() {
            400 => Some(
                "Connect refused the request; are the enterprise, the order type and the channel known there?",
            ),
            403 => Some("Connect refused the login for this call"),
            405 => Some("Connect knows the path with another method; see `method_of` of the builder"),
            429 => Some("more than 100 calls in a second or 2,000 in a minute"),
            _ => None,
        },
        hint: matches!(raw.status.as_u16(), 401 | 403).then(|| login_hint(asked.info.login)).flatten(),
        code: code.map(Into::into),
        ..Reading::default()
    }
}

/// Which login the operation needs. The vendor documents no answer for a token of the other one.
fn login_hint(login: Login) -> Option<&'static str> {
    match login {
        Login::User => Some(
            "this operation needs the token of a user who logged in, not the application's own; see `as_user`",
        ),
        Login::Client => {
            Some("this operation needs the application's own token, not that of a user; see `client_login`")
        }
        Login::Jwt | Login::Keycloak => None,
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, StatusCode};
    use reqwest::Url;

    use super::*;
    use crate::{
        Error, ErrorKind,
        generated::connect::op,
        transport::{Operation, OperationInfo},
    };

    fn reading_of(info: &OperationInfo, status: u16, body: &'static str) -> Reading {
        let status = StatusCode::from_u16(status).expect("a status");
        let base = Url::parse("https://api.mediaconnect.no/capi").expect("a URL");
        read(&Raw::new(status, HeaderMap::new(), body.into()), &Asked { info, base: &base })
    }

    fn reading(status: u16, body: &'static str) -> Reading {
        reading_of(op::ListGlobalPermissions::INFO, status, body)
    }

    fn problem(body: &'static str) -> Option<Problem> {
        Error::new(ErrorKind::Rejected, "").with_body(body).problem()
    }

    #[test]
    fn only_the_codes_of_oauth_are_passed_on() {
        let refused =
            reading(401, r#"{"error":"invalid_token","error_description":"Invalid access token: x"}"#);
        assert_eq!((refused.code.as_deref(), refused.refusal), (Some("invalid_token"), Refusal::Token));
        assert_eq!(reading(400, r#"{"exceptionType":"E","errorMessage":"+4712345678"}"#).code, None);
        assert_eq!(reading(400, r#"{"error":"+4712345678"}"#).code, None);
        assert_eq!(reading(403, r#"{"error":"access_denied"}"#).refusal, Refusal::None);
    }

    #[test]
    fn a_refused_token_is_hinted_at_by_the_login_that_the_operation_needs() {
        let operations = [
            (op::ListGlobalPermissions::INFO, "token of a user"),
            (op::ChangeOrderTypePermissions::INFO, "token of a user"),
            (op::ShieldEnterprise::INFO, "the application's own token"),
        ];
        for (info, words) in operations {
            for status in [401, 403] {
                let hint = reading_of(info, status, "").hint.expect("a hint");
                assert!(hint.contains(words), "{}: {hint}", info.name);
            }
            for status in [200, 400, 404, 405, 429, 500] {
                assert_eq!(reading_of(info, status, r#"{"error":"access_denied"}"#).hint, None);
            }
        }
    }

    #[test]
    fn each_shape_is_recognised_whatever_the_types_of_its_fields() {
        use ProblemShape::{Api, Login};
        let cases = [
            (r#"{"exceptionType":"E","errorMessage":"m"}"#, Api, None),
            (r#"{"errorMessage":7,"exceptionType":{}}"#, Api, None),
            (r#"{"error":"invalid_token","error_description":"d"}"#, Login, Some("invalid_token")),
            (r#"{"error":"insufficient_scope","error_description":[]}"#, Login, Some("insufficient_scope")),
            (r#"{"error":"+4712345678"}"#, Login, None),
            (r#"{"exceptionType":"E","error":"access_denied"}"#, Api, Some("access_denied")),
        ];
        for (body, shape, code) in cases {
            let problem = problem(body).expect(body);
            assert_eq!((problem.shape(), problem.code()), (shape, code), "{body}");
        }
    }

    #[test]
    fn what_has_no_field_of_either_shape_is_no_problem() {
        for body in [
            "",
            "null",
            "[]",
            "{}",
            "<html>",
            r#"["E","m"]"#,
            r#"{"error_description":"d"}"#,
            r#"{"error":[]}"#,
        ] {
            assert_eq!(problem(body), None, "{body}");
        }
    }

    #[test]
    fn debug_shows_no_text() {
        let body =
            r#"{"exceptionType":"MARK","errorMessage":"MARK","error":"MARK","error_description":"MARK"}"#;
        let problem = problem(body).expect("a problem");
        assert!(!format!("{problem:?} {problem:#?}").contains("MARK"), "{problem:?}");
    }
}
