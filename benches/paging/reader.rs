//! Reads one listing, in a process of its own, and says what that took.

use std::{
    fs,
    hint::black_box,
    time::{Duration, Instant},
};

use entitlements::{
    Pager,
    auth::StaticToken,
    crm_gateway,
    symphony::{self, ExternalNetwork},
};
use serde::{Deserialize, Serialize};

use crate::{
    Outcome,
    by_hand::ByHand,
    heap,
    server::{self, FIRST_ADVISOR, PAGE},
};

pub(crate) const NETWORK: &str = "WHATSAPP";

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Api {
    /// Symphony: each page names the next.
    Cursor,
    /// The CRM Gateway: pages by number.
    Number,
}

/// What to read, and how.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Case {
    pub(crate) api: Api,
    pub(crate) is_ours: bool,
    pub(crate) concurrency: usize,
    pub(crate) prefetch: usize,
    pub(crate) items: usize,
    /// Whether all items are kept.
    pub(crate) collects: bool,
    /// How long the server takes for an answer, in milliseconds.
    pub(crate) delay: u64,
    /// How long the caller works on a page, in milliseconds.
    pub(crate) work: u64,
    /// Whether to ask the server after each page how many were requested.
    pub(crate) watches: bool,
}

/// What it took.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Figures {
    /// The most heap in use, in bytes, and how much of it was there before the listing.
    pub(crate) heap: f64,
    pub(crate) heap_before: f64,
    /// The most memory of the process that was resident, in bytes.
    pub(crate) resident: f64,
    /// Milliseconds.
    pub(crate) wall: f64,
    /// Milliseconds of the processor, user and system.
    pub(crate) processor: f64,
    pub(crate) allocations: f64,
    /// The most pages that were requested and not yet worked on.
    pub(crate) pages_alive: f64,
}

pub(crate) fn read(address: &str, case: &str) -> Outcome<()> {
    let case: Case = serde_json::from_str(case)?;
    let figures = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(measure(address, &case))?;
    println!("{}", serde_json::to_string(&figures)?);
    Ok(())
}

#[allow(clippy::cast_precision_loss, reason = "a few pages")]
async fn measure(address: &str, case: &Case) -> Outcome<Figures> {
    let base = format!("http://{address}/{}/{}", case.delay, case.items);
    let token = format!("not-a-real-token-{}", "x".repeat(683));
    let login = StaticToken::new(&token);
    let mut consumer = Consumer::new(address, case)?;
    let figures = match (case.api, case.is_ours) {
        (api, false) => {
            let hand = ByHand::new(&base, &token)?;
            let read = async || match (api, case.prefetch) {
                (Api::Cursor, 0) => hand.advisors(&mut consumer).await,
                (Api::Cursor, pages) => hand.advisors_ahead(&mut consumer, pages).await,
                (Api::Number, _) => hand.entitlements(&mut consumer, case.concurrency).await,
            };
            spent_by(read).await?
        }
        (Api::Cursor, true) => {
            let client = symphony::Client::builder(&base).auth(login).build()?;
            let request = client.list_entitled_advisors(ExternalNetwork::WhatsApp).list_permissions(true);
            let pager = request.stream();
            spent_by(async || consumer.read(pager, case, |advisor| advisor.symphony_id.as_deref()).await)
                .await?
        }
        (Api::Number, true) => {
            let client = crm_gateway::Client::builder(&base).auth(login).build()?;
            let request = client.list_entitlements().page_size(PAGE as u64).concurrency(case.concurrency);
            let pager = request.stream();
            spent_by(async || consumer.read(pager, case, |entitlement| entitlement.id.as_deref()).await)
                .await?
        }
    };
    if consumer.seen != case.items {
        return Err(format!("{} of {} items came", consumer.seen, case.items).into());
    }
    Ok(Figures { pages_alive: consumer.pages_alive as f64, ..figures })
}

/// What the listing took. The client is there already, and its memory is told apart.
#[allow(clippy::cast_precision_loss, reason = "the counts are far below 2^52")]
async fn spent_by(read: impl AsyncFnOnce() -> Outcome<()>) -> Outcome<Figures> {
    let (heap_before, allocations) = (heap::begin(), heap::allocations());
    let (began, before) = (Instant::now(), processor()?);
    read().await?;
    Ok(Figures {
        heap: heap::peak() as f64,
        heap_before: heap_before as f64,
        resident: resident()?,
        wall: began.elapsed().as_secs_f64() * 1e3,
        processor: processor()? - before,
        allocations: (heap::allocations() - allocations) as f64,
        pages_alive: 0.0,
    })
}

/// What the caller does with the items.
pub(crate) struct Consumer {
    first: usize,
    seen: usize,
    work: Duration,
    /// The server to ask, and how many requests it had received before.
    watched: Option<(String, usize)>,
    pages_alive: usize,
}

impl Consumer {
    fn new(address: &str, case: &Case) -> Outcome<Self> {
        let watched =
            case.watches.then(|| Ok::<_, crate::Failure>((address.to_owned(), server::requests(address)?)));
        Ok(Self {
            first: if case.api == Api::Cursor { FIRST_ADVISOR } else { 0 },
            seen: 0,
            work: Duration::from_millis(case.work),
            watched: watched.transpose()?,
            pages_alive: 0,
        })
    }

    async fn read<T: Send + Unpin + 'static>(
        &mut self,
        pager: Pager<T>,
        case: &Case,
        id: impl Fn(&T) -> Option<&str>,
    ) -> Outcome<()> {
        let mut pager = pager.prefetch(case.prefetch);
        if case.collects {
            let items: Vec<T> = pager.try_collect().await?;
            for item in &items {
                self.take(id(item)).await?;
            }
            return Ok(());
        }
        while let Some(item) = pager.try_next().await? {
            self.take(id(&item)).await?;
        }
        Ok(())
    }

    /// Takes the next item, and works on the page when it is complete.
    pub(crate) async fn take(&mut self, id: Option<&str>) -> Outcome<()> {
        let number: Option<usize> = black_box(id).and_then(|id| id.parse().ok());
        if number != Some(self.first + self.seen) {
            return Err(format!("another item came as number {}", self.seen).into());
        }
        self.seen += 1;
        if self.seen.is_multiple_of(PAGE) { self.work().await } else { Ok(()) }
    }

    async fn work(&mut self) -> Outcome<()> {
        if !self.work.is_zero() {
            tokio::time::sleep(self.work).await;
        }
        if let Some((address, before)) = &self.watched {
            let worked_on = self.seen / PAGE - 1;
            self.pages_alive = self.pages_alive.max(server::requests(address)? - before - worked_on);
        }
        Ok(())
    }
}

/// The most memory of this process that was resident, in bytes.
fn resident() -> Outcome<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    let kibibytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kibibytes * 1024.0)
}

/// How long this thread, which does all of the work, was on a processor, in milliseconds.
fn processor() -> Outcome<f64> {
    let times = fs::read_to_string("/proc/self/schedstat")?;
    let nanoseconds: f64 = times.split(' ').next().ok_or("no time")?.parse()?;
    Ok(nanoseconds / 1e6)
}
