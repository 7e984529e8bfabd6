//! What producers say of themselves.

pub mod delivery_terms;
