//! Adding and removing that can be run again without harm.

use super::{
    EntitlementStatus, ExternalNetwork, model,
    requests::{AddEntitlement, GetAdvisorEntitlement, RemoveEntitlement},
};
use crate::{Error, ErrorKind, Response, Result, transport::opaque_debug};

const ALREADY_EXISTS: &str = "entitlement.already.exists";
const NOT_FOUND: &str = "entitlement.not.found";

/// The request of [`Client::ensure_entitled`](super::Client::ensure_entitled).
#[must_use = "a request does nothing until `send()` is awaited"]
#[derive(Clone)]
pub struct EnsureEntitled {
    add: AddEntitlement,
}

impl EnsureEntitled {
    pub(super) fn new(add: AddEntitlement) -> Self {
        Self { add }
    }

    /// Sets the advisor's own number, as [`AddEntitlement::phone_number`] does. It is used only
    /// if the entitlement has to be added.
    pub fn phone_number(mut self, number: impl Into<String>) -> Self {
        self.add = self.add.phone_number(number);
        self
    }

    /// Sets the permissions that the advisor should have, for example `create:room`.
    pub fn permissions<P: Into<String>>(mut self, names: impl IntoIterator<Item = P>) -> Self {
        self.add = self.add.permissions(names);
        self
    }

    /// Sets the federation group of the advisor. It is used only if the entitlement has to be
    /// added.
    pub fn federation_group_id(mut self, id: impl Into<String>) -> Self {
        self.add = self.add.federation_group_id(id);
        self
    }

    /// Limits one attempt of each request that this takes. Default: the client's.
    pub fn with_timeout(mut self, timeout: std::time::Duration) -> Self {
        self.add = self.add.with_timeout(timeout);
        self
    }

    /// Limits the whole call, which takes at most four requests. Default: the client's.
    pub fn with_deadline(mut self, deadline: std::time::Duration) -> Self {
        self.add = self.add.with_deadline(deadline);
        self
    }

    /// Limits how many requests are sent for each of the steps that this takes. Default: the
    /// client's.
    pub fn with_max_attempts(mut self, attempts: u32) -> Self {
        self.add = self.add.with_max_attempts(attempts);
        self
    }

    /// Adds a header to each request that this takes, as [`AddEntitlement::with_header`] does.
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.add = self.add.with_header(name, value);
        self
    }

    /// Adds the entitlement, or finds it there. Status, headers and body are those of the answer
    /// that decided it.
    ///
    /// Dropping the future leaves open whether the entitlement was added; calling again finds out.
    ///
    /// # Errors
    ///
    /// See the method of the client. [`ErrorKind::OutcomeUnknown`] remains only where reading
    /// back failed as well.
    pub async fn send(mut self) -> Result<Response<Entitled>> {
        self.add.inner.transport.share_deadline(&mut self.add.options);
        // Whether a request of this call may have added it.
        let mut perhaps_ours = false;
        let mut adds_left = 2;
        loop {
            adds_left -= 1;
            let error = match self.add.clone().send().await {
                Ok(added) => return Ok(added.map(|added| Entitled::added(added, &self.add.permissions))),
                Err(error) => error,
            };
            perhaps_ours |= is_open(&error);
            if !perhaps_ours && error.code() != Some(ALREADY_EXISTS) {
                return Err(error);
            }
            match self.read_back(perhaps_ours).await? {
                Some(entitled) => return Ok(entitled),
                // The request was not carried out, so asking again is safe.
                None if adds_left > 0 => {}
                None => return Err(error),
            }
        }
    }

    /// What is there now, or `None` if nothing is.
    async fn read_back(&self, after_lost_answer: bool) -> Result<Option<Response<Entitled>>> {
        let add = &self.add;
        let mut get = GetAdvisorEntitlement::new(add.inner.clone(), add.network.clone(), add.advisor.clone());
        get.options = add.options.clone();
        match get.send().await {
            Ok(found) => {
                let entitled = |found| Entitled::found(found, &add.permissions, !after_lost_answer);
                Ok(Some(found.map(entitled)))
            }
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) if after_lost_answer => {
                let message = "the entitlement may have been added, and reading it back failed; call again";
                Err(error.with_kind(ErrorKind::OutcomeUnknown).with_message(message))
            }
            Err(error) => Err(error),
        }
    }
}

/// Whether the entitlement may have been added although the call failed: the answer was lost, or
/// was a success that cannot be read.
fn is_open(error: &Error) -> bool {
    let unreadable = error.kind() == ErrorKind::UnexpectedAnswer
        && error.status().is_some_and(|status| status.is_success());
    error.kind() == ErrorKind::OutcomeUnknown || unreadable
}

/// An advisor who is entitled now.
#[derive(Debug, Clone)]
pub struct Entitled {
    before: bool,
    status: Option<EntitlementStatus>,
    network: Option<ExternalNetwork>,
    failed: Vec<FailedPermission>,
}

/// A permission that was asked for and is not there.
///
/// `Debug` does not show the name: where the vendor names a failed item in another way, that can
/// be personal.
#[derive(Clone, PartialEq, Eq)]
pub struct FailedPermission {
    name: String,
    status: Option<i64>,
}

impl std::fmt::Debug for FailedPermission {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FailedPermission").field("status", &self.status).finish_non_exhaustive()
    }
}

impl FailedPermission {
    /// The name of the permission, for example `create:room`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The status that Symphony gave for it, like an HTTP status. `None` if Symphony did not
    /// mention the permission: either it is not granted, or the answer does not list permissions.
    #[must_use]
    pub fn status(&self) -> Option<i64> {
        self.status
    }
}

/// What [`EnsureEntitled::send`] makes of an answer to adding: for the tests of an application.
/// Failed permissions are those that the model says so of.
impl From<model::AddedEntitlement> for Entitled {
    fn from(added: model::AddedEntitlement) -> Self {
        Self::added(added, &[])
    }
}

/// What [`EnsureEntitled::send`] makes of an entitlement that was there before: for the tests of
/// an application.
impl From<model::AdvisorEntitlement> for Entitled {
    fn from(found: model::AdvisorEntitlement) -> Self {
        Self::found(found, &[], true)
    }
}

impl Entitled {
    fn added(added: model::AddedEntitlement, requested: &[String]) -> Self {
        let failed = refused(&added.permissions, requested);
        Self { before: false, status: added.status, network: added.external_network, failed }
    }

    fn found(found: model::AdvisorEntitlement, requested: &[String], before: bool) -> Self {
        let has = |name: &&String| {
            found.permissions.iter().any(|held| held.permission_name.as_deref() == Some(name.as_str()))
        };
        let missing = requested.iter().filter(|name| !has(name));
        let failed = missing.map(|name| FailedPermission { name: name.clone(), status: None }).collect();
        Self { before, status: found.status, network: found.external_network, failed }
    }

    /// Whether the advisor was entitled before this call. After a lost answer the first request
    /// of this call counts as what added it.
    #[must_use]
    pub fn was_entitled(&self) -> bool {
        self.before
    }

    /// Whether the network can be used already, or only after an activation.
    #[must_use]
    pub fn status(&self) -> Option<&EntitlementStatus> {
        self.status.as_ref()
    }

    /// The network, as Symphony calls it.
    #[must_use]
    pub fn network(&self) -> Option<&ExternalNetwork> {
        self.network.as_ref()
    }

    /// The permissions that were asked for and are not there; empty if all is well.
    #[must_use = "a permission that was not granted is easily overlooked"]
    pub fn failed_permissions(&self) -> &[FailedPermission] {
        &self.failed
    }
}

/// Requested permissions without a success of their own, and failures of others.
fn refused(outcomes: &[model::PermissionOutcome], requested: &[String]) -> Vec<FailedPermission> {
    let name_of = |outcome: &model::PermissionOutcome| {
        let granted = outcome.response.as_ref().and_then(|held| held.permission_name.clone());
        granted.or_else(|| outcome.error.as_ref().and_then(|error| error.item_id.clone()))
    };
    let status_of = |outcome: &model::PermissionOutcome| {
        outcome.error.as_ref().and_then(|error| error.status_code).or(outcome.status)
    };
    let mut failed: Vec<_> = outcomes
        .iter()
        .filter(|outcome| outcome.is_failure())
        .map(|outcome| FailedPermission {
            name: name_of(outcome).unwrap_or_else(|| "(not named)".to_owned()),
            status: status_of(outcome),
        })
        .collect();
    let granted = |name: &String| {
        outcomes.iter().any(|outcome| !outcome.is_failure() && name_of(outcome).as_ref() == Some(name))
    };
    let unmentioned: Vec<_> = requested
        .iter()
        .filter(|name| !granted(name) && !failed.iter().any(|known| known.name == **name))
        .map(|name| FailedPermission { name: name.clone(), status: None })
        .collect();
    failed.extend(unmentioned);
    failed
}

/// The request of [`Client::ensure_removed`](super::Client::ensure_removed).
#[must_use = "a request does nothing until `send()` is awaited"]
#[derive(Clone)]
pub struct EnsureRemoved {
    remove: RemoveEntitlement,
}

impl EnsureRemoved {
    pub(super) fn new(remove: RemoveEntitlement) -> Self {
        Self { remove }
    }

    /// Limits one attempt. Default: the client's.
    pub fn with_timeout(mut self, timeout: std::time::Duration) -> Self {
        self.remove = self.remove.with_timeout(timeout);
        self
    }

    /// Limits the whole call. Default: the client's.
    pub fn with_deadline(mut self, deadline: std::time::Duration) -> Self {
        self.remove = self.remove.with_deadline(deadline);
        self
    }

    /// Limits how many requests are sent. Default: the client's.
    pub fn with_max_attempts(mut self, attempts: u32) -> Self {
        self.remove = self.remove.with_max_attempts(attempts);
        self
    }

    /// Adds a header to the request, as [`RemoveEntitlement::with_header`] does.
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.remove = self.remove.with_header(name, value);
        self
    }

    /// Removes the entitlement, or finds it gone.
    ///
    /// Dropping the future leaves open whether it was removed; calling again finds out.
    ///
    /// # Errors
    ///
    /// See the method of the client. A 404 that is not about the entitlement stays an error.
    pub async fn send(self) -> Result<Response<Removed>> {
        match self.remove.send().await {
            Ok(removed) => {
                let before = removed.status().is_success();
                Ok(removed.map(|()| Removed { before }))
            }
            Err(error) if is_gone(&error) => Ok(Response::standing_for(&error, Removed { before: false })),
            Err(error) => Err(error),
        }
    }
}

fn is_gone(error: &Error) -> bool {
    error.is_not_found() && error.code() == Some(NOT_FOUND)
}

/// An advisor who is not entitled now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Removed {
    before: bool,
}

impl Removed {
    /// What [`EnsureRemoved::send`] returns: for the tests of an application.
    #[must_use]
    pub fn new(was_entitled: bool) -> Self {
        Self { before: was_entitled }
    }

    /// Whether this call found an entitlement to remove. After a lost answer this can be `false`
    /// although an attempt of this call removed it.
    #[must_use]
    pub fn was_entitled(self) -> bool {
        self.before
    }
}

opaque_debug!(EnsureEntitled, EnsureRemoved);
