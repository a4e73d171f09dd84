//! What the specifications say about operations, for the transport.

use http::Method;
use serde::de::DeserializeOwned;

use crate::{Error, Result};

/// What may happen after an attempt that the server may have carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// A read; repeating it is harmless.
    #[allow(dead_code, reason = "every service has reads, a build without services has none")]
    Read,
    /// It sets an absolute state; repeating it is harmless.
    #[allow(dead_code, reason = "only some services have one")]
    State,
    /// It removes something; repeating it is harmless, and a later 404 is the success.
    #[allow(dead_code, reason = "only some services have one")]
    Removal,
    /// It may not be repeated.
    #[allow(dead_code, reason = "only some services have one")]
    Never,
}

/// Which kind of login an operation needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(dead_code, reason = "each service uses its own")]
pub(crate) enum Login {
    Jwt,
    Keycloak,
    User,
    Client,
}

/// What the specification says about an operation, for the transport.
#[derive(Debug)]
pub(crate) struct OperationInfo {
    /// The `operationId` of the specification.
    #[allow(dead_code, reason = "read by the tests that compare markers and documents")]
    pub(crate) id: &'static str,
    /// The method of our client, with the service: what errors and logs call it.
    pub(crate) name: &'static str,
    #[allow(dead_code, reason = "only Connect's overrides and the tests read it")]
    pub(crate) method: &'static str,
    pub(crate) template: &'static str,
    pub(crate) repeat: Repeat,
    #[allow(dead_code, reason = "read by the tests that compare markers and documents")]
    pub(crate) login: Login,
    #[cfg_attr(
        not(any(feature = "symphony", feature = "connect")),
        allow(dead_code, reason = "a listing has one")
    )]
    pub(crate) answers_with_body: bool,
}

/// An operation of a specification; the markers are generated.
pub(crate) trait Operation {
    /// What the transport has to know.
    const INFO: &'static OperationInfo;
    /// The model of a success.
    type Success: DeserializeOwned + Default;
}

/// A method that is not one of HTTP's tokens cannot be sent; letter case counts in HTTP, and every
/// method that an API has is in upper case. `CONNECT` has no path that could be
/// checked, and the answer to `TRACE` is the request with its token.
pub(crate) fn method(name: &str) -> Result<Method> {
    let refused = |rule| Error::configuration(format!("the method {rule}"));
    let method =
        Method::from_bytes(name.to_ascii_uppercase().as_bytes()).map_err(|_| refused("is no HTTP method"))?;
    if matches!(method, Method::CONNECT | Method::TRACE) {
        return Err(refused("is a method for proxies and tests of them, which no API has"));
    }
    Ok(method)
}
