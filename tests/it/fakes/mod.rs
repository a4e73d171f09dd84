//! What all fakes have in common: faults, journal, clock, serving.

mod bytes;
#[cfg(feature = "fake-checks")]
mod checks;
mod every_fake;
mod faults;
mod in_process;
mod journal;
mod schedules;
mod serving;
