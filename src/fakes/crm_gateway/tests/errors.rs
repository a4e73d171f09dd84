//! Section 1.7: what is refused, and how.

use super::*;

const ADMIN: &str = "adminRole";

#[test]
fn the_bad_requests_of_1_7() {
    let mut world = World::seeded(Fake::builder());
    for (row, wrong) in [
        ("malformed filter", &[("filter", "{")][..]),
        ("malformed sort", &[("sort", "{created,-1}")]),
        ("bad limit: negative", &[("limit", "-1")]),
        ("bad limit: no integer", &[("limit", "1.5")]),
        ("bad limit: no number", &[("limit", "")]),
        ("page without limit", &[("page", "2")]),
        ("page 1 without limit", &[("page", "1")]),
        ("page < 1", &[("page", "0"), ("limit", "2")]),
        ("page < 1", &[("page", "-1"), ("limit", "2")]),
        ("bad page", &[("page", "one"), ("limit", "2")]),
    ] {
        assert_eq!(answer_of(&world.list(wrong)), bad_request(), "1.7: {row}");
    }
}

#[test]
fn a_request_that_breaks_the_specification_is_a_bad_request_of_1_7_behind_token_and_tenant() {
    let mut world = World::seeded(Fake::builder());
    world.broken_rule = Some("parameter-type");
    assert_eq!(answer_of(&world.list(&[])), bad_request());
    assert_eq!(answer_of(&world.with_token("x")), forbidden());
    assert_eq!(answer_of(&world.get("", &[BEARER, ("nv-tenant-id", "none")])), not_found());
    let refused = world.send(Method::PUT, LIST, "", &[BEARER]);
    assert_eq!((refused.status.as_u16(), &refused.headers["allow"]), (405, &HeaderValue::from_static("GET")));
    assert_eq!(answer_of(&world.send(Method::GET, "/", "", &[BEARER])), not_found());
}

#[test]
fn a_checker_hears_only_of_refusals_that_were_made_for_its_rule() {
    let mut world = World::seeded(Fake::builder());
    for (bearer, refused_for) in [("Bearer t", Some("rule")), ("Bearer x", None)] {
        let visit = Visit::new(world.now, Some("rule".to_owned()));
        world.state.handle(&request(Method::GET, LIST, "", &[("authorization", bearer)]), &visit);
        assert_eq!(visit.refused_for(), refused_for, "{bearer}");
    }
}

#[test]
fn every_bad_token_of_1_7_is_forbidden() {
    let mut world = World::seeded(Fake::builder());
    let token = world.log_in(keycloak::USER, keycloak::PASSWORD);
    let bearer = format!("Bearer {token}");
    assert_eq!(world.with_token(&token).status, 200);
    for (row, headers) in [
        ("no Authorization", &[][..]),
        ("not Bearer", &[("authorization", token.as_str())]),
        ("not Bearer", &[("authorization", "Basic dDp0")]),
        ("nothing behind Bearer", &[("authorization", "Bearer ")]),
        ("unknown", &[("authorization", "Bearer garbage")]),
    ] {
        assert_eq!(answer_of(&world.get("", headers)), forbidden(), "1.7: {row}");
    }
    world.now += Duration::from_secs(299);
    assert_eq!(world.with_token(&token).status, 200);
    world.now += Duration::from_secs(1);
    assert_eq!(answer_of(&world.get("", &[("authorization", &bearer)])), forbidden(), "1.7: expired");
    assert_eq!(world.state.list_requests, 8, "refused ones count");
}

#[test]
fn a_token_can_be_ended_and_is_then_refused_as_1_7_says() {
    for end in [TokenEnd::Expired, TokenEnd::Revoked] {
        let mut world = World::seeded(Fake::builder());
        let mut tokens = vec!["t".to_owned()];
        tokens.push(world.log_in(keycloak::USER, keycloak::PASSWORD));
        let other = world.log_in(keycloak::USER, keycloak::PASSWORD);
        for token in tokens {
            assert_eq!(world.with_token(&token).status, 200);
            let bearer = format!("Bearer {token}");
            let carrier = request(Method::GET, LIST, "", &[("authorization", &bearer)]);
            world.state.end_token(&carrier, end, world.now);
            assert_eq!(answer_of(&world.with_token(&token)), forbidden(), "{end:?}");
            assert_eq!(world.with_token(&other).status, 200, "only the one");
        }
        let nothing = request(Method::GET, LIST, "", &[]);
        world.state.end_token(&nothing, end, world.now);
        assert_eq!(world.with_token(&other).status, 200);
        let refusal = world.issuer.check(&other, world.now + Duration::from_secs(300));
        assert_eq!(refusal, Err(keycloak::TokenRefusal::Expired));
    }
}

#[test]
fn a_refused_token_has_each_of_the_bodies_of_1_7() {
    let shape_b = json!({
        "resultCode": "99999:403", "localeMessage": "none", "requestId": "00000001", "result": "Invalid token"
    });
    for (row, refusal, answer) in [
        ("shape A", Refusal::ShapeA, forbidden()),
        ("shape B", Refusal::ShapeB, (403, shape_b.clone())),
        ("shape B with HTTP 200", Refusal::OkWithShapeB, (200, shape_b)),
        ("401", Refusal::Unauthorized, (401, json!({ "code": 401, "message": "Unauthorized" }))),
    ] {
        let mut world = World::new(Fake::builder().refusal(refusal));
        assert_eq!(answer_of(&world.with_token("x")), answer, "1.7: {row}");
    }
}

#[test]
fn a_missing_role_is_always_shape_a_as_1_7_says() {
    for refusal in [Refusal::ShapeA, Refusal::ShapeB, Refusal::OkWithShapeB, Refusal::Unauthorized] {
        let keycloak =
            keycloak::Fake::builder().user("guest", "g", ["guestRole"]).user("admin", "a", [ADMIN]);
        let mut world = World::new(Fake::builder().refusal(refusal).keycloak(keycloak));
        let guest = world.log_in("guest", "g");
        assert_eq!(answer_of(&world.with_token(&guest)), forbidden(), "1.7: without operatorRole");
        let admin = world.log_in("admin", "a");
        assert_eq!(world.with_token(&admin).status, 200, "1.7: or adminRole");
    }
}

#[test]
fn an_id_that_does_not_exist_is_404_only_behind_the_switch_of_1_7() {
    let pinned = |id: &str| [("filter", json!({ "_id": id, "status": "ACTIVE" }).to_string())];
    let ask = |world: &mut World, id: &str| {
        let parameters = pinned(id);
        answer_of(&world.list(&[(parameters[0].0, &parameters[0].1)]))
    };
    let none = json!({ "totalRecords": 0, "resourceSet": [] });
    let mut world = World::seeded(Fake::builder());
    assert_eq!(ask(&mut world, "9"), (200, none.clone()));
    let mut world = World::seeded(Fake::builder().missing_id_is_404(true));
    assert_eq!(ask(&mut world, "9"), not_found());
    assert_eq!(ask(&mut world, "1"), (200, none.clone()), "it exists, but it is pending");
    assert_eq!(ask(&mut world, "0").1["totalRecords"], 1);
    assert!(world.entitlements().remove("0"));
    assert_eq!(ask(&mut world, "0"), not_found());
    let two = [("filter", r#"{"_id":{"$in":["8","9"]}}"#)];
    assert_eq!(answer_of(&world.list(&two)), (200, none), "two are not one");
}

#[test]
fn an_unknown_tenant_is_404_as_1_7_says() {
    let mut world = World::seeded(Fake::builder().tenant("north"));
    for name in ["north", "south", "North", "", "\u{e9}"] {
        let reply = world.get("", &[BEARER, ("nv-tenant-id", name)]);
        if name == "north" {
            assert_eq!(reply.status, 200);
        } else {
            assert_eq!(answer_of(&reply), not_found(), "{name:?}");
        }
    }
    let reply = world.get("", &[("authorization", "Bearer x"), ("nv-tenant-id", "south")]);
    assert_eq!(answer_of(&reply), forbidden(), "the token comes first");
}

#[test]
fn an_empty_result_of_1_7_is_an_empty_list_or_404() {
    let none = ("filter", r#"{"unknown":1}"#);
    let mut world = World::seeded(Fake::builder());
    assert_eq!(world.list(&[none]).body, r#"{"totalRecords":0,"resourceSet":[]}"#);
    let mut world = World::seeded(Fake::builder().empty(Empty::NotFound));
    assert_eq!(answer_of(&world.list(&[none])), not_found());
    assert_eq!(answer_of(&world.list(&[none, ("limit", "0")])), not_found());
    assert_eq!(world.page(&[("limit", "3"), ("page", "9")]).0, 7, "a page past the end is another thing");
    let mut world = World::new(Fake::builder().empty(Empty::NotFound));
    assert_eq!(answer_of(&world.list(&[])), not_found());
}
