//! A thousand tasks, through real calls of a client: with a cold cache, and when the token is due.

use std::{sync::Arc, time::Duration};

use entitlements::{
    auth::{Auth, Keycloak},
    crm_gateway::Client,
    fakes::{
        Fault,
        crm_gateway::Fake,
        keycloak::{self, CLIENT_ID, Operation, PASSWORD, USER},
    },
    time::TestClock,
};
use tokio::{sync::Barrier, time::Instant};

use super::caller::Impatient;

const TASKS: u32 = 1_000;
/// In the last fifth of 300 seconds, with all jitter.
const IN_SOFT_WINDOW: Duration = Duration::from_secs(256);
/// Shorter than a client waits for an answer, and longer than a thousand calls take.
const HELD_BACK: Duration = Duration::from_secs(25);
const DAYS: Duration = Duration::from_secs(1_000_000);

#[derive(Debug, Clone, Copy)]
enum Every {
    Stays,
    SecondLeaves,
}

struct World {
    fake: Fake,
    client: Client,
    clock: TestClock,
}

impl World {
    fn start() -> Self {
        let clock = TestClock::new();
        let realm = keycloak::Fake::builder().rotation(true);
        let fake = Fake::builder().clock(clock.clone()).keycloak(realm).start_in_process();
        Self { client: fake.client().expect("a client"), fake, clock }
    }

    fn token_requests(&self) -> u64 {
        self.fake.keycloak().journal().token_requests()
    }

    /// Lets a thousand tasks call once, and says how many of them got an answer.
    async fn calls(&self, every: Every, barrier: Option<Arc<Barrier>>) -> u32 {
        let tasks = (0..TASKS).map(|number| {
            let (client, barrier) = (self.client.clone(), barrier.clone());
            tokio::spawn(async move {
                if let Some(barrier) = barrier {
                    client.list_entitlements().count().await.expect("the token is fresh");
                    barrier.wait().await;
                    barrier.wait().await;
                }
                let call = client.list_entitlements().count();
                let count = match every {
                    // In the very first poll, which starts the login, and in later ones.
                    Every::SecondLeaves if number % 2 == 0 => {
                        Impatient::new(call, 1 + number / 2 % 3, true).await
                    }
                    _ => Some(call.await),
                };
                count.map(|count| count.expect("an answer"))
            })
        });
        // All of them are there before the first is waited for.
        let tasks: Vec<_> = tasks.collect();
        let mut answered = 0;
        for task in tasks {
            answered += u32::from(task.await.expect("no panic").is_some());
        }
        answered
    }
}

/// Row: "1,000 tasks, cold cache: exactly one token request".
async fn cold_cache(every: Every) {
    let world = World::start();
    world.fake.keycloak().faults(Operation::Token, Fault::delay(Duration::from_millis(100)).then_normal());
    let answered = world.calls(every, None).await;
    assert_eq!(world.token_requests(), 1);
    assert_eq!(world.fake.keycloak().counts().logins, 1);
    match every {
        Every::Stays => assert_eq!(answered, TASKS),
        Every::SecondLeaves => assert!((TASKS / 2..TASKS).contains(&answered), "{answered}"),
    }
}

/// Row: "1,000 tasks crossing the soft window: one refresh, while the fake holds the refresh back
/// until all 1,000 calls have returned".
async fn soft_window(every: Every) -> (World, Instant) {
    let world = World::start();
    world.client.list_entitlements().count().await.expect("logs in");
    let start = Instant::now();
    world.fake.keycloak().faults(Operation::Token, Fault::delay(HELD_BACK).then_normal());
    let barrier = Arc::new(Barrier::new(TASKS as usize + 1));
    let cross = async {
        barrier.wait().await;
        assert_eq!(world.token_requests(), 1, "nothing is due yet");
        world.clock.advance(IN_SOFT_WINDOW);
        barrier.wait().await;
    };
    let (answered, ()) = tokio::join!(world.calls(every, Some(barrier.clone())), cross);
    match every {
        Every::Stays => assert_eq!(answered, TASKS),
        Every::SecondLeaves => assert!((TASKS / 2..TASKS).contains(&answered), "{answered}"),
    }
    assert!(start.elapsed() < HELD_BACK, "the calls took so long that nothing was held back");
    assert_eq!(world.client.auth().status().generation, 1, "the refresh is still held back");
    assert_eq!(world.token_requests(), 2, "a login and a refresh");
    assert_eq!(world.fake.keycloak().counts().refreshes, 1);
    (world, start)
}

/// With virtual time what was held back arrives as well.
async fn soft_window_to_its_end(every: Every) {
    let (world, start) = soft_window(every).await;
    assert!(start.elapsed().is_zero(), "no call waited");
    tokio::time::sleep(HELD_BACK).await;
    tokio::task::yield_now().await;
    assert_eq!(world.client.auth().status().generation, 2);
    world.client.list_entitlements().count().await.expect("goes on with the new token");
    assert_eq!((world.token_requests(), world.fake.keycloak().replays()), (2, 0));
}

/// A caller that saw the old token must not start another renewal when the new one has just come.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn callers_on_several_threads_make_one_refresh_each_time_a_token_is_due() {
    const ROUNDS: u64 = 1_000;
    let clock = TestClock::new();
    let realm = keycloak::Fake::builder().rotation(true).idle(DAYS).session_max(DAYS);
    let fake = realm.clock(clock.clone()).start_in_process();
    let login = Keycloak::new(fake.token_url()).client_id(CLIENT_ID).password(USER, PASSWORD);
    let (auth, context) = (Auth::from(login), fake.context().expect("a context"));
    auth.bearer(&context).await.expect("logs in");
    for round in 1..=ROUNDS {
        clock.advance(IN_SOFT_WINDOW);
        let callers = (0..4).map(|_| {
            let (auth, context) = (auth.clone(), context.clone());
            tokio::spawn(async move {
                while auth.bearer(&context).await.expect("the old one is good").generation() == round {
                    tokio::task::yield_now().await;
                }
            })
        });
        for caller in callers.collect::<Vec<_>>() {
            caller.await.expect("no panic");
        }
    }
    assert_eq!((fake.counts().logins, fake.journal().token_requests()), (1, 1 + ROUNDS));
    assert_eq!(fake.replays(), 0);
}

macro_rules! on_both_runtimes {
    ($($name:ident: $current:expr, $multi:expr;)*) => {$(
        mod $name {
            use super::*;

            #[tokio::test(start_paused = true)]
            async fn on_one_thread() {
                $current.await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_several_threads() {
                $multi.await;
            }
        }
    )*};
}

on_both_runtimes! {
    a_cold_cache_makes_one_token_request: cold_cache(Every::Stays), cold_cache(Every::Stays);
    a_cold_cache_of_which_every_second_caller_leaves:
        cold_cache(Every::SecondLeaves), cold_cache(Every::SecondLeaves);
    a_token_that_is_due_makes_one_refresh:
        soft_window_to_its_end(Every::Stays), soft_window(Every::Stays);
    a_token_that_is_due_of_which_every_second_caller_leaves:
        soft_window_to_its_end(Every::SecondLeaves), soft_window(Every::SecondLeaves);
}
