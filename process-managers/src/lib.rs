//! Processes that run across aggregates: the fulfilment of an order, from its placing to the last of its effects.
//!
//! * [`order_fulfilment`] decides: a pure state machine that is itself an aggregate (it lives in the domain, as the read side folds
//!   it, too). Its stream records what it has seen, what it is about to do and what came of it.
//! * `effects` acts: one file for each effect. Every effect may be done again without changing anything.
//! * `drive` joins the two: record, act, record what came of it.
//! * `faults` names the places at which all this can be broken, in builds that are made for that.
//! * [`runner`] drives all orders by following the log; [`ImportConductor`] drives single ones whose history is given.
//!
//! This crate must never know HTTP or the SQL of the read side.

mod conductor;
mod drive;
mod effects;
#[cfg(test)]
mod exploration;
#[cfg(feature = "fault-points")]
pub mod faults;
#[cfg(not(feature = "fault-points"))]
mod faults;
mod imported_payments;
mod metrics;
mod payment_time;
pub mod reconciliation;
mod retry;
pub mod runner;

pub use agrodeep_domain::{OrderFulfilment, order_fulfilment};

pub use self::{
    conductor::{AdvanceError, ImportConductor},
    imported_payments::ImportedPayments,
    reconciliation::{Reconciliation, ReconciliationSettings},
    retry::RetryPolicy,
    runner::{Runner, RunnerSettings, release_lease},
};
