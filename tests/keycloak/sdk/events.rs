//! What a realm has recorded about logins and tokens.

use std::{collections::BTreeMap, fmt};

use serde_json::Value;

pub(super) const RECORDED: [&str; 12] = [
    "LOGIN",
    "LOGIN_ERROR",
    "REFRESH_TOKEN",
    "REFRESH_TOKEN_ERROR",
    "CLIENT_LOGIN",
    "CLIENT_LOGIN_ERROR",
    "LOGOUT",
    "LOGOUT_ERROR",
    "REVOKE_GRANT",
    "REVOKE_GRANT_ERROR",
    "USER_DISABLED_BY_TEMPORARY_LOCKOUT",
    "USER_DISABLED_BY_TEMPORARY_LOCKOUT_ERROR",
];

/// What servers write about a refresh token that is used again: the last one, and an older one.
const REUSED: [&str; 2] = ["Maximum allowed refresh token reuse exceeded", "Stale token"];

/// Oldest first.
pub(super) struct Events(Vec<Value>);

impl From<Value> for Events {
    fn from(answer: Value) -> Self {
        let mut events = answer.as_array().expect("a list of events").clone();
        events.reverse();
        events.sort_by_key(|event| event["time"].as_u64());
        Self(events)
    }
}

impl Events {
    pub(super) fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for event in &self.0 {
            *counts.entry(event["type"].as_str().expect("a type").to_owned()).or_default() += 1;
        }
        counts
    }

    pub(super) fn count(&self, kind: &str) -> usize {
        self.0.iter().filter(|event| event["type"] == kind).count()
    }

    /// Why refreshes were refused.
    pub(super) fn refused_refreshes(&self) -> Vec<String> {
        let refused = self.0.iter().filter(|event| event["type"] == "REFRESH_TOKEN_ERROR");
        refused.map(|event| event["details"]["reason"].as_str().unwrap_or_default().to_owned()).collect()
    }

    pub(super) fn reused(&self) -> usize {
        self.refused_refreshes().iter().filter(|reason| REUSED.contains(&reason.as_str())).count()
    }

    /// Each refresh was made with the token that the login or the refresh before it gave.
    pub(super) fn assert_newest_was_used(&self) {
        let mut newest = None;
        for event in &self.0 {
            let detail = |name: &str| event["details"][name].as_str().map(str::to_owned);
            match event["type"].as_str() {
                Some("LOGIN") => newest = detail("refresh_token_id"),
                Some("REFRESH_TOKEN") => {
                    assert!(newest.is_some(), "a refresh before the login: {self:?}");
                    assert_eq!(detail("refresh_token_id"), newest, "{self:?}");
                    newest = detail("updated_refresh_token_id");
                }
                _ => {}
            }
        }
    }
}

/// One line for each of the last.
impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = self.0.len().saturating_sub(40);
        let lines = self.0[last..].iter().map(|event| {
            format!("{} {} {} {}", event["time"], event["type"], event["error"], event["details"])
        });
        f.debug_list().entries(lines).finish()
    }
}
