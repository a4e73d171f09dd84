//! What Symphony's error bodies say.

use serde::Deserialize;

use crate::{
    decode,
    open_enum::open_enum,
    response::Raw,
    transport::{Reading, Refusal},
};

open_enum! {
    /// The code of a problem: the `type` of an error body.
    ///
    /// [`Error::code`](crate::Error::code) has it as text; reading the whole body as
    /// [`Problem`](super::model::Problem) gives this type:
    ///
    /// ```
    /// # use entitlements::symphony::{ProblemType, model::Problem};
    /// fn is_duplicate(error: &entitlements::Error) -> bool {
    ///     let problem: Option<Problem> = error.problem();
    ///     problem.and_then(|problem| problem.type_) == Some(ProblemType::EntitlementAlreadyExists)
    /// }
    /// ```
    ///
    /// Source: the vendor's specification; those from `InvalidPageCursor` on are documented for
    /// neighbouring operations.
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

#[derive(Deserialize)]
struct Type {
    #[serde(rename = "type")]
    kind: Option<ProblemType>,
}

/// Reads an answer for the transport. Only known codes are passed on: an unknown one could be
/// free text.
pub(super) fn read(raw: &Raw) -> Reading {
    if raw.status.is_success() {
        return Reading::default();
    }
    let kind = decode::json::<Type>(&raw.body).ok().and_then(|body| body.kind);
    let kind = kind.filter(|kind| !matches!(kind, ProblemType::Unknown(_)));
    Reading {
        refusal: if raw.status.as_u16() == 401 { Refusal::Token } else { Refusal::None },
        message: kind.as_ref().map_or_else(|| hint(raw), words),
        considered: kind.is_some(),
        says_gone: kind == Some(ProblemType::EntitlementNotFound),
        code: kind.map(|kind| kind.as_str().to_owned().into()),
    }
}

fn hint(raw: &Raw) -> Option<&'static str> {
    (raw.status.as_u16() == 404).then_some("nothing is there; does the base URL end in `/admin`?")
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
    use bytes::Bytes;
    use http::{HeaderMap, StatusCode};

    use super::*;

    fn reading(status: u16, body: &'static str) -> Reading {
        let status = StatusCode::from_u16(status).expect("a status");
        let body = Bytes::from_static(body.as_bytes());
        read(&Raw { status, headers: HeaderMap::new(), body, attempts: 1, correlation_id: None })
    }

    #[test]
    fn known_codes_are_passed_on_and_other_texts_are_not() {
        let known = reading(404, r#"{"type":"entitlement.not.found","title":"x","status":404}"#);
        assert_eq!(known.code.as_deref(), Some("entitlement.not.found"));
        for other in [r#"{"type":"ada@acme.example unknown"}"#, "<html>", "", "[]", r#"{"type":7}"#] {
            assert_eq!(reading(400, other).code, None, "{other}");
        }
    }

    #[test]
    fn only_401_is_about_the_token() {
        assert_eq!(reading(401, "").refusal, Refusal::Token);
        assert_eq!(reading(403, r#"{"type":"Forbidden"}"#).refusal, Refusal::None);
    }
}
