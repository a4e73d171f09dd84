//! TLS of the clients, chosen here and not by what other crates of the application switch on.
//!
//! Each backend gets a configuration that is made as a whole, so that nothing of reqwest's own TLS
//! options, of features that another crate enables, or of a process-wide provider comes in.

use std::{error::Error as StdError, io};

#[cfg(all(feature = "native-tls", not(feature = "rustls")))]
mod native;
#[cfg(all(feature = "native-tls", not(feature = "rustls")))]
use native as backend;
#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
mod none;
#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
use none as backend;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
mod pem;
#[cfg(feature = "rustls")]
mod with_rustls;
#[cfg(feature = "rustls")]
use with_rustls as backend;

pub(super) use self::backend::{build, configure};

/// What TLS has to do with a failed request, in words for the error, if it has.
pub(crate) fn failure(error: &reqwest::Error) -> Option<&'static str> {
    causes(error).find_map(backend::failure)
}

/// Whether the server refused the client's certificate, or the lack of one: with TLS 1.3 it does
/// so when the client has sent its request already, but before it reads that.
pub(super) fn is_refused_certificate(error: &reqwest::Error) -> bool {
    causes(error).any(backend::is_refused_certificate)
}

/// An error and what is below it.
pub(super) fn causes<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> + use<'a> {
    std::iter::successors(Some(error), |&error| {
        // An I/O error leaves itself out of its sources.
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner as _),
            None => error.source(),
        }
    })
}
