//! Answers that are wrong in one way.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::{
    Reply,
    fault::{Alteration, RateHeader},
    message::{http_date, since_epoch},
};

/// A value that no vocabulary has.
const UNKNOWN: &str = "PLAINLY_UNKNOWN";
const EXTRA: &str = "xPlainlyExtra";

pub(super) fn altered(reply: Reply, alteration: &Alteration) -> Reply {
    match alteration {
        Alteration::Empty => Reply { body: bytes::Bytes::new(), ..reply },
        Alteration::MalformedJson => {
            // A body without a second half becomes one.
            let half =
                if reply.body.len() < 2 { "{".into() } else { reply.body.slice(..reply.body.len() / 2) };
            Reply { body: half, ..reply }
        }
        Alteration::UnknownValue(property) => with_json(reply, |body| {
            each_object(body, &|fields| {
                if let Some(value) = fields.get_mut(property) {
                    *value = json!(UNKNOWN);
                }
            });
        }),
        Alteration::ExtraFields => with_json(reply, |body| {
            each_object(body, &|fields| {
                fields.insert(EXTRA.to_owned(), json!({ "nested": [1, null] }));
            });
        }),
        Alteration::NullArrays => with_json(reply, null_arrays),
    }
}

fn with_json(reply: Reply, change: impl FnOnce(&mut Value)) -> Reply {
    let Ok(mut body) = serde_json::from_slice::<Value>(&reply.body) else {
        return reply;
    };
    change(&mut body);
    Reply { body: body.to_string().into(), ..reply }
}

fn each_object(value: &mut Value, change: &dyn Fn(&mut serde_json::Map<String, Value>)) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(|field| each_object(field, change));
            change(fields);
        }
        Value::Array(items) => items.iter_mut().for_each(|item| each_object(item, change)),
        _ => {}
    }
}

fn null_arrays(value: &mut Value) {
    match value {
        Value::Array(_) => *value = Value::Null,
        Value::Object(fields) => fields.values_mut().for_each(null_arrays),
        _ => {}
    }
}

/// Never sooner than what was asked for.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0))
}

pub(super) fn too_many_requests(header: RateHeader, now: SystemTime) -> Reply {
    let reply = Reply::new(429);
    let limited = |reset: u128| {
        let reply = Reply::new(429).with_header("x-ratelimit-remaining", "0");
        reply.with_header("x-ratelimit-reset", &reset.to_string())
    };
    let epoch = |wait: Duration| since_epoch(now).saturating_add(wait);
    match header {
        RateHeader::Absent => reply,
        RateHeader::RetryAfter(wait) => reply.with_header("retry-after", &whole_seconds(wait).to_string()),
        RateHeader::RetryAfterDate(wait) => {
            reply.with_header("retry-after", &http_date(whole_seconds(epoch(wait))))
        }
        RateHeader::Reset(wait) => limited(whole_seconds(wait).into()),
        RateHeader::ResetEpoch(wait) => limited(whole_seconds(epoch(wait)).into()),
        RateHeader::ResetEpochMillis(wait) => limited(epoch(wait).as_millis()),
    }
}
