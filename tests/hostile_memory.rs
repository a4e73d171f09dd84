//! An answer without an end takes no more memory than its limit: a process of its own, so that
//! nothing else counts.

#[path = "it/hostile_servers/calls.rs"]
#[allow(dead_code, reason = "the table of all plays needs more of it")]
mod calls;
#[path = "it/hostile_servers/plays.rs"]
#[allow(dead_code, reason = "the table of all plays needs more of it")]
mod plays;
#[path = "it/hostile_servers/server.rs"]
#[allow(dead_code, reason = "the table of all plays needs more of it")]
mod server;

use std::time::Duration;

use self::{
    calls::{Call, GOOD, Limits},
    server::{Hostile, Play},
};

const MAX_BODY: usize = 1024 * 1024;
/// The limit, once more for the buffer that is joined, and what the HTTP client and the server of
/// this process need for themselves.
const ALLOWED: u64 = MAX_BODY as u64 + 6 * 1024 * 1024;

const LIMITS: Limits = Limits {
    timeout: Duration::from_millis(300),
    deadline: Duration::from_secs(2),
    max_body: MAX_BODY,
    virtual_time: true,
};

/// The most memory that was resident since the last call of `forget_peak`, in bytes; nothing
/// where the system does not tell.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kibibytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kibibytes * 1024)
}

/// Makes what is resident now the peak.
fn forget_peak() -> Option<()> {
    std::fs::write("/proc/self/clear_refs", "5").ok()
}

/// How much more memory than before was in use at a time.
async fn growth(call: Call, play: Play) -> Option<u64> {
    let server = Hostile::start(call.answered_before(), GOOD, play).await;
    let api = Hostile::start(usize::MAX, GOOD, Play::HangUp).await;
    forget_peak()?;
    let before = peak()?;
    let outcome = call.make(&server.uri(), &api.uri(), LIMITS).await;
    assert!(outcome.is_err(), "{call:?}");
    Some(peak()?.saturating_sub(before))
}

#[tokio::test]
async fn an_answer_without_an_end_takes_no_more_memory_than_its_limit() {
    // What every call needs is there before it is measured.
    for call in Call::ALL {
        growth(call, Play::HangUp).await;
    }
    // Of what is slow, only what never pauses could fill a memory.
    let flood = plays::slow().into_iter().filter(|(_, play)| matches!(play, Play::Repeated(..)));
    let all = plays::endless().into_iter().chain(flood);
    for (name, play) in all {
        for call in [
            Call::SymphonyRead,
            Call::SymphonyAdd,
            Call::GatewayRead,
            Call::ConnectChange,
            Call::KeycloakPassword,
        ] {
            match growth(call, play.clone()).await {
                Some(grown) => {
                    println!("{name}, {call:?}: {} KiB", grown / 1024);
                    assert!(grown <= ALLOWED, "{name}, {call:?}: {grown} bytes");
                }
                None => println!("this system does not tell how much memory a process had"),
            }
        }
    }
}
