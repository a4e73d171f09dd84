//! What the three levels mean together.

use std::collections::BTreeMap;

use super::{ChannelState, level::states, model};

/// One of the three levels on which a customer has a state per channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LevelKind {
    /// For all enterprises.
    Global,
    /// For one enterprise.
    Enterprise,
    /// For one order type of an enterprise.
    OrderType,
}

/// Per channel, whether contact is allowed, and why.
///
/// This is our reading, not Connect's answer: a shield on any level forbids contact, a permission
/// counts only if no level shields, a state that is not known here forbids, and without any
/// state contact is not allowed either. The vendor does not say which level wins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectivePermissions {
    channels: BTreeMap<String, EffectiveChannel>,
}

/// What the levels mean together for one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectiveChannel {
    states: Vec<(LevelKind, ChannelState)>,
}

impl EffectivePermissions {
    /// The meaning of three levels that you have: read by calls of yours, or made in a test.
    #[must_use]
    pub fn of(global: &model::Level, enterprise: &model::Level, order_type: &model::Level) -> Self {
        let levels = [
            (LevelKind::Global, global),
            (LevelKind::Enterprise, enterprise),
            (LevelKind::OrderType, order_type),
        ];
        let mut channels: BTreeMap<String, EffectiveChannel> = BTreeMap::new();
        for (kind, level) in levels {
            for (channel, state) in states(level) {
                let entry = channels.entry(channel).or_insert(EffectiveChannel { states: Vec::new() });
                entry.states.push((kind, state));
            }
        }
        Self { channels }
    }

    /// Whether a customer may be contacted over this channel. A channel that no level names is
    /// not allowed.
    #[must_use]
    pub fn allows(&self, channel: &str) -> bool {
        self.channels.get(channel).is_some_and(EffectiveChannel::is_allowed)
    }

    /// One channel, if any level names it.
    #[must_use]
    pub fn channel(&self, channel: &str) -> Option<&EffectiveChannel> {
        self.channels.get(channel)
    }

    /// All channels that any level names, in alphabetical order.
    pub fn channels(&self) -> impl Iterator<Item = (&str, &EffectiveChannel)> {
        self.channels.iter().map(|(code, channel)| (code.as_str(), channel))
    }
}

impl EffectiveChannel {
    /// Whether contact is allowed.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.forbidden_by().is_none()
            && self.states.iter().any(|(_, state)| *state == ChannelState::Permission)
    }

    /// The first level whose shield, or unknown state, forbids contact.
    #[must_use]
    pub fn forbidden_by(&self) -> Option<LevelKind> {
        let forbids = |state: &ChannelState| matches!(state, ChannelState::Shield | ChannelState::Unknown(_));
        self.states.iter().find(|(_, state)| forbids(state)).map(|(kind, _)| *kind)
    }

    /// The state on each level that names the channel, from global to order type: the reason.
    #[must_use]
    pub fn states(&self) -> &[(LevelKind, ChannelState)] {
        &self.states
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(state: Option<&str>) -> model::Level {
        let channel =
            |state| model::Channel { value: Some("TM".to_owned()), type_: Some(ChannelState::from(state)) };
        model::Level { channels: state.map(channel).into_iter().collect(), ..model::Level::default() }
    }

    #[test]
    fn a_shield_on_any_level_forbids_and_a_permission_counts_only_without_one() {
        let states = [None, Some("SHIELD"), Some("PERMISSION"), Some("NONE"), Some("NEW")];
        for global in states {
            for enterprise in states {
                for order_type in states {
                    let levels = [global, enterprise, order_type];
                    let [a, b, c] = levels.map(level);
                    let effective = EffectivePermissions::of(&a, &b, &c);
                    let forbidden = levels.iter().any(|state| matches!(state, Some("SHIELD" | "NEW")));
                    let allowed = !forbidden && levels.contains(&Some("PERMISSION"));
                    assert_eq!(effective.allows("TM"), allowed, "{levels:?}");
                    assert!(!effective.allows("DM"));
                }
            }
        }
    }
}
