//! What Symphony's error bodies say.

use std::fmt;

use serde::{Deserialize, Deserializer};

use crate::{
    decode,
    error::body::error_body,
    field::{integer_if_any, text_if_any},
    open_enum::open_enum,
    response::Raw,
    transport::{Asked, Reading, Refusal},
};

open_enum! {
    /// The code of a problem: the `type` of an error body.
    ///
    /// [`Error::code`](crate::Error::code) has it as text; [`Problem::code`] gives this type.
    ///
    /// Source: the vendor's specification, with the HTTP status of each. The codes from
    /// `InvalidPageCursor` on are documented for neighbouring operations. Assumption: they may
    /// come here too.
    pub enum ProblemType {
        /// The advisor has this entitlement already (400).
        EntitlementAlreadyExists = "entitlement.already.exists",
        /// No such Symphony user (400).
        SymphonyUserNotFound = "symphony.user.not.found",
        /// No such network (400).
        EntitlementTypeNotFound = "entitlement.type.not.found",
        /// Neither id nor e-mail address was given (400).
        AdvisorIdentifierNotProvided = "advisor.identifier.not.provided",
        /// The network takes no phone number (400).
        AdvisorPhoneNumberNotSupported = "advisor.phone.number.not.supported",
        /// The network needs a phone number (400).
        AdvisorPhoneNumberIsRequired = "advisor.phone.number.is.required",
        /// A pre-entitlement takes no permissions (400).
        PreEntitlementPermissionsNotSupported = "pre.entitlement.permissions.not.supported",
        /// The token is missing, malformed, expired, too long or of an unknown key (401).
        Unauthorized = "unauthorized",
        /// The token is valid, and this tenant may not do that (403).
        Forbidden = "Forbidden",
        /// This tenant may not hand out the network (403).
        ForbiddenEntitlementType = "forbidden.entitlement.type",
        /// The tenant has no configuration (404).
        TenantConfigurationNotFound = "tenant.configuration.not.found",
        /// The advisor has no such entitlement (404).
        EntitlementNotFound = "entitlement.not.found",
        /// Another advisor holds the phone number (409).
        AdvisorPhoneNumberAlreadyUsed = "advisor.phone.number.already.used",
        /// The phone number is not the one that was allocated (409).
        PreEntitlementPhoneNumberMismatch = "pre.entitlement.phone.number.mismatch",
        /// The phone number is not available (409).
        NumberNotAvailable = "number.not.available",
        /// The phone number cannot be registered (409); `detailMessage` says more.
        NumberRegistrationNotPossible = "number.registration.not.possible",
        /// No second number is left (500).
        NoAvailableNumber = "no.available.number",
        /// The cursor is invalid or expired (400).
        InvalidPageCursor = "invalid.page.cursor",
        /// No such network (400).
        ExternalNetworkNotFound = "external.network.not.found",
        /// The network is not active for the federation group (403).
        FederationGroupExternalNetworkForbidden = "federation.group.external.network.forbidden",
        /// No such federation group (404).
        FederationGroupNotFound = "federation.group.not.found",
        /// No such advisor (404).
        AdvisorNotFound = "advisor.not.found",
        /// No such permission (404).
        PermissionNotFound = "permission.not.found",
        /// The advisor has this permission already (409).
        PermissionAlreadyAssigned = "permission.already.assigned",
    }
}

/// An error body of Symphony: `error.problem::<symphony::Problem>()`.
///
/// ```
/// use entitlements::{
///     Error, ErrorKind,
///     symphony::{Problem, ProblemType},
/// };
///
/// fn is_duplicate(error: &Error) -> bool {
///     let problem: Option<Problem> = error.problem();
///     problem.and_then(|problem| problem.type_) == Some(ProblemType::EntitlementAlreadyExists)
/// }
///
/// let body = r#"{"type":"entitlement.already.exists","title":"Entitlement already exists.","status":400}"#;
/// assert!(is_duplicate(&Error::new(ErrorKind::Rejected, "").with_body(body)));
/// assert!(!is_duplicate(&Error::new(ErrorKind::Server, "").with_body("<html>")));
/// ```
///
/// Source: the vendor's specification for `type`, `title`, `status` and `detailMessage`.
/// Assumption: `detail` and `instance`, from the usual shape of problem bodies; and that an object
/// with neither `type` nor `title`, such as a framework's own error, is no problem of Symphony.
///
/// A field of an unexpected shape counts as absent, unlike in
/// [`model::Problem`](super::model::Problem), which is the specification's own shape. `Debug` shows
/// known codes and numbers only: the texts can hold personal data.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(remote = "Self")]
#[non_exhaustive]
pub struct Problem {
    /// The code: the part to decide on.
    #[serde(default, rename = "type", deserialize_with = "code")]
    pub type_: Option<ProblemType>,
    /// A short text for people.
    #[serde(default, deserialize_with = "text_if_any")]
    pub title: Option<String>,
    /// The HTTP status again.
    #[serde(default, deserialize_with = "integer_if_any")]
    pub status: Option<i64>,
    /// A longer text; documented for [`ProblemType::NumberRegistrationNotPossible`].
    #[serde(default, rename = "detailMessage", deserialize_with = "text_if_any")]
    pub detail_message: Option<String>,
    /// A longer text about this occurrence. Assumption: not documented.
    #[serde(default, deserialize_with = "text_if_any")]
    pub detail: Option<String>,
    /// Which occurrence it is. Assumption: not documented.
    #[serde(default, deserialize_with = "text_if_any")]
    pub instance: Option<String>,
}

fn code<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<ProblemType>, D::Error> {
    Ok(text_if_any(deserializer)?.map(ProblemType::from))
}

error_body!(Problem: type_ || title);

impl Problem {
    /// The code, if it is one that this version of the crate knows.
    #[must_use]
    pub fn code(&self) -> Option<&ProblemType> {
        self.type_.as_ref().filter(|code| !matches!(code, ProblemType::Unknown(_)))
    }
}

impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Problem")
            .field("code", &self.code())
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// Reads an answer for the transport. Only known codes are passed on: an unknown one could be
/// free text.
pub(super) fn read(raw: &Raw, asked: &Asked<'_>) -> Reading {
    let lost = is_elsewhere(raw).then(|| path_hint(asked)).flatten();
    if raw.status.is_success() {
        return Reading { hint: lost, ..Reading::default() };
    }
    let problem: Option<Problem> = decode::json(&raw.body).ok();
    let kind = problem.as_ref().and_then(Problem::code);
    let not_found = raw.status.as_u16() == 404 && problem.is_none();
    Reading {
        refusal: if raw.status.as_u16() == 401 { Refusal::Token } else { Refusal::None },
        message: kind.map_or_else(|| not_found.then_some("nothing is there"), words),
        considered: kind.is_some(),
        says_gone: kind == Some(&ProblemType::EntitlementNotFound),
        code: kind.map(|kind| kind.as_str().to_owned().into()),
        hint: lost.or_else(|| not_found.then(|| path_hint(asked)).flatten()),
    }
}

/// Whether a web server answered instead of the API.
fn is_elsewhere(raw: &Raw) -> bool {
    let fits = raw.status.is_success() || matches!(raw.status.as_u16(), 403..=405);
    fits && raw.body.trim_ascii_start().first() == Some(&b'<')
}

/// The prefix is needed on every real host and is in no path of the vendor's specification.
fn path_hint(asked: &Asked<'_>) -> Option<&'static str> {
    let path = asked.base.path().trim_end_matches('/');
    (!path.ends_with("/admin")).then_some("the base URL does not end in `/admin`, as Symphony's do")
}

fn words(kind: &ProblemType) -> Option<&'static str> {
    Some(match kind {
        ProblemType::EntitlementAlreadyExists => {
            "the advisor has this entitlement already; `ensure_entitled` takes that for success"
        }
        ProblemType::SymphonyUserNotFound => "no Symphony user has this id or e-mail address",
        ProblemType::EntitlementTypeNotFound => "Symphony does not know this network",
        ProblemType::AdvisorPhoneNumberNotSupported => "this network takes no phone number",
        ProblemType::AdvisorPhoneNumberIsRequired => "this network needs a phone number; see `phone_number`",
        ProblemType::PreEntitlementPermissionsNotSupported => {
            "the advisor would only be pre-entitled, which takes no permissions"
        }
        ProblemType::Unauthorized => {
            "Symphony refused the token; check the key name, the key and this machine's clock"
        }
        ProblemType::ForbiddenEntitlementType => "this tenant may not hand out the network",
        ProblemType::TenantConfigurationNotFound => "Symphony has no configuration for this tenant",
        ProblemType::EntitlementNotFound => "the advisor has no entitlement for this network",
        ProblemType::AdvisorPhoneNumberAlreadyUsed => "another advisor holds this phone number",
        ProblemType::PreEntitlementPhoneNumberMismatch => "another phone number was allocated before",
        ProblemType::NumberNotAvailable => "the phone number is not available",
        ProblemType::NumberRegistrationNotPossible => "the phone number cannot be registered",
        ProblemType::NoAvailableNumber => "no second number is left in the pool",
        ProblemType::InvalidPageCursor => "the cursor is invalid or expired; start the listing again",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, StatusCode};
    use reqwest::Url;

    use super::*;
    use crate::{Error, ErrorKind, generated::symphony::op, transport::Operation};

    fn reading_at(base: &str, status: u16, body: &'static str) -> Reading {
        let status = StatusCode::from_u16(status).expect("a status");
        let base = Url::parse(base).expect("a URL");
        let asked = Asked { info: op::GetAdvisorEntitlement::INFO, base: &base };
        read(&Raw::new(status, HeaderMap::new(), body.into()), &asked)
    }

    fn reading(status: u16, body: &'static str) -> Reading {
        reading_at("https://connect.symphony.com/admin", status, body)
    }

    fn problem(body: &'static str) -> Option<Problem> {
        Error::new(ErrorKind::Rejected, "").with_body(body).problem()
    }

    #[test]
    fn known_codes_are_passed_on_and_other_texts_are_not() {
        let known = reading(404, r#"{"type":"entitlement.not.found","title":"x","status":404}"#);
        assert_eq!(known.code.as_deref(), Some("entitlement.not.found"));
        assert!(known.says_gone && known.considered);
        for other in [r#"{"type":"ada@acme.example unknown"}"#, "<html>", "", "[]", r#"{"type":7}"#] {
            assert_eq!(reading(400, other).code, None, "{other}");
        }
    }

    #[test]
    fn an_odd_field_does_not_cost_the_code() {
        for body in [
            r#"{"type":"entitlement.not.found","title":{},"status":"four","detail":[1],"instance":7}"#,
            r#"{"type":"entitlement.not.found","status":"404","more":{"a":[]}}"#,
        ] {
            assert_eq!(reading(404, body).code.as_deref(), Some("entitlement.not.found"), "{body}");
        }
    }

    #[test]
    fn only_401_is_about_the_token() {
        assert_eq!(reading(401, "").refusal, Refusal::Token);
        assert_eq!(reading(403, r#"{"type":"Forbidden"}"#).refusal, Refusal::None);
    }

    #[test]
    fn the_base_url_is_doubted_only_where_it_is_unusual_and_nothing_of_symphony_answers() {
        const PROBLEM: &str = r#"{"type":"entitlement.not.found","title":"x","status":404}"#;
        const SPRING: &str = r#"{"timestamp":"t","status":404,"error":"Not Found","path":"/api"}"#;
        let bare = ["https://connect.symphony.com", "https://a.example/x/", "https://a.example/admin/api"];
        let usual = [
            "https://connect.symphony.com/admin",
            "http://localhost:1/admin/",
            "https://a.example/proxy/admin",
        ];
        let doubtful = [
            (404, ""),
            (404, "<html>"),
            (404, SPRING),
            (200, " <!doctype html>"),
            (403, "<html>"),
            (405, "<a>"),
        ];
        let fine =
            [(404, PROBLEM), (200, "{}"), (403, r#"{"type":"Forbidden"}"#), (502, "<html>"), (405, "")];
        for base in bare {
            for (status, body) in doubtful {
                assert!(reading_at(base, status, body).hint.is_some(), "{base} {status} {body}");
            }
            for (status, body) in fine {
                assert_eq!(reading_at(base, status, body).hint, None, "{base} {status} {body}");
            }
        }
        for base in usual {
            for (status, body) in doubtful.into_iter().chain(fine) {
                assert_eq!(reading_at(base, status, body).hint, None, "{base} {status} {body}");
            }
        }
    }

    #[test]
    fn what_has_neither_type_nor_title_is_no_problem() {
        let none = [
            "",
            "null",
            "[]",
            r#"["entitlement.not.found"]"#,
            "{}",
            "<html>",
            "7",
            r#"{"status":404}"#,
            r#"{"type":null}"#,
            r#"{"type":[]}"#,
            r#"{"timestamp":"t","status":404,"error":"Not Found","message":"m","path":"/"}"#,
        ];
        for body in none {
            assert_eq!(problem(body), None, "{body}");
        }
        let titled = problem(r#"{"title":7,"status":"400"}"#).expect("a title is enough");
        assert_eq!((titled.title.as_deref(), titled.status, titled.code()), (Some("7"), Some(400), None));
        let unknown = problem(r#"{"type":"ada@acme.example"}"#).expect("a type is enough");
        assert_eq!(
            (unknown.type_.as_ref().map(ProblemType::as_str), unknown.code()),
            (Some("ada@acme.example"), None)
        );
    }

    #[test]
    fn debug_shows_no_text() {
        let body = r#"{"type":"number.registration.not.possible","title":"MARK","status":409,"detailMessage":"MARK",
            "detail":"MARK","instance":"MARK"}"#;
        let known = problem(body).expect("a problem");
        assert_eq!(known.detail_message.as_deref(), Some("MARK"));
        let shown = format!("{known:?}");
        assert!(shown.contains("NumberRegistrationNotPossible") && !shown.contains("MARK"), "{shown}");
        let unknown = problem(r#"{"type":"MARK"}"#).expect("a problem");
        assert!(!format!("{unknown:#?}").contains("MARK"));
    }
}
