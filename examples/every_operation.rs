//! Sends every operation once, so that a mock server made from `specs/` can judge the requests.
//!
//! ```sh
//! npx --package @stoplight/prism-cli prism mock --errors -p 4010 specs/symphony.yaml &
//! cargo run --example every_operation -- --symphony http://127.0.0.1:4010
//! ```
//!
//! Also `--crm-gateway URL`, `--connect URL` and `--token TEXT`. Do not aim it at a real server:
//! it entitles, removes and shields.

use std::{env, error::Error, process::ExitCode};

use entitlements::{
    Response, Result,
    auth::StaticToken,
    connect::{self, ChannelState, Credential, Environment},
    crm_gateway::{self, Filter, Sort},
    symphony::{self, Advisor, ExternalNetwork},
};

const USAGE: &str =
    "usage: every_operation [--symphony URL] [--crm-gateway URL] [--connect URL] [--token TEXT]";

/// Where Prism says what a request breaks.
const VIOLATIONS: &str = "sl-violations";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(0) => ExitCode::SUCCESS,
        Ok(failed) => {
            eprintln!("{failed} failed");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> std::result::Result<usize, Box<dyn Error>> {
    let arguments = Arguments::read(env::args().skip(1))?;
    let token = StaticToken::new(arguments.token);
    let mut report = Report::default();
    if let Some(url) = arguments.symphony {
        symphony(&symphony::Client::builder(url).auth(token.clone()).build()?, &mut report).await;
    }
    if let Some(url) = arguments.crm_gateway {
        crm_gateway(&crm_gateway::Client::builder(url).auth(token.clone()).build()?, &mut report).await;
    }
    if let Some(url) = arguments.connect {
        // The token is given, so the login server is never asked.
        let servers = Environment::custom(url.clone(), url);
        connect_user(
            &connect::UserClient::builder(servers.clone()).auth(token.clone()).build()?,
            &mut report,
        )
        .await;
        connect_app(&connect::Client::builder(servers).auth(token).build()?, &mut report).await;
    }
    Ok(report.failed)
}

async fn symphony(client: &symphony::Client, report: &mut Report) {
    let network = || ExternalNetwork::SmsDirect;
    let both = || Advisor::id("351775001412105").and_email("ada+x@acme.example");
    report.add("symphony.list_entitlements", &client.list_entitlements().send().await);
    let add = client
        .add_entitlement(network(), both())
        .phone_number("+1 234-567-8912")
        .permissions(["create:room", "invite:contact"])
        .federation_group_id("emea");
    report.add("symphony.add_entitlement", &add.send().await);
    let list = client.list_entitled_advisors(network()).list_permissions(true).after("eyJ4IjoiMSJ9+/==");
    report.add("symphony.list_entitled_advisors", &list.send().await);
    report.add(
        "symphony.get_advisor_entitlement",
        &client.get_advisor_entitlement(network(), both()).send().await,
    );
    report.add("symphony.remove_entitlement", &client.remove_entitlement(network(), both()).send().await);
}

async fn crm_gateway(client: &crm_gateway::Client, report: &mut Report) {
    let list = client
        .list_entitlements()
        .filter(Filter::third_party().and("accountId", "acc 1&2"))
        .sort(Sort::desc("created").then_asc("status"))
        .fields(["productId", "status"])
        .limit(50)
        .page(2)
        .tenant("nagra");
    report.add("crm_gateway.list_entitlements", &list.send().await);
}

async fn connect_user(user: &connect::UserClient, report: &mut Report) {
    let (enterprise, order_type) = ("468979834", "56235 æ");
    report.add("user.list_global_permissions", &user.list_global_permissions().send().await);
    let list = user.list_enterprise_permissions(enterprise);
    report.add("user.list_enterprise_permissions", &list.send().await);
    let change = user
        .change_enterprise_permissions(enterprise)
        .set("TM", ChannelState::Shield)
        .set("DM", ChannelState::Permission);
    report.add("user.change_enterprise_permissions", &change.send().await);
    let list = user.list_order_type_permissions(enterprise, order_type);
    report.add("user.list_order_type_permissions", &list.send().await);
    let change = user.change_order_type_permissions(enterprise, order_type).set("EM", ChannelState::None);
    report.add("user.change_order_type_permissions", &change.send().await);
}

async fn connect_app(app: &connect::Client, report: &mut Report) {
    let shield = app.shield(Credential::phone("+4712345678")).channel("DM");
    report.add("app.shield.order_type", &shield.order_type("468979834", "56235").send().await);
    let shield = app.shield(Credential::email("ada@acme.example")).channel("TM");
    report.add("app.shield.enterprise", &shield.enterprise("468979834").send().await);
}

/// Prints one line per call and counts the failures.
#[derive(Default)]
struct Report {
    failed: usize,
}

impl Report {
    fn add<T>(&mut self, operation: &str, outcome: &Result<Response<T>>) {
        let (status, headers, body, error) = match outcome {
            Ok(answer) => (Some(answer.status().as_u16()), answer.headers(), answer.body(), None),
            Err(error) => {
                (error.status().map(|status| status.as_u16()), error.headers(), error.body(), Some(error))
            }
        };
        let status = status.map_or_else(|| "---".to_owned(), |status| status.to_string());
        let beginning: String = String::from_utf8_lossy(body).chars().take(60).collect();
        println!("{operation:<36} {status} {:>5} bytes {beginning}", body.len());
        if let Some(error) = error {
            println!("  error: {error}");
        }
        let violations = headers.get(VIOLATIONS);
        if let Some(found) = violations {
            println!("  violations: {}", String::from_utf8_lossy(found.as_bytes()));
        }
        self.failed += usize::from(error.is_some() || violations.is_some());
    }
}

struct Arguments {
    symphony: Option<String>,
    crm_gateway: Option<String>,
    connect: Option<String>,
    token: String,
}

impl Arguments {
    fn read(mut words: impl Iterator<Item = String>) -> std::result::Result<Self, String> {
        let token = "not-a-real-token".to_owned();
        let mut read = Self { symphony: None, crm_gateway: None, connect: None, token };
        while let Some(name) = words.next() {
            let value = words.next().ok_or(USAGE)?;
            match name.as_str() {
                "--symphony" => read.symphony = Some(value),
                "--crm-gateway" => read.crm_gateway = Some(value),
                "--connect" => read.connect = Some(value),
                "--token" => read.token = value,
                _ => return Err(USAGE.to_owned()),
            }
        }
        if read.symphony.is_none() && read.crm_gateway.is_none() && read.connect.is_none() {
            return Err(USAGE.to_owned());
        }
        Ok(read)
    }
}
