//! Deciding about the fulfilment of orders.

pub mod abandon;
pub mod pause;
pub mod pause_step;
pub mod resume;
pub mod resume_step;
pub mod retry;
pub mod skip;
