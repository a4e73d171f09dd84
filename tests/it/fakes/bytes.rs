//! What arrives at a socket for each fault that wiremock cannot do.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use entitlements::fakes::{
    Fault, Faults,
    symphony::{Builder, Fake, Operation},
};

const TOKEN: &str = "plainly-fake-token";
const ADD: &str = r#"{"externalNetwork":"WHATSAPP","advisorEmailAddress":"ada@acme.example"}"#;

/// What came before the end, and how it ended.
struct Arrived {
    bytes: Vec<u8>,
    end: Result<(), ErrorKind>,
}

impl Arrived {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    fn head_and_body(&self) -> (String, String) {
        let text = self.text();
        let (head, body) = text.split_once("\r\n\r\n").expect("headers that end");
        (head.to_ascii_lowercase(), body.to_owned())
    }
}

fn fake(faults: impl Into<Faults>, operation: Operation) -> Builder {
    Fake::builder().accept_token(TOKEN).faults(operation, faults)
}

async fn start(faults: impl Into<Faults>, operation: Operation) -> Fake {
    let fake = fake(faults, operation).start().await;
    fake.add_user("351775001412105", "ada@acme.example", "Ada", "Byron");
    fake
}

fn connect(fake: &Fake) -> TcpStream {
    let stream = TcpStream::connect(fake.uri().trim_start_matches("http://")).expect("listening");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
    stream
}

fn send(fake: &Fake, method: &str, target: &str, body: &str) -> TcpStream {
    let mut stream = connect(fake);
    let length = body.len();
    write!(
        stream,
        "{method} {target} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {TOKEN}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
    .expect("sent");
    stream
}

/// Reads to the end, or to so many bytes.
fn receive(mut stream: TcpStream, at_most: usize) -> Arrived {
    let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
    let end = loop {
        if bytes.len() >= at_most {
            break Ok(());
        }
        match stream.read(&mut piece) {
            Ok(0) => break Ok(()),
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
            Err(error) => break Err(error.kind()),
        }
    };
    Arrived { bytes, end }
}

async fn arrives(faults: impl Into<Faults>) -> Arrived {
    let fake = start(faults, Operation::ListEntitlements).await;
    receive(send(&fake, "GET", "/admin/api/v2/customer/entitlements", ""), 1 << 20)
}

const NETWORKS: &str = r#"{"entitlements":["WECHAT","WHATSAPP","SMS","SMS-DIRECT","LINE"]}"#;

#[tokio::test]
async fn a_whole_answer_is_the_same_by_either_server() {
    for wire_listener in [false, true] {
        let fake = Fake::builder().accept_token(TOKEN).wire_listener(wire_listener).start().await;
        let target = "/admin/api/v2/customer/entitlements";
        let (head, body) = receive(send(&fake, "GET", target, ""), 1 << 20).head_and_body();
        assert!(head.starts_with("http/1.1 200 ok"), "{head}");
        assert!(head.contains("content-type: application/json"), "{head}");
        assert_eq!(body, NETWORKS);
    }
}

#[tokio::test]
async fn truncated_means_headers_and_part_of_the_body() {
    let arrived = arrives(Fault::truncated_body(20)).await;
    let (head, body) = arrived.head_and_body();
    assert!(head.starts_with("http/1.1 200 ok"), "{head}");
    assert!(head.contains(&format!("content-length: {}", NETWORKS.len())), "{head}");
    assert_eq!(body, NETWORKS[..20]);
    assert_eq!(arrived.end, Ok(()), "the connection closes");
}

#[tokio::test]
async fn truncated_to_nothing_still_has_the_headers() {
    let (head, body) = arrives(Fault::truncated_body(0)).await.head_and_body();
    assert!(head.contains(&format!("content-length: {}", NETWORKS.len())), "{head}");
    assert_eq!(body, "");
}

#[tokio::test]
async fn an_answer_can_break_off_at_any_byte() {
    for chunked in [false, true] {
        let cut = |fault: Fault| if chunked { fault.chunked() } else { fault };
        let whole = arrives(cut(Fault::none())).await.text();
        for bytes in 0..=whole.len() + 1 {
            let arrived = bytes.min(whole.len());
            let reset = arrives(cut(Fault::reset_after(bytes))).await;
            let end = if bytes < whole.len() { Err(ErrorKind::ConnectionReset) } else { Ok(()) };
            assert_eq!((reset.text().len(), reset.end), (arrived, end), "reset after {bytes}");
            let closed = arrives(cut(Fault::closed_after(bytes))).await;
            assert_eq!((closed.text().len(), closed.end), (arrived, Ok(())), "closed after {bytes}");
        }
    }
}

#[tokio::test]
async fn the_journal_knows_whether_an_answer_broke_off() {
    let target = "/admin/api/v2/customer/entitlements";
    for fault in [Fault::none(), Fault::none().chunked()] {
        let whole = arrives(fault.clone()).await.text();
        // What is added for the request of this file, which wants no further answer.
        let length = whole.len() - "connection: close\r\n".len();
        let is_chunked = whole.contains("chunked");
        for (bytes, has_effect) in [(length - 1, true), (length, false)] {
            let cut = Fault::reset_after(bytes);
            let cut = if is_chunked { cut.chunked() } else { cut };
            let fake = start(cut.then_normal(), Operation::ListEntitlements).await;
            receive(send(&fake, "GET", target, ""), 1 << 20);
            let journal = fake.journal().to_string();
            assert_eq!(!journal.contains("(no effect)"), has_effect, "{journal}");
            assert!(journal.contains(&format!("reset after {bytes} bytes")), "{journal}");
        }
    }
}

#[tokio::test]
async fn the_next_answer_on_a_connection_is_whole_again() {
    let faults = Fault::reset_after(100_000).then(Fault::none().chunked()).then_normal();
    let fake = start(faults, Operation::ListEntitlements).await;
    let mut stream = connect(&fake);
    for _ in 0..3 {
        write!(
            stream,
            "GET /admin/api/v2/customer/entitlements HTTP/1.1\r\nhost: localhost\r\n\
             authorization: Bearer {TOKEN}\r\n\r\n"
        )
        .expect("sent");
        let mut bytes = Vec::new();
        while !String::from_utf8_lossy(&bytes).contains(NETWORKS) {
            let mut piece = [0; 4096];
            let count = stream.read(&mut piece).expect("an answer");
            assert!(count > 0, "the connection is closed");
            bytes.extend_from_slice(&piece[..count]);
        }
    }
}

#[tokio::test]
async fn chunks_have_no_length_in_a_header() {
    let (head, body) = arrives(Fault::none().chunked()).await.head_and_body();
    assert!(head.contains("transfer-encoding: chunked"), "{head}");
    assert!(!head.contains("content-length"), "{head}");
    assert_eq!(body, format!("{:X}\r\n{NETWORKS}\r\n0\r\n\r\n", NETWORKS.len()));
}

#[tokio::test]
async fn a_reset_before_the_change_leaves_the_state() {
    let fake = start(Fault::reset().then_normal(), Operation::AddEntitlement).await;
    let arrived = receive(send(&fake, "POST", "/admin/api/v2/customer/entitlements", ADD), 1 << 20);
    assert_eq!((arrived.text().as_str(), arrived.end), ("", Err(ErrorKind::ConnectionReset)));
    assert_eq!(fake.entitled("WHATSAPP"), 0);
    assert_eq!(fake.journal().count(Operation::AddEntitlement), 1);
}

#[tokio::test]
async fn a_reset_after_the_change_changes_it() {
    let fake = start(Fault::reset().after_change().then_normal(), Operation::AddEntitlement).await;
    let arrived = receive(send(&fake, "POST", "/admin/api/v2/customer/entitlements", ADD), 1 << 20);
    assert_eq!((arrived.text().as_str(), arrived.end), ("", Err(ErrorKind::ConnectionReset)));
    assert_eq!(fake.entitled("WHATSAPP"), 1);
}

#[tokio::test]
async fn a_slow_drip_comes_in_pieces_and_ends() {
    let start = Instant::now();
    let arrived = arrives(Fault::slow_drip(NETWORKS.len() / 4, Duration::from_millis(5))).await;
    assert_eq!(arrived.head_and_body().1, NETWORKS);
    assert!(start.elapsed() >= Duration::from_millis(20), "{:?}", start.elapsed());
}

#[tokio::test]
async fn an_endless_body_goes_on_and_on() {
    let fake = start(Fault::endless_body(), Operation::ListEntitlements).await;
    let much = 4 << 20;
    let arrived = receive(send(&fake, "GET", "/admin/api/v2/customer/entitlements", ""), much);
    assert!(arrived.bytes.len() >= much);
    assert!(arrived.text().contains(NETWORKS));
    assert!(!arrived.head_and_body().0.contains("content-length"));
}

#[tokio::test]
async fn a_path_is_kept_as_it_came() {
    let fake = Fake::builder().accept_token(TOKEN).wire_listener(true).start().await;
    let target = "/admin/api/v2/../%2e%2E/a//b?q=%7e&q=+";
    receive(send(&fake, "GET", target, ""), 1 << 20);
    let received = fake.received();
    assert_eq!(received[0].path, "/admin/api/v2/../%2e%2E/a//b");
    assert_eq!(received[0].query, "q=%7e&q=+");
}

#[tokio::test]
async fn a_fake_that_is_running_changes_over_on_its_port() {
    let fake = start(Fault::none(), Operation::AddEntitlement).await;
    let target = "/admin/api/v2/customer/entitlements";
    let before = receive(send(&fake, "GET", target, ""), 1 << 20);
    assert_eq!(before.head_and_body().1, NETWORKS);
    let kept_alive = connect(&fake);

    fake.faults(Operation::ListEntitlements, Fault::truncated_body(1).then_normal());
    assert_eq!(receive(kept_alive, 1).text(), "", "wiremock's connections are closed");
    assert_eq!(receive(send(&fake, "GET", target, ""), 1 << 20).head_and_body().1, "{");
    assert_eq!(receive(send(&fake, "GET", target, ""), 1 << 20).head_and_body().1, NETWORKS);
    assert_eq!(fake.journal().count(Operation::ListEntitlements), 3);
}
