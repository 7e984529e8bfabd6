//! What is worked out from what many have done.

pub mod recommendations;
