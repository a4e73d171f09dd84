//! Behaviour tests, through the public API or raw HTTP, in one binary.

#[path = "../../build/mod.rs"]
mod build;

#[cfg(feature = "symphony")]
mod bad_input;
mod build_rules;
#[cfg(all(feature = "fakes", feature = "connect"))]
mod connect;
#[cfg(all(feature = "fakes", feature = "connect"))]
mod connect_login;
#[cfg(all(feature = "fakes", feature = "crm-gateway"))]
mod crm_gateway;
#[cfg(feature = "symphony")]
mod decode_symphony;
#[cfg(all(feature = "symphony", feature = "crm-gateway", feature = "connect"))]
mod errors;
#[cfg(all(feature = "fakes", feature = "symphony", feature = "crm-gateway", feature = "connect"))]
mod fakes;
#[cfg(all(feature = "fakes", feature = "connect"))]
mod fakes_connect;
#[cfg(all(feature = "fakes", feature = "crm-gateway"))]
mod fakes_crm_gateway;
#[cfg(all(feature = "fakes", feature = "symphony"))]
mod fakes_symphony;
#[cfg(all(feature = "fakes", feature = "symphony", feature = "crm-gateway", feature = "connect"))]
mod from_env;
#[cfg(feature = "crm-gateway")]
mod gzip;
#[cfg(all(feature = "symphony", feature = "crm-gateway", feature = "connect"))]
mod hostile_callers;
#[cfg(all(feature = "symphony", feature = "crm-gateway", feature = "connect"))]
mod hostile_servers;
#[cfg(all(feature = "fakes", feature = "crm-gateway"))]
mod keycloak_login;
#[cfg(feature = "crm-gateway")]
mod limits;
#[cfg(all(feature = "fakes", feature = "symphony"))]
mod lost_answers;
#[cfg(all(feature = "fakes", feature = "symphony", feature = "crm-gateway", feature = "connect"))]
mod paging;
#[cfg(feature = "crm-gateway")]
mod proxy;
#[cfg(all(feature = "fakes", feature = "connect"))]
mod rate_limit;
#[cfg(feature = "crm-gateway")]
mod redirects;
#[cfg(all(feature = "fakes", feature = "symphony", feature = "crm-gateway", feature = "connect"))]
mod repeats;
#[cfg(all(feature = "symphony", feature = "crm-gateway", feature = "connect"))]
mod shape;
#[cfg(all(feature = "fakes", feature = "symphony", feature = "connect"))]
mod shared_deadlines;
#[cfg(all(feature = "fakes", feature = "symphony", feature = "crm-gateway", feature = "connect"))]
mod sharing;
mod specs;
#[cfg(any(feature = "symphony", feature = "crm-gateway", feature = "connect"))]
mod support;
#[cfg(all(feature = "fakes", feature = "symphony"))]
mod symphony;
#[cfg(all(feature = "fakes", feature = "symphony"))]
mod symphony_signer;
#[cfg(all(feature = "crm-gateway", any(feature = "rustls", feature = "native-tls")))]
mod tls;
#[cfg(feature = "connect")]
mod wire_connect;
#[cfg(feature = "crm-gateway")]
mod wire_crm_gateway;
#[cfg(feature = "symphony")]
mod wire_symphony;
