//! What the fake knows: customers, enterprises and the state of each channel on each level.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Counts, limit::Limiter, login::Login};

/// Assumption: a request has them in upper case, as the vendor's samples do.
const STATES: [&str; 3] = ["SHIELD", "PERMISSION", NONE];
const NONE: &str = "NONE";
/// The documented limit of the code of an enterprise.
const LONGEST_ENTERPRISE_CODE: usize = 12;
/// The limit of an e-mail address on the vendor's page about customers.
const LONGEST_CREDENTIAL: usize = 255;

#[derive(Debug)]
pub(super) struct State {
    pub(super) replace_on_change: bool,
    pub(super) style: Style,
    pub(super) limiter: Limiter,
    pub(super) login: Login,
    pub(super) counts: Counts,
    /// By number; the credentials are normalised.
    customers: BTreeMap<String, BTreeSet<String>>,
    /// The customer number of each user who has one.
    users: BTreeMap<String, Option<String>>,
    /// By code, with the codes of the order types.
    enterprises: BTreeMap<String, BTreeSet<String>>,
    channels: BTreeSet<String>,
    /// By customer number; channels in the order in which they were set.
    levels: BTreeMap<(String, Level), Vec<Setting>>,
    /// With a fixed seed, so that a test run can be repeated.
    shuffler: fastrand::Rng,
}

/// How an answer is written.
#[derive(Debug, Default)]
pub(super) struct Style {
    pub(super) show_none: bool,
    pub(super) shuffle: bool,
    pub(super) lower_case: bool,
    pub(super) shape: Shape,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Shape {
    #[default]
    Object,
    BareArray,
    Wrapped,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Global,
    Enterprise(String),
    OrderType(String, String),
}

/// The state of one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Setting {
    channel: String,
    state: String,
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

    fn wrapper(&self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Enterprise(_) => "enterprise",
            Self::OrderType(..) => "orderType",
        }
    }
}

impl State {
    pub(super) fn empty() -> Self {
        Self {
            replace_on_change: false,
            style: Style::default(),
            limiter: Limiter::new(),
            login: Login::new(),
            counts: Counts::default(),
            customers: BTreeMap::new(),
            users: BTreeMap::new(),
            enterprises: BTreeMap::new(),
            channels: BTreeSet::new(),
            levels: BTreeMap::new(),
            shuffler: fastrand::Rng::with_seed(0),
        }
    }

    pub(super) fn add_customer(&mut self, number: &str, credentials: &[&str]) {
        let credentials = credentials.iter().filter_map(|text| normalised(text));
        self.customers.entry(number.to_owned()).or_default().extend(credentials);
    }

    pub(super) fn add_user(&mut self, name: &str, customer: Option<&str>) {
        self.users.insert(name.to_owned(), customer.map(str::to_owned));
    }

    pub(super) fn knows_user(&self, name: &str) -> bool {
        self.users.contains_key(name)
    }

    pub(super) fn customer_of(&self, user: &str) -> Option<&str> {
        self.users.get(user)?.as_deref()
    }

    pub(super) fn add_enterprise(&mut self, code: &str, order_types: &[&str]) {
        let order_types = order_types.iter().map(ToString::to_string);
        self.enterprises.entry(code.to_owned()).or_default().extend(order_types);
    }

    pub(super) fn add_channel(&mut self, code: &str) {
        self.channels.insert(code.to_owned());
    }

    pub(super) fn set(&mut self, customer: &str, level: Level, channel: &str, state: &str) {
        let settings = self.levels.entry((customer.to_owned(), level)).or_default();
        match settings.iter_mut().find(|known| known.channel == channel) {
            Some(known) => state.clone_into(&mut known.state),
            None => settings.push(Setting { channel: channel.to_owned(), state: state.to_owned() }),
        }
        // A channel that comes back later then stands at the end, as a new one would.
        if !self.style.show_none {
            settings.retain(|known| known.state != NONE);
        }
    }

    pub(super) fn state_of(&self, customer: &str, level: Level, channel: &str) -> &str {
        let settings = self.levels.get(&(customer.to_owned(), level));
        settings
            .into_iter()
            .flatten()
            .find(|known| known.channel == channel)
            .map_or(NONE, |known| &known.state)
    }

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

    /// Sets the channels of a request's body, all of them or none. Assumption: the whole request
    /// is refused if one channel in it is unknown, has an unknown type or is named twice.
    pub(super) fn change(&mut self, customer: &str, level: &Level, body: &Value) -> Result<(), String> {
        let channels = body["channels"].as_array().ok_or("channels is missing or not a list")?;
        let mut wanted: Vec<Setting> = Vec::new();
        for item in channels {
            let setting = self.setting(item)?;
            if wanted.iter().any(|known| known.channel == setting.channel) {
                return Err(format!("Channel {} is given twice", setting.channel));
            }
            wanted.push(setting);
        }
        if self.replace_on_change {
            self.levels.remove(&(customer.to_owned(), level.clone()));
        }
        for Setting { channel, state } in wanted {
            self.set(customer, level.clone(), &channel, &state);
        }
        Ok(())
    }

    fn setting(&self, item: &Value) -> Result<Setting, String> {
        let state = item["type"].as_str().ok_or("A channel has no type")?;
        let channel = item["value"].as_str().ok_or("A channel has no value")?;
        if !STATES.contains(&state) {
            return Err(format!("Unknown type {state}"));
        }
        self.check_channel(channel)?;
        Ok(Setting { channel: channel.to_owned(), state: state.to_owned() })
    }

    fn check_channel(&self, channel: &str) -> Result<(), String> {
        if self.channels.contains(channel) { Ok(()) } else { Err(format!("Unknown channel {channel}")) }
    }

    /// Shields all customers with the credential and counts them. Assumption: those who were
    /// shielded before count as well, and a permission is overwritten.
    pub(super) fn shield(&mut self, level: &Level, channel: &str, credential: &str) -> Result<usize, String> {
        self.check(level)?;
        self.check_channel(channel)?;
        let credential = normalised(credential)
            .ok_or_else(|| format!("Neither a phone number nor an e-mail address: {credential}"))?;
        let found: Vec<String> = self
            .customers
            .iter()
            .filter(|(_, credentials)| credentials.contains(&credential))
            .map(|(number, _)| number.clone())
            .collect();
        for number in &found {
            self.set(number, level.clone(), channel, "SHIELD");
        }
        Ok(found.len())
    }

    /// A level as an answer has it.
    pub(super) fn level_json(&mut self, customer: &str, level: &Level) -> Value {
        let key = (customer.to_owned(), level.clone());
        let mut settings: Vec<&Setting> = self.levels.get(&key).into_iter().flatten().collect();
        if self.style.shuffle {
            self.shuffler.shuffle(&mut settings);
        }
        let lower_case = self.style.lower_case;
        let channels: Value = settings
            .into_iter()
            .map(|Setting { channel, state }| {
                let state = if lower_case { state.to_lowercase() } else { state.clone() };
                json!({ "type": state, "value": channel })
            })
            .collect();
        match self.style.shape {
            Shape::Object => json!({ "channels": channels }),
            Shape::BareArray => channels,
            Shape::Wrapped => json!({ level.wrapper(): { "channels": channels } }),
        }
    }
}

/// An e-mail address in lower case, or a phone number in international form without separators.
///
/// Assumption: anything else is no credential; a number without `+` or `00` does not name its
/// country.
pub(super) fn normalised(credential: &str) -> Option<String> {
    let credential = credential.trim();
    if credential.len() > LONGEST_CREDENTIAL {
        return None;
    }
    if credential.contains('@') {
        return Some(credential.to_lowercase());
    }
    let compact: String = credential.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')')).collect();
    let digits = compact.strip_prefix('+').or_else(|| compact.strip_prefix("00"))?;
    let is_number = (1..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| format!("+{digits}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_have_one_normal_form() {
        for (text, expected) in [
            (" Ada@Example.COM ", Some("ada@example.com")),
            ("+47 12-34.56 (78)", Some("+4712345678")),
            ("004712345678", Some("+4712345678")),
            ("12345678", None),
            ("+47 one", None),
            ("+", None),
            ("+1234567890123456", None),
            ("", None),
        ] {
            assert_eq!(normalised(text).as_deref(), expected, "{text}");
        }
        assert_eq!(normalised(&format!("{}@example.com", "a".repeat(255))), None);
    }

    #[test]
    fn a_refused_change_changes_nothing() {
        let mut state = State::empty();
        state.add_channel("TM");
        let body = json!({ "channels": [
            { "type": "SHIELD", "value": "TM" },
            { "type": "SHIELD", "value": "XX" },
        ] });
        assert_eq!(state.change("1", &Level::Global, &body), Err("Unknown channel XX".to_owned()));
        assert_eq!(state.state_of("1", Level::Global, "TM"), "NONE");
    }
}
