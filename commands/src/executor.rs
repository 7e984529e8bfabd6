//! Executes commands on aggregates: load → decide → append, with bounded retry.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use agrodeep_domain::{Actor, Aggregate};
use agrodeep_event_store::{Position, RecordedEvent, SharedLog};

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

/// Executes commands on aggregates of any type. Clones share everything.
#[derive(Clone)]
pub struct Executor {
    log: SharedLog,
}

impl Executor {
    /// Executes on `log`.
    pub fn new(log: SharedLog) -> Self {
        Self { log }
    }

    /// The log it executes on.
    pub fn log(&self) -> &SharedLog {
        &self.log
    }

    /// Decides `command` on the aggregate and appends what follows. The work goes on when the caller stops waiting.
    pub async fn execute<A: Aggregate>(
        &self,
        id: Uuid,
        command: impl Into<A::Command>,
        context: CommandContext,
    ) -> Result<Executed<A>, ExecuteError<A::Refusal>> {
        self.execute_with(id, command, context, |_: &A| ()).await.map(|(executed, ())| executed)
    }

    /// Like [`Self::execute`], and takes from the state after the command what `capture` wants.
    pub async fn execute_with<A: Aggregate, T: Send + 'static>(
        &self,
        _id: Uuid,
        _command: impl Into<A::Command>,
        _context: CommandContext,
        _capture: impl Fn(&A) -> T + Send + Sync + 'static,
    ) -> Result<(Executed<A>, T), ExecuteError<A::Refusal>> {
        Err(ExecuteError::Unavailable("being written".to_owned()))
    }

    /// The aggregate's state, fresh from the log.
    pub async fn state<A: Aggregate>(&self, _id: Uuid) -> Result<Versioned<A>, ExecuteError<A::Refusal>> {
        Err(ExecuteError::Unavailable("being written".to_owned()))
    }
}
