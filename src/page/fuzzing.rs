//! What has to hold for cursors that come from outside, and for plans whatever a server answers.

use std::collections::HashSet;

#[cfg(feature = "symphony")]
use super::CursorSource;
#[cfg(feature = "crm-gateway")]
use super::NumberSource;
use super::{Cursor, Fetched, Fingerprint, Listed, Place, Plan, Position, Source};
use crate::{Error, ErrorKind, Result, time::BoxFuture};

/// No answer makes a listing longer than this, so a plan that still asks is one that never ends.
const STEPS: usize = 2_000;

/// Takes the first line as a cursor, and drives listings with the rest, from there and from the
/// start.
pub(crate) fn listing(data: &[u8]) {
    let (line, answers) = data.split_at(data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len()));
    let place = read_cursor(line);
    #[cfg(feature = "symphony")]
    {
        let source = CursorSource::<crate::generated::symphony::op::ListEntitledAdvisors, _>::new(
            Fingerprint::of([""]),
            nothing,
        );
        drive(&source, &Place::start(Position::Start), answers);
        if let Some(place) = &place {
            drive(&source, place, answers);
        }
    }
    #[cfg(feature = "crm-gateway")]
    for concurrency in [1, 3] {
        let source = NumberSource::<crate::generated::crm_gateway::op::ListEntitlements, _>::new(
            Fingerprint::of([""]),
            concurrency,
            nothing,
        );
        drive(&source, &Place::start(Position::Number { page: 1, limit: 3 }), answers);
        if let Some(place) = &place {
            drive(&source, place, answers);
        }
    }
}

/// What is accepted is written as it was read, and shows nothing of itself.
fn read_cursor(line: &[u8]) -> Option<Place> {
    let cursor: Cursor = serde_json::from_slice(line).ok()?;
    let written = serde_json::to_string(&cursor).expect("a cursor can be written");
    let again: Cursor = serde_json::from_str(&written).expect("and read");
    assert!(again == cursor, "{written}");
    let shown = format!("{cursor:?}");
    assert_eq!(shown, format!("Cursor {{ version: 1, items_so_far: {}, .. }}", cursor.items_so_far()));
    Some(cursor.into_place())
}

struct Item {
    id: Option<String>,
    is_blank: bool,
}

impl Listed for Item {
    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    fn is_blank(&self) -> bool {
        self.is_blank
    }
}

fn nothing(_: Position) -> BoxFuture<'static, Result<Fetched<Item>>> {
    Box::pin(std::future::ready(Err(Error::new(ErrorKind::NotSent, "nothing is fetched here"))))
}

/// Answers each page with what the bytes say, and with empty pages when there are no more.
fn drive(source: &dyn Source<Item>, place: &Place, answers: &[u8]) {
    if !source.is_place(&place.page) {
        return;
    }
    // A resumed listing knows little of what was delivered before.
    let is_start = place.items == 0 && place.offset == 0;
    let mut plan: Box<dyn Plan<Item>> = source.plan(place);
    let mut bytes = answers.iter().copied();
    let (mut delivered, mut asked) = (HashSet::new(), HashSet::new());
    let mut under_way = std::collections::VecDeque::new();
    for _ in 0..STEPS {
        while plan.wants(under_way.len()) {
            under_way.extend(plan.next());
            assert!(under_way.len() <= plan.concurrency());
        }
        let Some(position) = under_way.pop_front() else { return };
        let is_by_number = matches!(position, Position::Number { .. });
        assert!(is_by_number || asked.insert(position.clone()), "a cursor is asked for once");
        let arrived = plan.arrived(&position, answer(&mut bytes, is_by_number));
        if arrived.others_are_void {
            under_way.clear();
        }
        if arrived.broken.is_some() {
            return;
        }
        for item in arrived.page.into_iter().flat_map(|page| page.items).flatten().flatten() {
            assert!(!(item.is_blank && is_by_number), "nothing is no item");
            if let (true, true, Some(id)) = (is_start, is_by_number, item.id) {
                assert!(delivered.insert(id), "an item is delivered once");
            }
        }
    }
    panic!("the listing does not end");
}

fn answer(bytes: &mut impl Iterator<Item = u8>, is_by_number: bool) -> Fetched<Item> {
    let Some(size) = bytes.next() else {
        return Fetched { items: Vec::new(), count: 0, total: None, next: None };
    };
    let item = |byte: u8| match byte {
        255 => Err(Error::new(ErrorKind::UnexpectedAnswer, "")),
        254 => Ok(Item { id: None, is_blank: true }),
        253 => Ok(Item { id: None, is_blank: false }),
        _ => Ok(Item { id: Some(byte.to_string()), is_blank: false }),
    };
    let items: Vec<_> = bytes.by_ref().take(usize::from(size % 8)).map(item).collect();
    let total = bytes.next().and_then(|byte| match byte {
        255 => None,
        254 => Some(u64::MAX),
        _ => Some(u64::from(byte)),
    });
    let next = bytes.next().filter(|_| !is_by_number).map(|byte| match byte {
        0..128 => Position::After(byte.to_string()),
        _ => Position::Before(byte.to_string()),
    });
    Fetched { count: items.len() as u64 + u64::from(size / 64), items, total, next }
}
