//! `agrodeep bench load`: how long it takes until a command can be decided on an aggregate that the process has not met yet.

mod history;

use std::{
    num::NonZeroU32,
    sync::Arc,
    time::{Duration, Instant},
};

use agrodeep_commands::{Executor, executor::ExecutorSettings};
use agrodeep_domain::{Aggregate, Product};
use agrodeep_event_store::{
    SharedLog, StreamId,
    postgres::{LogLimits, PostgresLog},
};
use anyhow::ensure;
use clap::Args;
use indicatif::ProgressBar;
use uuid::Uuid;

use super::{
    axis::Scale,
    contest::{Effort, WARM_UP},
    database::{BenchServer, Place},
    durations::Latencies,
    goal::{Goal, Wanted},
    measured::{Measured, Round},
    number::whole,
    outcome::{OURS, Outcome},
    plot::{Bar, BarChart, Group},
};

/// How long the streams are.
const LENGTHS: [u64; 4] = [100, 1_000, 10_000, 100_000];

/// How many events have come since the state was kept: half of the way to the next one.
const SINCE: u64 = 50;

const FROM_THE_FIRST: &str = "from the first event";

/// Loading products of 100 to 100,000 events: by a state that was kept, beside from the first event
#[derive(Args, Debug)]
pub struct LoadBench {
    #[command(flatten)]
    pub effort: Effort,
    #[command(flatten)]
    pub place: Place,
    /// Print one JSON line a figure instead of tables
    #[arg(long)]
    pub json: bool,
}

/// One product that is loaded again and again.
struct Loaded {
    id: Uuid,
    events: u64,
    figure: Measured,
}

fn name_of(events: u64) -> String {
    format!("{} events", whole(events as f64))
}

impl LoadBench {
    pub async fn measure(&self, server: &BenchServer) -> anyhow::Result<Outcome> {
        let database = server.database("bench_load").await?;
        let log: SharedLog = Arc::new(PostgresLog::open(&database.url, LogLimits::default()).await?);
        let mut all = Vec::new();
        for events in LENGTHS {
            for subject in [OURS, FROM_THE_FIRST] {
                let id = Uuid::now_v7();
                if subject == OURS {
                    history::grow(&log, id, 0, events - SINCE).await?;
                    keep(&log, id, events - SINCE).await?;
                    history::grow(&log, id, events - SINCE, events).await?;
                } else {
                    history::grow(&log, id, 0, events).await?;
                }
                let figure = Measured {
                    bench: "load",
                    mix: name_of(events),
                    subject: subject.to_owned(),
                    writers: 1,
                    rounds: vec![],
                };
                all.push(Loaded { id, events, figure });
            }
        }
        history::settle(&database.url).await?;
        let progress = ProgressBar::new((self.effort.rounds as usize + 1) as u64 * all.len() as u64);
        for round in 0..=self.effort.rounds {
            for loaded in &mut all {
                let duration = if round == 0 { WARM_UP } else { self.effort.duration() };
                let came = load_for(&log, loaded, duration).await?;
                if round > 0 {
                    loaded.figure.rounds.push(came);
                }
                progress.inc(1);
            }
        }
        progress.finish_and_clear();
        let figures = all.into_iter().map(|loaded| loaded.figure).collect();
        let mut outcome =
            Outcome::new("load", "Loading an aggregate", self.method(&database.server), figures);
        set_goals(&mut outcome);
        outcome.charts = vec![chart(&outcome)];
        Ok(outcome)
    }

    fn method(&self, server: &str) -> String {
        format!(
            "Products whose stock is held, released and counted, with about sixteen holds open, as two streams of each length: of one the \
             state was kept {SINCE} events before its end, half of the way to the next one; of the other none was. One reader asks \
             for the state again and again, each time by an executor that knows nothing yet. {server}; {}.",
            self.effort.describe()
        )
    }
}

/// Lets the state be kept as the program does it.
async fn keep(log: &SharedLog, id: Uuid, version: u64) -> anyhow::Result<()> {
    let settings =
        ExecutorSettings { snapshot_every_events: Some(NonZeroU32::MIN), ..ExecutorSettings::default() };
    Executor::with_settings(log.clone(), settings).state::<Product>(id).await?;
    let Some(snapshots) = log.snapshots() else { anyhow::bail!("this log keeps no states") };
    loop {
        let resumed = snapshots.resume(&StreamId::new(Product::TYPE, id), Product::STATE_FORM).await?;
        if resumed.begin.is_some_and(|(snapshot, _)| snapshot.version == version) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn load_for(log: &SharedLog, loaded: &Loaded, duration: Duration) -> anyhow::Result<Round> {
    let began = Instant::now();
    let mut latencies = Latencies::default();
    while latencies.count() == 0 || began.elapsed() < duration {
        let settings = ExecutorSettings { snapshot_every_events: None, ..ExecutorSettings::default() };
        let executor = Executor::with_settings(log.clone(), settings);
        let asked = Instant::now();
        let version = executor.inspect::<Product, _>(loaded.id, |versioned| versioned.version).await?;
        latencies.record(asked.elapsed());
        ensure!(version == loaded.events, "{} events were loaded of {}", version, loaded.events);
    }
    Ok(Round::of(latencies, began.elapsed()))
}

fn set_goals(outcome: &mut Outcome) {
    let [shortest, _, _, longest] = LENGTHS.map(name_of);
    let (Some(long), Some(short)) =
        (outcome.find(OURS, &longest, 1), outcome.find(FROM_THE_FIRST, &shortest, 1))
    else {
        return;
    };
    let goal = Goal {
        bench: "load",
        what: format!("{longest}, of what is done with {shortest} and no state (a tenth is noise)"),
        wanted: Wanted::AtLeast(90.0),
        unit: " %",
        measured: long.times(short).times(100.0),
    };
    let gain = outcome.find(FROM_THE_FIRST, &longest, 1).map(|plain| long.times(plain).median);
    outcome.goals.push(goal);
    if let Some(gain) = gain {
        outcome.fact(format!("{longest}: so many times as fast as from the first event"), gain, " ×");
    }
}

fn chart(outcome: &Outcome) -> BarChart {
    let groups = LENGTHS.map(|events| Group {
        heading: name_of(events),
        bars: outcome
            .figures
            .iter()
            .filter(|figure| figure.mix == name_of(events))
            .map(|figure| Bar { label: figure.subject.clone(), value: figure.per_second() })
            .collect(),
    });
    BarChart {
        name: "load".to_owned(),
        title: "Loading an aggregate".to_owned(),
        axis: "aggregates loaded a second, one at a time".to_owned(),
        scale: Scale::Logarithmic,
        groups: groups.into(),
    }
}
