//! One seed: a day of calls with one credential, and what must hold in it.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use entitlements::{
    auth::{Auth, Bearer, Context, Keycloak},
    crm_gateway::Client,
    fakes::{
        Fault, Faults, crm_gateway,
        keycloak::{self, CLIENT_ID, Issuer, Operation, PASSWORD, USER},
    },
    time::Clock,
};
use tokio::{
    runtime::Builder,
    time::{Instant, sleep, sleep_until},
};

use super::{
    caller,
    clock::Virtual,
    day::{self, Day, Decree, Plan, Strike},
    figures::Figures,
    ledger::{self, Decreed, Ledger},
};

/// An administrator who waits for a token request waits no longer.
const LONGEST_WATCH: Duration = Duration::from_secs(240);
/// A token that arrives was asked for no longer ago.
const LONGEST_WAY: Duration = Duration::from_secs(15);

/// How calls get their tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// From the cache, and the issuer says what the API would.
    Cache,
    /// As a client does it, with real calls of a gateway.
    Client,
}

/// What came of a seed.
pub(crate) struct Outcome {
    pub(crate) figures: Figures,
    pub(crate) violations: Vec<String>,
    /// Of everything that was asked and answered, and when.
    pub(crate) digest: u64,
    pub(crate) journal: String,
}

enum Api {
    Cache { auth: Auth, context: Context, issuer: Issuer, fake: keycloak::Fake },
    Client { client: Client, fake: crm_gateway::Fake },
}

struct World {
    api: Api,
    clock: Virtual,
    newest: AtomicU64,
    decrees: Mutex<Vec<(Instant, Decreed)>>,
    counted: Mutex<(Figures, Vec<String>)>,
}

/// Why a call failed.
enum Failure {
    /// An administrator ended tokens during the call, or one that was under way, and a call tries
    /// two.
    Unlucky,
    Violation(String),
}

/// How often the token of a call was refused.
type Refused = u32;

pub(crate) fn run(seed: u64, calls: usize, by: By) -> Outcome {
    // Jitter and waits of the crate; what happens in the day has numbers of its own.
    fastrand::seed(seed);
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
    runtime.block_on(async {
        let world = Arc::new(World::new(seed, by));
        live(&world, Day::new(seed, calls)).await;
        world.outcome()
    })
}

async fn live(world: &Arc<World>, day: Day) {
    let start = Instant::now();
    let own = world.clone();
    let administrator = tokio::spawn(async move {
        for strike in day.decrees {
            sleep_until(start + strike.at).await;
            own.strike(strike).await;
        }
    });
    let own = world.clone();
    let weather = tokio::spawn(async move {
        for (at, faults) in day.weather {
            sleep_until(start + at).await;
            own.keycloak().faults(Operation::Token, faults);
        }
    });
    tokio::task::yield_now().await;
    let mut tasks = Vec::with_capacity(day.calls.len());
    for plan in day.calls {
        if start.elapsed() < plan.at {
            sleep_until(start + plan.at).await;
        }
        let own = world.clone();
        tasks.push(tokio::spawn(async move {
            let outcome = caller::call(plan, own.call(plan)).await;
            own.count(outcome);
        }));
    }
    tasks.extend([administrator, weather]);
    for task in tasks {
        if let Err(error) = task.await {
            world.counted().1.push(format!("a task ended: {error}"));
        }
    }
    // What callers left behind comes to its end.
    sleep(Duration::from_secs(300)).await;
}

impl World {
    fn new(seed: u64, by: By) -> Self {
        let clock = Virtual::new(Duration::from_millis(seed % 1000));
        let seconds = Duration::from_secs;
        let realm = keycloak::Fake::builder()
            .access_lifetime(seconds(ledger::ACCESS))
            .idle(seconds(ledger::IDLE))
            .session_max(seconds(ledger::LONGEST))
            .rotation(true)
            .token_request_takes(day::AT_WORK);
        let api = match by {
            By::Cache => {
                let fake = realm.clock(clock.clone()).start_in_process();
                let login = Keycloak::new(fake.token_url()).client_id(CLIENT_ID).password(USER, PASSWORD);
                let context = fake.context().expect("a context");
                Api::Cache { auth: Auth::from(login), context, issuer: fake.issuer(), fake }
            }
            By::Client => {
                let builder = crm_gateway::Fake::builder().clock(clock.clone()).keycloak(realm);
                let fake = builder.start_in_process();
                let times = [0, 0, 0, 100, 900].map(|time| Fault::delay(Duration::from_millis(time)));
                let on_their_way = Faults::one_of(times, 1.0, seed);
                fake.faults(crm_gateway::Operation::GetEntitlements, on_their_way);
                Api::Client { client: fake.client().expect("a client"), fake }
            }
        };
        Self { api, clock, newest: AtomicU64::new(0), decrees: Mutex::default(), counted: Mutex::default() }
    }

    fn keycloak(&self) -> &keycloak::Fake {
        match &self.api {
            Api::Cache { fake, .. } => fake,
            Api::Client { fake, .. } => fake.keycloak(),
        }
    }

    fn auth(&self) -> &Auth {
        match &self.api {
            Api::Cache { auth, .. } => auth,
            Api::Client { client, .. } => client.auth(),
        }
    }

    fn counted(&self) -> MutexGuard<'_, (Figures, Vec<String>)> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn decrees(&self) -> MutexGuard<'_, Vec<(Instant, Decreed)>> {
        self.decrees.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn strike(&self, Strike { decree, under_way, .. }: Strike) {
        let fake = self.keycloak();
        if let Some(slow) = under_way {
            fake.faults(Operation::Token, slow);
            let (before, end) = (fake.counts(), Instant::now() + LONGEST_WATCH);
            while fake.counts() == before && Instant::now() < end {
                sleep(Duration::from_secs(1)).await;
            }
        }
        match decree {
            Decree::LogOutAll => fake.log_out_all(),
            Decree::PushNotBefore => fake.push_not_before(),
            Decree::RevokeAccessTokens => fake.revoke_access_tokens(),
        }
        self.decrees().push((Instant::now(), (fake.journal().total(), decree)));
    }

    async fn call(&self, plan: Plan) -> Result<Refused, Failure> {
        for _ in 0..plan.yields {
            tokio::task::yield_now().await;
        }
        let start = Instant::now();
        let generation = self.auth().status().generation;
        self.see(generation, self.newest.load(Ordering::Relaxed))?;
        let failed = match &self.api {
            Api::Client { client, .. } => {
                let count = client.list_entitlements().count().await;
                count.map(|_| 0).map_err(|error| format!("{error}"))
            }
            Api::Cache { .. } => self.two_attempts(plan).await,
        };
        failed.map_err(|message| {
            let is_unlucky = self.decrees().last().is_some_and(|(at, _)| *at + LONGEST_WAY > start);
            if is_unlucky { Failure::Unlucky } else { Failure::Violation(message) }
        })
    }

    /// What a transport does.
    async fn two_attempts(&self, plan: Plan) -> Result<Refused, String> {
        let first = self.bearer().await?;
        let Err(refusal) = self.ask_the_api(&first, plan).await else { return Ok(0) };
        let Api::Cache { auth, context, .. } = &self.api else { return Ok(0) };
        if !auth.reject(&first, context) {
            return Err(format!("{refusal}, and there is no other"));
        }
        let second = self.bearer().await?;
        self.ask_the_api(&second, plan).await.map_err(|second| format!("{refusal}, then {second}"))?;
        Ok(1)
    }

    async fn bearer(&self) -> Result<Bearer, String> {
        let Api::Cache { auth, context, .. } = &self.api else { return Err("no cache".to_owned()) };
        let before = self.newest.load(Ordering::Relaxed);
        let bearer = auth.bearer(context).await.map_err(|error| format!("no token: {error}"))?;
        match self.see(bearer.generation(), before) {
            Err(Failure::Violation(message)) => Err(message),
            _ => Ok(bearer),
        }
    }

    /// Nobody is given an older token than somebody had before.
    fn see(&self, generation: u64, before: u64) -> Result<(), Failure> {
        self.newest.fetch_max(generation, Ordering::Relaxed);
        if generation < before {
            return Err(Failure::Violation(format!("token {generation} after token {before}")));
        }
        Ok(())
    }

    async fn ask_the_api(&self, bearer: &Bearer, plan: Plan) -> Result<(), String> {
        let Api::Cache { issuer, .. } = &self.api else { return Ok(()) };
        if plan.on_its_way.is_zero() {
            tokio::task::yield_now().await;
        } else {
            sleep(plan.on_its_way).await;
        }
        let header = bearer.header().to_str().unwrap_or_default();
        let token = header.strip_prefix("Bearer ").unwrap_or_default();
        let checked = issuer.check(token, self.clock.wall());
        checked.map(drop).map_err(|refusal| format!("token {} is {refusal:?}", bearer.generation()))
    }

    fn count(&self, outcome: Option<Result<Refused, Failure>>) {
        let mut counted = self.counted();
        let (figures, violations) = &mut *counted;
        figures.calls += 1;
        match outcome {
            None => figures.cancelled += 1,
            Some(Ok(0)) => {}
            Some(Ok(_)) => figures.replayed += 1,
            Some(Err(Failure::Unlucky)) => figures.unlucky += 1,
            Some(Err(Failure::Violation(message))) => violations.push(format!("a call failed: {message}")),
        }
    }

    fn outcome(&self) -> Outcome {
        let fake = self.keycloak();
        let journal = fake.journal();
        let ledger = Ledger::read(&journal, self.decrees().iter().map(|(_, decreed)| *decreed));
        let (mut figures, mut violations) = self.counted().clone();
        figures += ledger.figures;
        figures.schedules = 1;
        violations.extend(ledger.violations);
        let mut expect = |holds: bool, what: String| {
            if !holds {
                violations.push(what);
            }
        };
        expect(fake.replays() == 0, format!("{} spent refresh tokens came again", fake.replays()));
        expect(fake.most_at_once() <= 1, format!("{} token requests at once", fake.most_at_once()));
        let most = journal.max_concurrency();
        expect(most.is_none_or(|most| most <= 1), format!("{most:?} token requests under way at once"));
        let logins = fake.counts().logins;
        expect(logins == figures.logins, format!("{logins} logins, of which {} are known", figures.logins));
        let status = self.auth().status();
        expect(status.last_failure.is_none(), format!("a login failed: {:?}", status.last_failure));
        let mut digest = DefaultHasher::new();
        figures.hash(&mut digest);
        for entry in journal.entries() {
            let status = entry.status.map(|status| status.as_u16());
            (entry.number, entry.at, status, &entry.fault, entry.request.body.len()).hash(&mut digest);
        }
        let journal = if violations.is_empty() { String::new() } else { journal.to_string() };
        Outcome { figures, violations, digest: digest.finish(), journal }
    }
}
