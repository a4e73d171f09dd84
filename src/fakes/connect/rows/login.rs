use super::*;

/// "Authorize: a one-button login page (or `?auto=1` in tests), exact redirect URI match, code
/// single-use."
#[test]
fn row_3_authorize() {
    let mut rig = Rig::new();
    let page = rig.call("GET", &format!("{AUTHORIZE}&redirect_uri={ENCODED_REDIRECT}")).send();
    let html = String::from_utf8(page.body.to_vec()).unwrap();
    assert_eq!((page.status.as_u16(), html.matches("<button").count()), (200, 1));
    // What the button sends is the request with `auto=1`.
    assert!(html.contains("method=\"get\"") && html.contains("name=\"auto\" value=\"1\""), "{html}");

    let auto = format!("{AUTHORIZE}&auto=1&redirect_uri={ENCODED_REDIRECT}");
    let back = rig.call("GET", &auto).send();
    assert_eq!(back.status, 302);
    assert!(header(&back, "location").unwrap().starts_with(REDIRECT_URI));
    for other in [
        "https%3A%2F%2Fapp.example%2Fcallback%2F",
        "https%3A%2F%2Fapp.example%2Fcallback%3Fa",
        "https%3A%2F%2Fapp.example%2FCallback",
        "HTTPS%3A%2F%2Fapp.example%2Fcallback",
        "https%3A%2F%2Fapp.example%3A443%2Fcallback",
        "https%3A%2F%2Fapp.example",
    ] {
        for auto in ["", "&auto=1"] {
            let reply = rig.call("GET", &format!("{AUTHORIZE}{auto}&redirect_uri={other}")).send();
            assert_eq!((reply.status.as_u16(), header(&reply, "location")), (400, None), "{other}");
        }
    }
    let code = code(&back);
    let form = [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", REDIRECT_URI)];
    assert_eq!(rig.token(&form).status, 200);
    assert_eq!(refusal(&rig.token(&form)), (400, "invalid_grant".to_owned()));
}

/// "Token: Basic or form; the grants of 2.4; 12 h and 30 d lifetimes, shortenable; same-token
/// reuse switch (2.7)."
#[test]
fn row_4_token_by_basic_or_form() {
    let mut rig = Rig::new();
    let path = "/user/oauth/token";
    assert_eq!(rig.call("POST", path).basic(CLIENT_ID, CLIENT_SECRET).form(CLIENT_LOGIN).send().status, 200);
    let fields = [CLIENT_LOGIN[0], ("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET)];
    assert_eq!(rig.call("POST", path).form(&fields).send().status, 200);
    let both = rig.call("POST", path).basic(CLIENT_ID, CLIENT_SECRET).form(&fields).send();
    assert_eq!(refusal(&both), (400, "invalid_request".to_owned()));
    let query = rig.call("POST", &format!("{path}?grant_type=client_credentials")).form(&fields).send();
    assert_eq!(refusal(&query), (400, "invalid_request".to_owned()));
}

/// Row 4, "the grants of 2.4": all four, and what a client may use.
#[test]
fn row_4_every_grant() {
    const EXTERNAL: &str = "https://connectid.no/oauth2/grant_type/extid_code";
    let partner = LoginClient::new("partner", "plainly-fake").external_identity(true);
    let mut rig = Rig::with(|builder| builder.login_client(partner));
    let back = rig.call("GET", &format!("{AUTHORIZE}&auto=1&redirect_uri={ENCODED_REDIRECT}")).send();
    let code = code(&back);
    let exchange = [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", REDIRECT_URI)];
    let by_code = rig.token(&exchange);
    assert_eq!(on_capi(&mut rig, &by_code, "GET", GLOBAL), 200);
    let refresh = body(&by_code)["refresh_token"].as_str().unwrap().to_owned();
    let renewed = rig.token(&[("grant_type", "refresh_token"), ("refresh_token", &refresh)]);
    assert_eq!(on_capi(&mut rig, &renewed, "GET", GLOBAL), 200);
    for field in ["access_token", "refresh_token", "expires_in"] {
        assert!(!body(&renewed)[field].is_null(), "{field}");
    }
    let as_itself = rig.token(CLIENT_LOGIN);
    assert_eq!(body(&as_itself).get("refresh_token"), None);

    let client = rig.state.check_external("partner", USER).expect("it has the grant");
    let external = rig.state.new_external_code(&client, USER, rig.now);
    let form = [("grant_type", EXTERNAL), ("code", external.as_str())];
    assert_eq!(refusal(&rig.token(&form)), (400, "unauthorized_client".to_owned()), "not for every client");
    let mut partner =
        || rig.call("POST", "/user/oauth/token").basic("partner", "plainly-fake").form(&form).send();
    let (first, second) = (partner(), partner());
    assert_eq!(refusal(&second), (400, "invalid_grant".to_owned()), "single-use");
    assert_eq!(on_capi(&mut rig, &first, "GET", GLOBAL), 200);

    let counts = rig.state.counts;
    let logins = (counts.code_exchanges, counts.refreshes, counts.client_logins, counts.external_exchanges);
    assert_eq!(logins, (1, 1, 1, 1), "each grant once, refusals not");
    let other = rig.token(&[("grant_type", "password")]);
    assert_eq!(refusal(&other), (400, "unsupported_grant_type".to_owned()));
}

/// Row 4, "12 h and 30 d lifetimes, shortenable", and per client as in 2.6.
#[test]
fn row_4_lifetimes() {
    let days = |days: u64| days * 24 * 60 * 60;
    let short = LoginClient::new("short", "plainly-fake").access_lifetime(Duration::from_secs(30));
    let lifetimes = |rig: &mut Rig, end: u64| {
        let back = rig.call("GET", &format!("{AUTHORIZE}&auto=1&redirect_uri={ENCODED_REDIRECT}")).send();
        let code = code(&back);
        let form = [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", REDIRECT_URI)];
        let issued = body(&rig.token(&form));
        let refresh = issued["refresh_token"].as_str().unwrap().to_owned();
        rig.advance(end);
        let late = rig.token(&[("grant_type", "refresh_token"), ("refresh_token", &refresh)]);
        (issued["expires_in"].clone(), late.status.as_u16())
    };
    assert_eq!(lifetimes(&mut Rig::new(), days(30) - 1), (json!(43_200), 200));
    assert_eq!(lifetimes(&mut Rig::new(), days(30)), (json!(43_200), 400));
    let (minute, hour) = (Duration::from_secs(60), Duration::from_secs(3600));
    let mut rig =
        Rig::with(|builder| builder.access_lifetime(minute).refresh_lifetime(hour).login_client(short));
    assert_eq!(lifetimes(&mut rig, 3599), (json!(60), 200));
    assert_eq!(lifetimes(&mut rig, 3600), (json!(60), 400));
    let own = rig.call("POST", "/user/oauth/token").basic("short", "plainly-fake").form(CLIENT_LOGIN).send();
    assert_eq!(body(&own)["expires_in"], 30);
}

/// Row 4, "same-token reuse switch (2.7)": each expectation of 2.7 is a switch of its own.
#[test]
fn row_4_habits_of_the_server() {
    for same in [false, true] {
        let mut rig = Rig::with(|builder| builder.same_token_again(same));
        let first = body(&rig.token(CLIENT_LOGIN));
        rig.advance(60);
        let again = body(&rig.token(CLIENT_LOGIN));
        assert_eq!(again["access_token"] == first["access_token"], same);
        assert_eq!(again["expires_in"], if same { 43_140 } else { 43_200 });
    }
    for keep in [false, true] {
        let mut rig = Rig::with(|builder| builder.keep_refresh_token(keep));
        let first = rig.state.login.tokens.issue(grant(ADA), rig.now);
        let refresh = first.refresh.unwrap();
        let renewed = rig.token(&[("grant_type", "refresh_token"), ("refresh_token", &refresh)]);
        assert_eq!(body(&renewed)["refresh_token"] == refresh.as_str(), keep);
        let earlier = rig.call("GET", "/capi/v1/customer/pbm").bearer(&first.access);
        let status = earlier.header("accept", "application/json").send().status;
        assert_eq!(status, if keep { 401 } else { 200 }, "a renewal ends the earlier token, or not");
    }
    for repeat in [false, true] {
        let mut rig = Rig::with(|builder| builder.repeat_tokens_in_errors(repeat));
        let refused = [
            rig.call("GET", "/capi/v1/customer/pbm").bearer("not-a-real-token").send(),
            rig.token(&[("grant_type", "refresh_token"), ("refresh_token", "not-a-real-token")]),
        ];
        for reply in refused {
            let text = body(&reply)["error_description"].as_str().unwrap().to_owned();
            assert_eq!(text.contains("not-a-real-token"), repeat, "{text}");
        }
    }
    for rfc in [false, true] {
        let lifetime = Duration::from_secs(1);
        let mut rig =
            Rig::with(|builder| builder.refresh_lifetime(lifetime).expired_refresh_is_invalid_grant(rfc));
        let refresh = rig.state.login.tokens.issue(grant(ADA), rig.now).refresh.unwrap();
        rig.advance(1);
        let late = rig.token(&[("grant_type", "refresh_token"), ("refresh_token", &refresh)]);
        let error = if rfc { "invalid_grant" } else { "invalid_token" };
        assert_eq!(refusal(&late), (400, error.to_owned()));
    }
}

/// 2.8, "403 `insufficient_scope`" and `invalid_scope`.
#[test]
fn scopes() {
    let reader = LoginClient::new("reader", "plainly-fake").users(true).scopes(["read", "write"]);
    let mut rig = Rig::with(|builder| builder.login_client(reader).needed_scope("write"));
    let mut token = |scope: &str| {
        let form = [CLIENT_LOGIN[0], ("scope", scope)];
        rig.call("POST", "/user/oauth/token").basic("reader", "plainly-fake").form(&form).send()
    };
    assert_eq!(body(&token(""))["scope"], "read write");
    assert_eq!(refusal(&token("read admin")), (400, "invalid_scope".to_owned()));
    let (read, write) = (token("read"), token("write"));
    let access = body(&read)["access_token"].as_str().unwrap().to_owned();
    let reply = rig.call("POST", "/capi/v1/client/pbm/shield/enterprise").bearer(&access).send();
    assert_eq!(refusal(&reply), (403, "insufficient_scope".to_owned()));
    let challenge = "Bearer error=\"insufficient_scope\", scope=\"write\"";
    assert_eq!(header(&reply, "www-authenticate"), Some(challenge));
    assert_eq!(on_capi(&mut rig, &write, "POST", SHIELD_ENTERPRISE), 415, "past the scope");
    let target = AUTHORIZE.replace(CLIENT_ID, "reader");
    let target = format!("{target}&auto=1&scope=admin&redirect_uri={ENCODED_REDIRECT}");
    let back = rig.call("GET", &target).send();
    assert!(header(&back, "location").unwrap().contains("error=invalid_scope"));
}
