//! Symphony's client against its fake.

use entitlements::{
    ErrorKind,
    fakes::{Reply, symphony::Fake},
    symphony::{Advisor, EntitlementStatus, ExternalNetwork},
};

async fn fake_with_users(count: usize, page_size: usize) -> Fake {
    let fake = Fake::builder().page_size(page_size).start().await;
    for number in 0..count {
        let id = format!("3517750014{number:05}");
        fake.add_user(&id, &format!("user{number:03}+x@acme.example"), "User", &number.to_string());
    }
    fake
}

fn user(number: usize) -> Advisor {
    Advisor::email(format!("user{number:03}+x@acme.example"))
}

#[tokio::test]
async fn entitled_once_listed_read_and_removed() {
    let fake = fake_with_users(1, 25).await;
    let client = fake.client().expect("a client");
    let added = client
        .add_entitlement(ExternalNetwork::WhatsApp, user(0))
        .permissions(["create:room", "bad:name"])
        .send()
        .await
        .expect("added");
    assert_eq!(added.status().as_u16(), 201);
    assert_eq!(added.status, Some(EntitlementStatus::Entitled));
    assert_eq!(added.failed_permissions().count(), 1);

    let read =
        client.get_advisor_entitlement(ExternalNetwork::WhatsApp, user(0)).send().await.expect("there");
    assert_eq!(read.email_address.as_deref(), Some("user000+x@acme.example"));
    assert_eq!(read.permissions.len(), 5);

    client.remove_entitlement(ExternalNetwork::WhatsApp, user(0)).send().await.expect("removed");
    let error = client.remove_entitlement(ExternalNetwork::WhatsApp, user(0)).send().await.expect_err("gone");
    assert!(error.is_not_found());
    assert_eq!(error.code(), Some("entitlement.not.found"));
    assert_eq!(fake.entitled(ExternalNetwork::WhatsApp), 0);
}

#[tokio::test]
async fn a_listing_goes_over_all_pages_forwards_and_backwards_with_permissions() {
    let fake = fake_with_users(7, 3).await;
    let client = fake.client().expect("a client");
    for number in 0..7 {
        client.add_entitlement(ExternalNetwork::Line, user(number)).send().await.expect("added");
    }
    let listing = client.list_entitled_advisors(ExternalNetwork::Line).list_permissions(true);
    let all: Vec<_> = listing.clone().stream().try_collect().await.expect("lists");
    let emails: Vec<_> = all.iter().filter_map(|advisor| advisor.email_address.clone()).collect();
    let expected: Vec<_> = (0..7).map(|number| format!("user{number:03}+x@acme.example")).collect();
    assert_eq!(emails, expected);
    assert!(all.iter().all(|advisor| advisor.permissions.len() == 5));

    let first = listing.clone().send().await.expect("a page");
    let cursor = first.pagination.clone().and_then(|links| links.cursors).and_then(|both| both.after);
    let second = listing.clone().after(cursor.expect("more pages")).send().await.expect("a page");
    let cursor = second.pagination.clone().and_then(|links| links.cursors).and_then(|both| both.before);
    let back: Vec<_> =
        listing.before(cursor.expect("an earlier page")).stream().try_collect().await.expect("lists");
    assert_eq!(back.len(), 3);
}

#[tokio::test]
async fn ensuring_twice_is_harmless_and_says_what_is_missing() {
    let fake = fake_with_users(1, 25).await;
    let client = fake.client().expect("a client");
    let ensure = || {
        client
            .ensure_entitled(ExternalNetwork::SmsDirect, user(0))
            .phone_number("+1 234-567-8912")
            .permissions(["create:room", "admin:list-customers", "bad:name"])
    };
    let first = ensure().send().await.expect("entitled");
    assert!(!first.was_entitled());
    assert_eq!(first.failed_permissions().len(), 1);
    assert_eq!(first.failed_permissions()[0].name(), "bad:name");
    assert_eq!(first.failed_permissions()[0].status(), Some(404));

    let second = ensure().send().await.expect("entitled");
    assert!(second.was_entitled());
    assert_eq!(second.failed_permissions()[0].name(), "bad:name");
    assert_eq!(second.failed_permissions()[0].status(), None);

    let remove = || client.ensure_removed(ExternalNetwork::SmsDirect, user(0));
    assert!(remove().send().await.expect("removed").was_entitled());
    assert!(!remove().send().await.expect("gone").was_entitled());
}

#[tokio::test]
async fn a_lost_answer_to_add_is_never_repeated_and_ensure_reads_back() {
    let fake = fake_with_users(2, 25).await;
    let client = fake.client().expect("a client");
    let gateway = || Reply::new(502).with_body("text/html", "<html>Bad gateway</html>");

    fake.reply_next_after_change(gateway());
    let error = client.add_entitlement(ExternalNetwork::Sms, user(0)).send().await.expect_err("lost");
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
    assert_eq!(error.attempts(), 1);
    assert_eq!(error.body().as_ref(), b"<html>Bad gateway</html>");

    fake.reply_next_after_change(gateway());
    let ensured = client.ensure_entitled(ExternalNetwork::Sms, user(1)).send().await.expect("found");
    assert!(!ensured.was_entitled(), "this call added it");

    fake.reply_next(gateway());
    let ensured = client.ensure_entitled(ExternalNetwork::Line, user(1)).send().await.expect("added again");
    assert!(!ensured.was_entitled());
    assert_eq!(fake.entitled(ExternalNetwork::Line), 1);
}

#[tokio::test]
async fn a_removal_that_was_carried_out_and_lost_is_a_success() {
    let fake = fake_with_users(1, 25).await;
    let client = fake.client().expect("a client");
    client.add_entitlement(ExternalNetwork::Sms, user(0)).send().await.expect("added");
    fake.reply_next_after_change(Reply::new(504));
    let removed = client.remove_entitlement(ExternalNetwork::Sms, user(0)).send().await.expect("removed");
    assert_eq!(removed.status().as_u16(), 404);
    assert_eq!(removed.attempts(), 2);
}

#[tokio::test]
async fn ensuring_reads_back_after_every_answer_that_leaves_the_outcome_open() {
    let fake = fake_with_users(1, 25).await;
    let client = fake.client().expect("a client");
    let ensure = || client.ensure_entitled(ExternalNetwork::Sms, user(0)).send();

    // Both requests are lost, and the second one was carried out.
    let nothing = || Reply::json(404, &serde_json::json!({ "type": "entitlement.not.found" }));
    fake.reply_next(Reply::new(502));
    fake.reply_next(nothing());
    fake.reply_next_after_change(Reply::new(502));
    assert!(!ensure().await.expect("found").was_entitled(), "this call added it");

    // The first request arrives after it was looked for.
    client.ensure_removed(ExternalNetwork::Sms, user(0)).send().await.expect("removed");
    fake.reply_next_after_change(Reply::new(502));
    fake.reply_next(nothing());
    assert!(!ensure().await.expect("found").was_entitled(), "this call added it");

    // The answer is a success of another shape.
    client.ensure_removed(ExternalNetwork::Sms, user(0)).send().await.expect("removed");
    fake.reply_next_after_change(Reply::json(201, &serde_json::json!({ "permissions": ["create:room"] })));
    assert!(!ensure().await.expect("found").was_entitled(), "this call added it");
}

#[tokio::test]
async fn only_the_missing_entitlement_itself_completes_a_lost_removal() {
    let fake = fake_with_users(1, 25).await;
    let client = fake.client().expect("a client");
    let tenant = serde_json::json!({ "type": "tenant.configuration.not.found" });
    for other in [Reply::json(404, &tenant), Reply::new(404).with_body("text/html", "<html>")] {
        client.ensure_entitled(ExternalNetwork::Sms, user(0)).send().await.expect("entitled");
        fake.reply_next(Reply::new(502));
        fake.reply_next(other);
        let error =
            client.ensure_removed(ExternalNetwork::Sms, user(0)).send().await.expect_err("still there");
        assert!(error.is_not_found());
        assert_eq!(fake.entitled(ExternalNetwork::Sms), 1);
    }
}
