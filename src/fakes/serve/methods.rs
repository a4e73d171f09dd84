//! The methods that all fakes have, and all builders.

use std::fmt;

use crate::fakes::{Fault, Reply};

/// The operation that the author of a test means, by value or by name.
#[track_caller]
pub(in crate::fakes) fn operation<O, T>(given: T) -> O
where
    T: TryInto<O>,
    T::Error: fmt::Display,
{
    match given.try_into() {
        Ok(operation) => operation,
        Err(error) => panic!("{error}"),
    }
}

pub(in crate::fakes) fn reply_fault(reply: Reply, after_change: bool) -> Fault {
    let fault = Fault::reply(reply);
    if after_change { fault.after_change() } else { fault }
}

/// The methods that every fake has; `$served` is the field with the served state.
macro_rules! fake_methods {
    ($served:ident) => {
        /// Where the fake listens: scheme, host and port, without a slash at the end.
        #[must_use]
        pub fn uri(&self) -> String {
            self.$served.uri()
        }

        /// What the fake was asked so far and what it answered.
        pub fn journal(&self) -> crate::fakes::Journal<Call> {
            self.$served.journal()
        }

        /// The requests of the [`journal`](Self::journal) as they came. They can hold tokens and
        /// personal data.
        #[must_use]
        pub fn received(&self) -> Vec<crate::fakes::Request> {
            self.$served.received()
        }

        /// Gives an operation its faults, from the next request on, instead of those it had. The
        /// operation can also be given by its name in the specification.
        ///
        /// The first fault of bytes makes another listener take the port over from wiremock;
        /// requests that are under way at that moment lose their connection.
        ///
        /// # Panics
        ///
        /// If there is no operation of that name. When the fake is dropped: if the faults ran out.
        #[track_caller]
        pub fn faults<O>(&self, operation: O, faults: impl Into<crate::fakes::Faults>)
        where
            O: TryInto<Operation, Error: std::fmt::Display>,
        {
            self.$served.faults(crate::fakes::serve::operation(operation), faults.into());
        }

        /// Asserts that all faults with a number of times have come, and all queued replies.
        ///
        /// # Panics
        ///
        /// If some have not; the message shows which, and what came instead.
        #[track_caller]
        pub fn assert_faults_used(&self) {
            self.$served.assert_faults_used();
        }

        /// Takes back all faults and queued replies.
        pub fn clear_faults(&self) {
            self.$served.clear_faults();
        }

        /// Answers the next request, of whatever operation, with `reply` instead of carrying it
        /// out. Several calls queue, and come before [`faults`](Self::faults).
        pub fn reply_next(&self, reply: crate::fakes::Reply) {
            self.$served.queue(crate::fakes::serve::reply_fault(reply, false));
        }

        /// Carries out the next request and answers it with `reply` all the same, as a gateway
        /// does that loses the real answer. Several calls queue.
        pub fn reply_next_after_change(&self, reply: crate::fakes::Reply) {
            self.$served.queue(crate::fakes::serve::reply_fault(reply, true));
        }
    };
}
pub(in crate::fakes) use fake_methods;

/// The methods that every builder has; `$setup` is the field with the `Setup`.
macro_rules! builder_methods {
    ($setup:ident) => {
        /// Uses this clock for everything that expires, waits or is counted by time; the fake's
        /// `client()` gets it as well. Default: the machine's clock.
        ///
        /// It does not move socket timeouts.
        pub fn clock(mut self, clock: impl crate::time::Clock) -> Self {
            self.$setup.clock = std::sync::Arc::new(clock);
            self
        }

        /// Listens on this port of the loopback address. Default: a free one.
        ///
        /// # Panics
        ///
        /// If the port is taken or may not be used.
        #[track_caller]
        pub fn port(mut self, port: u16) -> Self {
            self.$setup.bind(port);
            self
        }

        /// Gives an operation its faults. The operation can also be given by its name in the
        /// specification.
        ///
        /// # Panics
        ///
        /// If there is no operation of that name, or if it has faults already. When the fake is
        /// dropped: if the faults ran out.
        #[track_caller]
        pub fn faults<O>(mut self, operation: O, faults: impl Into<crate::fakes::Faults>) -> Self
        where
            O: TryInto<Operation, Error: std::fmt::Display>,
        {
            self.$setup.faults(crate::fakes::serve::operation(operation), faults.into());
            self
        }

        /// Sets whether a listener of this crate serves the fake instead of wiremock. Default:
        /// only if one of its faults needs it.
        ///
        /// Use it for tests that look at raw paths, which wiremock normalises, at the greatest
        /// concurrency, or that send very many requests.
        pub fn wire_listener(mut self, wire_listener: bool) -> Self {
            self.$setup.wire_listener(wire_listener);
            self
        }

        /// Checks requests and replies against this `OpenAPI` document, as JSON, instead of the one
        /// that the crate is made from; `None` checks nothing. Needs the feature `fake-checks`.
        ///
        /// # Panics
        ///
        /// If the document has something that the checker does not understand. When the fake is
        /// dropped: if one of its own replies broke the document.
        #[cfg(feature = "fake-checks")]
        #[track_caller]
        pub fn check_against<'d>(mut self, document: impl Into<Option<&'d serde_json::Value>>) -> Self {
            self.$setup.check_against(document.into());
            self
        }

        /// Sets how many requests the journal keeps; its counters count on. Default: 10,000.
        pub fn keep_requests(mut self, count: usize) -> Self {
            self.$setup.keep_requests(count);
            self
        }
    };
}
pub(in crate::fakes) use builder_methods;
