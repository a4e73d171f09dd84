//! The rules of replies.

use super::{
    BrokenRule, Reply,
    body::{self, Fault},
    model::Operation,
    parameter::{Source, joined},
    schemas::Schemas,
};

pub(super) fn check(operation: &Operation, schemas: &Schemas, reply: &Reply) -> Result<(), BrokenRule> {
    let status = reply.status.as_u16();
    let Some(answer) = operation.replies.iter().find(|answer| answer.status.contains(status)) else {
        let detail = "is not documented for this operation".to_owned();
        return Err(BrokenRule {
            name: "status",
            place: format!("{}, status {status}", operation.id),
            detail,
        });
    };
    let place = |what: &str| format!("{} {status}, {what}", operation.id);
    let broken = |name, what: &str, detail: &str| {
        Err(BrokenRule { name, place: place(what), detail: detail.to_owned() })
    };
    match (answer.media.is_empty(), reply.body.is_empty()) {
        (true, false) => return broken("reply-body", "body", "is there and not documented"),
        (false, true) => return broken("reply-body", "body", "is documented and not there"),
        (true, true) => {}
        (false, false) => {
            body::check(&answer.media, schemas, &reply.headers, &reply.body).map_err(|misfit| {
                let name = match misfit.fault {
                    Fault::Media => "reply-media-type",
                    Fault::Json => "reply-json",
                    Fault::Schema => "reply-schema",
                };
                misfit.broken(name, &place("body"))
            })?;
        }
    }
    for header in &answer.headers {
        let checked = match joined(&reply.headers, &header.name) {
            None if header.required => Err("is missing".to_owned()),
            None => Ok(()),
            Some(value) => value.and_then(|value| header.check(schemas, Source::Header, &[&value])),
        };
        if let Err(why) = checked {
            return broken("reply-header", &format!("header {}", header.name), &why);
        }
    }
    Ok(())
}
