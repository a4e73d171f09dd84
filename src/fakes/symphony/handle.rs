//! The five operations: who may call, and all but adding.

use std::time::SystemTime;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

use super::{
    add,
    batch::Key,
    builder::{Style, UnknownCursor},
    call::{Call, Operation, methods_of},
    problem::{self, Problem},
    roster::Roster,
    state::State,
    tenant::Tenant,
};
use crate::{
    fakes::{
        Call as _, Personal, Reply, Request,
        serve::{self, TokenEnd, Visit},
    },
    symphony::ExternalNetwork,
};

impl serve::State for State {
    type Call = Call;

    #[cfg(feature = "fake-checks")]
    fn checker() -> Option<std::sync::Arc<crate::fakes::check::Checker>> {
        Some(crate::fakes::check::Checker::symphony())
    }

    fn handle(&mut self, request: &Request, visit: &Visit) -> Reply {
        let shape = self.style.errors;
        self.answer(request, visit).unwrap_or_else(|problem| problem.reply(shape, request, visit.now))
    }

    /// The vendor answers an expired token and a revoked key alike.
    fn end_token(&mut self, request: &Request, _end: TokenEnd, _now: SystemTime) {
        if let Some(bearer) = request.bearer() {
            self.end(bearer);
        }
    }
}

impl State {
    fn answer(&mut self, request: &Request, visit: &Visit) -> Result<Reply, Problem> {
        let caller = self.caller(request, visit.now).ok_or(problem::UNAUTHORIZED)?;
        let Some(call) = Call::read(request) else {
            let Some(allowed) = methods_of(&request.path) else {
                return Err(problem::NO_SUCH_PATH);
            };
            let reply = problem::NO_SUCH_METHOD.reply(self.style.errors, request, visit.now);
            return Ok(reply.with_header("allow", allowed));
        };
        let style = &self.style;
        let tenant = self.tenants.get_mut(&caller).ok_or(problem::UNAUTHORIZED)?;
        if !tenant.is_allowed && call.operation() != Operation::AddEntitlement {
            return Err(problem::FORBIDDEN);
        }
        if visit.broken_rule().is_some() {
            return Err(problem::BAD_REQUEST);
        }
        match &call {
            Call::ListEntitlements => {
                let names: Vec<&str> =
                    tenant.networks.iter().map(|network| style.spelling(network)).collect();
                Ok(Reply::json(200, &json!({ "entitlements": names })))
            }
            Call::AddEntitlement { .. } => add::entitlement(tenant, style, &call),
            Call::ListEntitledAdvisors { external_network, after, before, list_permissions } => {
                check_network(tenant, style, external_network)?;
                let direction = match (after, before) {
                    (Some(after), _) => Direction::After(after.as_str()),
                    (None, Some(before)) => Direction::Before(before.as_str()),
                    (None, None) => Direction::Start,
                };
                advisors(tenant, style, external_network, direction, *list_permissions == Some(true))
            }
            Call::GetCustomerEntitlement { external_network, advisor_symphony_id, advisor_email_address } => {
                let network = named(external_network.as_ref())?;
                let key = advisor(advisor_symphony_id.as_ref(), advisor_email_address.as_ref())?;
                let place = place(tenant, style, network, key)?;
                let found = tenant.rosters.get(network).and_then(|roster| roster.at(place));
                let found = found.ok_or(problem::NO_SUCH_ENTITLEMENT)?;
                let mut body = tenant.json(network, &found, style);
                body["permissions"] = tenant.permissions_json(network, &found);
                Ok(Reply::json(200, &body))
            }
            Call::DeleteCustomerEntitlement {
                external_network,
                advisor_symphony_id,
                advisor_email_address,
            } => {
                let network = named(external_network.as_ref())?;
                let key = advisor(advisor_symphony_id.as_ref(), advisor_email_address.as_ref())?;
                let place = place(tenant, style, network, key)?;
                tenant.remove(network, place);
                Ok(Reply::new(style.removed))
            }
        }
    }
}

/// The network that the request names; it must name one.
pub(super) fn named(network: Option<&ExternalNetwork>) -> Result<&ExternalNetwork, Problem> {
    network.filter(|network| !network.as_str().is_empty()).ok_or(problem::BAD_REQUEST)
}

/// An identifier of the request; an empty one is none.
pub(super) fn given(text: Option<&Personal>) -> Option<&str> {
    text.map(Personal::as_str).filter(|text| !text.is_empty())
}

/// Whose entitlement a request is about; the id decides, and the e-mail address only without it.
pub(super) fn advisor<'a>(id: Option<&'a Personal>, email: Option<&'a Personal>) -> Result<Key<'a>, Problem> {
    let by_email = || given(email).map(Key::Email);
    given(id).map(Key::Id).or_else(by_email).ok_or(problem::NO_IDENTIFIER)
}

/// Where the advisor stands in the listing.
fn place(tenant: &Tenant, style: &Style, network: &ExternalNetwork, key: Key<'_>) -> Result<usize, Problem> {
    check_network(tenant, style, network)?;
    tenant.place(network, key).ok_or(problem::NO_SUCH_ENTITLEMENT)
}

fn check_network(tenant: &Tenant, style: &Style, network: &ExternalNetwork) -> Result<(), Problem> {
    let is_known = style.knows_every_network
        || !matches!(network, ExternalNetwork::Unknown(_))
        || tenant.networks.contains(network);
    if is_known { Ok(()) } else { Err(problem::NO_SUCH_NETWORK) }
}

enum Direction<'a> {
    Start,
    After(&'a str),
    Before(&'a str),
}

fn advisors(
    tenant: &Tenant,
    style: &Style,
    network: &ExternalNetwork,
    direction: Direction<'_>,
    with_permissions: bool,
) -> Result<Reply, Problem> {
    let nobody = Roster::default();
    let roster = tenant.rosters.get(network).unwrap_or(&nobody);
    let forwards = |start: usize| -> Vec<usize> {
        let places = std::iter::successors(roster.next(start), |place| roster.next(place + 1));
        places.take(style.page_size).collect()
    };
    let cursor = match direction {
        Direction::Start => None,
        Direction::After(cursor) | Direction::Before(cursor) => Some(place_of(cursor, roster)),
    };
    let places = match (cursor, direction) {
        (None, _) => forwards(0),
        (Some(Some(place)), Direction::Before(_)) => {
            let places = std::iter::successors(roster.previous(place), |place| roster.previous(*place));
            let mut places: Vec<usize> = places.take(style.page_size).collect();
            places.reverse();
            places
        }
        (Some(Some(place)), _) => forwards(place + 1),
        (Some(None), _) => match style.unknown_cursor {
            UnknownCursor::Refused => return Err(problem::BAD_CURSOR),
            UnknownCursor::EmptyPage => Vec::new(),
            UnknownCursor::FirstPage => forwards(0),
        },
    };
    let items: Vec<Value> = places
        .iter()
        .filter_map(|place| roster.at(*place))
        .map(|held| {
            let mut item = tenant.json(network, &held, style);
            if with_permissions {
                item["permissions"] = tenant.permissions_json(network, &held);
            }
            item
        })
        .collect();
    let first = places.first().filter(|place| roster.previous(**place).is_some());
    let last = places.last().filter(|place| roster.next(**place + 1).is_some());
    let cursor = |place: Option<&usize>| place.and_then(|place| cursor_of(*place, roster));
    let pagination = pagination(style, cursor(first), cursor(last));
    Ok(Reply::json(200, &json!({ "entitlements": items, "pagination": pagination })))
}

fn pagination(style: &Style, before: Option<String>, after: Option<String>) -> Value {
    let link = |name: &str, cursor: &Option<String>| cursor.as_ref().map(|text| format!("?{name}={text}"));
    let links = [("previous", link("before", &before)), ("next", link("after", &after))];
    let object = |fields: [(&str, Option<String>); 2]| -> Map<String, Value> {
        let shown = fields.into_iter().filter(|(_, value)| value.is_some() || style.has_null_links);
        shown.map(|(name, value)| (name.to_owned(), json!(value))).collect()
    };
    let mut pagination = object(links);
    pagination.insert("cursors".to_owned(), object([("before", before), ("after", after)]).into());
    pagination.into()
}

/// The vendor's example is the same kind of thing: base64 of a JSON key with an e-mail address.
fn cursor_of(place: usize, roster: &Roster) -> Option<String> {
    let email = &roster.at(place)?.user.email;
    let key = json!({ "emailAddress": { "s": email }, "place": { "n": place.to_string() } });
    Some(STANDARD.encode(key.to_string()))
}

/// The place that a cursor names, also when nobody is there any more.
fn place_of(cursor: &str, roster: &Roster) -> Option<usize> {
    let key: Value = serde_json::from_slice(&STANDARD.decode(cursor).ok()?).ok()?;
    let place: usize = key["place"]["n"].as_str()?.parse().ok()?;
    let is_other = |there: &str| key["emailAddress"]["s"] != there;
    let is_made_up =
        place >= roster.places() || roster.at(place).is_some_and(|held| is_other(&held.user.email));
    (!is_made_up).then_some(place)
}
