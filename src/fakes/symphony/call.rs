//! What the fake was asked to do.

use serde_json::Value;

use crate::{
    fakes::{self, Personal, Request, call::operations, message::segment_decoded},
    symphony::ExternalNetwork,
};

const NETWORKS: &str = "/admin/api/v2/customer/entitlements";
const ONE: &str = "/admin/api/v2/customer/advisor/entitlements";
const ADVISORS: (&str, &str) = ("/admin/api/v1/customer/entitlements/externalNetwork/", "/advisors");

operations! {
    /// The operations of the fake, for a script of faults and for its journal.
    pub enum Operation {
        /// `GET /api/v2/customer/entitlements`
        ListEntitlements = "listEntitlements",
        /// `POST /api/v2/customer/entitlements`
        AddEntitlement = "addEntitlement",
        /// `GET /api/v1/customer/entitlements/externalNetwork/{externalNetwork}/advisors`
        ListEntitledAdvisors = "listEntitledAdvisors",
        /// `GET /api/v2/customer/advisor/entitlements`
        GetCustomerEntitlement = "getCustomerEntitlement",
        /// `DELETE /api/v2/customer/advisor/entitlements`
        DeleteCustomerEntitlement = "deleteCustomerEntitlement",
    }
}

/// A request to the fake. A part that was missing or malformed is `None` or empty.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Call {
    /// The tenant's networks.
    ListEntitlements,
    /// An advisor is to be entitled.
    AddEntitlement {
        /// `externalNetwork` of the body.
        external_network: Option<ExternalNetwork>,
        /// `symphonyId` of the body.
        symphony_id: Option<Personal>,
        /// `advisorEmailAddress` of the body.
        advisor_email_address: Option<Personal>,
        /// `advisorPhoneNumber` of the body.
        advisor_phone_number: Option<Personal>,
        /// `federationGroupId` of the body.
        federation_group_id: Option<String>,
        /// `permissions` of the body.
        permissions: Vec<String>,
    },
    /// A page of the entitled advisors.
    ListEntitledAdvisors {
        /// The network in the path.
        external_network: ExternalNetwork,
        /// The cursor to go on after.
        after: Option<Personal>,
        /// The cursor to go back from.
        before: Option<Personal>,
        /// `listPermissions` of the query.
        list_permissions: Option<bool>,
    },
    /// One advisor's entitlement.
    GetCustomerEntitlement {
        /// `externalNetwork` of the query.
        external_network: Option<ExternalNetwork>,
        /// `advisorSymphonyId` of the query.
        advisor_symphony_id: Option<Personal>,
        /// `advisorEmailAddress` of the query.
        advisor_email_address: Option<Personal>,
    },
    /// One advisor's entitlement is to be removed.
    DeleteCustomerEntitlement {
        /// `externalNetwork` of the query.
        external_network: Option<ExternalNetwork>,
        /// `advisorSymphonyId` of the query.
        advisor_symphony_id: Option<Personal>,
        /// `advisorEmailAddress` of the query.
        advisor_email_address: Option<Personal>,
    },
}

impl fakes::Call for Call {
    type Operation = Operation;

    fn read(request: &Request) -> Option<Self> {
        let parameter = |name| request.parameter(name);
        let personal = |name| request.parameter(name).map(Personal::from);
        Some(match (request.method.as_str(), request.path.as_str(), listed_network(&request.path)) {
            ("GET", NETWORKS, _) => Self::ListEntitlements,
            ("POST", NETWORKS, _) => added(&request.json().unwrap_or_default()),
            ("GET", _, Some(network)) => Self::ListEntitledAdvisors {
                external_network: ExternalNetwork::from(network),
                after: personal("after"),
                before: personal("before"),
                list_permissions: parameter("listPermissions").and_then(|text| text.parse().ok()),
            },
            ("GET", ONE, _) => Self::GetCustomerEntitlement {
                external_network: parameter("externalNetwork").map(ExternalNetwork::from),
                advisor_symphony_id: personal("advisorSymphonyId"),
                advisor_email_address: personal("advisorEmailAddress"),
            },
            ("DELETE", ONE, _) => Self::DeleteCustomerEntitlement {
                external_network: parameter("externalNetwork").map(ExternalNetwork::from),
                advisor_symphony_id: personal("advisorSymphonyId"),
                advisor_email_address: personal("advisorEmailAddress"),
            },
            _ => return None,
        })
    }

    fn operation(&self) -> Operation {
        match self {
            Self::ListEntitlements => Operation::ListEntitlements,
            Self::AddEntitlement { .. } => Operation::AddEntitlement,
            Self::ListEntitledAdvisors { .. } => Operation::ListEntitledAdvisors,
            Self::GetCustomerEntitlement { .. } => Operation::GetCustomerEntitlement,
            Self::DeleteCustomerEntitlement { .. } => Operation::DeleteCustomerEntitlement,
        }
    }
}

/// The methods of a path, as the header `Allow` lists them; `None` if it is no operation.
pub(super) fn methods_of(path: &str) -> Option<&'static str> {
    match path {
        NETWORKS => Some("GET, POST"),
        ONE => Some("GET, DELETE"),
        _ => listed_network(path).map(|_| "GET"),
    }
}

/// The network in the path of a listing, decoded.
fn listed_network(path: &str) -> Option<String> {
    let segment = path.strip_prefix(ADVISORS.0)?.strip_suffix(ADVISORS.1)?;
    if segment.is_empty() || segment.contains('/') {
        return None;
    }
    Some(segment_decoded(segment))
}

fn added(body: &Value) -> Call {
    let text = |name: &str| body[name].as_str();
    Call::AddEntitlement {
        external_network: text("externalNetwork").map(ExternalNetwork::from),
        symphony_id: text("symphonyId").map(Personal::from),
        advisor_email_address: text("advisorEmailAddress").map(Personal::from),
        advisor_phone_number: text("advisorPhoneNumber").map(Personal::from),
        federation_group_id: text("federationGroupId").map(str::to_owned),
        permissions: body["permissions"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|name| name.as_str().map(str::to_owned))
            .collect(),
    }
}
