//! What the gateway's error bodies say, in both shapes that were seen.

use std::fmt;

use serde::Deserialize;

use crate::{
    decode,
    error::body::error_body,
    field::{integer_if_any, text_if_any},
    open_enum::open_enum,
    response::Raw,
    transport::{Asked, Reading, Refusal},
};

/// The body of a refusal is short; a page of entitlements is not looked at.
const LONGEST_REFUSAL: usize = 4096;

open_enum! {
    /// The code of a problem: the `resultCode` or the `errorCode` of an error body.
    ///
    /// The vendor's list is not public. Known are the one value that its pages print and those
    /// that public client code met; any other is kept as [`ProblemCode::Unknown`].
    pub enum ProblemCode {
        /// The layer in front of the service refused the token. Source: a page of the vendor.
        TokenRefused = "99999:403",
        /// The request is wrong, for example its filter. Seen in public client code of the
        /// service behind the gateway. Assumption: the gateway passes it on.
        BadRequest = "1001",
        /// The device does not exist. Seen in public client code of a sister service.
        /// Assumption: it may come here too.
        DeviceNotFound = "4403",
    }
}

/// Which part of the platform wrote an error body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProblemShape {
    /// The service itself: `code`, `errorCode`, `message`. Source: the error model of a sibling
    /// page of the vendor. Assumption: the gateway has the same.
    Service,
    /// The layer in front of it, about the token: `resultCode`, `localeMessage`, `requestId`,
    /// `result`. Source: a page of the vendor, about another API of the platform. With some
    /// operators it comes with status 200.
    FrontLayer,
}

/// An error body of the CRM Gateway, in either shape: `error.problem::<crm_gateway::Problem>()`.
///
/// ```
/// use entitlements::{
///     Error, ErrorKind,
///     crm_gateway::{Problem, ProblemCode, ProblemShape},
/// };
///
/// let body = r#"{"code":400,"errorCode":1001,"message":"Generic bad request"}"#;
/// let error = Error::new(ErrorKind::Rejected, "").with_body(body);
/// let problem: Problem = error.problem().expect("an error body of the gateway");
/// assert_eq!(problem.shape(), ProblemShape::Service);
/// assert_eq!(problem.code(), Some(ProblemCode::BadRequest));
/// assert_eq!(problem.message.as_deref(), Some("Generic bad request"));
///
/// let page = Error::new(ErrorKind::Server, "").with_body("<html>");
/// assert!(page.problem::<Problem>().is_none());
/// ```
///
/// Source of the fields: [`ProblemShape`]. Assumption: an object with none of `resultCode`,
/// `errorCode`, `code` and `message` is no error body of the gateway.
///
/// A field of an unexpected shape counts as absent, unlike in
/// [`model::GatewayError`](super::model::GatewayError), which is the specification's own shape.
/// `Debug` shows codes only: the texts can hold personal data.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(remote = "Self")]
#[non_exhaustive]
pub struct Problem {
    /// The HTTP status again.
    #[serde(default, rename = "code", deserialize_with = "integer_if_any")]
    pub status: Option<i64>,
    /// The number of the error within the service.
    #[serde(default, rename = "errorCode", deserialize_with = "integer_if_any")]
    pub error_code: Option<i64>,
    /// A text for people.
    #[serde(default, deserialize_with = "text_if_any")]
    pub message: Option<String>,
    /// The code of the layer in front.
    #[serde(default, rename = "resultCode", deserialize_with = "text_if_any")]
    pub result_code: Option<String>,
    /// A text in the reader's language; the vendor's example is `none`.
    #[serde(default, rename = "localeMessage", deserialize_with = "text_if_any")]
    pub locale_message: Option<String>,
    /// Which request it was. Assumption: a text; the vendor does not state the type.
    #[serde(default, rename = "requestId", deserialize_with = "text_if_any")]
    pub request_id: Option<String>,
    /// What is wrong, for people.
    #[serde(default, deserialize_with = "text_if_any")]
    pub result: Option<String>,
}

error_body!(Problem: result_code || error_code || status || message);

impl Problem {
    /// Which of the two shapes it has. A body with fields of both is the front layer's.
    #[must_use]
    pub fn shape(&self) -> ProblemShape {
        if self.result_code.is_some() { ProblemShape::FrontLayer } else { ProblemShape::Service }
    }

    /// The code of its shape: `resultCode` or `errorCode`, where that is a code and no text: one
    /// number of at most six digits, or two with a colon between them.
    #[must_use]
    pub fn code(&self) -> Option<ProblemCode> {
        let service = self.error_code.map(|code| code.to_string());
        let codes = [self.result_code.as_deref(), service.as_deref()];
        codes.into_iter().flatten().find(|code| is_code(code)).map(ProblemCode::from)
    }
}

impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Problem")
            .field("shape", &self.shape())
            .field("code", &self.code())
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// Reads an answer for the transport.
///
/// 401 and 403 both mean that the token was refused, and some deployments say so with status 200
/// and a `resultCode`. Whether it is the token or the right that is missing, only a fresh token
/// tells.
pub(super) fn read(raw: &Raw, _: &Asked<'_>) -> Reading {
    if raw.status.is_success() {
        return refusal_in_success(raw);
    }
    let refused = matches!(raw.status.as_u16(), 401 | 403);
    Reading {
        code: code(decode::json(&raw.body).ok().as_ref()),
        refusal: if refused { Refusal::Token } else { Refusal::None },
        message: words(raw.status.as_u16()),
        ..Reading::default()
    }
}

fn refusal_in_success(raw: &Raw) -> Reading {
    let looks_like_it = raw.body.len() <= LONGEST_REFUSAL && contains(&raw.body, b"\"resultCode\"");
    let problem: Option<Problem> = looks_like_it.then(|| decode::json(&raw.body).ok()).flatten();
    let Some(problem) = problem.filter(|problem| problem.shape() == ProblemShape::FrontLayer) else {
        return Reading::default();
    };
    Reading {
        code: code(Some(&problem)),
        refusal: Refusal::Token,
        message: Some("the gateway refused the token, in a body with status 200"),
        ..Reading::default()
    }
}

fn code(problem: Option<&Problem>) -> Option<std::borrow::Cow<'static, str>> {
    Some(problem?.code()?.as_str().to_owned().into())
}

/// `99999:403`, for example, or `1001`: short numbers, so neither free text nor the number of a phone
/// or an account.
fn is_code(text: &str) -> bool {
    let is_short_number =
        |part: &str| (1..=6).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    text.splitn(2, ':').all(is_short_number)
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
    use http::{HeaderMap, StatusCode};
    use reqwest::Url;

    use super::*;
    use crate::{Error, ErrorKind, generated::crm_gateway::op, transport::Operation};

    fn reading(status: u16, body: &'static str) -> Reading {
        let status = StatusCode::from_u16(status).expect("a status");
        let base = Url::parse("https://operator.example").expect("a URL");
        let asked = Asked { info: op::ListEntitlements::INFO, base: &base };
        read(&Raw::new(status, HeaderMap::new(), body.into()), &asked)
    }

    fn problem(body: &'static str) -> Option<Problem> {
        Error::new(ErrorKind::Rejected, "").with_body(body).problem()
    }

    const SHAPE_A: &str = r#"{"code":400,"errorCode":1001,"message":"m"}"#;
    const SHAPE_B: &str = r#"{"resultCode":"99999:403","localeMessage":"none","requestId":1,"result":"x"}"#;

    #[test]
    fn both_shapes_have_a_code() {
        assert_eq!(reading(400, SHAPE_A).code.as_deref(), Some("1001"));
        assert_eq!(reading(403, SHAPE_B).code.as_deref(), Some("99999:403"));
        assert_eq!(reading(403, r#"{"resultCode":"ada@acme.example"}"#).code, None);
        assert_eq!(reading(403, r#"{"resultCode":"4712345678"}"#).code, None, "a number of a person");
        assert_eq!(reading(400, r#"{"code":400,"errorCode":4712345678,"message":"m"}"#).code, None);
        assert_eq!(reading(403, r#"{"resultCode":"47:12:34"}"#).code, None);
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
        assert_eq!(reading(200, r#"{"resourceSet":[{"note":"\"resultCode\""}]}"#).refusal, Refusal::None);
        assert_eq!(reading(404, "").refusal, Refusal::None);
    }

    #[test]
    fn each_shape_is_recognised_whatever_the_types_of_its_fields() {
        use ProblemShape::{FrontLayer, Service};
        let cases = [
            (SHAPE_A, Service, Some("1001")),
            (SHAPE_B, FrontLayer, Some("99999:403")),
            (r#"{"code":"404","errorCode":"4403"}"#, Service, Some("4403")),
            (r#"{"errorCode":{},"message":["m"],"code":409}"#, Service, None),
            (r#"{"message":"already exist"}"#, Service, None),
            (r#"{"resultCode":99999}"#, FrontLayer, Some("99999")),
            (r#"{"resultCode":"some text","errorCode":1003}"#, FrontLayer, Some("1003")),
            (r#"{"resultCode":"ada@acme.example"}"#, FrontLayer, None),
        ];
        for (body, shape, code) in cases {
            let problem = problem(body).expect(body);
            assert_eq!(problem.shape(), shape, "{body}");
            assert_eq!(problem.code().as_ref().map(ProblemCode::as_str), code, "{body}");
        }
        let front = problem(SHAPE_B).expect("shape B");
        assert_eq!(front.code(), Some(ProblemCode::TokenRefused));
        assert_eq!((front.request_id.as_deref(), front.result.as_deref()), (Some("1"), Some("x")));
    }

    #[test]
    fn what_has_no_field_of_either_shape_is_no_problem() {
        let none = [
            "",
            "null",
            "[]",
            "{}",
            "<html>",
            r#"{"result":"x","localeMessage":"y"}"#,
            r#"{"error":"invalid_token"}"#,
            r#"{"resultCode":null,"code":{}}"#,
            r#"[400,1001,"m"]"#,
        ];
        for body in none {
            assert_eq!(problem(body), None, "{body}");
        }
    }

    #[test]
    fn debug_shows_no_text() {
        let bodies = [
            r#"{"code":400,"errorCode":1001,"message":"MARK"}"#,
            r#"{"resultCode":"MARK","localeMessage":"MARK","requestId":"MARK","result":"MARK"}"#,
        ];
        for body in bodies {
            let problem = problem(body).expect(body);
            assert!(!format!("{problem:?} {problem:#?}").contains("MARK"), "{problem:?}");
        }
    }
}
