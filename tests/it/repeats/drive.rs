//! The operations, and how each is called at a fake in this process or by a socket.

use std::time::Duration;

use entitlements::{
    Error,
    auth::StaticToken,
    connect::{self, ChannelState, Credential, Environment},
    crm_gateway,
    fakes::{self, Faults},
    symphony::{self, Advisor, ExternalNetwork},
    time::{BoxFuture, Clock},
};
use serde_json::json;

use fakes::connect::{ENTERPRISE, ORDER_TYPE, PHONE, USER};

pub(super) const TOKEN: &str = "not-a-real-token";
pub(super) const USER_TOKEN: &str = "not-a-real-user-token";
/// The largest answer that a client with a socket takes; those of the fakes are smaller.
pub(super) const MAX_BODY: usize = 4096;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Api {
    Symphony,
    CrmGateway,
    Connect,
}

/// What may happen after an attempt that may have been carried out: the columns of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Read,
    State,
    Removal,
    Never,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Operation {
    /// Its `operationId`, or what kind of raw request it is.
    pub(super) name: &'static str,
    pub(super) api: Api,
    pub(super) class: Class,
    /// The operation that the fake sees.
    pub(super) seen_as: &'static str,
}

impl Operation {
    pub(super) fn is_raw(&self) -> bool {
        self.name != self.seen_as
    }
}

const fn operation(api: Api, name: &'static str, class: Class) -> Operation {
    Operation { name, api, class, seen_as: name }
}

const fn raw(api: Api, name: &'static str, class: Class, seen_as: &'static str) -> Operation {
    Operation { name, api, class, seen_as }
}

/// The thirteen, and the request that no method models in each of its forms.
pub(super) const OPERATIONS: [Operation; 17] = [
    operation(Api::Symphony, "listEntitlements", Class::Read),
    operation(Api::Symphony, "addEntitlement", Class::Never),
    operation(Api::Symphony, "listEntitledAdvisors", Class::Read),
    operation(Api::Symphony, "getCustomerEntitlement", Class::Read),
    operation(Api::Symphony, "deleteCustomerEntitlement", Class::Removal),
    operation(Api::CrmGateway, "getEntitlements", Class::Read),
    operation(Api::Connect, "listGlobalPermissions", Class::Read),
    operation(Api::Connect, "listEnterprisePermissions", Class::Read),
    operation(Api::Connect, "changeEnterprisePermissions", Class::State),
    operation(Api::Connect, "listOrderTypePermissions", Class::Read),
    operation(Api::Connect, "changeOrderTypePermissions", Class::State),
    operation(Api::Connect, "shieldOrderTypeByCredential", Class::State),
    operation(Api::Connect, "shieldEnterpriseByCredential", Class::State),
    raw(Api::Symphony, "raw GET", Class::Read, "listEntitlements"),
    raw(Api::Symphony, "raw GET, repeatable(false)", Class::Never, "listEntitlements"),
    raw(Api::Connect, "raw POST", Class::Never, "changeEnterprisePermissions"),
    raw(Api::Connect, "raw POST, repeatable(true)", Class::Read, "changeEnterprisePermissions"),
];

/// The operation of this name.
pub(super) fn named(name: &str) -> Operation {
    *OPERATIONS.iter().find(|operation| operation.name == name).expect("one of the operations")
}

/// What a call sets for itself.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Limits {
    pub(super) timeout: Option<Duration>,
    pub(super) deadline: Option<Duration>,
    pub(super) max_attempts: Option<u32>,
}

/// How a call ended.
#[derive(Debug)]
pub(super) enum Ended {
    Done { status: u16, attempts: u32 },
    Failed(Error),
}

impl Ended {
    pub(super) fn attempts(&self) -> u32 {
        match self {
            Self::Done { attempts, .. } => *attempts,
            Self::Failed(error) => error.attempts(),
        }
    }

    #[track_caller]
    pub(super) fn error(self) -> Error {
        match self {
            Self::Failed(error) => error,
            Self::Done { .. } => panic!("expected an error, got {self:?}"),
        }
    }

    /// The status of the success.
    #[track_caller]
    pub(super) fn done(self) -> u16 {
        match self {
            Self::Done { status, .. } => status,
            Self::Failed(error) => panic!("expected a success, got {error}"),
        }
    }
}

/// A fake of one of the APIs, with what every operation needs to succeed.
#[derive(Debug)]
pub(super) enum Fake {
    Symphony(fakes::symphony::Fake),
    CrmGateway(fakes::crm_gateway::Fake),
    Connect(fakes::connect::Fake),
}

/// The builder of a fake with what all of them take.
macro_rules! builder {
    ($api:ident, $operation:expr, $clock:expr, $faults:expr) => {
        fakes::$api::Fake::builder().clock($clock).faults($operation.seen_as, $faults)
    };
}

impl Fake {
    /// Without a socket.
    pub(super) fn in_process(operation: Operation, clock: impl Clock, faults: impl Into<Faults>) -> Self {
        match operation.api {
            Api::Symphony => Self::Symphony(builder!(symphony, operation, clock, faults).start_in_process()),
            Api::CrmGateway => {
                Self::CrmGateway(builder!(crm_gateway, operation, clock, faults).start_in_process())
            }
            Api::Connect => Self::Connect(builder!(connect, operation, clock, faults).start_in_process()),
        }
        .seeded()
    }

    /// On a port, for the clients of [`Client::over`].
    pub(super) async fn served(operation: Operation, clock: impl Clock, faults: impl Into<Faults>) -> Self {
        match operation.api {
            Api::Symphony => {
                let builder = builder!(symphony, operation, clock, faults).wire_listener(true);
                Self::Symphony(builder.accept_token(TOKEN).start().await)
            }
            Api::CrmGateway => {
                let builder = builder!(crm_gateway, operation, clock, faults).wire_listener(true);
                Self::CrmGateway(builder.accept_token(TOKEN).start().await)
            }
            Api::Connect => {
                let builder = builder!(connect, operation, clock, faults).wire_listener(true);
                let builder = builder.accept_client_token(TOKEN).accept_user_token(USER_TOKEN, USER);
                Self::Connect(builder.start().await)
            }
        }
        .seeded()
    }

    fn seeded(self) -> Self {
        match &self {
            Self::Symphony(fake) => {
                fake.add_user("351775001412105", "ada@acme.example", "Ada", "Byron");
                let entitled =
                    fakes::symphony::User::new("351775001412106", "bob@acme.example", "Bob", "Ray");
                fake.add_advisor(ExternalNetwork::WhatsApp, entitled);
            }
            Self::CrmGateway(fake) => {
                fake.add(json!({ "accountId": "account-1" }));
            }
            Self::Connect(_) => {}
        }
        self
    }

    pub(super) fn uri(&self) -> String {
        match self {
            Self::Symphony(fake) => fake.uri(),
            Self::CrmGateway(fake) => fake.uri(),
            Self::Connect(fake) => fake.uri(),
        }
    }

    /// A client with a renewable login and the fake's clock.
    pub(super) fn client(&self) -> Client {
        match self {
            Self::Symphony(fake) => Client::Symphony(fake.client().expect("a client")),
            Self::CrmGateway(fake) => Client::CrmGateway(fake.client().expect("a client")),
            Self::Connect(fake) => {
                let app = fake.client().expect("a client");
                let user = app.as_user(fake.log_in(USER));
                Client::Connect { app, user }
            }
        }
    }

    /// How many requests of the operation came.
    pub(super) fn requests(&self, operation: Operation) -> u64 {
        fn count<O: std::str::FromStr<Err: std::fmt::Debug>>(name: &str, count: impl Fn(O) -> u64) -> u64 {
            count(name.parse().expect("an operation of the fake"))
        }
        match self {
            Self::Symphony(fake) => count(operation.seen_as, |each| fake.journal().count(each)),
            Self::CrmGateway(fake) => count(operation.seen_as, |each| fake.journal().count(each)),
            Self::Connect(fake) => count(operation.seen_as, |each| fake.journal().count(each)),
        }
    }

    pub(super) fn assert_faults_used(&self) {
        match self {
            Self::Symphony(fake) => fake.assert_faults_used(),
            Self::CrmGateway(fake) => fake.assert_faults_used(),
            Self::Connect(fake) => fake.assert_faults_used(),
        }
    }
}

/// The client of an API, or both.
#[derive(Debug, Clone)]
pub(super) enum Client {
    Symphony(symphony::Client),
    CrmGateway(crm_gateway::Client),
    Connect { app: connect::Client, user: connect::UserClient },
}

impl Client {
    /// By a socket, with a token that cannot be renewed and a small bound for bodies.
    pub(super) fn over(api: Api, uri: &str, clock: &(impl Clock + Clone)) -> Self {
        let token = || StaticToken::new(TOKEN);
        match api {
            Api::Symphony => {
                let builder = symphony::Client::builder(format!("{uri}/admin")).auth(token());
                let client = builder.clock(clock.clone()).max_body(MAX_BODY).build();
                Self::Symphony(client.expect("a client"))
            }
            Api::CrmGateway => {
                let builder = crm_gateway::Client::builder(uri).auth(token());
                let client = builder.clock(clock.clone()).max_body(MAX_BODY).build();
                Self::CrmGateway(client.expect("a client"))
            }
            Api::Connect => {
                let there = || Environment::custom(format!("{uri}/capi"), format!("{uri}/user"));
                let app = connect::Client::builder(there()).auth(token());
                let app = app.clock(clock.clone()).max_body(MAX_BODY).build().expect("a client");
                let user = connect::UserClient::builder(there()).auth(StaticToken::new(USER_TOKEN));
                let user = user.clock(clock.clone()).max_body(MAX_BODY).build().expect("a client");
                Self::Connect { app, user }
            }
        }
    }

    /// Calls the operation, with arguments that the fake takes.
    pub(super) fn call(&self, operation: Operation, limits: Limits) -> BoxFuture<'_, Ended> {
        macro_rules! ended {
            ($request:expr) => {{
                let mut request = $request;
                if let Some(timeout) = limits.timeout {
                    request = request.with_timeout(timeout);
                }
                if let Some(deadline) = limits.deadline {
                    request = request.with_deadline(deadline);
                }
                if let Some(attempts) = limits.max_attempts {
                    request = request.with_max_attempts(attempts);
                }
                Box::pin(async {
                    match request.send().await {
                        Ok(response) => {
                            Ended::Done { status: response.status().as_u16(), attempts: response.attempts() }
                        }
                        Err(error) => Ended::Failed(error),
                    }
                })
            }};
        }
        let ada = || Advisor::email("ada@acme.example");
        let bob = || Advisor::email("bob@acme.example");
        let channels = || json!({ "channels": [{ "type": "SHIELD", "value": "TM" }] });
        match self {
            Self::Symphony(client) => match operation.name {
                "listEntitlements" => ended!(client.list_entitlements()),
                "addEntitlement" => ended!(client.add_entitlement(ExternalNetwork::Sms, ada())),
                "listEntitledAdvisors" => ended!(client.list_entitled_advisors(ExternalNetwork::WhatsApp)),
                "getCustomerEntitlement" => {
                    ended!(client.get_advisor_entitlement(ExternalNetwork::WhatsApp, bob()))
                }
                "deleteCustomerEntitlement" => {
                    ended!(client.remove_entitlement(ExternalNetwork::WhatsApp, bob()))
                }
                "raw GET" => ended!(client.request("GET", "/api/v2/customer/entitlements")),
                "raw GET, repeatable(false)" => {
                    ended!(client.request("GET", "/api/v2/customer/entitlements").repeatable(false))
                }
                unknown => panic!("say how `{unknown}` is called"),
            },
            Self::CrmGateway(client) => match operation.name {
                "getEntitlements" => ended!(client.list_entitlements()),
                unknown => panic!("say how `{unknown}` is called"),
            },
            Self::Connect { app, user } => {
                let shield = || app.shield(Credential::phone(PHONE)).channel("DM");
                let post =
                    || user.request("POST", &format!("/v1/customer/pbm/{ENTERPRISE}")).json(&channels());
                match operation.name {
                    "listGlobalPermissions" => ended!(user.list_global_permissions()),
                    "listEnterprisePermissions" => ended!(user.list_enterprise_permissions(ENTERPRISE)),
                    "changeEnterprisePermissions" => {
                        ended!(user.change_enterprise_permissions(ENTERPRISE).set("TM", ChannelState::Shield))
                    }
                    "listOrderTypePermissions" => {
                        ended!(user.list_order_type_permissions(ENTERPRISE, ORDER_TYPE))
                    }
                    "changeOrderTypePermissions" => {
                        let change = user.change_order_type_permissions(ENTERPRISE, ORDER_TYPE);
                        ended!(change.set("TM", ChannelState::Shield))
                    }
                    "shieldOrderTypeByCredential" => ended!(shield().order_type(ENTERPRISE, ORDER_TYPE)),
                    "shieldEnterpriseByCredential" => ended!(shield().enterprise(ENTERPRISE)),
                    "raw POST" => ended!(post()),
                    "raw POST, repeatable(true)" => ended!(post().repeatable(true)),
                    unknown => panic!("say how `{unknown}` is called"),
                }
            }
        }
    }
}
