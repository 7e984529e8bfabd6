//! Executes commands on aggregates: load → decide → append, with bounded retry.
//!
//! Commands on one aggregate pass through its *lane*: they are decided one after the other on the state in memory, ahead of
//! their verdicts, and appended together. When the log refuses one of them the lane's state is thrown away, loaded again,
//! and what built on it is decided anew.

mod job;
mod known;
mod lane;
mod snapshots;

use std::{
    any::{Any, TypeId},
    collections::HashMap,
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
};

use agrodeep_domain::{Actor, Aggregate};
use agrodeep_event_store::{Position, RecordedEvent, SharedLog};
use chrono::{DateTime, Utc};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use self::{
    job::{CapturingReply, CommandJob, Job},
    lane::Lanes,
};

/// Who asks, why and when; and what makes the command recognisable when it comes again.
#[derive(Clone, Debug)]
pub struct CommandContext {
    /// The command's id: a repeat with the same id gives the first result.
    pub command_id: Uuid,
    /// Who asks.
    pub actor: Actor,
    /// What belongs together.
    pub correlation_id: Uuid,
    /// What caused it.
    pub causation_id: Uuid,
    /// The W3C trace context.
    pub traceparent: Option<String>,
    /// When it happens.
    pub occurred_at: DateTime<Utc>,
    /// The version the caller has seen; another one is refused.
    pub if_match: Option<u64>,
}

impl CommandContext {
    /// A command that follows from nothing else.
    pub fn new(actor: Actor, occurred_at: DateTime<Utc>) -> Self {
        let command_id = Uuid::now_v7();
        Self {
            command_id,
            actor,
            correlation_id: command_id,
            causation_id: command_id,
            traceparent: None,
            occurred_at,
            if_match: None,
        }
    }

    /// A command of `actor` that follows from a recorded event, with an id derived from `cause` and `name`.
    pub fn following(actor: Actor, event: &RecordedEvent, cause: Uuid, name: &str) -> Self {
        Self {
            command_id: crate::command_id::derived(cause, name),
            actor,
            correlation_id: event.metadata.correlation_id,
            causation_id: event.event_id,
            traceparent: event.metadata.traceparent.clone(),
            occurred_at: Utc::now(),
            if_match: None,
        }
    }

    /// The same request's next command: another id, derived from this one's and `name`; no expected version.
    #[must_use]
    pub fn then(&self, name: &str) -> Self {
        Self {
            command_id: crate::command_id::derived(self.command_id, name),
            causation_id: self.command_id,
            if_match: None,
            ..self.clone()
        }
    }
}

/// What came of a command.
#[derive(Clone, Debug)]
pub struct Executed<A: Aggregate> {
    /// The events; empty when there was nothing to do.
    pub events: Vec<A::Event>,
    /// The aggregate's version after them.
    pub version: u64,
    /// The position of the aggregate's last event.
    pub position: Position,
    /// Whether the command had been done before: this is its first result.
    pub repeated: bool,
}

/// A state as the log has it.
#[derive(Clone, Debug)]
pub struct Versioned<A> {
    /// The state; the default when there are no events.
    pub state: A,
    /// How many events it has; 0: it does not exist.
    pub version: u64,
    /// The position of its last event.
    pub position: Position,
}

/// Why a command was not executed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ExecuteError<R: std::error::Error> {
    /// The aggregate says no.
    #[error(transparent)]
    Refused(R),
    /// The caller has seen another version.
    #[error("the version is {actual}")]
    VersionMismatch {
        /// The version it is at.
        actual: u64,
    },
    /// Others were faster, each time. Nothing was done.
    #[error("too many commands on the same aggregate: nothing was done, try again")]
    Contended,
    /// The event store cannot be reached. Nothing was done.
    #[error("the event store cannot be reached: nothing was done, try again")]
    Unavailable(String),
    /// It is open whether it was done: ask again with the same command id.
    #[error("it is not known whether the command was done: ask again with the same key")]
    Unknown(String),
    /// The log holds what cannot be read, or refuses what was asked for ever.
    #[error("the log refuses: {0}")]
    Damaged(String),
}

/// How the executor works.
#[derive(Clone, Copy, Debug)]
pub struct ExecutorSettings {
    /// How many aggregates of one type are kept in memory.
    pub aggregates_cached_max: usize,
    /// How often a command is decided again when others were faster.
    pub attempts_max: u32,
    /// How many commands on one aggregate are decided ahead of their verdicts.
    pub commands_ahead_max: usize,
    /// After about how many events of a stream its state is kept beside the log, if the log's store does that; `None`: never.
    pub snapshot_every_events: Option<NonZeroU32>,
}

impl Default for ExecutorSettings {
    fn default() -> Self {
        Self {
            aggregates_cached_max: 20_000,
            attempts_max: 16,
            commands_ahead_max: 256,
            snapshot_every_events: NonZeroU32::new(100),
        }
    }
}

/// Executes commands on aggregates of any type. Clones share everything.
#[derive(Clone)]
pub struct Executor {
    log: SharedLog,
    settings: ExecutorSettings,
    /// One queue of jobs for each type of aggregate, opened at its first command.
    queues: Arc<Mutex<HashMap<TypeId, Box<dyn Any + Send>>>>,
}

impl Executor {
    /// Executes on `log`.
    pub fn new(log: SharedLog) -> Self {
        Self::with_settings(log, ExecutorSettings::default())
    }

    /// Executes on `log`, as `settings` say.
    pub fn with_settings(log: SharedLog, settings: ExecutorSettings) -> Self {
        Self { log, settings, queues: Arc::default() }
    }

    /// The log it executes on.
    pub fn log(&self) -> &SharedLog {
        &self.log
    }

    /// Decides `command` on the aggregate and appends what follows. The work goes on when the caller stops waiting.
    ///
    /// # Errors
    /// [`ExecuteError`]; only [`ExecuteError::Unknown`] leaves open whether it was done.
    pub async fn execute<A: Aggregate>(
        &self,
        id: Uuid,
        command: impl Into<A::Command>,
        context: CommandContext,
    ) -> Result<Executed<A>, ExecuteError<A::Refusal>> {
        self.execute_with(id, command, context, |_: &A| ()).await.map(|(executed, ())| executed)
    }

    /// Like [`Self::execute`], and takes from the state after the command what `capture` wants. (When the command had
    /// been done before, from the state as it is now.)
    ///
    /// # Errors
    /// As [`Self::execute`].
    pub async fn execute_with<A: Aggregate, T: Send + 'static>(
        &self,
        id: Uuid,
        command: impl Into<A::Command>,
        context: CommandContext,
        capture: impl Fn(&A) -> T + Send + Sync + 'static,
    ) -> Result<(Executed<A>, T), ExecuteError<A::Refusal>> {
        let (answer, answered) = oneshot::channel();
        let reply = CapturingReply { capture, captured: None, answer };
        let job = CommandJob {
            command: command.into(),
            context,
            reply: Box::new(reply),
            attempts: 0,
            verified: false,
        };
        self.hand_over(id, Job::Command(job)).await?;
        answered.await.unwrap_or_else(|_| Err(ExecuteError::Unknown("the executor was stopped".to_owned())))
    }

    /// The aggregate's state, fresh from the log.
    ///
    /// # Errors
    /// [`ExecuteError::Unavailable`], [`ExecuteError::Damaged`].
    pub async fn state<A: Aggregate>(&self, id: Uuid) -> Result<Versioned<A>, ExecuteError<A::Refusal>> {
        self.inspect(id, |versioned: &Versioned<A>| versioned.clone()).await
    }

    /// What `look` takes from the aggregate's state, fresh from the log; cheaper than a copy of the whole state.
    ///
    /// # Errors
    /// As [`Self::state`].
    pub async fn inspect<A: Aggregate, T: Send + 'static>(
        &self,
        id: Uuid,
        look: impl FnOnce(&Versioned<A>) -> T + Send + 'static,
    ) -> Result<T, ExecuteError<A::Refusal>> {
        let (answer, answered) = oneshot::channel();
        let look = move |state: Result<&Versioned<A>, ExecuteError<A::Refusal>>| {
            let _ = answer.send(state.map(look));
        };
        self.hand_over(id, Job::Inspect(Box::new(look))).await?;
        answered
            .await
            .unwrap_or_else(|_| Err(ExecuteError::Unavailable("the executor was stopped".to_owned())))
    }

    async fn hand_over<A: Aggregate>(&self, id: Uuid, job: Job<A>) -> Result<(), ExecuteError<A::Refusal>> {
        let stopped = |_| ExecuteError::Unavailable("the executor was stopped".to_owned());
        self.queue::<A>().send((id, job)).await.map_err(stopped)
    }

    fn queue<A: Aggregate>(&self) -> mpsc::Sender<(Uuid, Job<A>)> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = queues
            .get(&TypeId::of::<A>())
            .and_then(|queue| queue.downcast_ref::<mpsc::Sender<(Uuid, Job<A>)>>())
            .filter(|queue| !queue.is_closed());
        if let Some(queue) = queue {
            return queue.clone();
        }
        let (queue, jobs) = mpsc::channel(4096);
        tokio::spawn(Lanes::<A>::new(self.log.clone(), self.settings).run(jobs));
        queues.insert(TypeId::of::<A>(), Box::new(queue.clone()));
        queue
    }
}
