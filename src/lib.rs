#![cfg_attr(
    all(feature = "symphony", feature = "crm-gateway", feature = "connect"),
    doc = include_str!("../README.md")
)]
#![cfg_attr(
    not(all(feature = "symphony", feature = "crm-gateway", feature = "connect")),
    doc = "Typed clients for three APIs that answer one question: who may do what."
)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]
#![warn(missing_docs, unreachable_pub, missing_debug_implementations)]

#[cfg(any_service)]
pub mod auth;
#[cfg(feature = "connect")]
pub mod connect;
#[cfg(feature = "crm-gateway")]
pub mod crm_gateway;
mod decode;
mod error;
#[cfg(all(feature = "fakes", any_service))]
pub mod fakes;
#[cfg(any_service)]
mod field;
/// What `fuzz/` calls; nothing for users.
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
#[cfg(all(test, not(fuzzing)))]
mod fuzzing;
#[cfg(any_service)]
mod generated;
#[cfg(any_service)]
mod open_enum;
#[cfg(any_listing)]
mod page;
#[cfg(any_service)]
mod raw_request;
#[cfg(any_service)]
mod response;
#[cfg(feature = "symphony")]
pub mod symphony;
pub mod time;
#[cfg(any_service)]
mod transport;
#[cfg(any_service)]
mod unique_id;

/// The types of statuses and headers.
pub use http;

pub use self::error::{Error, ErrorKind, Result};
#[cfg(any_listing)]
pub use self::page::{Cursor, Page, Pager, Pages};
#[cfg(any_service)]
pub use self::{open_enum::UnknownValue, raw_request::RawRequest, response::Response, transport::RateLimit};
