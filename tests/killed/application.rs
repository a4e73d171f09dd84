//! The application that is killed: it lists, and goes on where an earlier life of it stopped.

use std::{
    env,
    path::{Path, PathBuf},
};

use entitlements::{Pager, auth::StaticToken, crm_gateway, symphony};

use super::{life::Leash, record::Writer};

pub(crate) const TOKEN: &str = "plainly-fake-token";
pub(crate) const NETWORK: symphony::ExternalNetwork = symphony::ExternalNetwork::WhatsApp;
pub(crate) const PAGE_SIZE: u64 = 10;
pub(crate) const PAGES_AHEAD: u64 = 2;
const SIDE_BY_SIDE: usize = 3;

const BASE: &str = "ENTITLEMENTS_KILLED_BASE";
const API: &str = "ENTITLEMENTS_KILLED_API";
const FROM: &str = "ENTITLEMENTS_KILLED_FROM";
const FILE: &str = "ENTITLEMENTS_KILLED_FILE";
const SYMPHONY: &str = "symphony";
const CRM_GATEWAY: &str = "crm-gateway";

/// What to list, and where to write it down.
pub(crate) struct Task {
    api: Api,
    base: String,
    file: PathBuf,
}

#[derive(Clone)]
pub(crate) enum Api {
    Symphony {
        /// The cursor to go backwards from; forwards without one.
        before: Option<String>,
    },
    CrmGateway,
}

impl Task {
    pub(crate) fn new(api: Api, base: String, file: &Path) -> Self {
        Self { api, base, file: file.to_owned() }
    }

    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        let (api, from) = match &self.api {
            Api::Symphony { before } => (SYMPHONY, before.clone().unwrap_or_default()),
            Api::CrmGateway => (CRM_GATEWAY, String::new()),
        };
        let file = self.file.to_str().expect("a path of ours");
        vec![(API, api.to_owned()), (FROM, from), (BASE, self.base.clone()), (FILE, file.to_owned())]
    }

    /// Its task, if this process has one.
    pub(crate) fn given() -> Option<Self> {
        let api = env::var(API).ok()?;
        let given = |name| env::var(name).expect("all of it is given");
        let before = Some(given(FROM)).filter(|from| !from.is_empty());
        let api = if api == SYMPHONY { Api::Symphony { before } } else { Api::CrmGateway };
        Some(Self { api, base: given(BASE), file: given(FILE).into() })
    }

    pub(crate) fn run(self) {
        // Writing blocks this thread; what is fetched ahead is fetched by the other one.
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        runtime.expect("a runtime").block_on(self.list());
    }

    async fn list(self) {
        let (mut writer, cursor) = Writer::open(&self.file);
        match self.api {
            Api::Symphony { before } => {
                let client = symphony::Client::builder(self.base).auth(StaticToken::new(TOKEN)).no_proxy();
                let mut request = client.build().expect("a client").list_entitled_advisors(NETWORK);
                if let Some(before) = before {
                    request = request.before(before);
                }
                if let Some(cursor) = cursor {
                    request = request.resume(cursor);
                }
                write_all(request.stream(), |advisor| advisor.symphony_id, &mut writer).await;
            }
            Api::CrmGateway => {
                let client = crm_gateway::Client::builder(self.base).auth(StaticToken::new(TOKEN)).no_proxy();
                let client = client.build().expect("a client");
                let mut request = client.list_entitlements().page_size(PAGE_SIZE).concurrency(SIDE_BY_SIDE);
                if let Some(cursor) = cursor {
                    request = request.resume(cursor);
                }
                write_all(request.stream(), |entitlement| entitlement.id, &mut writer).await;
            }
        }
    }
}

async fn write_all<T: Send + Unpin + 'static>(
    items: Pager<T>,
    id: impl Fn(T) -> Option<String>,
    writer: &mut Writer,
) {
    let mut leash = Leash::begin();
    let mut items = items.prefetch(usize::try_from(PAGES_AHEAD).expect("small"));
    while let Some(item) = items.try_next().await.expect("the fake answers") {
        let id = id(item).expect("everything has an id");
        writer.write(&id, &items.cursor(), |work| leash.step(work));
    }
}
