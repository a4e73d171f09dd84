//! Runs the fakes of all three APIs and of Keycloak on fixed ports, for `curl`, for programs in
//! other languages and for demonstrations.
//!
//! ```sh
//! cargo run --example fake_server --features fakes -- --seed examples/fake_server/seed.json --token demo
//! ```
//!
//! | option | default | |
//! | --- | --- | --- |
//! | `--seed FILE` | `examples/fake_server/seed.json`, built in | what the fakes know at the start |
//! | `--token TEXT` | none | a bearer token that never expires, for clients that cannot log in |
//! | `--symphony PORT` | 8081 | 0 takes a free port, here and below |
//! | `--crm-gateway PORT` | 8082 | |
//! | `--keycloak PORT` | 8083 | the login of the CRM Gateway |
//! | `--connect PORT` | 8084 | the API and its login |
//! | `--until-eof` | off | ends when the standard input does, for a program that starts it |
//!
//! All listen on the loopback address only and run until Ctrl-C. In Connect, `TEXT` is the token
//! of the user `ada`, and `TEXT-client` the one of client mode.
//!
//! # The seed file
//!
//! A JSON object; everything in it can be left out, and a name that is not listed here is an error.
//!
//! ```json
//! {
//!   "symphony": {
//!     "pageSize": 25,
//!     "networks": ["WECHAT", "WHATSAPP", "SMS", "SMS-DIRECT", "LINE", "WHATSAPP-DIRECT"],
//!     "users": [{ "id": "1", "email": "ada@acme.example", "firstName": "Ada", "lastName": "Byron" }],
//!     "generatedUsers": 100,
//!     "entitlements": [
//!       { "network": "SMS-DIRECT", "user": "1", "phoneNumber": "+1 234-567-8912", "permissions": ["create:room"] }
//!     ],
//!     "generatedEntitlements": [{ "network": "WHATSAPP", "count": 60 }]
//!   },
//!   "crmGateway": {
//!     "tenants": ["tenant-1"],
//!     "pageCap": 500,
//!     "entitlements": [{ "_id": "a", "accountId": "exampleAccount1", "productType": "THIRDPARTY" }],
//!     "generatedEntitlements": 250
//!   },
//!   "keycloak": {
//!     "users": [{ "name": "eve", "password": "not-a-secret", "roles": ["operatorRole"] }],
//!     "clients": [{ "id": "batch", "secret": "not-a-secret" }]
//!   },
//!   "connect": {
//!     "callsPerSecond": 100,
//!     "callsPerMinute": 2000,
//!     "channels": ["SMS"],
//!     "enterprises": [{ "code": "468979834", "orderTypes": ["56235"] }],
//!     "customers": [{ "number": "1001", "credentials": ["+4712345678", "ada@customers.example"] }],
//!     "users": [{ "name": "ada", "customer": "1001" }],
//!     "permissions": [
//!       { "customer": "1001", "enterprise": "468979834", "orderType": "56235", "channel": "TM", "state": "SHIELD" }
//!     ]
//!   }
//! }
//! ```
//!
//! * `networks` are those that the tenant may hand out. Default: the first five of the example.
//! * A generated user has the id `900000000001`, `900000000002` and so on, and the e-mail address
//!   `advisor-1@acme.example` and so on; a generated entitlement belongs to the user of its number.
//! * `entitlements` of the CRM Gateway are shown as they stand, to every tenant and without one; generated ones belong to the
//!   accounts `exampleAccount1` to `exampleAccount10` in turn.
//! * Keycloak and Connect have the users, clients and customers of every fake beside these. An
//!   entry of `permissions` without `orderType` holds for the enterprise, without both globally.

mod seed;

use std::{env, error::Error, io, panic, process::ExitCode};

use entitlements::fakes::{connect, crm_gateway, keycloak, symphony};
use serde_json::{Value, json};

use self::seed::{
    Connect, ConnectUser, CrmGateway, Customer, Enterprise, Entitlement, Generated, Keycloak, KeycloakClient,
    KeycloakUser, Permission, Seed, Symphony, User,
};

const USAGE: &str = "usage: fake_server [--seed FILE] [--token TEXT] [--symphony PORT] [--crm-gateway PORT] \
                     [--keycloak PORT] [--connect PORT] [--until-eof]";
/// The requests that a journal keeps: nobody reads it here, and the server may run for long.
const KEPT_REQUESTS: usize = 100;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    // A fake says what is wrong with its seed or port by a panic, which is to be one line here.
    panic::set_hook(Box::new(|info| {
        let said = info.payload();
        let text = said.downcast_ref::<String>().map(String::as_str).or(said.downcast_ref::<&str>().copied());
        eprintln!("fake_server: {}", text.unwrap_or("a fake gave up").replace('\n', " "));
    }));
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fake_server: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::read(env::args().skip(1))?;
    let seed = Seed::read(arguments.seed.as_deref())?;
    let token = arguments.token.as_deref();
    let symphony = start_symphony(&seed.symphony, arguments.symphony, token).await;
    let keycloak = keycloak_builder(&seed.keycloak, arguments.keycloak);
    let crm_gateway = start_crm_gateway(&seed.crm_gateway, arguments.crm_gateway, token, keycloak).await;
    let connect = start_connect(&seed.connect, arguments.connect, token).await;

    println!("Symphony     {}", symphony.base_url());
    println!("CRM Gateway  {}", crm_gateway.uri());
    println!("Keycloak     {}", crm_gateway.keycloak().token_url());
    println!("Connect      {}, login {}", connect.api_url(), connect.login_url());
    println!();
    println!(
        "curl -d grant_type=password -d client_id={} -d username={} -d password={} {}",
        keycloak::CLIENT_ID,
        keycloak::USER,
        keycloak::PASSWORD,
        crm_gateway.keycloak().token_url()
    );
    println!(
        "curl -d grant_type=client_credentials -d client_id={} -d client_secret={} {}/oauth/token",
        connect::SHIELD_CLIENT_ID,
        connect::SHIELD_CLIENT_SECRET,
        connect.login_url()
    );
    if let Some(token) = token {
        let bearer = format!("-H 'Authorization: Bearer {token}'");
        println!("curl {bearer} {}/api/v2/customer/entitlements", symphony.base_url());
        println!("curl {bearer} '{}/crm-gateway/v1/rmg/v1/entitlements?limit=2'", crm_gateway.uri());
        let accept = "-H 'Accept: application/json'";
        println!("curl {bearer} {accept} {}/v1/customer/pbm/{}", connect.api_url(), connect::ENTERPRISE);
    }
    println!();
    if arguments.until_eof {
        io::copy(&mut io::stdin(), &mut io::sink())?;
    } else {
        println!("Ctrl-C ends it.");
        std::future::pending::<()>().await;
    }
    Ok(())
}

async fn start_symphony(seed: &Symphony, port: u16, token: Option<&str>) -> symphony::Fake {
    let mut builder = symphony::Fake::builder().port(port).wire_listener(true).keep_requests(KEPT_REQUESTS);
    if let Some(size) = seed.page_size {
        builder = builder.page_size(size);
    }
    if let Some(token) = token {
        builder = builder.accept_token(token);
    }
    builder.tenant(tenant(seed)).start().await
}

fn tenant(seed: &Symphony) -> symphony::Tenant {
    let mut tenant = symphony::Tenant::new(symphony::KEY_NAME);
    if let Some(networks) = &seed.networks {
        tenant = tenant.networks(networks.iter().map(String::as_str));
    }
    let user = |User { id, email, first_name, last_name }: &User| {
        symphony::User::new(id, email, first_name, last_name)
    };
    for one in &seed.users {
        tenant = tenant.user(user(one));
    }
    tenant = tenant.users(seed.generated_users, generated_user);
    for Entitlement { network, user: id, phone_number, permissions } in &seed.entitlements {
        let Some(found) = seed.users.iter().find(|user| user.id == *id) else {
            panic!("the seed entitles the user {id} on {network}, but does not have that user");
        };
        let mut entitlement = symphony::Entitlement::new(user(found));
        if let Some(number) = phone_number {
            entitlement = entitlement.phone_number(number);
        }
        if !permissions.is_empty() {
            entitlement = entitlement.permissions(permissions);
        }
        tenant = tenant.advisor(network.as_str(), entitlement);
    }
    for Generated { network, count } in &seed.generated_entitlements {
        tenant = tenant.advisors(network.as_str(), *count, generated_user);
    }
    tenant
}

fn generated_user(number: usize) -> symphony::User {
    let number = number + 1;
    let (id, email) = (900_000_000_000 + number, format!("advisor-{number}@acme.example"));
    symphony::User::new(id.to_string(), email, "Advisor", number.to_string())
}

fn keycloak_builder(seed: &Keycloak, port: u16) -> keycloak::Builder {
    let mut builder = keycloak::Fake::builder().port(port).wire_listener(true).keep_requests(KEPT_REQUESTS);
    for KeycloakUser { name, password, roles } in &seed.users {
        builder = builder.user(name, password, roles);
    }
    for KeycloakClient { id, secret } in &seed.clients {
        builder = builder.confidential_client(id, secret);
    }
    builder
}

async fn start_crm_gateway(
    seed: &CrmGateway,
    port: u16,
    token: Option<&str>,
    keycloak: keycloak::Builder,
) -> crm_gateway::Fake {
    let mut builder = crm_gateway::Fake::builder()
        .keycloak(keycloak)
        .port(port)
        .wire_listener(true)
        .keep_requests(KEPT_REQUESTS);
    for tenant in &seed.tenants {
        builder = builder.seed_tenant(tenant, seed.generated_entitlements, generated_entitlement);
    }
    if let Some(size) = seed.page_cap {
        builder = builder.page_cap(size);
    }
    if let Some(token) = token {
        builder = builder.accept_token(token);
    }
    let fake = builder.seed(seed.generated_entitlements, generated_entitlement).start().await;
    for entitlement in &seed.entitlements {
        fake.add(entitlement.clone());
        for tenant in &seed.tenants {
            fake.tenant(tenant).add(entitlement.clone());
        }
    }
    fake
}

fn generated_entitlement(number: usize) -> Value {
    let status = ["ACTIVE", "PENDING", "SUSPENDED", "CANCELLED"][number % 4];
    let day = number % 28 + 1;
    json!({
        "productId": format!("tp-product-{}", number % 7 + 1),
        "accountId": format!("exampleAccount{}", number % 10 + 1),
        "status": status,
        "productType": "THIRDPARTY",
        "validFrom": format!("2025-09-{day:02}T00:00:00Z"),
        "expiryDate": format!("2026-09-{day:02}T00:00:00Z"),
        "created": format!("2025-09-{day:02}T00:00:00.{:03}Z", number % 1000),
    })
}

async fn start_connect(seed: &Connect, port: u16, token: Option<&str>) -> connect::Fake {
    let mut builder = connect::Fake::builder().port(port).wire_listener(true).keep_requests(KEPT_REQUESTS);
    builder = builder.limits(seed.calls_per_second, seed.calls_per_minute);
    if let Some(token) = token {
        builder =
            builder.accept_user_token(token, connect::USER).accept_client_token(format!("{token}-client"));
    }
    for channel in &seed.channels {
        builder = builder.channel(channel);
    }
    for Enterprise { code, order_types } in &seed.enterprises {
        builder = builder.enterprise(code, &texts(order_types));
    }
    for Customer { number, credentials } in &seed.customers {
        builder = builder.customer(number, &texts(credentials));
    }
    for ConnectUser { name, customer } in &seed.users {
        builder = builder.user(name, customer.as_deref());
    }
    for Permission { customer, enterprise, order_type, channel, state } in &seed.permissions {
        builder = builder.state(customer, enterprise.as_deref(), order_type.as_deref(), channel, state);
    }
    builder.start().await
}

fn texts(list: &[String]) -> Vec<&str> {
    list.iter().map(String::as_str).collect()
}

struct Arguments {
    seed: Option<String>,
    token: Option<String>,
    symphony: u16,
    crm_gateway: u16,
    keycloak: u16,
    connect: u16,
    until_eof: bool,
}

impl Arguments {
    fn read(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut read = Self {
            seed: None,
            token: None,
            symphony: 8081,
            crm_gateway: 8082,
            keycloak: 8083,
            connect: 8084,
            until_eof: false,
        };
        while let Some(name) = words.next() {
            if name == "--until-eof" {
                read.until_eof = true;
                continue;
            }
            let value = words.next().ok_or(USAGE)?;
            let port = || value.parse().map_err(|_| format!("{name} {value}: not a port; {USAGE}"));
            match name.as_str() {
                "--seed" => read.seed = Some(value),
                "--token" => read.token = Some(value),
                "--symphony" => read.symphony = port()?,
                "--crm-gateway" => read.crm_gateway = port()?,
                "--keycloak" => read.keycloak = port()?,
                "--connect" => read.connect = port()?,
                _ => return Err(format!("{name} is unknown; {USAGE}")),
            }
        }
        Ok(read)
    }
}
