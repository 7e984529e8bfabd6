//! Subjects measured in turn: each round has all of them, so that what the machine does besides falls on all alike.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use async_trait::async_trait;
use clap::Args;
use indicatif::ProgressBar;
use tokio::process::Command;

use super::{
    measured::{Measured, Round},
    workload::{Mix, Subject, drive, new_hot_notes},
};

/// How much is measured
#[derive(Args, Clone, Copy, Debug)]
pub struct Effort {
    /// How long each subject is measured in each round, in seconds
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub seconds: u64,
    /// How many rounds, each of all subjects in turn
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub rounds: u32,
}

impl Effort {
    pub fn duration(self) -> Duration {
        Duration::from_secs(self.seconds)
    }

    /// For people.
    pub fn describe(self) -> String {
        format!(
            "{} rounds of {} s a subject, all subjects in turn, after a warm-up, what was written before on the disk",
            self.rounds, self.seconds
        )
    }
}

/// How long each subject runs before anything counts.
pub const WARM_UP: Duration = Duration::from_millis(500);

/// Who writes what, and how many of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case {
    pub mix: Mix,
    pub writers: usize,
}

/// Somebody who takes part.
#[async_trait]
pub trait Contestant: Send + Sync {
    fn name(&self) -> &'static str;
    /// One round. The aggregates are new, so that nobody loads what an earlier round has written.
    async fn round(&self, case: Case, duration: Duration) -> anyhow::Result<Round>;
}

/// A subject that is asked by writers, one command at a time each.
pub struct Commanded(pub Arc<dyn Subject>);

#[async_trait]
impl Contestant for Commanded {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    async fn round(&self, case: Case, duration: Duration) -> anyhow::Result<Round> {
        let hot = if case.mix == Mix::Hot { new_hot_notes() } else { vec![] };
        let (latencies, elapsed) = drive(&self.0, &hot, case.writers, duration).await?;
        Ok(Round::of(latencies, elapsed))
    }
}

/// What one subject has left for the disk to do is not for the next one to wait for.
pub async fn settle() -> anyhow::Result<()> {
    Command::new("sync").status().await.context("running sync")?;
    Ok(())
}

/// Measures everybody in every case, in turn, round by round.
pub async fn contest(
    bench: &'static str,
    effort: Effort,
    cases: &[Case],
    contestants: &[Box<dyn Contestant>],
) -> anyhow::Result<Vec<Measured>> {
    let mut all = Vec::new();
    for case in cases {
        for contestant in contestants {
            all.push(Measured {
                bench,
                mix: case.mix.name().to_owned(),
                subject: contestant.name().to_owned(),
                writers: case.writers,
                rounds: vec![],
            });
        }
    }
    let progress = ProgressBar::new((effort.rounds as usize + 1) as u64 * all.len() as u64);
    for round in 0..=effort.rounds {
        let mut measured = all.iter_mut();
        for case in cases {
            for contestant in contestants {
                let duration = if round == 0 { WARM_UP } else { effort.duration() };
                settle().await?;
                let came = contestant.round(*case, duration).await?;
                if let Some(measured) = measured.next()
                    && round > 0
                {
                    measured.rounds.push(came);
                }
                progress.inc(1);
            }
        }
    }
    progress.finish_and_clear();
    Ok(all)
}
