//! What a client and a single call can set, and the builder methods that all of them share.

use std::{sync::Arc, time::Duration};

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

use crate::{
    Error, ErrorKind, Result,
    time::{Clock, SystemClock},
};

/// Limits and identity of a client.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) connect_timeout: Duration,
    pub(crate) attempt_timeout: Duration,
    pub(crate) deadline: Duration,
    pub(crate) longest_wait: Duration,
    pub(crate) max_attempts: u32,
    pub(crate) max_body: usize,
    pub(crate) plain_http: bool,
    pub(crate) application: Option<String>,
    pub(crate) default_headers: Vec<(String, String)>,
    /// Whether the API has `x-correlation-id`.
    pub(crate) correlated: bool,
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
            connect_timeout: Duration::from_secs(10),
            attempt_timeout: Duration::from_secs(30),
            deadline: Duration::from_secs(180),
            longest_wait: Duration::from_secs(60),
            max_attempts: 4,
            max_body: 16 * 1024 * 1024,
            plain_http: false,
            application: None,
            default_headers: Vec::new(),
            correlated: false,
            internal_errors: u32::MAX,
            #[cfg(feature = "fakes")]
            in_process: None,
        }
    }
}

impl Settings {
    /// The headers of every request.
    pub(crate) fn headers(&self) -> Result<HeaderMap> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(header::USER_AGENT, self.user_agent()?);
        for (name, value) in &self.default_headers {
            let (name, value) =
                checked_header(name, value).map_err(|error| error.with_kind(ErrorKind::Configuration))?;
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

/// Headers that the transport owns cannot be replaced by a caller.
pub(crate) fn checked_header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue)> {
    let name = HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| Error::invalid_input("header", "has a name that HTTP does not allow"))?;
    if [header::AUTHORIZATION, header::HOST, header::CONTENT_LENGTH, header::TRANSFER_ENCODING]
        .contains(&name)
    {
        return Err(Error::invalid_input("header", format!("must not set `{name}`, which the client owns")));
    }
    let value = HeaderValue::from_str(value).map_err(|_| {
        Error::invalid_input("header", format!("has a value for `{name}` that HTTP does not allow"))
    })?;
    Ok((name, value))
}

/// What one call sets for itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct CallOptions {
    pub(crate) attempt_timeout: Option<Duration>,
    pub(crate) deadline: Option<Duration>,
    pub(crate) max_attempts: Option<u32>,
    pub(crate) correlation_id: Option<String>,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// Another method or path template than the specification's, where that is unconfirmed.
    pub(crate) method: Option<Method>,
    pub(crate) template: Option<Arc<str>>,
}

/// The options that every call has.
macro_rules! call_options {
    () => {
        /// Limits one attempt, from sending to the last byte of the body. Default: the client's.
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
    };
}
pub(crate) use call_options;

/// The settings that every client builder has.
macro_rules! client_options {
    ($($settings:ident).+) => {
        /// Limits one attempt, from sending to the last byte of the body. Default: 30 seconds.
        pub fn timeout(mut self, timeout: std::time::Duration) -> Self {
            self.$($settings).+.attempt_timeout = timeout;
            self
        }

        /// Limits a whole call: token, attempts, waiting and bodies. Default: 3 minutes.
        pub fn deadline(mut self, deadline: std::time::Duration) -> Self {
            self.$($settings).+.deadline = deadline;
            self
        }

        /// Limits how long a connection may take to be made. Default: 10 seconds.
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

        /// The longest single wait that a server may ask for; a longer one fails the call at once
        /// with [`Error::retry_after`](crate::Error::retry_after). Default: 60 seconds.
        pub fn longest_wait(mut self, wait: std::time::Duration) -> Self {
            self.$($settings).+.longest_wait = wait;
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
        /// client owns, such as `Authorization`.
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
            self
        }
    };
}
pub(crate) use client_options;
