//! The work on single orders: what comes for one order in its order, different orders in parallel.

use std::{
    collections::{BTreeSet, HashMap, VecDeque, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use agrodeep_commands::CommandContext;
use agrodeep_domain::{Actor, OrderId, order::Conductor};
use agrodeep_event_store::RecordedEvent;
use chrono::{DateTime, Utc};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use super::{
    books::{Books, NotWritten},
    lease::Lease,
    pauses::Pauses,
    progress::Progress,
    routing::News,
    settings::RunnerSettings,
};
use crate::{
    drive::{Discretion, Driver, Halt, Standing},
    effects::{ACTOR, Cause},
    faults,
    order_fulfilment::{
        DeadlineKind, DeadlinePassed, EffectOutcome, Observe, Outcome, RecordOutcomes, Step, StepName,
    },
    payment_time::PaymentTime,
    retry::RetryPolicy,
};

/// What makes the command that observes an event recognisable.
const OBSERVE: &str = "order_fulfilment";

/// Something to be done for an order.
pub(super) enum Job {
    /// The fulfilment is to know of an event.
    Observe {
        /// The event.
        event: Box<RecordedEvent>,
        /// What it says.
        news: News,
        /// One of the places for open events.
        place: OwnedSemaphorePermit,
    },
    /// A deadline has passed.
    Deadline {
        /// Which.
        kind: DeadlineKind,
        /// What the database's clock said.
        at: DateTime<Utc>,
        /// Told when it is done with.
        done: Box<dyn FnOnce() + Send + Sync>,
    },
}

/// Works on orders. Clones share everything.
#[derive(Clone)]
pub(super) struct Workers {
    shared: Arc<Shared>,
}

struct Shared {
    driver: Driver,
    payment_time: PaymentTime,
    lease: Arc<Lease>,
    books: Books,
    progress: Arc<Progress>,
    pauses: Arc<Pauses>,
    settings: RunnerSettings,
    at_once: Semaphore,
    /// What waits for each order that is being worked on.
    queues: Mutex<HashMap<OrderId, VecDeque<Job>>>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Workers {
    pub fn new(
        (driver, payment_time): (Driver, PaymentTime),
        lease: Arc<Lease>,
        books: Books,
        progress: Arc<Progress>,
        pauses: Arc<Pauses>,
        settings: RunnerSettings,
        stop: CancellationToken,
    ) -> Self {
        let shared = Shared {
            driver,
            payment_time,
            lease,
            books,
            progress,
            pauses,
            at_once: Semaphore::new(settings.orders_at_once_max),
            settings,
            queues: Mutex::default(),
            tasks: TaskTracker::new(),
            stop,
        };
        Self { shared: Arc::new(shared) }
    }

    /// Puts a job behind those that came before for the same order.
    pub fn submit(&self, order_id: OrderId, job: Job) {
        match self.shared.queues().entry(order_id) {
            Entry::Occupied(mut queue) => queue.get_mut().push_back(job),
            Entry::Vacant(vacant) => {
                vacant.insert(VecDeque::from([job]));
                let shared = Arc::clone(&self.shared);
                self.shared.tasks.spawn(async move { shared.work_on(order_id).await });
            }
        }
    }

    /// Waits until what has begun is finished.
    pub async fn finish(&self) {
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
    }
}

impl Shared {
    fn queues(&self) -> MutexGuard<'_, HashMap<OrderId, VecDeque<Job>>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does all that waits for an order, one after the other.
    async fn work_on(&self, order_id: OrderId) {
        loop {
            let job = {
                let mut queues = self.queues();
                let Some(job) = queues.get_mut(&order_id).and_then(VecDeque::pop_front) else {
                    queues.remove(&order_id);
                    return;
                };
                job
            };
            if !self.see_through(order_id, &job).await {
                // Stopped: whoever runs next begins with what is left.
                return;
            }
            match job {
                Job::Observe { event, place, .. } => {
                    self.progress.finish(event.position);
                    drop(place);
                }
                Job::Deadline { done, .. } => done(),
            }
        }
    }

    /// Does a job, again and again until it is done: an outage only pauses it. `false`: stopped before that.
    async fn see_through(&self, order_id: OrderId, job: &Job) -> bool {
        let mut pause = Duration::from_millis(20);
        while self.may_act() {
            let done = {
                let Ok(_permit) = self.at_once.acquire().await else { return false };
                self.attempt(order_id, job).await
            };
            let longest = match done {
                Ok(()) | Err(Halt::NotOurs) => return true,
                Err(Halt::Stopped) => return false,
                Err(Halt::Outage(error)) => {
                    tracing::warn!(%order_id, error, "the fulfilment pauses: the database cannot be reached");
                    Duration::from_secs(1)
                }
                Err(halt @ (Halt::Damaged(_) | Halt::Effect { .. })) => {
                    metrics::counter!("saga_stuck_total").increment(1);
                    tracing::error!(%order_id, error = %halt, "the fulfilment is stuck and tries again");
                    Duration::from_secs(30)
                }
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.stop.cancelled() => return false,
            }
            pause = (pause * 2).min(longest);
        }
        false
    }

    async fn attempt(&self, order_id: OrderId, job: &Job) -> Result<(), Halt> {
        faults::of_order(order_id.uuid(), Box::pin(self.attempt_here(order_id, job))).await
    }

    async fn attempt_here(&self, order_id: OrderId, job: &Job) -> Result<(), Halt> {
        if let Job::Observe { news: News::Done(step, _), .. } = job
            && self.driver.knows_of(order_id, *step).await?
        {
            return Ok(());
        }
        let (standing, cause, not_before) = match job {
            Job::Observe { event, news, .. } => {
                let (standing, cause) = self.observe(order_id, event, news).await?;
                if standing.state.started.is_none() {
                    return Ok(());
                }
                (standing, cause, DateTime::<Utc>::MIN_UTC)
            }
            Job::Deadline { kind, at, .. } => {
                let Some((standing, cause)) = self.pass(order_id, *kind, *at).await? else { return Ok(()) };
                (standing, cause, *at)
            }
        };
        let turn = Turn { shared: self, not_before };
        let mut standing = standing;
        loop {
            let state = self.driver.drive(order_id, cause.clone(), standing, &turn).await?;
            let held_back: BTreeSet<Step> = state.due(turn.now()).into_iter().map(|(step, _)| step).collect();
            let names = held_back.iter().map(|step| StepName::from(*step)).collect();
            self.books.keep(order_id, &state, names).await.map_err(|error| match error {
                NotWritten::LeaseLost => Halt::Stopped,
                NotWritten::Outage(error) => Halt::Outage(error),
            })?;
            // What was resumed before that was written has woken nobody.
            if held_back.iter().all(|step| self.pauses.holds_back(*step)) {
                return Ok(());
            }
            standing = Standing::found(state);
        }
    }

    fn may_act(&self) -> bool {
        self.lease.is_held() && !self.stop.is_cancelled()
    }

    async fn observe(
        &self,
        order_id: OrderId,
        event: &RecordedEvent,
        news: &News,
    ) -> Result<(Standing, Cause), Halt> {
        let context = CommandContext::following(Actor::system(ACTOR), event, event.event_id, OBSERVE);
        let cause = Cause {
            actor: context.actor.clone(),
            correlation_id: context.correlation_id,
            causation_id: context.command_id,
            traceparent: context.traceparent.clone(),
            occurred_at: context.occurred_at,
        };
        let (start, facts) = match news {
            News::Placed(start) => (Some(start.clone()), vec![]),
            News::Fact(fact) => (None, vec![*fact]),
            News::Done(step, yields) => {
                let outcomes = vec![EffectOutcome { step: *step, outcome: Outcome::Done(yields.clone()) }];
                return Ok((self.driver.tell(order_id, RecordOutcomes { outcomes }, context).await?, cause));
            }
            News::Decided => return Ok((self.driver.look(order_id).await?, cause)),
        };
        let observe = Observe { conductor: Conductor::ProcessManager, start, facts };
        Ok((self.driver.tell(order_id, observe, context).await?, cause))
    }

    /// Tells the fulfilment that a deadline has passed. `None`: the order has just been told what makes it meaningless.
    async fn pass(
        &self,
        order_id: OrderId,
        kind: DeadlineKind,
        at: DateTime<Utc>,
    ) -> Result<Option<(Standing, Cause)>, Halt> {
        let command = match kind {
            DeadlineKind::Payment => match self.payment_time.over(order_id, at).await? {
                Some(command) => command,
                None => return Ok(None),
            },
            DeadlineKind::Retry => DeadlinePassed { kind, at }.into(),
        };
        // What follows from the clock belongs together with the order all the same.
        let correlation_id = self.driver.correlation(order_id).await?.unwrap_or_else(|| order_id.uuid());
        let command_id = Uuid::now_v7();
        let cause = Cause {
            actor: Actor::system(ACTOR),
            correlation_id,
            causation_id: command_id,
            traceparent: None,
            occurred_at: at.max(Utc::now()),
        };
        let standing = self.driver.tell(order_id, command, cause.command(command_id)).await?;
        Ok(Some((standing, cause)))
    }
}

/// One turn at an order.
struct Turn<'a> {
    shared: &'a Shared,
    /// What the database's clock said at least: it decides what is due, though ours be slow.
    not_before: DateTime<Utc>,
}

impl Discretion for Turn<'_> {
    fn may_act(&self) -> bool {
        self.shared.may_act()
    }

    fn retries(&self, step: Step) -> Option<&RetryPolicy> {
        Some(self.shared.settings.retries_of(step))
    }

    fn effect_time_max(&self) -> Option<Duration> {
        Some(self.shared.settings.effect_time_max)
    }

    fn holds_back(&self, step: Step) -> bool {
        self.shared.pauses.holds_back(step)
    }

    fn now(&self) -> DateTime<Utc> {
        Utc::now().max(self.not_before)
    }
}
