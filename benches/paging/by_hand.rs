//! What an application would write without this crate: no retry, no limit on the body, and a
//! loop that starts again from the beginning when a page fails.

use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::mpsc;

use crate::{
    Outcome,
    reader::{Consumer, NETWORK},
    server::PAGE,
};

#[derive(Clone)]
pub(crate) struct ByHand {
    http: reqwest::Client,
    base: String,
    token: String,
}

impl ByHand {
    pub(crate) fn new(base: &str, token: &str) -> reqwest::Result<Self> {
        // reqwest panics without it; this crate brings a provider of its own.
        #[cfg(feature = "rustls")]
        rustls::crypto::ring::default_provider().install_default().ok();
        let http = reqwest::Client::builder().timeout(Duration::from_secs(30)).no_proxy().build()?;
        Ok(Self { http, base: base.to_owned(), token: token.to_owned() })
    }

    /// Page after page, each dropped before the next is fetched.
    pub(crate) async fn advisors(&self, consumer: &mut Consumer) -> Outcome<()> {
        let mut cursor = None;
        loop {
            let page = self.advisors_after(cursor.as_deref()).await?;
            for advisor in page.entitlements {
                consumer.take(advisor.symphony_id.as_deref()).await?;
            }
            cursor = page.pagination.and_then(|pagination| pagination.cursors?.after);
            if cursor.is_none() {
                return Ok(());
            }
        }
    }

    /// The next page is fetched in a task while the one before is worked on.
    pub(crate) async fn advisors_ahead(&self, consumer: &mut Consumer, pages: usize) -> Outcome<()> {
        let (sender, mut receiver) = mpsc::channel(pages);
        let this = self.clone();
        tokio::spawn(async move {
            let mut cursor: Option<String> = None;
            loop {
                let page = this.advisors_after(cursor.as_deref()).await;
                let cursors = page.as_ref().ok().and_then(|page| page.pagination.as_ref()?.cursors.as_ref());
                cursor = cursors.and_then(|cursors| cursors.after.clone());
                if sender.send(page).await.is_err() || cursor.is_none() {
                    return;
                }
            }
        });
        while let Some(page) = receiver.recv().await {
            for advisor in page?.entitlements {
                consumer.take(advisor.symphony_id.as_deref()).await?;
            }
        }
        Ok(())
    }

    /// So many pages at once, delivered in order.
    pub(crate) async fn entitlements(&self, consumer: &mut Consumer, concurrency: usize) -> Outcome<()> {
        let mut pages = stream::iter(1..).map(|number| self.entitlement_page(number)).buffered(concurrency);
        let mut seen = 0;
        while let Some(page) = pages.try_next().await? {
            seen += page.resource_set.len();
            let is_last = page.resource_set.len() < PAGE || seen >= page.total_records.unwrap_or(usize::MAX);
            for entitlement in page.resource_set {
                consumer.take(entitlement.id.as_deref()).await?;
            }
            if is_last {
                break;
            }
        }
        Ok(())
    }

    async fn advisors_after(&self, cursor: Option<&str>) -> reqwest::Result<EntitledAdvisors> {
        let base = &self.base;
        let url = format!("{base}/api/v1/customer/entitlements/externalNetwork/{NETWORK}/advisors");
        let mut request = self.http.get(url).query(&[("listPermissions", true)]);
        if let Some(cursor) = cursor {
            request = request.query(&[("after", cursor)]);
        }
        let request = request.bearer_auth(&self.token).header("accept", "application/json");
        request.send().await?.error_for_status()?.json().await
    }

    async fn entitlement_page(&self, number: usize) -> reqwest::Result<EntitlementPage> {
        let url = format!("{}/crm-gateway/v1/rmg/v1/entitlements", self.base);
        let request = self.http.get(url).query(&[("limit", PAGE), ("page", number)]);
        let request = request.query(&[("sort", r#"{"_id":1}"#)]);
        let request = request.bearer_auth(&self.token).header("accept", "application/json");
        request.send().await?.error_for_status()?.json().await
    }
}

/// The crate's models of the same bodies, with a text for each value.
macro_rules! models {
    ($($name:ident { $($(#[$attribute:meta])? $field:ident: $type:ty),+ $(,)? })+) => {
        $(
            #[derive(Deserialize)]
            #[serde(rename_all = "camelCase")]
            #[allow(dead_code, reason = "read because the crate reads them")]
            struct $name {
                $($(#[$attribute])? $field: Option<$type>,)+
            }
        )+
    };
}

models! {
    AdvisorEntitlement {
        symphony_id: String, first_name: String, last_name: String, display_name: String,
        company_name: String, email_address: String, avatar: String, federation_group_id: String,
        external_network: String, status: String, phone: Phone, permissions: Vec<Permission>,
    }
    Phone { number: String, product: String, provider: String, sub_network: String }
    Permission { permission_id: String, permission_name: String }
    Pagination { next: String, previous: String, cursors: Cursors }
    Cursors { before: String, after: String }
    Entitlement {
        #[serde(rename = "_id")] id: String,
        product_id: String, account_id: String, status: String, validity_type: String,
        product_type: String, valid_from: String, expiry_date: String, created: String,
        modified: String, is_archivable: bool, capability_type: String, is_freemium: bool,
        purchased_by_device_id: String, device_id: String, user_id: String,
        shared_product_content_id: String, last_billed_date: String, purchased_offer: Value,
        first_view: String, reason_code: String, reason_category: String,
        cancel_reason_code: String, cancel_reason_category: String,
    }
}

#[derive(Deserialize)]
struct EntitledAdvisors {
    entitlements: Vec<AdvisorEntitlement>,
    pagination: Option<Pagination>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EntitlementPage {
    resource_set: Vec<Entitlement>,
    total_records: Option<usize>,
}
