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
    session::Sessions,
};
use crate::{Append, AppendOutcome, LogError};

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
    pub fn start(sessions: Sessions, head: Head, limits: LogLimits) -> Self {
        let (queue, waiting) = mpsc::channel(4096);
        tokio::spawn(write(Arc::new(Committer { sessions, head, limits }), waiting));
        Self { queue }
    }

    pub async fn hand_over(&self, chain: Vec<Append>, verdicts: oneshot::Sender<Verdicts>) -> bool {
        self.queue.send(Waiting { chain, verdicts }).await.is_ok()
    }
}

/// Never waits for a batch to fill: whatever came while the last one was committed is the next one.
///
/// A second batch is sent ahead of the first one's verdict once it is worth it, so that the server always has work. That
/// is safe because no chain depends on another that is under way: who decides on a state that is not yet in the log puts
/// it into the same chain.
async fn write(committer: Arc<Committer>, mut queue: mpsc::Receiver<Waiting>) {
    let mut waiting = VecDeque::new();
    let mut under_way = FuturesUnordered::new();
    let mut commands_under_way = 0;
    let mut open = true;
    while open || !waiting.is_empty() || !under_way.is_empty() {
        let worth_it = match under_way.len() {
            0 => !waiting.is_empty(),
            1 => waiting.len() * 2 >= commands_under_way,
            _ => false,
        };
        if worth_it {
            let batch = committer.next_batch(&mut waiting);
            let commands = batch.len();
            commands_under_way += commands;
            let committer = committer.clone();
            under_way.push(async move {
                committer.commit(batch).await;
                commands
            });
        }
        let mut received = Vec::new();
        tokio::select! {
            Some(commands) = under_way.next(), if !under_way.is_empty() => commands_under_way -= commands,
            count = queue.recv_many(&mut received, 512), if open && waiting.len() < 4096 => open = count > 0,
        }
        waiting.extend(received);
        // Whoever was told a verdict just now is about to ask again: let them, it costs nothing when there is nobody.
        tokio::task::yield_now().await;
        while let Ok(next) = queue.try_recv() {
            waiting.push_back(next);
        }
    }
}

struct Committer {
    sessions: Sessions,
    head: Head,
    limits: LogLimits,
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
                Ok(outcomes) => self.tell(batch, outcomes),
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
    async fn verdict(&self, batch: &[Waiting]) -> Result<Vec<AppendOutcome>, LogError> {
        let appends: Vec<&Append> = batch.iter().flat_map(|waiting| &waiting.chain).collect();
        let patience = Instant::now() + self.limits.verdict_patience;
        let mut pause = Duration::from_millis(5);
        let mut in_doubt = None;
        loop {
            let trouble = match self.sessions.get().await {
                Ok(session) => match append(&session, &appends).await {
                    Verdict::Each(outcomes) if outcomes.len() == appends.len() => return Ok(outcomes),
                    Verdict::Each(_) => return Err(LogError::Unknown("a verdict is missing".to_owned())),
                    Verdict::Unacceptable(why) => return Err(LogError::Invalid(why)),
                    Verdict::NotNow(why) => why,
                    Verdict::Lost(why) => {
                        in_doubt = Some(why.clone());
                        why
                    }
                },
                Err(error) => error.to_string(),
            };
            if Instant::now() > patience {
                return Err(in_doubt.map_or(LogError::Unavailable(trouble), LogError::Unknown));
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(500));
        }
    }

    fn tell(&self, batch: Vec<Waiting>, outcomes: Vec<AppendOutcome>) {
        let mut outcomes = outcomes.into_iter();
        let mut last = 0;
        for waiting in batch {
            let verdicts: Verdicts = outcomes.by_ref().take(waiting.chain.len()).map(Ok).collect();
            for (append, verdict) in waiting.chain.iter().zip(&verdicts) {
                if let Ok(AppendOutcome::Appended(appended)) = verdict {
                    last = last.max(appended.position.0);
                    counter!("events_appended_total", "aggregate" => append.stream.aggregate_type.to_string())
                        .increment(append.events.len() as u64);
                }
            }
            waiting.answer(verdicts);
        }
        self.head.advance(last);
    }
}
