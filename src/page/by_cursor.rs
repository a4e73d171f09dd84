//! Pages by `before` and `after` cursors, as Symphony has them.

use std::marker::PhantomData;

use super::{Cursor, Fetched, PageSource, Position};
use crate::{Result, time::BoxFuture};

/// The pages of a listing by cursor: a function that fetches the page at a position.
pub(crate) struct CursorSource<O, F> {
    fetch: F,
    operation: PhantomData<fn() -> O>,
}

impl<O, F> CursorSource<O, F> {
    pub(crate) fn new(fetch: F) -> Self {
        Self { fetch, operation: PhantomData }
    }
}

impl<O, F, T> PageSource<T> for CursorSource<O, F>
where
    O: Cursor,
    F: Fn(Position) -> BoxFuture<'static, Result<Fetched<T>>> + Send + Sync,
{
    fn operation(&self) -> &'static str {
        O::INFO.name
    }

    fn fetch(&self, position: Position) -> BoxFuture<'static, Result<Fetched<T>>> {
        (self.fetch)(position)
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
