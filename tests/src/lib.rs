//! Whole-system tests: real processes, real Postgres, real HTTP.
//!
//! * [`system`] starts and kills `agrodeep` as a process of its own.
//! * [`processes`] starts its parts, each as a process.
//! * [`client`] is somebody who talks to its APIs.
//! * [`checker`] reads the log and says what must hold of it, whatever happened (the invariants of `ARCHITECTURE.md`).
//!
//! The tests themselves are in `tests/tests/`. They use the binary as a user does and know no part from the inside, but
//! for the log's events, which they fold by themselves.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on says so by panicking")]

pub mod checker;
pub mod client;
pub mod long_log;
pub mod processes;
pub mod system;
