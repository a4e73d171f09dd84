//! The same requests to a real Keycloak and to the fake one: whatever the real one answers, the
//! fake must answer too. And in [`sdk`] the login of this crate at the real one.
//!
//! `scripts/keycloak test` starts the servers and runs this. Where the variables in [`pair`] do
//! not name a server, nobody is asked and stderr says so; with `CI=true` that is a failure.

mod accounts;
mod endpoints;
mod lifetimes;
mod logins;
mod pair;
mod sdk;
mod sessions;
mod wire;

use entitlements::fakes::keycloak::{BruteForce, Builder, Fake, OPERATOR_ROLE};

use self::pair::{Both, Pair, pairs};

const SECRET: &str = "plainly-fake-secret";
const LOGIN: &str = "grant_type=password&client_id=crm_client&username=crm_client_user&password=1234";
/// The credentials of the client with a secret.
const JOB: &str = "client_id=crm_job&client_secret=plainly-fake-secret";

/// What all realms of `scripts/keycloak-realms.json` have.
fn common() -> Builder {
    Fake::builder().public_client("crm_other").confidential_client("crm_job", SECRET)
}

/// The realm `nagra`: Keycloak's own settings, and one client or user for each refusal.
async fn nagra() -> Vec<Pair> {
    let plain = || {
        common()
            .confidential_client("crm_plain", SECRET)
            .without_direct_grants("crm_plain")
            .without_service_account("crm_plain")
            .public_client("crm_off")
            .disabled_client("crm_off")
            .public_client("crm_consent")
            .consent_required("crm_consent")
            .confidential_client("crm_api", SECRET)
            .bearer_only("crm_api")
            .public_client("crm_bearer")
            .bearer_only("crm_bearer")
            .user("disabled_user", "1234", [OPERATOR_ROLE])
            .disabled_user("disabled_user")
            .user("new_user", "1234", [OPERATOR_ROLE])
            .user("leaving_user", "1234", [OPERATOR_ROLE])
    };
    let pairs = pairs("nagra", plain).await;
    for pair in &pairs {
        pair.fake.require_action("new_user");
    }
    pairs
}

/// The realm `rotating`: a refresh token can be used once, and two wrong passwords within five
/// seconds lock.
async fn rotating() -> Vec<Pair> {
    let quick = BruteForce::default().quick_login(seconds(5), seconds(5));
    let seed = || common().rotation(true).brute_force(quick).user("hasty_user", "1234", [OPERATOR_ROLE]);
    pairs("rotating", seed).await
}

/// The realm `reusing`: a refresh token can be used twice, and three wrong passwords lock.
async fn reusing() -> Vec<Pair> {
    let slow = BruteForce::default().max_failures(3).wait_increment(seconds(5));
    let slow = slow.quick_login(seconds(0), seconds(60));
    let seed = || {
        let seed = common().rotation(true).max_reuse(1).brute_force(slow);
        seed.user("locked_user", "1234", [OPERATOR_ROLE])
    };
    pairs("reusing", seed).await
}

/// The realm `short`: access tokens of 2 seconds, refresh tokens of 8, sessions of 18.
async fn short() -> Vec<Pair> {
    let seed = || common().access_lifetime(seconds(2)).idle(seconds(8)).session_max(seconds(18));
    pairs("short", seed).await
}

const fn seconds(number: u64) -> std::time::Duration {
    std::time::Duration::from_secs(number)
}

fn refresh_as(client: &str, token: &str) -> String {
    format!("grant_type=refresh_token&{client}&refresh_token={token}")
}

/// The refresh that the public client makes with the tokens it has.
async fn refresh(pair: &Pair, what: &str, tokens: &Both) -> Both {
    pair.token(what, |side| refresh_as("client_id=crm_client", &tokens.text(side, "refresh_token"))).await
}
