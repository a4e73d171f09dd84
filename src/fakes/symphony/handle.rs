//! The five operations.

use std::time::SystemTime;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{
    call::Call,
    state::{Entitlement, State, is_known_permission, permission},
    token,
};
use crate::{
    fakes::{
        Reply, Request,
        serve::{self, TokenEnd, Visit},
    },
    symphony::ExternalNetwork,
};

const NETWORKS: &str = "/admin/api/v2/customer/entitlements";
const ONE: &str = "/admin/api/v2/customer/advisor/entitlements";
const ADVISORS: (&str, &str) = ("/admin/api/v1/customer/entitlements/externalNetwork/", "/advisors");

impl serve::State for State {
    type Call = Call;

    #[cfg(feature = "fake-checks")]
    fn checker() -> Option<std::sync::Arc<crate::fakes::check::Checker>> {
        Some(crate::fakes::check::Checker::symphony())
    }

    fn end_token(&mut self, _request: &Request, _end: TokenEnd, _now: SystemTime) {}

    fn handle(&mut self, request: &Request, visit: &Visit) -> Reply {
        if !self.knows(request, visit.now) {
            return problem(401, "unauthorized", "Unauthorized");
        }
        let listed = request.path.strip_prefix(ADVISORS.0).and_then(|rest| rest.strip_suffix(ADVISORS.1));
        match (request.method.as_str(), request.path.as_str(), listed) {
            ("GET", NETWORKS, _) => Reply::json(200, &json!({ "entitlements": self.networks })),
            ("POST", NETWORKS, _) => self.add_entitlement(request),
            ("GET", _, Some(network)) => self.list_advisors(&ExternalNetwork::from(network), request),
            ("GET" | "DELETE", ONE, _) => self.one(request),
            (_, NETWORKS | ONE, _) | (_, _, Some(_)) => untyped(405, "Method Not Allowed"),
            _ => untyped(404, "Not Found"),
        }
    }
}

impl State {
    fn knows(&self, request: &Request, now: SystemTime) -> bool {
        request.bearer().is_some_and(|bearer| {
            self.accepted_token.as_deref() == Some(bearer) || token::is_valid(bearer, now)
        })
    }

    fn add_entitlement(&mut self, request: &Request) -> Reply {
        let body = request.json().unwrap_or_default();
        let text = |name: &str| body[name].as_str().filter(|text| !text.is_empty());
        let Some(network) = text("externalNetwork") else {
            return untyped(400, "Bad Request");
        };
        let (id, email, number) =
            (text("symphonyId"), text("advisorEmailAddress"), text("advisorPhoneNumber"));
        if id.or(email).is_none() {
            return no_identifier();
        }
        let network = ExternalNetwork::from(network);
        if matches!(network, ExternalNetwork::Unknown(_)) {
            return problem(400, "entitlement.type.not.found", "Entitlement type not found.");
        }
        if !self.networks.contains(&network) {
            return problem(403, "forbidden.entitlement.type", "Forbidden entitlement.type.");
        }
        let Some(user) = self.user(id, email).cloned() else {
            return problem(400, "symphony.user.not.found", "Symphony user not found.");
        };
        if self.entitlement(&network, Some(&user.id), None).is_some() {
            return problem(400, "entitlement.already.exists", "Entitlement already exists.");
        }
        let requested: Vec<&str> =
            body["permissions"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if let Some(refused) = self.refused_number(&network, number, !requested.is_empty()) {
            return refused;
        }
        let status = if network == ExternalNetwork::WhatsAppDirect { "PRE_ENTITLED" } else { "ENTITLED" };
        let mut entitlement = Entitlement::new(user, status);
        entitlement.phone = number.map(str::to_owned);
        entitlement.federation_group_id = text("federationGroupId").map(str::to_owned);
        let outcomes: Vec<_> = requested.iter().map(|name| outcome(name)).collect();
        entitlement
            .permissions
            .extend(requested.iter().filter(|name| is_known_permission(name)).map(ToString::to_string));
        let mut answer = entitlement.json(&network);
        answer["ownContactId"] = json!(entitlement.user.id);
        answer["permissions"] = json!(outcomes);
        self.add(&network, entitlement);
        Reply::json(201, &answer)
    }

    fn refused_number(
        &self,
        network: &ExternalNetwork,
        number: Option<&str>,
        permissions: bool,
    ) -> Option<Reply> {
        let direct = matches!(network, ExternalNetwork::SmsDirect | ExternalNetwork::WhatsAppDirect);
        match number {
            Some(_) if !direct => Some(problem(
                400,
                "advisor.phone.number.not.supported",
                "Advisor's phone number not supported.",
            )),
            None if *network == ExternalNetwork::SmsDirect => {
                Some(problem(400, "advisor.phone.number.is.required", "Advisor's phone number is required."))
            }
            _ if permissions && *network == ExternalNetwork::WhatsAppDirect => Some(problem(
                400,
                "pre.entitlement.permissions.not.supported",
                "Permissions are not supported for pre-entitlements.",
            )),
            Some(number) if self.holds_number(number) => Some(problem(
                409,
                "advisor.phone.number.already.used",
                "Advisor's phone number already used.",
            )),
            _ => None,
        }
    }

    fn one(&mut self, request: &Request) -> Reply {
        let parameter = |name: &str| request.parameter(name).filter(|text| !text.is_empty());
        let (id, email) = (parameter("advisorSymphonyId"), parameter("advisorEmailAddress"));
        if id.is_none() && email.is_none() {
            return no_identifier();
        }
        let network = ExternalNetwork::from(parameter("externalNetwork").unwrap_or_default());
        let Some(found) = self.entitlement(&network, id.as_deref(), email.as_deref()) else {
            return problem(404, "entitlement.not.found", "Entitlement not found.");
        };
        if request.method == "DELETE" {
            let email = found.user.email.clone();
            self.remove(&network, &email);
            return Reply::new(200);
        }
        let mut body = found.json(&network);
        body["permissions"] = found.permissions_json();
        Reply::json(200, &body)
    }

    fn list_advisors(&self, network: &ExternalNetwork, request: &Request) -> Reply {
        let all: Vec<_> = self.entitled(network).collect();
        let position = |cursor: &str| {
            let email = email_of(cursor)?;
            all.iter().position(|held| held.user.email == email)
        };
        let (start, end) = match (request.parameter("after"), request.parameter("before")) {
            (Some(after), _) => match position(&after) {
                Some(last) => (last + 1, (last + 1 + self.page_size).min(all.len())),
                None => return bad_cursor(),
            },
            (None, Some(before)) => match position(&before) {
                Some(first) => (first.saturating_sub(self.page_size), first),
                None => return bad_cursor(),
            },
            (None, None) => (0, self.page_size.min(all.len())),
        };
        let page = &all[start..end];
        let with_permissions = request.parameter("listPermissions").as_deref() == Some("true");
        let items: Vec<_> = page
            .iter()
            .map(|held| {
                let mut item = held.json(network);
                if with_permissions {
                    item["permissions"] = held.permissions_json();
                }
                item
            })
            .collect();
        let before = page.first().filter(|_| start > 0).map(|held| cursor_of(&held.user.email));
        let after = page.last().filter(|_| end < all.len()).map(|held| cursor_of(&held.user.email));
        let pagination = json!({
            "previous": before.as_ref().map(|cursor| format!("?before={cursor}")),
            "next": after.as_ref().map(|cursor| format!("?after={cursor}")),
            "cursors": { "before": before, "after": after },
        });
        Reply::json(200, &json!({ "entitlements": items, "pagination": pagination }))
    }
}

/// The vendor's example is the same: base64 of a JSON key.
fn cursor_of(email: &str) -> String {
    STANDARD.encode(json!({ "emailAddress": { "s": email } }).to_string())
}

fn email_of(cursor: &str) -> Option<String> {
    let key: Value = serde_json::from_slice(&STANDARD.decode(cursor).ok()?).ok()?;
    key["emailAddress"]["s"].as_str().map(str::to_owned)
}

/// What becomes of one requested permission.
fn outcome(name: &str) -> Value {
    if is_known_permission(name) {
        return json!({ "status": 200, "response": permission(name) });
    }
    json!({ "status": 404, "error": { "itemId": name, "title": "Permission not found.", "statusCode": 404 } })
}

fn no_identifier() -> Reply {
    problem(400, "advisor.identifier.not.provided", "Advisor ID or email not provided.")
}

fn bad_cursor() -> Reply {
    problem(400, "invalid.page.cursor", "The provided cursor key is invalid or expired.")
}

/// The vendor documents no code for these, so there is none to make up.
fn untyped(status: u16, title: &str) -> Reply {
    Reply::json(status, &json!({ "title": title, "status": status }))
}

fn problem(status: u16, kind: &str, title: &str) -> Reply {
    Reply::json(status, &json!({ "type": kind, "title": title, "status": status }))
}
