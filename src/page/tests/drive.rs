//! A caller of a listing, who does whatever the tape says: polls and goes away, changes his mind
//! about prefetching, keeps a cursor and goes on with it.

use std::{
    collections::HashSet,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use futures_core::Stream;

use super::{
    server::{Item, Kind, Shared, Style, lock},
    watched::listing,
};
use crate::{
    Error, ErrorKind, Result,
    page::{Cursor, Page, Pager, Pages},
};

/// A case in which more happens does not end.
const MOST_REQUESTS: u64 = 3_000;

/// What came of a case.
#[derive(Default)]
pub(super) struct Ran {
    pub(super) items: Vec<u32>,
    pub(super) bad: Vec<u32>,
    pub(super) resumes: u64,
    /// How many pages may have been fetched and thrown away by resumes.
    pub(super) wasted: u64,
    pub(super) changed: bool,
    /// Whether it ended with an error because the same items came again and again.
    pub(super) is_broken: bool,
    pub(super) most_ahead: usize,
}

enum View {
    Items(Pager<Item>),
    Pages(Pages<Item>),
}

/// What a view gives.
enum Given {
    Item(Item),
    Page(Page<Item>),
}

impl View {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Given>>> {
        match self {
            Self::Items(items) => Pin::new(items).poll_next(context).map(|next| Some(next?.map(Given::Item))),
            Self::Pages(pages) => Pin::new(pages).poll_next(context).map(|next| Some(next?.map(Given::Page))),
        }
    }

    async fn next(&mut self) -> Option<Result<Given>> {
        match self {
            Self::Items(items) => items.next().await.map(|next| next.map(Given::Item)),
            Self::Pages(pages) => pages.next().await.map(|next| next.map(Given::Page)),
        }
    }

    fn prefetch(self, pages: usize) -> Self {
        match self {
            Self::Items(items) => Self::Items(items.prefetch(pages)),
            Self::Pages(view) => Self::Pages(view.prefetch(pages)),
        }
    }

    fn max_items(self, most: u64) -> Self {
        match self {
            Self::Items(items) => Self::Items(items.max_items(most)),
            Self::Pages(pages) => Self::Pages(pages.max_items(most)),
        }
    }

    fn into_pages(self) -> Self {
        match self {
            Self::Items(items) => Self::Pages(items.pages()),
            pages @ Self::Pages(_) => pages,
        }
    }

    fn cursor(&self) -> Cursor {
        match self {
            Self::Items(items) => items.cursor(),
            Self::Pages(pages) => pages.cursor(),
        }
    }

    fn items_so_far(&self) -> u64 {
        match self {
            Self::Items(items) => items.items_so_far(),
            Self::Pages(pages) => pages.items_so_far(),
        }
    }

    fn changed(&self) -> bool {
        match self {
            Self::Items(items) => items.changed_while_reading(),
            Self::Pages(pages) => pages.changed_while_reading(),
        }
    }
}

/// Reads the listing to its end.
pub(super) async fn read(server: &Shared) -> std::result::Result<Ran, String> {
    let mut ran = Ran::default();
    let mut kept: Option<String> = None;
    loop {
        let cursor = match &kept {
            Some(text) => Some(serde_json::from_str(text).map_err(|error| format!("{error}"))?),
            None => None,
        };
        match one_listing(server, cursor, &mut ran).await? {
            Some(cursor) => kept = Some(serde_json::to_string(&cursor).expect("a cursor can be written")),
            None => return Ok(ran),
        }
        // What was fetched ahead ends when the runtime gets to it.
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
        ran.resumes += 1;
        let style = lock(server).style;
        let concurrency = if let Style::Number { concurrency, .. } = style { concurrency } else { 1 };
        ran.wasted += (1 + concurrency + ran.most_ahead) as u64;
        let delivered: HashSet<u32> = ran.items.iter().copied().collect();
        let mut server = lock(server);
        server.note(|| format!("resumed behind {:?}", ran.items.last()));
        server.resume_behind(ran.items.last().copied(), &delivered);
        server.pass_time();
    }
}

/// Reads until the end, or until a cursor is to be taken up.
async fn one_listing(
    server: &Shared,
    cursor: Option<Cursor>,
    ran: &mut Ran,
) -> std::result::Result<Option<Cursor>, String> {
    let draw = |below| lock(server).tape.draw(below);
    let chance = |of_16| lock(server).tape.chance(of_16);
    let may_resume = || lock(server).left.resumes > 0;
    let mut view = View::Items(listing(server, cursor));
    let ahead = draw(4) as usize;
    ran.most_ahead = ran.most_ahead.max(ahead);
    view = view.prefetch(ahead);
    let before = ran.items.len();
    let mut most = usize::MAX;
    if may_resume() && chance(3) {
        lock(server).left.resumes -= 1;
        most = 1 + draw(12) as usize;
        view = view.max_items(most as u64);
    }
    loop {
        if lock(server).requests > MOST_REQUESTS {
            return Err("the listing does not end".to_owned());
        }
        if may_resume() && chance(2) {
            lock(server).left.resumes -= 1;
            for _ in 0..draw(4) {
                tokio::task::yield_now().await;
            }
            return Ok(Some(view.cursor()));
        }
        if chance(1) {
            let ahead = draw(4) as usize;
            ran.most_ahead = ran.most_ahead.max(ahead);
            view = view.prefetch(ahead);
        }
        if chance(1) {
            view = view.into_pages();
        }
        let next = next_of(server, &mut view).await;
        match next {
            Some(Ok(given)) => {
                let mut take = |item: Item| {
                    lock(server).note_delivered(item.name);
                    ran.items.push(item.name);
                };
                match given {
                    Given::Item(item) => take(item),
                    Given::Page(page) => {
                        page.items.into_iter().for_each(&mut take);
                        for error in page.errors {
                            ran.bad.push(bad(&error).ok_or("a page with another error")?);
                        }
                    }
                }
            }
            Some(Err(error)) => {
                if let Some(name) = bad(&error) {
                    lock(server).note(|| format!("delivered bad {name}"));
                    ran.bad.push(name);
                } else if !error.is_transient() {
                    if view.next().await.is_some() {
                        return Err("not fused after a fatal error".to_owned());
                    }
                    if error.kind() != ErrorKind::Forbidden {
                        lock(server).note(|| format!("ended with {error}"));
                        (ran.is_broken, ran.changed) = (true, view.changed());
                        return Ok(None);
                    }
                    return Ok(Some(view.cursor()));
                }
            }
            None => {
                for _ in 0..2 {
                    if view.next().await.is_some() {
                        return Err("something came after the end".to_owned());
                    }
                }
                let delivered = ran.items.len() - before;
                if delivered > most {
                    return Err(format!("{delivered} items came, and at most {most} were wanted"));
                }
                if delivered == most {
                    return Ok(Some(view.cursor()));
                }
                ran.changed = view.changed();
                return Ok(None);
            }
        }
        if view.items_so_far() != ran.items.len() as u64 {
            return Err(format!("{} items came, and it says {}", ran.items.len(), view.items_so_far()));
        }
    }
}

/// The next of a view, perhaps after a caller who polled and went away.
async fn next_of(server: &Shared, view: &mut View) -> Option<Result<Given>> {
    if lock(server).tape.chance(4) {
        let times = 1 + lock(server).tape.draw(3);
        for _ in 0..times {
            if let Poll::Ready(next) = view.poll(&mut Context::from_waker(Waker::noop())) {
                return next;
            }
            tokio::task::yield_now().await;
        }
    }
    view.next().await
}

/// Which item cannot be decoded.
fn bad(error: &Error) -> Option<u32> {
    (error.kind() == ErrorKind::UnexpectedAnswer)
        .then(|| error.message().split(':').next_back()?.trim().parse().ok())?
}

/// What the listing of a collection that stays as it is has to deliver, and in how many pages.
pub(super) fn expected(server: &Shared) -> (Vec<u32>, Vec<u32>, u64) {
    let server = lock(server);
    let (entries, pages) = match server.style {
        Style::Number { size, cap, .. } => {
            let pages = (server.list.len() as u64).div_ceil(size.min(cap));
            (server.list.clone(), pages.max(1) + 1)
        }
        Style::Cursor { .. } => {
            let (mut all, mut pages) = (Vec::new(), 0);
            let mut next = Some(server.first_page());
            while let Some(position) = next {
                let (page, then) = server.by_cursor(&position);
                all.extend(page);
                pages += 1;
                next = then;
            }
            (all, pages)
        }
    };
    let of = |kinds: &[Kind]| {
        let is_of = |entry: &&super::server::Entry| kinds.contains(&entry.kind);
        entries.iter().filter(is_of).map(|entry| entry.name).collect()
    };
    (of(&[Kind::Good, Kind::Nameless]), of(&[Kind::Bad]), pages)
}
