//! What several groups of tests share.

#[cfg_attr(not(feature = "symphony"), allow(dead_code, reason = "not every service needs all of it"))]
pub(crate) mod raw;
