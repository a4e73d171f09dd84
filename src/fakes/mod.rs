//! Stateful fakes of the three APIs and of Keycloak, for your test suite.
//!
//! Each fake is a pure handler, state and request in, reply out, that `wiremock` serves on a port
//! of its own. `Fake::start()` starts it with a small seed, `client()` gives a client that is
//! wired to it, and `uri()` is for clients in any language.
//!
//! What the vendors document is what the fakes do; where their documents are silent, the fakes do
//! what the specifications in `specs/` label as an assumption. A test against a fake shows that
//! your code fits the documents, not that it fits a vendor's server.
//!
//! ```
//! use entitlements::{fakes, symphony::{Advisor, ExternalNetwork}};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> entitlements::Result<()> {
//! let fake = fakes::symphony::Fake::start().await;
//! fake.add_user("351775001412105", "ada@acme.example", "Ada", "Byron");
//! let client = fake.client()?;
//!
//! let ada = Advisor::email("ada@acme.example");
//! client.add_entitlement(ExternalNetwork::WhatsApp, ada.clone()).send().await?;
//! let ensured = client.ensure_entitled(ExternalNetwork::WhatsApp, ada).send().await?;
//! assert!(ensured.was_entitled());
//! # Ok(()) }
//! ```
#![doc = include_str!("../docs/testing.md")]
#![cfg_attr(
    all(feature = "symphony", feature = "crm-gateway", feature = "connect"),
    doc = concat!("\n```no_run\n", include_str!("../../examples/testing/your_application.rs"), "```")
)]

mod alter;
mod body;
mod call;
#[cfg(feature = "fake-checks")]
mod check;
#[cfg(feature = "connect")]
pub mod connect;
mod core;
#[cfg(feature = "crm-gateway")]
pub mod crm_gateway;
mod fault;
mod in_process;
mod journal;
#[cfg(feature = "crm-gateway")]
pub mod keycloak;
mod message;
mod rules;
mod serve;
mod state;
#[cfg(feature = "symphony")]
pub mod symphony;

pub(crate) use self::in_process::InProcess;
pub use self::{
    call::{Call, Operation, Personal, UnknownOperation},
    fault::{Fault, Faults, RateHeader},
    journal::{Entry, Journal},
    message::{Reply, Request},
};
