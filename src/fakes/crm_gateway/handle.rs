//! The one operation.

use std::time::SystemTime;

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    Empty, Refusal,
    call::{Call, LIST},
    entitlements::Entitlements,
    listing::Found,
    query::Query,
    shape::misfit,
    state::State,
};
use crate::fakes::{
    Reply, Request,
    keycloak::OPERATOR_ROLE,
    serve::{self, TokenEnd, Visit},
};

/// Assumption: it may do what the operator's role may do.
const ADMIN_ROLE: &str = "adminRole";

/// A page; a count alone has no list.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    total_records: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_set: Option<Vec<Value>>,
}

impl serve::State for State {
    type Call = Call;

    #[cfg(feature = "fake-checks")]
    fn checker() -> Option<std::sync::Arc<crate::fakes::check::Checker>> {
        Some(crate::fakes::check::Checker::crm_gateway())
    }

    fn end_token(&mut self, request: &Request, end: TokenEnd, now: SystemTime) {
        if let Some(token) = request.bearer()
            && !self.settings.accepted_tokens.remove(token)
        {
            self.issuer.end(token, end, now);
        }
    }

    fn handle(&mut self, request: &Request, visit: &Visit) -> Reply {
        if request.path == LIST && request.method == "GET" {
            self.list_requests += 1;
        }
        let reply = self.answer(request, visit);
        match request.header("x-correlation-id").filter(|_| self.settings.echo_correlation_id) {
            Some(id) => reply.with_header("x-correlation-id", id),
            None => reply,
        }
    }
}

impl State {
    fn answer(&self, request: &Request, visit: &Visit) -> Reply {
        if let Some(refused) = self.refused(request, visit.now) {
            return refused;
        }
        let Some(tenant) = self.tenants.asked(request) else { return not_found() };
        match (request.path.as_str(), request.method.as_str()) {
            (LIST, "GET") if visit.broken_rule().is_some() => bad_request(),
            (LIST, "GET") => self.list(request, tenant, visit.now),
            (LIST, _) => error(405, None, "Method not allowed").with_header("allow", "GET"),
            _ => not_found(),
        }
    }

    fn refused(&self, request: &Request, now: SystemTime) -> Option<Reply> {
        let token = request.bearer();
        if token.is_some_and(|token| self.settings.accepted_tokens.contains(token)) {
            return None;
        }
        let Some(Ok(roles)) = token.map(|token| self.issuer.check(token, now)) else {
            return Some(self.refused_token());
        };
        let may_ask = roles.iter().any(|role| role == OPERATOR_ROLE || role == ADMIN_ROLE);
        (!may_ask).then(forbidden)
    }

    fn refused_token(&self) -> Reply {
        let status = match self.settings.refusal {
            Refusal::ShapeA => return forbidden(),
            Refusal::Unauthorized => return error(401, None, "Unauthorized"),
            Refusal::ShapeB => 403,
            Refusal::OkWithShapeB => 200,
        };
        let body = json!({
            "resultCode": "99999:403",
            "localeMessage": "none",
            "requestId": format!("{:08x}", self.list_requests),
            "result": "Invalid token",
        });
        Reply::json(status, &body)
    }

    /// Assumption: a page past the end is empty, and without `limit` all come at once.
    fn list(&self, request: &Request, tenant: &Entitlements, now: SystemTime) -> Reply {
        let Some(query) = Query::read(request, self.settings.pair_sort) else {
            return bad_request();
        };
        let is_archived = self.settings.archive.map(|archive| move |one: &Value| archive.has(one, now));
        let is_archived = is_archived.as_ref().map(|test| test as &dyn Fn(&Value) -> bool);
        if self.settings.missing_id_is_404
            && let Some(id) = query.filter.pinned_id()
            && tenant.get(id).is_none_or(|one| is_archived.is_some_and(|is_archived| is_archived(&one)))
        {
            return not_found();
        }
        let size = query.limit.unwrap_or(u64::MAX).min(self.settings.page_cap);
        let position = |page: u64| usize::try_from(page.saturating_mul(size)).unwrap_or(usize::MAX);
        let Found { total, page } =
            tenant.find(&query, is_archived, position(query.page - 1)..position(query.page));
        let page = match (total, self.settings.empty) {
            (0, Empty::NotFound) => return not_found(),
            (0, Empty::OneEmptyObject) => vec![json!({})],
            _ => page,
        };
        // What a test added as malformed is listed, and only there.
        let is_malformed = cfg!(feature = "fake-checks") && page.iter().any(|one| misfit(one).is_some());
        let reply =
            Reply::json(200, &Page { total_records: total, resource_set: (size > 0).then_some(page) });
        if is_malformed { reply.off_spec() } else { reply }
    }
}

/// The numbers were seen in public client code of the service behind the gateway.
fn bad_request() -> Reply {
    error(400, Some(1001), "Generic bad request")
}

/// Assumption: the number of the error.
fn forbidden() -> Reply {
    error(403, Some(1003), "Forbidden")
}

/// Assumption: the number of the error.
fn not_found() -> Reply {
    error(404, Some(1004), "Not found")
}

/// Assumption: the gateway uses the error body of a neighbouring interface, as the service behind
/// it does.
fn error(status: u16, number: Option<u32>, message: &str) -> Reply {
    let mut body = json!({ "code": status, "message": message });
    if let Some(number) = number {
        body["errorCode"] = json!(number);
    }
    Reply::json(status, &body)
}
