//! What all fakes have in common: faults, journal, clock, serving.

mod bytes;
mod faults;
mod in_process;
mod journal;
mod schedules;
mod serving;
