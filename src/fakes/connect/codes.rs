//! The codes and states that exist: enterprises, order types, channels.

use std::collections::{BTreeMap, BTreeSet};

use super::customers::Customer;

/// Assumption: a request has them in upper case, as the vendor's samples do.
pub(super) const STATES: [&str; 3] = ["SHIELD", PERMISSION, NONE];
pub(super) const NONE: &str = "NONE";
const PERMISSION: &str = "PERMISSION";
/// The documented limit of the code of an enterprise.
const LONGEST_ENTERPRISE_CODE: usize = 12;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Global,
    Enterprise(String),
    OrderType(String, String),
}

/// The state of one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Setting {
    pub(super) channel: String,
    pub(super) state: String,
}

impl Setting {
    pub(super) fn new(channel: &str, state: &str) -> Self {
        Self { channel: channel.to_owned(), state: state.to_owned() }
    }
}

impl Level {
    pub(super) fn new(enterprise: Option<&str>, order_type: Option<&str>) -> Self {
        match (enterprise, order_type) {
            (None, _) => Self::Global,
            (Some(enterprise), None) => Self::Enterprise(enterprise.to_owned()),
            (Some(enterprise), Some(order_type)) => {
                Self::OrderType(enterprise.to_owned(), order_type.to_owned())
            }
        }
    }

    pub(super) fn wrapper(&self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Enterprise(_) => "enterprise",
            Self::OrderType(..) => "orderType",
        }
    }
}

/// What a request or a seed may name.
#[derive(Default)]
pub(super) struct Codes {
    /// By code, with the codes of the order types.
    pub(super) enterprises: BTreeMap<String, BTreeSet<String>>,
    pub(super) channels: BTreeSet<String>,
}

/// What a request may name.
impl Codes {
    /// Why there is no such level. Assumption: this is 400, and so is an unknown channel.
    pub(super) fn check(&self, level: &Level) -> Result<(), String> {
        let (Level::Enterprise(enterprise) | Level::OrderType(enterprise, _)) = level else {
            return Ok(());
        };
        if enterprise.chars().count() > LONGEST_ENTERPRISE_CODE {
            return Err(format!("An enterprise code has at most {LONGEST_ENTERPRISE_CODE} characters"));
        }
        let order_types = self.enterprises.get(enterprise).ok_or("Unknown enterprise")?;
        match level {
            Level::OrderType(_, order_type) if !order_types.contains(order_type) => {
                Err("Unknown order type".to_owned())
            }
            _ => Ok(()),
        }
    }

    pub(super) fn check_channel(&self, channel: &str) -> Result<(), String> {
        if self.channels.contains(channel) { Ok(()) } else { Err(format!("Unknown channel {channel}")) }
    }
}

/// What a seed may name; each refusal says how to mend it.
impl Codes {
    pub(super) fn add_enterprise(&mut self, code: &str, order_types: &[&str]) -> Result<(), String> {
        if code.is_empty() {
            return Err("the code of an enterprise must not be empty".to_owned());
        }
        if code.chars().count() > LONGEST_ENTERPRISE_CODE {
            return Err(format!(
                "the code `{code}` of an enterprise has more than {LONGEST_ENTERPRISE_CODE} characters, which \
                 is the documented limit; no request could name it"
            ));
        }
        if order_types.contains(&"") {
            return Err(format!("an order type of the enterprise `{code}` has an empty code"));
        }
        let order_types = order_types.iter().map(ToString::to_string);
        self.enterprises.entry(code.to_owned()).or_default().extend(order_types);
        Ok(())
    }

    pub(super) fn add_channel(&mut self, code: &str) -> Result<(), String> {
        if code.is_empty() {
            return Err("the code of a channel must not be empty".to_owned());
        }
        self.channels.insert(code.to_owned());
        Ok(())
    }

    /// The level that a test names.
    pub(super) fn level(&self, enterprise: Option<&str>, order_type: Option<&str>) -> Result<Level, String> {
        let Some(code) = enterprise else {
            return match order_type {
                None => Ok(Level::Global),
                Some(order_type) => {
                    Err(format!("the order type `{order_type}` is given without its enterprise; give both"))
                }
            };
        };
        let order_types = self.enterprises.get(code);
        let order_types =
            order_types.ok_or_else(|| format!("the enterprise `{code}` is not known; add it first"))?;
        match order_type {
            Some(order_type) if !order_types.contains(order_type) => Err(format!(
                "the enterprise `{code}` has no order type `{order_type}`; add the enterprise with it first"
            )),
            _ => Ok(Level::new(enterprise, order_type)),
        }
    }

    /// A state that a customer could have got by requests, or on the global level by the vendor.
    pub(super) fn check_setting(&self, level: &Level, channel: &str, state: &str) -> Result<(), String> {
        if !self.channels.contains(channel) {
            return Err(format!(
                "the channel `{channel}` is not known; add it first, or set a raw state to have it anyway"
            ));
        }
        if !STATES.contains(&state) {
            return Err(format!(
                "`{state}` is no state; the states are {}; set a raw state to have it anyway",
                STATES.join(", ")
            ));
        }
        if *level == Level::Global && state == PERMISSION {
            return Err("the global level has no `PERMISSION`; set a raw state to have it anyway".to_owned());
        }
        Ok(())
    }

    pub(super) fn check_customer(&self, customer: &Customer) -> Result<(), String> {
        let mut seen = BTreeSet::new();
        for ((enterprise, order_type), setting) in &customer.states {
            let level = self.level(enterprise.as_deref(), order_type.as_deref())?;
            self.check_setting(&level, &setting.channel, &setting.state)?;
            if !seen.insert((level, &setting.channel)) {
                return Err(format!("the channel `{}` has two states on one level", setting.channel));
            }
        }
        Ok(())
    }
}
