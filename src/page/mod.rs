//! Listings: one item after the other, over as many pages as there are.

#[cfg(feature = "symphony")]
mod by_cursor;
#[cfg(feature = "crm-gateway")]
mod by_number;
mod decode;
mod pager;

#[cfg(feature = "symphony")]
pub(crate) use self::by_cursor::{CursorSource, cursor};
#[cfg(feature = "crm-gateway")]
pub(crate) use self::by_number::{NumberSource, Numbered};
pub use self::pager::{Page, Pager, Pages};
pub(crate) use self::{
    decode::{PageModel, decode_page, in_order},
    pager::{Fetched, PageSource, Position},
};

/// An operation that pages with `before` and `after` cursors.
#[cfg(feature = "symphony")]
pub(crate) trait Cursor: crate::transport::Operation {}

/// An operation that pages with `page` and `limit`.
#[cfg(feature = "crm-gateway")]
pub(crate) trait Number: crate::transport::Operation {}
