//! Where the rows of a table are played: one at a time, each with all that was told meanwhile.

use std::{error::Error as StdError, fmt};

use entitlements::Error;
use tokio::sync::{Mutex, MutexGuard};

use super::{
    capture,
    finder::Finder,
    secrets,
    server::{Request, Server},
};

static TURN: Mutex<()> = Mutex::const_new(());

/// The rows of one table, and what they gave away.
pub(crate) struct Room {
    _turn: MutexGuard<'static, ()>,
    rows: usize,
    leaks: Vec<String>,
}

impl Room {
    pub(crate) async fn enter() -> Self {
        capture::start();
        let turn = TURN.lock().await;
        capture::take();
        Self { _turn: turn, rows: 0, leaks: Vec::new() }
    }

    /// Looks through what a row gave back, and what was logged while it ran.
    pub(crate) fn row(&mut self, name: impl fmt::Display, told: &Told) {
        self.rows += 1;
        let mut own = Finder::default();
        for key in &told.keys {
            own.add_key("key of the row", key);
        }
        for (number, token) in told.tokens.iter().enumerate() {
            own.add(&format!("token {number} of the row"), token);
        }
        let logged = capture::take();
        let texts = told.texts.iter().map(|(what, text)| (what.as_str(), text)).chain([("log", &logged)]);
        for (what, text) in texts {
            let found = secrets::finder().find(text).into_iter().chain(own.find(text));
            // One line for each place is enough to go on.
            for found in found.take(3) {
                self.leaks
                    .push(format!("{name}: {what}: {} as {}: …{}…", found.secret, found.form, found.excerpt));
            }
        }
    }

    /// Ends the table: nothing was given away, and all rows were played.
    #[track_caller]
    pub(crate) fn leave(self, rows: usize) {
        assert!(self.leaks.is_empty(), "{} leaks:\n{}", self.leaks.len(), self.leaks.join("\n"));
        assert_eq!(self.rows, rows, "rows");
    }
}

/// What a row gave back to its caller.
#[derive(Default)]
pub(crate) struct Told {
    texts: Vec<(String, String)>,
    tokens: Vec<String>,
    keys: Vec<String>,
    pub(crate) errors: usize,
}

impl Told {
    /// What `Debug` shows, in both forms.
    pub(crate) fn debug(&mut self, what: &str, value: &dyn fmt::Debug) {
        self.texts.push((format!("Debug of {what}"), format!("{value:?} {value:#?}")));
    }

    pub(crate) fn display(&mut self, what: &str, value: &dyn fmt::Display) {
        self.texts.push((format!("Display of {what}"), format!("{value} {value:#}")));
    }

    /// An error and all its sources, in every format.
    pub(crate) fn error(&mut self, error: &Error) {
        self.errors += 1;
        let mut next: Option<&dyn StdError> = Some(error);
        let mut depth = 0;
        while let Some(error) = next {
            let what = if depth == 0 { "error".to_owned() } else { format!("source {depth}") };
            self.debug(&what, error_as_debug(&error));
            self.display(&what, &error);
            next = error.source();
            depth += 1;
        }
        self.display("hint", &error.hint().unwrap_or_default());
        self.display("code", &error.code().unwrap_or_default());
    }

    /// The outcome of a call, whichever it was.
    pub(crate) fn outcome<T: fmt::Debug>(&mut self, outcome: Result<T, Error>) {
        match outcome {
            Ok(value) => self.debug("answer", &value),
            Err(error) => self.error(&error),
        }
    }

    /// A token that came into being on the way.
    pub(crate) fn token(&mut self, token: impl Into<String>) {
        let token = token.into();
        if token.len() >= super::forms::SHORTEST && !self.tokens.contains(&token) {
            self.tokens.push(token);
        }
    }

    /// A private key that came into being on the way.
    #[cfg(feature = "rustls")]
    pub(crate) fn key(&mut self, pem: &str) {
        self.keys.push(pem.to_owned());
    }

    /// The tokens that a server was shown.
    pub(crate) fn tokens_at(&mut self, server: &Server) {
        for token in server.take_requests().iter().flat_map(Request::tokens) {
            self.token(token);
        }
    }

    /// The tokens that a fake was shown.
    pub(crate) fn tokens_of(&mut self, received: &[entitlements::fakes::Request]) {
        for request in received {
            for token in request.bearer().map(str::to_owned).into_iter().chain(request.form("refresh_token"))
            {
                self.token(token);
            }
        }
    }
}

fn error_as_debug<'a>(error: &'a &dyn StdError) -> &'a dyn fmt::Debug {
    error
}
