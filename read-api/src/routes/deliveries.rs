//! `/v1/deliveries`.

pub mod diff;
pub mod track;
