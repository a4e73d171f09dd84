//! The state of the channels on one level, in every shape in which it can arrive.

use std::collections::BTreeMap;

use super::{ChannelState, LevelKind, model};
use crate::{
    Error, Result, decode,
    response::{Raw, Response},
    transport::undecodable,
};

impl model::Level {
    /// The state of a channel. A channel that is not listed has [`ChannelState::None`]; of one that
    /// is listed twice a shield counts, or else the last.
    #[must_use]
    pub fn state(&self, channel: &str) -> ChannelState {
        let listed = states(self).into_iter().find(|(listed, _)| listed == channel);
        listed.map_or(ChannelState::None, |(_, state)| state)
    }
}

/// Decodes a level: plain, in one of the documented wrappers, or as a bare list. `asked` is the
/// level that the call was about: an answer may carry all three.
pub(super) fn decode_level(
    operation: &'static str,
    asked: LevelKind,
    raw: Raw,
    needs_body: bool,
) -> Result<Response<model::Level>> {
    if raw.body.is_empty() && !(needs_body && raw.status == http::StatusCode::OK) {
        return Ok(Response::new(model::Level::default(), raw));
    }
    match read(&raw.body, asked) {
        Ok(level) => Ok(Response::new(level, raw)),
        Err(error) => Err(undecodable(error, operation, raw)),
    }
}

fn read(body: &[u8], asked: LevelKind) -> Result<model::Level, Error> {
    if body.trim_ascii_start().starts_with(b"[") {
        return Ok(model::Level { channels: decode::json(body)?, ..model::Level::default() });
    }
    decode::json(body).map(|level| unwrapped(level, asked))
}

/// The level asked for. Where only another one is there, it stands for the one asked for: the
/// vendor names the wrappers and samples none.
fn unwrapped(mut level: model::Level, asked: LevelKind) -> model::Level {
    let [global, enterprise, order_type] =
        [level.global.take(), level.enterprise.take(), level.order_type.take()];
    let is_plain =
        !level.channels.is_empty() || [&global, &enterprise, &order_type].iter().all(|inner| inner.is_none());
    if is_plain {
        return level;
    }
    let others = [&global, &enterprise, &order_type].iter().filter(|inner| inner.is_some()).count() > 1;
    let own = match asked {
        LevelKind::Global => &global,
        LevelKind::Enterprise => &enterprise,
        LevelKind::OrderType => &order_type,
    };
    let chosen = if own.is_some() || others { own.clone() } else { global.or(enterprise).or(order_type) };
    chosen.map_or_else(model::Level::default, |inner| unwrapped(*inner, asked))
}

/// The channels of a level in the order in which they came, each once.
pub(super) fn states(level: &model::Level) -> Vec<(String, ChannelState)> {
    let named =
        level.channels.iter().filter_map(|channel| Some((channel.value.clone()?, channel.type_.clone()?)));
    let mut states: Vec<(String, ChannelState)> = Vec::new();
    for (value, state) in named {
        match states.iter_mut().find(|(known, _)| *known == value) {
            Some((_, ChannelState::Shield)) => {}
            Some((_, earlier)) => *earlier = state,
            None => states.push((value, state)),
        }
    }
    states
}

/// Whether two levels mean the same: the order does not matter, and `NONE` is as good as absent.
pub(super) fn mean_the_same(one: &[(String, ChannelState)], other: &[(String, ChannelState)]) -> bool {
    let meaning = |states: &[(String, ChannelState)]| -> BTreeMap<String, ChannelState> {
        states.iter().filter(|(_, state)| *state != ChannelState::None).cloned().collect()
    };
    meaning(one) == meaning(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = r#"{"channels":[{"type":"SHIELD","value":"TM"}]}"#;

    #[test]
    fn every_shape_of_a_level_is_read() {
        let wrapped = |name: &str| format!(r#"{{"{name}":{PLAIN}}}"#);
        let bare = r#" [{"type":"shield","value":"TM"}]"#.to_owned();
        for body in [PLAIN.to_owned(), wrapped("global"), wrapped("enterprise"), wrapped("orderType"), bare] {
            let level = read(body.as_bytes(), LevelKind::Enterprise).expect(&body);
            assert_eq!(level.state("TM"), ChannelState::Shield, "{body}");
            assert_eq!(level.channels.len(), 1);
        }
        for empty in ["{}", r#"{"channels":null}"#, r#"{"channels":[]}"#, "[]"] {
            let level = read(empty.as_bytes(), LevelKind::Global).expect(empty);
            assert_eq!(level.state("TM"), ChannelState::None);
        }
    }

    #[test]
    fn of_several_levels_in_one_answer_the_one_asked_for_counts() {
        let level = |state: &str| format!(r#"{{"channels":[{{"type":"{state}","value":"TM"}}]}}"#);
        let all = format!(
            r#"{{"global":{},"enterprise":{},"orderType":{}}}"#,
            level("SHIELD"),
            level("PERMISSION"),
            level("NONE")
        );
        let state = |asked| read(all.as_bytes(), asked).expect("a level").state("TM");
        assert_eq!(state(LevelKind::Global), ChannelState::Shield);
        assert_eq!(state(LevelKind::Enterprise), ChannelState::Permission);
        assert_eq!(state(LevelKind::OrderType), ChannelState::None);
        let two =
            format!(r#"{{"global":{},"enterprise":null,"orderType":{}}}"#, level("SHIELD"), level("SHIELD"));
        let missing = read(two.as_bytes(), LevelKind::Enterprise).expect("a level");
        assert!(missing.channels.is_empty(), "the others do not stand for it");
    }

    #[test]
    fn of_a_channel_that_is_listed_twice_the_shield_counts() {
        for body in [
            r#"[{"type":"SHIELD","value":"TM"},{"type":"PERMISSION","value":"TM"}]"#,
            r#"[{"type":"PERMISSION","value":"TM"},{"type":"SHIELD","value":"TM"}]"#,
        ] {
            let level = read(body.as_bytes(), LevelKind::Global).expect("a level");
            assert_eq!(level.state("TM"), ChannelState::Shield);
            assert_eq!(states(&level), [("TM".to_owned(), ChannelState::Shield)]);
        }
    }

    #[test]
    fn none_is_as_good_as_absent() {
        let channel = |value: &str, state| (value.to_owned(), state);
        let one = [channel("TM", ChannelState::Shield), channel("DM", ChannelState::None)];
        assert!(mean_the_same(&one, &[channel("TM", ChannelState::Shield)]));
        assert!(!mean_the_same(&one, &[channel("TM", ChannelState::Permission)]));
    }
}
