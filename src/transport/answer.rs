//! What an answer means to the caller: the documented model, a page, or a type of the caller's.

use http::{HeaderValue, header};
use serde::de::DeserializeOwned;

#[cfg(any_service)]
use super::Operation;
#[cfg(any(feature = "symphony", feature = "connect"))]
use super::Repeat;
#[cfg(any(feature = "symphony", feature = "connect"))]
use crate::ErrorKind;
use crate::{
    Error, Result, decode,
    response::{Raw, Response},
};

/// Decodes the documented answer; a write needs no body to be a success.
#[cfg(any(feature = "symphony", feature = "connect"))]
pub(super) fn decode_answer<O: Operation>(raw: Raw) -> Result<Response<O::Success>> {
    let needs_no_body = !O::INFO.answers_with_body
        || (raw.body.is_empty()
            && (O::INFO.repeat != Repeat::Read || raw.status == http::StatusCode::NO_CONTENT));
    // Some page of something in between says nothing about the operation.
    if needs_no_body && raw.body.trim_ascii_start().starts_with(b"<") {
        let error =
            Error::new(ErrorKind::UnexpectedAnswer, "the body is HTML or XML, not what the API sends");
        return Err(undecodable(error, O::INFO.name, raw));
    }
    if needs_no_body {
        return Ok(Response::new(O::Success::default(), raw));
    }
    decode_as(O::INFO.name, raw)
}

/// Decodes a page; items that cannot be decoded are left out and reported beside it.
#[cfg(any_listing)]
pub(super) fn decode_page<O>(raw: Raw) -> Result<Response<O::Success>>
where
    O: Operation<Success: crate::page::PageModel>,
{
    if raw.status == http::StatusCode::NO_CONTENT {
        return Ok(Response::new(O::Success::default(), raw));
    }
    match crate::page::decode_page::<O::Success>(&raw) {
        Ok((page, errors)) => {
            let errors = errors.into_iter().map(|(place, error)| (place, error.with_operation(O::INFO.name)));
            Ok(Response::new(page, raw).with_failed_items(errors))
        }
        Err(error) => Err(undecodable(error, O::INFO.name, raw)),
    }
}

/// Decodes any answer as the caller's type.
pub(crate) fn decode_as<T: DeserializeOwned>(operation: &'static str, raw: Raw) -> Result<Response<T>> {
    match decode::json(&raw.body) {
        Ok(value) => Ok(Response::new(value, raw)),
        Err(error) => Err(undecodable(error, operation, raw)),
    }
}

/// Keeps what came, so that the caller can look at it.
pub(crate) fn undecodable(error: Error, operation: &'static str, raw: Raw) -> Error {
    explain_compression(error, &raw.headers).with_operation(operation).with_raw(raw)
}

/// A body that is still compressed was compressed without being asked for, or in another way.
fn explain_compression(error: Error, headers: &http::HeaderMap) -> Error {
    let identity = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
    if headers.get_all(header::CONTENT_ENCODING).iter().all(identity) {
        return error;
    }
    let message = if cfg!(feature = "gzip") {
        "the answer's body is compressed in a way that was not asked for"
    } else {
        "the answer's body is compressed, which was not asked for; the feature `gzip` reads it if that is the way"
    };
    Error::new(error.kind(), message).with_source(error)
}
