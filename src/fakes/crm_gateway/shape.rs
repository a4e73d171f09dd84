//! What the specification says about the properties of an entitlement.

use serde_json::Value;

use super::instant::instant;

const WORDS: [&str; 4] = ["_id", "productType", "status", "validityType"];
const TEXTS: [&str; 11] = [
    "accountId",
    "cancelReasonCategory",
    "cancelReasonCode",
    "capabilityType",
    "deviceId",
    "productId",
    "purchasedByDeviceId",
    "reasonCategory",
    "reasonCode",
    "sharedProductContentId",
    "userId",
];
const DATES: [&str; 6] = ["created", "expiryDate", "firstView", "lastBilledDate", "modified", "validFrom"];
const TRUTHS: [&str; 2] = ["isArchivable", "isFreemium"];

/// Refuses an entitlement that the specification does not allow: an answer with it would not be
/// one of the gateway's.
#[track_caller]
pub(super) fn check(entitlement: &Value, which: &str) {
    assert!(entitlement["_id"] != "", "{which}: `_id` is empty; leave it out to have it invented");
    if let Some(misfit) = misfit(entitlement) {
        panic!("{which}: {misfit}; to list it all the same, use `add_malformed`");
    }
}

/// What is wrong with an entitlement. Properties that the specification does not know may be
/// anything.
pub(super) fn misfit(entitlement: &Value) -> Option<String> {
    let Some(properties) = entitlement.as_object() else {
        return Some("it is no JSON object".to_owned());
    };
    let mut wrong = properties.iter().filter_map(|(name, value)| Some((name, unlike(name, value)?)));
    wrong.next().map(|(name, expected)| format!("`{name}` is not {expected}"))
}

/// What the value of a property should have been.
pub(super) fn unlike(name: &str, value: &Value) -> Option<&'static str> {
    let (is_like, expected) = if WORDS.contains(&name) {
        (value.is_string(), "a text")
    } else if TEXTS.contains(&name) {
        (value.is_string() || value.is_null(), "a text or null")
    } else if DATES.contains(&name) {
        let is_date = value.as_str().is_some_and(|text| instant(text).is_some());
        (is_date || value.is_null(), "a date and time such as `2025-09-01T13:47:59.228Z`, or null")
    } else if TRUTHS.contains(&name) {
        (value.is_boolean() || value.is_null(), "true, false or null")
    } else {
        return None;
    };
    (!is_like).then_some(expected)
}
