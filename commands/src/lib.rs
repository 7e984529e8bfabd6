//! From a wish to events: load, decide, append. With idempotency, and the ports to the payment provider.
//!
//! * [`executor`] executes one command on one aggregate.
//! * [`order`], [`product`], [`delivery`], [`account`] and [`payments`] have one file for each thing that can be asked of the
//!   market: a request, an answer, its own error.
//! * [`sagas`] is where a person decides about the fulfilment of orders.
//! * [`faults`] is where things can be made to go wrong, in builds that are made for that.
//! * [`idempotency`], [`numbers`] and [`reservations`] are what these need besides the log.
//! * [`payments::gateway`] is the port to the payment provider; [`payments::simulated`] implements it.
//!
//! This crate must never know HTTP routes or read models.

pub mod account;
mod batch;
pub mod delivery;
pub mod executor;
pub mod faults;
pub mod idempotency;
pub mod numbers;
pub mod order;
pub mod payments;
pub mod product;
pub mod reservations;
pub mod sagas;
pub mod services;
pub mod store_error;

pub use agrodeep_domain::command_id;
pub use executor::{CommandContext, ExecuteError, Executed, Executor, Versioned};
pub use services::{CommandSettings, Commands};
pub use store_error::StoreError;
