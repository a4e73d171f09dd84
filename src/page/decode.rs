//! Decoding a page so that one bad item does not cost the others.

use std::{borrow::Cow, collections::BTreeMap};

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::{Error, Result, decode, error::ErrorKind, response::Raw};

/// A model that is a page: an object with a list of items.
pub(crate) trait PageModel: DeserializeOwned + Default {
    /// What the list holds.
    type Item: DeserializeOwned + Send + Unpin + 'static;
    /// The property with the list.
    const LIST: &'static str;
    /// The other property by which a page is known.
    const BESIDE: &'static str;
    /// Whether an object without any property is an empty page.
    const MAY_BE_BARE: bool;
    /// The list.
    fn items_mut(&mut self) -> &mut Vec<Self::Item>;
}

/// A page with more items that cannot be decoded is none: each keeps an error in memory.
const MOST_FAILED: usize = 10_000;

/// The page, and the error of each item that cannot be decoded, with its place among those that
/// are not null.
pub(crate) type Decoded<M> = (M, Vec<(usize, Error)>);

/// Decodes the page at once, and item by item where that fails.
pub(crate) fn decode_page<M: PageModel>(raw: &Raw) -> Result<Decoded<M>> {
    let (mut page, failed) = match decode::json::<M>(&raw.body) {
        Ok(page) => (page, Vec::new()),
        Err(error) => item_by_item(raw).ok_or(error)?,
    };
    if page.items_mut().is_empty() && failed.is_empty() && !is_empty_page::<M>(&raw.body) {
        let message = "the answer is not the documented page; `send_as` reads another shape";
        return Err(Error::new(ErrorKind::UnexpectedAnswer, message));
    }
    Ok((page, failed))
}

/// Whether this is a page although it has no items. An object with other properties only would
/// otherwise pass for an empty listing, which is a costly mistake.
fn is_empty_page<M: PageModel>(body: &[u8]) -> bool {
    serde_json::from_slice::<BTreeMap<Cow<'_, str>, &RawValue>>(body).is_ok_and(|properties| {
        let is_bare = M::MAY_BE_BARE && properties.is_empty();
        is_bare || [M::LIST, M::BESIDE].iter().any(|name| properties.contains_key(*name))
    })
}

/// How many items a page was sent with, those included that are null.
#[cfg(feature = "crm-gateway")]
pub(crate) fn items_of<M: PageModel>(body: &[u8]) -> usize {
    let count = || {
        let mut properties: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_slice(body).ok()?;
        let items: Vec<&RawValue> = serde_json::from_str(properties.remove(M::LIST)?.get()).ok()?;
        Some(items.len())
    };
    count().unwrap_or_default()
}

fn item_by_item<M: PageModel>(raw: &Raw) -> Option<Decoded<M>> {
    let text = std::str::from_utf8(&raw.body).ok()?;
    let mut properties: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_str(text).ok()?;
    let list = properties.remove(M::LIST)?;
    let rest = serde_json::to_string(&properties).ok()?;
    let mut page: M = serde_json::from_str(&rest).ok()?;
    let items: Vec<&RawValue> = serde_json::from_str(list.get()).ok()?;
    let mut failed = Vec::new();
    for (index, item) in items.into_iter().enumerate() {
        // An item that is null is none and left out, as where the whole page decodes.
        if let Ok(item) = decode::json::<Option<M::Item>>(item.get().as_bytes()) {
            page.items_mut().extend(item);
        } else {
            if failed.len() == MOST_FAILED {
                return None;
            }
            let place = page.items_mut().len() + failed.len();
            failed.push((place, undecodable(raw, index, item)));
        }
    }
    Some((page, failed))
}

/// Items and errors in the order that they had in the page.
pub(crate) fn in_order<T>(items: Vec<T>, failed: Vec<(usize, Error)>) -> Vec<Result<T>> {
    let mut all = Vec::with_capacity(items.len() + failed.len());
    let mut items = items.into_iter().map(Ok);
    for (place, error) in failed {
        all.extend(items.by_ref().take(place.saturating_sub(all.len())));
        all.push(Err(error));
    }
    all.extend(items);
    all
}

fn undecodable(raw: &Raw, index: usize, item: &RawValue) -> Error {
    let message =
        format!("item {index} of the page has another shape than documented; the others are not affected");
    let body = bytes::Bytes::copy_from_slice(item.get().as_bytes());
    Error::new(ErrorKind::UnexpectedAnswer, message).with_raw(raw.clone()).with_body(body)
}
