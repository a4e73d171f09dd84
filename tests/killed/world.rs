//! The fakes that are listed, and what a listing of them has to be.

use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

use entitlements::{
    auth::StaticToken,
    fakes::{crm_gateway, symphony},
    symphony::model::EntitledAdvisors,
};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::application::{Api, NETWORK, PAGE_SIZE, TOKEN, Task};

/// The ids of a gateway's entitlements have room between them.
const GAP: usize = 100;
/// However busy the machine is, a request has come by then.
const HOPELESS: Duration = Duration::from_secs(60);

pub(crate) struct World {
    runtime: Runtime,
    api: Api,
    fake: Fake,
    items: usize,
    /// Requests that the test itself sent.
    own: u64,
}

enum Fake {
    Symphony(symphony::Fake),
    CrmGateway(crm_gateway::Fake),
}

impl World {
    pub(crate) fn symphony(items: usize) -> Self {
        let tenant = symphony::Tenant::new(symphony::KEY_NAME).advisors(NETWORK, items, advisor);
        let page_size = usize::try_from(PAGE_SIZE).expect("small");
        let builder = symphony::Fake::builder().page_size(page_size).accept_token(TOKEN).tenant(tenant);
        let runtime = runtime();
        let fake = Fake::Symphony(runtime.block_on(builder.wire_listener(true).keep_requests(1).start()));
        Self { runtime, api: Api::Symphony { before: None }, fake, items, own: 0 }
    }

    /// From the last page on, which itself is not listed then.
    pub(crate) fn backwards(mut self) -> Self {
        let last = self.pages_by_hand().pop().and_then(|page| page.pagination);
        let before = last.and_then(|links| links.cursors).and_then(|cursors| cursors.before);
        assert!(before.is_some(), "the fake has more than one page");
        self.api = Api::Symphony { before };
        self
    }

    pub(crate) fn crm_gateway(items: usize) -> Self {
        let builder = crm_gateway::Fake::builder().accept_token(TOKEN).seed(items, entitlement);
        let runtime = runtime();
        let fake = Fake::CrmGateway(runtime.block_on(builder.wire_listener(true).keep_requests(1).start()));
        Self { runtime, api: Api::CrmGateway, fake, items, own: 0 }
    }

    pub(crate) fn name(&self) -> &'static str {
        match self.api {
            Api::Symphony { before: None } => "symphony-forwards",
            Api::Symphony { before: Some(_) } => "symphony-backwards",
            Api::CrmGateway => "crm-gateway",
        }
    }

    pub(crate) fn is_backwards(&self) -> bool {
        matches!(self.api, Api::Symphony { before: Some(_) })
    }

    pub(crate) fn task(&self, file: &Path) -> Task {
        let base = match &self.fake {
            Fake::Symphony(fake) => fake.base_url(),
            Fake::CrmGateway(fake) => fake.uri(),
        };
        Task::new(self.api.clone(), base, file)
    }

    /// The ids in the order of the listing, without any help of a pager.
    pub(crate) fn reference(&mut self) -> Vec<String> {
        let before = match &self.api {
            Api::CrmGateway => return (0..self.items).map(|number| id(GAP * number)).collect(),
            Api::Symphony { before } => before.is_some(),
        };
        let mut pages = self.pages_by_hand();
        if before {
            pages.pop();
            pages.reverse();
        }
        pages
            .into_iter()
            .flat_map(|page| page.entitlements)
            .filter_map(|advisor| advisor.symphony_id)
            .collect()
    }

    /// All pages, forwards, in a loop of our own.
    fn pages_by_hand(&mut self) -> Vec<EntitledAdvisors> {
        let Fake::Symphony(fake) = &self.fake else { return Vec::new() };
        let client = entitlements::symphony::Client::builder(fake.base_url()).auth(StaticToken::new(TOKEN));
        let client = client.no_proxy().build().expect("a client");
        let mut pages = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let mut request = client.list_entitled_advisors(NETWORK);
            if let Some(after) = after {
                request = request.after(after);
            }
            let page = self.runtime.block_on(request.send()).expect("a page");
            let cursors = page.pagination.clone().and_then(|links| links.cursors);
            after = cursors.and_then(|cursors| cursors.after);
            pages.push(page.into_inner());
            self.own += 1;
            if after.is_none() {
                return pages;
            }
        }
    }

    /// How many requests the lives have sent.
    pub(crate) fn requests(&self) -> u64 {
        let all = match &self.fake {
            Fake::Symphony(fake) => fake.journal().count(symphony::Operation::ListEntitledAdvisors),
            Fake::CrmGateway(fake) => fake.list_requests(),
        };
        all - self.own
    }

    /// Waits for so many requests. There is nothing to be notified by, so it looks again and again.
    pub(crate) fn reaches(&self, requests: u64) -> bool {
        let begun = Instant::now();
        while self.requests() < requests {
            if begun.elapsed() > HOPELESS {
                return false;
            }
            thread::sleep(Duration::from_millis(1));
        }
        true
    }

    pub(crate) fn pages(&self) -> u64 {
        (self.items as u64).div_ceil(PAGE_SIZE)
    }

    /// The id that an addition gets there: behind that neighbour where ids decide the order, and
    /// at the end of the list where those who come last are last.
    pub(crate) fn newcomer(&self, neighbour: &str, by: usize, number: usize) -> String {
        match &self.fake {
            Fake::Symphony(_) => symphony_id(self.items + number),
            Fake::CrmGateway(_) => {
                id(neighbour.parse::<usize>().expect("an id of ours") + 1 + by % (GAP - 1))
            }
        }
    }

    pub(crate) fn add(&self, newcomer: &str, number: usize) {
        match &self.fake {
            Fake::Symphony(fake) => fake.add_advisor(NETWORK, advisor(self.items + number)),
            Fake::CrmGateway(fake) => assert_eq!(fake.add(one(newcomer)), newcomer),
        }
    }

    pub(crate) fn remove(&self, id: &str) {
        match &self.fake {
            Fake::Symphony(fake) => fake.tenant(symphony::KEY_NAME).remove_advisor(NETWORK, id),
            Fake::CrmGateway(fake) => assert!(fake.remove(id), "{id} is there"),
        }
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

fn symphony_id(number: usize) -> String {
    format!("35177500{number:07}")
}

fn advisor(number: usize) -> symphony::User {
    symphony::User::new(symphony_id(number), format!("ada{number}@acme.example"), "Ada", "Byron")
}

fn id(number: usize) -> String {
    format!("{number:010}")
}

fn entitlement(number: usize) -> Value {
    one(&id(GAP * number))
}

fn one(id: &str) -> Value {
    json!({ "_id": id, "accountId": "acc-1", "status": "SUBSCRIBED" })
}
