//! What is asked for, kept ready: read models in Postgres and a search index on disk, all of them folds of the log.
//!
//! * [`ReadModels`] answers questions, and waits for a position when asked to.
//! * [`search`] is the product index: one per process, on its own folder.
//! * [`verify`] builds everything anew beside what is there and compares.
//!
//! This crate must never know commands.

pub mod accounts;
pub mod database;
pub mod deliveries;
mod error;
mod model;
pub mod order_history;
pub mod orders;
mod page;
pub mod products;
mod progress;
mod read_models;
mod row;
pub mod search;

pub use self::{
    error::ReadError,
    model::Model,
    page::{Page, Paged},
    progress::Progress,
    read_models::{Behind, ReadModels},
};
