//! What the fake knows: customers, enterprises and the state of each channel on each level.

use std::{collections::BTreeMap, fmt};

use serde_json::{Value, json};

use super::{
    Counts, ErrorBody,
    codes::{Codes, Level, NONE, STATES, Setting},
    customers::{Customers, normalised},
    limit::Limiter,
    login::Login,
};

pub(super) struct State {
    pub(super) replace_on_change: bool,
    pub(super) style: Style,
    /// Whether answers are in XML where JSON is not asked for.
    pub(super) xml: bool,
    pub(super) error_body: ErrorBody,
    pub(super) limiter: Limiter,
    pub(super) login: Login,
    pub(super) counts: Counts,
    pub(super) customers: Customers,
    /// The customer number of each user who has one.
    pub(super) users: BTreeMap<String, Option<String>>,
    pub(super) codes: Codes,
    /// What was set since the start, by customer number; a level that is not here is as the
    /// customer was made. Channels are in the order in which they were set.
    levels: BTreeMap<(String, Level), Vec<Setting>>,
    /// With a fixed seed, so that a test run can be repeated.
    shuffler: fastrand::Rng,
}

/// Secrets, tokens and people are in there.
impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").finish_non_exhaustive()
    }
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

impl State {
    pub(super) fn empty() -> Self {
        Self {
            replace_on_change: false,
            style: Style::default(),
            xml: false,
            error_body: ErrorBody::default(),
            limiter: Limiter::new(),
            login: Login::new(),
            counts: Counts::default(),
            customers: Customers::default(),
            users: BTreeMap::new(),
            codes: Codes::default(),
            levels: BTreeMap::new(),
            shuffler: fastrand::Rng::with_seed(0),
        }
    }

    pub(super) fn knows_user(&self, name: &str) -> bool {
        self.users.contains_key(name)
    }

    pub(super) fn customer_of(&self, user: &str) -> Option<&str> {
        self.users.get(user)?.as_deref()
    }

    /// Sets a state, whatever it says.
    pub(super) fn set(&mut self, customer: &str, level: Level, channel: &str, state: &str) {
        let first = |(customer, level): &(String, Level)| self.customers.first_settings(customer, level);
        let settings = self.levels.entry((customer.to_owned(), level)).or_insert_with_key(first);
        match settings.iter_mut().find(|known| known.channel == channel) {
            Some(known) => state.clone_into(&mut known.state),
            None => settings.push(Setting::new(channel, state)),
        }
        // A channel that comes back later then stands at the end, as a new one would.
        if !self.style.show_none {
            settings.retain(|known| known.state != NONE);
        }
    }

    /// The state of a channel; nothing where none was set.
    pub(super) fn found(&self, customer: &str, level: &Level, channel: &str) -> Option<String> {
        let settings = self.settings(customer, level).into_iter();
        settings.filter(|known| known.channel == channel).map(|known| known.state).next()
    }

    fn settings(&self, customer: &str, level: &Level) -> Vec<Setting> {
        let set = self.levels.get(&(customer.to_owned(), level.clone()));
        let mut settings = set.cloned().unwrap_or_else(|| self.customers.first_settings(customer, level));
        if !self.style.show_none {
            settings.retain(|known| known.state != NONE);
        }
        settings
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
            self.levels.insert((customer.to_owned(), level.clone()), Vec::new());
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
        self.codes.check_channel(channel)?;
        Ok(Setting::new(channel, state))
    }

    /// Shields all customers with the credential and counts them. Assumption: those who were
    /// shielded before count as well, and a permission is overwritten.
    pub(super) fn shield(&mut self, level: &Level, channel: &str, credential: &str) -> Result<usize, String> {
        self.codes.check(level)?;
        self.codes.check_channel(channel)?;
        let credential = normalised(credential)
            .ok_or_else(|| format!("Neither a phone number nor an e-mail address: {credential}"))?;
        let found = self.customers.with_credential(&credential);
        for number in &found {
            self.set(number, level.clone(), channel, "SHIELD");
        }
        Ok(found.len())
    }

    /// A level as an answer has it.
    pub(super) fn level_json(&mut self, customer: &str, level: &Level) -> Value {
        let mut settings = self.settings(customer, level);
        if self.style.shuffle {
            self.shuffler.shuffle(&mut settings);
        }
        let lower_case = self.style.lower_case;
        let channels: Value = settings
            .into_iter()
            .map(|Setting { channel, state }| {
                let state = if lower_case { state.to_lowercase() } else { state };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_change_changes_nothing() {
        let mut state = State::empty();
        state.codes.channels.insert("TM".to_owned());
        let body = json!({ "channels": [
            { "type": "SHIELD", "value": "TM" },
            { "type": "SHIELD", "value": "XX" },
        ] });
        assert_eq!(state.change("1", &Level::Global, &body), Err("Unknown channel XX".to_owned()));
        assert_eq!(state.found("1", &Level::Global, "TM"), None);
    }
}
