//! The ten rows of the behaviour list, each quoted above its test. Details have tests beside the
//! code that does them.
//!
//! | row | tests |
//! | --- | --- |
//! | 1, 2 | here |
//! | 3, 4 | `login` |
//! | 5, 6, 7, 8 | `api` |
//! | 9 | `faults` |
//! | 10 | the tests of `call` |

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    CLIENT_ID, CLIENT_SECRET, CUSTOMER_A, CUSTOMER_B, CUSTOMER_C, EMAIL, ENTERPRISE, ErrorBody, ORDER_TYPE,
    PHONE, REDIRECT_URI, ResetHeader, SHIELD_CLIENT_ID, SHIELD_CLIENT_SECRET, USER, USER_WITHOUT_CUSTOMER,
    client::LoginClient,
    codes::Level,
    limit::Limiter,
    seed::grant,
    testing::{Rig, body, channels, header},
};
use crate::fakes::{Reply, serve::TokenEnd};

mod api;
mod faults;
mod login;

const ADA: Option<&str> = Some(USER);
const GLOBAL: &str = "/customer/pbm";
const OF_ENTERPRISE: &str = "/customer/pbm/468979834";
const OF_ORDER_TYPE: &str = "/customer/pbm/468979834/56235";
const SHIELD_ENTERPRISE: &str = "/client/pbm/shield/enterprise";
const SHIELD_ORDER_TYPE: &str = "/client/pbm/shield/ordertype";
const CLIENT_LOGIN: &[(&str, &str)] = &[("grant_type", "client_credentials")];
const AUTHORIZE: &str = "/user/oauth/authorize?response_type=code&client_id=example.fake.app&state=s";
const ENCODED_REDIRECT: &str = "https%3A%2F%2Fapp.example%2Fcallback";

fn level(of_order_type: bool) -> Level {
    Level::new(Some(ENTERPRISE), of_order_type.then_some(ORDER_TYPE))
}

fn on_capi(rig: &mut Rig, token: &Reply, method: &str, path: &str) -> u16 {
    let access = body(token)["access_token"].as_str().unwrap().to_owned();
    let call = rig.call(method, &format!("/capi/v1{path}")).bearer(&access);
    call.header("accept", "application/json").send().status.as_u16()
}

fn refusal(reply: &Reply) -> (u16, String) {
    (reply.status.as_u16(), body(reply)["error"].as_str().unwrap_or_default().to_owned())
}

/// The code that an authorize answer brings back.
fn code(reply: &Reply) -> String {
    let target = url::Url::parse(header(reply, "location").expect("a redirect")).unwrap();
    let code = target.query_pairs().find(|(name, _)| name == "code");
    code.expect("a code").1.into_owned()
}

/// "Two base paths on one port: `/user` (production look) and `/login` (test look) for login,
/// `/capi` for the API."
#[test]
fn row_1_base_paths() {
    for base in ["/user", "/login"] {
        let mut rig = Rig::new();
        let page = format!("{}&redirect_uri={ENCODED_REDIRECT}", AUTHORIZE.replace("/user", base));
        assert_eq!(rig.call("GET", &page).send().status, 200, "{base}");
        let call = rig.call("POST", &format!("{base}/oauth/token")).basic(CLIENT_ID, CLIENT_SECRET);
        let token = call.form(CLIENT_LOGIN).send();
        assert_eq!(token.status, 200, "{base}");
        assert_eq!(on_capi(&mut rig, &token, "GET", SHIELD_ENTERPRISE), 405, "one port for both");
        assert_eq!(rig.state.counts.api_calls, 1);
    }
    let mut rig = Rig::new();
    for other in ["/", "/v1/customer/pbm", "/oauth/token", "/capitals/v1/customer/pbm", "/users/oauth/token"]
    {
        assert_eq!(rig.call("GET", other).send().status, 404, "{other}");
    }
    assert_eq!(rig.state.counts.api_calls, 0, "none of these is the API");
}

/// "Seed: two clients (one with both grants, one `client_credentials` only), one user with and one
/// without a customer number, customers A and B sharing a phone number, one customer with an
/// e-mail only, enterprise `468979834` with order type `56235`, channels TM, DM, EM."
#[test]
fn row_2_seed() {
    let mut rig = Rig::new();
    let users = [("grant_type", "refresh_token"), ("refresh_token", "unknown")];
    for (id, secret, error) in [
        (CLIENT_ID, CLIENT_SECRET, "invalid_grant"),
        (SHIELD_CLIENT_ID, SHIELD_CLIENT_SECRET, "unauthorized_client"),
    ] {
        let mut token =
            |form: &[(&str, &str)]| rig.call("POST", "/user/oauth/token").basic(id, secret).form(form).send();
        assert_eq!(token(CLIENT_LOGIN).status, 200, "{id}");
        assert_eq!(refusal(&token(&users)), (400, error.to_owned()), "{id}");
    }
    assert_eq!(rig.api(ADA, "GET", OF_ORDER_TYPE).send().status, 200);
    assert_eq!(rig.api(Some(USER_WITHOUT_CUSTOMER), "GET", GLOBAL).send().status, 400);
    let found = |credential| rig.state.customers.with_credential(credential).into_iter().collect::<Vec<_>>();
    assert_eq!(found(PHONE), [CUSTOMER_A, CUSTOMER_B]);
    assert_eq!(found(EMAIL), [CUSTOMER_C]);
    assert_eq!((ENTERPRISE, ORDER_TYPE), ("468979834", "56235"));
    for channel in ["TM", "DM", "EM"] {
        rig.state.codes.check_channel(channel).expect("known");
    }
}
