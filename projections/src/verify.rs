//! Checks that what is read is what was written: a read model equals a fold of the log up to its checkpoint, and so does the
//! index. Everything is built anew, beside what is there, and compared.

mod compare;
mod index;

use std::collections::{BTreeMap, HashSet};

use agrodeep_event_store::{LogError, Position, SharedLog};
use sqlx::{Connection, Executor, PgConnection, PgPool, Postgres, Transaction, types::Uuid};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub use self::index::compare_index;
use crate::{
    Model, ReadError,
    accounts::AccountsProjection,
    baskets::BasketsProjection,
    checkpoint::{self, Checkpoint},
    database::{self, MigrateError},
    deliveries::DeliveriesProjection,
    feed::Feed,
    order_history::OrderHistoryProjection,
    orders::OrdersProjection,
    products::ProductsProjection,
    projection::Projection,
    rebuild::change_form,
    runner::{Reached, Runner},
    sagas::SagasProjection,
    search::IndexError,
};

/// Where the read models are built anew.
const CHECK_SCHEMA: &str = "read_models_check";
/// Marks, in the database, that a check is running: there is one place for it.
const CHECK_LOCK: i64 = 0x6167_726f_6465_6570;
/// How many differences are told one by one.
const TOLD_MAX: usize = 100;
/// How many connections the rebuild writes with: one for each projection.
const CONNECTIONS: u32 = 7;

/// What a check has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Up to which position each read model was compared.
    pub positions: BTreeMap<Model, Position>,
    /// How many rows (documents) of each table (the index) were compared.
    pub rows: BTreeMap<String, u64>,
    /// How many differ.
    pub differing: u64,
    /// The first of them.
    pub differences: Vec<Difference>,
}

impl Report {
    /// Whether everything is as it should be.
    pub fn is_clean(&self) -> bool {
        self.differing == 0
    }

    fn differs(&mut self, difference: Difference) {
        self.differing += 1;
        if self.differences.len() < TOLD_MAX {
            self.differences.push(difference);
        }
    }
}

/// A row that is not as the log says. Values are not told: they may be personal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// In which table; `search`: in the index.
    pub table: String,
    /// Which row.
    pub key: String,
    /// How it differs.
    pub how: How,
}

/// How a row differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// It should be there.
    Missing,
    /// It should not be there.
    Superfluous,
    /// These columns are not as they should be.
    Columns(Vec<String>),
}

/// Why nothing could be compared.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// There is one place to build anew, and it is taken.
    #[error("another check is running")]
    Running,
    /// The rows are not what this program writes.
    #[error("{model} is of version {found}, but this program writes version {expected}")]
    OtherVersion {
        /// Which read model.
        model: Model,
        /// What is there.
        found: i32,
        /// What this program writes.
        expected: i32,
    },
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The tables to compare with cannot be made.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// The index cannot be read.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The read models cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl From<sqlx::Error> for VerifyError {
    fn from(error: sqlx::Error) -> Self {
        Self::Read(error.into())
    }
}

/// Builds all read models in Postgres anew from `log`, beside those that `live` sees, and compares the two at the live ones'
/// checkpoints. Projections may go on meanwhile: the comparison is with one snapshot of them.
///
/// # Errors
/// [`VerifyError`]. During an outage of the database it waits.
pub async fn rebuild_and_compare(log: SharedLog, live: &PgPool) -> Result<Report, VerifyError> {
    let options = (*live.connect_options()).clone();
    let mut lock = PgConnection::connect_with(&options).await?;
    let free: bool =
        sqlx::query_scalar("select pg_try_advisory_lock($1)").bind(CHECK_LOCK).fetch_one(&mut lock).await?;
    if !free {
        return Err(VerifyError::Running);
    }
    drop_schema(&mut lock).await?;
    database::migrate_schema(options.clone(), CHECK_SCHEMA).await?;
    let rebuilt = database::pool(options, CHECK_SCHEMA, CONNECTIONS);
    give_form(&rebuilt).await?;
    let report = compare(log, live, &rebuilt).await;
    rebuilt.close().await;
    drop_schema(&mut lock).await?;
    sqlx::query("select pg_advisory_unlock($1)").bind(CHECK_LOCK).execute(&mut lock).await?;
    lock.close().await?;
    report
}

/// Gives the empty tables the form of the versions that this program writes.
async fn give_form(rebuilt: &PgPool) -> Result<(), sqlx::Error> {
    let mut connection = rebuilt.acquire().await?;
    change_form::<AccountsProjection>(&mut connection).await?;
    change_form::<ProductsProjection>(&mut connection).await?;
    change_form::<OrdersProjection>(&mut connection).await?;
    change_form::<OrderHistoryProjection>(&mut connection).await?;
    change_form::<DeliveriesProjection>(&mut connection).await?;
    change_form::<BasketsProjection>(&mut connection).await?;
    change_form::<SagasProjection>(&mut connection).await?;
    for (model, version) in VERSIONS {
        checkpoint::read_or_create(rebuilt, model.as_str(), Checkpoint::start(version)).await?;
    }
    Ok(())
}

async fn drop_schema(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    connection.execute(format!("drop schema if exists {CHECK_SCHEMA} cascade").as_str()).await?;
    Ok(())
}

async fn compare(log: SharedLog, live: &PgPool, rebuilt: &PgPool) -> Result<Report, VerifyError> {
    // Most of the work is done before the snapshot is taken, so that it need not live long.
    let mut snapshot = take_snapshot(live).await?;
    let near = positions(&mut snapshot).await?;
    // Here several may be about one aggregate at the same time.
    rebuilt.execute("drop index parking_decisions_pending").await?;
    copy_skips(&mut snapshot, rebuilt, &BTreeMap::new()).await?;
    snapshot.rollback().await?;
    rebuild(&log, rebuilt, &near).await;

    let mut snapshot = take_snapshot(live).await?;
    let positions = positions(&mut snapshot).await?;
    copy_skips(&mut snapshot, rebuilt, &near).await?;
    rebuild(&log, rebuilt, &positions).await;
    let mut report = Report { positions, ..Report::default() };
    compare::all_tables(&mut snapshot, rebuilt, &mut report).await?;
    snapshot.rollback().await?;
    Ok(report)
}

/// What people have decided to skip is skipped here, too: of what is `folded` already it comes as something that is yet to be
/// carried out.
async fn copy_skips(
    snapshot: &mut PgConnection,
    rebuilt: &PgPool,
    folded: &BTreeMap<Model, Position>,
) -> Result<(), VerifyError> {
    let known: HashSet<i64> = sqlx::query_scalar("select decision_id from parking_decisions")
        .fetch_all(rebuilt)
        .await?
        .into_iter()
        .collect();
    let skips: Vec<(i64, String, String, Uuid, i64)> = sqlx::query_as(
        "select decision_id, projection, aggregate_type, aggregate_id, position from parking_decisions
         where skipped_at is not null order by decision_id",
    )
    .fetch_all(snapshot)
    .await?;
    for (id, projection, aggregate_type, aggregate_id, position) in skips {
        if known.contains(&id) {
            continue;
        }
        let is_folded =
            folded.iter().any(|(model, until)| model.as_str() == projection && position <= until.0);
        sqlx::query(
            "insert into parking_decisions (decision_id, projection, aggregate_type, aggregate_id, position, kind, reason,
                 decided_by, outcome, skipped_at)
             overriding system value
             values ($1, $2, $3, $4, $5, 'skip', '', '', $6, case when $6 is null then null else now() end)",
        )
        .bind(id)
        .bind(projection)
        .bind(aggregate_type)
        .bind(aggregate_id)
        .bind(position)
        .bind((!is_folded).then_some("released"))
        .execute(rebuilt)
        .await?;
    }
    Ok(())
}

async fn take_snapshot(live: &PgPool) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    let mut snapshot = live.begin_with("begin isolation level repeatable read, read only").await?;
    // Before the first look: rows that were built anew may not take the place of others between two.
    for tables in [
        AccountsProjection::TABLES,
        ProductsProjection::TABLES,
        OrdersProjection::TABLES,
        OrderHistoryProjection::TABLES,
        DeliveriesProjection::TABLES,
        BasketsProjection::TABLES,
        SagasProjection::TABLES,
    ] {
        snapshot.execute(format!("lock table {} in access share mode", tables.join(", ")).as_str()).await?;
    }
    Ok(snapshot)
}

/// The live read models' checkpoints.
async fn positions(snapshot: &mut PgConnection) -> Result<BTreeMap<Model, Position>, VerifyError> {
    let mut positions = BTreeMap::new();
    for (model, expected) in VERSIONS {
        let checkpoint = checkpoint::read(&mut *snapshot, model).await?;
        if let Some(found) = checkpoint.map(|checkpoint| checkpoint.version)
            && found != expected
        {
            return Err(VerifyError::OtherVersion { model, found, expected });
        }
        positions.insert(model, checkpoint.map_or(Position::START, |checkpoint| checkpoint.position));
    }
    Ok(positions)
}

/// What this program writes.
const VERSIONS: [(Model, i32); 7] = [
    version::<AccountsProjection>(),
    version::<ProductsProjection>(),
    version::<OrdersProjection>(),
    version::<OrderHistoryProjection>(),
    version::<DeliveriesProjection>(),
    version::<BasketsProjection>(),
    version::<SagasProjection>(),
];

const fn version<P: Projection>() -> (Model, i32) {
    (P::MODEL, P::VERSION)
}

/// Brings the rebuilt read models to these positions, all at the same time: they read the log together.
async fn rebuild(log: &SharedLog, pool: &PgPool, positions: &BTreeMap<Model, Position>) {
    let feed = Feed::new(log.clone());
    let stop = CancellationToken::new();
    macro_rules! run {
        ($projection:ty) => {{
            let until = positions.get(&<$projection>::MODEL).copied().unwrap_or_default();
            let (sender, _) = watch::channel(Reached::default());
            let mut runner = Runner::<$projection>::new(feed.clone(), pool.clone(), sender);
            let stop = stop.clone();
            Box::pin(async move { runner.run_until(until, &stop).await })
        }};
    }
    tokio::join!(
        run!(AccountsProjection),
        run!(ProductsProjection),
        run!(OrdersProjection),
        run!(OrderHistoryProjection),
        run!(DeliveriesProjection),
        run!(BasketsProjection),
        run!(SagasProjection),
    );
}
