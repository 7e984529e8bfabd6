//! How the read side is, for who runs it.

pub mod parked;
pub mod parked_one;
pub mod payments;
pub mod projections;
pub mod rebuilds;
pub mod saga;
pub mod saga_steps;
pub mod sagas;
