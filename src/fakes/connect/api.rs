//! The seven operations.

use std::time::SystemTime;

use http::header::{ACCEPT, CONTENT_TYPE, HeaderName};
use serde_json::{Value, json};

use super::{
    call::Call,
    login::{form_decoded, oauth_error},
    state::{Level, State},
    tokens::Grant,
};
use crate::fakes::{
    Reply, Request,
    serve::{self, TokenEnd, Visit},
};

const VERSION: &str = "1.0.0";

/// What a path names.
enum Target {
    Level(Level),
    ShieldEnterprise,
    ShieldOrderType,
}

impl Target {
    fn of(path: &str) -> Option<Self> {
        match path {
            "/v1/client/pbm/shield/enterprise" => return Some(Self::ShieldEnterprise),
            "/v1/client/pbm/shield/ordertype" => return Some(Self::ShieldOrderType),
            "/v1/customer/pbm" => return Some(Self::Level(Level::Global)),
            _ => {}
        }
        let codes = path.strip_prefix("/v1/customer/pbm/")?;
        let (enterprise, order_type) = match codes.split_once('/') {
            Some((enterprise, order_type)) => (enterprise, Some(order_type)),
            None => (codes, None),
        };
        let is_code = |text: &str| !text.is_empty() && !text.contains('/');
        if !is_code(enterprise) || !order_type.is_none_or(is_code) {
            return None;
        }
        // In a path, other than in a form, a plus sign stands for itself.
        let decoded = |text: &str| form_decoded(&text.replace('+', "%2B"));
        Some(Self::Level(Level::new(Some(&decoded(enterprise)), order_type.map(decoded).as_deref())))
    }

    fn allowed(&self) -> &'static str {
        match self {
            Self::Level(Level::Global) => "GET",
            Self::Level(_) => "GET, POST",
            Self::ShieldEnterprise | Self::ShieldOrderType => "POST",
        }
    }

    fn is_for_users(&self) -> bool {
        matches!(self, Self::Level(_))
    }
}

impl serve::State for State {
    type Call = Call;

    #[cfg(feature = "fake-checks")]
    fn checker() -> Option<std::sync::Arc<crate::fakes::check::Checker>> {
        Some(crate::fakes::check::Checker::connect())
    }

    fn end_token(&mut self, _request: &Request, _end: TokenEnd, _now: SystemTime) {}

    fn handle(&mut self, request: &Request, visit: &Visit) -> Reply {
        let now = visit.now;
        let path = request.path.as_str();
        if let Some(path) = path.strip_prefix("/capi") {
            return self.api(path, request, now);
        }
        match path.strip_prefix("/user").or_else(|| path.strip_prefix("/login")) {
            Some(path) => self.login(path, request, now),
            None => Reply::new(404),
        }
    }
}

impl State {
    fn api(&mut self, path: &str, request: &Request, now: SystemTime) -> Reply {
        self.counts.api_calls += 1;
        let found = request.bearer().and_then(|token| self.login.tokens.find(token, now));
        let found = found.map(|(grant, is_valid)| (grant.clone(), is_valid));
        // Calls that name no client share a window, so that they have the headers as well.
        let standing = self.limiter.count(found.as_ref().map_or("", |(grant, _)| &grant.client), now);
        let reply = match found {
            _ if !standing.is_allowed => {
                self.counts.rate_limited += 1;
                api_error(429, "Too many requests")
            }
            Some((grant, true)) => self.operation(path, request, grant),
            Some((_, false)) => invalid_token("Expired access token", request),
            None => match request.bearer() {
                Some(_) => invalid_token("Unknown access token", request),
                None => oauth_error(401, "unauthorized", "A token is needed")
                    .with_header("www-authenticate", "Bearer"),
            },
        };
        self.limiter.with_headers(reply, standing, now).with_header("x-mediaconnect-api-version", VERSION)
    }

    /// Assumption: the statuses 403, 404, 405, 406 and 415 are those of any HTTP service, and a
    /// user without a customer number is a bad request; only 200, 400, 429 and 500 are documented.
    fn operation(&mut self, path: &str, request: &Request, grant: Grant) -> Reply {
        let Some(target) = Target::of(path) else {
            return api_error(404, "Nothing here");
        };
        let method = request.method.as_str();
        if !target.allowed().split(", ").any(|allowed| allowed == method) {
            return api_error(405, "Method not allowed").with_header("allow", target.allowed());
        }
        if grant.user.is_some() != target.is_for_users() {
            let mode = if target.is_for_users() { "client" } else { "user" };
            return oauth_error(403, "access_denied", &format!("This token is for {mode} mode"));
        }
        if !names_json(request, &ACCEPT) {
            return api_error(406, "Not acceptable: only application/json is written");
        }
        if method == "POST" && !names_json(request, &CONTENT_TYPE) {
            return api_error(415, "Unsupported media type: only application/json is read");
        }
        let done = match (target, grant.user) {
            (Target::Level(level), Some(user)) => self.permissions(&level, &user, request),
            (target, _) => self.shield_request(&target, request),
        };
        done.map_or_else(|why| api_error(400, &why), |body| Reply::json(200, &body))
    }

    fn permissions(&mut self, level: &Level, user: &str, request: &Request) -> Result<Value, String> {
        let customer = self.customer_of(user).ok_or("The user has no customer number")?.to_owned();
        self.check(level)?;
        if request.method == "POST" {
            let body = request.json().ok_or("The body is not JSON")?;
            self.change(&customer, level, &body)?;
        }
        Ok(self.level_json(&customer, level))
    }

    fn shield_request(&mut self, target: &Target, request: &Request) -> Result<Value, String> {
        let body = request.json().ok_or("The body is not JSON")?;
        let text = |name: &str| {
            let text = body[name].as_str().filter(|text| !text.is_empty());
            text.ok_or_else(|| format!("{name} is missing"))
        };
        let enterprise = text("enterpriseCode")?;
        let order_type = match target {
            Target::ShieldOrderType => Some(text("orderTypeCode")?),
            _ => None,
        };
        let level = Level::new(Some(enterprise), order_type);
        let count = self.shield(&level, text("channel")?, text("credential")?)?;
        Ok(json!({ "count": count }))
    }
}

/// Whether JSON is named outright: the service is known to answer some requests without it in XML.
fn names_json(request: &Request, header: &HeaderName) -> bool {
    let values = request.headers.get_all(header).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|value| {
        let media_type = value.split(';').next().unwrap_or_default();
        media_type.trim().eq_ignore_ascii_case("application/json")
    })
}

/// The text repeats the token as real servers are known to do, so that a test finds a client
/// that logs it.
fn invalid_token(why: &str, request: &Request) -> Reply {
    let token = request.bearer().unwrap_or_default();
    oauth_error(401, "invalid_token", &format!("{why} {token}"))
        .with_header("www-authenticate", "Bearer error=\"invalid_token\"")
}

/// Assumption: every error that is not about the login has this body. The exception is made up.
fn api_error(status: u16, message: &str) -> Reply {
    Reply::json(status, &json!({ "exceptionType": "ExampleException", "errorMessage": message }))
}

#[cfg(test)]
mod tests;
