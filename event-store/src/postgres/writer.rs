//! Group commit: what waits at the same moment is appended together, by one task.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::{StreamExt, stream::FuturesUnordered};
use metrics::{counter, histogram};
use tokio::sync::{mpsc, oneshot};

use super::{
    LogLimits,
    append::{Verdict, append},
    head::Head,
    pace::{Pace, Pacer},
    seen::SeenVersions,
    session::Sessions,
};
use crate::{Append, AppendOutcome, LogError};

/// How many commands wait at the most before asking waits itself.
const QUEUE_MAX: usize = 4096;

type Verdicts = Vec<Result<AppendOutcome, LogError>>;

/// A chain of appends that waits for its verdicts.
struct Waiting {
    chain: Vec<Append>,
    verdicts: oneshot::Sender<Verdicts>,
}

impl Waiting {
    fn events(&self) -> usize {
        self.chain.iter().map(|append| append.events.len()).sum()
    }

    fn bytes(&self) -> usize {
        self.chain.iter().flat_map(|append| &append.events).map(|event| event.payload.get().len() + 200).sum()
    }

    fn answer(self, verdicts: Verdicts) {
        // A caller that no longer waits does not change what is so.
        let _ = self.verdicts.send(verdicts);
    }

    fn fail(self, error: &LogError) {
        let verdicts = vec![Err(error.clone()); self.chain.len()];
        self.answer(verdicts);
    }
}

pub(super) struct Writer {
    queue: mpsc::Sender<Waiting>,
}

impl Writer {
    pub fn start(committer: Committer) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE_MAX);
        tokio::spawn(write(Arc::new(committer), waiting));
        Self { queue }
    }

    pub async fn hand_over(&self, chain: Vec<Append>, verdicts: oneshot::Sender<Verdicts>) -> bool {
        self.queue.send(Waiting { chain, verdicts }).await.is_ok()
    }
}

/// Whatever came while a batch was under way is the next one: a batch is as large as the load is heavy, and nobody waits when
/// there is none.
///
/// That a second batch may be under way ([`Pace::Overlapping`]) is safe because no chain depends on another that is: who decides
/// on a state that is not yet in the log puts it into the same chain.
async fn write(committer: Arc<Committer>, mut queue: mpsc::Receiver<Waiting>) {
    let mut waiting = VecDeque::new();
    let mut under_way = FuturesUnordered::new();
    let mut commands_under_way = 0;
    let mut pacer = Pacer::new(Instant::now());
    let mut open = true;
    while open || !waiting.is_empty() || !under_way.is_empty() {
        let worth_it = match under_way.len() {
            0 => !waiting.is_empty(),
            1 => pacer.pace() == Pace::Overlapping && waiting.len() * 2 >= commands_under_way,
            _ => false,
        };
        if worth_it {
            let batch = committer.next_batch(&mut waiting);
            let commands = batch.len();
            commands_under_way += commands;
            let committer = committer.clone();
            under_way.push(async move {
                let began = Instant::now();
                committer.commit(batch).await;
                (commands, began.elapsed())
            });
        }
        let mut received = Vec::new();
        let mut told = None;
        tokio::select! {
            Some((commands, took)) = under_way.next(), if !under_way.is_empty() => {
                commands_under_way -= commands;
                pacer.done(commands as u64, took, Instant::now());
                told = Some((commands, took));
            }
            count = queue.recv_many(&mut received, 512), if open && waiting.len() < QUEUE_MAX => open = count > 0,
        }
        waiting.extend(received);
        // Whoever was told a verdict just now is about to ask again. Where they share a commit it pays to let all of them come, for
        // a moment that is short beside it.
        let patience = match told {
            Some((commands, took)) if pacer.pace() == Pace::Together => {
                Some((commands, Instant::now() + took / 16))
            }
            _ => None,
        };
        loop {
            tokio::task::yield_now().await;
            while let Ok(next) = queue.try_recv() {
                waiting.push_back(next);
            }
            let expected =
                patience.is_some_and(|(commands, until)| waiting.len() < commands && Instant::now() < until);
            if !expected {
                break;
            }
        }
    }
}

pub(super) struct Committer {
    pub sessions: Sessions,
    pub head: Head,
    pub seen: SeenVersions,
    pub limits: LogLimits,
}

impl Committer {
    fn next_batch(&self, waiting: &mut VecDeque<Waiting>) -> Vec<Waiting> {
        let (mut events, mut bytes) = (0, 0);
        let mut batch = Vec::new();
        while events < self.limits.batch_events_max && bytes < self.limits.batch_bytes_max {
            let Some(next) = waiting.pop_front() else { break };
            events += next.events();
            bytes += next.bytes();
            batch.push(next);
        }
        histogram!("append_batch_size").record(events as f64);
        batch
    }

    async fn commit(&self, batch: Vec<Waiting>) {
        let mut pending = vec![batch];
        while let Some(batch) = pending.pop() {
            match self.verdict(&batch).await {
                Ok((outcomes, era)) => self.tell(batch, outcomes, era),
                Err(LogError::Invalid(_)) if batch.len() > 1 => {
                    // Something in it cannot be taken. Halves, and halves of halves, find out what; the rest goes in.
                    let mut left = batch;
                    let right = left.split_off(left.len() / 2);
                    pending.push(right);
                    pending.push(left);
                }
                Err(error) => {
                    tracing::warn!(%error, commands = batch.len(), "a batch was not appended");
                    for waiting in batch {
                        waiting.fail(&error);
                    }
                }
            }
        }
    }

    /// The server's verdict. One that was lost is asked for again by the same statement, which recognises what is done.
    async fn verdict(&self, batch: &[Waiting]) -> Result<(Vec<AppendOutcome>, u64), LogError> {
        let appends = appends(batch);
        let patience = Instant::now() + self.limits.verdict_patience;
        let mut pause = Duration::from_millis(5);
        let mut in_doubt = None;
        loop {
            let trouble = match self.sessions.get().await {
                Ok(session) => {
                    let era = self.sessions.era();
                    match append(&session, &appends, &self.seen, era).await {
                        Verdict::Each(outcomes) => return Ok((outcomes, era)),
                        Verdict::Unacceptable(why) => return Err(LogError::Invalid(why)),
                        Verdict::NotNow(why) => why,
                        Verdict::Lost(why) => {
                            in_doubt = Some(why.clone());
                            why
                        }
                    }
                }
                Err(error) => error.to_string(),
            };
            if Instant::now() > patience {
                return Err(in_doubt.map_or(LogError::Unavailable(trouble), LogError::Unknown));
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(500));
        }
    }

    /// Tells everybody what became of their commands.
    fn tell(&self, batch: Vec<Waiting>, outcomes: Vec<AppendOutcome>, era: u64) {
        let appended = || {
            appends_with(&batch, &outcomes).filter_map(|(append, outcome)| match outcome {
                AppendOutcome::Appended(appended) => Some((append, appended)),
                AppendOutcome::Conflict { .. } | AppendOutcome::AlreadyDone => None,
            })
        };
        self.seen.note(era, appended().map(|(append, appended)| (&append.stream, appended.version)));
        let mut counts: Vec<(&str, u64)> = Vec::new();
        for (append, _) in appended() {
            let events = append.events.len() as u64;
            match counts.iter_mut().find(|(name, _)| *name == &*append.stream.aggregate_type) {
                Some((_, count)) => *count += events,
                None => counts.push((&append.stream.aggregate_type, events)),
            }
        }
        for (aggregate_type, count) in counts {
            counter!("events_appended_total", "aggregate" => aggregate_type.to_owned()).increment(count);
        }
        if let Some(last) = appended().map(|(_, appended)| appended.position.0).max() {
            self.head.advance(last);
        }
        let mut outcomes = outcomes.into_iter();
        for waiting in batch {
            let verdicts = outcomes.by_ref().take(waiting.chain.len()).map(Ok).collect();
            waiting.answer(verdicts);
        }
    }
}

fn appends(batch: &[Waiting]) -> Vec<&Append> {
    batch.iter().flat_map(|waiting| &waiting.chain).collect()
}

fn appends_with<'a>(
    batch: &'a [Waiting],
    outcomes: &'a [AppendOutcome],
) -> impl Iterator<Item = (&'a Append, &'a AppendOutcome)> {
    batch.iter().flat_map(|waiting| &waiting.chain).zip(outcomes)
}
