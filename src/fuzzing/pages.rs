//! What has to hold for the pages of a listing.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

use super::checks::{assert_in_our_words, assert_one_line, assert_same, success};
use crate::{
    Error, ErrorKind,
    page::{PageModel, decode_page, in_order},
};

/// No item is a number.
const DAMAGED: &str = "7";

/// Decodes a page, damages it, and decodes it again.
pub(crate) fn page<M>(body: &[u8])
where
    M: PageModel<Item: Serialize> + Serialize,
{
    let (mut page, errors) = match decode_page::<M>(&success(body)) {
        Ok(decoded) => decoded,
        Err(error) => return assert_in_our_words(&error),
    };
    let places: Vec<_> = errors.iter().map(|(place, _)| *place).collect();
    for (_, error) in &errors {
        assert_names_an_item(error);
    }
    let items = std::mem::take(page.items_mut());
    let Some((with_damage, place)) = damaged::<M>(body) else { return };

    let (mut rest, errors) = decode_page::<M>(&success(&with_damage)).expect("only an item is damaged");
    let found: Vec<_> = errors.iter().map(|(place, _)| *place).collect();
    let mut expected: Vec<_> = places.into_iter().map(|old| old + usize::from(old >= place)).collect();
    expected.push(place);
    expected.sort_unstable();
    assert_eq!(found, expected, "the places of the errors");
    assert_same(rest.items_mut(), &items);

    let kept = std::mem::take(rest.items_mut());
    assert_same(&rest, &page);
    let all = in_order(kept, errors);
    assert_eq!(all.len(), items.len() + expected.len());
    assert!(expected.into_iter().all(|place| all[place].is_err()), "errors stand where the items stood");
}

/// The page with one more item, which is damaged, and the place of that among those that count.
fn damaged<M: PageModel>(body: &[u8]) -> Option<(Vec<u8>, usize)> {
    let text = std::str::from_utf8(body).ok()?;
    let members: BTreeMap<String, &RawValue> = serde_json::from_str(text).ok()?;
    let listed = members.get(M::LIST).map_or("[]", |list| list.get());
    let mut items: Vec<&str> = serde_json::from_str::<Option<Vec<&RawValue>>>(listed)
        .ok()?
        .into_iter()
        .flatten()
        .map(RawValue::get)
        .collect();
    let index = body.len() % (items.len() + 1);
    let place = items[..index].iter().filter(|item| **item != "null").count();
    items.insert(index, DAMAGED);
    let list = RawValue::from_string(format!("[{}]", items.join(","))).ok()?;
    let mut members: BTreeMap<&str, &RawValue> =
        members.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    members.insert(M::LIST, &list);
    Some((serde_json::to_vec(&members).ok()?, place))
}

fn assert_names_an_item(error: &Error) {
    let line = error.to_string().replace(|letter: char| letter.is_ascii_digit(), "");
    let sentence = "unexpected answer (status ): item  of the page has another shape than documented; \
                    the others are not affected";
    assert_eq!((error.kind(), line.as_str()), (ErrorKind::UnexpectedAnswer, sentence));
    assert_one_line(&line);
}
