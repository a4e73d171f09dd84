use std::time::Duration;

use serde_json::json;

use super::super::{
    CUSTOMER_A, CUSTOMER_B, CUSTOMER_C, EMAIL, ENTERPRISE, ORDER_TYPE, PHONE, ResetHeader, USER,
    USER_WITHOUT_CUSTOMER,
    codes::Level,
    testing::{Rig, body, channels, header},
};
use super::*;

const ADA: Option<&str> = Some(USER);
const PBM: &str = "/customer/pbm";
const ENTERPRISE_PBM: &str = "/customer/pbm/468979834";
const ORDER_TYPE_PBM: &str = "/customer/pbm/468979834/56235";
const SHIELD_ENTERPRISE: &str = "/client/pbm/shield/enterprise";
const SHIELD_ORDER_TYPE: &str = "/client/pbm/shield/ordertype";

fn enterprise() -> Level {
    Level::new(Some(ENTERPRISE), None)
}

fn change(rig: &mut Rig, path: &str, settings: &[(&str, &str)]) -> Reply {
    rig.api(ADA, "POST", path).json(&channels(settings)).send()
}

fn list(rig: &mut Rig, path: &str) -> Value {
    let reply = rig.api(ADA, "GET", path).send();
    assert_eq!(reply.status, 200);
    body(&reply)
}

#[test]
fn a_change_is_kept_on_its_level_only() {
    let mut rig = Rig::new();
    assert_eq!(list(&mut rig, PBM), json!({ "channels": [] }));
    let changed = change(&mut rig, ENTERPRISE_PBM, &[("TM", "SHIELD"), ("DM", "PERMISSION")]);
    assert_eq!(changed.status, 200);
    let expected = channels(&[("TM", "SHIELD"), ("DM", "PERMISSION")]);
    assert_eq!(body(&changed), expected);
    assert_eq!(list(&mut rig, ENTERPRISE_PBM), expected);
    assert_eq!(list(&mut rig, ORDER_TYPE_PBM), channels(&[]));

    assert_eq!(body(&change(&mut rig, ORDER_TYPE_PBM, &[("EM", "SHIELD")])), channels(&[("EM", "SHIELD")]));
    assert_eq!(list(&mut rig, ENTERPRISE_PBM), expected);
    let order_type = Level::new(Some(ENTERPRISE), Some(ORDER_TYPE));
    assert_eq!(rig.state.found(CUSTOMER_A, &order_type, "EM").as_deref(), Some("SHIELD"));
    assert_eq!(rig.state.found(CUSTOMER_B, &enterprise(), "TM"), None);
}

#[test]
fn a_change_merges_or_replaces() {
    for replace in [false, true] {
        let mut rig = Rig::with(|builder| builder.replace_on_change(replace));
        change(&mut rig, ENTERPRISE_PBM, &[("TM", "SHIELD"), ("DM", "PERMISSION")]);
        let changed = change(&mut rig, ENTERPRISE_PBM, &[("DM", "SHIELD")]);
        let merged = [("TM", "SHIELD"), ("DM", "SHIELD")];
        assert_eq!(body(&changed), channels(if replace { &merged[1..] } else { &merged }));
    }
}

#[test]
fn none_is_left_out_or_shown() {
    for show in [false, true] {
        let mut rig = Rig::with(|builder| builder.show_none(show));
        change(&mut rig, ENTERPRISE_PBM, &[("TM", "SHIELD")]);
        let changed = change(&mut rig, ENTERPRISE_PBM, &[("TM", "NONE")]);
        let expected = if show { channels(&[("TM", "NONE")]) } else { channels(&[]) };
        assert_eq!(body(&changed), expected);
    }
}

#[test]
fn answers_have_several_shapes() {
    let seeded = |settings: fn(super::super::Builder) -> super::super::Builder| {
        let mut rig = Rig::with(settings);
        rig.state.set(CUSTOMER_A, Level::Global, "TM", "SHIELD");
        rig.state.set(CUSTOMER_A, enterprise(), "TM", "PAUSED");
        rig
    };
    let mut bare = seeded(|builder| builder.wrapped(true).bare_array(true));
    assert_eq!(list(&mut bare, PBM), json!([{ "type": "SHIELD", "value": "TM" }]));
    let mut wrapped = seeded(|builder| builder.wrapped(true).bare_array(false).lower_case_states(true));
    assert_eq!(list(&mut wrapped, PBM), json!({ "global": channels(&[("TM", "shield")]) }));
    assert_eq!(list(&mut wrapped, ENTERPRISE_PBM), json!({ "enterprise": channels(&[("TM", "paused")]) }));
    assert_eq!(list(&mut wrapped, ORDER_TYPE_PBM), json!({ "orderType": channels(&[]) }));
}

#[test]
fn channels_can_come_in_any_order() {
    let mut rig = Rig::with(|builder| builder.shuffle_channels(true));
    change(&mut rig, ENTERPRISE_PBM, &[("TM", "SHIELD"), ("DM", "SHIELD"), ("EM", "SHIELD")]);
    let orders: Vec<Value> = (0..20).map(|_| list(&mut rig, ENTERPRISE_PBM)).collect();
    assert!(orders.iter().any(|order| *order != orders[0]));
    assert!(orders.iter().all(|order| order["channels"].as_array().is_some_and(|all| all.len() == 3)));
}

#[test]
fn a_bad_change_is_refused() {
    let mut rig = Rig::new();
    for bad in [
        json!({}),
        json!({ "channels": null }),
        json!({ "enterprise": { "channels": [] } }),
        json!([{ "type": "SHIELD", "value": "TM" }]),
        channels(&[("TM", "SHIELD"), ("TM", "NONE")]),
        channels(&[("TM", "shield")]),
        channels(&[("XX", "SHIELD")]),
        json!({ "channels": [{ "value": "TM" }] }),
        json!({ "channels": [{ "type": "SHIELD" }] }),
    ] {
        let reply = rig.api(ADA, "POST", ENTERPRISE_PBM).json(&bad).send();
        assert_eq!(reply.status, 400, "{bad}");
        assert!(body(&reply)["exceptionType"].is_string() && body(&reply)["errorMessage"].is_string());
    }
    assert_eq!(list(&mut rig, ENTERPRISE_PBM), channels(&[]));
}

#[test]
fn codes_are_text_and_must_be_known() {
    let mut rig = Rig::new();
    for unknown in ["/customer/pbm/0468979834", "/customer/pbm/468979834/0", "/customer/pbm/1234567890123"] {
        assert_eq!(rig.api(ADA, "GET", unknown).send().status, 400, "{unknown}");
    }
    for nothing in ["/customer/pbm/", "/customer/pbm//56235", "/customer/pbm/468979834/56235/1", "/other"] {
        assert_eq!(rig.api(ADA, "GET", nothing).send().status, 404, "{nothing}");
    }
    rig.state.codes.add_enterprise("a/b+ &=%", &["å"]).unwrap();
    assert_eq!(list(&mut rig, "/customer/pbm/a%2Fb+%20%26=%25/%C3%A5"), channels(&[]));
}

#[test]
fn other_methods_are_told_what_is_allowed() {
    let mut rig = Rig::new();
    for (user, method, path, allowed) in [
        (ADA, "POST", PBM, "GET"),
        (ADA, "PUT", PBM, "GET"),
        (ADA, "PUT", ENTERPRISE_PBM, "GET, POST"),
        (ADA, "PATCH", ORDER_TYPE_PBM, "GET, POST"),
        (None, "GET", SHIELD_ENTERPRISE, "POST"),
        (None, "PUT", SHIELD_ORDER_TYPE, "POST"),
    ] {
        let reply = rig.api(user, method, path).json(&channels(&[])).send();
        assert_eq!(reply.status, 405, "{method} {path}");
        assert_eq!(header(&reply, "allow"), Some(allowed));
    }
}

#[test]
fn a_token_is_for_one_mode() {
    let mut rig = Rig::new();
    for (user, method, path) in [(None, "GET", PBM), (ADA, "POST", SHIELD_ENTERPRISE)] {
        let reply = rig.api(user, method, path).json(&json!({})).send();
        assert_eq!(reply.status, 403);
        assert_eq!(body(&reply)["error"], "access_denied");
    }
    let reply = rig.api(Some(USER_WITHOUT_CUSTOMER), "GET", PBM).send();
    assert_eq!(reply.status, 400);
}

#[test]
fn tokens_are_checked() {
    let mut rig = Rig::with(|builder| builder.access_lifetime(Duration::from_secs(60)));
    let reply = rig.call("GET", "/capi/v1/customer/pbm").send();
    assert_eq!((reply.status.as_u16(), header(&reply, "www-authenticate")), (401, Some("Bearer")));
    assert_eq!(body(&reply)["error"], "unauthorized");
    assert!(header(&reply, "x-ratelimit-remaining").is_some());

    let access = rig.state.login.tokens.issue(super::super::seed::grant(ADA), rig.now).access;
    rig.advance(60);
    for token in ["made-up", &access] {
        let reply = rig.call("GET", "/capi/v1/customer/pbm").bearer(token).send();
        assert_eq!(reply.status, 401);
        assert_eq!(header(&reply, "www-authenticate"), Some("Bearer error=\"invalid_token\""));
        assert_eq!(body(&reply)["error"], "invalid_token");
        assert!(body(&reply)["error_description"].as_str().is_some_and(|text| text.contains(token)));
    }
}

#[test]
fn a_test_can_bring_its_own_tokens() {
    let mut rig =
        Rig::with(|builder| builder.accept_client_token("for-client").accept_user_token("for-ada", USER));
    let accept = "application/json";
    let call = rig.call("GET", "/capi/v1/customer/pbm").bearer("for-ada").header("accept", accept);
    assert_eq!(call.send().status, 200);
    let call = rig.call("POST", "/capi/v1/client/pbm/shield/enterprise").bearer("for-client");
    let body = json!({ "enterpriseCode": ENTERPRISE, "channel": "TM", "credential": PHONE });
    assert_eq!(call.header("accept", accept).json(&body).send().status, 200);
}

#[test]
fn only_json_is_spoken() {
    let mut rig = Rig::new();
    for (accept, status) in
        [("*/*", 406), ("application/xml", 406), ("application/xml, Application/JSON; q=0.5", 200)]
    {
        let reply = rig.api(ADA, "GET", PBM).header("accept", accept).send();
        assert_eq!(reply.status, status, "{accept}");
    }
    let call = rig.api(ADA, "POST", ENTERPRISE_PBM).json(&channels(&[]));
    assert_eq!(call.header("content-type", "text/plain").send().status, 415);
    let call = rig.api(ADA, "POST", ENTERPRISE_PBM).json(&channels(&[]));
    assert_eq!(call.header("content-type", "application/json; charset=utf-8").send().status, 200);
}

#[test]
fn all_customers_with_a_credential_are_shielded() {
    let mut rig = Rig::new();
    rig.state.set(CUSTOMER_A, enterprise(), "TM", "PERMISSION");
    let mut shield = |credential: &str| {
        let request = json!({ "enterpriseCode": ENTERPRISE, "channel": "TM", "credential": credential });
        let reply = rig.api(None, "POST", SHIELD_ENTERPRISE).json(&request).send();
        assert_eq!(reply.status, 200, "{credential}");
        body(&reply)["count"].as_u64()
    };
    assert_eq!(shield("+47 12 34 56 78"), Some(2));
    assert_eq!(shield(PHONE), Some(2), "those who were shielded before count again");
    assert_eq!(shield(&EMAIL.to_uppercase()), Some(1));
    assert_eq!(shield("nobody@customers.example"), Some(0));
    for customer in [CUSTOMER_A, CUSTOMER_B, CUSTOMER_C] {
        assert_eq!(rig.state.found(customer, &enterprise(), "TM").as_deref(), Some("SHIELD"));
    }
    assert_eq!(list(&mut rig, ORDER_TYPE_PBM), channels(&[]));

    let request = json!({
        "enterpriseCode": ENTERPRISE, "orderTypeCode": ORDER_TYPE, "channel": "DM", "credential": PHONE,
    });
    let reply = rig.api(None, "POST", SHIELD_ORDER_TYPE).json(&request).send();
    assert_eq!(body(&reply), json!({ "count": 2 }));
    assert_eq!(list(&mut rig, ORDER_TYPE_PBM), channels(&[("DM", "SHIELD")]));
}

#[test]
fn a_bad_shield_is_refused() {
    let mut rig = Rig::new();
    let good = json!({
        "enterpriseCode": ENTERPRISE, "orderTypeCode": ORDER_TYPE, "channel": "DM", "credential": PHONE,
    });
    for (field, bad) in [
        ("enterpriseCode", json!("1")),
        ("enterpriseCode", json!(468_979_834)),
        ("orderTypeCode", json!("")),
        ("orderTypeCode", json!(null)),
        ("channel", json!("XX")),
        ("credential", json!("12345678")),
    ] {
        let mut request = good.clone();
        request[field] = bad;
        let reply = rig.api(None, "POST", SHIELD_ORDER_TYPE).json(&request).send();
        assert_eq!(reply.status, 400, "{request}");
    }
}

#[test]
fn calls_above_the_limit_are_refused() {
    let mut rig = Rig::with(|builder| builder.limits(2, 1000).reset_header(ResetHeader::Epoch));
    let statuses = [(); 3].map(|()| rig.api(ADA, "GET", PBM).send());
    assert_eq!(statuses.each_ref().map(|reply| reply.status.as_u16()), [200, 200, 429]);
    assert_eq!(
        statuses.each_ref().map(|reply| header(reply, "x-ratelimit-remaining")),
        [Some("1"), Some("0"), Some("0")]
    );
    assert_eq!(header(&statuses[2], "x-ratelimit-reset"), Some("1700000001"));
    assert_eq!(header(&statuses[2], "x-mediaconnect-api-version"), Some(VERSION));
    assert!(body(&statuses[2])["errorMessage"].is_string());
    assert_eq!((rig.state.counts.api_calls, rig.state.counts.rate_limited), (3, 1));

    assert_eq!(rig.api(None, "GET", PBM).send().status, 429, "both modes of a client share the limit");
    rig.advance(1);
    assert_eq!(rig.api(ADA, "GET", PBM).send().status, 200);
    assert_eq!(rig.token(&[("grant_type", "client_credentials")]).status, 200, "logins are not counted");
}

#[test]
fn nothing_is_at_other_paths() {
    let mut rig = Rig::new();
    assert_eq!(rig.call("GET", "/").send().status, 404);
    assert_eq!(rig.call("GET", "/user/logout").send().status, 404);
}
