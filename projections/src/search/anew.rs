//! The index built anew beside the one that is searched, on a folder of its own, because somebody has asked for it.
//!
//! Each process that has an index builds its own. The first that is through says so in the table of rebuilds.

use std::{sync::Arc, time::Duration};

use agrodeep_event_store::{Position, SharedLog};
use sqlx::PgPool;
use tokio::task::JoinHandle;

use super::{
    companies::Companies,
    indexer::{BATCH_MAX, blocking, bootstrap, take_in, unavailable},
    store::{Current, Folder, IndexError, Store},
};
use crate::{Model, ReadError, feed::Feed};

/// How often it is looked whether somebody has asked.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Waits until somebody has asked for an index that is newer than the one that is searched, and builds it.
pub(super) struct Anew {
    building: JoinHandle<Result<Store, IndexError>>,
}

impl Anew {
    pub fn begin(
        store: &Store,
        log: &SharedLog,
        pool: &PgPool,
        folder: &Arc<Folder>,
        current: &Current,
    ) -> Self {
        let log = log.clone();
        let (pool, folder, current) = (pool.clone(), folder.clone(), current.clone());
        let rebuilt = store.rebuilt();
        Self { building: tokio::spawn(build_when_asked(rebuilt, log, pool, folder, current)) }
    }

    /// The new index, filled with the products as they were when it was begun. Safe to cancel.
    pub async fn built(&mut self) -> Result<Store, IndexError> {
        let built = (&mut self.building).await;
        built.unwrap_or_else(|error| Err(IndexError::Read(ReadError::Unavailable(error.to_string()))))
    }

    /// Ends it, and waits for that: the folder is free then.
    pub async fn end(mut self) {
        self.building.abort();
        let _ = (&mut self.building).await;
    }
}

impl Drop for Anew {
    fn drop(&mut self) {
        self.building.abort();
    }
}

async fn build_when_asked(
    rebuilt: i64,
    log: SharedLog,
    pool: PgPool,
    folder: Arc<Folder>,
    current: Current,
) -> Result<Store, IndexError> {
    let rebuild = loop {
        // An outage says nothing about what is wanted.
        match requested(&pool).await {
            Ok(rebuild) if rebuild > rebuilt => break rebuild,
            Ok(_) | Err(_) => tokio::time::sleep(LOOK_EVERY).await,
        }
    };
    tracing::info!(rebuild, "the product index is built anew");
    let mut beside = blocking(move || Store::beside(folder, current)).await?;
    beside.comes_from(rebuild);
    let mut companies = Companies::new(log.clone());
    bootstrap(beside, &log, &pool, &mut companies).await
}

/// The latest rebuild that somebody has asked for.
pub(super) async fn requested(pool: &PgPool) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(
        "select coalesce(max(generation), 0) from rebuilds where projection = $1 and state in ('building', 'done')",
    )
    .bind(Model::Search.as_str())
    .fetch_one(pool)
    .await
}

/// Brings a new index as far as the one that it replaces has come.
pub(super) async fn level(mut store: Store, until: Position, feed: &Feed) -> Result<Store, IndexError> {
    let mut companies = Companies::new(feed.log().clone());
    while store.position() < until {
        let events = feed.next(store.position(), BATCH_MAX).await.map_err(unavailable)?;
        store = take_in(store, events, &mut companies).await?;
    }
    blocking(move || store.commit().map(|()| store)).await
}

/// Says that the index was built anew. Where the database is only a copy, another process will.
pub(super) async fn done(pool: &PgPool, store: &Store) {
    let said = sqlx::query(
        "update rebuilds set state = 'done', switched_at = now(), switched_to = $2
         where generation = $1 and projection = $3 and state = 'building'",
    )
    .bind(store.rebuilt())
    .bind(store.position().0)
    .bind(Model::Search.as_str())
    .execute(pool)
    .await;
    match said {
        Ok(_) => tracing::info!(rebuild = store.rebuilt(), "the product index was built anew and switched"),
        Err(error) => tracing::warn!(%error, "the product index was built anew; that cannot be said here"),
    }
}
