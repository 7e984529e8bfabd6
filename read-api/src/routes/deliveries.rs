//! `/v1/deliveries`.

pub mod track;
