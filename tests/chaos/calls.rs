//! One call of the mixture, and what may come of it.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use entitlements::{
    Error, ErrorKind, Response, Result,
    connect::{ChannelState, Credential},
    fakes::connect::{ENTERPRISE, ORDER_TYPE},
    symphony::Advisor,
};

use super::{
    PULSE, Run,
    ledger::Wish,
    world::{
        Customer, FIRST_READ, MAX_ATTEMPTS, MAX_BODY, NETWORK, PAGE, READ_NETWORK, Random, advisor,
        advisor_id,
    },
};

/// What may be added to a deadline, beside the lateness that was measured.
const ALLOWANCE: Duration = Duration::from_millis(500);
/// In milliseconds. The shortest is met in the middle of waits and of repeats.
const DEADLINES: [u64; 4] = [150, 400, 1_500, 3_000];

/// What is looked at in every answer.
#[derive(Debug)]
struct Facts {
    attempts: u32,
    body: usize,
}

impl<T> From<&Response<T>> for Facts {
    fn from(answer: &Response<T>) -> Self {
        Self { attempts: answer.attempts(), body: answer.body().len() }
    }
}

impl From<&Error> for Facts {
    fn from(error: &Error) -> Self {
        Self { attempts: error.attempts(), body: error.body().len() }
    }
}

/// The operations with their weights: the thirteen, and two that are put together from them.
const MIXTURE: [(&str, u64); 15] = [
    ("symphony.list_entitlements", 8),
    ("symphony.add_entitlement", 18),
    ("symphony.list_entitled_advisors", 8),
    ("symphony.get_advisor_entitlement", 8),
    ("symphony.remove_entitlement", 10),
    ("symphony.ensure_entitled", 6),
    ("symphony.ensure_removed", 4),
    ("crm_gateway.list_entitlements", 12),
    ("user.list_global_permissions", 3),
    ("user.list_enterprise_permissions", 4),
    ("user.change_enterprise_permissions", 6),
    ("user.list_order_type_permissions", 3),
    ("user.change_order_type_permissions", 4),
    ("app.shield.order_type", 3),
    ("app.shield.enterprise", 3),
];

/// What the injected faults may come to; anything else is a fault of the client.
fn allowed(operation: &str) -> &'static [ErrorKind] {
    use ErrorKind::{OutcomeUnknown, RateLimited, Server, Timeout, UnexpectedAnswer};
    match operation {
        // Late or lost after it was sent is unknown; late before is late.
        "symphony.add_entitlement" | "symphony.ensure_entitled" => {
            &[OutcomeUnknown, RateLimited, Timeout, UnexpectedAnswer]
        }
        _ => &[RateLimited, Server, Timeout, UnexpectedAnswer],
    }
}

fn pick(random: &mut Random) -> &'static str {
    let all = MIXTURE.iter().map(|(_, weight)| weight).sum();
    let mut left = random.below(all);
    for (operation, weight) in MIXTURE {
        match left.checked_sub(weight) {
            Some(less) => left = less,
            None => return operation,
        }
    }
    unreachable!("it is below the sum")
}

pub(crate) async fn call(run: &Run, number: u64) {
    let mut random = Random::new(run.seed.wrapping_mul(1_000_003).wrapping_add(number));
    let operation = pick(&mut random);
    let deadline = DEADLINES[usize::try_from(random.below(4)).expect("small")];
    let call = Call { run, operation, deadline: Duration::from_millis(deadline), random };
    let late = run.late.load(Ordering::Relaxed);
    let outcome = match operation.split_once('.') {
        Some(("symphony", _)) => call.symphony().await,
        Some(("crm_gateway", _)) => call.crm().await,
        _ => call.connect().await,
    };
    let (took, steps, result) = outcome;
    let what = format!("call {number} with CHAOS_SEED={}, {operation}: {result:?}", run.seed);
    let facts = result.as_ref().map_or_else(Facts::from, |facts| Facts { ..*facts });
    let mut limit = Duration::from_millis(deadline) * steps + ALLOWANCE;
    if took > limit {
        // The lateness of this moment is not counted yet.
        tokio::time::sleep(5 * PULSE).await;
        limit += Duration::from_millis(run.late.load(Ordering::Relaxed) - late);
    }
    assert!(took <= limit, "took {took:?} of {deadline} ms, which may be {limit:?}: {what}");
    // One more may follow a renewed token.
    assert!(facts.attempts <= MAX_ATTEMPTS + 1, "too many attempts: {what}");
    assert!(facts.body <= MAX_BODY, "a body of {} bytes: {what}", facts.body);
    let outcome = match &result {
        Ok(_) => "success".to_owned(),
        Err(error) => {
            assert!(allowed(operation).contains(&error.kind()), "not a kind for these faults: {what}");
            format!("{:?}", error.kind())
        }
    };
    run.figures.count_call(operation, outcome, took);
}

/// How long it took, how many deadlines it had, and what came.
type Outcome = (Duration, u32, Result<Facts>);

struct Call<'r> {
    run: &'r Run,
    operation: &'static str,
    deadline: Duration,
    random: Random,
}

/// Sends a request within the deadline and keeps what is looked at.
macro_rules! timed {
    ($call:expr, $steps:expr, $request:expr) => {{
        let start = Instant::now();
        let result = $request.with_deadline($call.deadline).send().await;
        let took = start.elapsed();
        (took, $steps, result)
    }};
}

fn facts<T>((took, steps, result): (Duration, u32, Result<Response<T>>)) -> Outcome {
    (took, steps, result.map(|answer| Facts::from(&answer)))
}

impl Call<'_> {
    async fn symphony(mut self) -> Outcome {
        let (world, client) = (&self.run.world, &self.run.world.symphony_client);
        match self.operation {
            "symphony.list_entitlements" => {
                let outcome = timed!(self, 1, client.list_entitlements());
                assert!(outcome.2.as_ref().map_or(true, |networks| networks.entitlements.len() == 5));
                facts(outcome)
            }
            "symphony.list_entitled_advisors" => {
                let outcome = timed!(self, 1, client.list_entitled_advisors(READ_NETWORK));
                assert!(outcome.2.as_ref().map_or(true, |page| page.entitlements.len() == 25));
                facts(outcome)
            }
            "symphony.get_advisor_entitlement" => {
                let who = FIRST_READ + usize::try_from(self.random.below(60)).expect("small");
                let who = Advisor::id(advisor_id(who));
                facts(timed!(self, 1, client.get_advisor_entitlement(READ_NETWORK, who)))
            }
            _ => {
                let taken = world.take_advisor();
                let who = Advisor::id(advisor_id(taken));
                let (wish, outcome) = match self.operation {
                    "symphony.add_entitlement" => {
                        (Wish::Add, facts(timed!(self, 1, client.add_entitlement(NETWORK, who))))
                    }
                    // It adds and reads back, twice each.
                    "symphony.ensure_entitled" => {
                        (Wish::EnsureEntitled, facts(timed!(self, 4, client.ensure_entitled(NETWORK, who))))
                    }
                    "symphony.remove_entitlement" => {
                        world.symphony.add_advisor(NETWORK, advisor(taken));
                        (Wish::Remove, facts(timed!(self, 1, client.remove_entitlement(NETWORK, who))))
                    }
                    _ => {
                        world.symphony.add_advisor(NETWORK, advisor(taken));
                        (Wish::Remove, facts(timed!(self, 1, client.ensure_removed(NETWORK, who))))
                    }
                };
                self.run.ledger.end(taken, wish, outcome.2.as_ref().err().map(Error::kind));
                outcome
            }
        }
    }

    async fn crm(mut self) -> Outcome {
        let page = 1 + self.random.below(500 / PAGE);
        let request = self.run.world.crm_client.list_entitlements().limit(PAGE).page(page);
        let outcome = timed!(self, 1, request);
        assert!(outcome.2.as_ref().map_or(true, |page| page.resource_set.len() as u64 == PAGE));
        facts(outcome)
    }

    async fn connect(mut self) -> Outcome {
        let customers = &self.run.world.customers;
        let customer = &customers[usize::try_from(self.random.below(customers.len() as u64)).expect("small")];
        let order_type = self.operation.contains("order_type").then_some(ORDER_TYPE);
        if self.operation == "user.list_global_permissions" {
            return facts(timed!(self, 1, customer.user.list_global_permissions()));
        }
        match self.operation.split_once('.') {
            Some(("app", _)) => self.shield(customer, order_type).await,
            Some((_, list)) if list.starts_with("list") => self.list(customer, order_type).await,
            _ => self.change(customer, order_type).await,
        }
    }

    async fn list(self, customer: &Customer, order_type: Option<&'static str>) -> Outcome {
        let user = &customer.user;
        let states = customer.states.lock().await;
        let outcome = if let Some(order_type) = order_type {
            timed!(self, 1, user.list_order_type_permissions(ENTERPRISE, order_type))
        } else {
            timed!(self, 1, user.list_enterprise_permissions(ENTERPRISE))
        };
        if let (Ok(level), Some(Some(state))) = (&outcome.2, states.get(&(order_type, "TM"))) {
            assert_eq!(level.state("TM").as_str(), state, "what was set is read");
        }
        facts(outcome)
    }

    async fn change(mut self, customer: &Customer, order_type: Option<&'static str>) -> Outcome {
        let user = &customer.user;
        let choice = [ChannelState::Shield, ChannelState::Permission, ChannelState::None];
        let state = choice[usize::try_from(self.random.below(3)).expect("small")].clone();
        let mut states = customer.states.lock().await;
        let request = if let Some(order_type) = order_type {
            user.change_order_type_permissions(ENTERPRISE, order_type)
        } else {
            user.change_enterprise_permissions(ENTERPRISE)
        };
        let outcome = facts(timed!(self, 1, request.set("TM", state.clone())));
        let is_set = outcome.2.is_ok().then(|| state.as_str().to_owned());
        if let Some(state) = &is_set {
            assert_eq!(self.run.world.state_of(customer, order_type, "TM"), *state, "the last state was set");
        }
        states.insert((order_type, "TM"), is_set);
        outcome
    }

    async fn shield(self, customer: &Customer, order_type: Option<&'static str>) -> Outcome {
        let world = &self.run.world;
        let mut states = customer.states.lock().await;
        world.connect.set_state(&customer.number, Some(ENTERPRISE), order_type, "DM", "NONE");
        let shield = world.app.shield(Credential::phone(&customer.phone)).channel("DM");
        let outcome = match order_type {
            Some(order_type) => facts(timed!(self, 1, shield.order_type(ENTERPRISE, order_type))),
            None => facts(timed!(self, 1, shield.enterprise(ENTERPRISE))),
        };
        let is_set = outcome.2.is_ok().then(|| "SHIELD".to_owned());
        if is_set.is_some() {
            assert_eq!(world.state_of(customer, order_type, "DM"), "SHIELD", "the customer is shielded");
        }
        states.insert((order_type, "DM"), is_set);
        outcome
    }
}
