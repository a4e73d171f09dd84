//! The state of the channels on one level, in every shape in which it can arrive.

use std::collections::BTreeMap;

use super::{ChannelState, model};
use crate::{
    Error, Result, decode,
    response::{Raw, Response},
    transport::undecodable,
};

impl model::Level {
    /// The state of a channel. A channel that is not listed has [`ChannelState::None`].
    #[must_use]
    pub fn state(&self, channel: &str) -> ChannelState {
        let listed = self.channels.iter().find(|listed| listed.value.as_deref() == Some(channel));
        listed.and_then(|listed| listed.type_.clone()).unwrap_or(ChannelState::None)
    }
}

/// Decodes a level: plain, in one of the documented wrappers, or as a bare list.
pub(super) fn decode_level(
    operation: &'static str,
    raw: Raw,
    needs_body: bool,
) -> Result<Response<model::Level>> {
    if raw.body.is_empty() && !(needs_body && raw.status == http::StatusCode::OK) {
        return Ok(Response::new(model::Level::default(), raw));
    }
    match read(&raw.body) {
        Ok(level) => Ok(Response::new(level, raw)),
        Err(error) => Err(undecodable(error, operation, raw)),
    }
}

fn read(body: &[u8]) -> Result<model::Level, Error> {
    if body.trim_ascii_start().starts_with(b"[") {
        return Ok(model::Level { channels: decode::json(body)?, ..model::Level::default() });
    }
    decode::json(body).map(unwrapped)
}

fn unwrapped(mut level: model::Level) -> model::Level {
    let wrappers = [level.global.take(), level.enterprise.take(), level.order_type.take()];
    match wrappers.into_iter().flatten().next() {
        Some(inner) if level.channels.is_empty() => unwrapped(*inner),
        _ => level,
    }
}

/// The channels of a level in the order in which they came, each once.
pub(super) fn states(level: &model::Level) -> Vec<(String, ChannelState)> {
    let named =
        level.channels.iter().filter_map(|channel| Some((channel.value.clone()?, channel.type_.clone()?)));
    let mut states: Vec<(String, ChannelState)> = Vec::new();
    for (value, state) in named {
        match states.iter_mut().find(|(known, _)| *known == value) {
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
            let level = read(body.as_bytes()).expect(&body);
            assert_eq!(level.state("TM"), ChannelState::Shield, "{body}");
            assert_eq!(level.channels.len(), 1);
        }
        for empty in ["{}", r#"{"channels":null}"#, r#"{"channels":[]}"#, "[]"] {
            let level = read(empty.as_bytes()).expect(empty);
            assert_eq!(level.state("TM"), ChannelState::None);
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
