//! One tenant: its pod, its networks and who is entitled on them.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde_json::{Value, json};

use super::{
    batch::{Batch, Key},
    builder::Style,
    numbers::Numbers,
    people::{Entitlement, User},
    roster::Roster,
};
use crate::symphony::{EntitlementStatus, ExternalNetwork, PhoneProduct, PhoneProvider, SubNetwork};

/// Known permissions, and whether a network grants them by itself. Source: the vendor's
/// documentation of 2022 for the first five, its permission pages for the others.
const PERMISSIONS: [(&str, bool); 9] = [
    ("create:room", true),
    ("create:contact", true),
    ("edit:contact", true),
    ("delete:contact", true),
    ("on-behalf:onboard", true),
    ("edit:contact-email", false),
    ("on-behalf:simple-offboard", false),
    ("admin:list-customers", false),
    ("add:multi-company-contact", false),
];

/// The permissions of a network by name, with what the vendor calls `isDefault`.
pub(super) type Catalogue = BTreeMap<String, bool>;

/// A customer of Symphony, known by the name of its key: its pod's users, its networks,
/// permissions and numbers, and who is entitled.
///
/// Give it to [`Builder::tenant`](super::Builder::tenant). It starts with the five networks of
/// the vendor's example, SMS Direct with in-network numbers, the nine known permissions on each
/// network, and no users. Users and advisors are listed in the order in which they are added here.
/// Assumption: the vendor documents no order.
///
/// ```
/// use entitlements::{
///     fakes::symphony::{Entitlement, Fake, KEY_NAME, Tenant, User},
///     symphony::ExternalNetwork,
/// };
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let someone = |number| {
///     User::new(format!("35177500{number:07}"), format!("u{number}@acme.example"), "U", "Example")
/// };
/// let ada = User::new("351775001412105", "ada@acme.example", "Ada", "Byron");
/// let acme = Tenant::new(KEY_NAME)
///     .network(ExternalNetwork::WhatsAppDirect)
///     .advisor(ExternalNetwork::SmsDirect, Entitlement::new(ada).phone_number("+1 234-567-8912"))
///     .advisors(ExternalNetwork::WhatsApp, 200_000, someone);
/// let other = Tenant::new("other-key").networks([ExternalNetwork::Line]);
///
/// let fake = Fake::builder().tenant(acme).tenant(other).start().await;
/// assert_eq!(fake.entitled(ExternalNetwork::WhatsApp), 200_000);
/// assert_eq!(fake.tenant("other-key").entitled(ExternalNetwork::Line), 0);
/// # }
/// ```
#[must_use = "give it to `Builder::tenant`"]
pub struct Tenant {
    pub(super) key_name: String,
    pub(super) accepted_tokens: BTreeSet<String>,
    /// Those that the tenant may hand out, in the order of the answer.
    pub(super) networks: Vec<ExternalNetwork>,
    pub(super) is_allowed: bool,
    pub(super) is_configured: bool,
    pub(super) users: BTreeMap<String, User>,
    pub(super) ids_by_email: BTreeMap<String, String>,
    pub(super) generated_users: Vec<Batch>,
    pub(super) rosters: BTreeMap<ExternalNetwork, Roster>,
    pub(super) standard_catalogue: Catalogue,
    pub(super) catalogues: BTreeMap<ExternalNetwork, Catalogue>,
    pub(super) numbers: Numbers,
}

impl fmt::Debug for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tenant")
            .field("key_name", &self.key_name)
            .field("networks", &self.networks)
            .finish_non_exhaustive()
    }
}

impl Tenant {
    pub(super) fn empty(key_name: String) -> Self {
        Self {
            key_name,
            accepted_tokens: BTreeSet::new(),
            networks: vec![
                ExternalNetwork::WeChat,
                ExternalNetwork::WhatsApp,
                ExternalNetwork::Sms,
                ExternalNetwork::SmsDirect,
                ExternalNetwork::Line,
            ],
            is_allowed: true,
            is_configured: true,
            users: BTreeMap::new(),
            ids_by_email: BTreeMap::new(),
            generated_users: Vec::new(),
            rosters: BTreeMap::new(),
            standard_catalogue: PERMISSIONS
                .iter()
                .map(|(name, is_default)| ((*name).to_owned(), *is_default))
                .collect(),
            catalogues: BTreeMap::new(),
            numbers: Numbers::default(),
        }
    }

    /// A user of the pod, by id or by e-mail address.
    pub(super) fn person(&self, key: Key<'_>) -> Option<Cow<'_, User>> {
        let single = match key {
            Key::Id(id) => self.users.get(id),
            Key::Email(email) => self.ids_by_email.get(email).and_then(|id| self.users.get(id)),
            Key::Number(_) => None,
        };
        let generated = || {
            let batches = self.generated_users.iter().chain(self.rosters.values().flat_map(Roster::batches));
            let found = batches.into_iter().find_map(|batch| batch.get(batch.find(key)?));
            found.map(|entitlement| Cow::Owned(entitlement.user))
        };
        single.map(Cow::Borrowed).or_else(generated)
    }

    /// The place of an advisor on a network; the id decides where there is one.
    pub(super) fn place(&self, network: &ExternalNetwork, key: Key<'_>) -> Option<usize> {
        let roster = self.rosters.get(network)?;
        match key {
            Key::Email(_) => roster.find(Key::Id(&self.person(key)?.id)),
            Key::Id(_) | Key::Number(_) => roster.find(key),
        }
    }

    pub(super) fn entitled(&self, network: &ExternalNetwork) -> usize {
        self.rosters.get(network).map_or(0, Roster::len)
    }

    /// Whether somebody else has this number, on whatever network.
    pub(super) fn is_held_by_other(&self, number: &str, id: Option<&str>) -> bool {
        self.rosters.iter().filter(|(network, _)| is_direct(network)).any(|(_, roster)| {
            let holder = roster.find(Key::Number(number)).and_then(|place| roster.at(place));
            holder.is_some_and(|holder| Some(holder.user.id.as_str()) != id)
        })
    }

    pub(super) fn entitle(&mut self, network: &ExternalNetwork, entitlement: Entitlement) {
        if let (Some(pool), Some(number)) = (&mut self.numbers.second, &entitlement.number) {
            pool.take(number);
        }
        self.rosters.entry(network.clone()).or_default().push(entitlement);
    }

    /// Ends an entitlement; a number of the pool is free again.
    pub(super) fn remove(&mut self, network: &ExternalNetwork, place: usize) {
        let Some(roster) = self.rosters.get_mut(network) else { return };
        let number = roster.at(place).and_then(|entitlement| entitlement.number.clone());
        roster.remove(place);
        if let (Some(pool), Some(number)) = (&mut self.numbers.second, number) {
            pool.give_back(&number);
        }
    }

    pub(super) fn catalogue(&self, network: &ExternalNetwork) -> &Catalogue {
        self.catalogues.get(network).unwrap_or(&self.standard_catalogue)
    }

    /// Permissions that come with every entitlement on the network.
    pub(super) fn default_permissions(&self, network: &ExternalNetwork) -> impl Iterator<Item = &str> {
        self.catalogue(network).iter().filter(|(_, is_default)| **is_default).map(|(name, _)| name.as_str())
    }

    /// Assumption: on WhatsApp Direct an advisor is only pre-entitled until the number is
    /// activated; the vendor documents the status and not when it is given.
    pub(super) fn status(&self, network: &ExternalNetwork, entitlement: &Entitlement) -> EntitlementStatus {
        let is_active = || {
            let number = entitlement.number.as_ref();
            entitlement.activated || number.is_some_and(|number| self.numbers.activated.contains(number))
        };
        if *network == ExternalNetwork::WhatsAppDirect && !is_active() {
            EntitlementStatus::PreEntitled
        } else {
            EntitlementStatus::Entitled
        }
    }

    /// The common fields of all answers.
    pub(super) fn json(&self, network: &ExternalNetwork, entitlement: &Entitlement, style: &Style) -> Value {
        let User { id, email, first_name, last_name, company } = &entitlement.user;
        let mut body = json!({
            "symphonyId": id,
            "companyName": company,
            "displayName": format!("{first_name} {last_name}"),
            "emailAddress": email,
            "externalNetwork": style.spelling(network),
            "status": self.status(network, entitlement),
        });
        if style.has_names {
            body["firstName"] = json!(first_name);
            body["lastName"] = json!(last_name);
        }
        if let Some(group) = &entitlement.federation_group_id {
            body["federationGroupId"] = json!(group);
        }
        if let Some(number) = &entitlement.number {
            body["phone"] = self.phone(network, id, number);
        }
        body
    }

    /// Assumption: what kind of number it is follows from where it came from; the vendor
    /// documents the values and not when each is given.
    fn phone(&self, network: &ExternalNetwork, id: &str, number: &str) -> Value {
        let is_second = *network == ExternalNetwork::SmsDirect && self.numbers.second.is_some();
        let mut phone = if is_second {
            json!({
                "number": number,
                "product": PhoneProduct::SecondNumber,
                "subNetwork": SubNetwork::SecondNumber,
            })
        } else {
            json!({
                "number": number,
                "subNetwork": SubNetwork::InNetwork,
                "provider": PhoneProvider::CustomerSupplied,
            })
        };
        if self.numbers.pre_allocated.get(id).is_some_and(|allocated| allocated == number) {
            phone["product"] = json!(PhoneProduct::PreAllocatedNumber);
        }
        phone
    }

    /// Assumption: a pre-entitled advisor has no permissions, because none can be asked for.
    pub(super) fn permissions_json(&self, network: &ExternalNetwork, entitlement: &Entitlement) -> Value {
        if self.status(network, entitlement) == EntitlementStatus::PreEntitled {
            return json!([]);
        }
        match &entitlement.permissions {
            Some(names) => names.iter().map(|name| permission(name)).collect(),
            None => self.default_permissions(network).map(permission).collect(),
        }
    }
}

/// Whether advisors have numbers of their own on the network.
pub(super) fn is_direct(network: &ExternalNetwork) -> bool {
    matches!(network, ExternalNetwork::SmsDirect | ExternalNetwork::WhatsAppDirect)
}

/// The id is made from the name, so that it is the same in every answer.
pub(super) fn permission(name: &str) -> Value {
    let sum = name.bytes().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let id = format!("00000000-0000-4000-8000-{:012x}", sum & 0xffff_ffff_ffff);
    json!({ "permissionName": name, "permissionId": id })
}
