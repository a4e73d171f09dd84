//! What several groups of tests share.

#[cfg(all(feature = "crm-gateway", any(feature = "rustls", feature = "native-tls")))]
pub(crate) mod certificates;
#[cfg(feature = "crm-gateway")]
pub(crate) mod child;
#[cfg(all(feature = "fakes", any(feature = "crm-gateway", feature = "connect")))]
pub(crate) mod paused;
#[cfg_attr(not(feature = "symphony"), allow(dead_code, reason = "not every service needs all of it"))]
pub(crate) mod raw;
