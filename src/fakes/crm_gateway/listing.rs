//! One page out of a tenant's entitlements.

use std::{borrow::Cow, cmp::Ordering, ops::Range};

use serde_json::Value;

use super::{
    entitlements::{Entitlements, Place},
    key::Key,
    query::{Direction, Query},
};

pub(super) struct Found {
    /// How many match, on whatever page.
    pub(super) total: usize,
    /// Those of the page.
    pub(super) page: Vec<Value>,
}

impl Entitlements {
    /// Those of the matching ones that stand at these positions, in the order asked for. The order
    /// is total, so pages do not overlap.
    ///
    /// Without a filter, in the order of the ids, only those of the page are made. Everything else
    /// makes all, one after the other; a sort keeps the keys of those that match.
    pub(super) fn find(
        &self,
        query: &Query,
        is_hidden: Option<&dyn Fn(&Value) -> bool>,
        positions: Range<usize>,
    ) -> Found {
        if query.filter.is_all()
            && is_hidden.is_none()
            && let Some(direction) = query.by_id()
        {
            return self.by_position(query, direction, positions);
        }
        let matches = |value: &Value| {
            query.filter.matches(value) && !is_hidden.is_some_and(|is_hidden| is_hidden(value))
        };
        if let Some(id) = query.filter.pinned_id() {
            let found = self.get(id).filter(|value| matches(value));
            let total = usize::from(found.is_some());
            let page = found.filter(|_| positions.contains(&0)).map(|value| query.fields.of(value));
            return Found { total, page: page.into_iter().collect() };
        }
        // A count needs no order.
        if positions.is_empty() || query.by_id() == Some(Direction::Ascending) {
            return self.by_walking(query, matches, &positions);
        }
        self.by_sorting(query, matches, positions)
    }

    fn by_position(&self, query: &Query, direction: Direction, positions: Range<usize>) -> Found {
        let total = self.len();
        let of_page = |positions: Range<usize>| {
            let places = self.places(positions.start).take(positions.len());
            places.map(|place| query.fields.of(self.item(place))).collect::<Vec<_>>()
        };
        let page = match direction {
            Direction::Ascending => of_page(positions),
            Direction::Descending => {
                let from_end = |position| total.saturating_sub(position);
                let mut page = of_page(from_end(positions.end)..from_end(positions.start));
                page.reverse();
                page
            }
        };
        Found { total, page }
    }

    fn by_walking(&self, query: &Query, matches: impl Fn(&Value) -> bool, positions: &Range<usize>) -> Found {
        let mut found = Found { total: 0, page: Vec::new() };
        for place in self.places(0) {
            let value = self.item(place);
            if matches(&value) {
                if positions.contains(&found.total) {
                    found.page.push(query.fields.of(value));
                }
                found.total += 1;
            }
        }
        found
    }

    fn by_sorting(&self, query: &Query, matches: impl Fn(&Value) -> bool, positions: Range<usize>) -> Found {
        let keys = |value: &Value| -> Vec<Key<'static>> {
            query.sort.iter().map(|(path, _)| Key::at(value, path).into_owned()).collect()
        };
        let keyed = |place| {
            let value: Cow<'_, Value> = self.item(place);
            matches(&value).then(|| (keys(&value), place))
        };
        let mut sorted: Vec<(Vec<Key<'static>>, Place<'_>)> = self.places(0).filter_map(keyed).collect();
        sorted.sort_by(|(left, _), (right, _)| {
            let compared = left.iter().zip(right).zip(&query.sort).map(|((left, right), (_, direction))| {
                let ascending = left.compare(right);
                if *direction == Direction::Descending { ascending.reverse() } else { ascending }
            });
            compared.fold(Ordering::Equal, Ordering::then)
        });
        let page = sorted.iter().skip(positions.start).take(positions.len());
        let page = page.map(|(_, place)| query.fields.of(self.item(*place))).collect();
        Found { total: sorted.len(), page }
    }
}
