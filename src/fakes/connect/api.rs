//! The seven operations.

use std::time::SystemTime;

use http::header::{ACCEPT, CONTENT_TYPE, HeaderName};
use serde_json::{Value, json};

use super::{
    ErrorBody,
    call::Call,
    codes::Level,
    login::oauth_error,
    state::State,
    target::{Resource, Target},
    tokens::Grant,
    xml::{escaped, in_xml},
};
use crate::fakes::{
    Reply, Request,
    serve::{self, TokenEnd, Visit},
};

const VERSION: &str = "1.0.0";

impl serve::State for State {
    type Call = Call;

    #[cfg(feature = "fake-checks")]
    fn checker() -> Option<std::sync::Arc<crate::fakes::check::Checker>> {
        Some(crate::fakes::check::Checker::connect())
    }

    fn end_token(&mut self, request: &Request, end: TokenEnd, _now: SystemTime) {
        if let Target::Login(_) = Target::of(&request.path) {
            if let Some(refresh) = request.form("refresh_token") {
                self.login.tokens.end_refresh(&refresh, end);
            }
        } else if let Some(access) = request.bearer() {
            self.login.tokens.end_access(access, end);
        }
    }

    fn handle(&mut self, request: &Request, visit: &Visit) -> Reply {
        match Target::of(&request.path) {
            Target::Api(resource) => self.api(resource, request, visit),
            Target::Login(endpoint) => self.login(endpoint, request, visit.now),
            Target::Nothing => Reply::new(404),
        }
    }
}

impl State {
    fn api(&mut self, resource: Option<Resource>, request: &Request, visit: &Visit) -> Reply {
        let now = visit.now;
        self.counts.api_calls += 1;
        let found = request.bearer().and_then(|token| self.login.tokens.find(token, now));
        let found = found.map(|(grant, is_valid)| (grant.clone(), is_valid));
        // Calls that name no client share a window, so that they have the headers as well.
        let standing = self.limiter.count(found.as_ref().map_or("", |(grant, _)| &grant.client), now);
        let reply = match found {
            _ if !standing.is_allowed => {
                self.counts.rate_limited += 1;
                self.error(429, "Too many requests")
            }
            Some((grant, true)) => self.operation(resource, request, grant, visit),
            Some((_, false)) => self.invalid_token("Access token expired", request),
            None => match request.bearer() {
                Some(_) => self.invalid_token("Invalid access token", request),
                None => oauth_error(401, "unauthorized", "A token is needed")
                    .with_header("www-authenticate", "Bearer"),
            },
        };
        let reply = if self.writes_xml(request) { in_xml(reply) } else { reply };
        self.limiter.with_headers(reply, standing, now).with_header("x-mediaconnect-api-version", VERSION)
    }

    /// Assumption: the statuses 403, 404, 405, 406 and 415 are those of any HTTP service, and a
    /// user without a customer number is a bad request; only 200, 400, 429 and 500 are documented.
    fn operation(
        &mut self,
        resource: Option<Resource>,
        request: &Request,
        grant: Grant,
        visit: &Visit,
    ) -> Reply {
        let Some(resource) = resource else {
            return self.error(404, "Nothing here");
        };
        let method = request.method.as_str();
        if !resource.allowed().split(", ").any(|allowed| allowed == method) {
            return self.error(405, "Method not allowed").with_header("allow", resource.allowed());
        }
        if grant.user.is_some() != resource.is_for_users() {
            let mode = if resource.is_for_users() { "client" } else { "user" };
            return oauth_error(403, "access_denied", &format!("This token is for {mode} mode"));
        }
        if let Some(refused) = self.insufficient_scope(&grant) {
            return refused;
        }
        if let Some(refused) = self.refused_content(request, visit) {
            return refused;
        }
        let done = match (resource, grant.user) {
            (Resource::Level(level), Some(user)) => self.permissions(&level, &user, request),
            (resource, _) => self.shield_request(&resource, request),
        };
        match done {
            Ok(body) => {
                let reply = Reply::json(200, &body);
                if body.is_array() { reply.off_spec() } else { reply }
            }
            Err(why) => self.error(400, &why),
        }
    }

    fn insufficient_scope(&self, grant: &Grant) -> Option<Reply> {
        let needed = self.login.needed_scope.as_ref()?;
        if grant.scope.split_whitespace().any(|scope| scope == needed) {
            return None;
        }
        let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"{needed}\"");
        let reply = oauth_error(403, "insufficient_scope", "Insufficient scope for this resource");
        Some(reply.with_header("www-authenticate", &challenge))
    }

    /// The headers about content first, and then what the specification says.
    fn refused_content(&self, request: &Request, visit: &Visit) -> Option<Reply> {
        let media_type = if !names_json(request, &ACCEPT) && !self.xml {
            Some((406, "Not acceptable: only application/json is written"))
        } else if request.method == "POST" && !names_json(request, &CONTENT_TYPE) {
            Some((415, "Unsupported media type: only application/json is read"))
        } else {
            None
        };
        // The specification knows no XML, so who asks for it cannot keep to it.
        let rule = if self.writes_xml(request) { None } else { visit.broken_rule() };
        match (media_type, rule) {
            (Some((status, message)), _) => Some(self.error(status, message)),
            (None, Some(rule)) => {
                let status = if rule.starts_with("media-type ") { 415 } else { 400 };
                Some(self.error(status, &broken(rule)))
            }
            (None, None) => None,
        }
    }

    fn writes_xml(&self, request: &Request) -> bool {
        self.xml && !names_json(request, &ACCEPT)
    }

    fn permissions(&mut self, level: &Level, user: &str, request: &Request) -> Result<Value, String> {
        let customer = self.customer_of(user).ok_or("The user has no customer number")?.to_owned();
        self.codes.check(level)?;
        if request.method == "POST" {
            let body = request.json().ok_or("The body is not JSON")?;
            self.change(&customer, level, &body)?;
        }
        Ok(self.level_json(&customer, level))
    }

    fn shield_request(&mut self, resource: &Resource, request: &Request) -> Result<Value, String> {
        let body = request.json().ok_or("The body is not JSON")?;
        let text = |name: &str| {
            let text = body[name].as_str().filter(|text| !text.is_empty());
            text.ok_or_else(|| format!("{name} is missing"))
        };
        let enterprise = text("enterpriseCode")?;
        let order_type = match resource {
            Resource::ShieldOrderType => Some(text("orderTypeCode")?),
            _ => None,
        };
        let level = Level::new(Some(enterprise), order_type);
        let count = self.shield(&level, text("channel")?, text("credential")?)?;
        Ok(json!({ "count": count }))
    }

    fn invalid_token(&self, why: &str, request: &Request) -> Reply {
        let description = self.login.about(why, request.bearer().unwrap_or_default());
        oauth_error(401, "invalid_token", &description)
            .with_header("www-authenticate", "Bearer error=\"invalid_token\"")
    }

    /// Assumption: every error that is not about the login has this body. The exception is made up.
    fn error(&self, status: u16, message: &str) -> Reply {
        match self.error_body {
            ErrorBody::Json => {
                Reply::json(status, &json!({ "exceptionType": "ExampleException", "errorMessage": message }))
            }
            ErrorBody::Html => {
                let page = format!("<!DOCTYPE html><title>Error</title><h1>{}</h1>", escaped(message));
                Reply::new(status).with_body("text/html; charset=utf-8", page).off_spec()
            }
            ErrorBody::Empty => Reply::new(status).off_spec(),
        }
    }
}

fn broken(rule: &str) -> String {
    format!("The request does not fit the specification: {rule}")
}

/// Whether JSON is named outright: the service is known to answer some requests without it in XML.
pub(super) fn names_json(request: &Request, header: &HeaderName) -> bool {
    let values = request.headers.get_all(header).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|value| {
        let media_type = value.split(';').next().unwrap_or_default();
        media_type.trim().eq_ignore_ascii_case("application/json")
    })
}

#[cfg(test)]
mod tests;
