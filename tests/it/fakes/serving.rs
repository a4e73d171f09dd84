//! Ports, starting and stopping.

use std::{
    net::{TcpListener, TcpStream},
    time::{Duration, Instant},
};

use entitlements::{
    Result,
    fakes::{
        Fault,
        symphony::{Fake, Operation},
    },
};

#[tokio::test]
async fn a_port_can_be_chosen() -> Result<()> {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    for wire_listener in [false, true] {
        let fake = Fake::builder().wire_listener(wire_listener).port(free.port()).start().await;
        assert_eq!(fake.uri(), format!("http://{free}"));
        fake.client()?.list_entitlements().send().await?;
        drop(fake);
    }
    Ok(())
}

#[test]
fn a_port_that_is_taken_is_refused_where_it_is_written() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("bound").port();
    let panic = std::panic::catch_unwind(|| drop(Fake::builder().port(port))).expect_err("taken");
    let text = panic.downcast_ref::<String>().expect("a text");
    assert!(text.contains(&format!("cannot listen on port {port}")), "{text}");
}

#[tokio::test]
async fn two_hundred_fakes_run_at_once() -> Result<()> {
    let mut fakes = Vec::new();
    let start = Instant::now();
    for number in 0..200 {
        fakes.push(Fake::builder().wire_listener(number % 2 == 0).start().await);
    }
    // 50 ms each are allowed; a machine that is busy with other tests still stays far below it.
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    let mut clients = Vec::new();
    for fake in &fakes {
        let client = fake.client()?;
        client.list_entitlements().send().await?;
        clients.push(client);
    }
    assert!(fakes.iter().all(|fake| fake.journal().total() == 1));
    Ok(())
}

#[tokio::test]
async fn a_dropped_fake_listens_no_more() {
    for fault in [Fault::none(), Fault::reset()] {
        let fake = Fake::builder().faults(Operation::AddEntitlement, fault).start().await;
        let address = fake.uri().trim_start_matches("http://").to_owned();
        TcpStream::connect(&address).expect("listening");
        drop(fake);
        TcpStream::connect(&address).expect_err("still listening");
    }
}
