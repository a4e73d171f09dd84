//! Nothing secret is told: not by `Debug`, `Display` or the sources of an error, and not in any log,
//! of whatever crate, at whatever level.
//!
//! Each table drives the crate through real sockets, with fake secrets in everything, and then looks
//! for all of them, in all the forms of `forms`, in what was given back and what was logged. The
//! tests of `finds` show that the search finds each form, since one that finds nothing proves nothing.
//!
//! Not looked through:
//! - what hands over somebody's words on purpose: `Error::body`, `Error::headers`, `Error::problem` and
//!   the same of `Response`, the fields of a model that are not personal, and a filter's `Display`;
//! - names that are no secrets: client ids, key names, host names;
//! - what a fake shows and logs, with wiremock's messages: those are tools of a test, whose journal
//!   shows what was sent.
//!
//! In a process of its own, for the one subscriber and the one logger of a process.

mod answers;
mod capture;
#[cfg(feature = "rustls")]
#[allow(dead_code, reason = "made for the tests of TLS, which need more")]
#[path = "../it/support/certificates.rs"]
mod certificates;
mod finder;
mod finds;
mod forms;
mod inputs;
mod logins;
mod network;
mod refusals;
mod room;
mod secrets;
mod server;
mod sessions;
mod successes;
mod types;
mod user_login;
mod variables;
