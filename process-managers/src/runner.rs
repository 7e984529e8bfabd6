//! Runs the fulfilment of all orders: follows the log, drives each order's fulfilment, watches the clock.
//!
//! The checkpoint moves only to a place below which every event was observed and everything it led to is done, or waits
//! for the clock or a person. So a restart reads again from there, recognises what was done by command ids and states, and
//! does the rest. One runner works at a time; whoever loses the lease steps back.

mod books;
mod clock;
mod lease;
mod pauses;
mod progress;
mod routing;
mod settings;
mod standings;
mod worker;

use std::{sync::Arc, time::Duration};

use agrodeep_commands::{Commands, Executor};
use agrodeep_event_store::{Follower, Position, RecordedEvent, SharedLog};
use sqlx::PgPool;
use tokio::sync::{Notify, Semaphore};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use self::{
    books::Books,
    clock::Clock,
    lease::Lease,
    pauses::Pauses,
    progress::Progress,
    routing::{Routing, RoutingError},
    worker::{Job, Workers},
};
pub use self::{lease::release_lease, settings::RunnerSettings};
use crate::{drive::Driver, effects::Services, payment_time::PaymentTime};

/// How often a runner without the lease asks for it.
const LEASE_POLL: Duration = Duration::from_millis(200);
/// How long it waits after an error.
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(250);

/// Runs the fulfilment of all orders.
pub struct Runner {
    executor: Executor,
    log: SharedLog,
    driver: Driver,
    payment_time: PaymentTime,
    pool: PgPool,
    settings: RunnerSettings,
}

impl Runner {
    /// A runner that acts by the market's `commands` and keeps its books in the write side's database `pool`.
    pub fn new(commands: &Commands, pool: PgPool, settings: RunnerSettings) -> Self {
        let executor = commands.executor.clone();
        let log = executor.log().clone();
        let payment_time = PaymentTime::new(commands.clone(), settings.payment_extension);
        Self { executor, log, driver: Driver::new(Services::of(commands)), payment_time, pool, settings }
    }

    /// Runs until stopped; takes turns with other runners, which may run elsewhere. Stopping finishes what is being done,
    /// notes how far it has come and gives the lease back.
    pub async fn run(self, stop: CancellationToken) {
        let holder = format!("{}:{}", std::process::id(), uuid::Uuid::now_v7());
        while !stop.is_cancelled() {
            let wait = match Lease::try_take(&self.pool, &holder, self.settings.lease_time).await {
                Ok(Some((lease, checkpoint))) => {
                    tracing::info!(epoch = lease.epoch, %checkpoint, "the process manager runs");
                    self.hold(Arc::new(lease), checkpoint, &stop).await;
                    tracing::info!("the process manager has stopped");
                    Duration::ZERO
                }
                Ok(None) => LEASE_POLL,
                Err(error) => {
                    tracing::warn!(%error, "the process manager's lease cannot be read");
                    PAUSE_AFTER_ERROR
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Runs as long as the lease is held.
    async fn hold(&self, lease: Arc<Lease>, checkpoint: Position, stop: &CancellationToken) {
        let halt = stop.child_token();
        // Whoever drops this runner halts all that it has begun.
        let _halt = halt.clone().drop_guard();
        let Some(pauses) = self.pauses(&lease, &halt).await else { return };
        let pauses = Arc::new(pauses);
        let finished = CancellationToken::new();
        let progress = Arc::new(Progress::from(checkpoint));
        let books = Books::open(self.pool.clone(), Arc::clone(&lease));
        let deadline_written = Arc::clone(&books.deadline_written);
        let workers = Workers::new(
            (self.driver.clone(), self.payment_time.clone()),
            Arc::clone(&lease),
            books,
            Arc::clone(&progress),
            Arc::clone(&pauses),
            self.settings.clone(),
            halt.clone(),
        );
        let clock = Clock {
            pool: self.pool.clone(),
            log: self.log.clone(),
            progress: Arc::clone(&progress),
            workers: workers.clone(),
            deadline_written: Arc::clone(&deadline_written),
        };
        let _clock = spawn(clock.run(halt.clone()));
        let _standings = spawn(standings::show(self.pool.clone(), Arc::clone(&pauses), halt.clone()));
        let heartbeat = spawn(beat(
            Arc::clone(&lease),
            Arc::clone(&progress),
            self.settings.heartbeat,
            halt.clone(),
            finished.clone(),
        ));
        let waker = Waker { pool: self.pool.clone(), lease: Arc::clone(&lease), pauses, deadline_written };
        self.read(checkpoint, &progress, &workers, &waker, &halt).await;
        halt.cancel();
        if tokio::time::timeout(self.settings.stop_time, workers.finish()).await.is_err() {
            tracing::warn!(
                "the process manager stops in the middle of something: the next one goes on from there"
            );
        }
        finished.cancel();
        let _ = heartbeat.await;
        if let Err(error) = lease.give_back(progress.checkpoint()).await {
            tracing::warn!(%error, "the process manager's lease cannot be given back: it runs out by itself");
        }
    }

    /// The steps that are paused for all orders; `None`: the lease was lost, or it is to stop, before that was known.
    async fn pauses(&self, lease: &Lease, halt: &CancellationToken) -> Option<Pauses> {
        loop {
            match Pauses::load(&self.executor).await {
                Ok(pauses) => return Some(pauses),
                Err(error) => tracing::warn!(error, "the log cannot be read"),
            }
            tokio::select! {
                () = halt.cancelled() => return None,
                () = tokio::time::sleep(PAUSE_AFTER_ERROR) => {}
            }
            if !lease.is_held() {
                return None;
            }
        }
    }

    /// Reads the log and hands out what matters, until halted.
    async fn read(
        &self,
        from: Position,
        progress: &Progress,
        workers: &Workers,
        waker: &Waker,
        halt: &CancellationToken,
    ) {
        let mut follower = Follower::new(self.log.clone(), from, self.settings.batch_max);
        let mut routing = Routing::new(self.log.clone());
        let places = Arc::new(Semaphore::new(self.settings.events_open_max));
        let read = async {
            // What was resumed while nobody ran has woken nobody.
            waker.wake().await;
            let mut before = from;
            loop {
                match follower.next().await {
                    Ok(events) => {
                        for event in events {
                            let position = event.position;
                            if Pauses::concerns(&event) {
                                waker.take(&event).await;
                            }
                            hand_out(event, before, &mut routing, progress, workers, &places).await;
                            before = position;
                        }
                        progress.read_to(follower.position());
                    }
                    Err(error) => {
                        tracing::warn!(%error, "the log cannot be read");
                        tokio::time::sleep(PAUSE_AFTER_ERROR).await;
                    }
                }
            }
        };
        tokio::select! {
            () = read => {}
            () = halt.cancelled() => {}
        }
    }
}

/// Has the fulfilments go on that waited for a step which is resumed.
struct Waker {
    pool: PgPool,
    lease: Arc<Lease>,
    pauses: Arc<Pauses>,
    deadline_written: Arc<Notify>,
}

impl Waker {
    /// Takes in an event about the steps of all orders.
    async fn take(&self, event: &RecordedEvent) {
        match self.pauses.take(event) {
            Ok(Some(_)) => self.wake().await,
            Ok(None) => {}
            Err(error) => {
                metrics::counter!("saga_stuck_total").increment(1);
                tracing::error!(%error, "an event about paused steps cannot be read");
            }
        }
    }

    async fn wake(&self) {
        while let Err(error) = pauses::wake(&self.pool, &self.lease, &self.pauses.steps()).await {
            tracing::warn!(%error, "fulfilments that waited for a step cannot be woken");
            tokio::time::sleep(PAUSE_AFTER_ERROR).await;
        }
        self.deadline_written.notify_one();
    }
}

/// Hands an event, which follows `before` in the log, to the order that must know of it.
async fn hand_out(
    event: RecordedEvent,
    before: Position,
    routing: &mut Routing,
    progress: &Progress,
    workers: &Workers,
    places: &Arc<Semaphore>,
) {
    let routed = loop {
        match routing.route(&event).await {
            Ok(routed) => break routed,
            Err(RoutingError::Log(error)) => {
                tracing::warn!(%error, "the log cannot be read");
                tokio::time::sleep(PAUSE_AFTER_ERROR).await;
            }
            Err(error @ RoutingError::Unreadable { .. }) => {
                // It stays open, so that the checkpoint stays below it and it is read again by a better version. The rest
                // goes on.
                metrics::counter!("saga_stuck_total").increment(1);
                tracing::error!(%error, "an event that fulfilments must know of cannot be read");
                progress.begin(before, event.position);
                return;
            }
        }
    };
    let Some((order_id, news)) = routed else { return };
    let Ok(place) = Arc::clone(places).acquire_owned().await else { return };
    progress.begin(before, event.position);
    workers.submit(order_id, Job::Observe { event: Box::new(event), news, place });
}

/// Holds on to the lease and notes how far the work has come, until all is finished. Halts everything when it is lost.
async fn beat(
    lease: Arc<Lease>,
    progress: Arc<Progress>,
    interval: Duration,
    halt: CancellationToken,
    finished: CancellationToken,
) {
    loop {
        tokio::select! {
            () = finished.cancelled() => return,
            () = tokio::time::sleep(interval) => {}
        }
        match lease.renew(progress.checkpoint()).await {
            Ok(true) => {}
            Ok(false) => {
                tracing::warn!("another process manager has taken over");
                halt.cancel();
                return;
            }
            Err(error) => {
                tracing::warn!(%error, "the process manager's lease cannot be renewed");
                if !lease.is_held() {
                    halt.cancel();
                }
            }
        }
    }
}

fn spawn<F>(task: F) -> AbortOnDropHandle<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    AbortOnDropHandle::new(tokio::spawn(task))
}

/// How far the fulfilments have come: everything up to here was observed and has led to what it had to.
///
/// # Errors
/// When the database cannot be reached.
pub async fn checkpoint(pool: &PgPool) -> Result<Position, sqlx::Error> {
    let row: Option<(i64,)> = sqlx::query_as("select checkpoint from process_managers where name = $1")
        .bind(lease::NAME)
        .fetch_optional(pool)
        .await?;
    Ok(row.map_or(Position::START, |(checkpoint,)| Position(checkpoint)))
}
