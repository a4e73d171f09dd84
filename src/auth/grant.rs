//! One engine for all OAuth 2.0 token requests: a form goes out, a token or a code comes back.

mod answer;

use std::{fmt, sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

#[cfg(feature = "connect")]
pub(crate) use self::answer::code;
pub(super) use self::answer::{Failure, Granted, Stage};
use self::answer::{bounded, granted, not_answered, refused};
use super::Context;
use crate::{
    Error, Result,
    transport::{Backoff, Unanswered, asked_wait, checked_url},
};

const MOST_ATTEMPTS: u32 = 3;
/// With brute-force detection Keycloak refuses a login while it is still at work on another one of
/// the same user, such as one whose answer was lost.
const LEAST_WAIT: Duration = Duration::from_millis(100);
/// A longer wait is reported, so that callers know of it.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// Lifetimes come in whole seconds.
const ROUNDING: Duration = Duration::from_secs(1);

/// How a client proves who it is at the token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ClientAuthentication {
    /// HTTP Basic (RFC 6749 section 2.3.1).
    #[default]
    Basic,
    /// `client_id` and `client_secret` as form fields.
    Form,
}

/// A token endpoint and the client that asks there.
#[derive(Clone)]
pub(super) struct TokenEndpoint {
    /// As it was given; checked when a client is built.
    pub(super) url: std::result::Result<Url, Arc<Error>>,
    pub(super) client_id: String,
    pub(super) client_secret: Option<SecretString>,
    pub(super) authentication: ClientAuthentication,
}

impl fmt::Debug for TokenEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenEndpoint")
            .field("url", &self.url.as_ref().map(Url::as_str))
            .field("client_id", &self.client_id)
            .field("has_secret", &self.client_secret.is_some())
            .finish_non_exhaustive()
    }
}

/// An answer of success.
pub(super) struct Answered {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// What identifies somebody at the login server is one line of text.
pub(super) fn one_line(what: &str, text: &str) -> Result<()> {
    if text.chars().any(char::is_control) {
        return Err(Error::configuration(format!("the {what} of the login has control characters")));
    }
    Ok(())
}

impl TokenEndpoint {
    pub(super) fn new(url: &str, plain_http: bool) -> Self {
        Self {
            url: checked_url("token URL", url, plain_http).map_err(Arc::new),
            client_id: String::new(),
            client_secret: None,
            authentication: ClientAuthentication::default(),
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        self.url.as_ref().map_err(|error| error.share())?;
        if self.client_id.is_empty() {
            return Err(Error::configuration(
                "the client id of the login is empty; give the one that the login server knows",
            ));
        }
        one_line("client id", &self.client_id)
    }

    /// Posts a grant that changes nothing when it is repeated.
    pub(super) async fn grant(&self, context: &Context, fields: &[(&str, &str)]) -> Result<Granted, Failure> {
        let granted = self.repeated(context, fields, Failure::may_pass).await?;
        if !granted.has_ended() {
            return Ok(granted);
        }
        // Where the same token is given until it ends, the rest of its life can be rounded to nothing.
        context.clock().pause(ROUNDING).await;
        self.repeated(context, fields, Failure::may_pass).await
    }

    /// Posts a grant once, or again only if the server did nothing.
    pub(super) async fn grant_once(
        &self,
        context: &Context,
        fields: &[(&str, &str)],
    ) -> Result<Granted, Failure> {
        self.repeated(context, fields, Failure::nothing_was_done).await
    }

    async fn repeated(
        &self,
        context: &Context,
        fields: &[(&str, &str)],
        may_repeat: fn(&Failure) -> bool,
    ) -> Result<Granted, Failure> {
        let mut attempt = 1;
        loop {
            let failure = match self.once(context, fields).await {
                Ok(granted) => return Ok(granted),
                Err(failure) => failure,
            };
            let asked = failure.error.retry_after();
            let wait = asked.unwrap_or_else(|| Backoff::default().wait(attempt).max(LEAST_WAIT));
            if attempt >= MOST_ATTEMPTS || wait > LONGEST_WAIT || !may_repeat(&failure) {
                return Err(failure);
            }
            context.clock().pause(wait).await;
            attempt += 1;
        }
    }

    async fn once(&self, context: &Context, fields: &[(&str, &str)]) -> Result<Granted, Failure> {
        let url = self.url.as_ref().map_err(|error| Failure::new(error.share(), Stage::Refused))?;
        let asked_at = context.clock().now();
        let Answered { status, headers, body } = self.post(context, url, fields).await?;
        let granted = granted(status, &headers, &body)?;
        Ok(granted.counted_from(asked_at))
    }

    /// Posts a form to the token endpoint or to a neighbour of it. What refuses is an error.
    pub(super) async fn post(
        &self,
        context: &Context,
        url: &Url,
        fields: &[(&str, &str)],
    ) -> Result<Answered, Failure> {
        let form = header::HeaderValue::from_static("application/x-www-form-urlencoded");
        let json = header::HeaderValue::from_static("application/json");
        let mut request = context
            .http()
            .post(url.clone())
            .timeout(context.timeout())
            .header(header::CONTENT_TYPE, form)
            .header(header::ACCEPT, json);
        if let Some(basic) = self.basic().map_err(|error| Failure::new(error, Stage::Refused))? {
            request = request.header(header::AUTHORIZATION, basic);
        }
        let secure = url.scheme() == "https";
        let request = request
            .body(self.form(fields))
            .build()
            .map_err(|error| not_answered(Unanswered::from(error), secure))?;
        let sent = context.sender().execute(request).await;
        let response = sent.map_err(|unanswered| not_answered(unanswered, secure))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = bounded(response).await.map_err(|mut failure| {
            failure.error = failure.error.with_answer(status, headers.clone(), Bytes::new());
            failure
        })?;
        if status.is_success() {
            return Ok(Answered { status, headers, body });
        }
        let wait = asked_wait(status, &headers, context.clock().wall());
        let mut failure = refused(status, headers, body);
        if let Some(wait) = wait {
            // Who says when to come again did nothing, also with 503.
            failure.stage = Stage::Busy;
            failure.error = failure.error.with_retry_after(wait);
        }
        Err(failure)
    }

    fn basic(&self) -> Result<Option<HeaderValue>> {
        let Some(secret) =
            self.client_secret.as_ref().filter(|_| self.authentication == ClientAuthentication::Basic)
        else {
            return Ok(None);
        };
        // RFC 6749 section 2.3.1: both parts are form-encoded before they are joined.
        let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let pair = format!("{}:{}", encode(&self.client_id), encode(secret.expose_secret()));
        let mut value = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(pair)))
            .map_err(|_| Error::configuration("the client secret cannot be written into a header"))?;
        value.set_sensitive(true);
        Ok(Some(value))
    }

    fn form(&self, fields: &[(&str, &str)]) -> String {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        let in_header = self.client_secret.is_some() && self.authentication == ClientAuthentication::Basic;
        if !in_header {
            form.append_pair("client_id", &self.client_id);
            if let Some(secret) = &self.client_secret {
                form.append_pair("client_secret", secret.expose_secret());
            }
        }
        form.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(authentication: ClientAuthentication, secret: Option<&str>) -> TokenEndpoint {
        let mut endpoint = TokenEndpoint::new("https://login.example/token", false);
        endpoint.client_id = "no.example".into();
        endpoint.client_secret = secret.map(SecretString::from);
        endpoint.authentication = authentication;
        endpoint
    }

    #[test]
    fn a_secret_goes_into_the_header_or_into_the_form_and_is_encoded_in_both() {
        let basic = endpoint(ClientAuthentication::Basic, Some("a+b%c"));
        let value = basic.basic().expect("valid").expect("a header");
        let decoded = STANDARD.decode(&value.as_bytes()[6..]).expect("base64");
        assert_eq!(decoded, b"no.example:a%2Bb%25c");
        assert!(value.is_sensitive());
        assert_eq!(basic.form(&[("grant_type", "x")]), "grant_type=x");

        let form = endpoint(ClientAuthentication::Form, Some("a+b%c"));
        assert!(form.basic().expect("valid").is_none());
        assert_eq!(form.form(&[]), "client_id=no.example&client_secret=a%2Bb%25c");

        let public = endpoint(ClientAuthentication::Basic, None);
        assert!(public.basic().expect("valid").is_none());
        assert_eq!(public.form(&[]), "client_id=no.example");
    }
}
