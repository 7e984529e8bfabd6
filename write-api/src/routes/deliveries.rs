//! Bringing orders to their buyers.

pub mod assign;
pub mod deliver;
pub mod fail;
pub mod pickup;
pub mod positions;
