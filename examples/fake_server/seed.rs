//! The seed file as it is read; `main.rs` describes it.

use std::{error::Error, fs};

use serde::Deserialize;
use serde_json::Value;

const BUILT_IN: &str = include_str!("seed.json");

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Seed {
    pub(crate) symphony: Symphony,
    pub(crate) crm_gateway: CrmGateway,
    pub(crate) keycloak: Keycloak,
    pub(crate) connect: Connect,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Symphony {
    pub(crate) page_size: Option<usize>,
    pub(crate) networks: Option<Vec<String>>,
    pub(crate) users: Vec<User>,
    pub(crate) generated_users: usize,
    pub(crate) entitlements: Vec<Entitlement>,
    pub(crate) generated_entitlements: Vec<Generated>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) first_name: String,
    pub(crate) last_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Entitlement {
    pub(crate) network: String,
    pub(crate) user: String,
    pub(crate) phone_number: Option<String>,
    #[serde(default)]
    pub(crate) permissions: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Generated {
    pub(crate) network: String,
    pub(crate) count: usize,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct CrmGateway {
    pub(crate) tenants: Vec<String>,
    pub(crate) page_cap: Option<u64>,
    pub(crate) entitlements: Vec<Value>,
    pub(crate) generated_entitlements: usize,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Keycloak {
    pub(crate) users: Vec<KeycloakUser>,
    pub(crate) clients: Vec<KeycloakClient>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct KeycloakUser {
    pub(crate) name: String,
    pub(crate) password: String,
    #[serde(default)]
    pub(crate) roles: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct KeycloakClient {
    pub(crate) id: String,
    pub(crate) secret: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Connect {
    pub(crate) calls_per_second: u32,
    pub(crate) calls_per_minute: u32,
    pub(crate) channels: Vec<String>,
    pub(crate) enterprises: Vec<Enterprise>,
    pub(crate) customers: Vec<Customer>,
    pub(crate) users: Vec<ConnectUser>,
    pub(crate) permissions: Vec<Permission>,
}

impl Default for Connect {
    fn default() -> Self {
        Self {
            calls_per_second: 100,
            calls_per_minute: 2000,
            channels: Vec::new(),
            enterprises: Vec::new(),
            customers: Vec::new(),
            users: Vec::new(),
            permissions: Vec::new(),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Enterprise {
    pub(crate) code: String,
    #[serde(default)]
    pub(crate) order_types: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Customer {
    pub(crate) number: String,
    #[serde(default)]
    pub(crate) credentials: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ConnectUser {
    pub(crate) name: String,
    pub(crate) customer: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Permission {
    pub(crate) customer: String,
    pub(crate) enterprise: Option<String>,
    pub(crate) order_type: Option<String>,
    pub(crate) channel: String,
    pub(crate) state: String,
}

impl Seed {
    pub(crate) fn read(file: Option<&str>) -> Result<Self, String> {
        let Some(file) = file else {
            return serde_json::from_str(BUILT_IN).map_err(|error| error.to_string());
        };
        let wrong = |error: &dyn Error| format!("the seed file {file}: {error}");
        let text = fs::read_to_string(file).map_err(|error| wrong(&error))?;
        serde_json::from_str(&text).map_err(|error| wrong(&error))
    }
}
