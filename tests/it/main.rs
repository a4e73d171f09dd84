//! Behaviour tests, through the public API or raw HTTP, in one binary.

#[cfg(all(feature = "fakes", feature = "connect"))]
mod connect;
#[cfg(all(feature = "fakes", feature = "crm-gateway"))]
mod crm_gateway;
#[cfg(all(feature = "symphony", feature = "crm-gateway", feature = "connect"))]
mod shape;
mod support;
#[cfg(all(feature = "fakes", feature = "symphony"))]
mod symphony;
#[cfg(feature = "connect")]
mod wire_connect;
#[cfg(feature = "crm-gateway")]
mod wire_crm_gateway;
