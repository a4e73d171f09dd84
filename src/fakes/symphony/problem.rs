//! What is answered where something is wrong.

use std::time::SystemTime;

use serde_json::json;

use super::builder::ErrorShape;
use crate::fakes::{Reply, Request, message::since_epoch};

/// A problem of the vendor's catalogue, or one that it documents no code for.
#[derive(Debug)]
pub(super) struct Problem {
    status: u16,
    kind: Option<&'static str>,
    title: &'static str,
    detail_message: Option<String>,
}

const fn problem(status: u16, kind: &'static str, title: &'static str) -> Problem {
    Problem { status, kind: Some(kind), title, detail_message: None }
}

/// There is no code to make up where the vendor documents none.
const fn untyped(status: u16, title: &'static str) -> Problem {
    Problem { status, kind: None, title, detail_message: None }
}

pub(super) const BAD_REQUEST: Problem = untyped(400, "Bad Request");
pub(super) const NO_SUCH_PATH: Problem = untyped(404, "Not Found");
pub(super) const NO_SUCH_METHOD: Problem = untyped(405, "Method Not Allowed");

pub(super) const UNAUTHORIZED: Problem = problem(401, "unauthorized", "Unauthorized");
pub(super) const FORBIDDEN: Problem = problem(403, "Forbidden", "Forbidden");
pub(super) const NO_IDENTIFIER: Problem =
    problem(400, "advisor.identifier.not.provided", "Advisor ID or email not provided.");
pub(super) const NO_SUCH_ENTITLEMENT: Problem =
    problem(404, "entitlement.not.found", "Entitlement not found.");
pub(super) const NO_SUCH_NETWORK: Problem =
    problem(400, "external.network.not.found", "External network not found.");
pub(super) const BAD_CURSOR: Problem =
    problem(400, "invalid.page.cursor", "The provided cursor key is invalid or expired.");

pub(super) const NO_SUCH_TYPE: Problem =
    problem(400, "entitlement.type.not.found", "Entitlement type not found.");
pub(super) const FORBIDDEN_TYPE: Problem =
    problem(403, "forbidden.entitlement.type", "Forbidden entitlement.type.");
pub(super) const NO_CONFIGURATION: Problem =
    problem(404, "tenant.configuration.not.found", "Tenant configuration not found.");
pub(super) const NO_SUCH_USER: Problem = problem(400, "symphony.user.not.found", "Symphony user not found.");
pub(super) const ALREADY_ENTITLED: Problem =
    problem(400, "entitlement.already.exists", "Entitlement already exists.");
pub(super) const NUMBER_NOT_SUPPORTED: Problem =
    problem(400, "advisor.phone.number.not.supported", "Advisor's phone number not supported.");
pub(super) const NUMBER_REQUIRED: Problem =
    problem(400, "advisor.phone.number.is.required", "Advisor's phone number is required.");
pub(super) const NO_PERMISSIONS_YET: Problem = problem(
    400,
    "pre.entitlement.permissions.not.supported",
    "Permissions are not supported for pre-entitlements.",
);
pub(super) const NUMBER_USED: Problem =
    problem(409, "advisor.phone.number.already.used", "Advisor's phone number already used.");
pub(super) const NUMBER_MISMATCH: Problem = problem(
    409,
    "pre.entitlement.phone.number.mismatch",
    "The phone number of the pre-entitlement does not match.",
);
pub(super) const NUMBER_UNAVAILABLE: Problem = problem(409, "number.not.available", "Number not available");
pub(super) const NO_NUMBER_LEFT: Problem = problem(500, "no.available.number", "No available number.");

/// The only problem with a text of its own.
pub(super) fn not_registrable(detail_message: &str) -> Problem {
    Problem {
        detail_message: Some(detail_message.to_owned()),
        ..problem(409, "number.registration.not.possible", "Number registration not possible")
    }
}

impl Problem {
    pub(super) fn reply(&self, shape: ErrorShape, request: &Request, now: SystemTime) -> Reply {
        let mut body = json!({ "title": self.title, "status": self.status });
        if let Some(kind) = self.kind {
            body["type"] = json!(kind);
        }
        if let Some(message) = &self.detail_message {
            body["detailMessage"] = json!(message);
        }
        match shape {
            ErrorShape::Problem => Reply::json(self.status, &body),
            ErrorShape::ProblemJson => {
                Reply::new(self.status).with_body("application/problem+json", body.to_string()).off_spec()
            }
            ErrorShape::Spring => {
                let since_epoch = since_epoch(now);
                let reply = Reply::new(self.status);
                let error = reply.status.canonical_reason();
                let body = json!({
                    "timestamp": u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX),
                    "status": self.status,
                    "error": error,
                    "message": self.title,
                    "path": request.path,
                });
                reply.with_body("application/json", body.to_string())
            }
        }
    }
}
