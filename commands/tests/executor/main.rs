//! The executor on a real log.

#![allow(clippy::unwrap_used)]

mod deciding;
mod fixtures;
mod snapshots;
