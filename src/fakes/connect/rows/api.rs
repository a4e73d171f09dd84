use super::*;

/// "State: map (customer, level key) to map of channel to type. Global is read-only and holds
/// SHIELD or NONE only."
#[test]
fn row_5_state() {
    let mut rig = Rig::new();
    let change = channels(&[("TM", "SHIELD")]);
    for (path, shielded) in [(OF_ENTERPRISE, [true, false]), (OF_ORDER_TYPE, [true, true])] {
        assert_eq!(rig.api(ADA, "POST", path).json(&change).send().status, 200);
        let found = [false, true].map(|of_order_type| {
            rig.state.found(CUSTOMER_A, &level(of_order_type), "TM").as_deref() == Some("SHIELD")
        });
        assert_eq!(found, shielded, "{path}");
    }
    assert_eq!(rig.state.found(CUSTOMER_B, &level(false), "TM"), None, "another customer has another state");
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        let reply = rig.api(ADA, method, GLOBAL).json(&change).send();
        assert_eq!((reply.status.as_u16(), header(&reply, "allow")), (405, Some("GET")), "{method}");
    }
    assert_eq!(rig.state.found(CUSTOMER_A, &Level::Global, "TM"), None);
    for (state, taken) in [("SHIELD", true), ("NONE", true), ("PERMISSION", false), ("PAUSED", false)] {
        let done = rig.state.set_state(CUSTOMER_A, (None, None), "TM", state);
        assert_eq!(done.is_ok(), taken, "{state}");
    }
}

/// "Change: validate (unknown type, duplicate channel, missing `channels`: 400), then merge or
/// replace, drop NONE entries or keep them visible (switch; default drop), answer with the full
/// level."
#[test]
fn row_6_change() {
    let mut rig = Rig::new();
    for bad in [
        channels(&[("TM", "PAUSED")]),
        channels(&[("TM", "shield")]),
        channels(&[("TM", "SHIELD"), ("TM", "SHIELD")]),
        channels(&[("XX", "SHIELD")]),
        json!({}),
        json!({ "channels": null }),
        json!({ "channels": {} }),
        json!({ "channels": ["TM"] }),
        json!([]),
        Value::Null,
    ] {
        for path in [OF_ENTERPRISE, OF_ORDER_TYPE] {
            let reply = rig.api(ADA, "POST", path).json(&bad).send();
            assert_eq!(reply.status, 400, "{bad}");
            let body = body(&reply);
            assert!(body["exceptionType"].is_string() && body["errorMessage"].is_string(), "{body}");
        }
    }
    for (replace, show_none, expected) in [
        (false, false, &[("TM", "SHIELD"), ("EM", "SHIELD")][..]),
        (false, true, &[("TM", "SHIELD"), ("DM", "NONE"), ("EM", "SHIELD")]),
        (true, false, &[("EM", "SHIELD")]),
        (true, true, &[("DM", "NONE"), ("EM", "SHIELD")]),
    ] {
        let mut rig = Rig::with(|builder| builder.replace_on_change(replace).show_none(show_none));
        for path in [OF_ENTERPRISE, OF_ORDER_TYPE] {
            let mut change = |settings| rig.api(ADA, "POST", path).json(&channels(settings)).send();
            change(&[("TM", "SHIELD"), ("DM", "PERMISSION")]);
            let changed = change(&[("DM", "NONE"), ("EM", "SHIELD")]);
            assert_eq!(changed.status, 200);
            assert_eq!(body(&changed), channels(expected), "replace {replace}, show {show_none}");
            assert_eq!(body(&rig.api(ADA, "GET", path).send()), channels(expected));
        }
    }
}

/// "Shield: find customers by normalised credential, set SHIELD on the level, `count` = matches."
#[test]
fn row_7_shield() {
    let mut rig = Rig::new();
    let both = &[CUSTOMER_A, CUSTOMER_B][..];
    for (path, of_order_type) in [(SHIELD_ENTERPRISE, false), (SHIELD_ORDER_TYPE, true)] {
        for (credential, channel, found) in [
            (PHONE, "TM", both),
            ("0047 12-34.56 (78)", "DM", both),
            (" CARL@Customers.Example ", "TM", &[CUSTOMER_C]),
            ("+4712345679", "EM", &[]),
        ] {
            for time in ["first", "second"] {
                let request = json!({ "enterpriseCode": ENTERPRISE, "orderTypeCode": ORDER_TYPE,
                    "channel": channel, "credential": credential });
                let reply = rig.api(None, "POST", path).json(&request).send();
                assert_eq!(body(&reply), json!({ "count": found.len() }), "{credential}, the {time} time");
            }
            for customer in [CUSTOMER_A, CUSTOMER_B, CUSTOMER_C] {
                let state = rig.state.found(customer, &level(of_order_type), channel);
                let expected = found.contains(&customer).then_some("SHIELD");
                assert!(expected.is_none() || state.as_deref() == expected, "{credential} {customer}");
            }
        }
        assert_eq!(rig.state.found(CUSTOMER_A, &level(of_order_type), "EM"), None);
    }
}

/// "Rate limiting: both windows per client id, headers on every API answer, 429 with
/// `X-RateLimit-Remaining: 0`."
#[test]
fn row_8_rate_limiting() {
    let mut rig = Rig::new();
    let status = |rig: &mut Rig, user| {
        let reply = rig.api(user, "GET", GLOBAL).send();
        assert!(reply.status != 429 || header(&reply, "x-ratelimit-remaining") == Some("0"));
        reply.status.as_u16()
    };
    let allowed = (0..101).filter(|_| status(&mut rig, ADA) == 200).count();
    assert_eq!(allowed, 100, "the window of a second");
    assert_eq!(status(&mut rig, None), 429, "both modes have the same client id");
    let other = LoginClient::new("other", "plainly-fake");
    rig.state.add_login_client(other).expect("new");
    let token =
        rig.call("POST", "/user/oauth/token").basic("other", "plainly-fake").form(CLIENT_LOGIN).send();
    assert_eq!(on_capi(&mut rig, &token, "POST", GLOBAL), 405, "another client id has its own");
    let mut allowed = 100;
    for _ in 0..30 {
        rig.advance(1);
        allowed += (0..100).filter(|_| status(&mut rig, ADA) == 200).count();
    }
    assert_eq!(allowed, 2000, "the window of a minute");
    rig.advance(30);
    assert_eq!(status(&mut rig, ADA), 200);
}

/// Row 8, "headers on every API answer", and none on the login server's.
#[test]
fn row_8_headers() {
    let mut rig = Rig::with(|builder| builder.limits(1000, 1000));
    let xml = rig.api(ADA, "GET", GLOBAL).header("accept", "application/xml").send();
    let text =
        rig.api(ADA, "POST", OF_ENTERPRISE).json(&json!({})).header("content-type", "text/plain").send();
    let expired = rig.api(ADA, "GET", GLOBAL).send_with_ended_token(TokenEnd::Expired);
    let mut answers = vec![
        (200, rig.api(ADA, "GET", GLOBAL).send()),
        (400, rig.api(ADA, "GET", "/customer/pbm/unknown").send()),
        (401, rig.call("GET", "/capi/v1/customer/pbm").send()),
        (401, expired),
        (403, rig.api(None, "GET", GLOBAL).send()),
        (404, rig.api(ADA, "GET", "/other").send()),
        (405, rig.api(ADA, "PUT", GLOBAL).send()),
        (406, xml),
        (415, text),
    ];
    rig.state.limiter = Limiter::new();
    rig.state.limiter.per_second = 1;
    rig.api(ADA, "GET", GLOBAL).send();
    answers.push((429, rig.api(ADA, "GET", GLOBAL).send()));
    for (status, reply) in &answers {
        assert_eq!(reply.status, *status);
        let number = |name| header(reply, name).and_then(|text| text.parse::<u64>().ok());
        assert!(number("x-ratelimit-remaining").is_some(), "{status}");
        assert!(number("x-ratelimit-reset").is_some_and(|seconds| seconds <= 60), "{status}");
        assert_eq!(header(reply, "x-mediaconnect-api-version"), Some("1.0.0"), "{status}");
    }
    let (_, refused) = &answers[answers.len() - 1];
    assert_eq!(header(refused, "x-ratelimit-remaining"), Some("0"));
    assert_eq!(header(&rig.token(CLIENT_LOGIN), "x-ratelimit-remaining"), None, "logins are not counted");
    for (form, expected) in [
        (ResetHeader::SecondsLeft, Some("1")),
        (ResetHeader::Epoch, Some("1700000001")),
        (ResetHeader::EpochMillis, Some("1700000001000")),
        (ResetHeader::Absent, None),
    ] {
        rig.state.limiter.reset_header = form;
        assert_eq!(header(&rig.api(ADA, "GET", GLOBAL).send(), "x-ratelimit-reset"), expected);
    }
}
