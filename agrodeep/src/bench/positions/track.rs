//! What a report costs, early and late on one track.

use std::time::Duration;

use agrodeep_commands::{Commands, Versioned};
use agrodeep_domain::{DeliveryTrack, delivery_track::POINTS_MAX};
use anyhow::Context;

use super::fleet::{Fleet, Job, report};
use crate::bench::{durations::Latencies, measured::Round};

/// How many reports are measured on each side, around the one that is named.
const SAMPLES: i64 = 10;
/// How many processes meet the track anew.
const STRANGERS: u32 = 3;

/// When on its track a report comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    Early,
    Late,
    LateUnseen,
}

impl Age {
    pub const ALL: [Self; 3] = [Self::Early, Self::Late, Self::LateUnseen];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Early => "around the 10th",
            Self::Late => "around the last",
            Self::LateUnseen => "after the last, by a process that has not seen the track",
        }
    }
}

/// One round: a long and a short track, in turn. And how large the long one's state is, as JSON.
pub async fn round(
    fleet: &Fleet,
    stranger: &impl Fn() -> Commands,
    reports: u32,
) -> anyhow::Result<(Vec<(Age, Round)>, usize)> {
    let mut long = Track { job: fleet.on_the_road().await?, next: 0 };
    let mut short = Track { job: fleet.on_the_road().await?, next: 0 };
    long.grow(&fleet.commands, i64::from(reports) - SAMPLES / 2).await?;
    short.grow(&fleet.commands, 10 - SAMPLES / 2).await?;
    let (mut early, mut late, mut unseen) = (Timed::default(), Timed::default(), Timed::default());
    for _ in 0..SAMPLES {
        early.add(short.report(&fleet.commands).await?);
        late.add(long.report(&fleet.commands).await?);
    }
    for _ in 0..STRANGERS {
        unseen.add(long.report(&stranger()).await?);
    }
    let bytes = fleet
        .commands
        .executor
        .inspect(long.job.delivery_id.uuid(), |track: &Versioned<DeliveryTrack>| {
            serde_json::to_vec(&track.state).map(|json| json.len())
        })
        .await?
        .context("the state of a track")?;
    let ages = [(Age::Early, early), (Age::Late, late), (Age::LateUnseen, unseen)];
    Ok((ages.into_iter().map(|(age, timed)| (age, timed.round())).collect(), bytes))
}

/// A track that grows.
struct Track {
    job: Job,
    next: i64,
}

impl Track {
    /// Sends the next report.
    async fn report(&mut self, commands: &Commands) -> anyhow::Result<Duration> {
        let took = report(commands, self.job, self.next, POINTS_MAX as i64).await?;
        self.next += 1;
        Ok(took)
    }

    async fn grow(&mut self, commands: &Commands, reports: i64) -> anyhow::Result<()> {
        while self.next < reports {
            self.report(commands).await?;
        }
        Ok(())
    }
}

/// Reports, one after the other.
#[derive(Default)]
struct Timed {
    latencies: Latencies,
    all: Duration,
}

impl Timed {
    fn add(&mut self, took: Duration) {
        self.latencies.record(took);
        self.all += took;
    }

    fn round(self) -> Round {
        Round::of(self.latencies, self.all)
    }
}
