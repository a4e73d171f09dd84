//! Listings: one item after the other, over as many pages as there are.

mod ahead;
#[cfg(feature = "symphony")]
mod by_cursor;
#[cfg(feature = "crm-gateway")]
mod by_number;
mod cursor;
mod decode;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod listing;
mod pager;
mod pages;
mod place;
mod reader;
mod task;
#[cfg(all(test, feature = "symphony", feature = "crm-gateway"))]
mod tests;

#[cfg(feature = "symphony")]
pub(crate) use self::by_cursor::{CursorSource, cursor};
pub(crate) use self::place::Place;
#[cfg(feature = "crm-gateway")]
pub(crate) use self::{by_number::NumberSource, decode::items_of};
pub use self::{
    cursor::Cursor,
    pager::Pager,
    pages::{Page, Pages},
};
pub(crate) use self::{
    cursor::Fingerprint,
    decode::{PageModel, decode_page, in_order},
    place::Position,
};
use crate::{Error, Result, time::BoxFuture};

/// An operation that pages with `before` and `after` cursors.
#[cfg(feature = "symphony")]
pub(crate) trait PagesByCursor: crate::transport::Operation {}

/// An operation that pages with `page` and `limit`.
#[cfg(feature = "crm-gateway")]
pub(crate) trait PagesByNumber: crate::transport::Operation {}

/// What the engine has to know of an item.
pub(crate) trait Listed {
    /// What tells one item from another.
    fn id(&self) -> Option<&str>;

    /// Whether it is an empty object, which some servers send for "nothing".
    #[cfg_attr(not(feature = "crm-gateway"), allow(dead_code, reason = "gateways have sent it"))]
    fn is_blank(&self) -> bool {
        false
    }
}

/// A page as it was fetched.
pub(crate) struct Fetched<T> {
    /// In the server's order; what cannot be decoded is an error in its place.
    pub(crate) items: Vec<Result<T>>,
    /// How many the server sent, with those that are null and not among the items.
    #[cfg_attr(not(feature = "crm-gateway"), allow(dead_code, reason = "pages by number are counted"))]
    pub(crate) count: u64,
    pub(crate) total: Option<u64>,
    /// The next page, where the page itself says which that is.
    #[cfg_attr(not(feature = "symphony"), allow(dead_code, reason = "Symphony's pages say it"))]
    pub(crate) next: Option<Position>,
}

/// The pages of one listing: how they are fetched, and which come after each other.
pub(crate) trait Source<T>: Send + Sync {
    /// The name of the operation, for errors and cursors.
    fn operation(&self) -> &'static str;

    /// What was asked for, so that no cursor goes on with something else.
    fn fingerprint(&self) -> &Fingerprint;

    /// Whether a place that comes from outside is one of such a listing.
    fn is_place(&self, position: &Position) -> bool;

    /// Which pages to ask for from here on.
    fn plan(&self, from: &Place) -> Box<dyn Plan<T>>;

    fn fetch(&self, position: Position) -> BoxFuture<'static, Result<Fetched<T>>>;

    fn id<'a>(&self, item: &'a T) -> Option<&'a str>;
}

/// Which pages to ask for, and what is new in them: a state machine without I/O.
pub(crate) trait Plan<T>: Send {
    /// How many pages may be under way at once.
    fn concurrency(&self) -> usize;

    /// How many items a page probably brings, where that is known.
    fn page_size(&self) -> Option<u64>;

    /// Whether one more page is to be asked for beside those that are under way.
    fn wants(&self, under_way: usize) -> bool;

    /// The page to ask for; only if it [wants](Self::wants) one.
    fn next(&mut self) -> Option<Position>;

    /// Looks at a page. They come in the order in which they were asked for.
    fn arrived(&mut self, position: &Position, fetched: Fetched<T>) -> Arrived<T>;
}

/// What a page means.
pub(crate) struct Arrived<T> {
    /// What to deliver of it; `None` if it has to be fetched again.
    pub(crate) page: Option<Read<T>>,
    /// Whether the pages that are under way are no longer those that are needed.
    pub(crate) others_are_void: bool,
    /// Why the listing ends behind the page although there may be more.
    pub(crate) broken: Option<Error>,
}

/// A page to deliver.
pub(crate) struct Read<T> {
    pub(crate) position: Position,
    /// In the server's order. `None` was delivered before or is nothing.
    pub(crate) items: Vec<Option<Result<T>>>,
    /// How many of them stand before what was delivered. Those that are new all the same were
    /// inserted there, or removals have hidden them; the place of the listing stays behind them.
    pub(crate) strays: u64,
    pub(crate) total: Option<u64>,
    /// Where to take the listing up behind this page without looking at it again.
    pub(crate) next: Option<Position>,
    /// Whether the collection was seen to change so far.
    pub(crate) changed: bool,
}
