//! What the specification says about requests and answers, where it is asked.

use super::{Reply, Request};

/// Asks nothing without the feature `fake-checks`.
#[derive(Debug, Default)]
pub(super) struct Rules;

impl Rules {
    pub(super) fn broken_by(&self, _request: &Request) -> Option<String> {
        None
    }

    pub(super) fn broken_by_reply(&self, _request: &Request, reply: &Reply) -> Option<String> {
        let _ = reply.is_off_spec();
        None
    }
}
