//! What `fuzz/` calls, and the test that replays what fuzzing has found.
//!
//! Each entry takes any bytes and panics where one of its invariants does not hold. They stand
//! here and not in `fuzz/` because they look at what the crate does not publish. What a service
//! alone knows is in its own `fuzzing` module; in a build without the service the entry passes
//! over it.

#![cfg_attr(not(fuzzing), allow(unreachable_pub, reason = "only `fuzz/` calls from outside"))]

#[cfg(any_service)]
pub(crate) mod checks;
#[cfg(any_listing)]
pub(crate) mod pages;

#[cfg(test)]
mod replay;

/// Decodes a body as every model, page and level there is.
///
/// What was decoded can be written and read again without a change; a damaged item costs a page
/// no other one; an error has our words and nothing of the body.
///
/// # Panics
///
/// Where that does not hold.
#[cfg_attr(not(any_service), allow(unused_variables, reason = "the models belong to services"))]
pub fn body(data: &[u8]) {
    #[cfg(feature = "symphony")]
    crate::symphony::fuzzing::body(data);
    #[cfg(feature = "crm-gateway")]
    crate::crm_gateway::fuzzing::body(data);
    #[cfg(feature = "connect")]
    crate::connect::fuzzing::body(data);
}

/// Reads a text as a cursor, as a link to the next page, and as a page with both.
///
/// A cursor comes out of a link as it went in, and reaches the URL of the next request as it is,
/// which leads nowhere else whatever the link says.
///
/// # Panics
///
/// Where that does not hold.
#[cfg_attr(not(feature = "symphony"), allow(unused_variables, reason = "only Symphony has cursors"))]
pub fn cursor(data: &[u8]) {
    #[cfg(feature = "symphony")]
    crate::symphony::fuzzing::cursor(data);
}

/// Takes the first line as a saved place of a listing, and the rest as what a server answers.
///
/// A place that is accepted is written as it was read and shows nothing of itself; no answer makes
/// a listing go on for ever, ask for a cursor twice, or deliver an item twice.
///
/// # Panics
///
/// Where that does not hold.
#[cfg_attr(
    not(any_listing),
    allow(unused_variables, reason = "there are no listings without their services")
)]
pub fn listing(data: &[u8]) {
    #[cfg(any_listing)]
    crate::page::fuzzing::listing(data);
}

/// Reads how long an answer asks to wait: a line with the status, then headers; `clock` is the
/// time in seconds since 1970.
///
/// Seconds are taken as they are, however many; a date is reached and not passed; the reset of a
/// rate limit is a second to a minute; no other status asks for anything.
///
/// # Panics
///
/// Where that does not hold.
#[cfg_attr(not(any_service), allow(unused_variables, reason = "nothing is sent without a service"))]
pub fn wait(data: &[u8]) {
    #[cfg(any_service)]
    crate::transport::fuzzing::wait(data);
}

/// Reads a refusal as every service does: a line with the status, headers, an empty line, the
/// body.
///
/// The error is one line; it has a code that the vendor documents or none, and none of the
/// server's free text; the answer stays reachable.
///
/// # Panics
///
/// Where that does not hold.
#[cfg_attr(not(any_service), allow(unused_variables, reason = "the problems belong to services"))]
pub fn problem(data: &[u8]) {
    #[cfg(feature = "symphony")]
    crate::symphony::fuzzing::problem(data);
    #[cfg(feature = "crm-gateway")]
    crate::crm_gateway::fuzzing::problem(data);
    #[cfg(feature = "connect")]
    crate::connect::fuzzing::problem(data);
}

/// Loads a private key.
///
/// A refusal is one of our sentences and shows nothing of the key; line ends and a line before
/// the key do not matter.
///
/// # Panics
///
/// Where that does not hold.
#[cfg_attr(not(feature = "symphony"), allow(unused_variables, reason = "only Symphony takes a key"))]
pub fn pem(data: &[u8]) {
    #[cfg(feature = "symphony")]
    crate::symphony::fuzzing::pem(data);
}
