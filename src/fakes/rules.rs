//! What the specification says about requests and replies, where it is asked.

use super::{Reply, Request};

/// Asks nothing without the feature `fake-checks`.
#[derive(Clone, Default)]
pub(super) struct Rules {
    #[cfg(feature = "fake-checks")]
    checker: Option<std::sync::Arc<super::check::Checker>>,
}

#[cfg(feature = "fake-checks")]
impl Rules {
    pub(super) fn of(checker: Option<std::sync::Arc<super::check::Checker>>) -> Self {
        Self { checker }
    }

    #[track_caller]
    pub(super) fn of_document(document: &serde_json::Value) -> Self {
        match super::check::Checker::new(document) {
            Ok(checker) => Self::of(Some(std::sync::Arc::new(checker))),
            Err(why) => panic!("the specification cannot be used: {why}"),
        }
    }

    pub(super) fn are_asked(&self) -> bool {
        self.checker.is_some()
    }

    pub(super) fn broken_by(&self, request: &Request) -> Option<String> {
        self.checker.as_ref()?.request(request).err().map(|rule| rule.to_string())
    }

    pub(super) fn broken_by_reply(&self, request: &Request, reply: &Reply) -> Option<String> {
        let checker = self.checker.as_ref().filter(|_| !reply.is_off_spec())?;
        checker.reply(request, reply).err().map(|rule| rule.to_string())
    }
}

#[cfg(not(feature = "fake-checks"))]
#[expect(clippy::unused_self, reason = "with the feature there is something to ask")]
impl Rules {
    pub(super) fn are_asked(&self) -> bool {
        false
    }

    pub(super) fn broken_by(&self, _request: &Request) -> Option<String> {
        None
    }

    pub(super) fn broken_by_reply(&self, _request: &Request, _reply: &Reply) -> Option<String> {
        None
    }
}

/// For the tests of a handler: its reply is one that the specification allows, or marked as off it.
#[cfg(all(test, any_service))]
#[track_caller]
pub(super) fn assert_allowed<S: super::state::State>(request: &Request, reply: &Reply) {
    #[cfg(feature = "fake-checks")]
    assert_eq!(Rules::of(S::checker()).broken_by_reply(request, reply), None, "{request:?} → {reply:?}");
    #[cfg(not(feature = "fake-checks"))]
    let _ = (request, reply, std::marker::PhantomData::<S>);
}
