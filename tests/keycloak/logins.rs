//! The token endpoint: who gets tokens, and what the others are told.

use base64::{Engine, engine::general_purpose::STANDARD};
use entitlements::fakes::keycloak::Generation;

use super::*;

#[tokio::test]
async fn wrong_users_and_passwords() {
    for pair in nagra().await {
        for (what, fields) in [
            ("wrong password", "username=crm_client_user&password=x"),
            ("empty password", "username=crm_client_user&password="),
            ("missing password", "username=crm_client_user"),
            ("unknown user", "username=x&password=1234"),
            ("empty user", "username=&password=1234"),
            ("missing user", "password=1234"),
            ("a client's own account", "username=service-account-crm_job&password=1234"),
            ("disabled user", "username=disabled_user&password=1234"),
            ("disabled user and wrong password", "username=disabled_user&password=x"),
            ("required action", "username=new_user&password=1234"),
            ("required action and wrong password", "username=new_user&password=x"),
            ("capitals", "username=CRM_Client_User&password=1234"),
        ] {
            pair.token(what, |_| format!("grant_type=password&client_id=crm_client&{fields}")).await;
        }
    }
}

#[tokio::test]
async fn wrong_clients() {
    let user = "username=crm_client_user&password=1234";
    for pair in nagra().await {
        for (what, client) in [
            ("missing client", ""),
            ("empty client", "client_id="),
            ("unknown client", "client_id=x"),
            ("disabled client", "client_id=crm_off"),
            ("missing secret", "client_id=crm_job"),
            ("empty secret", "client_id=crm_job&client_secret="),
            ("wrong secret", "client_id=crm_job&client_secret=x"),
            ("right secret", JOB),
            ("secret of a client without one", "client_id=crm_client&client_secret=x"),
            ("no direct grants", "client_id=crm_plain&client_secret=plainly-fake-secret"),
            ("consent required", "client_id=crm_consent"),
            ("bearer only", "client_id=crm_bearer"),
            ("bearer only with a secret", "client_id=crm_api&client_secret=plainly-fake-secret"),
            ("bearer only without its secret", "client_id=crm_api"),
        ] {
            pair.token(what, |_| format!("grant_type=password&{client}&{user}")).await;
        }
        let what = "consent required comes before the user";
        pair.token(what, |_| "grant_type=password&client_id=crm_consent".to_owned()).await;
    }
}

#[tokio::test]
async fn credentials_in_a_header() {
    let form = "content-type: application/x-www-form-urlencoded\r\n";
    let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
    for pair in nagra().await {
        for (what, authorization, fields) in [
            ("right", basic("crm_job:plainly-fake-secret"), ""),
            ("form-encoded", basic("crm%5Fjob:plainly%2Dfake-secret"), ""),
            ("small letters", basic("crm_job:plainly-fake-secret").replace("Basic", "basic"), ""),
            ("wrong", basic("crm_job:x"), ""),
            ("no colon", basic("crm_job"), ""),
            ("garbage", "Basic %%%".to_owned(), ""),
            ("another scheme", "Bearer x".to_owned(), ""),
            ("the same id in the form", basic("crm_job:plainly-fake-secret"), "&client_id=crm_job"),
            ("another id in the form", basic("crm_job:plainly-fake-secret"), "&client_id=crm_other"),
            ("right in the form", basic("crm_job:x"), "&client_id=crm_job&client_secret=plainly-fake-secret"),
            ("wrong in the form", basic("crm_job:plainly-fake-secret"), "&client_id=crm_job&client_secret=x"),
        ] {
            let headers = |_| format!("{form}authorization: {authorization}\r\n");
            let body = |_| format!("grant_type=client_credentials{fields}");
            pair.send(what, "POST", "/protocol/openid-connect/token", headers, body).await;
        }
    }
}

#[tokio::test]
async fn client_credentials() {
    for pair in nagra().await {
        for (what, fields) in [
            ("confidential", JOB.to_owned()),
            ("with an identity", format!("{JOB}&scope=openid")),
            ("offline, which gives no refresh token either", format!("{JOB}&scope=offline_access")),
            ("unknown scope", format!("{JOB}&scope=magic")),
            ("public", "client_id=crm_client".to_owned()),
            ("without an account", "client_id=crm_plain&client_secret=plainly-fake-secret".to_owned()),
        ] {
            pair.token(what, |_| format!("grant_type=client_credentials&{fields}")).await;
        }
    }
}

#[tokio::test]
async fn kinds_of_grant() {
    for pair in nagra().await {
        for (what, body) in [
            ("nothing", ""),
            ("missing", "client_id=x"),
            ("empty", "grant_type=&client_id=x"),
            ("unknown", "grant_type=magic&client_id=x"),
            ("a grant without a token endpoint", "grant_type=implicit&client_id=crm_client"),
            ("a code that is missing", "grant_type=authorization_code&client_id=crm_client"),
            ("a code that is none", "grant_type=authorization_code&client_id=crm_client&code=x"),
        ] {
            pair.token(what, |_| body.to_owned()).await;
        }
    }
}

#[tokio::test]
async fn duplicated_parameters() {
    for pair in nagra().await {
        for (what, body) in [
            ("scope", format!("{LOGIN}&scope=profile&scope=email")),
            ("a field that means nothing", format!("{LOGIN}&x=1&x=2")),
            ("kind of grant", format!("{LOGIN}&grant_type=password")),
            ("client", format!("{LOGIN}&client_id=crm_client")),
            ("unknown client", "grant_type=password&client_id=x&client_id=x".to_owned()),
        ] {
            pair.token(what, |_| body.clone()).await;
        }
    }
}

#[tokio::test]
async fn scopes() {
    for pair in nagra().await {
        for scope in [
            "openid",
            "openid+openid",
            "profile",
            "email",
            "roles",
            "phone",
            "address+phone",
            "microprofile-jwt",
            "offline_access",
            "offline_access+openid",
            "magic",
            "phone+magic",
            "",
            "phone++address",
        ] {
            pair.token(scope, |_| format!("{LOGIN}&scope={scope}")).await;
        }
        let what = "an unknown scope comes before the user";
        pair.token(what, |_| "grant_type=password&client_id=crm_client&scope=magic".to_owned()).await;
    }
}

#[tokio::test]
async fn other_methods_and_media_types() {
    let token = "/protocol/openid-connect/token";
    let none = |_| String::new();
    for pair in nagra().await {
        for method in ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"] {
            pair.send(method, method, token, none, none).await;
        }
        let query = format!("{token}?{LOGIN}");
        pair.send("fields in the query of a GET", "GET", &query, none, none).await;
        let form = "application/x-www-form-urlencoded";
        for (kind, body) in [
            ("application/json", "{\"grant_type\":\"password\"}".to_owned()),
            ("text/plain", LOGIN.to_owned()),
            ("Application/X-WWW-Form-Urlencoded", LOGIN.to_owned()),
            ("application/x-www-form-urlencoded; charset=UTF-8", LOGIN.to_owned()),
            (form, "%ff=%41&&=".to_owned()),
            (form, "x=%zz".to_owned()),
            (form, "x=%4".to_owned()),
        ] {
            let headers = |_| format!("content-type: {kind}\r\n");
            pair.send(kind, "POST", token, headers, |_| body.clone()).await;
        }
        pair.send("no media type", "POST", token, none, |_| LOGIN.to_owned()).await;
        let headers = |_| format!("content-type: {form}\r\n");
        pair.send("fields in the query", "POST", &query, headers, none).await;
        pair.send("a slash at the end", "POST", &format!("{token}/"), headers, |_| LOGIN.to_owned()).await;
    }
}

#[tokio::test]
async fn a_wrong_password_is_what_the_two_versions_differ_in() {
    for pair in nagra().await {
        let wrong = pair.token("wrong password", |_| LOGIN.replace("1234", "x")).await;
        let status = if pair.generation == Generation::New { 400 } else { 401 };
        assert_eq!((wrong.status(), wrong.description().as_str()), (status, "Invalid user credentials"));
    }
}
