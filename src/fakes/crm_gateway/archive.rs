//! Old entitlements go to an archive and then appear in no list.

use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::instant::instant;

/// How long an entitlement stays in lists.
///
/// Assumption: the time counts from `modified` for one with the status `UNSUBSCRIBED` and from
/// `expiryDate` for any, and one with `isArchivable` false stays for ever.
#[derive(Debug, Clone, Copy)]
pub(super) struct Archive {
    pub(super) after_unsubscribing: Duration,
    pub(super) after_expiry: Duration,
}

impl Archive {
    pub(super) fn has(&self, entitlement: &Value, now: SystemTime) -> bool {
        let now = nanoseconds(now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default());
        let is_over = |property: &str, wait| {
            let since = entitlement[property].as_str().and_then(instant);
            since.is_some_and(|since| since.saturating_add(nanoseconds(wait)) <= now)
        };
        entitlement["isArchivable"] != false
            && (is_over("expiryDate", self.after_expiry)
                || entitlement["status"] == "UNSUBSCRIBED" && is_over("modified", self.after_unsubscribing))
    }
}

fn nanoseconds(duration: Duration) -> i128 {
    i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX)
}
