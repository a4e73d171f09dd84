//! What several groups of tests share.

pub(crate) mod raw;
