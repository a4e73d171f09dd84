//! Users who are locked, and users who are disabled while they are logged in.

use entitlements::fakes::keycloak::Generation;

use super::*;

const HASTY: &str = "grant_type=password&client_id=crm_client&username=hasty_user";
const LOCKED: &str = "grant_type=password&client_id=crm_client&username=locked_user";

#[tokio::test]
async fn too_many_wrong_passwords_lock_for_a_while_without_a_word_of_their_own() {
    for pair in reusing().await {
        for attempt in 1..=2 {
            pair.token(&format!("wrong password {attempt}"), |_| format!("{LOCKED}&password=x")).await;
        }
        // The real server counts beside the answer.
        pair.pass(std::time::Duration::from_millis(500)).await;
        let login = pair.token("a login forgets both", |_| format!("{LOCKED}&password=1234")).await;
        assert_eq!(login.status(), 200);
        for attempt in 1..=2 {
            pair.token(&format!("wrong password {attempt}"), |_| format!("{LOCKED}&password=x")).await;
        }
        pair.pass(std::time::Duration::from_millis(500)).await;
        let login = pair.token("they were forgotten", |_| format!("{LOCKED}&password=1234")).await;
        assert_eq!(login.status(), 200);
        for attempt in 1..=3 {
            pair.token(&format!("wrong password {attempt}"), |_| format!("{LOCKED}&password=x")).await;
        }
        pair.pass(std::time::Duration::from_millis(500)).await;
        let refused = pair.token("right password", |_| format!("{LOCKED}&password=1234")).await;
        assert_eq!(refused.description(), "Invalid user credentials");
        pair.pass(seconds(7)).await;
        let login = pair.token("right password after the wait", |_| format!("{LOCKED}&password=1234")).await;
        assert_eq!(login.status(), 200);
    }
}

#[tokio::test]
async fn two_wrong_passwords_at_once_lock_as_well() {
    for pair in rotating().await {
        pair.token("wrong password", |_| format!("{HASTY}&password=x")).await;
        pair.token("wrong password at once", |_| format!("{HASTY}&password=x")).await;
        pair.pass(std::time::Duration::from_millis(500)).await;
        let refused = pair.token("right password", |_| format!("{HASTY}&password=1234")).await;
        assert_eq!(refused.description(), "Invalid user credentials");
        pair.pass(seconds(7)).await;
        let login = pair.token("right password after the wait", |_| format!("{HASTY}&password=1234")).await;
        assert_eq!(login.status(), 200);
    }
}

/// Whether two logins meet is a matter of luck at the real server, so one that meets six others is
/// enough.
#[tokio::test]
async fn logins_of_one_user_at_once_are_refused_where_users_are_protected() {
    for pair in rotating().await {
        let logins = (0..6).map(|_| pair.real_token(LOGIN));
        let answers = futures_util::future::join_all(logins).await;
        let status = if pair.generation == Generation::New { 400 } else { 401 };
        let refused: Vec<_> = answers.iter().filter(|answer| answer.status == status).collect();
        assert!(!refused.is_empty() && refused.len() < 6, "{answers:?}");
        assert_eq!(refused[0].json()["error_description"], "Invalid user credentials");
    }
}

#[tokio::test]
async fn a_user_who_is_disabled_cannot_refresh() {
    let leaving = "grant_type=password&client_id=crm_client&username=leaving_user&password=1234";
    for pair in nagra().await {
        let tokens = pair.token("login", |_| leaving.to_owned()).await;
        let users = pair.administer("GET", "/users?exact=true&username=leaving_user", "").await;
        let id = users[0]["id"].as_str().expect("a user");
        pair.administer("PUT", &format!("/users/{id}"), "{\"enabled\":false}").await;
        pair.fake.disable_user("leaving_user");
        let refused = refresh(&pair, "refresh", &tokens).await;
        assert_eq!(refused.description(), "User disabled");
        pair.token("login again", |_| leaving.to_owned()).await;
        // For another run with the same server.
        pair.administer("PUT", &format!("/users/{id}"), "{\"enabled\":true}").await;
    }
}
