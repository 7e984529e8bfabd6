//! Paying.

pub mod confirm;
pub mod intent;
pub mod webhook;
