//! Keeps the index up to date: bootstraps it from the products read model when it is empty, then follows the log.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use agrodeep_domain::{Aggregate as _, Product as Aggregate, ProductId};
use agrodeep_event_store::{Position, RecordedEvent, SharedLog};
use futures::TryStreamExt;
use sqlx::{Executor, PgPool, types::Uuid};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    anew::{Anew, done, level, requested},
    companies::{Companies, CompanyNames},
    parked::{Published, decided, fold_anew, note},
    store::{Current, Folder, IndexError, Store},
};
use crate::{
    Model, ReadError,
    activity::Activity,
    fact::LogEvent,
    feed::Feed,
    heartbeat,
    parking::{Outcome, decision},
    products::{Product, from_row},
    runner::Reached,
};

/// How many events are read at a time.
pub(super) const BATCH_MAX: usize = 4096;
/// How long after the last change it is committed, when no other follows.
const QUIET: Duration = Duration::from_millis(5);
/// How long after the first change it is committed, whatever follows.
const COMMIT_EVERY: Duration = Duration::from_millis(100);
/// After how many events without a change the position is committed nevertheless, so that a restart need not read them again.
const EVENTS_BETWEEN_COMMITS_MAX: usize = 50_000;
/// How many products are read at a time when the index is bootstrapped.
const BOOTSTRAP_CHUNK: usize = 1000;
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// How often is asked what people have decided about what is parked.
const LOOK_FOR_DECISIONS: Duration = Duration::from_millis(200);

/// Keeps the product index of this process up to date. There is one a folder.
pub struct Indexer {
    folder: Arc<Folder>,
    current: Current,
    reached: watch::Sender<Reached>,
    parked: watch::Sender<Published>,
    instance: String,
}

/// Whether an event can change the index. Of products all that is not known to change stock only.
pub(crate) fn wants(event: &RecordedEvent) -> bool {
    &*event.stream.aggregate_type == Aggregate::TYPE
        && !matches!(
            event.event_type.as_str(),
            "StockCounted" | "StockHeld" | "HoldReleased" | "HoldReduced" | "HoldExpired" | "HoldCommitted"
        )
}

impl Indexer {
    pub(super) fn new(
        folder: Folder,
        current: Current,
        reached: watch::Sender<Reached>,
        parked: watch::Sender<Published>,
        instance: String,
    ) -> Self {
        Self { folder: Arc::new(folder), current, reached, parked, instance }
    }

    /// Follows `log` until told to stop; then commits what it has. An index that is empty begins with the products that
    /// `pool` sees.
    pub async fn run(self, log: SharedLog, pool: PgPool, stop: CancellationToken) {
        self.follow(Feed::new(log), pool, stop).await;
    }

    /// The same, reading the log together with others.
    pub(crate) async fn follow(self, feed: Arc<Feed>, pool: PgPool, stop: CancellationToken) {
        let followed = [(Model::Search, self.reached.subscribe())].into();
        tokio::join!(
            heartbeat::keep(pool.clone(), followed, self.instance.clone(), stop.clone()),
            self.keep_working(&feed, &pool, &stop),
        );
    }

    async fn keep_working(&self, feed: &Arc<Feed>, pool: &PgPool, stop: &CancellationToken) {
        let mut pause = PAUSE_MIN;
        while !stop.is_cancelled() {
            let began = Instant::now();
            let Err(error) = self.work(feed, pool, stop).await else { return };
            if began.elapsed() > PAUSE_MAX {
                pause = PAUSE_MIN;
            }
            tracing::warn!(projection = %Model::Search, %error, pause_ms = pause.as_millis(), "pausing");
            self.reached.send_modify(|reached| reached.activity = Activity::Paused(error.to_string()));
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
            }
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    async fn work(
        &self,
        feed: &Arc<Feed>,
        pool: &PgPool,
        stop: &CancellationToken,
    ) -> Result<(), IndexError> {
        let (folder, current) = (self.folder.clone(), self.current.clone());
        let (mut store, position) = blocking(move || Store::open(folder, current)).await?;
        let mut companies = Companies::new(feed.log().clone());
        if position.is_none() {
            store = blocking(move || store.begin_anew().map(|()| store)).await?;
            store.comes_from(requested(pool).await.unwrap_or_default());
            store = bootstrap(store, feed.log(), pool, &mut companies).await?;
        }
        let mut anew = Anew::begin(&store, feed.log(), pool, &self.folder, &self.current);
        store = leave_out_skipped(store, feed.log(), pool).await?;
        self.reach(&store, 0);
        let mut first_change: Option<Instant> = None;
        let mut uncommitted_events = 0;
        let mut untold = 0;
        let mut looked = Instant::now();
        loop {
            if looked.elapsed() >= LOOK_FOR_DECISIONS {
                looked = Instant::now();
                store = leave_out_skipped(store, feed.log(), pool).await?;
                store = carry_out_decisions(store, feed.log(), pool).await?;
                // What is taken in and not committed is not found yet.
                if !store.is_dirty() {
                    self.reach(&store, 0);
                }
            }
            let commit_in = first_change.map(|at| QUIET.min(COMMIT_EVERY.saturating_sub(at.elapsed())));
            let events = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                built = anew.built() => {
                    // Searches see it when it has come as far as what it replaces.
                    let new = level(built?, store.position(), feed).await?;
                    store = blocking(move || {
                        new.replace()?;
                        drop(store);
                        Ok(new)
                    })
                    .await?;
                    anew = Anew::begin(&store, feed.log(), pool, &self.folder, &self.current);
                    (first_change, uncommitted_events) = (None, 0);
                    done(pool, &store).await;
                    None
                }
                events = feed.next(store.position(), BATCH_MAX) => Some(events.map_err(unavailable)?),
                () = tokio::time::sleep(commit_in.unwrap_or(LOOK_FOR_DECISIONS)) => None,
            };
            let quiet = events.is_none();
            if let Some(events) = events {
                untold += events.len();
                uncommitted_events += events.len();
                store = take_in(store, events, &mut companies).await?;
                if store.is_dirty() {
                    first_change.get_or_insert_with(Instant::now);
                }
            }
            let due = first_change.is_some_and(|at| quiet || at.elapsed() >= COMMIT_EVERY)
                || uncommitted_events > EVENTS_BETWEEN_COMMITS_MAX;
            if due {
                store = blocking(move || store.commit().map(|()| store)).await?;
                first_change = None;
                uncommitted_events = 0;
            }
            if !store.is_dirty() {
                self.reach(&store, std::mem::take(&mut untold));
            }
        }
        anew.end().await;
        if store.position() > store.committed() {
            store = blocking(move || store.commit().map(|()| store)).await?;
            self.reach(&store, 0);
        }
        Ok(())
    }

    fn reach(&self, store: &Store, events: usize) {
        self.parked.send_if_modified(|published| {
            let is_other = **published != *store.parked();
            if is_other {
                *published = Arc::new(store.parked().clone());
            }
            is_other
        });
        self.reached.send_modify(|reached| {
            reached.position = store.position();
            reached.events += events as u64;
            reached.parked_aggregates = store.parked().len();
            reached.activity = Activity::Working;
        });
    }
}

/// Takes in what of `events` concerns the index, and moves behind all of them.
pub(super) async fn take_in(
    mut store: Store,
    events: Vec<Arc<LogEvent>>,
    companies: &mut Companies,
) -> Result<Store, IndexError> {
    let Some(last) = events.last().map(|last| last.position()) else { return Ok(store) };
    let wanted: Vec<_> = events.into_iter().filter(|event| wants(&event.recorded)).collect();
    if wanted.is_empty() {
        store.take_in(&[], &CompanyNames::new(), last)?;
        return Ok(store);
    }
    let names = companies.of_events(&wanted).await.map_err(unavailable)?;
    blocking(move || store.take_in(&wanted, &names, last).map(|()| store)).await
}

/// Leaves out what people have decided to skip in the products: those that have such an event already are folded anew.
async fn leave_out_skipped(mut store: Store, log: &SharedLog, pool: &PgPool) -> Result<Store, IndexError> {
    let skipped =
        decision::skipped_of(pool, Model::Products, Aggregate::TYPE).await.map_err(ReadError::from)?;
    let mut changed = false;
    for (position, id) in skipped {
        if store.leaves_out(position) {
            continue;
        }
        store.leave_out(position);
        if position <= store.position() {
            let id = ProductId::from_uuid(id);
            let folded = fold_anew(log, pool, id, store.position()).await?;
            store.put_anew(id, folded, 0)?;
            changed = true;
        }
    }
    if changed {
        store = blocking(move || store.commit().map(|()| store)).await?;
    }
    Ok(store)
}

/// Folds anew the parked products about which a person has decided.
async fn carry_out_decisions(mut store: Store, log: &SharedLog, pool: &PgPool) -> Result<Store, IndexError> {
    let decided = decided(pool, store.parked()).await?;
    if decided.is_empty() {
        return Ok(store);
    }
    let mut outcomes = Vec::with_capacity(decided.len());
    for (id, decision) in decided {
        let folded = fold_anew(log, pool, id, store.position()).await?;
        let is_parked = store.put_anew(id, folded, decision)?;
        outcomes.push((id, decision, if is_parked { Outcome::StillParked } else { Outcome::Released }));
    }
    let store = blocking(move || store.commit().map(|()| store)).await?;
    for (id, decision, outcome) in outcomes {
        note(pool, id, decision, outcome).await;
    }
    Ok(store)
}

/// Fills an empty index with the products as they are, and with their position: rows and checkpoint are read in one
/// snapshot.
pub(super) async fn bootstrap(
    mut store: Store,
    log: &SharedLog,
    pool: &PgPool,
    companies: &mut Companies,
) -> Result<Store, IndexError> {
    let mut snapshot =
        pool.begin_with("begin isolation level repeatable read, read only").await.map_err(ReadError::from)?;
    // Before the first look: rows that were built anew may not take the place of others between two.
    snapshot.execute("lock table products in access share mode").await.map_err(ReadError::from)?;
    let position: Option<i64> = sqlx::query_scalar("select position from checkpoints where projection = $1")
        .bind(Model::Products.as_str())
        .fetch_optional(&mut *snapshot)
        .await
        .map_err(ReadError::from)?;
    let parked: Vec<Uuid> = sqlx::query_scalar(
        "select distinct aggregate_id from parked_events where projection = $1 and aggregate_type = $2",
    )
    .bind(Model::Products.as_str())
    .bind(Aggregate::TYPE)
    .fetch_all(&mut *snapshot)
    .await
    .map_err(ReadError::from)?;
    let skipped = decision::skipped_of(&mut *snapshot, Model::Products, Aggregate::TYPE).await;
    let skipped = skipped.map_err(ReadError::from)?;
    let mut count = 0;
    {
        let rows = sqlx::query("select * from products where is_active").fetch(&mut *snapshot);
        let mut chunks = rows.map_err(ReadError::from).try_chunks(BOOTSTRAP_CHUNK);
        while let Some(rows) = chunks.try_next().await.map_err(|error| error.1)? {
            let products: Vec<Product> = rows.iter().map(from_row).collect::<Result<_, _>>()?;
            count += products.len();
            let producers = products.iter().map(|product| product.producer_id);
            let names = companies.of(producers).await.map_err(unavailable)?;
            store = blocking(move || store.put_all(&products, &names).map(|()| store)).await?;
        }
    }
    let position = Position(position.unwrap_or(0));
    tracing::info!(
        products = count,
        position = position.0,
        "the product index begins with the products as they are"
    );
    store.put_up_to(position, skipped.into_iter().map(|(position, _)| position).collect());
    // What is parked there need not be here; and if it is, it is known why.
    for id in parked.into_iter().map(ProductId::from_uuid) {
        let folded = fold_anew(log, pool, id, position).await?;
        store.put_anew(id, folded, 0)?;
    }
    blocking(move || store.commit().map(|()| store)).await
}

pub(super) fn unavailable(error: agrodeep_event_store::LogError) -> IndexError {
    IndexError::Read(ReadError::Unavailable(error.to_string()))
}

pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, IndexError> + Send + 'static,
) -> Result<T, IndexError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(IndexError::Read(ReadError::Unavailable(error.to_string()))))
}
