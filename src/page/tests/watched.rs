//! Listings of the model server, through the real sources, with a plan that tells what it looks at.

use super::server::{Item, Look, Shared, Style, lock, name};
use crate::{
    Result,
    generated::{crm_gateway, symphony},
    page::{
        Arrived, Cursor, CursorSource, Fetched, Fingerprint, NumberSource, Pager, Place, Plan, Position,
        Source,
    },
    time::BoxFuture,
};

/// A request that is under way, and whether it was answered.
struct Live(Shared, bool);

impl Drop for Live {
    fn drop(&mut self) {
        let mut server = lock(&self.0);
        server.live -= 1;
        server.answered -= usize::from(self.1);
    }
}

fn fetch(server: &Shared, position: Position) -> BoxFuture<'static, Result<Fetched<Item>>> {
    let server = server.clone();
    Box::pin(async move {
        let turns = lock(&server).begin();
        let mut live = Live(server.clone(), false);
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
        let (answer, turns) = {
            let mut server = lock(&server);
            server.answered += 1;
            live.1 = true;
            (server.answer(&position), server.tape.draw(4))
        };
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
        drop(live);
        answer
    })
}

/// A listing of the server.
pub(super) fn listing(server: &Shared, resume: Option<Cursor>) -> Pager<Item> {
    let style = lock(server).style;
    let fingerprint = Fingerprint::of(["the model"]);
    let ask = {
        let server = server.clone();
        move |position| fetch(&server, position)
    };
    match style {
        Style::Cursor { .. } => {
            let source = CursorSource::<symphony::op::ListEntitledAdvisors, _>::new(fingerprint, ask);
            Pager::new(source, lock(server).first_page(), resume)
        }
        Style::Number { size, concurrency, .. } => {
            let inner =
                NumberSource::<crm_gateway::op::ListEntitlements, _>::new(fingerprint, concurrency, ask);
            let start = Position::Number { page: 1, limit: size };
            Pager::new(Watched { inner, server: server.clone() }, start, resume)
        }
    }
}

/// A source whose plans tell what they look at.
struct Watched<S> {
    inner: S,
    server: Shared,
}

impl<S: Source<Item>> Source<Item> for Watched<S> {
    fn operation(&self) -> &'static str {
        self.inner.operation()
    }

    fn fingerprint(&self) -> &Fingerprint {
        self.inner.fingerprint()
    }

    fn is_place(&self, position: &Position) -> bool {
        self.inner.is_place(position)
    }

    fn plan(&self, from: &Place) -> Box<dyn Plan<Item>> {
        lock(&self.server).looks.push(Vec::new());
        Box::new(Watching { inner: self.inner.plan(from), server: self.server.clone() })
    }

    fn fetch(&self, position: Position) -> BoxFuture<'static, Result<Fetched<Item>>> {
        self.inner.fetch(position)
    }

    fn id<'a>(&self, item: &'a Item) -> Option<&'a str> {
        self.inner.id(item)
    }
}

struct Watching {
    inner: Box<dyn Plan<Item>>,
    server: Shared,
}

impl Plan<Item> for Watching {
    fn concurrency(&self) -> usize {
        self.inner.concurrency()
    }

    fn page_size(&self) -> Option<u64> {
        self.inner.page_size()
    }

    fn wants(&self, under_way: usize) -> bool {
        self.inner.wants(under_way)
    }

    fn next(&mut self) -> Option<Position> {
        self.inner.next()
    }

    fn arrived(&mut self, position: &Position, mut fetched: Fetched<Item>) -> Arrived<Item> {
        let Some(Position::Number { page: version, .. }) = fetched.next.take() else {
            unreachable!("an answer of this server")
        };
        let version = usize::try_from(version).expect("small");
        let total = fetched.total;
        let arrived = self.inner.arrived(position, fetched);
        let mut server = lock(&self.server);
        if let Some(looks) = server.looks.last_mut() {
            looks.push(Look { version, total });
        }
        let items = arrived.page.iter().flat_map(|page| &page.items).flatten().flatten();
        for item in items {
            server.seen.entry(item.name).or_insert(version);
        }
        let does = if arrived.page.is_some() { "looked at" } else { "thrown away" };
        server.note(|| format!("{} of version {version} is {does}", name(position)));
        arrived
    }
}
