//! The settings of a fake.

use std::time::Duration;

use super::{
    ErrorBody, Fake, Operation, ResetHeader,
    seeding::demand,
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
    /// object. The answer is then not what the specification says. The last one of this and [`wrapped`](Self::wrapped) holds.
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

    /// Sets whether answers are in XML where the request does not ask for `application/json`.
    /// Default: such a request is answered with 406 by the API, and its errors at the token
    /// address are in JSON. The answer is then not what the specification says.
    ///
    /// Seen in public client code: older operations do this. Assumption: only the shape of a
    /// login error is known, so the names in all other answers are those of the JSON properties.
    pub fn xml_unless_json_is_asked_for(mut self, xml: bool) -> Self {
        self.state.xml = xml;
        self
    }

    /// Sets the body of the API's errors, other than those about a token. Default: JSON, as seen
    /// in public client code for status 400. With another one the answer is not what the
    /// specification says.
    pub fn error_body(mut self, body: ErrorBody) -> Self {
        self.state.error_body = body;
        self
    }

    /// Sets whether a login gets the same access token again while it lasts, with less time left.
    /// Default: every token is new.
    ///
    /// Assumption: the vendor's server may do this, because its paths and lifetimes are those of
    /// a library that does.
    pub fn same_token_again(mut self, same: bool) -> Self {
        self.state.login.tokens.same_again = same;
        self
    }

    /// Sets whether a renewal keeps the refresh token and ends the earlier access tokens.
    /// Default: a refresh token can be used once, and earlier access tokens stay.
    ///
    /// Assumption: as for [`same_token_again`](Self::same_token_again).
    pub fn keep_refresh_token(mut self, keep: bool) -> Self {
        self.state.login.tokens.keep_refresh = keep;
        self
    }

    /// Sets whether the text of an error repeats the token or code that it refuses, so that a
    /// test finds a program that logs it. Default: it does.
    ///
    /// Assumption: as for [`same_token_again`](Self::same_token_again).
    pub fn repeat_tokens_in_errors(mut self, repeat: bool) -> Self {
        self.state.login.repeat_tokens = repeat;
        self
    }

    /// Sets whether an expired refresh token is `invalid_grant`, as in RFC 6749. Default:
    /// `invalid_token`; only an unknown one is `invalid_grant`.
    ///
    /// Assumption: as for [`same_token_again`](Self::same_token_again).
    pub fn expired_refresh_is_invalid_grant(mut self, invalid_grant: bool) -> Self {
        self.state.login.expired_is_invalid_grant = invalid_grant;
        self
    }

    /// Sets the scope that a token needs at the API; one without it gets 403 with
    /// `insufficient_scope`. Default: none. Tokens of [`Fake::log_in`] and those that a test
    /// brings have the scope `read`.
    ///
    /// Assumption: the vendor documents no scope.
    ///
    /// # Panics
    ///
    /// If the scope is empty, or holds a blank or a quote.
    #[track_caller]
    pub fn needed_scope(mut self, scope: &str) -> Self {
        let is_scope = !scope.is_empty() && scope.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"');
        assert!(is_scope, "`{scope}` is no scope: it needs visible ASCII characters, and no blank or quote");
        self.state.login.needed_scope = Some(scope.to_owned());
        self
    }

    /// Sets whether the authorize address asks for a PKCE challenge. Default: PKCE is ignored.
    ///
    /// The methods `plain` and `S256` of RFC 7636 are understood.
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
    ///
    /// # Panics
    ///
    /// If a limit is 0, for then no call would ever be allowed.
    #[track_caller]
    pub fn limits(mut self, per_second: u32, per_minute: u32) -> Self {
        assert!(
            per_second > 0 && per_minute > 0,
            "limits of {per_second} per second and {per_minute} per minute would allow no call at all; use at \
             least 1, or script a 429"
        );
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
    ///
    /// # Panics
    ///
    /// If the token is empty, or is accepted for a user already.
    #[track_caller]
    pub fn accept_client_token(mut self, token: impl Into<String>) -> Self {
        demand(self.state.accept(token.into(), None));
        self
    }

    /// Accepts this access token as one of a user. It never expires.
    ///
    /// # Panics
    ///
    /// If the token is empty, or is accepted for somebody else already, or the user is not known.
    #[track_caller]
    pub fn accept_user_token(mut self, token: impl Into<String>, user: &str) -> Self {
        demand(self.state.accept(token.into(), Some(user)));
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
