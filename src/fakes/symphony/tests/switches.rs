//! What the documents leave open, and what fails in practice: a builder switch each.

use super::{
    super::{ErrorShape, UnknownCursor},
    *,
};

fn world(switch: fn(Builder) -> Builder) -> World {
    World::new(switch(
        Fake::builder().page_size(2).tenant(acme().advisor(Line, ada()).advisor(Line, berta())),
    ))
}

#[test]
fn a_removal_is_answered_with_204() {
    let reply = world(|builder| builder.remove_with_204(true)).send(
        "DELETE",
        &format!("{ONE}?externalNetwork=LINE&advisorSymphonyId=1"),
        b"",
    );
    assert_eq!((reply.status.as_u16(), reply.body.len()), (204, 0));
}

#[test]
fn adding_is_answered_with_200() {
    let reply = world(|builder| builder.add_with_200(true)).add("SMS", ADA);
    assert_eq!(reply.status, 200);
    assert_eq!(body_of(&reply)["status"], "ENTITLED");
}

#[test]
fn names_are_missing() {
    let mut world = world(|builder| builder.without_names(true));
    let page = world.get(&list("LINE"));
    let read = world.get(&format!("{ONE}?externalNetwork=LINE&advisorSymphonyId=1"));
    let added = body_of(&world.add("SMS", ADA));
    for item in [&page["entitlements"][0], &read, &added] {
        assert!(item.get("firstName").is_none() && item.get("lastName").is_none());
        assert_eq!(item["displayName"], "Ada Byron");
    }
}

#[test]
fn links_are_absent_instead_of_null() {
    let page = world(|builder| builder.absent_links(true)).get(&list("LINE"));
    assert_eq!(page["pagination"], json!({ "cursors": {} }));
}

#[test]
fn whats_app_direct_has_an_underscore_in_answers_and_either_spelling_in_requests() {
    let mut world = world(|builder| builder.underscored_networks(true));
    assert_eq!(world.get(NETWORKS)["entitlements"][5], "WHATSAPP_DIRECT");
    assert_eq!(body_of(&world.add("WHATSAPP-DIRECT", ADA))["externalNetwork"], "WHATSAPP_DIRECT");
    assert_eq!(world.get(&list("WHATSAPP_DIRECT"))["entitlements"][0]["externalNetwork"], "WHATSAPP_DIRECT");
}

#[test]
fn errors_are_problem_json() {
    let reply = world(|builder| builder.error_shape(ErrorShape::ProblemJson)).add("LINE", ADA);
    assert_eq!(reply.headers[header::CONTENT_TYPE], "application/problem+json");
    assert_eq!(refusal(&reply), (400, Some("entitlement.already.exists".to_owned())));
}

#[test]
fn errors_have_the_shape_of_spring() {
    let reply = world(|builder| builder.error_shape(ErrorShape::Spring)).add("LINE", ADA);
    let expected = json!({
        "timestamp": 1_700_000_000_000_u64,
        "status": 400,
        "error": "Bad Request",
        "message": "Entitlement already exists.",
        "path": NETWORKS,
    });
    assert_eq!((reply.status.as_u16(), body_of(&reply)), (400, expected));
}

/// Row: "list advisors: unknown cursor: undocumented; offer 400 `invalid.page.cursor` as a switch".
#[test]
fn an_unknown_cursor_is_refused_or_an_empty_page_or_the_first_one() {
    let cases = [
        (UnknownCursor::Refused, None),
        (UnknownCursor::EmptyPage, Some(vec![])),
        (UnknownCursor::FirstPage, Some(vec!["1", "2"])),
    ];
    for (answer, expected) in cases {
        for parameter in ["after", "before"] {
            let builder = Fake::builder().page_size(2).unknown_cursor(answer);
            let mut world = World::new(builder.tenant(acme().advisor(Line, ada()).advisor(Line, berta())));
            let path = format!("{}?{parameter}=bm9uZQ==", list("LINE"));
            match &expected {
                None => {
                    let reply = world.send("GET", &path, b"");
                    assert_eq!(refusal(&reply), (400, Some("invalid.page.cursor".to_owned())));
                }
                Some(expected) => {
                    let page = world.get(&path);
                    assert_eq!(&ids(&page), expected, "{answer:?}");
                    assert!(page["pagination"]["next"].is_null());
                }
            }
        }
    }
}

#[test]
fn an_unknown_network_is_refused_by_reads_and_the_removal() {
    let mut world = world(|builder| builder.refuse_unknown_networks(true));
    let one = format!("{ONE}?externalNetwork=PIGEON&advisorSymphonyId=1");
    for (method, path) in [("GET", &list("PIGEON")), ("GET", &one), ("DELETE", &one)] {
        let reply = world.send(method, path, b"");
        assert_eq!(refusal(&reply), (400, Some("external.network.not.found".to_owned())), "{method}");
    }
    assert_eq!(ids(&world.get(&list("WECHAT"))), [""; 0], "known, and nobody is entitled");
}
