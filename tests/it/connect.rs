//! Connect's two clients against the fake.

use std::time::Duration;

use entitlements::{
    ErrorKind,
    auth::{StaticToken, UserTokens},
    connect::{ChannelState, Client, Credential, Environment, LevelKind, Unconfirmed, UserClient},
    fakes::{
        Reply,
        connect::{Builder, CUSTOMER_A, CUSTOMER_B, ENTERPRISE, Fake, ORDER_TYPE, PHONE, USER},
    },
    time::TestClock,
};
use serde_json::json;

/// Every way in which a server may treat a change; the result has to be the same.
fn servers() -> Vec<(&'static str, Builder)> {
    vec![
        ("merging", Fake::builder()),
        ("replacing", Fake::builder().replace_on_change(true)),
        ("replacing, with NONE shown", Fake::builder().replace_on_change(true).show_none(true)),
        ("shuffling, lower case", Fake::builder().shuffle_channels(true).lower_case_states(true)),
        ("a bare array", Fake::builder().bare_array(true)),
        ("wrapped", Fake::builder().wrapped(true)),
    ]
}

#[tokio::test]
async fn an_update_keeps_other_channels_whether_the_server_merges_or_replaces() {
    for (kind, builder) in servers() {
        let fake = builder.start().await;
        let user = fake.user_client(USER).expect("a client");
        for order_type in [None, Some(ORDER_TYPE)] {
            fake.set_state(CUSTOMER_A, Some(ENTERPRISE), order_type, "DM", "PERMISSION");
            fake.set_state(CUSTOMER_A, Some(ENTERPRISE), order_type, "EM", "SHIELD");
            let update = match order_type {
                None => user.update_enterprise_permissions(ENTERPRISE),
                Some(code) => user.update_order_type_permissions(ENTERPRISE, code),
            };
            let update = update.set("TM", ChannelState::Shield).set("EM", ChannelState::None);
            let level = update.send().await.expect(kind);
            let states = ["TM", "DM", "EM"].map(|channel| level.state(channel));
            assert_eq!(
                states,
                [ChannelState::Shield, ChannelState::Permission, ChannelState::None],
                "{kind}"
            );
            let kept = ["TM", "DM", "EM"]
                .map(|channel| fake.state_of(CUSTOMER_A, Some(ENTERPRISE), order_type, channel));
            assert_eq!(kept, ["SHIELD", "PERMISSION", "NONE"], "{kind}");
        }
    }
}

#[tokio::test]
async fn a_change_sends_exactly_the_channels_given() {
    let fake = Fake::start().await;
    let user = fake.user_client(USER).expect("a client");
    fake.set_state(CUSTOMER_A, Some(ENTERPRISE), None, "DM", "PERMISSION");
    user.change_enterprise_permissions(ENTERPRISE)
        .set("TM", ChannelState::Shield)
        .send()
        .await
        .expect("changed");
    let sent = fake.received().pop().expect("a request").json().expect("JSON");
    assert_eq!(sent, json!({ "channels": [{ "type": "SHIELD", "value": "TM" }] }));
}

#[tokio::test]
async fn updates_of_one_level_run_one_after_the_other() {
    let fake = Fake::builder().replace_on_change(true).start().await;
    let user = fake.user_client(USER).expect("a client");
    let set = |channel: &'static str| {
        user.clone().update_enterprise_permissions(ENTERPRISE).set(channel, ChannelState::Shield).send()
    };
    let (one, two, three) = tokio::join!(set("TM"), set("DM"), set("EM"));
    for outcome in [one, two, three] {
        outcome.expect("updated");
    }
    let kept = ["TM", "DM", "EM"].map(|channel| fake.state_of(CUSTOMER_A, Some(ENTERPRISE), None, channel));
    assert_eq!(kept, ["SHIELD"; 3], "none of the three overwrote another");
}

#[tokio::test]
async fn an_update_that_did_not_take_is_a_conflict() {
    let fake = Fake::start().await;
    let user = fake.user_client(USER).expect("a client");
    let level = |state| Reply::json(200, &json!({ "channels": [{ "type": state, "value": "TM" }] }));
    for state in ["NONE", "PERMISSION", "PERMISSION"] {
        fake.reply_next(level(state));
    }
    let update = user.update_enterprise_permissions(ENTERPRISE).set("TM", ChannelState::Shield);
    let error = update.send().await.expect_err("somebody else won");
    assert_eq!(error.kind(), ErrorKind::Conflict);

    for state in ["NONE", "PERMISSION", "SHIELD"] {
        fake.reply_next(level(state));
    }
    let update = user.update_enterprise_permissions(ENTERPRISE).set("TM", ChannelState::Shield);
    assert_eq!(update.send().await.expect("the second look agrees").state("TM"), ChannelState::Shield);
}

#[tokio::test]
async fn an_unknown_state_survives_an_update_as_it_came() {
    let fake = Fake::start().await;
    let user = fake.user_client(USER).expect("a client");
    let level = json!({ "channels": [{ "type": "Paused", "value": "DM" }] });
    fake.reply_next(Reply::json(200, &level));
    let changed =
        json!({ "channels": [{ "type": "Paused", "value": "DM" }, { "type": "SHIELD", "value": "TM" }] });
    fake.reply_next(Reply::json(200, &changed));
    let update = user.update_enterprise_permissions(ENTERPRISE).set("TM", ChannelState::Shield);
    update.send().await.expect("updated");
    assert_eq!(fake.received().pop().expect("a request").json().expect("JSON"), changed);
}

#[tokio::test]
async fn three_levels_and_what_they_mean_together() {
    for (kind, builder) in servers() {
        let fake = builder.start().await;
        fake.set_state(CUSTOMER_A, None, None, "TM", "SHIELD");
        fake.set_state(CUSTOMER_A, Some(ENTERPRISE), None, "TM", "PERMISSION");
        fake.set_state(CUSTOMER_A, Some(ENTERPRISE), Some(ORDER_TYPE), "EM", "PERMISSION");
        let user = fake.user_client(USER).expect("a client");
        let effective = user.effective_permissions(ENTERPRISE, ORDER_TYPE).send().await.expect(kind);
        assert!(!effective.allows("TM"), "{kind}");
        assert!(effective.allows("EM"), "{kind}");
        assert!(!effective.allows("DM"), "{kind}: nobody said anything");
        let telemarketing = effective.channel("TM").expect("named");
        assert_eq!(telemarketing.forbidden_by(), Some(LevelKind::Global), "{kind}");
        assert_eq!(telemarketing.states().len(), 2, "{kind}");
    }
}

#[tokio::test]
async fn a_shield_finds_everybody_who_shares_the_number() {
    let fake = Fake::start().await;
    let app = fake.client().expect("a client");
    let shield = || app.shield(Credential::phone(PHONE)).channel("DM");
    let found = shield().order_type(ENTERPRISE, ORDER_TYPE).send().await.expect("shielded");
    assert_eq!(found.count, Some(2));
    assert!(!found.found_nobody());
    for customer in [CUSTOMER_A, CUSTOMER_B] {
        assert_eq!(fake.state_of(customer, Some(ENTERPRISE), Some(ORDER_TYPE), "DM"), "SHIELD");
        assert_eq!(fake.state_of(customer, Some(ENTERPRISE), None, "DM"), "NONE");
    }
    shield().enterprise(ENTERPRISE).send().await.expect("shielded");
    assert_eq!(fake.state_of(CUSTOMER_B, Some(ENTERPRISE), None, "DM"), "SHIELD");

    let nobody = app.shield(Credential::phone("+4700000000")).channel("DM").enterprise(ENTERPRISE);
    assert!(nobody.send().await.expect("no error").found_nobody());
}

#[tokio::test]
async fn a_refused_user_token_is_refreshed_once_and_a_dead_session_needs_a_login() {
    let fake = Fake::start().await;
    let user = fake.user_client(USER).expect("a client");
    user.list_global_permissions().send().await.expect("read");
    assert_eq!(fake.counts().refreshes, 0);
    fake.expire_access_tokens();
    let level = user.list_global_permissions().send().await.expect("read");
    assert_eq!((level.attempts(), fake.counts().refreshes), (2, 1));

    let tokens = UserTokens::new("not-a-real-token").refresh_token("not-a-real-token");
    let stranger = fake.client().expect("a client").as_user(tokens);
    let error = stranger.list_global_permissions().send().await.expect_err("no session");
    assert_eq!(error.kind(), ErrorKind::LoginRequired);
    assert!(!error.to_string().contains("not-a-real"), "{error}");
}

#[tokio::test]
async fn a_user_client_without_a_client_login_serves_until_its_token_ends() {
    let fake = Fake::builder().accept_user_token("not-a-real-token", USER).start().await;
    let environment = || Environment::custom(fake.api_url(), fake.login_url());
    let user = UserClient::builder(environment())
        .tokens(UserTokens::new("not-a-real-token"))
        .build()
        .expect("a client");
    user.list_enterprise_permissions(ENTERPRISE).send().await.expect("read");
    fake.reply_next(Reply::json(401, &json!({ "error": "invalid_token" })));
    let error = user.list_global_permissions().send().await.expect_err("ended");
    assert_eq!(error.kind(), ErrorKind::LoginRequired);

    let user = UserClient::builder(environment()).auth(StaticToken::new("wrong")).build().expect("a client");
    let error = user.list_global_permissions().send().await.expect_err("unknown token");
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::LoginFailed, 1));
}

#[tokio::test]
async fn tokens_of_the_wrong_login_are_told_apart() {
    let fake = Fake::builder().accept_user_token("not-a-real-token", USER).start().await;
    let environment = Environment::custom(fake.api_url(), fake.login_url());
    let app =
        Client::builder(environment).auth(StaticToken::new("not-a-real-token")).build().expect("a client");
    let shield = app.shield(Credential::phone(PHONE)).channel("DM").enterprise(ENTERPRISE);
    let error = shield.send().await.expect_err("a user's token");
    assert_eq!(error.kind(), ErrorKind::Forbidden);
    assert_eq!(error.code(), Some("access_denied"));
}

#[tokio::test]
async fn too_many_calls_are_waited_out_in_every_form_of_the_header() {
    use entitlements::fakes::connect::ResetHeader;
    for form in [ResetHeader::SecondsLeft, ResetHeader::Epoch, ResetHeader::EpochMillis, ResetHeader::Absent]
    {
        let clock = TestClock::new();
        let fake = Fake::builder().limits(2, 2000).reset_header(form).clock(clock.clone()).start().await;
        let user = fake.user_client(USER).expect("a client");
        for _ in 0..3 {
            user.list_global_permissions().with_max_attempts(30).send().await.expect("read in the end");
        }
        assert!(fake.counts().rate_limited >= 1, "{form:?}");
        assert!(clock.elapsed() < Duration::from_secs(62), "{form:?}: {:?}", clock.elapsed());
    }
}

#[tokio::test]
async fn other_methods_and_paths_are_sent_where_the_builder_was_told() {
    let fake = Fake::start().await;
    let environment = Environment::custom(fake.api_url(), fake.login_url());
    let user = UserClient::builder(environment)
        .auth(StaticToken::new("not-a-real-token"))
        .method_of(Unconfirmed::ChangeEnterprisePermissions, "PATCH")
        .path_of(Unconfirmed::ListOrderTypePermissions, "/v2/{orderTypeCode}/of/{enterpriseCode}")
        .build()
        .expect("a client");
    let level = || Reply::json(200, &json!({ "channels": [] }));
    fake.reply_next(level());
    let change = user.change_enterprise_permissions("a/b").set("TM", ChannelState::Shield);
    change.send().await.expect("changed");
    fake.reply_next(level());
    user.list_order_type_permissions("a b", "x").send().await.expect("read");
    let lines: Vec<_> = fake.received().iter().map(|sent| format!("{} {}", sent.method, sent.path)).collect();
    assert_eq!(lines, ["PATCH /capi/v1/customer/pbm/a%2Fb", "GET /capi/v2/x/of/a%20b"]);
}

/// The server family that gives the same token until it ends: no loop, no gap, and few requests.
#[tokio::test]
async fn a_client_login_that_gets_the_same_token_again_asks_seldom_and_never_fails() {
    for lifetime in [12 * 3600, 3600, 61, 7] {
        let clock = TestClock::new();
        let builder = Fake::builder().same_token_again(true).access_lifetime(Duration::from_secs(lifetime));
        let fake = builder.clock(clock.clone()).start().await;
        let client = fake.client().expect("a client");
        let step = Duration::from_millis(lifetime * 1_000 / 97);
        for _ in 0..300 {
            let shield = client.shield(Credential::phone(PHONE)).channel("TM").enterprise(ENTERPRISE);
            shield
                .send()
                .await
                .unwrap_or_else(|error| panic!("{lifetime} s, {:?}: {error}", clock.elapsed()));
            clock.advance(step);
        }
        let asked = fake.journal().token_requests();
        // About three lives: in each one in the soft window, one at the end, and one that was rounded.
        assert!((3..=16).contains(&asked), "{lifetime} s: {asked}\n{}", fake.journal());
    }
}
