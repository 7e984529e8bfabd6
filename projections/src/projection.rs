//! What every projection into Postgres is: a pure fold, and how its rows are loaded and stored.

use agrodeep_event_store::{RecordedEvent, StreamId};
use async_trait::async_trait;
use sqlx::PgConnection;

use crate::{
    Model, ReadError,
    fact::{LogEvent, Poison},
};

/// A fold of the log into rows. The runner decides which events come, and moves the checkpoint.
#[async_trait]
pub(crate) trait Projection: Default + Send + 'static {
    /// Which read model.
    const MODEL: Model;
    /// Goes up when the fold or the form of the rows changes: then the rows have to be built anew.
    const VERSION: i32;
    /// The tables it writes. Nobody else does.
    const TABLES: &'static [&'static str];
    /// Where the tables of a version have another form than the migrations give them: from which version on, and a
    /// statement that changes it. Live tables are never changed so: a rebuild makes new ones.
    const CHANGES: &'static [(i32, &'static str)] = &[];

    /// Whether an event can change anything here. Cheap: looks at names only.
    fn wants(event: &RecordedEvent) -> bool;

    /// The other aggregate that an event tells something about, if any: when that one is parked, the event waits too.
    fn subject(event: &LogEvent) -> Option<StreamId>;

    /// Makes sure that the rows that `events` change are at hand, if they exist.
    async fn load(&mut self, connection: &mut PgConnection, events: &[&LogEvent]) -> Result<(), ReadError>;

    /// Takes an event in. On [`Poison`] nothing has changed.
    fn fold(&mut self, event: &LogEvent) -> Result<(), Poison>;

    /// Leaves an event out, as a person has decided: only the version of what it belongs to moves, so that later events follow on
    /// it. Nothing of that may be at hand.
    async fn leave_out(connection: &mut PgConnection, event: &LogEvent) -> Result<(), sqlx::Error>;

    /// Stores each changed row once.
    async fn write(&mut self, connection: &mut PgConnection) -> Result<(), sqlx::Error>;

    /// The transaction is committed.
    fn stored(&mut self);

    /// The transaction is not committed, or that is unknown: what is at hand may not be what is stored.
    fn forget(&mut self);
}

/// Binds to a query one array a column, taken from all rows.
macro_rules! bind_columns {
    ($query:expr, $rows:expr, $($column:expr),+ $(,)?) => {
        $query$(.bind($rows.iter().map($column).collect::<Vec<_>>()))+
    };
}
pub(crate) use bind_columns;
