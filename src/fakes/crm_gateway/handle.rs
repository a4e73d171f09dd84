//! The one operation.

use std::time::SystemTime;

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    Refusal,
    call::{Call, LIST},
    query::Query,
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

    fn end_token(&mut self, _request: &Request, _end: TokenEnd, _now: SystemTime) {}

    fn handle(&mut self, request: &Request, visit: &Visit) -> Reply {
        let is_list = request.path == LIST;
        if is_list && request.method == "GET" {
            self.list_requests += 1;
        }
        let reply =
            self.refused(request, visit.now).unwrap_or_else(|| match (is_list, request.method.as_str()) {
                (true, "GET") => self.list(request),
                (true, _) => error(405, None, "Method not allowed"),
                (false, _) => not_found(),
            });
        match request.header("x-correlation-id").filter(|_| self.settings.echo_correlation_id) {
            Some(id) => reply.with_header("x-correlation-id", id),
            None => reply,
        }
    }
}

impl State {
    fn refused(&self, request: &Request, now: SystemTime) -> Option<Reply> {
        let token = request.bearer();
        if token.is_none() || token != self.settings.accepted_token.as_deref() {
            let Some(Ok(roles)) = token.map(|token| self.issuer.check(token, now)) else {
                return Some(self.refused_token());
            };
            if !roles.iter().any(|role| role == OPERATOR_ROLE || role == ADMIN_ROLE) {
                return Some(forbidden());
            }
        }
        let tenant = request.header("nv-tenant-id")?;
        (!self.settings.tenants.contains(tenant)).then(not_found)
    }

    fn refused_token(&self) -> Reply {
        let status = match self.settings.refusal {
            Refusal::ShapeA => return forbidden(),
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
    fn list(&self, request: &Request) -> Reply {
        let Some(query) = Query::read(request, self.settings.pair_sort) else {
            return error(400, Some(1001), "Generic bad request");
        };
        let found = self.matching(&query);
        if found.is_empty() && self.settings.empty_is_404 {
            return not_found();
        }
        let size = query.limit.unwrap_or(u64::MAX).min(self.settings.page_cap);
        let before = usize::try_from((query.page - 1).saturating_mul(size)).unwrap_or(usize::MAX);
        let count = usize::try_from(size).unwrap_or(usize::MAX);
        let page = || found.iter().skip(before).take(count).map(|one| query.fields.of(one)).collect();
        let resource_set = (size > 0).then(page);
        Reply::json(200, &Page { total_records: found.len(), resource_set })
    }
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
/// it does. Only the number of the 400 was seen, in public client code of that service.
fn error(status: u16, number: Option<u32>, message: &str) -> Reply {
    let mut body = json!({ "code": status, "message": message });
    if let Some(number) = number {
        body["errorCode"] = json!(number);
    }
    Reply::json(status, &body)
}
