//! Group commit: what waits at the same moment is appended together, by one task, one batch at a time.

use std::time::{Duration, Instant};

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
        tokio::spawn(Writing { sessions, head, limits, waiting }.run());
        Self { queue }
    }

    pub async fn hand_over(&self, chain: Vec<Append>, verdicts: oneshot::Sender<Verdicts>) -> bool {
        self.queue.send(Waiting { chain, verdicts }).await.is_ok()
    }
}

struct Writing {
    sessions: Sessions,
    head: Head,
    limits: LogLimits,
    waiting: mpsc::Receiver<Waiting>,
}

impl Writing {
    /// Never waits for a batch to fill: whatever came while the last one was committed is the next one.
    async fn run(mut self) {
        while let Some(first) = self.waiting.recv().await {
            let (mut events, mut bytes) = (first.events(), first.bytes());
            let mut batch = vec![first];
            while events < self.limits.batch_events_max && bytes < self.limits.batch_bytes_max {
                let Ok(next) = self.waiting.try_recv() else { break };
                events += next.events();
                bytes += next.bytes();
                batch.push(next);
            }
            histogram!("append_batch_size").record(events as f64);
            self.commit(batch).await;
        }
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
