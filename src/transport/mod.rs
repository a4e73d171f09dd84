//! The way of every call: token, send, bounded body, judge, repeat.
//!
//! Nothing outside this module sends a request, and nothing inside knows a vendor.

mod answer;
mod attempt;
mod budget;
mod client;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod gate;
mod hint;
mod judge;
mod network;
mod network_options;
mod operation;
mod options;
mod path;
mod rate;
mod requests;
mod retry;
mod sender;
mod server;
mod tls;
mod trace;
mod variables;

#[cfg(feature = "connect")]
use std::time::Duration;
use std::{fmt, sync::Arc, time::Instant};

use http::{Method, header};
use reqwest::{Request, Url};
use serde::de::DeserializeOwned;
use tracing::Instrument;

#[cfg(any(feature = "symphony", feature = "connect"))]
pub(crate) use self::answer::undecodable;
#[cfg(feature = "crm-gateway")]
pub(crate) use self::options::identifying_header;
#[cfg(feature = "connect")]
pub(crate) use self::path::expand;
#[cfg(any(feature = "symphony", feature = "connect"))]
pub(crate) use self::path::segment;
pub use self::rate::RateLimit;
#[cfg(feature = "connect")]
pub(crate) use self::rate::WeakRateLimit;
#[cfg(feature = "symphony")]
pub(crate) use self::requests::send_methods;
pub(crate) use self::{
    answer::decode_as,
    judge::{Asked, Read, Reading, Refusal},
    network::ProxyChoice,
    network_options::network_options,
    operation::{Login, Operation, OperationInfo, Repeat, method},
    options::{CallOptions, Settings, call_options, client_options},
    requests::opaque_debug,
    retry::Backoff,
    sender::{Sender, Unanswered},
    server::Server,
    variables::{Secret, Variables, environment_options},
};
use self::{
    attempt::Outcome,
    budget::Budget,
    gate::Gate,
    judge::{Flow, Shared, Verdict},
    options::CORRELATION_ID,
};
#[cfg(any_grant)]
pub(crate) use self::{
    hint::of_failure as hint_of_failure, retry::asked_wait, sender::Fault, server::checked_url,
    tls::failure as tls_failure,
};
use crate::{
    Error, ErrorKind, Result,
    auth::{Auth, Bearer, Context},
    response::{Raw, Response},
};

/// What the HTTP library takes.
pub(crate) const LONGEST_URL: usize = 65_534;

/// Makes the request of a call anew for each attempt.
pub(crate) type Make<'a> = &'a (dyn Fn() -> Result<Request> + Send + Sync);

/// A token that the server refused during a call, and in which words.
struct Refused {
    bearer: Bearer,
    at: Instant,
    error: Error,
}

/// One service at one base URL with one credential.
pub(crate) struct Transport {
    http: Sender,
    /// For token requests: another server, which may need a proxy where the API does not.
    login_http: Sender,
    server: Server,
    auth: Auth,
    settings: Settings,
    shared: Arc<Shared>,
    /// How the service words its refusals.
    read: Read,
    headers: http::HeaderMap,
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport")
            .field("base_url", &self.server.base())
            .field("auth", &self.auth)
            .finish_non_exhaustive()
    }
}

impl Transport {
    /// Checks the settings and builds the HTTP client; no I/O, no runtime needed.
    pub(crate) fn new(base: &str, auth: Auth, mut settings: Settings, read: Read) -> Result<Self> {
        let server = Server::parse(base, settings.plain_http)?;
        auth.check()?;
        let http = server.http_client(&settings)?;
        let login = settings.login_endpoint.as_ref().or(auth.endpoint());
        let login_http = server.login_client(&http, login, &settings)?;
        #[cfg(feature = "fakes")]
        let sender = |http| Sender::new(http).with_in_process(settings.in_process.clone());
        #[cfg(not(feature = "fakes"))]
        let sender = Sender::new;
        let (http, login_http) = (sender(http), sender(login_http));
        let headers = settings.headers()?;
        // Keys and passwords are where they are needed.
        settings.network = network::Network::default();
        let rate = settings.rate_limit.clone();
        let rate = rate.unwrap_or_else(|| auth.rate_limit(server.base(), RateLimit::none));
        let gate = Gate::new(settings.max_concurrency, rate, settings.clock.clone(), settings.longest_wait)?;
        let shared = Arc::new(Shared { gate, budget: Budget::new(settings.retry_budget) });
        Ok(Self { http, login_http, server, auth, settings, shared, read, headers })
    }

    /// The same service and limits with another credential.
    #[cfg(feature = "connect")]
    pub(crate) fn with_auth(&self, auth: Auth) -> Self {
        let Self { http, login_http, server, settings, shared, read, headers, .. } = self;
        Self {
            http: http.clone(),
            login_http: login_http.clone(),
            server: server.clone(),
            auth,
            settings: settings.clone(),
            shared: shared.clone(),
            read: *read,
            headers: headers.clone(),
        }
    }

    pub(crate) fn auth(&self) -> &Auth {
        &self.auth
    }

    #[cfg(feature = "connect")]
    pub(crate) fn clock(&self) -> &dyn crate::time::Clock {
        &*self.settings.clock
    }

    /// A header that every request carries, unless it says otherwise.
    #[cfg(feature = "crm-gateway")]
    pub(crate) fn default_header(&self, name: &http::HeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    #[cfg(feature = "crm-gateway")]
    pub(crate) fn max_concurrency(&self) -> usize {
        self.settings.max_concurrency
    }

    pub(crate) fn http(&self) -> &reqwest::Client {
        self.http.network()
    }

    pub(crate) fn url(&self) -> &Url {
        self.server.url()
    }

    pub(crate) fn base(&self) -> &str {
        self.server.base()
    }

    /// Sends an operation and decodes its documented answer.
    #[cfg(any(feature = "symphony", feature = "connect"))]
    pub(crate) async fn send<O: Operation>(
        &self,
        make: Make<'_>,
        options: &CallOptions,
    ) -> Result<Response<O::Success>> {
        self.call(O::INFO, make, options, answer::decode_answer::<O>).await
    }

    /// Sends an operation and decodes its answer as the caller's type.
    pub(crate) async fn send_as<O: Operation, T: DeserializeOwned>(
        &self,
        make: Make<'_>,
        options: &CallOptions,
    ) -> Result<Response<T>> {
        self.call(O::INFO, make, options, |raw| decode_as(O::INFO.name, raw)).await
    }

    /// Fetches a page; items that cannot be decoded do not cost the others.
    #[cfg(any_listing)]
    pub(crate) async fn send_page<O>(
        &self,
        make: Make<'_>,
        options: &CallOptions,
    ) -> Result<Response<O::Success>>
    where
        O: Operation<Success: crate::page::PageModel>,
    {
        self.call(O::INFO, make, options, answer::decode_page::<O>).await
    }

    /// Sends until there is an answer to keep, as often as the operation allows, and hands it to
    /// `decode`.
    pub(crate) async fn call<T>(
        &self,
        info: &OperationInfo,
        make: Make<'_>,
        options: &CallOptions,
        decode: impl FnOnce(Raw) -> Result<T>,
    ) -> Result<T> {
        let method = options.method.as_ref().map_or(info.method, Method::as_str);
        let span = trace::call(info, method, options.shown_template(info), &self.server);
        let decode = |raw| decode(raw).map_err(|error| unreadable(info, error));
        // A disabled span would still cost moving the future into its wrapper.
        if span.is_disabled() {
            return decode(self.attempts(info, make, options).await?);
        }
        let outcome = self.attempts(info, make, options).instrument(span.clone()).await;
        let outcome = outcome.inspect(|raw| trace::answered(&span, raw)).and_then(decode);
        outcome.inspect_err(|error| trace::failed(&span, error))
    }

    /// Lets the steps of a call share one deadline, which begins now.
    #[cfg(any(feature = "symphony", feature = "connect"))]
    pub(crate) fn share_deadline(&self, options: &mut CallOptions) {
        options.end = self.settings.end_of(options);
    }

    /// Waits for something else than an answer, until the deadline that the steps share.
    #[cfg(feature = "connect")]
    pub(crate) async fn wait_until<T>(
        &self,
        options: &CallOptions,
        what: impl Future<Output = T>,
    ) -> Result<T> {
        in_a_runtime()?;
        let left = options.end.map_or(Duration::MAX, |end| end.saturating_duration_since(self.now()));
        tokio::time::timeout(left, what).await.map_err(|_| {
            let message = "calls before this one took all the time until its deadline";
            Error::new(ErrorKind::Timeout, message)
        })
    }

    async fn attempts(&self, info: &OperationInfo, make: Make<'_>, options: &CallOptions) -> Result<Raw> {
        let mut flow = Flow::new(info, options, &self.settings, &self.shared);
        in_a_runtime().map_err(|error| flow.finish(error))?;
        options.checked(flow.correlation_id()).map_err(|error| flow.finish(error))?;
        let mut refused = None;
        loop {
            // The request comes first, so that bad input is refused before even a login is sent.
            let mut request = self.request(make, &flow, options).map_err(|error| flow.finish(error))?;
            let bearer = self.token(&flow, refused.as_ref()).await?;
            let was_valid = bearer.is_valid(self.now());
            // The gate comes last, so that a slow login takes nobody's place.
            let pass = self.shared.gate.enter(flow.deadline()).await;
            let mut pass = pass.map_err(|error| flow.finish(error))?;
            let has_ended = was_valid && !bearer.is_valid(self.now());
            let bearer = if has_ended { self.token(&flow, refused.as_ref()).await? } else { bearer };
            request.headers_mut().insert(header::AUTHORIZATION, bearer.header().clone());
            *request.timeout_mut() = Some(flow.attempt_timeout(self.now())?);
            flow.attempts += 1;
            pass.set_reached_server(true);
            let outcome = self.attempt(request, &flow, options).await;
            pass.set_reached_server(!matches!(outcome, Outcome::NotSent(_)));
            drop(pass);
            match flow.judge(outcome, self.read, self.server.url(), &*self.settings.clock) {
                Verdict::Done(raw) => return Ok(raw),
                Verdict::Fail(error) => return Err(error),
                Verdict::Wait(pause) => self.settings.clock.pause(pause).await,
                Verdict::TokenRefused(error) => {
                    let at = self.now();
                    if let Some(first) = refused {
                        self.auth.refused_again(&bearer, first.at, at);
                        return Err(error);
                    }
                    if !self.auth.rejected(&bearer, at) {
                        return Err(error);
                    }
                    refused = Some(Refused { bearer, at, error });
                }
            }
        }
    }

    async fn attempt(&self, request: Request, flow: &Flow<'_>, options: &CallOptions) -> Outcome {
        let template = options.shown_template(flow.info);
        let span = trace::attempt(request.method().as_str(), template, &self.server, flow.attempts);
        let sent = attempt::run(&self.http, request, self.settings.max_body);
        if span.is_disabled() {
            return sent.await;
        }
        let outcome = sent.instrument(span.clone()).await;
        trace::attempted(&span, &outcome);
        outcome
    }

    /// The token to send. Its login goes on in a task of its own, but this call waits no longer
    /// than its deadline.
    async fn token(&self, flow: &Flow<'_>, refused: Option<&Refused>) -> Result<Bearer> {
        let now = self.now();
        let generation = refused.map(|refused| refused.bearer.generation());
        let at_hand = self.auth.at_hand(now, || self.context());
        let bearer = if let Some(bearer) = at_hand.filter(|bearer| Some(bearer.generation()) != generation) {
            bearer
        } else {
            let context = self.context();
            let acquired = self.auth.acquired(&context, generation);
            let acquired = tokio::time::timeout(flow.left(now), acquired).await;
            let late = |_| flow.late("the login did not end before the deadline of the call");
            acquired.map_err(late)?.map_err(|error| flow.finish(error))?
        };
        match refused {
            // Some login servers give the same token as long as it lasts.
            Some(refused) if refused.bearer.header() == bearer.header() => {
                self.auth.refused_again(&bearer, refused.at, self.now());
                Err(refused.error.share())
            }
            _ => Ok(bearer),
        }
    }

    fn now(&self) -> Instant {
        self.settings.clock.now()
    }

    /// For a request to the login server that no token cache makes.
    #[cfg(feature = "connect")]
    pub(crate) fn login_context(&self) -> Result<Context> {
        in_a_runtime().map(|()| self.context())
    }

    pub(crate) fn context(&self) -> Context {
        Context::shared(self.login_http.clone(), self.settings.clock.clone(), self.settings.attempt_timeout)
    }

    /// Makes the request with what every one carries but the token, and refuses one that is not
    /// what the operation says.
    fn request(&self, make: Make<'_>, flow: &Flow<'_>, options: &CallOptions) -> Result<Request> {
        let mut request = make()?;
        let template = options.template.as_deref().unwrap_or(flow.info.template);
        if let Some(method) = &options.method {
            *request.method_mut() = method.clone();
        }
        let is_raw = flow.info.template.is_empty();
        self.server.check(request.url(), template, is_raw)?;
        encode_spaces(request.url_mut());
        if request.url().as_str().len() > LONGEST_URL {
            let rule = "would be longer than the 65,534 bytes that can be sent; shorten an argument";
            return Err(Error::invalid_input("url", rule));
        }
        let own = request.headers_mut();
        let content_type = own.remove(header::CONTENT_TYPE);
        *own = self.headers.clone();
        if let Some(content_type) = content_type {
            own.insert(header::CONTENT_TYPE, content_type);
        }
        if let Some(id) = flow.correlation_id() {
            own.insert(CORRELATION_ID, options::identifying_header("correlation_id", id)?);
        }
        for (name, value) in &options.headers {
            own.insert(name.clone(), value.clone());
        }
        Ok(request)
    }
}

/// Timers of Tokio panic where there is none.
pub(crate) fn in_a_runtime() -> Result<()> {
    tokio::runtime::Handle::try_current()
        .map(drop)
        .map_err(|_| Error::configuration("calls need a Tokio runtime; await them inside one"))
}

/// An answer of success that cannot be read leaves open what was done, and for some operations that
/// is what the caller has to know.
fn unreadable(info: &OperationInfo, error: Error) -> Error {
    let is_open = info.repeat == Repeat::Never && error.kind() == ErrorKind::UnexpectedAnswer;
    if is_open { error.with_kind(ErrorKind::OutcomeUnknown) } else { error }
}

/// The URL of a request under `base`, for requests that no generated method makes.
pub(crate) fn join(base: &str, path_and_query: &str) -> Result<Url> {
    Url::parse(&format!("{base}{path_and_query}"))
        .map_err(|_| Error::invalid_input("path", "does not make a URL together with the base URL"))
}

/// A body is `+`-encoded by forms, but a strict server reads `+` in a URL as a plus.
fn encode_spaces(url: &mut Url) {
    if let Some(query) = url.query().filter(|query| query.contains('+')) {
        let query = query.replace('+', "%20");
        url.set_query(Some(&query));
    }
}
