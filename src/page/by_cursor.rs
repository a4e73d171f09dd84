//! Pages by `before` and `after` cursors, as Symphony has them.

use std::{
    collections::{HashSet, VecDeque},
    hash::{BuildHasher, RandomState},
    marker::PhantomData,
};

use super::{
    Arrived, Fetched, Fingerprint, Listed, PagesByCursor, Place, Plan, Position, Read, Source,
    place::{Found, find, id_of},
};
use crate::{Error, ErrorKind, Result, time::BoxFuture};

/// The pages of a listing by cursor: a function that fetches the page at a position.
pub(crate) struct CursorSource<O, F> {
    fetch: F,
    fingerprint: Fingerprint,
    operation: PhantomData<fn() -> O>,
}

impl<O, F> CursorSource<O, F> {
    pub(crate) fn new(fingerprint: Fingerprint, fetch: F) -> Self {
        Self { fetch, fingerprint, operation: PhantomData }
    }
}

impl<O, F, T> Source<T> for CursorSource<O, F>
where
    O: PagesByCursor,
    F: Fn(Position) -> BoxFuture<'static, Result<Fetched<T>>> + Send + Sync,
    T: Listed,
{
    fn operation(&self) -> &'static str {
        O::INFO.name
    }

    fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    fn is_place(&self, position: &Position) -> bool {
        match position {
            Position::Start => true,
            Position::After(cursor) | Position::Before(cursor) => !cursor.is_empty(),
            Position::Number { .. } => false,
        }
    }

    fn plan(&self, from: &Place) -> Box<dyn Plan<T>> {
        Box::new(ByCursor::new(O::INFO.name, from))
    }

    fn fetch(&self, position: Position) -> BoxFuture<'static, Result<Fetched<T>>> {
        (self.fetch)(position)
    }

    fn id<'a>(&self, item: &'a T) -> Option<&'a str> {
        item.id()
    }
}

/// One page after the other, because each names the next.
struct ByCursor {
    operation: &'static str,
    next: Option<Position>,
    /// The pages that were fetched, as numbers: a listing can have very many.
    visited: HashSet<u64>,
    keys: RandomState,
    /// The place to find in the first page, if something of it was delivered before.
    resumed: Option<Place>,
    /// What it names can have been pushed to any later page, also before an earlier resume.
    named: VecDeque<String>,
    changed: bool,
}

impl ByCursor {
    fn new(operation: &'static str, from: &Place) -> Self {
        Self {
            operation,
            next: Some(from.page.clone()),
            visited: HashSet::new(),
            keys: RandomState::new(),
            resumed: (from.offset > 0).then(|| from.clone()),
            named: from.last.clone(),
            changed: false,
        }
    }

    /// Leaves out what was delivered before the listing was resumed.
    fn without_delivered<T: Listed>(&mut self, fetched: &mut Fetched<T>) -> Vec<Option<Result<T>>> {
        let first = self.resumed.take().map_or(0, |place| self.find(place, fetched));
        let mut repeated = false;
        let mut is_new = |index: usize, item: &Result<T>| {
            let is_named = is_among(&self.named, item);
            repeated |= is_named && index >= first;
            index >= first && !is_named
        };
        let items = std::mem::take(&mut fetched.items).into_iter().enumerate();
        let items = items.map(|(index, item)| is_new(index, &item).then_some(item)).collect();
        self.changed |= repeated;
        items
    }

    /// How many items of the page were delivered.
    fn find<T: Listed>(&mut self, mut place: Place, fetched: &mut Fetched<T>) -> usize {
        if ends_before(fetched, &place) {
            place.offset = place.offset.saturating_sub(fetched.items.len() as u64);
            self.resumed = Some(place);
            return fetched.items.len();
        }
        let found = find(&fetched.items, &place);
        let offset = usize::try_from(place.offset).unwrap_or(usize::MAX);
        let (first, next) = match found {
            Found::Here => (offset, place.next.take()),
            Found::Moved(first) => (first, place.next.take()),
            // All that was delivered of the page is named and gone.
            Found::Nowhere if offset <= place.last.len() => (0, None),
            Found::Nowhere if place.next.is_some() => (offset, place.next.take()),
            // What it names is gone, so everything behind has moved up.
            Found::Nowhere => (offset - place.last.len(), None),
        };
        // Backwards, a page from which items were removed reaches further back. What is now in
        // front of those that were delivered comes with the page that was to come next.
        let is_other_next = next.is_some() && next != fetched.next;
        if is_other_next {
            fetched.next = next;
        }
        self.changed |= found != Found::Here || is_other_next;
        first
    }
}

/// Whether the page has only items of before those that the place names, because the server gives
/// smaller pages by now. Backwards a smaller page is the later part of the one before.
fn ends_before<T: Listed>(fetched: &Fetched<T>, place: &Place) -> bool {
    let not_named = place.offset.saturating_sub(place.last.len() as u64);
    matches!(fetched.next, Some(Position::After(_)))
        && fetched.items.len() as u64 <= not_named
        && !fetched.items.iter().any(|item| is_among(&place.last, item))
}

/// Whether the item has one of these ids.
fn is_among<T: Listed>(ids: &VecDeque<String>, item: &Result<T>) -> bool {
    id_of(item).is_some_and(|id| ids.iter().any(|one| one == id))
}

impl<T: Listed> Plan<T> for ByCursor {
    fn concurrency(&self) -> usize {
        1
    }

    fn page_size(&self) -> Option<u64> {
        None
    }

    fn wants(&self, under_way: usize) -> bool {
        under_way == 0 && self.next.is_some()
    }

    fn next(&mut self) -> Option<Position> {
        self.next.take()
    }

    fn arrived(&mut self, position: &Position, mut fetched: Fetched<T>) -> Arrived<T> {
        self.visited.insert(self.keys.hash_one(position));
        let items = self.without_delivered(&mut fetched);
        let is_visited = |next: &Position| self.visited.contains(&self.keys.hash_one(next));
        let broken = fetched.next.as_ref().is_some_and(is_visited).then(|| {
            let message = "the server sent a cursor for the second time, which would never end; start the listing again";
            Error::new(ErrorKind::Pagination, message).with_operation(self.operation)
        });
        self.next = fetched.next.filter(|_| broken.is_none());
        let page = Read {
            position: position.clone(),
            items,
            strays: 0,
            total: fetched.total,
            next: self.next.clone(),
            changed: self.changed,
        };
        Arrived { page: Some(page), others_are_void: false, broken }
    }
}

/// Where a listing goes on: at the bare cursor if there is one, or else at that of the link. A
/// link that is there and null ends the listing whatever the bare cursor says, because two of
/// three known clients stop on it.
pub(crate) fn cursor(
    link: Option<&str>,
    bare: Option<&str>,
    parameter: &str,
    link_is_null: impl FnOnce() -> bool,
) -> Option<String> {
    let bare = bare.filter(|cursor| !cursor.is_empty());
    match (link, bare) {
        (None, Some(bare)) => (!link_is_null()).then(|| bare.to_owned()),
        (Some(_), Some(bare)) => Some(bare.to_owned()),
        (Some(link), None) => cursor_of(link, parameter),
        (None, None) => None,
    }
}

/// The bare cursor in a `next` or `previous` such as `?after=…`, percent-encoded or not, alone or
/// at the end of a full URL. Only the cursor is taken, so a foreign address is never followed.
fn cursor_of(link: &str, parameter: &str) -> Option<String> {
    let query = link.split_once('?').map_or(link, |(_, query)| query);
    let query = query.split('#').next()?;
    let value = query.split('&').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        (name == parameter).then_some(value)
    })?;
    // A `+` belongs to the alphabet of base64, so it is no encoded space here.
    let decoded = percent_decode(value);
    (!decoded.is_empty()).then_some(decoded)
}

fn percent_decode(text: &str) -> String {
    let escaped = text.replace('+', "%2B");
    url::form_urlencoded::parse(format!("c={escaped}").as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_is_taken_from_every_form_of_a_link() {
        let bare = "eyJ4IjoiMSJ9+/==";
        for link in [
            "?after=eyJ4IjoiMSJ9+/==",
            "after=eyJ4IjoiMSJ9+/==",
            "?after=eyJ4IjoiMSJ9%2B%2F%3D%3D",
            "https://elsewhere.example/api?listPermissions=true&after=eyJ4IjoiMSJ9%2b/%3D=#x",
        ] {
            assert_eq!(cursor_of(link, "after").as_deref(), Some(bare), "{link}");
        }
        for link in ["", "?", "?after=", "?before=x", "?afterwards=x"] {
            assert_eq!(cursor_of(link, "after"), None, "{link}");
        }
    }

    #[test]
    fn the_bare_cursor_is_preferred_and_a_null_link_ends_the_listing() {
        let next = |link, bare, null| cursor(link, bare, "after", || null);
        assert_eq!(next(Some("?after=a"), Some("b"), false).as_deref(), Some("b"));
        assert_eq!(next(Some("?after=a"), Some(""), false).as_deref(), Some("a"));
        assert_eq!(next(None, Some("b"), false).as_deref(), Some("b"));
        assert_eq!(next(None, Some("b"), true), None);
        assert_eq!(next(Some(""), None, false), None);
        assert_eq!(next(None, None, false), None);
    }
}
