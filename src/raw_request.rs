//! The escape hatch: a request that no method models.

use std::{fmt, sync::Arc};

use http::{HeaderValue, Method, header};
use reqwest::Request;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    Error, Response, Result,
    response::Raw,
    transport::{self, CallOptions, Login, OperationInfo, Repeat, Transport, call_options},
};

/// A request that no method models, sent with the same token, limits and repeats as any other.
///
/// It is repeated after a lost answer only if its method is `GET`, `HEAD` or `OPTIONS`, or if
/// you say with [`repeatable`](Self::repeatable) that it may be.
#[must_use = "a request does nothing until `send()` is awaited"]
pub struct RawRequest {
    name: &'static str,
    transport: Arc<Transport>,
    method: Result<Method>,
    path: String,
    query: Vec<(String, String)>,
    body: Option<Result<Vec<u8>>>,
    repeatable: Option<bool>,
    options: CallOptions,
}

impl fmt::Debug for RawRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawRequest").field("name", &self.name).finish_non_exhaustive()
    }
}

impl RawRequest {
    pub(crate) fn new(name: &'static str, transport: Arc<Transport>, method: &str, path: &str) -> Self {
        Self {
            name,
            transport,
            method: transport::method(method),
            path: path.to_owned(),
            query: Vec::new(),
            body: None,
            repeatable: None,
            options: CallOptions::default(),
        }
    }

    /// Adds a query parameter; it is percent-encoded for you.
    pub fn query(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    /// Adds a header, as [`with_header`](Self::with_header) does, and can also say what the body
    /// is: `content-type` replaces `application/json`.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.options.set_header_of_own_body(&name.into(), &value.into());
        self
    }

    /// Sets the body, sent as JSON.
    pub fn json(mut self, body: &(impl Serialize + ?Sized)) -> Self {
        let written = serde_json::to_vec(body);
        self.body = Some(written.map_err(|_| {
            Error::invalid_input("body", "cannot be written as JSON; are all keys of its maps texts?")
        }));
        self
    }

    /// Says whether the request may be repeated when its outcome is unknown.
    pub fn repeatable(mut self, repeatable: bool) -> Self {
        self.repeatable = Some(repeatable);
        self
    }

    /// Sets the `x-correlation-id` of this call, the same on every attempt. Default: a fresh UUID
    /// per call where the API has the header (the CRM Gateway), none elsewhere.
    pub fn with_correlation_id(mut self, id: impl Into<String>) -> Self {
        self.options.correlation_id = Some(id.into());
        self
    }

    call_options!();

    /// Sends the request; the answer is any JSON, or `null` where it has no body.
    ///
    /// Dropping the future leaves open whether the server carried the request out; for a read
    /// that loses nothing.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) if the path does not start with `/`, holds
    /// `.` or `..` segments or characters that have to be percent-encoded, and whatever any other
    /// call can end with.
    pub async fn send(self) -> Result<Response<Value>> {
        let name = self.name;
        let decode = |raw: Raw| {
            if raw.body.is_empty() {
                return Ok(Response::new(Value::Null, raw));
            }
            transport::decode_as(name, raw)
        };
        self.call(decode).await
    }

    /// Sends the request and reads the answer as a type of yours. Dropping the future means the
    /// same as for [`send`](Self::send).
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send), and [`UnexpectedAnswer`](crate::ErrorKind::UnexpectedAnswer)
    /// if the answer is not of that type.
    pub async fn send_as<T: DeserializeOwned>(self) -> Result<Response<T>> {
        let name = self.name;
        self.call(|raw| transport::decode_as(name, raw)).await
    }

    async fn call<T>(self, decode: impl FnOnce(Raw) -> Result<T>) -> Result<T> {
        let name = self.name;
        let named = |error: Error| error.with_operation(name);
        let method = self.method.map_err(named)?;
        let body = self.body.transpose().map_err(named)?;
        if !self.path.starts_with('/') || self.path.contains(['?', '#']) {
            let rule = "must start with `/` and have no query; use `query(name, value)`";
            return Err(named(Error::invalid_input("path", rule)));
        }
        let mut options = self.options;
        options.template = Some(self.path.as_str().into());
        options.method = Some(method.clone());
        let mut url = transport::join(self.transport.base(), &self.path).map_err(named)?;
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        let repeatable = self.repeatable.unwrap_or_else(|| method.is_safe());
        let info = OperationInfo {
            id: name,
            name,
            method: "",
            template: "",
            repeat: if repeatable { Repeat::Read } else { Repeat::Never },
            login: Login::Jwt,
            answers_with_body: false,
        };
        let make = || {
            let mut request = Request::new(method.clone(), url.clone());
            if let Some(body) = &body {
                let json = HeaderValue::from_static("application/json");
                request.headers_mut().insert(header::CONTENT_TYPE, json);
                *request.body_mut() = Some(body.clone().into());
            }
            Ok(request)
        };
        self.transport.call(&info, &make, &options, decode).await
    }
}
