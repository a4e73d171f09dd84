use super::*;

/// "Fault switches, per request: 400, 401 expired, 429 with and without headers, 500, HTML body,
/// empty body, slow answer, connection reset before and after the state change, unknown extra
/// fields, unknown enum value, bare array instead of the object, lower-case enum values." Here is
/// what the fake itself takes part in; the rest is common to all fakes.
#[test]
fn row_9_a_token_that_ends() {
    for (end, text) in
        [(TokenEnd::Expired, "Access token expired"), (TokenEnd::Revoked, "Invalid access token")]
    {
        let mut rig = Rig::new();
        let other = rig.state.login.tokens.issue(grant(ADA), rig.now).access;
        let access = rig.state.login.tokens.issue(grant(ADA), rig.now).access;
        let get = |rig: &mut Rig, access: &str, end: Option<TokenEnd>| {
            let call = rig.call("GET", "/capi/v1/customer/pbm").bearer(access);
            let call = call.header("accept", "application/json");
            match end {
                Some(end) => call.send_with_ended_token(end),
                None => call.send(),
            }
        };
        for reply in [get(&mut rig, &access, Some(end)), get(&mut rig, &access, None)] {
            assert_eq!(refusal(&reply), (401, "invalid_token".to_owned()));
            assert!(body(&reply)["error_description"].as_str().unwrap().starts_with(text), "{end:?}");
        }
        assert_eq!(get(&mut rig, &other, None).status, 200, "another token lives on");

        let refresh = rig.state.login.tokens.issue(grant(ADA), rig.now).refresh.unwrap();
        let form = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
        let call = rig.call("POST", "/login/oauth/token").basic(CLIENT_ID, CLIENT_SECRET).form(&form);
        let error = if end == TokenEnd::Expired { "invalid_token" } else { "invalid_grant" };
        assert_eq!(refusal(&call.send_with_ended_token(end)), (400, error.to_owned()));
        assert_eq!(refusal(&rig.token(&form)), (400, error.to_owned()));
    }
}

/// Row 9, "HTML body, empty body": the switch of 3.3 for all errors of the API.
#[test]
fn row_9_bodies_of_errors() {
    for (kind, content_type) in [
        (ErrorBody::Json, Some("application/json")),
        (ErrorBody::Html, Some("text/html; charset=utf-8")),
        (ErrorBody::Empty, None),
    ] {
        let mut rig = Rig::with(|builder| builder.error_body(kind));
        let reply = rig.api(ADA, "GET", "/customer/pbm/unknown").send();
        assert_eq!((reply.status.as_u16(), header(&reply, "content-type")), (400, content_type));
        assert_eq!(reply.body.is_empty(), kind == ErrorBody::Empty);
        let login = rig.call("GET", "/capi/v1/customer/pbm").send();
        assert_eq!(
            refusal(&login),
            (401, "unauthorized".to_owned()),
            "errors about a token keep their shape"
        );
    }
}

/// Row 9, "unknown enum value, bare array instead of the object, lower-case enum values".
#[test]
fn row_9_other_contents() {
    let mut rig = Rig::with(|builder| builder.bare_array(true).lower_case_states(true));
    rig.state.set_raw_state(CUSTOMER_A, Level::Global, "XX", "PAUSED").expect("a customer");
    let reply = rig.api(ADA, "GET", GLOBAL).send();
    assert_eq!(body(&reply), json!([{ "type": "paused", "value": "XX" }]));
}

/// 3.4, "200 in XML for a GET without a JSON `Accept` is optional realism", and 2.8, "`XML
/// (<oauth><error>...</error></oauth>)` when `Accept` does not ask for JSON".
#[test]
fn xml_where_json_is_not_asked_for() {
    let mut rig = Rig::with(|builder| builder.xml_unless_json_is_asked_for(true));
    rig.state.set(CUSTOMER_A, Level::Global, "<T&M>", "SHIELD");
    let text = |reply: &Reply| {
        assert_eq!(header(reply, "content-type"), Some("application/xml; charset=utf-8"));
        let text = String::from_utf8(reply.body.to_vec()).unwrap();
        text.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>").expect("a declaration").to_owned()
    };
    let level = rig.api(ADA, "GET", GLOBAL).header("accept", "*/*").send();
    assert_eq!(level.status, 200);
    let channel = "<channels><type>SHIELD</type><value>&lt;T&amp;M&gt;</value></channels>";
    assert_eq!(text(&level), format!("<response>{channel}</response>"));
    assert!(header(&level, "x-ratelimit-remaining").is_some());
    let login = rig.call("GET", "/capi/v1/customer/pbm").send();
    assert!(text(&login).starts_with("<oauth><error>unauthorized</error>"));
    let token = rig.token(&[]);
    assert_eq!(token.status, 400);
    assert!(text(&token).starts_with("<oauth><error>invalid_request</error>"));
    let json = rig.api(ADA, "GET", GLOBAL).send();
    assert_eq!(header(&json, "content-type"), Some("application/json"));
}

/// A broken rule of the specification counts after the token, and before the content.
#[test]
fn a_broken_rule_is_refused_in_its_turn() {
    let mut rig = Rig::new();
    let change = channels(&[("TM", "SHIELD")]);
    for (rule, status) in [("body-schema at x: y", 400), ("media-type at x: y", 415), ("anything-new", 400)] {
        let (reply, refused_for) = rig.api(ADA, "POST", OF_ENTERPRISE).json(&change).send_broken(rule);
        assert_eq!((reply.status.as_u16(), refused_for.as_deref()), (status, Some(rule)));
        assert!(body(&reply)["errorMessage"].as_str().unwrap().contains(rule));
    }
    let call = rig.api(ADA, "POST", OF_ENTERPRISE).json(&change).header("content-type", "text/plain");
    let (reply, refused_for) = call.send_broken("media-type at x: y");
    assert_eq!((reply.status.as_u16(), refused_for.as_deref()), (415, Some("media-type at x: y")));
    assert_eq!(rig.state.found(CUSTOMER_A, &level(false), "TM"), None, "nothing was changed");
    let earlier = [
        (401, rig.call("POST", "/capi/v1/customer/pbm/468979834").send_broken("required")),
        (403, rig.api(None, "POST", OF_ENTERPRISE).send_broken("required")),
        (404, rig.api(ADA, "GET", "/other").send_broken("required")),
        (405, rig.api(ADA, "PUT", OF_ENTERPRISE).send_broken("required")),
    ];
    for (status, (reply, refused_for)) in earlier {
        assert_eq!((reply.status.as_u16(), refused_for), (status, None));
    }
}
