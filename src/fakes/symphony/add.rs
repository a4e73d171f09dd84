//! Adding an entitlement: the checks in the order of the behaviour table.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::{
    batch::Key,
    builder::Style,
    call::Call,
    handle::{advisor, given, named},
    people::Entitlement,
    problem::{self, Problem},
    tenant::{Catalogue, Tenant, is_direct, permission},
};
use crate::{
    fakes::Reply,
    symphony::{EntitlementStatus, ExternalNetwork},
};

pub(super) fn entitlement(tenant: &mut Tenant, style: &Style, call: &Call) -> Result<Reply, Problem> {
    let Call::AddEntitlement {
        external_network,
        symphony_id,
        advisor_email_address,
        advisor_phone_number,
        federation_group_id,
        permissions,
    } = call
    else {
        return Err(problem::BAD_REQUEST);
    };
    let network = named(external_network.as_ref())?;
    let who = advisor(symphony_id.as_ref(), advisor_email_address.as_ref())?;
    let is_enabled = tenant.networks.contains(network);
    if !is_enabled && matches!(network, ExternalNetwork::Unknown(_)) {
        return Err(problem::NO_SUCH_TYPE);
    }
    if !is_enabled || !tenant.is_allowed {
        return Err(problem::FORBIDDEN_TYPE);
    }
    if !tenant.is_configured {
        return Err(problem::NO_CONFIGURATION);
    }
    let user = tenant.person(who).map(Cow::into_owned).ok_or(problem::NO_SUCH_USER)?;
    if tenant.place(network, Key::Id(&user.id)).is_some() {
        return Err(problem::ALREADY_ENTITLED);
    }
    let mut entitlement = Entitlement::new(user);
    entitlement.federation_group_id = federation_group_id.clone().filter(|group| !group.is_empty());
    entitlement.number = number(tenant, network, &entitlement.user.id, given(advisor_phone_number.as_ref()))?;
    if !permissions.is_empty() && tenant.status(network, &entitlement) == EntitlementStatus::PreEntitled {
        return Err(problem::NO_PERMISSIONS_YET);
    }
    check_number(tenant, &entitlement)?;
    if entitlement.number.is_none() && *network == ExternalNetwork::SmsDirect {
        let (numbers, id) = (&tenant.numbers, &entitlement.user.id);
        let is_taken =
            |number: &str| tenant.is_held_by_other(number, None) || numbers.is_allocated_to_other(number, id);
        let free = numbers.second.as_ref().and_then(|pool| pool.first_free(is_taken));
        entitlement.number = Some(free.ok_or(problem::NO_NUMBER_LEFT)?);
    }
    if !permissions.is_empty() {
        let catalogue = tenant.catalogue(network);
        let requested = permissions.iter().filter(|name| catalogue.contains_key(*name)).cloned();
        let granted = tenant.default_permissions(network).map(str::to_owned).chain(requested);
        entitlement.permissions = Some(granted.collect());
    }

    let mut answer = tenant.json(network, &entitlement, style);
    answer["ownContactId"] = json!(entitlement.user.id);
    answer["permissions"] = permissions.iter().map(|name| outcome(tenant.catalogue(network), name)).collect();
    tenant.entitle(network, entitlement);
    let reply = Reply::json(style.added, &answer);
    // The specification knows 201 only.
    Ok(if style.added == 201 { reply } else { reply.off_spec() })
}

/// The number that the advisor is to have, unless one of the pool is.
fn number(
    tenant: &Tenant,
    network: &ExternalNetwork,
    id: &str,
    given: Option<&str>,
) -> Result<Option<String>, Problem> {
    let numbers = &tenant.numbers;
    match given {
        Some(_) if !is_direct(network) => Err(problem::NUMBER_NOT_SUPPORTED),
        Some(number) => Ok(Some(number.to_owned())),
        None if *network == ExternalNetwork::SmsDirect && numbers.second.is_none() => {
            Err(problem::NUMBER_REQUIRED)
        }
        None if is_direct(network) => Ok(numbers.pre_allocated.get(id).cloned()),
        None => Ok(None),
    }
}

/// The four conflicts, in the order of the behaviour table.
fn check_number(tenant: &Tenant, entitlement: &Entitlement) -> Result<(), Problem> {
    let (Some(number), id) = (&entitlement.number, &entitlement.user.id) else { return Ok(()) };
    let numbers = &tenant.numbers;
    if tenant.is_held_by_other(number, Some(id)) {
        return Err(problem::NUMBER_USED);
    }
    if numbers.pre_allocated.get(id).is_some_and(|allocated| allocated != number) {
        return Err(problem::NUMBER_MISMATCH);
    }
    if numbers.unavailable.contains(number) || numbers.is_allocated_to_other(number, id) {
        return Err(problem::NUMBER_UNAVAILABLE);
    }
    match numbers.unregistrable.get(number) {
        Some(reason) => Err(problem::not_registrable(reason)),
        None => Ok(()),
    }
}

/// What becomes of one requested permission.
fn outcome(catalogue: &Catalogue, name: &str) -> Value {
    if catalogue.contains_key(name) {
        return json!({ "status": 200, "response": permission(name) });
    }
    json!({ "status": 404, "error": { "itemId": name, "title": "Permission not found.", "statusCode": 404 } })
}
