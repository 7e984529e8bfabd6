//! How the read side is, for who runs it.

pub mod rebuilds;
