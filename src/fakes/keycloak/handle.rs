//! What happens to a request, whichever endpoint it is for.

use std::time::Duration;

use serde_json::json;

use super::{
    Generation, Operation,
    form::Form,
    operation::{Nothing, error_only, nothing_there},
    state::Realm,
};
use crate::fakes::{Reply, Request};

/// Why a request is not carried out.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) status: u16,
    pub(super) error: &'static str,
    pub(super) description: String,
}

impl Refused {
    pub(super) fn new(status: u16, error: &'static str, description: impl Into<String>) -> Self {
        Self { status, error, description: description.into() }
    }

    /// The commonest one.
    pub(super) fn grant(description: impl Into<String>) -> Self {
        Self::new(400, "invalid_grant", description)
    }

    fn reply(&self) -> Reply {
        Reply::json(self.status, &json!({ "error": self.error, "error_description": self.description }))
    }
}

impl Realm {
    /// `at` is the time since 1970.
    pub(super) fn handle(&mut self, request: &Request, at: Duration) -> Reply {
        let now = at.as_secs();
        let Some(operation) = Operation::of(request, &self.base) else {
            return match nothing_there(request, &self.base, self.generation) {
                Nothing::InRealm(reply) => self.with_common_headers(reply),
                Nothing::Preflight if self.generation == Generation::Middle => basic_headers(Reply::new(200)),
                Nothing::Preflight => basic_headers(Reply::new(200)).with_header("x-robots-tag", "none"),
                Nothing::Outside(reply) => reply,
            };
        };
        let reply = match operation {
            Operation::Token => self.token(request, at),
            Operation::Logout => self.log_out(request),
            Operation::Revoke => self.revoke(request, now),
            Operation::Introspect => self.introspect(request, now),
            Operation::UserInfo => self.user_info(request, now),
            Operation::Certificates => self.certificates(),
            Operation::Discovery => self.discovery(),
        };
        let reply = reply.unwrap_or_else(|refused| refused.reply());
        let reply = if operation == Operation::Token && reply.status != 500 {
            reply.with_header("cache-control", "no-store").with_header("pragma", "no-cache")
        } else {
            reply
        };
        self.with_common_headers(reply)
    }

    fn token(&mut self, request: &Request, at: Duration) -> Result<Reply, Refused> {
        self.at_work.retain(|end| *end > at);
        self.at_work.push(at.saturating_add(self.token_request_takes));
        self.most_at_once = self.most_at_once.max(self.at_work.len());
        // Assumption: status and body; newer versions take it for an empty form, as measured.
        if self.generation == Generation::Old && !Form::is_one(request) {
            self.counts.failures += 1;
            return Ok(error_only(415, "HTTP 415 Unsupported Media Type"));
        }
        self.grant(request, at).inspect_err(|_| self.counts.failures += 1)
    }

    /// In Keycloak's order: the kind of grant is looked at before the client, and doubled fields
    /// after it.
    fn grant(&mut self, request: &Request, at: Duration) -> Result<Reply, Refused> {
        self.reachable()?;
        self.open()?;
        let form = Form::read(request)?;
        let Some(kind) = form.get("grant_type") else {
            return Err(Refused::new(400, "invalid_request", "Missing form parameter: grant_type"));
        };
        let grant = match kind {
            "password" => Self::log_in,
            "refresh_token" => Self::refresh,
            "client_credentials" => Self::client_credentials,
            "authorization_code" => Self::redeem,
            _ => return Err(Refused::new(400, "unsupported_grant_type", "Unsupported grant_type")),
        };
        let client = self.authenticate_caller(request, &form)?;
        form.refuse_duplicates()?;
        grant(self, &form, &client, at)
    }

    /// Plain HTTP is refused before all else where HTTPS is required; the fake speaks nothing else.
    pub(super) fn reachable(&self) -> Result<(), Refused> {
        if self.https_required {
            return Err(Refused::new(403, "invalid_request", "HTTPS required"));
        }
        Ok(())
    }

    pub(super) fn open(&self) -> Result<(), Refused> {
        if !self.enabled {
            return Err(Refused::new(403, "access_denied", "Realm not enabled"));
        }
        Ok(())
    }

    /// From 20 to 26.5 the last header comes with an empty success only.
    fn with_common_headers(&self, reply: Reply) -> Reply {
        let reply = basic_headers(reply);
        let empty = reply.body.is_empty();
        let reply = match reply.status.as_u16() {
            401 | 403 if empty => reply,
            _ => reply.with_header("x-frame-options", "SAMEORIGIN"),
        };
        if self.generation == Generation::Middle && !(empty && reply.status.is_success()) {
            return reply;
        }
        reply.with_header("x-robots-tag", "none")
    }
}

fn basic_headers(reply: Reply) -> Reply {
    reply
        .with_header("referrer-policy", "no-referrer")
        .with_header("strict-transport-security", "max-age=31536000; includeSubDomains")
        .with_header("x-content-type-options", "nosniff")
}
