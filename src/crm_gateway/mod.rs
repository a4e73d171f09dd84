//! NAGRA OpenTV CRM Gateway, entitlements: which products an account may use.
//!
//! Start with [`Client::builder`]. The one operation, [`Client::list_entitlements`], returns a
//! request: narrow it by [`Filter`], order it by [`Sort`], then `stream()` all pages or `send()`
//! for one. A [`Keycloak`](crate::auth::Keycloak) login provides the tokens.
//!
//! The vendor's page:
//! <https://docs.nagra.com/opentv-docs/25.12_Q1/Default/getting-third-party-product-entitlements>

mod client;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod ids;
mod listing;
mod problem;
mod query;
mod requests;

pub use self::{
    client::{Client, ClientBuilder},
    ids::{EntitlementStatus, ProductType, ValidityType},
    problem::{Problem, ProblemCode, ProblemShape},
    query::{FieldsEncoding, Filter, Sort},
    requests::ListEntitlements,
};

/// The models of the answers, as the specification describes them.
///
/// Every field is optional: with `fields` any of them can be missing. Make one for your tests
/// with `Default` and set its fields.
pub mod model {
    pub use crate::generated::crm_gateway::model::*;
}
