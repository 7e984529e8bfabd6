//! The log: append, load, follow. Postgres behind one port that other stores can implement too.
//!
//! * [`EventLog`] is the port: what every store can do, and no more.
//! * [`postgres::PostgresLog`] is the log on Postgres: dense positions in commit order, group commit.
//! * [`conformance`] is the suite that every store passes.
//!
//! This crate must never know what the events mean.

#[cfg(feature = "conformance")]
pub mod conformance;
pub mod copy;
pub mod cqrs;
mod event;
mod follow;
pub mod integrity;
mod log;
pub mod postgres;
mod scan;
mod stream;

pub use self::{
    event::{Metadata, NewEvent, Position, RecordedEvent},
    follow::Follower,
    log::{Append, AppendOutcome, Appended, EventLog, LogError, Promises, SharedLog},
    stream::{AggregateId, StreamId, StreamIdError},
};
