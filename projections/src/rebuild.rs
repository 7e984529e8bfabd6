//! Read models built anew beside the live ones, while these are read and kept up to date; then switched in one transaction.
//!
//! * The new rows stand in a schema of their own, with the checkpoints of the rebuild: who is killed goes on from there.
//! * The log is read in several parts at once, split by what the events are about ([`Shard`]).
//! * The switch moves whole tables from schema to schema: who reads finds, by the same names, the old ones before it and the
//!   new ones after it. What was replaced is dropped some time later.
//!
//! Nothing here has an effect outside of the database: projections only write rows. Whatever has effects (payments, mails,
//! relays) follows the log by itself, with a checkpoint that no rebuild touches.

mod build;
mod control;
mod generation;
mod job;
mod rows;
mod shard;
mod status;
mod switch;
mod tend;

use std::time::Duration;

use agrodeep_event_store::{LogError, SharedLog};
use sqlx::PgPool;

#[cfg(test)]
pub(crate) use self::job::work_on;
pub(crate) use self::{
    generation::{change_form, first_version},
    rows::request_newer,
    shard::Shard,
};
pub use self::{
    job::Finished,
    status::{RebuildState, RebuildStatus},
};
use crate::{Model, ReadError, UnknownModel, database::MigrateError};

/// How long what was replaced is kept, when nobody says otherwise.
pub const GRACE: Duration = Duration::from_mins(10);

/// Rebuilds: asked for, worked on, looked at. Cheap to clone.
#[derive(Clone)]
pub struct Rebuilds {
    log: SharedLog,
    pool: PgPool,
    grace: Duration,
}

/// What is to be built anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RebuildRequest {
    /// Which read model.
    pub model: Model,
    /// In which version; `None`: the one that this program writes.
    pub version: Option<i32>,
    /// In how many parts; `None`: as many as this machine has processors, but at most [`SHARDS_MAX`].
    pub shards: Option<u32>,
    /// Who asks, to be shown.
    pub requested_by: String,
}

/// In how many parts a log is read at the most: beyond, they wait for the database.
pub const SHARDS_MAX: u32 = 8;

impl Rebuilds {
    /// Rebuilds of the read models that `pool` sees. What is replaced is dropped after `grace`.
    pub fn new(log: SharedLog, pool: PgPool, grace: Duration) -> Self {
        Self { log, pool, grace }
    }
}

/// Why nothing was built anew.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// There is no such read model.
    #[error(transparent)]
    UnknownProjection(#[from] UnknownModel),
    /// This program cannot write that version.
    #[error("this program knows no version {asked} of {model}: it writes version {known}")]
    UnknownVersion {
        /// Of which read model.
        model: Model,
        /// What was asked for.
        asked: i32,
        /// What there is.
        known: i32,
    },
    /// In so many parts nothing is built.
    #[error("a rebuild has 1 to {SHARDS_MAX} shards, not {0}")]
    Shards(u32),
    /// It is being built anew already.
    #[error("{0} is being built anew already")]
    Running(Model),
    /// It is not being built anew.
    #[error("{0} is not being built anew")]
    NotRunning(Model),
    /// The index is built anew by those who have one.
    #[error("the product index is built anew in one go: it cannot be stopped")]
    IndexInOneGo,
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The new tables cannot be made.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// The database cannot be reached.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl From<sqlx::Error> for RebuildError {
    fn from(error: sqlx::Error) -> Self {
        Self::Read(error.into())
    }
}

/// Calls a function with the projection of a model as its type; what `search` is, which has no rows, comes last.
macro_rules! with_projection {
    ($model:expr, $call:ident($($argument:expr),*), $search:expr) => {
        match $model {
            $crate::Model::Accounts => $call::<$crate::accounts::AccountsProjection>($($argument),*),
            $crate::Model::Products => $call::<$crate::products::ProductsProjection>($($argument),*),
            $crate::Model::Orders => $call::<$crate::orders::OrdersProjection>($($argument),*),
            $crate::Model::OrderHistory => $call::<$crate::order_history::OrderHistoryProjection>($($argument),*),
            $crate::Model::Deliveries => $call::<$crate::deliveries::DeliveriesProjection>($($argument),*),
            $crate::Model::Baskets => $call::<$crate::baskets::BasketsProjection>($($argument),*),
            $crate::Model::Sagas => $call::<$crate::sagas::SagasProjection>($($argument),*),
            $crate::Model::Search => $search,
        }
    };
}
pub(crate) use with_projection;
