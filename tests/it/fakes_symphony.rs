//! Symphony's fake as a test author sets it up, through its public builder.

use std::time::Duration;

use entitlements::{
    ErrorKind,
    fakes::{
        Fault, RateHeader,
        symphony::{Entitlement, ErrorShape, Fake, KEY_NAME, Operation, Tenant, User},
    },
    symphony::{Advisor, EntitlementStatus, ExternalNetwork},
    time::TestClock,
};

const LINE: ExternalNetwork = ExternalNetwork::Line;

fn person(number: usize) -> User {
    User::new(format!("{}", 1_000_000 + number), format!("u{number}@acme.example"), "U", number.to_string())
}

fn by_id(number: usize) -> Advisor {
    Advisor::id(format!("{}", 1_000_000 + number))
}

#[tokio::test]
async fn a_listing_goes_over_generated_advisors_while_some_are_removed_and_added() {
    let tenant = Tenant::default().advisors(LINE, 5_000, person).users(20_000, person);
    let fake = Fake::builder().page_size(500).tenant(tenant).start().await;
    let client = fake.client().expect("a client");
    let own = fake.tenant(KEY_NAME);
    own.remove_advisor(LINE, "1000499");
    client.remove_entitlement(LINE, Advisor::email("u500@acme.example")).send().await.expect("removed");
    client.add_entitlement(LINE, by_id(19_999)).send().await.expect("added");
    assert_eq!(fake.entitled(LINE), 4_999);

    let mut listed = Vec::new();
    let mut advisors = client.list_entitled_advisors(LINE).stream();
    while let Some(advisor) = advisors.try_next().await.expect("lists") {
        if listed.len() == 100 {
            own.remove_advisor(LINE, "1000003");
            own.remove_advisor(LINE, "1004000");
        }
        listed.push(advisor.symphony_id.expect("an id"));
    }
    let expected: Vec<String> = (0..5_000)
        .filter(|number| ![499, 500, 4_000].contains(number))
        .chain([19_999])
        .map(|number| (1_000_000 + number).to_string())
        .collect();
    assert!(listed == expected, "{} advisors", listed.len());
}

#[tokio::test]
async fn each_tenant_has_a_client_of_its_own() {
    let other = Tenant::new("other-key")
        .networks([LINE])
        .permissions(LINE, [("look", true)])
        .advisor(LINE, person(0));
    let fake = Fake::builder().tenant(other).tenant(Tenant::new("barred-key").not_allowed()).start().await;

    let client = fake.tenant("other-key").client().expect("a client");
    let networks = client.list_entitlements().send().await.expect("lists").into_inner().entitlements;
    assert_eq!(networks, [LINE]);
    let read = client.get_advisor_entitlement(LINE, by_id(0)).send().await.expect("there");
    assert_eq!(read.permissions[0].permission_name.as_deref(), Some("look"));

    let own = fake.client().expect("a client");
    let error = own.get_advisor_entitlement(LINE, by_id(0)).send().await.expect_err("another tenant's");
    assert!(error.is_not_found());

    let barred = fake.tenant("barred-key").client().expect("a client");
    let error = barred.list_entitlements().send().await.expect_err("barred");
    assert_eq!((error.kind(), error.code()), (ErrorKind::Forbidden, Some("Forbidden")));
}

#[tokio::test]
async fn networks_and_numbers_change_while_the_fake_runs() {
    let fake = Fake::start().await;
    let client = fake.client().expect("a client");
    fake.add_user("1", "ada@acme.example", "Ada", "Byron");
    fake.enable_network(ExternalNetwork::WhatsAppDirect);
    fake.disable_network(LINE);
    let ada = || Advisor::id("1");
    let error = client.add_entitlement(LINE, ada()).send().await.expect_err("taken away");
    assert_eq!(error.code(), Some("forbidden.entitlement.type"));

    let direct = ExternalNetwork::WhatsAppDirect;
    let added =
        client.add_entitlement(direct.clone(), ada()).phone_number("+1 2").send().await.expect("added");
    assert_eq!(added.status, Some(EntitlementStatus::PreEntitled));
    let own = fake.tenant(KEY_NAME);
    own.activate_number("+1 2");
    let read = client.get_advisor_entitlement(direct.clone(), ada()).send().await.expect("there");
    assert_eq!(read.status, Some(EntitlementStatus::Entitled));

    own.add_advisor(direct.clone(), Entitlement::new(person(0)).phone_number("+1 3"));
    own.add_user(person(1));
    assert_eq!(own.entitled(direct), 2);
}

#[tokio::test]
async fn the_client_lives_with_what_the_switches_bring() {
    let tenant = Tenant::default().advisors(LINE, 5, person).user(person(7));
    let fake = Fake::builder()
        .tenant(tenant)
        .page_size(2)
        .remove_with_204(true)
        .add_with_200(true)
        .without_names(true)
        .absent_links(true)
        .error_shape(ErrorShape::Spring)
        .start()
        .await;
    let client = fake.client().expect("a client");
    let all: Vec<_> = client.list_entitled_advisors(LINE).stream().try_collect().await.expect("lists");
    assert_eq!(all.len(), 5);
    assert!(all.iter().all(|advisor| advisor.first_name.is_none() && advisor.display_name.is_some()));
    client.remove_entitlement(LINE, by_id(0)).send().await.expect("removed");
    client.add_entitlement(LINE, by_id(7)).send().await.expect("added");
    let error = client.add_entitlement(LINE, by_id(7)).send().await.expect_err("there already");
    assert_eq!(error.status().map(|status| status.as_u16()), Some(400));
}

#[tokio::test]
#[should_panic(expected = "the fake has no tenant `nobody`")]
async fn an_unknown_tenant_is_refused() {
    let _ = Fake::start().await.tenant("nobody").entitled(LINE);
}

#[tokio::test]
#[should_panic(expected = "does not have WHATSAPP-DIRECT")]
async fn a_network_that_is_not_there_cannot_be_taken_away() {
    Fake::start().await.disable_network(ExternalNetwork::WhatsAppDirect);
}

#[tokio::test]
#[should_panic(expected = "another user with the id 1;")]
async fn a_second_user_with_the_same_id_is_refused() {
    let fake = Fake::start().await;
    fake.add_user("1", "ada@acme.example", "Ada", "Byron");
    fake.add_user("1", "ada@acme.example", "Ada", "Lovelace");
}

#[tokio::test]
#[should_panic(expected = "there is nothing to remove")]
async fn who_is_not_entitled_cannot_be_removed() {
    Fake::start().await.tenant(KEY_NAME).remove_advisor(LINE, "1");
}

/// The switches below the behaviour table that are faults of every fake.
#[tokio::test]
async fn a_token_that_expires_between_two_pages_a_502_that_is_no_json_and_a_429_lose_no_advisor() {
    let wait = RateHeader::RetryAfter(Duration::from_secs(5));
    for fault in [Fault::expired_token(), Fault::html(502), Fault::too_many_requests(wait)] {
        let clock = TestClock::new();
        let between_two_pages = Fault::none().then(fault.clone()).then_normal();
        let fake = Fake::builder()
            .clock(clock.clone())
            .page_size(2)
            .tenant(Tenant::default().advisors(LINE, 5, person))
            .faults(Operation::ListEntitledAdvisors, between_two_pages)
            .start()
            .await;
        let mut advisors = fake.client().expect("a client").list_entitled_advisors(LINE).stream();
        let mut count = 0;
        while advisors.try_next().await.expect("a page").is_some() {
            count += 1;
        }
        assert_eq!((count, fake.journal().total()), (5, 4), "{fault:?}");
        fake.assert_faults_used();
    }
}
