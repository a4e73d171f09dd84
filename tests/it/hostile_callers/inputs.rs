//! Every public input that becomes a part of a request.

use std::time::Duration;

use entitlements::{
    Result,
    auth::{ClientAuthentication, Keycloak, StaticToken, UserTokens},
    connect::{self, ChannelState, Credential, Environment},
    crm_gateway::{self, Filter, Sort},
    symphony::{self, Advisor},
    time::BoxFuture,
};
use serde_json::json;

use super::place::Place;

type Call = Box<dyn Fn(String, String) -> BoxFuture<'static, Result<()>> + Send + Sync>;

/// An input: how errors call it, where its value turns up, and a call that hands it over.
pub(super) struct Input {
    pub(super) name: &'static str,
    pub(super) words: &'static str,
    pub(super) place: Place,
    pub(super) call: Call,
}

macro_rules! inputs {
    ($($name:literal, $words:literal, $place:expr, |$uri:ident, $value:ident| $call:expr;)+) => {
        vec![$(Input {
            name: $name,
            words: $words,
            place: $place,
            call: Box::new(|$uri: String, $value: String| Box::pin(async move {
                let outcome: Result<()> = async move { $call.await?; Ok(()) }.await;
                outcome
            })),
        }),+]
    };
}

fn token() -> StaticToken {
    StaticToken::new("not-a-real-token")
}

fn symphony(uri: &str) -> symphony::ClientBuilder {
    symphony::Client::builder(uri).auth(token())
}

fn gateway(uri: &str) -> crm_gateway::ClientBuilder {
    crm_gateway::Client::builder(uri).auth(token())
}

fn user(uri: &str) -> Result<connect::UserClient> {
    connect::UserClient::builder(Environment::custom(uri, uri)).auth(token()).build()
}

fn shield(uri: &str, credential: Credential) -> Result<connect::Shield> {
    let app = connect::Client::builder(Environment::custom(uri, uri)).auth(token()).build()?;
    Ok(app.shield(credential))
}

fn ada() -> Advisor {
    Advisor::id("1")
}

fn phone() -> Credential {
    Credential::phone("+4712345678")
}

/// A call through a login at the same server, which is the first that is asked.
async fn by_login(uri: &str, login: Keycloak) -> Result<()> {
    let client = crm_gateway::Client::builder(uri).auth(login).build()?;
    client.list_entitlements().send().await.map(drop)
}

fn realm(uri: &str) -> Keycloak {
    Keycloak::realm(uri, "nagra").client_id("crm_client").password("u", "not-a-real-password")
}

async fn by_client_login(builder: connect::ClientBuilder) -> Result<()> {
    let client = builder.build()?;
    client.shield(phone()).channel("DM").enterprise("1").send().await.map(drop)
}

fn login(uri: &str) -> connect::ClientBuilder {
    connect::Client::builder(Environment::custom(uri, uri))
}

pub(super) fn all() -> Vec<Input> {
    [
        symphony_inputs(),
        gateway_inputs(),
        connect_inputs(),
        raw_inputs(),
        header_inputs(),
        login_inputs(),
        urls(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn symphony_inputs() -> Vec<Input> {
    inputs! {
        "network of a listing", "`network`",
            Place::Segment("/api/v1/customer/entitlements/externalNetwork/{network}/advisors"),
            |uri, value| symphony(&uri).build()?.list_entitled_advisors(value).send();
        "after", "`after`", Place::Query,
            |uri, value| symphony(&uri).build()?.list_entitled_advisors("SMS").after(value).send();
        "before", "`before`", Place::Query,
            |uri, value| symphony(&uri).build()?.list_entitled_advisors("SMS").before(value).send();
        "network of a read", "`network`", Place::Query,
            |uri, value| symphony(&uri).build()?.get_advisor_entitlement(value, ada()).send();
        "advisor id of a read", "`advisor id`", Place::Query,
            |uri, value| symphony(&uri).build()?.get_advisor_entitlement("SMS", Advisor::id(value)).send();
        "advisor e-mail of a removal", "`advisor e-mail`", Place::Query,
            |uri, value| symphony(&uri).build()?.remove_entitlement("SMS", Advisor::email(value)).send();
        "advisor id that is ensured to be removed", "`advisor id`", Place::Query,
            |uri, value| symphony(&uri).build()?.ensure_removed("SMS", Advisor::id(value)).send();
        "network of an addition", "`network`", Place::Json,
            |uri, value| symphony(&uri).build()?.add_entitlement(value, ada()).send();
        "advisor e-mail of an addition", "`advisor e-mail`", Place::Json,
            |uri, value| symphony(&uri).build()?.add_entitlement("SMS", Advisor::email(value)).send();
        "phone number", "`phone_number`", Place::Json,
            |uri, value| symphony(&uri).build()?.add_entitlement("SMS", ada()).phone_number(value).send();
        "permission", "`permissions`", Place::Json,
            |uri, value| symphony(&uri).build()?.ensure_entitled("SMS", ada()).permissions([value]).send();
        "federation group", "`federation_group_id`", Place::Json,
            |uri, value| symphony(&uri).build()?.add_entitlement("SMS", ada()).federation_group_id(value).send();
    }
}

fn gateway_inputs() -> Vec<Input> {
    inputs! {
        "raw filter", "`filter`", Place::Query,
            |uri, value| gateway(&uri).build()?.list_entitlements().filter(Filter::raw(value)).send();
        "value of a filter", "`filter`", Place::QueryJson,
            |uri, value| gateway(&uri).build()?.list_entitlements().filter(Filter::eq("status", value)).send();
        "raw sort", "`sort`", Place::Query,
            |uri, value| gateway(&uri).build()?.list_entitlements().sort(Sort::raw(value)).send();
        "field", "`fields`", Place::Query,
            |uri, value| gateway(&uri).build()?.list_entitlements().fields([value]).send();
        "raw fields", "`fields`", Place::Query,
            |uri, value| gateway(&uri).build()?.list_entitlements().fields_raw(value).send();
        "tenant of a call", "`tenant`", Place::Header("nv-tenant-id", ""),
            |uri, value| gateway(&uri).build()?.list_entitlements().tenant(value).send();
        "tenant of a client", "`tenant`", Place::Header("nv-tenant-id", ""),
            |uri, value| gateway(&uri).tenant(value).build()?.list_entitlements().send();
        "correlation id", "`correlation_id`", Place::Header("x-correlation-id", ""),
            |uri, value| gateway(&uri).build()?.list_entitlements().with_correlation_id(value).send();
    }
}

fn connect_inputs() -> Vec<Input> {
    inputs! {
        "enterprise of a read", "`enterprise_code`", Place::Segment("/v1/customer/pbm/{enterpriseCode}"),
            |uri, value| user(&uri)?.list_enterprise_permissions(value).send();
        "order type of a read", "`order_type_code`", Place::Segment("/v1/customer/pbm/1/{orderTypeCode}"),
            |uri, value| user(&uri)?.list_order_type_permissions("1", value).send();
        "order type of an update", "`order_type_code`", Place::Segment("/v1/customer/pbm/1/{orderTypeCode}"),
            |uri, value| user(&uri)?.update_order_type_permissions("1", value).set("TM", ChannelState::Shield).send();
        "order type of a change", "`order_type_code`", Place::Segment("/v1/customer/pbm/1/{orderTypeCode}"),
            |uri, value| user(&uri)?.change_order_type_permissions("1", value).set("TM", ChannelState::Shield).send();
        "enterprise of a change", "`enterprise_code`", Place::Segment("/v1/customer/pbm/{enterpriseCode}"),
            |uri, value| user(&uri)?.change_enterprise_permissions(value).set("TM", ChannelState::Shield).send();
        "channel of a change", "`channel`", Place::Json,
            |uri, value| user(&uri)?.change_enterprise_permissions("1").set(value, ChannelState::Shield).send();
        "channel that is named twice", "`channel", Place::Json, |uri, value| {
            let change = user(&uri)?.change_enterprise_permissions("1");
            change.set(value.clone(), ChannelState::Shield).set(value, ChannelState::None).send()
        };
        "state", "`state`", Place::Json,
            |uri, value| user(&uri)?.change_enterprise_permissions("1").set("TM", ChannelState::from(value)).send();
        "channel of a shield", "`channel`", Place::Json,
            |uri, value| shield(&uri, phone())?.channel(value).enterprise("1").send();
        "enterprise of a shield", "`enterprise_code`", Place::Json,
            |uri, value| shield(&uri, phone())?.channel("DM").enterprise(value).send();
        "order type of a shield", "`order_type_code`", Place::Json,
            |uri, value| shield(&uri, phone())?.channel("DM").order_type("1", value).send();
        "credential as it is", "`credential`", Place::Json,
            |uri, value| shield(&uri, Credential::verbatim(value))?.channel("DM").enterprise("1").send();
        "phone number to shield", "`credential`", Place::Json,
            |uri, value| shield(&uri, Credential::phone(&value))?.channel("DM").enterprise("1").send();
    }
}

fn raw_inputs() -> Vec<Input> {
    inputs! {
        "method", "method", Place::Method, |uri, value| symphony(&uri).build()?.request(&value, "/api/x").send();
        "path", "`path`", Place::Rest("/api/"),
            |uri, value| symphony(&uri).build()?.request("GET", &format!("/api/{value}")).send();
        "query", "`query`", Place::Query,
            |uri, value| symphony(&uri).build()?.request("GET", "/api/x").query("q", value).send();
        "name in a query", "`query`", Place::QueryName,
            |uri, value| symphony(&uri).build()?.request("GET", "/api/x").query(value, "v").send();
        "text in a body", "`body`", Place::Json,
            |uri, value| symphony(&uri).build()?.request("PUT", "/api/x").json(&json!([value])).send();
        "correlation id of a raw request", "`correlation_id`", Place::Header("x-correlation-id", ""),
            |uri, value| symphony(&uri).build()?.request("GET", "/api/x").with_correlation_id(value).send();
    }
}

fn header_inputs() -> Vec<Input> {
    inputs! {
        "header", "`header`", Place::Header("x-own", ""),
            |uri, value| symphony(&uri).build()?.list_entitlements().with_header("x-own", value).send();
        "header of an update", "`header`", Place::Header("x-own", ""), |uri, value| {
            let update = user(&uri)?.update_enterprise_permissions("1").set("TM", ChannelState::Shield);
            update.with_header("x-own", value).send()
        };
        "header of a raw request", "`header`", Place::Header("x-own", ""),
            |uri, value| gateway(&uri).build()?.request("GET", "/api/x").header("x-own", value).send();
        "default header", "`header`", Place::Header("x-own", ""),
            |uri, value| gateway(&uri).default_header("x-own", value).build()?.list_entitlements().send();
        "name of a header", "`header`", Place::HeaderName,
            |uri, value| symphony(&uri).build()?.list_entitlements().with_header(value, "v").send();
        "name of a default header", "`header`", Place::HeaderName,
            |uri, value| symphony(&uri).default_header(value, "v").build()?.list_entitlements().send();
        "application", "application", Place::Agent,
            |uri, value| symphony(&uri).application(value).build()?.list_entitlements().send();
    }
}

fn login_inputs() -> Vec<Input> {
    const FORM: ClientAuthentication = ClientAuthentication::Form;
    inputs! {
        "token", "access token", Place::Header("authorization", "Bearer "),
            |uri, value| symphony(&uri).auth(StaticToken::new(value)).build()?.list_entitlements().send();
        "token of a user", "access token", Place::Header("authorization", "Bearer "), |uri, value| {
            let builder = connect::UserClient::builder(Environment::custom(&uri, &uri));
            builder.tokens(UserTokens::new(value)).build()?.list_global_permissions().send()
        };
        "refresh token", "refresh token", Place::Form, |uri, value| {
            let tokens = UserTokens::new("a").refresh_token(value).expires_in(Duration::ZERO);
            let app = login(&uri).client_login("id", "not-a-real-secret").build()?;
            app.as_user(tokens).list_global_permissions().send()
        };
        "realm", "realm", Place::Segment("/realms/{realm}/protocol/openid-connect/token"), |uri, value| {
            by_login(&uri, Keycloak::realm(&uri, &value).client_id("c").password("u", "not-a-real-password"))
        };
        "client id", "client id", Place::Form, |uri, value| by_login(&uri, realm(&uri).client_id(value));
        "client id beside a secret", "client id", Place::Basic,
            |uri, value| by_login(&uri, realm(&uri).client_id(value).client_secret("s"));
        "client secret", "client secret", Place::Basic, |uri, value| by_login(&uri, realm(&uri).client_secret(value));
        "client secret in the form", "client secret", Place::Form,
            |uri, value| by_login(&uri, realm(&uri).client_secret(value).client_authentication(FORM));
        "user name", "user name", Place::Form, |uri, value| by_login(&uri, realm(&uri).password(value, "p"));
        "password", "password", Place::Form, |uri, value| by_login(&uri, realm(&uri).password("u", value));
        "scope", "scope", Place::Form, |uri, value| by_login(&uri, realm(&uri).scope(value));
        "client id of Connect", "client id", Place::Basic, |uri, value| by_client_login(login(&uri).client_login(value, "s"));
        "client secret of Connect", "client secret", Place::Form, |uri, value| {
            by_client_login(login(&uri).client_login("id", value).client_authentication(FORM))
        };
        "scope of Connect", "scope", Place::Form,
            |uri, value| by_client_login(login(&uri).client_login("id", "s").scope(value));
    }
}

fn urls() -> Vec<Input> {
    inputs! {
        "base URL", "base URL", Place::Base("/api/v2/customer/entitlements"),
            |uri, value| symphony(&format!("{uri}/{value}")).build()?.list_entitlements().send();
        "token URL", "token URL", Place::Base(""), |uri, value| {
            let login = Keycloak::new(format!("{uri}/{value}")).client_id("c").password("u", "not-a-real-password");
            async move { by_login(&uri, login).await }
        };
        "login server", "token URL", Place::Base("/oauth/token"), |uri, value| {
            let environment = Environment::custom(&uri, format!("{uri}/{value}"));
            by_client_login(connect::Client::builder(environment).client_login("id", "s"))
        };
    }
}
