//! What producers offer.

pub mod batch;
pub mod create;
pub mod delete;
pub mod update;
