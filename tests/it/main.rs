//! Behaviour tests, through the public API or raw HTTP, in one binary.

#[cfg(all(feature = "fakes", feature = "symphony"))]
mod symphony;
