//! The answer to a write breaks off at every byte of it, on a real connection: how often is the
//! request sent, and what is the caller told?

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use entitlements::{
    ErrorKind, Result,
    auth::StaticToken,
    fakes::{
        Fault,
        symphony::{Fake, Operation},
    },
    symphony::{Advisor, Client},
    time::TestClock,
};

const TOKEN: &str = "plainly-fake-token";
const NETWORK: &str = "SMS";
/// How an answer comes, and how it breaks off.
#[derive(Debug, Clone, Copy)]
struct Way {
    chunked: bool,
    reset: bool,
}

const WAYS: [Way; 4] = [
    Way { chunked: false, reset: true },
    Way { chunked: true, reset: true },
    Way { chunked: false, reset: false },
    Way { chunked: true, reset: false },
];

impl Way {
    fn cut(self, bytes: usize) -> Fault {
        let cut = if self.reset { Fault::reset_after(bytes) } else { Fault::closed_after(bytes) };
        self.framed(cut)
    }

    /// Whether the connection was used for another call before; not each way has to be tried on both.
    fn used_before(self) -> impl Iterator<Item = bool> + Clone {
        std::iter::once(false).chain((!self.chunked).then_some(true))
    }

    fn framed(self, fault: Fault) -> Fault {
        if self.chunked { fault.chunked() } else { fault }
    }
}

/// A fake with a client to which waiting is nothing.
struct Bench {
    fake: Fake,
    client: Client,
    users: usize,
}

impl Bench {
    async fn start() -> Self {
        let clock = TestClock::new();
        let builder = Fake::builder().accept_token(TOKEN).clock(clock.clone());
        // The counters are what is looked at here.
        let fake = builder.wire_listener(true).keep_requests(4).start().await;
        let client = Client::builder(fake.base_url()).auth(StaticToken::new(TOKEN)).clock(clock);
        Self { client: client.build().expect("a client"), fake, users: 0 }
    }

    /// A further user; the answers about them are all of one length.
    fn new_user(&mut self) -> String {
        self.users += 1;
        let id = format!("3517750{:08}", self.users);
        self.fake.add_user(&id, &format!("user{:08}@acme.example", self.users), "Ada", "Byron");
        id
    }

    fn new_advisor(&mut self) -> String {
        let id = self.new_user();
        self.fake.faults(Operation::AddEntitlement, Fault::none().always());
        id
    }

    fn sent(&self, operation: Operation) -> u64 {
        self.fake.journal().count(operation)
    }

    fn entitled(&self) -> usize {
        self.fake.entitled(NETWORK)
    }

    /// Makes a connection that the next call takes, or sees to it that there is none.
    async fn prepare(&self, used_before: bool) -> Result<()> {
        if used_before {
            self.client.list_entitlements().send().await?;
        }
        Ok(())
    }

    /// The length of the whole answer, counted at a socket.
    fn length(&self, method: &str, target: &str, body: &str) -> usize {
        let mut stream =
            TcpStream::connect(self.fake.uri().trim_start_matches("http://")).expect("listening");
        write!(
            stream,
            "{method} /admin{target} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {TOKEN}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .expect("sent");
        let (mut text, mut piece) = (String::new(), [0; 4096]);
        while !is_whole(&text) {
            let count = stream.read(&mut piece).expect("an answer");
            assert!(count > 0, "the answer is not whole: {text}");
            text.push_str(std::str::from_utf8(&piece[..count]).expect("text"));
        }
        assert!(text.starts_with("HTTP/1.1 20"), "{text}");
        text.len()
    }

    fn length_of_added(&mut self, way: Way) -> usize {
        let id = self.new_user();
        self.fake.faults(Operation::AddEntitlement, way.framed(Fault::none()).always());
        let body = format!(r#"{{"externalNetwork":"{NETWORK}","symphonyId":"{id}"}}"#);
        self.length("POST", "/api/v2/customer/entitlements", &body)
    }

    async fn length_of_removed(&mut self, way: Way) -> usize {
        let id = self.new_advisor();
        self.client.add_entitlement(NETWORK, Advisor::id(&id)).send().await.expect("added");
        self.fake.faults(Operation::DeleteCustomerEntitlement, way.framed(Fault::none()).always());
        let target =
            format!("/api/v2/customer/advisor/entitlements?externalNetwork={NETWORK}&advisorSymphonyId={id}");
        self.length("DELETE", &target, "")
    }
}

/// Whether the whole answer is there, by its own word.
fn is_whole(text: &str) -> bool {
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    length.map_or(body.ends_with("0\r\n\r\n"), |length| length.parse() == Ok(body.len()))
}

/// Sent once, carried out once, and said to be unknown until the last byte is there.
#[tokio::test]
async fn adding_is_sent_once_and_its_outcome_is_unknown_up_to_the_last_byte() -> Result<()> {
    for way in WAYS {
        let mut bench = Bench::start().await;
        let length = bench.length_of_added(way);
        for (bytes, used_before) in
            (0..=length).flat_map(|bytes| way.used_before().map(move |used| (bytes, used)))
        {
            let case = format!("{way:?} after {bytes} of {length} bytes, used before: {used_before}");
            let id = bench.new_user();
            let before = (bench.sent(Operation::AddEntitlement), bench.entitled());
            bench.prepare(used_before).await?;
            bench.fake.faults(Operation::AddEntitlement, way.cut(bytes).then_normal());
            let added = bench.client.add_entitlement(NETWORK, Advisor::id(&id)).send().await;

            let after = (bench.sent(Operation::AddEntitlement), bench.entitled());
            assert_eq!(after, (before.0 + 1, before.1 + 1), "{case}");
            if bytes == length {
                assert_eq!(added.unwrap_or_else(|error| panic!("{case}: {error}")).status().as_u16(), 201);
                continue;
            }
            let Err(error) = added else { panic!("{case}: a success") };
            assert_eq!(error.kind(), ErrorKind::OutcomeUnknown, "{case}: {error}");
            assert_eq!(error.operation(), Some("symphony.add_entitlement"), "{case}");
            assert_eq!((error.attempts(), error.is_transient()), (1, false), "{case}");
            let printed = error.to_string();
            assert!(printed.starts_with("symphony.add_entitlement: outcome unknown"), "{case}: {printed}");
            assert!(printed.contains("read back what is there before you repeat it"), "{case}: {printed}");
        }
    }
    Ok(())
}

/// The lost answer is made up for by reading back, without a second request to add.
#[tokio::test]
async fn ensuring_ends_in_success_wherever_the_answer_breaks_off() -> Result<()> {
    for way in WAYS {
        let mut bench = Bench::start().await;
        let length = bench.length_of_added(way);
        for bytes in 0..=length {
            let case = format!("{way:?} after {bytes} of {length} bytes");
            let id = bench.new_user();
            let before = (bench.sent(Operation::AddEntitlement), bench.entitled());
            bench.fake.faults(Operation::AddEntitlement, way.cut(bytes).then_normal());
            let ensured = bench.client.ensure_entitled(NETWORK, Advisor::id(&id)).send().await;

            let ensured = ensured.unwrap_or_else(|error| panic!("{case}: {error}"));
            assert!(!ensured.was_entitled(), "{case}: this call added it");
            let after = (bench.sent(Operation::AddEntitlement), bench.entitled());
            assert_eq!(after, (before.0 + 1, before.1 + 1), "{case}");
        }
    }
    Ok(())
}

/// The repeat finds nothing left to remove, which is what was wanted.
#[tokio::test]
async fn removing_ends_in_success_wherever_the_answer_breaks_off() -> Result<()> {
    for way in WAYS {
        let mut bench = Bench::start().await;
        let length = bench.length_of_removed(way).await;
        for (bytes, ensure) in (0..=length).flat_map(|bytes| [(bytes, false), (bytes, true)]) {
            let case = format!("{way:?} after {bytes} of {length} bytes, ensure: {ensure}");
            let id = bench.new_advisor();
            bench.client.add_entitlement(NETWORK, Advisor::id(&id)).send().await?;
            let before = (bench.sent(Operation::DeleteCustomerEntitlement), bench.entitled());
            bench.fake.faults(Operation::DeleteCustomerEntitlement, way.cut(bytes).then_normal());
            let advisor = Advisor::id(&id);
            let answered = if ensure {
                bench.client.ensure_removed(NETWORK, advisor).send().await.map(|done| done.status())
            } else {
                bench.client.remove_entitlement(NETWORK, advisor).send().await.map(|done| done.status())
            };

            let status = answered.unwrap_or_else(|error| panic!("{case}: {error}"));
            let (expected, requests) = if bytes == length { (200, 1) } else { (404, 2) };
            assert_eq!(status.as_u16(), expected, "{case}");
            let after = (bench.sent(Operation::DeleteCustomerEntitlement), bench.entitled());
            assert_eq!(after, (before.0 + requests, before.1 - 1), "{case}");
        }
    }
    Ok(())
}
