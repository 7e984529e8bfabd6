//! The write API: every route that changes something, one file each; and sign-in with its credentials.
//!
//! A route parses what a client sent into types that cannot be wrong, hands it to `agrodeep-commands`, and tells what came of
//! it. This crate must never know the read API or read models.

pub mod accounts;
mod answer;
mod caller;
mod input;
pub mod parked;
mod problems;
pub mod rebuilds;
mod routes;
mod runner;
pub mod sagas;
mod state;
mod views;

pub use self::{
    routes::router,
    runner::Runner,
    state::{PublicUrls, SharedParked, SharedRebuilds, WriteApi},
};
