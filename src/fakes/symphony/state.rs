//! What the fake knows: users, networks and entitlements of one tenant.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::symphony::ExternalNetwork;

/// Granted with every entitlement. Source: the vendor's documentation of 2022.
const DEFAULT_PERMISSIONS: [&str; 5] =
    ["create:room", "create:contact", "edit:contact", "delete:contact", "on-behalf:onboard"];
/// Known beside those. Source: the vendor's permission pages.
const OTHER_PERMISSIONS: [&str; 4] =
    ["edit:contact-email", "on-behalf:simple-offboard", "admin:list-customers", "add:multi-company-contact"];

#[derive(Debug)]
pub(super) struct State {
    pub(super) page_size: usize,
    pub(super) accepted_token: Option<String>,
    /// The networks that the tenant may hand out.
    pub(super) networks: Vec<ExternalNetwork>,
    users: BTreeMap<String, User>,
    /// By network, then by e-mail address: the order of a listing.
    entitlements: BTreeMap<ExternalNetwork, BTreeMap<String, Entitlement>>,
}

#[derive(Debug, Clone)]
pub(super) struct User {
    pub(super) id: String,
    pub(super) email: String,
    first_name: String,
    last_name: String,
}

#[derive(Debug, Clone)]
pub(super) struct Entitlement {
    pub(super) user: User,
    pub(super) status: &'static str,
    pub(super) phone: Option<String>,
    pub(super) federation_group_id: Option<String>,
    pub(super) permissions: BTreeSet<String>,
}

impl User {
    pub(super) fn new(id: &str, email: &str, first_name: &str, last_name: &str) -> Self {
        let [id, email, first_name, last_name] = [id, email, first_name, last_name].map(str::to_owned);
        Self { id, email, first_name, last_name }
    }
}

impl State {
    pub(super) fn new() -> Self {
        Self {
            page_size: 25,
            accepted_token: None,
            networks: vec![
                ExternalNetwork::WeChat,
                ExternalNetwork::WhatsApp,
                ExternalNetwork::Sms,
                ExternalNetwork::SmsDirect,
                ExternalNetwork::Line,
            ],
            users: BTreeMap::new(),
            entitlements: BTreeMap::new(),
        }
    }

    pub(super) fn add_user(&mut self, user: User) {
        self.users.insert(user.id.clone(), user);
    }

    /// By id where there is one, or else by e-mail address.
    pub(super) fn user(&self, id: Option<&str>, email: Option<&str>) -> Option<&User> {
        match id {
            Some(id) => self.users.get(id),
            None => self.users.values().find(|user| Some(user.email.as_str()) == email),
        }
    }

    pub(super) fn entitled(&self, network: &ExternalNetwork) -> impl Iterator<Item = &Entitlement> {
        self.entitlements.get(network).into_iter().flat_map(BTreeMap::values)
    }

    pub(super) fn entitlement(
        &self,
        network: &ExternalNetwork,
        id: Option<&str>,
        email: Option<&str>,
    ) -> Option<&Entitlement> {
        self.entitled(network).find(|entitlement| match id {
            Some(id) => entitlement.user.id == id,
            None => Some(entitlement.user.email.as_str()) == email,
        })
    }

    pub(super) fn add(&mut self, network: &ExternalNetwork, entitlement: Entitlement) {
        let key = entitlement.user.email.clone();
        self.entitlements.entry(network.clone()).or_default().insert(key, entitlement);
    }

    pub(super) fn remove(&mut self, network: &ExternalNetwork, email: &str) {
        if let Some(entitled) = self.entitlements.get_mut(network) {
            entitled.remove(email);
        }
    }

    pub(super) fn holds_number(&self, number: &str) -> bool {
        self.entitlements
            .values()
            .flat_map(BTreeMap::values)
            .any(|held| held.phone.as_deref() == Some(number))
    }
}

impl Entitlement {
    pub(super) fn new(user: User, status: &'static str) -> Self {
        let permissions = DEFAULT_PERMISSIONS.iter().map(ToString::to_string).collect();
        Self { user, status, phone: None, federation_group_id: None, permissions }
    }

    /// The common fields of all answers.
    pub(super) fn json(&self, network: &ExternalNetwork) -> Value {
        let User { id, email, first_name, last_name } = &self.user;
        let mut body = json!({
            "symphonyId": id,
            "firstName": first_name,
            "lastName": last_name,
            "companyName": "Acme",
            "displayName": format!("{first_name} {last_name}"),
            "emailAddress": email,
            "externalNetwork": network,
            "status": self.status,
        });
        if let Some(group) = &self.federation_group_id {
            body["federationGroupId"] = json!(group);
        }
        if let Some(number) = &self.phone {
            body["phone"] =
                json!({ "number": number, "subNetwork": "IN-NETWORK", "provider": "CUSTOMER_SUPPLIED" });
        }
        body
    }

    pub(super) fn permissions_json(&self) -> Value {
        self.permissions.iter().map(|name| permission(name)).collect()
    }
}

pub(super) fn is_known_permission(name: &str) -> bool {
    DEFAULT_PERMISSIONS.contains(&name) || OTHER_PERMISSIONS.contains(&name)
}

/// The id is made from the name, so that it is the same in every answer.
pub(super) fn permission(name: &str) -> Value {
    let sum = name.bytes().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    json!({ "permissionName": name, "permissionId": format!("00000000-0000-4000-8000-{:012x}", sum & 0xffff_ffff_ffff) })
}
