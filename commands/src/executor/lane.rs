//! The lanes of all aggregates of one type, worked by one task.
//!
//! A lane is idle, loading or appending. What comes while it is busy waits and is decided together afterwards, each
//! command on the state that the one before leads to, and handed to the log as one chain. A chain falls from its first
//! refusal on, so nothing that was decided on a state that never came to be is ever appended.

use std::{
    collections::{HashSet, VecDeque},
    num::NonZeroUsize,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use agrodeep_domain::{Aggregate, DomainEvent};
use agrodeep_event_store::{
    Append, AppendOutcome, LogError, Metadata, NewEvent, Position, SharedLog, StreamId,
};
use chrono::{Duration, SubsecRound};
use futures::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use lru::LruCache;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::{
    CommandContext, ExecuteError, Executed, ExecutorSettings,
    job::{Answer, CommandJob, Job},
    known::{Known, decode},
    snapshots::{self, Snapshots},
};

/// How many jobs are taken in before the lanes go on.
const JOBS_AT_ONCE: usize = 512;

struct Lane<A: Aggregate> {
    /// `None`: not loaded, or thrown away.
    known: Option<Box<Known<A>>>,
    waiting: VecDeque<Job<A>>,
    busy: bool,
    /// Something was refused, or found to be so already, on a state that another process may have changed: before that is
    /// said, the log is asked.
    in_doubt: bool,
}

impl<A: Aggregate> Default for Lane<A> {
    fn default() -> Self {
        Self { known: None, waiting: VecDeque::new(), busy: false, in_doubt: false }
    }
}

/// A command that has been decided, and what it waits for.
struct Decided<A: Aggregate> {
    job: CommandJob<A>,
    decision: Decision<A>,
}

enum Decision<A: Aggregate> {
    /// Its events are in the chain.
    Events { events: Vec<A::Event> },
    /// There is nothing to do, or the aggregate says no, as things are at this version.
    Nothing { result: Result<(), ExecuteError<A::Refusal>>, version: u64 },
}

/// What a lane was busy with.
enum Finished<A: Aggregate> {
    Loaded {
        known: Result<Box<Known<A>>, LogError>,
    },
    Appended {
        known: Box<Known<A>>,
        decided: Vec<Decided<A>>,
        verdicts: Vec<Result<AppendOutcome, LogError>>,
    },
}

pub(super) struct Lanes<A: Aggregate> {
    log: SharedLog,
    settings: ExecutorSettings,
    aggregate_type: Arc<str>,
    snapshots: Snapshots<A>,
    lanes: LruCache<Uuid, Lane<A>>,
    under_way: FuturesUnordered<BoxFuture<'static, (Uuid, Finished<A>)>>,
}

impl<A: Aggregate> Lanes<A> {
    pub fn new(log: SharedLog, settings: ExecutorSettings) -> Self {
        Self {
            snapshots: Snapshots::start(log.clone(), settings.snapshot_every_events),
            log,
            settings,
            aggregate_type: A::TYPE.into(),
            lanes: LruCache::unbounded(),
            under_way: FuturesUnordered::new(),
        }
    }

    /// Works until nobody can ask any more and all is answered.
    pub async fn run(mut self, mut jobs: mpsc::Receiver<(Uuid, Job<A>)>) {
        let mut open = true;
        let mut received = Vec::new();
        let mut ready = HashSet::new();
        while open || !self.under_way.is_empty() {
            tokio::select! {
                count = jobs.recv_many(&mut received, JOBS_AT_ONCE), if open => open = count > 0,
                Some((id, finished)) = self.under_way.next(), if !self.under_way.is_empty() => {
                    self.finish(id, finished);
                    ready.insert(id);
                }
            }
            // Everything that is finished, as the log tells verdicts by the batch.
            while let Some(Some((id, finished))) = self.under_way.next().now_or_never() {
                self.finish(id, finished);
                ready.insert(id);
            }
            // Let those who were answered just now ask again, so that lanes find more to decide together.
            tokio::task::yield_now().await;
            while received.len() < JOBS_AT_ONCE
                && let Ok(next) = jobs.try_recv()
            {
                received.push(next);
            }
            for (id, job) in received.drain(..) {
                self.lanes.get_or_insert_mut(id, Lane::default).waiting.push_back(job);
                ready.insert(id);
            }
            for id in ready.drain() {
                self.advance(id);
            }
            self.forget_the_oldest();
        }
    }

    fn stream(&self, id: Uuid) -> StreamId {
        StreamId { aggregate_type: self.aggregate_type.clone(), aggregate_id: id.into() }
    }

    /// Begins what the lane needs next, if it is idle.
    fn advance(&mut self, id: Uuid) {
        let stream = self.stream(id);
        let Some(lane) = self.lanes.get_mut(&id).filter(|lane| !lane.busy && !lane.waiting.is_empty()) else {
            return;
        };
        lane.busy = true;
        let looks = lane.in_doubt || lane.waiting.iter().any(|job| matches!(job, Job::Inspect(_)));
        match lane.known.take() {
            Some(known) if !looks => self.decide(id, stream, known),
            // A look wants the log's state, not what this process remembers: read what has come since.
            known => {
                self.under_way.push(Box::pin(load(self.log.clone(), id, stream, known)));
            }
        }
    }

    /// Decides what waits and hands the events to the log as one chain.
    fn decide(&mut self, id: Uuid, stream: StreamId, mut known: Box<Known<A>>) {
        let Some(lane) = self.lanes.get_mut(&id) else { return };
        let mut decided = Vec::new();
        let mut chain = Vec::new();
        let mut doubtful = Vec::new();
        while decided.len() < self.settings.commands_ahead_max {
            match lane.waiting.pop_front() {
                Some(Job::Command(job)) => match decide_one(&mut known, job, &stream, &mut chain) {
                    Decided { mut job, decision: Decision::Nothing { .. } } if !job.verified => {
                        job.verified = true;
                        doubtful.push(job);
                    }
                    certain => decided.push(certain),
                },
                Some(look @ Job::Inspect(_)) => {
                    lane.waiting.push_front(look);
                    break;
                }
                None => break,
            }
        }
        lane.in_doubt = !doubtful.is_empty();
        for job in doubtful.into_iter().rev() {
            lane.waiting.push_front(Job::Command(job));
        }
        if chain.is_empty() {
            // Nobody has to be waited for.
            lane.busy = false;
            let position = known.now.position;
            lane.known = Some(known);
            for Decided { job, decision } in decided {
                if let Decision::Nothing { result, version } = decision {
                    self.answer_nothing(id, job, result, version, position);
                }
            }
            self.advance(id);
            return;
        }
        let log = self.log.clone();
        self.under_way.push(Box::pin(async move {
            let verdicts = log.append_chain(chain).await;
            (id, Finished::Appended { known, decided, verdicts })
        }));
    }

    fn finish(&mut self, id: Uuid, finished: Finished<A>) {
        let Some(lane) = self.lanes.get_mut(&id) else { return };
        match finished {
            Finished::Loaded { known: Ok(mut known) } => {
                let aggregate_type = &self.aggregate_type;
                self.snapshots.consider(|| StreamId::new(aggregate_type.clone(), id), &mut known);
                for job in std::mem::take(&mut lane.waiting) {
                    match job {
                        Job::Inspect(look) => look(Ok(&known.now)),
                        command => lane.waiting.push_back(command),
                    }
                }
                lane.known = Some(known);
                lane.busy = false;
                lane.in_doubt = false;
                for job in &mut lane.waiting {
                    if let Job::Command(job) = job {
                        job.verified = true;
                    }
                }
            }
            Finished::Loaded { known: Err(error) } => {
                for job in std::mem::take(&mut lane.waiting) {
                    job.fail(in_words(error.clone()));
                }
                lane.busy = false;
            }
            Finished::Appended { known, decided, verdicts } => {
                lane.busy = false;
                self.judge(id, known, decided, verdicts);
            }
        }
    }

    /// Tells each command of a chain what became of it; decides anew what built on something that did not come to be.
    fn judge(
        &mut self,
        id: Uuid,
        mut known: Box<Known<A>>,
        decided: Vec<Decided<A>>,
        verdicts: Vec<Result<AppendOutcome, LogError>>,
    ) {
        let mut verdicts = verdicts.into_iter();
        let mut sound = true;
        let mut again = Vec::new();
        for Decided { mut job, decision } in decided {
            match decision {
                Decision::Nothing { result, version } if sound => {
                    self.answer_nothing(id, job, result, version, known.now.position);
                }
                Decision::Nothing { .. } => again.push(job),
                Decision::Events { events } => match verdicts.next() {
                    Some(Ok(AppendOutcome::Appended(appended))) => {
                        known.now.position = appended.position;
                        let (version, position) = (appended.version, appended.position);
                        job.reply.answer(Ok(Executed { events, version, position, repeated: false }));
                    }
                    Some(Ok(AppendOutcome::AlreadyDone)) => {
                        sound = false;
                        self.answer_repeated(id, job, None);
                    }
                    Some(Ok(AppendOutcome::Conflict { .. })) => {
                        sound = false;
                        job.verified = false;
                        job.attempts += 1;
                        if job.attempts < self.settings.attempts_max {
                            again.push(job);
                        } else {
                            job.reply.answer(Err(ExecuteError::Contended));
                        }
                    }
                    Some(Err(error)) => {
                        sound = false;
                        job.reply.answer(Err(in_words(error)));
                    }
                    None => {
                        sound = false;
                        job.reply.answer(Err(ExecuteError::Unknown("no verdict came".to_owned())));
                    }
                },
            }
        }
        if sound {
            // All verdicts are in: this state is the log's.
            self.snapshots.consider(|| self.stream(id), &mut known);
        }
        let Some(lane) = self.lanes.get_mut(&id) else { return };
        for job in again.into_iter().rev() {
            lane.waiting.push_front(Job::Command(job));
        }
        if sound {
            lane.known = Some(known);
        }
    }

    /// Answers a command that led to nothing: unless it had been done before, which explains why.
    fn answer_nothing(
        &self,
        id: Uuid,
        job: CommandJob<A>,
        result: Result<(), ExecuteError<A::Refusal>>,
        version: u64,
        position: Position,
    ) {
        let answer = result.map(|()| Executed { events: vec![], version, position, repeated: false });
        self.answer_repeated(id, job, Some(answer));
    }

    /// Looks the command up in the log. Found: its first result is told again. Not found: `otherwise`.
    fn answer_repeated(&self, id: Uuid, job: CommandJob<A>, otherwise: Option<Answer<A>>) {
        let (log, stream) = (self.log.clone(), self.stream(id));
        tokio::spawn(async move {
            let CommandJob { context, mut reply, .. } = job;
            let found = match log.find_command(&stream, context.command_id).await {
                Ok(found) => found,
                Err(error) => return reply.answer(Err(in_words(error))),
            };
            let Some(last) = found.last() else {
                // The log knows the command, but not of this stream.
                let elsewhere = || {
                    let text =
                        format!("the command id {} was used for another than {stream}", context.command_id);
                    Err(ExecuteError::Damaged(text))
                };
                return reply.answer(otherwise.unwrap_or_else(elsewhere));
            };
            let events: Result<Vec<A::Event>, LogError> = found.iter().map(decode::<A>).collect();
            let answer = match (events, snapshots::load::<A>(&log, &stream).await) {
                (Ok(events), Ok(known)) => {
                    reply.capture(&known.now.state);
                    Ok(Executed { events, version: last.version, position: last.position, repeated: true })
                }
                (Err(error), _) | (_, Err(error)) => Err(in_words(error)),
            };
            reply.answer(answer);
        });
    }

    /// Keeps memory bounded: lanes that nobody has used for longest are forgotten, but never a busy one.
    fn forget_the_oldest(&mut self) {
        let most = NonZeroUsize::new(self.settings.aggregates_cached_max).map_or(1, NonZeroUsize::get);
        while self.lanes.len() > most {
            match self.lanes.pop_lru() {
                Some((id, lane)) if lane.busy || !lane.waiting.is_empty() => {
                    self.lanes.put(id, lane);
                    return;
                }
                _ => {}
            }
        }
    }
}

async fn load<A: Aggregate>(
    log: SharedLog,
    id: Uuid,
    stream: StreamId,
    known: Option<Box<Known<A>>>,
) -> (Uuid, Finished<A>) {
    let known = match known {
        // What has come since.
        Some(mut known) => match log.load(&stream, known.now.version).await {
            Ok(events) => known.take_in(&events).map(|()| known),
            Err(error) => Err(error),
        },
        None => snapshots::load(&log, &stream).await.map(Box::new),
    };
    (id, Finished::Loaded { known })
}

/// Decides one command on `known`, and takes its events in as if they were in the log.
fn decide_one<A: Aggregate>(
    known: &mut Known<A>,
    mut job: CommandJob<A>,
    stream: &StreamId,
    chain: &mut Vec<Append>,
) -> Decided<A> {
    let version = known.now.version;
    let nothing = |job, result| Decided { job, decision: Decision::Nothing { result, version } };
    if let Some(wanted) = job.context.if_match
        && wanted != version
    {
        return nothing(job, Err(ExecuteError::VersionMismatch { actual: version }));
    }
    // A decision that panics is a fault of ours: it must not take all other commands along.
    let events = match catch_unwind(AssertUnwindSafe(|| known.now.state.decide(&job.command))) {
        Ok(Ok(events)) => events,
        Ok(Err(refusal)) => return nothing(job, Err(ExecuteError::Refused(refusal))),
        Err(_) => return nothing(job, Err(ExecuteError::Damaged("the decision failed".to_owned()))),
    };
    if events.is_empty() {
        job.reply.capture(&known.now.state);
        return nothing(job, Ok(()));
    }
    let append = match prepare::<A>(known, &job.context, stream, &events) {
        Ok(append) => append,
        Err(error) => return nothing(job, Err(ExecuteError::Damaged(error.to_string()))),
    };
    for event in &events {
        known.now.state.apply(event);
    }
    known.now.version += events.len() as u64;
    known.last_occurred_at = append.metadata.occurred_at;
    known.last_command_id = append.command_id;
    chain.push(append);
    job.reply.capture(&known.now.state);
    Decided { job, decision: Decision::Events { events } }
}

fn prepare<A: Aggregate>(
    known: &Known<A>,
    context: &CommandContext,
    stream: &StreamId,
    events: &[A::Event],
) -> Result<Append, serde_json::Error> {
    let new_event = |event: &A::Event| -> Result<NewEvent, serde_json::Error> {
        Ok(NewEvent {
            event_type: event.name().into(),
            event_version: event.version().into(),
            payload: serde_json::value::to_raw_value(event)?,
        })
    };
    // Within a stream time goes on from command to command, so that "as of" has one answer.
    let occurred_at = context.occurred_at.trunc_subsecs(6);
    let occurred_at = if occurred_at > known.last_occurred_at {
        occurred_at
    } else {
        known.last_occurred_at + Duration::microseconds(1)
    };
    Ok(Append {
        stream: stream.clone(),
        expected_version: known.now.version,
        command_id: context.command_id,
        events: events.iter().map(new_event).collect::<Result<_, _>>()?,
        metadata: Metadata {
            actor: context.actor.to_string(),
            correlation_id: context.correlation_id,
            causation_id: context.causation_id,
            traceparent: context.traceparent.clone(),
            occurred_at,
            other: std::collections::BTreeMap::new(),
        },
    })
}

fn in_words<R: std::error::Error>(error: LogError) -> ExecuteError<R> {
    match error {
        LogError::Unavailable(why) => ExecuteError::Unavailable(why),
        LogError::Unknown(why) => ExecuteError::Unknown(why),
        LogError::Invalid(why) | LogError::Corrupt(why) => ExecuteError::Damaged(why),
    }
}
