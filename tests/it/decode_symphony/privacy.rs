//! Nothing personal in any `Debug` output or error text.

use std::fmt::Debug;

use super::*;

/// Everything that must not be printed, in a value that has all of it.
const SECRETS: [&str; 11] = [
    "351775001412105",
    "14362370637825",
    "Augusta",
    "Lovelace",
    "ada@acme.example",
    "234-567",
    "portrait",
    "secret-cursor",
    "secret-item",
    "secret-title",
    "not-a-real-token",
];

#[track_caller]
fn assert_hidden(value: &impl Debug) {
    for printed in [format!("{value:?}"), format!("{value:#?}")] {
        for secret in SECRETS {
            assert!(!printed.contains(secret), "`{secret}` is in {printed}");
        }
    }
}

fn personal() -> Value {
    json!({
        "symphonyId": "351775001412105", "ownContactId": "14362370637825", "firstName": "Augusta",
        "lastName": "Lovelace", "displayName": "Augusta Lovelace", "emailAddress": "ada@acme.example",
        "avatar": "https://acme.example/portrait.png", "companyName": "Acme", "status": "ENTITLED",
        "phone": {"number": "+1 234-567-8912", "product": "SMS"},
    })
}

#[tokio::test]
async fn models_and_answers_hide_whom_they_are_about() {
    let mut page = json!({
        "entitlements": [personal()],
        "pagination": {
            "next": "?after=secret-cursor", "previous": "?before=secret-cursor",
            "cursors": {"after": "secret-cursor", "before": "secret-cursor"},
        },
    });
    let mut outcome = personal();
    let failure = json!({
        "itemId": "secret-item", "title": "secret-title", "detail": "secret-title", "instance": "secret-title",
        "parameters": {"secret-item": "secret-title"}, "statusCode": 404,
    });
    outcome["permissions"] = json!([{"status": 404, "error": failure}]);
    let script = [&page, &personal(), &outcome].map(|body| answer::json(200, &body.to_string()));
    let (_server, client) = answering(script).await;
    let listed = client.list_entitled_advisors(NETWORK).send().await.expect("a page");
    assert_hidden(&listed);
    assert!(format!("{listed:?}").contains("Acme"), "what is not personal is shown");
    assert!(format!("{listed:?}").contains("<redacted>"), "{listed:?}");
    assert_hidden(&client.get_advisor_entitlement(NETWORK, ada()).send().await.expect("an answer"));
    assert_hidden(&client.add_entitlement(NETWORK, ada()).send().await.expect("an answer"));

    page["entitlements"] = json!(["ada@acme.example"]);
    let (_server, client) = answering([answer::json(200, &page.to_string())]).await;
    let mut listing = client.list_entitled_advisors(NETWORK).after("secret-cursor").stream();
    assert_hidden(&listing);
    assert_hidden(&listing.next().await);
    assert_hidden(&listing);
    assert_hidden(&listing.pages());
}

#[tokio::test]
async fn what_ensuring_found_hides_whom_it_is_about() {
    let mut body = personal();
    body["permissions"] =
        json!([{"status": 404, "error": {"itemId": "create:room", "title": "secret-title"}}]);
    let (_server, client) = answering([answer::json(201, &body.to_string())]).await;
    let ensured = client.ensure_entitled(NETWORK, ada()).send().await.expect("entitled");
    assert_eq!(ensured.failed_permissions()[0].name(), "create:room");
    assert_hidden(&ensured);
}

#[tokio::test]
async fn requests_clients_and_errors_hide_whom_they_are_about() {
    let body =
        json!({"title": "secret-title", "detail": "ada@acme.example", "type": "secret-item"}).to_string();
    let (_server, client) = answering([answer::json(400, &body)]).await;
    let advisor = || Advisor::email("ada@acme.example").and_id("351775001412105");
    assert_hidden(&client);
    assert_hidden(&client.auth());
    assert_hidden(&advisor());
    let add = client.add_entitlement(NETWORK, advisor()).phone_number("+1 234-567-8912");
    assert_hidden(&add);
    assert_hidden(&client.ensure_entitled(NETWORK, advisor()).phone_number("+1 234-567-8912"));
    assert_hidden(&client.get_advisor_entitlement(NETWORK, advisor()));
    assert_hidden(&client.remove_entitlement(NETWORK, advisor()));
    assert_hidden(&client.ensure_removed(NETWORK, advisor()));
    assert_hidden(&client.list_entitled_advisors(NETWORK).after("secret-cursor"));
    let own =
        client.request("GET", "/api/ada@acme.example").query("a", "secret-item").header("b", "secret-title");
    assert_hidden(&own);
    assert_hidden(&add.send().await.expect_err("refused"));
}

/// The text of an error and of all that caused it, as a log would show it.
fn chain(error: &Error) -> String {
    let mut words = format!("{error} {error:?}");
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        words = format!("{words} {cause} {cause:?}");
        source = cause.source();
    }
    words
}

#[tokio::test]
async fn the_cause_of_a_lost_connection_does_not_show_the_query() {
    let (_server, client) =
        answering([answer::hang_up(), answer::hang_up(), answer::hang_up(), answer::hang_up()]).await;
    let advisor = Advisor::email("ada@acme.example").and_id("351775001412105");
    let error = client.get_advisor_entitlement(NETWORK, advisor).send().await.expect_err("lost");
    assert_eq!(error.kind(), ErrorKind::Server);
    let words = chain(&error);
    for secret in ["ada", "351775001412105", "not-a-real-token"] {
        assert!(!words.contains(secret), "{words}");
    }
}
