//! What has to hold for Connect's answers.

use super::{
    ChannelState, LevelKind,
    level::{decode_level, mean_the_same, states},
    model,
    problem::read,
};
use crate::{auth::oauth_code, fuzzing::checks, generated::connect::op, transport::Operation};

pub(crate) fn body(body: &[u8]) {
    checks::model::<model::Level>(body);
    checks::model::<model::ShieldResult>(body);
    checks::model::<model::ApiError>(body);
    checks::model::<model::OAuthError>(body);
    let kinds = [
        (LevelKind::Global, "global"),
        (LevelKind::Enterprise, "enterprise"),
        (LevelKind::OrderType, "orderType"),
    ];
    for (asked, wrapper) in kinds {
        level(body, asked, wrapper);
    }
}

/// A level has a state for each of its channels, in its wrapper as without it.
fn level(body: &[u8], asked: LevelKind, wrapper: &str) {
    let level = |body: &[u8]| decode_level("any.read", asked, checks::success(body), true);
    let Some(plain) = level(body).ok() else { return };
    let listed = states(&plain);
    for (index, (channel, state)) in listed.iter().enumerate() {
        assert_eq!(&plain.state(channel), state);
        assert!(listed[..index].iter().all(|(other, _)| other != channel), "a channel comes twice");
    }
    assert!(mean_the_same(&listed, &listed));
    let shields = |channel: &str| {
        let is_it = |listed: &&model::Channel| listed.value.as_deref() == Some(channel);
        plain.channels.iter().filter(is_it).any(|listed| listed.type_ == Some(ChannelState::Shield))
    };
    assert!(listed.iter().all(|(channel, state)| !shields(channel) || *state == ChannelState::Shield));

    if body.trim_ascii_start().starts_with(b"{") {
        let inside = [format!("{{\"{wrapper}\":").as_bytes(), body, b"}"].concat();
        match level(&inside) {
            Ok(unwrapped) => assert_eq!(states(&unwrapped), listed),
            // What is nested more deeply than serde_json follows.
            Err(error) => assert!(body.split(|byte| *byte == b'{').count() > 100, "{error}"),
        }
    }
}

pub(crate) fn problem(data: &[u8]) {
    let infos = [op::ListGlobalPermissions::INFO, op::ShieldEnterprise::INFO];
    checks::problem(infos[data.len() % 2], &checks::answer(data), read, |code| oauth_code(code).is_some());
}
