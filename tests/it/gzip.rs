//! Compressed answers: read and bounded with the feature `gzip`, and named without it.

use entitlements::{ErrorKind, auth::StaticToken, crm_gateway::Client};

use super::support::raw::{RawServer, answer};

/// `{"totalRecords":0,"resourceSet":[]}` by gzip, stored without compression.
const EMPTY: &[u8] = b"{\"totalRecords\":0,\"resourceSet\":[]}";

fn client(base: &str) -> Client {
    let builder = Client::builder(base).auth(StaticToken::new("not-a-real-token")).max_attempts(1);
    // Whatever the caller says.
    builder.max_body(64 * 1024).http_builder(reqwest::ClientBuilder::no_gzip).build().expect("a client")
}

/// A gzip file's head: deflate, no name, no time.
const HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

fn stored(content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).expect("short");
    let mut file = HEAD.to_vec();
    file.push(1);
    file.extend(length.to_le_bytes());
    file.extend((!length).to_le_bytes());
    file.extend(content);
    file.extend(crc32(content).to_le_bytes());
    file.extend(u32::from(length).to_le_bytes());
    file
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |sum: u32, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ (0xedb8_8320 & (sum & 1).wrapping_neg()))
    })
}

fn compressed(body: &[u8]) -> answer::Answer {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\n";
    let mut bytes = format!("{head}content-length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend(body);
    answer::bytes(&bytes)
}

#[cfg(not(feature = "gzip"))]
#[tokio::test]
async fn without_the_feature_nothing_is_asked_for_and_a_compressed_answer_is_named() {
    let server = RawServer::start([compressed(&stored(EMPTY))]).await;
    let error = client(&server.uri()).list_entitlements().send().await.expect_err("compressed");
    assert_eq!(error.kind(), ErrorKind::UnexpectedAnswer);
    assert!(error.to_string().contains("compressed, which was not asked for; the feature `gzip`"), "{error}");
    assert_eq!(error.body(), &stored(EMPTY), "what came is kept");
    assert_eq!(server.requests()[0].header("accept-encoding"), None);
}

#[cfg(feature = "gzip")]
mod with_the_feature {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    #[tokio::test]
    async fn a_compressed_answer_is_asked_for_and_read() {
        let server = RawServer::start([compressed(&stored(EMPTY)), answer::json(200, "{}")]).await;
        let client = client(&server.uri());
        client.list_entitlements().send().await.expect("a page");
        assert_eq!(server.requests()[0].header("accept-encoding"), Some("gzip"));
    }

    #[tokio::test]
    async fn another_way_than_was_asked_for_is_named() {
        let head = [("content-encoding", "br"), ("content-type", "application/json")];
        let server = RawServer::start([answer::with(200, &head, "\u{1}\u{2}")]).await;
        let error = client(&server.uri()).list_entitlements().send().await.expect_err("compressed");
        assert_eq!(error.kind(), ErrorKind::UnexpectedAnswer);
        assert!(error.to_string().contains("compressed in a way"), "{error}");
    }

    #[tokio::test]
    async fn a_compressed_answer_that_breaks_off_is_a_failed_attempt() {
        let whole = stored(EMPTY);
        for kept in [0, 5, 12, whole.len() - 1] {
            let server = RawServer::start([compressed(&whole[..kept])]).await;
            let outcome = client(&server.uri()).list_entitlements().send().await;
            assert!(outcome.is_err(), "{kept} bytes are not an answer");
        }
    }

    /// Bits as deflate writes them: the first one lowest.
    #[derive(Default)]
    struct Bits {
        bytes: Vec<u8>,
        count: usize,
    }

    impl Bits {
        fn push(&mut self, bits: impl IntoIterator<Item = u8>) {
            for bit in bits {
                if self.count.is_multiple_of(8) {
                    self.bytes.push(0);
                }
                *self.bytes.last_mut().expect("one was pushed") |= bit << (self.count % 8);
                self.count += 1;
            }
        }
    }

    /// The end of a block of fixed codes that is not the last, with 2 MB of zeros in it.
    ///
    /// One literal zero, then the longest repetition (258 bytes, one byte back) in 13 bits each.
    fn block() -> Vec<u8> {
        let mut bits = Bits::default();
        bits.push([0, 1, 0]);
        bits.push([0, 0, 1, 1, 0, 0, 0, 0]);
        // With these it ends at a whole byte, so that it can be repeated.
        for _ in 0..8192 - 2 {
            bits.push([1, 1, 0, 0, 0, 1, 0, 1]);
            bits.push([0; 5]);
        }
        bits.push([0; 7]);
        // An empty stored block fills up to the next byte.
        bits.push([0, 0, 0]);
        while !bits.count.is_multiple_of(8) {
            bits.push([0]);
        }
        bits.bytes.extend([0, 0, 255, 255]);
        bits.bytes
    }

    /// Ten gigabytes would come of it; the server counts what the client took.
    #[tokio::test]
    async fn a_bomb_ends_at_the_limit_and_most_of_it_is_never_read() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let uri = format!("http://{}", listener.local_addr().expect("an address"));
        let taken = Arc::new(AtomicUsize::new(0));
        let count = taken.clone();
        let blocks = 5_000;
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            assert!(stream.read(&mut [0; 4096]).await.expect("a request") > 0);
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\n\r\n";
            let start = [head.as_bytes(), &HEAD].concat();
            stream.write_all(&start).await.expect("the client reads the head");
            let block = block();
            for _ in 0..blocks {
                if stream.write_all(&block).await.is_err() {
                    return;
                }
                count.fetch_add(block.len(), Ordering::Relaxed);
            }
        });
        let before = resident();
        let error = client(&uri).list_entitlements().send().await.expect_err("too large");
        let grown = resident().zip(before).map(|(after, before)| after.saturating_sub(before));
        assert_eq!(
            error.kind(),
            ErrorKind::UnexpectedAnswer,
            "{error} {:?}",
            std::error::Error::source(&error)
        );
        assert!(error.to_string().contains("larger than the 65536 bytes"), "{error}");
        assert!(error.body().len() <= 64 * 1024);
        assert!(error.body().iter().all(|byte| *byte == 0), "it was decompressed");
        server.await.expect("the client hung up, which ends it");
        assert!(taken.load(Ordering::Relaxed) < block().len() * blocks / 10, "{taken:?}");
        assert!(grown.is_none_or(|bytes| bytes < 32 * 1024 * 1024), "{grown:?}");
    }

    #[tokio::test]
    async fn ten_kilobytes_that_become_too_much_are_refused_too() {
        let bomb = [&HEAD[..], &block()[..10 * 1024]].concat();
        let server = RawServer::start([compressed(&bomb)]).await;
        let error = client(&server.uri()).list_entitlements().send().await.expect_err("too large");
        assert!(error.to_string().contains("larger than the 65536 bytes"), "{error}");
    }

    #[tokio::test]
    async fn the_token_endpoints_answer_is_bounded_as_well() {
        let bomb = [&HEAD[..], &block()].concat();
        let login = RawServer::start([compressed(&bomb), compressed(&bomb), compressed(&bomb)]).await;
        let auth = entitlements::auth::Keycloak::realm(&login.uri(), "nagra").client_id("crm_client");
        let builder = Client::builder("http://127.0.0.1:9").auth(auth.password("u", "not-real"));
        let builder = builder.clock(entitlements::time::TestClock::new());
        let error = builder.build().expect("a client").list_entitlements().send().await.expect_err("large");
        assert!(error.to_string().contains("too large"), "{error}");
    }

    fn resident() -> Option<u64> {
        let status = std::fs::read_to_string("/proc/self/status").ok()?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kibibytes| kibibytes * 1024)
    }
}
