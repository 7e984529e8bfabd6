//! All projections into Postgres, running together.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use agrodeep_event_store::SharedLog;
use sqlx::PgPool;
use tokio::{sync::watch, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    Model, Progress,
    accounts::AccountsProjection,
    baskets::BasketsProjection,
    deliveries::DeliveriesProjection,
    feed::Feed,
    heartbeat,
    order_history::OrderHistoryProjection,
    orders::OrdersProjection,
    products::ProductsProjection,
    projection::Projection,
    rebuild::{GRACE, Rebuilds},
    runner::{Reached, Runner},
    sagas::SagasProjection,
    search::Indexer,
};

/// How long a projection whose task has died waits before it begins again.
const RESTART: Duration = Duration::from_secs(1);

/// The projections into Postgres. Each follows the log by itself, but what one has read the others need not read again.
pub struct Projections {
    feed: Arc<Feed>,
    pool: PgPool,
    progress: Progress,
    positions: Positions,
    indexer: Option<Indexer>,
    grace: Duration,
}

/// One position a projection: who adds a projection is told by the compiler where to start it.
struct Positions {
    accounts: watch::Sender<Reached>,
    products: watch::Sender<Reached>,
    orders: watch::Sender<Reached>,
    order_history: watch::Sender<Reached>,
    deliveries: watch::Sender<Reached>,
    baskets: watch::Sender<Reached>,
    sagas: watch::Sender<Reached>,
}

impl Projections {
    /// Projections of `log` into the tables that `pool` sees. They begin with [`Self::run`].
    pub fn new(log: SharedLog, pool: PgPool) -> Self {
        Self::fed_by(Feed::new(log), pool)
    }

    fn fed_by(feed: Arc<Feed>, pool: PgPool) -> Self {
        let mut receivers = BTreeMap::new();
        let mut position = |model| {
            let (sender, receiver) = watch::channel(Reached::default());
            receivers.insert(model, receiver);
            sender
        };
        let positions = Positions {
            accounts: position(Model::Accounts),
            products: position(Model::Products),
            orders: position(Model::Orders),
            order_history: position(Model::OrderHistory),
            deliveries: position(Model::Deliveries),
            baskets: position(Model::Baskets),
            sagas: position(Model::Sagas),
        };
        Self { feed, pool, progress: Progress::new(receivers), positions, indexer: None, grace: GRACE }
    }

    /// Where the projections are, for [`crate::ReadModels::with_progress`].
    pub fn progress(&self) -> Progress {
        self.progress.clone()
    }

    /// Runs the indexer of this process's product index as well, which then need not read the log by itself.
    #[must_use]
    pub fn with_indexer(mut self, indexer: Indexer) -> Self {
        self.indexer = Some(indexer);
        self
    }

    /// Rows that were replaced by others, built anew, are kept for so long.
    #[must_use]
    pub fn with_grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Runs all projections until told to stop. Returns when each has finished what it was at.
    pub async fn run(self, stop: CancellationToken) {
        let Self { feed, pool, progress, positions, indexer, grace } = self;
        let Positions { accounts, products, orders, order_history, deliveries, baskets, sagas } = positions;
        let mut tasks = JoinSet::new();
        tasks.spawn(keep_running::<AccountsProjection>(feed.clone(), pool.clone(), accounts, stop.clone()));
        tasks.spawn(keep_running::<ProductsProjection>(feed.clone(), pool.clone(), products, stop.clone()));
        tasks.spawn(keep_running::<OrdersProjection>(feed.clone(), pool.clone(), orders, stop.clone()));
        tasks.spawn(keep_running::<OrderHistoryProjection>(
            feed.clone(),
            pool.clone(),
            order_history,
            stop.clone(),
        ));
        tasks.spawn(keep_running::<DeliveriesProjection>(
            feed.clone(),
            pool.clone(),
            deliveries,
            stop.clone(),
        ));
        tasks.spawn(keep_running::<BasketsProjection>(feed.clone(), pool.clone(), baskets, stop.clone()));
        tasks.spawn(keep_running::<SagasProjection>(feed.clone(), pool.clone(), sagas, stop.clone()));
        let instance = progress.instance().to_owned();
        tasks.spawn(heartbeat::keep(pool.clone(), progress.receivers(), instance, stop.clone()));
        if let Some(indexer) = indexer {
            tasks.spawn(indexer.follow(feed.clone(), pool.clone(), stop.clone()));
        }
        tasks.spawn(Rebuilds::new(feed.log().clone(), pool, grace).tend(stop));
        while tasks.join_next().await.is_some() {}
    }
}

/// Runs a projection; should its task die of a defect, it is begun anew from its checkpoint, and that is seen.
async fn keep_running<P: Projection>(
    feed: Arc<Feed>,
    pool: PgPool,
    reached: watch::Sender<Reached>,
    stop: CancellationToken,
) {
    while !stop.is_cancelled() {
        let mut runner = Runner::<P>::new(feed.clone(), pool.clone(), reached.clone());
        let child = stop.clone();
        if let Err(error) = tokio::spawn(async move { runner.run(&child).await }).await {
            metrics::counter!("projection_restarts_total", "projection" => P::MODEL.as_str()).increment(1);
            tracing::error!(projection = %P::MODEL, %error, "a projection has died and begins anew");
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(RESTART) => {}
            }
        }
    }
}
