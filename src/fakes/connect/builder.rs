//! The settings of a fake.

use std::time::Duration;

use super::{
    Fake, Operation, ResetHeader,
    seed::grant,
    state::{Shape, State},
};
use crate::fakes::serve::{Served, Setup, builder_methods};

/// Settings of a [`Fake`].
#[must_use = "a builder starts nothing until `start()` is awaited"]
#[derive(Debug)]
pub struct Builder {
    pub(super) state: State,
    pub(super) setup: Setup<Operation>,
}

impl Builder {
    /// Sets whether a change replaces the whole level. Default: it changes only the channels that
    /// it names. The vendor states neither.
    pub fn replace_on_change(mut self, replace: bool) -> Self {
        self.state.replace_on_change = replace;
        self
    }

    /// Sets whether a channel that was set to `NONE` is still listed. Default: it is left out.
    pub fn show_none(mut self, show: bool) -> Self {
        self.state.style.show_none = show;
        self
    }

    /// Sets whether channels are listed in another order each time. Default: in the order in
    /// which they were first set. The orders are the same in each run.
    pub fn shuffle_channels(mut self, shuffle: bool) -> Self {
        self.state.style.shuffle = shuffle;
        self
    }

    /// Sets whether answers have states in lower case, as in the vendor's prose. Default: in
    /// upper case, as in its samples. Requests need upper case either way.
    pub fn lower_case_states(mut self, lower_case: bool) -> Self {
        self.state.style.lower_case = lower_case;
        self
    }

    /// Sets whether a level is answered as a list without an object around it. Default: an
    /// object. The last one of this and [`wrapped`](Self::wrapped) holds.
    pub fn bare_array(self, bare: bool) -> Self {
        self.shape(Shape::BareArray, bare)
    }

    /// Sets whether a level is answered inside `global`, `enterprise` or `orderType`, as the
    /// vendor's table of properties has it. Default: without, as in its samples.
    pub fn wrapped(self, wrapped: bool) -> Self {
        self.shape(Shape::Wrapped, wrapped)
    }

    fn shape(mut self, shape: Shape, wanted: bool) -> Self {
        let current = &mut self.state.style.shape;
        if wanted {
            *current = shape;
        } else if *current == shape {
            *current = Shape::default();
        }
        self
    }

    /// Sets whether a login gets the same tokens again while they last, with less time left, and
    /// whether a renewal keeps the refresh token and ends the earlier access tokens instead.
    /// Default: every token is new, and a refresh token can be used once.
    ///
    /// Assumption: the vendor's server may do this, because its paths and lifetimes are those of
    /// a library that does.
    pub fn same_token_again(mut self, same: bool) -> Self {
        self.state.login.tokens.same_again = same;
        self
    }

    /// Sets whether the authorize address asks for a PKCE challenge. Default: PKCE is ignored.
    ///
    /// `plain` is always understood, `S256` only if the crate's feature `symphony` is enabled,
    /// which brings the hash function.
    pub fn require_pkce(mut self, require: bool) -> Self {
        self.state.login.require_pkce = require;
        self
    }

    /// Sets what `X-RateLimit-Reset` holds. Default: the seconds that are left.
    pub fn reset_header(mut self, form: ResetHeader) -> Self {
        self.state.limiter.reset_header = form;
        self
    }

    /// Sets how many calls a client may make. Default: 100 per second and 2000 per minute, as
    /// documented. Logins do not count.
    pub fn limits(mut self, per_second: u32, per_minute: u32) -> Self {
        self.state.limiter.per_second = per_second;
        self.state.limiter.per_minute = per_minute;
        self
    }

    /// Sets how long an access token lives. Default: 12 hours, as documented.
    pub fn access_lifetime(mut self, lifetime: Duration) -> Self {
        self.state.login.tokens.access_lifetime = lifetime;
        self
    }

    /// Sets how long a refresh token lives. Default: 30 days, as documented.
    pub fn refresh_lifetime(mut self, lifetime: Duration) -> Self {
        self.state.login.tokens.refresh_lifetime = lifetime;
        self
    }

    /// Accepts this access token as one of [`CLIENT_ID`](super::CLIENT_ID) in client mode, for
    /// clients that cannot log in. It never expires.
    pub fn accept_client_token(mut self, token: impl Into<String>) -> Self {
        self.state.login.tokens.accept(token.into(), grant(None));
        self
    }

    /// Accepts this access token as one of a user, who can be added later. It never expires.
    pub fn accept_user_token(mut self, token: impl Into<String>, user: &str) -> Self {
        self.state.login.tokens.accept(token.into(), grant(Some(user)));
        self
    }

    builder_methods!(setup);

    /// Starts the fake on a free port.
    pub async fn start(self) -> Fake {
        Fake { served: Served::start(self.state, self.setup).await }
    }

    /// Starts the fake without a socket: only its own [`client`](Fake::client) and
    /// [`user_client`](Fake::user_client) reach it, and need no I/O for it. Made for very many
    /// tests under a clock of theirs.
    #[must_use]
    pub fn start_in_process(self) -> Fake {
        Fake { served: Served::in_process(self.state, self.setup, "localhost:4") }
    }
}
