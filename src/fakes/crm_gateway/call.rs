//! What the fake was asked to do.

use crate::fakes::{self, Request, call::operations};

pub(super) const LIST: &str = "/crm-gateway/v1/rmg/v1/entitlements";

operations! {
    /// The operations of the fake, for a script of faults and for its journal.
    pub enum Operation {
        /// `GET /crm-gateway/v1/rmg/v1/entitlements`
        GetEntitlements = "getEntitlements",
    }
}

/// A request to the fake.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Call {
    /// A page of the entitlements.
    GetEntitlements,
}

impl fakes::Call for Call {
    type Operation = Operation;

    fn read(request: &Request) -> Option<Self> {
        (request.method == "GET" && request.path == LIST).then_some(Self::GetEntitlements)
    }

    fn operation(&self) -> Operation {
        match self {
            Self::GetEntitlements => Operation::GetEntitlements,
        }
    }
}
