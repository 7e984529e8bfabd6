//! The work on one rebuild, from wherever it is to the switch.

use std::time::{Duration, Instant};

use agrodeep_event_store::Position;
use futures::future::BoxFuture;
use sqlx::{Connection, PgConnection, PgPool, postgres::PgConnectOptions};
use tokio_util::sync::CancellationToken;

use super::{
    RebuildError, Rebuilds,
    build::Build,
    control::discard,
    generation::{analyse, building_schema, prepare},
    rows::{self, BUILDING, Row},
    status::{LOCK, built},
    switch::{Switched, switch},
    with_projection,
};
use crate::{
    Model, database,
    parking::{Parking, decision},
    projection::Projection,
    runner::Ended,
};

/// How often the one who works looks whether it is still wanted.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// A round of catching up that took no longer is the last one before the switch.
const LAST_ROUND: Duration = Duration::from_millis(500);
/// How long the switch waits when it could not be now.
const PAUSE: Duration = Duration::from_millis(500);
/// Connections to the live tables: to look, and to switch.
const LIVE_CONNECTIONS: u32 = 2;

/// How work on a rebuild has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finished {
    /// The new rows are live, with everything up to there.
    Switched(Position),
    /// It was stopped or given up before.
    Stopped,
    /// Somebody else works on it.
    Elsewhere,
    /// There is nothing to work on.
    Nothing,
}

impl Rebuilds {
    /// Works on the rebuild of `model` that was asked for until it is switched or told to stop.
    ///
    /// # Errors
    /// [`RebuildError`]; it can be gone on with.
    pub async fn work_on(&self, model: Model, stop: &CancellationToken) -> Result<Finished, RebuildError> {
        with_projection!(model, boxed(self.clone(), stop.clone()), return Ok(Finished::Nothing)).await
    }
}

/// The one place at which a rebuild is worked on.
struct Lock(PgConnection);

impl Lock {
    async fn take(options: &PgConnectOptions, model: Model) -> Result<Option<Self>, sqlx::Error> {
        let mut connection = PgConnection::connect_with(options).await?;
        let free: bool = sqlx::query_scalar("select pg_try_advisory_lock($1, hashtext($2))")
            .bind(LOCK)
            .bind(model.as_str())
            .fetch_one(&mut connection)
            .await?;
        Ok(free.then_some(Self(connection)))
    }

    async fn release(self) -> Result<(), sqlx::Error> {
        self.0.close().await
    }
}

fn boxed<P: Projection>(
    rebuilds: Rebuilds,
    stop: CancellationToken,
) -> BoxFuture<'static, Result<Finished, RebuildError>> {
    Box::pin(async move { work_on::<P>(&rebuilds, &stop).await })
}

pub(crate) async fn work_on<P: Projection>(
    rebuilds: &Rebuilds,
    stop: &CancellationToken,
) -> Result<Finished, RebuildError> {
    let options = (*rebuilds.pool.connect_options()).clone();
    let Some(lock) = Lock::take(&options, P::MODEL).await? else { return Ok(Finished::Elsewhere) };
    let live = database::pool(options, database::SCHEMA, LIVE_CONNECTIONS);
    let worked = work::<P>(rebuilds, &live, stop).await;
    live.close().await;
    lock.release().await?;
    worked
}

async fn work<P: Projection>(
    rebuilds: &Rebuilds,
    live: &PgPool,
    stop: &CancellationToken,
) -> Result<Finished, RebuildError> {
    loop {
        let Some(rebuild) = rows::in_the_making(live, P::MODEL).await?.filter(|row| row.state == BUILDING)
        else {
            return Ok(Finished::Nothing);
        };
        if rebuild.version > P::VERSION {
            // That is for a newer program.
            return Ok(Finished::Nothing);
        }
        if rebuild.version < P::VERSION {
            begin_again::<P>(live, &rebuild, rebuild.shards).await?;
            continue;
        }
        let wanted = stop.child_token();
        let watching = tokio::spawn(watch(live.clone(), rebuild.generation, wanted.clone()));
        let outcome = one::<P>(rebuilds, live, &rebuild, &wanted).await;
        wanted.cancel();
        let _ = watching.await;
        match outcome? {
            Switched::To(position) => {
                tracing::info!(projection = %P::MODEL, generation = rebuild.generation, %position, "built anew and switched");
                return Ok(Finished::Switched(position));
            }
            Switched::No(Ended::MustPark) => {
                tracing::warn!(projection = %P::MODEL, "an event cannot be applied; the rebuild begins again in one part");
                begin_again::<P>(live, &rebuild, 1).await?;
            }
            Switched::No(Ended::Done) | Switched::NotNow => return Ok(Finished::Stopped),
        }
    }
}

/// Ends the work when it is no longer wanted.
async fn watch(live: PgPool, generation: i64, wanted: CancellationToken) {
    while !wanted.is_cancelled() {
        tokio::select! {
            () = wanted.cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        let state: Result<Option<String>, _> =
            sqlx::query_scalar("select state from rebuilds where generation = $1")
                .bind(generation)
                .fetch_optional(&live)
                .await;
        // An outage says nothing about what is wanted.
        if let Ok(state) = state
            && state.as_deref() != Some(BUILDING)
        {
            wanted.cancel();
        }
    }
}

/// Gives a rebuild up for another one, in so many parts.
async fn begin_again<P: Projection>(live: &PgPool, rebuild: &Row, shards: i32) -> Result<(), RebuildError> {
    let mut transaction = live.begin().await?;
    discard(&mut transaction, rebuild.generation).await?;
    let shards = u32::try_from(shards).unwrap_or(1);
    rows::insert(&mut *transaction, P::MODEL, P::VERSION, shards, &rebuild.requested_by).await?;
    transaction.commit().await?;
    Ok(())
}

async fn one<P: Projection>(
    rebuilds: &Rebuilds,
    live: &PgPool,
    rebuild: &Row,
    stop: &CancellationToken,
) -> Result<Switched, RebuildError> {
    let mut shards = u32::try_from(rebuild.shards).unwrap_or(1).max(1);
    if shards > 1 && built(live, rebuild.generation).await?.is_none() && anything_parked::<P>(live).await? {
        // What is parked will have to be parked again, what is skipped to be skipped, and that takes one who sees all events.
        shards = 1;
        sqlx::query("update rebuilds set shards = 1 where generation = $1")
            .bind(rebuild.generation)
            .execute(live)
            .await?;
    }
    let options = (*live.connect_options()).clone();
    prepare::<P>(&options, rebuild.generation, shards).await?;
    resumed(live, rebuild.generation).await?;
    let building = database::pool(options, &building_schema(rebuild.generation), shards + 1);
    let outcome = fill_and_switch::<P>(rebuilds, live, &building, rebuild, shards, stop).await;
    building.close().await;
    outcome
}

async fn anything_parked<P: Projection>(live: &PgPool) -> Result<bool, sqlx::Error> {
    let mut connection = live.acquire().await?;
    Ok(!Parking::load(&mut connection, P::MODEL).await?.is_empty()
        || !decision::skipped(&mut *connection, P::MODEL).await?.is_empty())
}

async fn resumed(live: &PgPool, generation: i64) -> Result<(), sqlx::Error> {
    let from = built(live, generation).await?.unwrap_or(0);
    sqlx::query("update rebuilds set resumed_at = now(), resumed_from = $2 where generation = $1")
        .bind(generation)
        .bind(from)
        .execute(live)
        .await?;
    Ok(())
}

async fn fill_and_switch<P: Projection>(
    rebuilds: &Rebuilds,
    live: &PgPool,
    building: &PgPool,
    rebuild: &Row,
    shards: u32,
    stop: &CancellationToken,
) -> Result<Switched, RebuildError> {
    let mut build = Build::<P>::new(&rebuilds.log, building, shards);
    let mut analysed = false;
    loop {
        let began = Instant::now();
        let head = rebuilds.log.head().await?;
        let ended = build.run_until(head, stop).await?;
        if ended != Ended::Done || stop.is_cancelled() {
            return Ok(Switched::No(ended));
        }
        if began.elapsed() > LAST_ROUND {
            continue;
        }
        if !analysed {
            analyse::<P>(building).await?;
            analysed = true;
            continue;
        }
        match switch(live, rebuild, &mut build, head, rebuilds.grace, stop).await? {
            Switched::NotNow => tokio::time::sleep(PAUSE).await,
            outcome => return Ok(outcome),
        }
    }
}
