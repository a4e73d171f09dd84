//! What the specification says, asked by the fakes.

use std::{
    io::{Read, Write},
    net::TcpStream,
    panic::{AssertUnwindSafe, catch_unwind},
};

use entitlements::{
    ErrorKind, Result,
    fakes::{Fault, connect, crm_gateway, symphony},
};
use serde_json::{Value, json};

const TOKEN: &str = "plainly-fake-token";

/// One exchange over a socket: status, `x-fake-rule` and body.
fn send(
    uri: &str,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> (u16, Option<String>, Value) {
    let mut stream = TcpStream::connect(uri.trim_start_matches("http://")).expect("listening");
    let headers: Vec<_> = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let headers = headers.concat();
    let length = body.len();
    write!(
        stream,
        "{method} {target} HTTP/1.1\r\nhost: localhost\r\naccept: application/json\r\n{headers}\
         content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
    .expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    let rule = head.lines().find_map(|line| line.strip_prefix("x-fake-rule: ")).map(str::to_owned);
    (status, rule, serde_json::from_str(body).unwrap_or_default())
}

const BEARER: (&str, &str) = ("authorization", "Bearer plainly-fake-token");
const JSON: (&str, &str) = ("content-type", "application/json");
const NETWORKS: &str = "/admin/api/v2/customer/entitlements";

#[tokio::test]
async fn symphony_refuses_a_broken_rule_in_its_own_shape() {
    let fake = symphony::Fake::builder().accept_token(TOKEN).start().await;
    for (headers, body, name) in [
        (&[BEARER, JSON][..], r#"{"externalNetwork":"SMS","permissions":"create:room"}"#, "body-schema at "),
        (&[BEARER, JSON], r#"{"symphonyId":"1"}"#, "body-schema at "),
        (&[BEARER, JSON], "no JSON", "body-json at "),
        (&[BEARER, JSON], "", "missing-body at "),
        (&[BEARER, ("content-type", "text/plain")], "{}", "media-type at "),
    ] {
        let (status, rule, problem) = send(&fake.uri(), "POST", NETWORKS, headers, body);
        assert_eq!((status, &problem["status"]), (400, &json!(400)), "{body}");
        let rule = rule.expect(name);
        assert!(rule.starts_with(name), "{rule}");
        let journal = fake.journal();
        let entry = journal.entries().next_back().expect("just sent");
        assert_eq!(entry.broken_rule.as_deref(), Some(rule.as_str()));
        assert!(journal.to_string().contains(&format!("broken rule: {rule}")), "{journal}");
    }
    let (status, rule, _) = send(&fake.uri(), "POST", NETWORKS, &[JSON], "no JSON");
    assert_eq!((status, rule), (401, None), "a token is looked at first");
    let journal = AssertUnwindSafe(fake.journal());
    catch_unwind(move || journal.assert_no_broken_rules()).expect_err("five were broken");
}

#[tokio::test]
async fn the_crm_gateway_refuses_a_broken_rule_in_its_own_shape() {
    let fake = crm_gateway::Fake::builder().accept_token(TOKEN).start().await;
    for query in ["limit=many", "limit=1&page=1.5", "filter=%7B%7D&filter=%7B%7D"] {
        let target = format!("/crm-gateway/v1/rmg/v1/entitlements?{query}");
        let (status, rule, error) = send(&fake.uri(), "GET", &target, &[BEARER], "");
        assert_eq!((status, &error["errorCode"]), (400, &json!(1001)), "{query}");
        let rule = rule.expect(query);
        assert!(
            rule.starts_with("query-parameter at ") || rule.starts_with("repeated-parameter at "),
            "{rule}"
        );
    }
}

#[tokio::test]
async fn connect_refuses_a_broken_rule_in_its_own_shape() {
    let fake = connect::Fake::builder().accept_user_token(TOKEN, connect::USER).start().await;
    let level = format!("/capi/v1/customer/pbm/{}", connect::ENTERPRISE);
    for (body, name) in [
        (r#"{"channels":[{"type":"MAYBE","value":"TM"}]}"#, "body-schema at "),
        (r#"{"channels":{}}"#, "body-schema at "),
        ("no JSON", "body-json at "),
    ] {
        let (status, rule, error) = send(&fake.uri(), "POST", &level, &[BEARER, JSON], body);
        assert_eq!(status, 400, "{body}");
        assert!(error["errorMessage"].is_string(), "{error}");
        assert!(rule.expect(name).starts_with(name), "{body}");
    }
}

#[tokio::test]
async fn our_clients_break_no_rule() -> Result<()> {
    let fake = symphony::Fake::start().await;
    fake.add_user("351775001412105", "ada@acme.example", "Ada", "Byron");
    let ada = || entitlements::symphony::Advisor::email("ada@acme.example");
    let client = fake.client()?;
    client.add_entitlement("SMS", ada()).permissions(["create:room", "odd"]).send().await?;
    client.list_entitled_advisors("SMS").list_permissions(true).send().await?;
    client.get_advisor_entitlement("SMS", ada()).send().await?;
    client.remove_entitlement("SMS", ada()).send().await?;
    fake.journal().assert_no_broken_rules();
    Ok(())
}

fn document(name: &str) -> Value {
    let text = std::fs::read_to_string(format!("{}/specs/{name}.yaml", env!("CARGO_MANIFEST_DIR")));
    yaml_serde::from_str(&text.expect("the document")).expect("YAML")
}

#[tokio::test]
async fn a_reply_that_breaks_a_tightened_specification_turns_a_test_red() -> Result<()> {
    let mut tightened = document("symphony");
    let networks = &mut tightened["components"]["schemas"]["AvailableNetworks"]["properties"]["entitlements"];
    networks["maxItems"] = json!(1);
    let fake = symphony::Fake::builder().check_against(&tightened).start().await;
    let error = fake.client()?.list_entitlements().with_max_attempts(1).send().await.expect_err("five");
    assert_eq!(error.kind(), ErrorKind::Server);
    let rule = error.headers().get("x-fake-rule").expect("the rule").to_str().expect("text");
    assert!(rule.starts_with("reply-schema at listEntitlements 200, body /entitlements:"), "{rule}");
    let panic = catch_unwind(AssertUnwindSafe(move || drop(fake))).expect_err("dropping says it too");
    let text = panic.downcast_ref::<String>().expect("a text");
    assert!(text.contains("breaks the specification: reply-schema at"), "{text}");
    Ok(())
}

/// The same for the others: what is tightened is named, and the answer is 500.
#[tokio::test]
async fn the_other_specifications_can_be_tightened_as_well() {
    let mut tightened = document("crm-gateway");
    tightened["components"]["schemas"]["EntitlementPage"]["properties"]["totalRecords"]["minimum"] = json!(1);
    let fake = crm_gateway::Fake::builder().accept_token(TOKEN).check_against(&tightened).start().await;
    let (status, rule, _) = send(&fake.uri(), "GET", "/crm-gateway/v1/rmg/v1/entitlements", &[BEARER], "");
    let rule = rule.expect("a rule");
    assert_eq!(status, 500);
    assert!(rule.starts_with("reply-schema at getEntitlements 200, body /totalRecords:"), "{rule}");
    catch_unwind(AssertUnwindSafe(move || drop(fake))).expect_err("dropping says it too");

    let mut tightened = document("connect");
    tightened["paths"]["/v1/customer/pbm"]["get"]["responses"]["200"] = json!({ "description": "nothing" });
    let builder = connect::Fake::builder().accept_user_token(TOKEN, connect::USER);
    let fake = builder.check_against(&tightened).start().await;
    let (status, rule, _) = send(&fake.uri(), "GET", "/capi/v1/customer/pbm", &[BEARER], "");
    let rule = rule.expect("a rule");
    assert_eq!(status, 500);
    assert!(rule.starts_with("reply-body at listGlobalPermissions 200"), "{rule}");
    catch_unwind(AssertUnwindSafe(move || drop(fake))).expect_err("dropping says it too");
}

#[tokio::test]
async fn faults_are_not_judged_and_checks_can_be_switched_off() -> Result<()> {
    let odd = Fault::null_arrays().then(Fault::extra_fields()).then(Fault::html(200)).then_normal();
    let fake = symphony::Fake::builder().faults("listEntitlements", odd).start().await;
    for _ in 0..4 {
        let _ = fake.client()?.list_entitlements().with_max_attempts(1).send().await;
    }
    let statuses: Vec<_> = fake.journal().entries().filter_map(|entry| entry.status).collect();
    assert_eq!(statuses, [200; 4]);

    let fake = symphony::Fake::builder().accept_token(TOKEN).check_against(None).start().await;
    let (status, rule, _) = send(&fake.uri(), "POST", NETWORKS, &[BEARER, JSON], "no JSON");
    assert_eq!((status, rule), (400, None));
    Ok(())
}

#[test]
fn a_specification_that_cannot_be_used_is_refused_where_it_is_written() {
    let nothing = json!({});
    let refused = catch_unwind(|| drop(symphony::Fake::builder().check_against(&nothing)));
    let panic = refused.expect_err("it is none");
    let text = panic.downcast_ref::<String>().expect("a text");
    assert!(text.starts_with("the specification cannot be used: "), "{text}");
}
