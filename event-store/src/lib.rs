//! The log: append, load, follow. Postgres behind one port that other stores can implement too.
//!
//! * [`EventLog`] is the port: what every store can do, and no more. [`Promises`] says what a store keeps besides.
//! * [`postgres::PostgresLog`] is the log on Postgres: dense positions in commit order, group commit.
//! * [`MemoryLog`] is the same log in memory, for tests.
//! * `conformance` is the suite that every store passes, `history` checks what clients saw against the log; both behind the
//!   feature `conformance`.
//! * [`Snapshots`] keeps states of long streams beside the log: a cache.
//! * [`Follower`] reads the log in order, without end; [`Replay`] reads what somebody selects, forwards or backwards.
//! * [`cqrs::CqrsStore`] is the event store of an application that is written with `cqrs-es`.
//! * [`copy`](mod@copy) copies a log into another store, [`integrity`] says whether a log is whole and what it hashes to.
//!
//! This crate must never know what the events mean.
//!
#![doc = include_str!("../README.md")]

#[cfg(feature = "conformance")]
pub mod conformance;
pub mod copy;
pub mod cqrs;
mod event;
mod filter;
mod follow;
#[cfg(feature = "conformance")]
pub mod history;
pub mod integrity;
#[cfg(feature = "kurrentdb")]
pub mod kurrentdb;
mod log;
mod memory;
pub mod postgres;
mod replay;
mod scan;
mod select;
mod snapshot;
mod stream;

pub use self::{
    event::{Metadata, NewEvent, Position, RecordedEvent},
    filter::{Direction, EventFilter, Selected},
    follow::Follower,
    log::{Append, AppendOutcome, Appended, EventLog, LogError, Promises, SharedLog},
    memory::{MemoryLimits, MemoryLog},
    replay::{Replay, ReplayPart, Selection},
    snapshot::{Resumed, Snapshot, SnapshotDamage, Snapshots},
    stream::{AggregateId, StreamId, StreamIdError},
};
