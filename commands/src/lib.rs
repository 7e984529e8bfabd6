//! From a wish to events: load, decide, append. With idempotency, and the ports to the payment provider.
//!
//! This crate must never know HTTP or read models.

pub mod command_id;
pub mod executor;

pub use executor::{CommandContext, ExecuteError, Executed, Executor, Versioned};
