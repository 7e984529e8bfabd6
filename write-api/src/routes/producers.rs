//! Commands of producers about themselves.

pub mod delivery_terms;
