//! The engine against model servers: no sockets, no fakes, and time that passes only where all wait.

mod ahead;
mod cursors;
mod drive;
mod model;
mod numbers;
mod resume;
mod script;
mod server;
mod tape;
mod watched;
