//! Whatever Symphony answers: what can be read is read, and what cannot is kept.

mod errors;
mod pages;
mod privacy;

use self::errors::{assert_discreet, assert_kept};
use entitlements::{
    Error, ErrorKind,
    auth::StaticToken,
    symphony::{
        Advisor, Client, EntitlementStatus, ExternalNetwork, PhoneProduct, PhoneProvider, ProblemType,
        SubNetwork, model,
    },
    time::TestClock,
};
use serde_json::{Value, json};

use crate::support::raw::{
    RawServer,
    answer::{self, Answer},
};

const NETWORK: ExternalNetwork = ExternalNetwork::WhatsApp;

fn ada() -> Advisor {
    Advisor::id("1")
}

/// A client whose server gives these answers.
async fn answering(answers: impl IntoIterator<Item = Answer>) -> (RawServer, Client) {
    let server = RawServer::start(answers).await;
    let client = Client::builder(format!("{}/admin", server.uri()))
        .auth(StaticToken::new("not-a-real-token"))
        .clock(TestClock::new())
        .build()
        .expect("a client");
    (server, client)
}

async fn networks(body: &str) -> Vec<String> {
    let (_server, client) = answering([answer::json(200, body)]).await;
    let answer = client.list_entitlements().send().await.unwrap_or_else(|error| panic!("{body}: {error}"));
    answer.entitlements.iter().map(ToString::to_string).collect()
}

async fn entitlement(body: &Value) -> model::AdvisorEntitlement {
    let (_server, client) = answering([answer::json(200, &body.to_string())]).await;
    let answer = client.get_advisor_entitlement(NETWORK, ada()).send().await;
    answer.unwrap_or_else(|error| panic!("{body}: {error}")).into_inner()
}

async fn added(body: &Value) -> model::AddedEntitlement {
    let (_server, client) = answering([answer::json(201, &body.to_string())]).await;
    let answer = client.add_entitlement(NETWORK, ada()).send().await;
    answer.unwrap_or_else(|error| panic!("{body}: {error}")).into_inner()
}

#[tokio::test]
async fn networks_in_every_form() {
    assert_eq!(networks(r#"{"entitlements":["WHATSAPP","VIBER"]}"#).await, ["WHATSAPP", "VIBER"]);
    assert_eq!(networks(r#"{"entitlements":["SMS-DIRECT"],"more":{"a":[1]}}"#).await, ["SMS-DIRECT"]);
    assert_eq!(networks(r#"{"entitlements":[7]}"#).await, ["7"]);
    for nothing in ["{}", r#"{"entitlements":null}"#, r#"{"entitlements":[]}"#, " {\n} "] {
        assert_eq!(networks(nothing).await, [""; 0], "{nothing}");
    }
}

#[tokio::test]
async fn no_content_is_an_empty_answer_also_for_a_read() {
    let (_server, client) = answering([answer::empty(204), answer::empty(204)]).await;
    assert!(client.list_entitlements().send().await.expect("nothing").entitlements.is_empty());
    let page = client.list_entitled_advisors(NETWORK).send().await.expect("nothing");
    assert!(page.entitlements.is_empty());
    assert_eq!(page.status().as_u16(), 204);
}

#[tokio::test]
async fn an_entitlement_with_unknown_values_and_fields() {
    let read = entitlement(&json!({
        "symphonyId": "1",
        "status": "HALF_ENTITLED",
        "externalNetwork": "VIBER",
        "phone": {"product": "NEW", "subNetwork": "ELSEWHERE", "provider": "ACME", "colour": "red"},
        "permissions": [{"permissionName": "a", "since": 2031}],
        "later": {"a": [1, 2]},
    }))
    .await;
    assert_eq!(read.status, Some(EntitlementStatus::from("HALF_ENTITLED")));
    assert!(matches!(read.status, Some(EntitlementStatus::Unknown(_))));
    assert_eq!(read.external_network.as_ref().map(ExternalNetwork::as_str), Some("VIBER"));
    let phone = read.phone.expect("a phone");
    assert_eq!(phone.product, Some(PhoneProduct::from("NEW")));
    assert_eq!(phone.sub_network, Some(SubNetwork::from("ELSEWHERE")));
    assert_eq!(phone.provider, Some(PhoneProvider::from("ACME")));
    assert_eq!(phone.number, None);
    assert_eq!(read.permissions.len(), 1);
}

#[tokio::test]
async fn an_entitlement_with_null_everywhere() {
    let read = entitlement(&json!({
        "symphonyId": null, "firstName": null, "lastName": null, "companyName": null, "displayName": null,
        "emailAddress": null, "avatar": null, "externalNetwork": null, "federationGroupId": null, "status": null,
        "phone": null, "permissions": null,
    }))
    .await;
    assert_eq!(serde_json::to_value(&read).expect("serialises"), json!({}));
    let inner = json!({"number": null, "product": null, "subNetwork": null, "provider": null});
    let read = entitlement(&json!({"phone": inner, "permissions": [{"permissionName": null}]})).await;
    assert!(read.phone.is_some_and(|phone| phone.number.is_none() && phone.product.is_none()));
    assert_eq!(read.permissions[0].permission_name, None);
}

#[tokio::test]
async fn numbers_and_flags_where_texts_are_meant() {
    let read = entitlement(&json!({
        "symphonyId": 351_775_001_412_105_u64,
        "firstName": true,
        "federationGroupId": -7,
        "status": 1,
        "externalNetwork": 2,
        "phone": {"number": 4_712_345_678_u64},
    }))
    .await;
    assert_eq!(read.symphony_id.as_deref(), Some("351775001412105"));
    assert_eq!(read.first_name.as_deref(), Some("true"));
    assert_eq!(read.federation_group_id.as_deref(), Some("-7"));
    assert_eq!(read.status, Some(EntitlementStatus::from("1")));
    assert_eq!(read.phone.and_then(|phone| phone.number).as_deref(), Some("4712345678"));
}

#[tokio::test]
async fn texts_of_any_length_and_of_no_length() {
    let long = "x".repeat(70_000);
    let read =
        entitlement(&json!({"displayName": long, "avatar": "", "status": "", "companyName": "a\u{0}\n\"ø"}))
            .await;
    assert_eq!(read.display_name.map(|name| name.len()), Some(70_000));
    assert_eq!(read.avatar.as_deref(), Some(""));
    assert_eq!(read.status, Some(EntitlementStatus::from("")));
    assert_eq!(read.company_name.as_deref(), Some("a\u{0}\n\"ø"));
}

#[tokio::test]
async fn an_answer_without_data_means_that_the_advisor_is_not_entitled() {
    let empty =
        [answer::json(200, ""), answer::json(200, "null"), answer::json(200, " {} "), answer::empty(204)];
    for nothing in empty {
        let (_server, client) = answering([nothing]).await;
        let error = client.get_advisor_entitlement(NETWORK, ada()).send().await.expect_err("nothing");
        assert!(error.is_not_found(), "{error}");
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
}

#[tokio::test]
async fn an_added_entitlement_with_permissions_of_every_fate() {
    let answer = added(&json!({
        "ownContactId": 14_362_370_637_825_u64,
        "status": "PRE_ENTITLED",
        "permissions": [
            {"status": 200, "response": {"permissionName": "a", "permissionId": 7}, "error": null},
            {"status": "404", "error": {"itemId": "b", "statusCode": "404", "parameters": null}, "response": null},
            {"status": 404.0, "error": {"itemId": 9, "statusCode": 404.0, "type": "about:blank", "new": []}},
            {"status": 500},
            {},
        ],
    }))
    .await;
    assert_eq!(answer.own_contact_id.as_deref(), Some("14362370637825"));
    assert_eq!(answer.status, Some(EntitlementStatus::PreEntitled));
    assert_eq!(answer.permissions.len(), 5);
    let failed: Vec<_> = answer.failed_permissions().map(|outcome| outcome.status).collect();
    assert_eq!(failed, [Some(404), Some(404), Some(500)]);
    let granted = answer.permissions[0].response.as_ref().expect("granted");
    assert_eq!(granted.permission_id.as_deref(), Some("7"));
    let errors: Vec<_> = answer.permissions.iter().filter_map(|outcome| outcome.error.as_ref()).collect();
    assert_eq!(errors[0].status_code, Some(404));
    assert_eq!(errors[1].status_code, Some(404));
    assert_eq!(errors[1].item_id.as_deref(), Some("9"));
}

#[tokio::test]
async fn the_parameters_of_a_failed_permission_hold_texts_by_name() {
    let parameters = json!({"permissionName": "a", "other": "b"});
    let answer = added(&json!({"permissions": [{"error": {"parameters": parameters}}]})).await;
    let error = answer.permissions[0].error.as_ref().expect("an error");
    assert_eq!(error.parameters.get("permissionName").map(String::as_str), Some("a"));
    assert_eq!(error.parameters.len(), 2);
}

/// The request was carried out: a detail in the answer must not turn that into a failure.
#[tokio::test]
async fn the_parameters_of_a_failed_permission_can_hold_numbers_and_null() {
    let parameters = json!({"limit": 5, "name": null, "fatal": true});
    let answer =
        added(&json!({"status": "ENTITLED", "permissions": [{"error": {"parameters": parameters}}]})).await;
    assert_eq!(answer.status, Some(EntitlementStatus::Entitled));
    assert_eq!(answer.failed_permissions().count(), 1);
}

#[tokio::test]
async fn adding_is_a_success_with_each_status_and_with_and_without_a_body() {
    for status in [200, 201, 202] {
        let (_server, client) = answering([answer::json(status, r#"{"status":"ENTITLED"}"#)]).await;
        let answer = client.add_entitlement(NETWORK, ada()).send().await.expect("added");
        assert_eq!(answer.status().as_u16(), status);
        assert_eq!(answer.status, Some(EntitlementStatus::Entitled));
    }
    for status in [200, 201, 204] {
        let (_server, client) = answering([answer::empty(status)]).await;
        let answer = client.add_entitlement(NETWORK, ada()).send().await.expect("added");
        assert_eq!(answer.status().as_u16(), status);
        assert_eq!(answer.status, None);
        assert!(answer.body().is_empty());
    }
}

#[tokio::test]
async fn an_answer_to_adding_that_cannot_be_read_is_kept() {
    let (_server, client) = answering([answer::with(201, &[("x-id", "7")], "added ada@acme.example")]).await;
    let error = client.add_entitlement(NETWORK, ada()).send().await.expect_err("no JSON");
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
    assert_kept(&error, 201, "added ada@acme.example");
    assert_eq!(error.headers()["x-id"], "7");
    assert_discreet(&error, &["ada@"]);
}

#[tokio::test]
async fn removing_is_a_success_with_each_status_and_whatever_the_body_holds_but_html() {
    let bodies = ["", "null", "{}", "removed", r#"{"type":"entitlement.not.found"}"#];
    for body in bodies {
        let (_server, client) = answering([answer::with(200, &[], body)]).await;
        let answer = client.remove_entitlement(NETWORK, ada()).send().await.expect("removed");
        assert_eq!(answer.status().as_u16(), 200);
        assert_eq!(answer.body().as_ref(), body.as_bytes());
    }
    // A page of something in between, which knows nothing of the entitlement.
    let (_server, client) = answering([answer::with(200, &[], " <html>")]).await;
    let error = client.remove_entitlement(NETWORK, ada()).send().await.expect_err("no answer of Symphony's");
    assert_eq!(error.kind(), ErrorKind::UnexpectedAnswer);
    assert_kept(&error, 200, " <html>");
    let (_server, client) = answering([answer::empty(204)]).await;
    assert_eq!(
        client.remove_entitlement(NETWORK, ada()).send().await.expect("removed").status().as_u16(),
        204
    );
}

#[tokio::test]
async fn what_the_vendor_added_is_within_reach() {
    let body = r#"{"status":"ENTITLED","later":7}"#;
    let script = [answer::with(200, &[("x-id", "9")], body), answer::json(200, body)];
    let (_server, client) = answering(script).await;
    let answer = client.get_advisor_entitlement(NETWORK, ada()).send().await.expect("an answer");
    assert_eq!(answer.body().as_ref(), body.as_bytes());
    assert_eq!(answer.headers()["x-id"], "9");
    assert_eq!(answer.attempts(), 1);
    let own = client.get_advisor_entitlement(NETWORK, ada()).send_as::<Value>().await.expect("an answer");
    assert_eq!(own["later"], 7);
}
