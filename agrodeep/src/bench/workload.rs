//! What writers ask for: one line after the other, each added to a note, each awaited before the next.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use clap::ValueEnum;
use uuid::Uuid;

use super::durations::Latencies;

/// How many aggregates are hot in the mix of that name.
pub const HOT_AGGREGATES: usize = 8;

/// In the distinct mix a writer turns to a new aggregate after so many commands.
pub const COMMANDS_PER_AGGREGATE: usize = 10;

/// Somebody who can be asked to add a line to a note, durably.
#[async_trait]
pub trait Subject: Send + Sync {
    /// The name in the report.
    fn name(&self) -> &'static str;
    /// Adds a line for the how manyth writer; tries again as often as the others are faster.
    async fn add_line(&self, writer: usize, note: Uuid) -> anyhow::Result<()>;
}

/// On which aggregates the writers write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Mix {
    /// Everybody on aggregates of their own.
    Distinct,
    /// All on the same few.
    Hot,
}

impl Mix {
    pub fn name(self) -> &'static str {
        match self {
            Self::Distinct => "distinct",
            Self::Hot => "hot",
        }
    }
}

/// Aggregates that all writers share.
pub fn new_hot_notes() -> Vec<Uuid> {
    (0..HOT_AGGREGATES).map(|_| Uuid::now_v7()).collect()
}

/// Lets `writers` work for `duration`, on `hot` notes when there are any, else on notes of their own. Answers how long each
/// command took, and how long it was until the last was answered.
pub async fn drive(
    subject: &Arc<dyn Subject>,
    hot: &[Uuid],
    writers: usize,
    duration: Duration,
) -> anyhow::Result<(Latencies, Duration)> {
    let began = Instant::now();
    let end = began + duration;
    let tasks: Vec<_> = (0..writers)
        .map(|writer| {
            let subject = subject.clone();
            let hot = (!hot.is_empty()).then(|| hot[writer % hot.len()]);
            tokio::spawn(async move {
                let mut latencies = Latencies::default();
                let mut note = Uuid::now_v7();
                for command in 0.. {
                    let asked = Instant::now();
                    if asked > end {
                        break;
                    }
                    match hot {
                        Some(hot) => note = hot,
                        None if command % COMMANDS_PER_AGGREGATE == 0 => note = Uuid::now_v7(),
                        None => {}
                    }
                    subject.add_line(writer, note).await?;
                    latencies.record(asked.elapsed());
                }
                anyhow::Ok(latencies)
            })
        })
        .collect();
    let mut all = Latencies::default();
    for task in tasks {
        all.merge(task.await??);
    }
    Ok((all, began.elapsed()))
}
