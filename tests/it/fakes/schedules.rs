//! Thousands of seeded schedules of faults, without a socket and under a clock of their own.

use std::time::Duration;

use entitlements::{
    ErrorKind,
    fakes::{
        Fault, Faults, RateHeader,
        symphony::{Builder, Fake, Operation},
    },
    symphony::Advisor,
    time::TestClock,
};

const SCHEDULES: u64 = 1_500;

/// Small, and the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn fault(&mut self) -> Fault {
        let kind = self.below(14);
        let fault = match kind {
            // A 429 after the change would be a lie that no client can see through.
            0 => {
                let wait = Duration::from_secs(self.below(50));
                return Fault::too_many_requests(RateHeader::RetryAfter(wait));
            }
            1 => Fault::status(500),
            2 => Fault::status(503),
            3 => Fault::html(502),
            4 => Fault::none(),
            5 => Fault::expired_token(),
            6 => Fault::revoked_token(),
            7 => Fault::malformed_json(),
            8 => Fault::null_arrays(),
            9 => Fault::extra_fields(),
            10 => Fault::truncated_body(usize::try_from(self.below(40)).expect("small")),
            11 => Fault::delay(Duration::from_secs(self.below(60))),
            12 => Fault::slow_drip(50, Duration::from_secs(self.below(9))),
            _ => Fault::reset(),
        };
        // A token that has ended stays in the way of every change.
        if kind == 5 || kind == 6 || self.below(2) == 0 { fault } else { fault.after_change() }
    }

    fn faults(&mut self) -> Faults {
        let first = Faults::from(self.fault());
        let more = self.below(6);
        (0..more).fold(first, |faults, _| faults.then(self.fault())).then_normal()
    }
}

fn builder(random: &mut Random, clock: &TestClock) -> Builder {
    Fake::builder()
        .clock(clock.clone())
        .faults(Operation::AddEntitlement, random.faults())
        .faults(Operation::GetCustomerEntitlement, random.faults())
        .faults(Operation::DeleteCustomerEntitlement, random.faults())
}

#[tokio::test(start_paused = true)]
async fn ensuring_is_done_once_or_says_that_it_is_not_known() {
    let (mut done, mut unknown) = (0, 0);
    for seed in 0..SCHEDULES {
        let clock = TestClock::new();
        let fake = builder(&mut Random(seed), &clock).start_in_process();
        fake.add_user("351775001412105", "ada@acme.example", "Ada", "Byron");
        let client = fake.client().expect("a client");
        let ensure = || client.ensure_entitled("SMS", Advisor::email("ada@acme.example")).send();
        match ensure().await {
            Ok(_) => {
                assert_eq!(fake.entitled("SMS"), 1, "seed {seed}");
                done += 1;
            }
            Err(error) => {
                let expected = matches!(
                    error.kind(),
                    ErrorKind::OutcomeUnknown
                        | ErrorKind::Server
                        | ErrorKind::Timeout
                        | ErrorKind::RateLimited
                        | ErrorKind::LoginFailed
                        | ErrorKind::UnexpectedAnswer
                );
                assert!(expected, "seed {seed}: {error:?}\n{}", fake.journal());
                unknown += 1;
            }
        }
        fake.clear_faults();
        // A token that was refused twice is replaced after a minute.
        clock.advance(Duration::from_secs(60));
        ensure().await.unwrap_or_else(|error| panic!("seed {seed}: {error}\n{}", fake.journal()));
        assert_eq!(fake.entitled("SMS"), 1, "seed {seed}");
    }
    assert!(done > SCHEDULES / 4, "only {done} of {SCHEDULES} came to an end");
    assert!(unknown > 0, "the schedules are too kind");
}

#[tokio::test(start_paused = true)]
async fn a_removal_that_says_it_is_done_is_done() {
    for seed in 0..SCHEDULES {
        let fake = builder(&mut Random(seed + 1_000_000), &TestClock::new()).start_in_process();
        fake.add_user("351775001412105", "ada@acme.example", "Ada", "Byron");
        let client = fake.client().expect("a client");
        let ada = || Advisor::email("ada@acme.example");
        let _ = client.ensure_entitled("SMS", ada()).send().await;
        if client.ensure_removed("SMS", ada()).send().await.is_ok() {
            assert_eq!(fake.entitled("SMS"), 0, "seed {seed}\n{}", fake.journal());
        }
    }
}
