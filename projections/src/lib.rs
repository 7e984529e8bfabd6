//! What is asked for, kept ready: read models in Postgres and a search index on disk, all of them folds of the log.
//!
//! * [`Projections`] follows the log and keeps the read models up to date; each moves its checkpoint in the transaction of
//!   its rows.
//! * [`ReadModels`] answers questions, and waits for a position when asked to.
//! * [`parking`] is what could not be applied, and what people decide about it.
//! * [`search`] is the product index: one per process, on its own folder.
//! * [`verify`] builds everything anew beside what is there and compares.
//!
//! This crate must never know commands.

pub mod accounts;
mod activity;
pub mod baskets;
mod cache;
mod checkpoint;
pub mod database;
pub mod deliveries;
mod error;
mod fact;
mod feed;
mod heartbeat;
pub mod measure;
mod model;
pub mod order_history;
pub mod orders;
mod page;
pub mod parking;
pub mod products;
mod progress;
mod projection;
mod projections;
mod read_models;
pub mod rebuild;
mod row;
mod runner;
pub mod sagas;
pub mod search;
mod status;
#[cfg(test)]
mod tests;
pub mod verify;

pub use self::{
    error::{ReadError, Unreadable},
    model::{Model, UnknownModel},
    page::{Page, Paged},
    progress::Progress,
    projections::Projections,
    read_models::{Behind, Cause, ReadModels, WaitError, Wanted},
    status::{ModelState, ModelStatus},
};
