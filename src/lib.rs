//! Typed clients for three APIs that answer one question: who may do what.
#![forbid(unsafe_code)]
#![warn(missing_docs, unreachable_pub, missing_debug_implementations)]

pub mod auth;
mod decode;
mod error;
mod generated;
mod open_enum;
mod page;
mod raw_request;
mod response;
pub mod time;
mod transport;

#[cfg(feature = "fakes")]
pub mod fakes;
#[cfg(feature = "symphony")]
pub mod symphony;

pub use self::{
    error::{Error, ErrorKind, Result},
    open_enum::UnknownValue,
    page::{Page, Pager, Pages},
    raw_request::RawRequest,
    response::Response,
};
