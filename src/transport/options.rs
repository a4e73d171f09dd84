//! What a client and a single call can set, and the builder methods that all of them share.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

use super::{OperationInfo, RateLimit, network::Network, retry::Backoff};
use crate::{
    Error, ErrorKind, Result,
    time::{Clock, SystemClock},
};

/// Limits and identity of a client.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) clock: Arc<dyn Clock>,
    /// Whether `clock` is a caller's: times of different clocks cannot be compared.
    #[cfg_attr(not(feature = "connect"), allow(dead_code, reason = "Connect's limit is shared"))]
    pub(crate) own_clock: bool,
    pub(crate) connect_timeout: Duration,
    pub(crate) attempt_timeout: Duration,
    pub(crate) deadline: Duration,
    pub(crate) longest_wait: Duration,
    pub(crate) backoff: Backoff,
    pub(crate) max_attempts: u32,
    /// How many repeats all calls may make together.
    pub(crate) retry_budget: u32,
    pub(crate) max_concurrency: usize,
    /// `None` is the API's own.
    pub(crate) rate_limit: Option<RateLimit>,
    pub(crate) max_body: usize,
    pub(crate) plain_http: bool,
    pub(crate) network: Network,
    pub(crate) application: Option<String>,
    pub(crate) default_headers: Vec<(String, String)>,
    /// Whether the API has `x-correlation-id`.
    pub(crate) correlated: bool,
    /// Where logins go that the first credential knows nothing of.
    pub(crate) login_endpoint: Option<reqwest::Url>,
    /// How often a 500 without an explanation may be repeated, within the attempts.
    pub(crate) internal_errors: u32,
    /// Fakes in this process that answer instead of the network.
    #[cfg(feature = "fakes")]
    pub(crate) in_process: Option<crate::fakes::InProcess>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            own_clock: false,
            connect_timeout: Duration::from_secs(10),
            attempt_timeout: Duration::from_secs(30),
            deadline: Duration::from_secs(180),
            longest_wait: Duration::from_secs(60),
            backoff: Backoff::default(),
            max_attempts: 4,
            retry_budget: 100,
            max_concurrency: 64,
            rate_limit: None,
            max_body: 16 * 1024 * 1024,
            plain_http: false,
            network: Network::default(),
            application: None,
            default_headers: Vec::new(),
            correlated: false,
            login_endpoint: None,
            internal_errors: u32::MAX,
            #[cfg(feature = "fakes")]
            in_process: None,
        }
    }
}

impl Settings {
    /// When a call that begins now has to be over; `None` if no clock reaches it.
    pub(crate) fn end_of(&self, options: &CallOptions) -> Option<Instant> {
        self.clock.now().checked_add(options.deadline.unwrap_or(self.deadline))
    }

    /// The headers of every request.
    pub(crate) fn headers(&self) -> Result<HeaderMap> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(header::USER_AGENT, self.user_agent()?);
        for (name, value) in &self.default_headers {
            let (name, value) = checked_header_beside_body(name, value)
                .map_err(|error| error.with_kind(ErrorKind::Configuration))?;
            if self.correlated && name == CORRELATION_ID {
                let rule =
                    "must not set `x-correlation-id` for all calls; see `with_correlation_id` of a call";
                return Err(Error::invalid_input("header", rule).with_kind(ErrorKind::Configuration));
            }
            headers.insert(name, value);
        }
        Ok(headers)
    }

    fn user_agent(&self) -> Result<HeaderValue> {
        let own = concat!("entitlements/", env!("CARGO_PKG_VERSION"));
        let text = match &self.application {
            Some(application) => format!("{application} {own}"),
            None => own.to_owned(),
        };
        HeaderValue::from_str(&text)
            .map_err(|_| Error::configuration("the application name has characters that no header may hold"))
    }
}

/// The header of a call flow, where the API has it.
pub(crate) const CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");

/// Headers that no caller sets, by what they would do.
const OWNED: [(&[&str], &str); 5] = [
    (&["authorization", "host"], "which decides who is asked, and as whom"),
    (
        &["content-length", "transfer-encoding", "content-encoding", "trailer", "expect"],
        "which the client writes to fit the body",
    ),
    (
        &["connection", "keep-alive", "proxy-connection", "te", "upgrade"],
        "which is about the connection, and that is shared with other calls",
    ),
    (&["proxy-authorization"], "which would go to the server; put it into the proxy's own settings"),
    (&["accept-encoding"], "which the client sends where it reads compressed answers"),
];

fn checked_header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue)> {
    let name = HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| Error::invalid_input("header", "has a name that HTTP does not allow"))?;
    if let Some((_, reason)) = OWNED.iter().find(|(names, _)| names.contains(&name.as_str())) {
        return Err(Error::invalid_input("header", format!("must not set `{name}`, {reason}")));
    }
    let mut value = HeaderValue::from_str(value).map_err(|_| {
        Error::invalid_input("header", "has a value with characters that HTTP does not allow")
    })?;
    // Nobody knows what a deployment puts there.
    value.set_sensitive(true);
    Ok((name, value))
}

/// The rule for requests whose body the client writes.
fn checked_header_beside_body(name: &str, value: &str) -> Result<(HeaderName, HeaderValue)> {
    let header = checked_header(name, value)?;
    if header.0 == header::CONTENT_TYPE {
        let rule = "must not set `content-type`, which the client writes to fit the body";
        return Err(Error::invalid_input("header", rule));
    }
    Ok(header)
}

/// The value of a header that names something: neither empty nor more than one line.
pub(crate) fn identifying_header(argument: &str, value: &str) -> Result<HeaderValue> {
    if value.trim().is_empty() {
        return Err(Error::invalid_input(argument, "must not be empty"));
    }
    let refused = || Error::invalid_input(argument, "must not contain control characters");
    if value.chars().any(char::is_control) {
        return Err(refused());
    }
    HeaderValue::from_str(value).map_err(|_| refused())
}

/// What one call sets for itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct CallOptions {
    pub(crate) attempt_timeout: Option<Duration>,
    pub(crate) deadline: Option<Duration>,
    /// The end of the call that this one is a step of.
    pub(crate) end: Option<Instant>,
    pub(crate) max_attempts: Option<u32>,
    pub(crate) correlation_id: Option<String>,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// The first header that cannot be sent; `send()` reports it.
    refused: Option<Arc<Error>>,
    /// Another method or path template than the specification's, where that is unconfirmed.
    pub(crate) method: Option<Method>,
    pub(crate) template: Option<Arc<str>>,
}

impl CallOptions {
    /// Adds a header of the caller's.
    pub(crate) fn set_header(&mut self, name: &str, value: &str) {
        self.keep(checked_header_beside_body(name, value));
    }

    /// Adds a header of a caller who also says what the body is.
    pub(crate) fn set_header_of_own_body(&mut self, name: &str, value: &str) {
        self.keep(checked_header(name, value));
    }

    fn keep(&mut self, header: Result<(HeaderName, HeaderValue)>) {
        match header {
            Ok(header) => self.headers.push(header),
            Err(error) => {
                self.refused.get_or_insert_with(|| Arc::new(error));
            }
        }
    }

    /// What is wrong with the headers, beside this correlation id.
    pub(crate) fn checked(&self, correlation_id: Option<&str>) -> Result<()> {
        if let Some(refused) = &self.refused {
            return Err(refused.share());
        }
        if correlation_id.is_some() && self.headers.iter().any(|(name, _)| *name == CORRELATION_ID) {
            let rule = "must not set `x-correlation-id` beside the id of the call; see `with_correlation_id`";
            return Err(Error::invalid_input("header", rule));
        }
        Ok(())
    }

    /// The template of the path that spans may tell. That of a request without an operation is
    /// the path itself, which can hold anything.
    pub(crate) fn shown_template<'a>(&'a self, info: &OperationInfo) -> Option<&'a str> {
        (!info.template.is_empty()).then(|| self.template.as_deref().unwrap_or(info.template))
    }
}

/// The options that every call has.
macro_rules! call_options {
    () => {
        /// Limits one attempt, from sending to the last byte of the body. Default: the client's.
        ///
        /// An attempt that is over before its connection is made counts as one that may have been
        /// carried out; the builder's `connect_timeout` tells them apart, if it is the shorter one.
        pub fn with_timeout(mut self, timeout: std::time::Duration) -> Self {
            self.options.attempt_timeout = Some(timeout);
            self
        }

        /// Limits the whole call: token, attempts, waiting and bodies. Default: the client's.
        pub fn with_deadline(mut self, deadline: std::time::Duration) -> Self {
            self.options.deadline = Some(deadline);
            self
        }

        /// Limits how many requests are sent for this call; 1 switches repeating off. One more
        /// may be sent after a renewed token. Default: the client's.
        pub fn with_max_attempts(mut self, attempts: u32) -> Self {
            self.options.max_attempts = Some(attempts);
            self
        }

        /// Adds a header to every request of this call, repeats and further pages included, for a
        /// deployment that needs one more. It replaces a default header of that name, and no log
        /// shows its value.
        ///
        /// `send()` refuses a name or value that HTTP does not allow, and these: `authorization`
        /// and `host`, which decide who is asked, and as whom; `content-length`, `content-type`,
        /// `content-encoding`, `transfer-encoding`, `trailer` and `expect`, which the client writes
        /// to fit the body; `connection`, `keep-alive`, `proxy-connection`, `te` and `upgrade`,
        /// because connections are shared with other calls; `proxy-authorization`, which would go
        /// to the server and not to the proxy; `accept-encoding`, which the client sends
        /// where it reads compressed answers (feature `gzip`); and `x-correlation-id` where the call has an id of its own. A `cookie` is
        /// sent as given: the client keeps none.
        pub fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
            self.options.set_header(&name.into(), &value.into());
            self
        }
    };
}
pub(crate) use call_options;

/// The settings that every client builder has, with the defaults that differ between the APIs.
macro_rules! client_options {
    ($($settings:ident).+; timeout $timeout:literal, deadline $deadline:literal, backoff $backoff:literal, rate_limit $rate_limit:literal) => {
        /// Limits one attempt, from sending to the last byte of the body.
        #[doc = concat!("Default: ", $timeout, ".")]
        pub fn timeout(mut self, timeout: std::time::Duration) -> Self {
            self.$($settings).+.attempt_timeout = timeout;
            self
        }

        /// Limits a whole call: token, attempts, waiting and bodies.
        #[doc = concat!("Default: ", $deadline, ".")]
        pub fn deadline(mut self, deadline: std::time::Duration) -> Self {
            self.$($settings).+.deadline = deadline;
            self
        }

        /// Limits how long a connection may take to be made; at most the `timeout` of an attempt.
        /// Default: 10 seconds.
        pub fn connect_timeout(mut self, timeout: std::time::Duration) -> Self {
            self.$($settings).+.connect_timeout = timeout;
            self
        }

        /// Limits how many requests are sent for one call; 1 switches repeating off. One more
        /// may be sent after a renewed token. Default: 4.
        pub fn max_attempts(mut self, attempts: u32) -> Self {
            self.$($settings).+.max_attempts = attempts;
            self
        }

        /// Sets how long a call waits before it repeats, where the server does not say: anything
        /// from nothing to `first` before the first repeat, to twice that before the second, and so
        /// on up to `largest`. The randomness keeps clients that failed together from coming back
        /// together.
        #[doc = concat!("Default: ", $backoff, ".")]
        pub fn backoff(mut self, first: std::time::Duration, largest: std::time::Duration) -> Self {
            self.$($settings).+.backoff = crate::transport::Backoff { first, largest };
            self
        }

        /// The longest single wait that a server may ask for; a longer one fails the call at once
        /// with [`Error::retry_after`](crate::Error::retry_after). Default: 60 seconds.
        pub fn longest_wait(mut self, wait: std::time::Duration) -> Self {
            self.$($settings).+.longest_wait = wait;
            self
        }

        /// Limits how many repeats all calls of this client, and of its clones, may make together.
        ///
        /// Each repeat takes one; a success gives back the repeat that led to it, or a tenth of
        /// one. So while the server is down, calls soon fail at their first attempt instead of
        /// keeping it down. A repeat after a 429, or after a 503 with `Retry-After`, costs nothing,
        /// because the server sets the pace; 0 allows only those. Default: 100.
        pub fn retry_budget(mut self, repeats: u32) -> Self {
            self.$($settings).+.retry_budget = repeats;
            self
        }

        /// Limits how many requests of this client, and of its clones, are on their way at the
        /// same time; further calls wait in the order in which they came. `build()` refuses 0.
        /// Default: 64.
        pub fn max_concurrency(mut self, requests: usize) -> Self {
            self.$($settings).+.max_concurrency = requests;
            self
        }

        /// Limits how many calls are made in a span of time.
        #[doc = concat!("Default: ", $rate_limit, ".")]
        ///
        /// A call fails at once with [`ErrorKind::RateLimited`](crate::ErrorKind::RateLimited) if the
        /// limit is used up until after its deadline, and
        /// [`retry_after`](crate::Error::retry_after) says when there is room; behind other callers
        /// who wait it can also end as [`ErrorKind::Timeout`](crate::ErrorKind::Timeout). A 429
        /// pauses all clients that share the limit. `build()` refuses a limit that cannot be.
        pub fn rate_limit(mut self, limit: crate::RateLimit) -> Self {
            self.$($settings).+.rate_limit = Some(limit);
            self
        }

        /// Limits the size of an answer in bytes. Default: 16 MiB.
        pub fn max_body(mut self, bytes: usize) -> Self {
            self.$($settings).+.max_body = bytes;
            self
        }

        /// Names your application in the `User-Agent`, for example `roster-sync/2.1`.
        pub fn application(mut self, name: impl Into<String>) -> Self {
            self.$($settings).+.application = Some(name.into());
            self
        }

        /// Adds a header to every request, for a deployment that needs one more.
        ///
        /// `build()` refuses a name or value that HTTP does not allow, and the headers that the
        /// client owns, such as `authorization` and `content-type`; `with_header` of each request
        /// lists them with the reasons.
        pub fn default_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
            self.$($settings).+.default_headers.push((name.into(), value.into()));
            self
        }

        /// Allows plain `http` to a server that is not on this machine. Tokens and personal data
        /// then cross the network unprotected; meant for a test network only.
        pub fn allow_plain_http(mut self) -> Self {
            self.$($settings).+.plain_http = true;
            self
        }

        /// Lets fakes of this process answer instead of the network.
        #[cfg(feature = "fakes")]
        #[allow(dead_code, reason = "a user's client without an app needs it in no fake")]
        pub(crate) fn in_process(mut self, end: Option<crate::fakes::InProcess>) -> Self {
            self.$($settings).+.in_process = end;
            self
        }

        /// Replaces the clock, for tests: see [`time`](crate::time).
        pub fn clock(mut self, clock: impl crate::time::Clock) -> Self {
            self.$($settings).+.clock = std::sync::Arc::new(clock);
            self.$($settings).+.own_clock = true;
            self
        }
    };
}
pub(crate) use client_options;
