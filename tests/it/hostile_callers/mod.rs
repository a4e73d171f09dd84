//! Values that somebody chose in order to do harm: each is refused before a connection is opened,
//! or the server sees it as one value at its place and nothing else.

mod headers;
mod inputs;
mod place;
mod values;

use entitlements::ErrorKind;

use self::inputs::Input;
use crate::support::raw::RawServer;

impl Input {
    /// What is wrong with the handling of a value.
    async fn fault(&self, value: &str) -> Option<String> {
        // Without a script it answers 418, which nothing repeats.
        let server = RawServer::start([]).await;
        let outcome = (self.call)(server.uri(), value.to_owned()).await;
        let error = outcome.expect_err("418 at best");
        let line = error.to_string();
        let is_refusal = matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Configuration);
        let fault = if is_refusal && error.attempts() == 0 {
            if server.connections() > 0 {
                "refused behind a connection"
            } else if !line.contains(self.words)
                && !(value.len() > 60_000 && (line.contains("`url`") || line.contains("URL is longer")))
            {
                "does not name the input"
            } else if line.contains('\n') || line.len() > 300 {
                "is not one line"
            } else if value.len() > 4 && line.contains(value) {
                "quotes the value"
            } else {
                return None;
            }
        } else {
            let seen = server.requests();
            match seen.last() {
                Some(last) if seen.len() == 1 && self.place.holds(last, value) => return None,
                Some(_) => "is not at its place alone",
                None => "neither refused nor sent",
            }
        };
        let shown: String = value.escape_debug().take(80).collect();
        let line: String = line.escape_debug().take(200).collect();
        let sent: Vec<String> =
            server.requests().iter().map(|seen| seen.line.chars().take(150).collect()).collect();
        Some(format!("{} = \"{shown}\": {fault}; {line}; {sent:?}", self.name))
    }
}

#[track_caller]
fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_value_at_every_input_is_refused_in_time_or_sent_as_it_is() {
    let mut faults = Vec::new();
    for input in inputs::all() {
        for value in values::all() {
            faults.extend(input.fault(&value).await);
        }
    }
    assert_none(&faults);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_is_any_other() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let mut faults = Vec::new();
    for input in inputs::all() {
        for _ in 0..25 {
            faults.extend(input.fault(&values::random(&mut random)).await);
        }
    }
    assert_none(&faults);
}
