//! Runs one projection: reads the log in order, folds a batch in memory, and stores the changed rows and the checkpoint in
//! one transaction.
//!
//! * Rows that were built anew may take the place of those at hand at any moment: that fails the same condition, and the
//!   runner goes on with what is there now.
//! * A second or paused instance fails the condition on the checkpoint and steps back: it stands by, and takes over when the
//!   other has stopped.
//! * An outage of the log or the database pauses, with growing pauses. It parks nothing.
//! * An event that cannot be applied parks its aggregate, also when only the database says so: then the batch is halved
//!   until the event is found.
//! * What people decide about parked aggregates is carried out here, between two batches: see [`release`].

mod release;

use std::{
    borrow::Cow,
    collections::HashSet,
    sync::Arc,
    time::{Duration, Instant},
};

use agrodeep_event_store::Position;
use sqlx::{PgConnection, PgPool};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    ReadError,
    activity::Activity,
    checkpoint::{self, Checkpoint},
    fact::{LogEvent, Poison},
    feed::Feed,
    parking::{Parking, decision},
    projection::Projection,
    rebuild::{self, Shard},
};

/// How many events one transaction takes in at the most.
pub(crate) const BATCH_MAX: usize = 4096;
/// How long an instance that has found another one at work waits before it looks again.
const STAND_BY: Duration = Duration::from_millis(500);
/// How often is asked, while something is parked, whether a person has decided about it.
const LOOK_FOR_DECISIONS: Duration = Duration::from_millis(200);
const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Rows and checkpoint are lost together or not at all, and the log has everything: the commit need not wait for the disk.
///
/// Rows are always found by their keys, however many, and however many the planner believes there to be: a statement that
/// was planned on an empty table, or for a large batch, would else read whole tables.
const BEGIN: &str = "begin; set local synchronous_commit = off; set local enable_seqscan = off; \
     set local enable_hashjoin = off; set local enable_mergejoin = off";

/// Where a projection is, for those in the same process.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reached {
    pub position: Position,
    /// How many events have been taken in here.
    pub events: u64,
    /// How many aggregates are parked.
    pub parked_aggregates: usize,
    pub activity: Activity,
}

/// Why a batch was not stored.
enum Failure {
    /// Somebody else has moved the checkpoint.
    Elsewhere,
    /// Other rows have taken the place of those at hand.
    Replaced,
    /// The rows are of an older version: those of this one are being built beside them.
    OlderRows(i32),
    /// An event would have to be parked, which only one that sees all events can do right.
    MustPark,
    /// The database refuses the data. Names the error's class only: its message may quote personal data.
    Refused(String),
    /// Nothing that the batch could be blamed for.
    Outage(String),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            // 22: data exception, 23: integrity constraint, 54: program limit exceeded.
            sqlx::Error::Database(refusal) => match refusal.code() {
                Some(code) if ["22", "23", "54"].iter().any(|class| code.starts_with(class)) => {
                    Self::Refused(format!("SQLSTATE {code}"))
                }
                _ => Self::Outage(error.to_string()),
            },
            sqlx::Error::Encode(_) => Self::Refused("a value cannot be encoded".to_owned()),
            _ => Self::Outage(error.to_string()),
        }
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        Self::Outage(error.to_string())
    }
}

/// How following the log as far as some position has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// It is there, or was told to stop.
    Done,
    /// An event would have to be parked, but others see a part of the events it may belong to.
    MustPark,
}

pub(crate) struct Runner<P> {
    projection: P,
    /// Its checkpoint's name.
    name: Cow<'static, str>,
    /// Which part of the events is its own.
    shard: Shard,
    /// Whether its rows are built anew beside the live ones.
    rebuilds: bool,
    pool: PgPool,
    feed: Arc<Feed>,
    reached: watch::Sender<Reached>,
    checkpoint: Checkpoint,
    /// What is parked, when it is known.
    parking: Option<Parking>,
    /// Events that a person has decided to leave out.
    skipped: HashSet<Position>,
    /// When was last asked whether a person has decided something.
    looked: Instant,
    /// How many events are read at a time at the most,
    batch_max: usize,
    /// and how many one transaction takes in.
    transaction_max: usize,
}

impl<P: Projection> Runner<P> {
    pub fn new(feed: Arc<Feed>, pool: PgPool, reached: watch::Sender<Reached>) -> Self {
        Self {
            projection: P::default(),
            name: Cow::Borrowed(P::MODEL.as_str()),
            shard: Shard::WHOLE,
            rebuilds: false,
            pool,
            feed,
            reached,
            checkpoint: Checkpoint::start(P::VERSION),
            parking: None,
            skipped: HashSet::new(),
            looked: Instant::now(),
            batch_max: BATCH_MAX,
            transaction_max: BATCH_MAX,
        }
    }

    /// Builds anew, of that part of the events only, under a checkpoint of its own.
    pub fn rebuilding(mut self, shard: Shard) -> Self {
        self.rebuilds = true;
        self.name = Cow::Owned(shard.checkpoint_name(P::MODEL));
        self.shard = shard;
        self
    }

    /// Reads at most `batch_max` events at a time.
    #[cfg(test)]
    pub fn batches_of(mut self, batch_max: usize) -> Self {
        self.batch_max = batch_max;
        self
    }

    /// Takes in at most `events` events in one transaction.
    pub fn transactions_of(mut self, events: usize) -> Self {
        self.transaction_max = events;
        self
    }

    /// Takes in events that it has read some time ago. Whether they were stored.
    #[cfg(test)]
    pub async fn wake_with(&mut self, events: Vec<agrodeep_event_store::RecordedEvent>) -> bool {
        let events: Vec<_> = events.into_iter().map(LogEvent::new).map(Arc::new).collect();
        self.take_in(&events).await.is_ok()
    }

    /// Follows the log until it is told to stop.
    pub async fn run(&mut self, stop: &CancellationToken) {
        self.follow(None, stop).await;
    }

    /// Follows the log as far as `until`.
    pub async fn run_until(&mut self, until: Position, stop: &CancellationToken) -> Ended {
        self.follow(Some(until), stop).await
    }

    async fn follow(&mut self, until: Option<Position>, stop: &CancellationToken) -> Ended {
        let mut pause = PAUSE_MIN;
        while !stop.is_cancelled() {
            let wait = match self.work(until, stop, &mut pause).await {
                Ok(()) => return Ended::Done,
                Err(Failure::MustPark) => return Ended::MustPark,
                Err(Failure::Replaced) => {
                    tracing::info!(projection = %P::MODEL, "rows that were built anew have taken their place");
                    Duration::ZERO
                }
                Err(Failure::OlderRows(found)) => {
                    let (writes, projection) = (P::VERSION, P::MODEL);
                    tracing::info!(%projection, found, writes, "waiting for rows of a newer version");
                    self.say(Activity::Rebuilding);
                    STAND_BY
                }
                Err(Failure::Elsewhere) => {
                    tracing::info!(projection = %P::MODEL, "another instance moves the checkpoint; standing by");
                    self.say(Activity::StandingBy);
                    STAND_BY
                }
                Err(Failure::Outage(error) | Failure::Refused(error)) => {
                    tracing::warn!(projection = %P::MODEL, error, pause_ms = pause.as_millis(), "pausing");
                    self.say(Activity::Paused(error));
                    pause = (pause * 2).min(PAUSE_MAX);
                    pause
                }
            };
            self.projection.forget();
            self.parking = None;
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
        Ended::Done
    }

    /// Works from the stored checkpoint on; ends when told to, when `until` is reached, or by a failure. Never stops within a
    /// transaction.
    async fn work(
        &mut self,
        until: Option<Position>,
        stop: &CancellationToken,
        pause: &mut Duration,
    ) -> Result<(), Failure> {
        let first = Checkpoint::start(rebuild::first_version::<P>());
        let checkpoint = checkpoint::read_or_create(&self.pool, &self.name, first).await?;
        if checkpoint != self.checkpoint {
            self.projection.forget();
            self.checkpoint = checkpoint;
        }
        self.reach(checkpoint.position, 0);
        if checkpoint.version < P::VERSION {
            rebuild::request_newer::<P>(&self.pool).await?;
            return Err(Failure::OlderRows(checkpoint.version));
        }
        if checkpoint.version > P::VERSION {
            return Err(Failure::Outage(format!(
                "the rows are of version {}, but this program writes version {}: a newer one has taken over",
                checkpoint.version,
                P::VERSION
            )));
        }
        self.carry_out_decisions().await?;
        self.skipped = decision::skipped(&self.pool, P::MODEL).await?;
        self.know_what_is_parked().await?;
        if matches!(self.reached.borrow().activity, Activity::Paused(_) | Activity::Rebuilding) {
            // Both have to answer: else the pause goes on.
            self.feed.log().head().await.map_err(|error| Failure::Outage(error.to_string()))?;
            self.say(Activity::Working);
        }
        while until.is_none_or(|until| self.checkpoint.position < until) {
            let is_parked = self.parking.as_ref().is_none_or(|parking| !parking.is_empty());
            if is_parked && self.looked.elapsed() >= LOOK_FOR_DECISIONS {
                self.looked = Instant::now();
                self.carry_out_decisions().await?;
                self.know_what_is_parked().await?;
            }
            let mut events = tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                events = self.feed.next(self.checkpoint.position, self.batch_max) => {
                    events.map_err(|error| Failure::Outage(error.to_string()))?
                }
                () = tokio::time::sleep(LOOK_FOR_DECISIONS), if is_parked => continue,
            };
            if let Some(until) = until {
                events.truncate(events.partition_point(|event| event.position() <= until));
            }
            if self.feed.log().promises().dense_positions {
                self.expect_contiguous(&events)?;
            }
            self.take_in(&events).await?;
            *pause = PAUSE_MIN;
        }
        Ok(())
    }

    /// Where positions are dense, a gap would be an event that is skipped for ever: better to stop there, and to be seen.
    fn expect_contiguous(&self, events: &[Arc<LogEvent>]) -> Result<(), Failure> {
        let mut expected = self.checkpoint.position.0;
        for event in events {
            expected += 1;
            if event.position().0 != expected {
                let found = event.position();
                tracing::error!(projection = %P::MODEL, expected, found = found.0, "the log is not contiguous");
                return Err(Failure::Outage(format!("position {expected} is missing: {found} came instead")));
            }
        }
        Ok(())
    }

    /// Stores what follows from `events`: all at once, or in ever smaller parts while the database refuses the data, until
    /// the event it refuses is alone.
    async fn take_in(&mut self, events: &[Arc<LogEvent>]) -> Result<(), Failure> {
        let mut rest = events;
        while let Some(next) = rest.iter().position(|event| self.skipped.contains(&event.position())) {
            let (before, from) = rest.split_at(next);
            self.take_in_all(before).await?;
            self.pass_over(&from[0]).await?;
            rest = &from[1..];
        }
        self.take_in_all(rest).await
    }

    async fn take_in_all(&mut self, events: &[Arc<LogEvent>]) -> Result<(), Failure> {
        let mut rest = events;
        let mut size = self.transaction_max;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(size.min(rest.len()));
            match self.store(now, None).await {
                Ok(()) => {
                    rest = later;
                    size = size.saturating_mul(2).min(self.transaction_max);
                    continue;
                }
                Err(Failure::Refused(class)) => {
                    self.projection.forget();
                    self.parking = None;
                    if now.len() == 1 {
                        if !self.shard.is_whole() {
                            return Err(Failure::MustPark);
                        }
                        self.store(now, Some(Poison::Refused(class))).await?;
                        rest = later;
                    } else {
                        size = now.len() / 2;
                    }
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok(())
    }

    /// One transaction: checkpoint, rows, and what is parked. `doomed`: what is wrong with the one event that is in it.
    async fn store(&mut self, events: &[Arc<LogEvent>], doomed: Option<Poison>) -> Result<(), Failure> {
        let Some(last) = events.last() else { return Ok(()) };
        let to = last.position();
        // Each with where the event before it stands: there a parked one will be found again.
        let mut before = self.checkpoint.position;
        let wanted: Vec<(Position, &LogEvent)> = events
            .iter()
            .map(|event| (std::mem::replace(&mut before, event.position()), &**event))
            .filter(|(_, event)| P::wants(&event.recorded) && self.shard.has::<P>(event))
            .collect();
        if wanted.is_empty() {
            let mut connection = self.pool.acquire().await?;
            self.advance(&mut connection, to).await?;
        } else {
            let mut transaction = self.pool.begin_with(BEGIN).await?;
            self.advance(&mut transaction, to).await?;
            let mut parking = match self.parking.take() {
                Some(parking) if parking.is_empty() => parking,
                // What is parked may have been released by a person since.
                _ => Parking::load(&mut transaction, P::MODEL).await?,
            };
            self.fold(&mut transaction, &wanted, &mut parking, doomed).await?;
            self.projection.write(&mut transaction).await?;
            parking.write(&mut transaction, P::MODEL).await?;
            transaction.commit().await?;
            self.projection.stored();
            parking.stored();
            self.tell_parked(parking.count());
            self.parking = Some(parking);
        }
        let counter =
            if self.rebuilds { "projection_rebuilt_events_total" } else { "projection_events_total" };
        metrics::counter!(counter, "projection" => P::MODEL.as_str()).increment(events.len() as u64);
        self.reach(to, events.len());
        Ok(())
    }

    async fn advance(&mut self, connection: &mut PgConnection, to: Position) -> Result<(), Failure> {
        if checkpoint::advance(&mut *connection, &self.name, self.checkpoint, to).await? {
            return Ok(());
        }
        let now = checkpoint::find(connection, &self.name).await?;
        Err(match now {
            Some(now) if now.generation != self.checkpoint.generation => Failure::Replaced,
            _ => Failure::Elsewhere,
        })
    }

    async fn fold(
        &mut self,
        connection: &mut PgConnection,
        wanted: &[(Position, &LogEvent)],
        parking: &mut Parking,
        doomed: Option<Poison>,
    ) -> Result<(), Failure> {
        if doomed.is_none() {
            let events: Vec<&LogEvent> = wanted.iter().map(|(_, event)| *event).collect();
            self.projection.load(connection, &events).await?;
        }
        for &(before, event) in wanted {
            if let Some(behind) = parking.behind(event, || P::subject(event)) {
                parking.wait(event, before, behind);
                continue;
            }
            let folded = match &doomed {
                Some(poison) => Err(poison.clone()),
                None => self.projection.fold(event),
            };
            if let Err(poison) = folded {
                if !self.shard.is_whole() {
                    return Err(Failure::MustPark);
                }
                parking.park(P::MODEL, event, before, &poison);
            }
        }
        Ok(())
    }

    fn reach(&mut self, position: Position, events: usize) {
        self.checkpoint.position = position;
        self.reached.send_modify(|reached| {
            reached.position = position;
            reached.events += events as u64;
            if events > 0 {
                reached.activity = Activity::Working;
            }
        });
    }

    async fn know_what_is_parked(&mut self) -> Result<(), Failure> {
        if self.parking.is_none() {
            let mut connection = self.pool.acquire().await?;
            let parking = Parking::load(&mut connection, P::MODEL).await?;
            self.tell_parked(parking.count());
            self.parking = Some(parking);
        }
        Ok(())
    }

    fn tell_parked(&self, aggregates: usize) {
        self.reached.send_modify(|reached| reached.parked_aggregates = aggregates);
    }

    fn say(&self, activity: Activity) {
        self.reached.send_modify(|reached| reached.activity = activity);
    }
}
