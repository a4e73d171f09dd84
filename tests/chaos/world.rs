//! The fakes, their bad weather, and the clients.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use entitlements::{
    RateLimit,
    auth::Keycloak,
    connect as connect_client, crm_gateway as crm_client,
    fakes::{Fault, Faults, RateHeader, Reply, connect, crm_gateway, keycloak, symphony},
    symphony as symphony_client,
};
use serde_json::json;

/// Of a hundred answers so many are not what they should be.
const FAULTY: f64 = 0.2;
/// For one attempt. What is slow takes longer.
const ATTEMPT: Duration = Duration::from_millis(250);
const SLOW: Duration = Duration::from_millis(400);
const LONGEST_WAIT: Duration = Duration::from_millis(1_500);
pub(crate) const MAX_BODY: usize = 64 * 1024;
pub(crate) const MAX_ATTEMPTS: u32 = 4;
/// More than the calls take until the journals are read again.
const ADVISORS: usize = 2_000;
const CUSTOMERS: usize = 48;
/// More than the calls between two looks at a journal can send.
pub(crate) const KEPT: usize = 640;
/// The network of what is added and removed, and the one of what is only read.
pub(crate) const NETWORK: &str = "SMS";
pub(crate) const READ_NETWORK: &str = "WHATSAPP";
pub(crate) const FIRST_READ: usize = 9_000_000;
pub(crate) const PAGE: u64 = 20;

pub(crate) struct World {
    pub(crate) symphony: symphony::Fake,
    pub(crate) crm: crm_gateway::Fake,
    pub(crate) connect: connect::Fake,
    pub(crate) symphony_client: symphony_client::Client,
    pub(crate) crm_client: crm_client::Client,
    pub(crate) app: connect_client::Client,
    pub(crate) customers: Vec<Customer>,
    advisors: Mutex<VecDeque<usize>>,
}

/// A customer whose calls come one after the other, so that it is known what was set last.
pub(crate) struct Customer {
    pub(crate) number: String,
    pub(crate) phone: String,
    pub(crate) user: connect_client::UserClient,
    /// By order type and channel; nothing is known after a change that failed.
    pub(crate) states: tokio::sync::Mutex<States>,
}

type States = BTreeMap<(Option<&'static str>, &'static str), Option<String>>;

/// The limits of all clients, which are of three types.
macro_rules! limited {
    ($builder:expr) => {
        $builder
            .timeout(ATTEMPT)
            .connect_timeout(ATTEMPT)
            .longest_wait(LONGEST_WAIT)
            .backoff(Duration::from_millis(20), Duration::from_millis(200))
            .rate_limit(RateLimit::none())
            .max_attempts(MAX_ATTEMPTS)
            .max_body(MAX_BODY)
            .build()
            .expect("a client")
    };
}

impl World {
    pub(crate) async fn start(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let symphony = symphony_fake(&mut random).await;
        let crm = crm_fake(&mut random).await;
        let connect = connect_fake(&mut random).await;
        let builder = symphony_client::Client::builder(symphony.base_url());
        let symphony_client = limited!(builder.auth(symphony.signer().expect("a key")));
        let login = Keycloak::new(crm.keycloak().token_url())
            .client_id(keycloak::CLIENT_ID)
            .password(keycloak::USER, keycloak::PASSWORD);
        let crm_client = limited!(crm_client::Client::builder(crm.uri()).auth(login));
        let servers = connect_client::Environment::custom(connect.api_url(), connect.login_url());
        let builder = connect_client::Client::builder(servers);
        let app = limited!(builder.client_login(connect::CLIENT_ID, connect::CLIENT_SECRET));
        let customers = (0..CUSTOMERS).map(|index| Customer::new(index, &connect, &app)).collect();
        let advisors = Mutex::new((0..ADVISORS).collect());
        Self { symphony, crm, connect, symphony_client, crm_client, app, customers, advisors }
    }

    /// An advisor whom no other call is about, until it is given back.
    pub(crate) fn take_advisor(&self) -> usize {
        let mut free = self.advisors.lock().unwrap_or_else(PoisonError::into_inner);
        free.pop_front().expect("there are more advisors than calls between two looks at the journal")
    }

    pub(crate) fn give_back(&self, advisor: usize) {
        self.advisors.lock().unwrap_or_else(PoisonError::into_inner).push_back(advisor);
    }

    /// After the last call everything is as the outcomes said.
    pub(crate) fn assert_settled(&self) {
        assert_eq!(self.symphony.entitled(NETWORK), 0, "the looks took away who was entitled");
        for customer in &self.customers {
            let states = customer.states.try_lock().expect("no call is under way");
            for ((order_type, channel), state) in &*states {
                let Some(state) = state else { continue };
                let now = self.state_of(customer, *order_type, channel);
                assert_eq!(now, *state, "{} {order_type:?} {channel}", customer.number);
            }
        }
        assert!(self.symphony.journal().entries().len() <= KEPT, "the journal is bounded");
        assert!(self.crm.journal().entries().len() <= KEPT, "the journal is bounded");
        assert!(self.connect.journal().entries().len() <= KEPT, "the journal is bounded");
    }

    pub(crate) fn state_of(&self, customer: &Customer, order_type: Option<&str>, channel: &str) -> String {
        self.connect.state_of(&customer.number, Some(connect::ENTERPRISE), order_type, channel)
    }
}

impl Customer {
    fn new(index: usize, fake: &connect::Fake, app: &connect_client::Client) -> Self {
        let (number, name) = (format!("{}", 5_000 + index), format!("user{index}"));
        let phone = format!("+47900{index:05}");
        fake.add_customer(&number, &[&phone]);
        fake.add_user(&name, Some(&number));
        let user = app.as_user(fake.log_in(&name));
        Self { number, phone, user, states: tokio::sync::Mutex::default() }
    }
}

pub(crate) fn advisor_id(advisor: usize) -> String {
    format!("35177500{advisor:07}")
}

pub(crate) fn advisor(advisor: usize) -> symphony::User {
    let email = format!("advisor{advisor}@acme.example");
    symphony::User::new(advisor_id(advisor), email, "Ada", format!("Byron {advisor}"))
}

async fn symphony_fake(random: &mut Random) -> symphony::Fake {
    use symphony::Operation;
    let mut builder = symphony::Fake::builder().wire_listener(true).keep_requests(KEPT);
    for operation in [
        Operation::ListEntitlements,
        Operation::AddEntitlement,
        Operation::ListEntitledAdvisors,
        Operation::GetCustomerEntitlement,
        Operation::DeleteCustomerEntitlement,
    ] {
        let weather = match operation {
            Operation::AddEntitlement => of_the_unrepeatable(),
            Operation::DeleteCustomerEntitlement => of_writes(),
            _ => of_reads(),
        };
        builder = builder.faults(operation, Faults::one_of(weather, FAULTY, random.next()));
    }
    let fake = builder.start().await;
    for number in 0..60 {
        fake.add_advisor(READ_NETWORK, advisor(FIRST_READ + number));
    }
    for number in 0..ADVISORS {
        let id = advisor_id(number);
        fake.add_user(&id, &format!("advisor{number}@acme.example"), "Ada", &format!("Byron {number}"));
    }
    fake
}

async fn crm_fake(random: &mut Random) -> crm_gateway::Fake {
    let entitlement = |number: usize| json!({ "accountId": format!("account-{number}"), "status": "ACTIVE" });
    // A wait of a second is one for everybody, so only some of the calls have it.
    let busy = Fault::too_many_requests(RateHeader::RetryAfter(Duration::from_secs(1)));
    let weather = of_reads().into_iter().chain([busy]).collect::<Vec<_>>();
    let weather = Faults::one_of(weather, FAULTY, random.next());
    // A token lasts as long as it takes for some of the calls to need a new one.
    let keycloak = keycloak::Fake::builder().access_lifetime(Duration::from_secs(5));
    let builder = crm_gateway::Fake::builder().wire_listener(true).keep_requests(KEPT);
    builder
        .keycloak(keycloak.wire_listener(true).keep_requests(KEPT))
        .seed(500, entitlement)
        .faults(crm_gateway::Operation::GetEntitlements, weather)
        .start()
        .await
}

async fn connect_fake(random: &mut Random) -> connect::Fake {
    use connect::Operation;
    let mut builder = connect::Fake::builder().wire_listener(true).keep_requests(KEPT);
    for operation in [
        Operation::ListGlobalPermissions,
        Operation::ListEnterprisePermissions,
        Operation::ChangeEnterprisePermissions,
        Operation::ListOrderTypePermissions,
        Operation::ChangeOrderTypePermissions,
        Operation::ShieldOrderTypeByCredential,
        Operation::ShieldEnterpriseByCredential,
    ] {
        let is_read = matches!(
            operation,
            Operation::ListGlobalPermissions
                | Operation::ListEnterprisePermissions
                | Operation::ListOrderTypePermissions
        );
        let weather = if is_read { of_reads() } else { of_writes() };
        builder = builder.faults(operation, Faults::one_of(weather, FAULTY, random.next()));
    }
    // The calls are to meet other faults than the limit of the vendor.
    builder.limits(1_000_000, 1_000_000).access_lifetime(Duration::from_secs(90)).start().await
}

fn of_all() -> Vec<Fault> {
    let limited = |header| Fault::too_many_requests(header);
    vec![
        Fault::reset(),
        Fault::reset_after(60),
        Fault::closed_after(160),
        Fault::truncated_body(10),
        Fault::truncated_body(10).chunked(),
        limited(RateHeader::Absent),
        limited(RateHeader::RetryAfter(Duration::ZERO)),
        Fault::status(500),
        Fault::status(503),
        Fault::html(502),
        Fault::delay(SLOW),
        Fault::endless_body(),
    ]
}

fn of_reads() -> Vec<Fault> {
    let busy = Fault::reply(Reply::new(503).with_header("retry-after", "0"));
    of_all().into_iter().chain([Fault::html(200), busy]).collect()
}

/// A write is also carried out before its answer is lost.
fn of_writes() -> Vec<Fault> {
    let busy = Fault::reply(Reply::new(503).with_header("retry-after", "0"));
    of_the_unrepeatable().into_iter().chain([busy]).collect()
}

/// Without a 503 that names a wait: it may be repeated, and the journal cannot tell it from one that
/// names none.
fn of_the_unrepeatable() -> Vec<Fault> {
    let after = [Fault::reset(), Fault::status(500), Fault::status(503), Fault::html(502), Fault::html(200)];
    of_all().into_iter().chain([Fault::html(200)]).chain(after.map(Fault::after_change)).collect()
}

/// Small, and the same everywhere.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}
