use std::time::Duration;

use serde_json::Value;
use url::Url;

use super::super::{
    CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, SHIELD_CLIENT_ID, SHIELD_CLIENT_SECRET, USER,
    testing::{Rig, body, header},
};
use super::*;

const CLIENT_LOGIN: &[(&str, &str)] = &[("grant_type", "client_credentials")];

fn authorize(parameters: &[(&str, &str)]) -> String {
    let mut all = vec![("response_type", "code"), ("client_id", CLIENT_ID), ("redirect_uri", REDIRECT_URI)];
    all.retain(|(name, _)| !parameters.iter().any(|(given, _)| given == name));
    let query =
        form_urlencoded::Serializer::new(String::new()).extend_pairs(all).extend_pairs(parameters).finish();
    format!("/login/oauth/authorize?{query}")
}

/// What the browser is sent back with.
fn returned(reply: &Reply) -> BTreeMap<String, String> {
    assert_eq!(reply.status, 302);
    let target = Url::parse(header(reply, "location").unwrap()).unwrap();
    assert!(target.as_str().starts_with(REDIRECT_URI));
    target.query_pairs().into_owned().collect()
}

fn code(rig: &mut Rig, parameters: &[(&str, &str)]) -> String {
    let target = authorize(&[&[("auto", "1")], parameters].concat());
    returned(&rig.call("GET", &target).send())["code"].clone()
}

fn exchange(rig: &mut Rig, code: &str, more: &[(&str, &str)]) -> Reply {
    let mut fields =
        vec![("grant_type", "authorization_code"), ("code", code), ("redirect_uri", REDIRECT_URI)];
    fields.retain(|(name, _)| !more.iter().any(|(given, _)| given == name));
    rig.token(&[&fields, more].concat())
}

fn refusal(reply: &Reply) -> (u16, Value) {
    (reply.status.as_u16(), body(reply)["error"].clone())
}

#[test]
fn a_client_logs_in_as_itself() {
    let mut rig = Rig::new();
    let reply = rig.token(CLIENT_LOGIN);
    let issued = body(&reply);
    assert_eq!(
        (reply.status.as_u16(), &issued["token_type"], &issued["scope"]),
        (200, &json!("bearer"), &json!("read"))
    );
    assert_eq!(issued["expires_in"], 43_200);
    assert_eq!(issued.get("refresh_token"), None);
    assert_ne!(body(&rig.token(CLIENT_LOGIN))["access_token"], issued["access_token"]);
    assert_eq!(rig.state.counts.client_logins, 2);

    let scoped = rig.token(&[("grant_type", "client_credentials"), ("scope", "a b")]);
    assert_eq!(body(&scoped)["scope"], "a b");
}

#[test]
fn the_client_is_named_once_and_in_a_safe_place() {
    let mut rig = Rig::new();
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let in_body = [("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET), CLIENT_LOGIN[0]];
    let path = "/login/oauth/token";

    assert_eq!(rig.call("POST", path).form(&in_body).send().status, 200);
    let encoded = rig.call("POST", path).basic(&encode(CLIENT_ID), &encode(CLIENT_SECRET));
    assert_eq!(encoded.form(CLIENT_LOGIN).send().status, 200);
    let only = rig.call("POST", path).basic(SHIELD_CLIENT_ID, SHIELD_CLIENT_SECRET);
    assert_eq!(only.form(CLIENT_LOGIN).send().status, 200);

    let both = rig.call("POST", path).basic(CLIENT_ID, CLIENT_SECRET).form(&in_body).send();
    assert_eq!(refusal(&both), (400, json!("invalid_request")));
    let query = format!("{path}?grant_type=client_credentials");
    let in_query = rig.call("POST", &query).basic(CLIENT_ID, CLIENT_SECRET).form(CLIENT_LOGIN).send();
    assert_eq!(refusal(&in_query), (400, json!("invalid_request")));

    for reply in [
        rig.call("POST", path).form(CLIENT_LOGIN).send(),
        rig.call("POST", path).basic(CLIENT_ID, "wrong").form(CLIENT_LOGIN).send(),
        rig.call("POST", path).basic("wrong", CLIENT_SECRET).form(CLIENT_LOGIN).send(),
        rig.call("POST", path).form(&[CLIENT_LOGIN[0], ("client_id", CLIENT_ID)]).send(),
    ] {
        assert_eq!(refusal(&reply), (401, json!("invalid_client")));
        assert!(header(&reply, "www-authenticate").is_some());
    }
}

#[test]
fn a_bad_token_request_is_refused() {
    let mut rig = Rig::new();
    for (fields, error) in [
        (&[][..], "invalid_request"),
        (&[CLIENT_LOGIN[0], CLIENT_LOGIN[0]][..], "invalid_request"),
        (&[("grant_type", "authorization_code")][..], "invalid_request"),
        (&[("grant_type", "refresh_token")][..], "invalid_request"),
        (&[("grant_type", "refresh_token"), ("refresh_token", "x")][..], "invalid_grant"),
        (&[("grant_type", "password")][..], "unsupported_grant_type"),
    ] {
        assert_eq!(refusal(&rig.token(fields)), (400, json!(error)), "{fields:?}");
    }
    let users = &[("grant_type", "refresh_token"), ("refresh_token", "x")];
    let call = rig.call("POST", "/user/oauth/token").basic(SHIELD_CLIENT_ID, SHIELD_CLIENT_SECRET);
    assert_eq!(refusal(&call.form(users).send()), (400, json!("unauthorized_client")));
    let not_a_form = rig.call("POST", "/user/oauth/token").basic(CLIENT_ID, CLIENT_SECRET).json(&json!({}));
    assert_eq!(refusal(&not_a_form.send()), (400, json!("invalid_request")));
    assert_eq!(header(&rig.call("GET", "/user/oauth/token").send(), "allow"), Some("POST"));
}

#[test]
fn a_user_logs_in_by_browser() {
    let mut rig = Rig::new();
    let page = rig.call("GET", &authorize(&[("state", "\"<&"), ("user", "bob")])).send();
    let html = String::from_utf8(page.body.to_vec()).unwrap();
    assert_eq!(page.status, 200);
    assert_eq!(html.matches("<button>").count(), 1);
    assert!(html.contains("name=\"state\" value=\"&quot;&lt;&amp;\"") && html.contains("Log in as bob"));

    let back =
        returned(&rig.call("GET", &authorize(&[("state", "s 1"), ("auto", "1"), ("user", USER)])).send());
    assert_eq!(back["state"], "s 1");
    let reply = exchange(&mut rig, &back["code"], &[]);
    let issued = body(&reply);
    assert_eq!(reply.status, 200);
    assert!(issued["refresh_token"].is_string());
    let access = issued["access_token"].as_str().unwrap();
    let call = rig.call("GET", "/capi/v1/customer/pbm").bearer(access).header("accept", "application/json");
    assert_eq!(call.send().status, 200);
    assert_eq!(rig.state.counts.code_exchanges, 1);
    let again = exchange(&mut rig, &back["code"], &[]);
    assert_eq!(refusal(&again), (400, json!("invalid_grant")));
}

#[test]
fn a_code_is_bound_to_its_request() {
    let mut rig = Rig::new();
    let first = code(&mut rig, &[]);
    let reply = exchange(&mut rig, &first, &[("redirect_uri", "https://app.example/callback/")]);
    assert_eq!(refusal(&reply), (400, json!("invalid_grant")));
    let old = code(&mut rig, &[]);
    rig.advance(300);
    assert_eq!(refusal(&exchange(&mut rig, &old, &[])), (400, json!("invalid_grant")));
}

#[test]
fn an_authorize_error_goes_back_only_to_a_known_address() {
    let mut rig = Rig::new();
    for bad in [("client_id", "unknown"), ("redirect_uri", "https://evil.example/"), ("redirect_uri", "")] {
        let reply = rig.call("GET", &authorize(&[bad, ("auto", "1")])).send();
        assert_eq!((reply.status.as_u16(), header(&reply, "location")), (400, None), "{bad:?}");
    }
    for (bad, error) in [
        (("response_type", "token"), "unsupported_response_type"),
        (("client_id", SHIELD_CLIENT_ID), "unauthorized_client"),
        (("user", "unknown"), "access_denied"),
    ] {
        let back = returned(&rig.call("GET", &authorize(&[bad, ("auto", "1"), ("state", "s")])).send());
        assert_eq!((back["error"].as_str(), back["state"].as_str()), (error, "s"));
    }
    rig.state.add_redirect_uri("http://localhost:1/?a=b").unwrap();
    let target = authorize(&[("redirect_uri", "http://localhost:1/?a=b"), ("auto", "1")]);
    let reply = rig.call("GET", &target).send();
    assert!(header(&reply, "location").unwrap().starts_with("http://localhost:1/?a=b&code="));
}

#[test]
fn a_refresh_token_is_renewed() {
    let mut rig = Rig::with(|builder| builder.refresh_lifetime(Duration::from_secs(1000)));
    let code = code(&mut rig, &[("scope", "mine")]);
    let first = body(&exchange(&mut rig, &code, &[]));
    let mut renew = |issued: &Value, later: u64| {
        rig.advance(later);
        rig.token(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", issued["refresh_token"].as_str().unwrap()),
        ])
    };
    let second = body(&renew(&first, 0));
    assert_ne!(second["access_token"], first["access_token"]);
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    assert_eq!(second["scope"], "mine");
    assert_eq!(refusal(&renew(&first, 0)), (400, json!("invalid_grant")));
    assert_eq!(refusal(&renew(&second, 1000)), (400, json!("invalid_token")));
    assert_eq!(rig.state.counts.refreshes, 1);
}

#[test]
fn the_same_token_can_come_again() {
    let mut rig = Rig::with(|builder| builder.same_token_again(true));
    let first = body(&rig.token(CLIENT_LOGIN));
    rig.advance(43_199);
    let again = body(&rig.token(CLIENT_LOGIN));
    assert_eq!(again["access_token"], first["access_token"]);
    assert_eq!(again["expires_in"], 1);
    rig.advance(1);
    assert_ne!(body(&rig.token(CLIENT_LOGIN))["access_token"], first["access_token"]);
}

#[test]
fn pkce_is_checked_on_demand() {
    let plain = [("code_challenge", "secret")];
    let mut rig = Rig::new();
    let ignored = code(&mut rig, &plain);
    assert_eq!(exchange(&mut rig, &ignored, &[]).status, 200);

    let mut rig = Rig::with(|builder| builder.require_pkce(true));
    let back = returned(&rig.call("GET", &authorize(&[("auto", "1")])).send());
    assert_eq!(back["error"], "invalid_request");
    for (verifier, status) in
        [(&[("code_verifier", "secret")][..], 200), (&[], 400), (&[("code_verifier", "x")], 400)]
    {
        let code = code(&mut rig, &plain);
        assert_eq!(exchange(&mut rig, &code, verifier).status, status);
    }
}

/// The values are those of RFC 7636, appendix B.
#[cfg(feature = "symphony")]
#[test]
fn pkce_knows_sha_256() {
    let mut rig = Rig::with(|builder| builder.require_pkce(true));
    let challenge = [
        ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        ("code_challenge_method", "S256"),
    ];
    for (verifier, status) in [("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", 200), ("other", 400)] {
        let code = code(&mut rig, &challenge);
        assert_eq!(exchange(&mut rig, &code, &[("code_verifier", verifier)]).status, status);
    }
}
