//! `agrodeep bench rebuild`: whether building a read model anew takes as long an event, however long the log is.

use std::time::{Duration, Instant};

use agrodeep_projections::{
    Model,
    measure::{BATCH_MAX, apply},
    rebuild::{Finished, RebuildRequest, Rebuilds},
};
use anyhow::ensure;
use clap::Args;
use indicatif::ProgressBar;
use tokio_util::sync::CancellationToken;

use super::{
    axis::Scale,
    database::{BenchServer, PrivatePlace},
    goal::{Goal, Wanted},
    measured::Measured,
    number::whole,
    outcome::Outcome,
    plot::{Bar, BarChart, Group},
    projecting::{Projected, round},
};

/// How many times as long the logs are.
const TIMES: [u64; 3] = [1, 3, 10];

/// How long building a read model anew takes on logs that are 1, 3 and 10 times as long
#[derive(Args, Debug)]
pub struct RebuildBench {
    /// How many events the shortest log has
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(10_000..=100_000_000))]
    pub events: u64,
    /// How many rounds, each of all logs in turn
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub rounds: u32,
    #[command(flatten)]
    pub place: PrivatePlace,
    /// Print one JSON line a figure instead of tables
    #[arg(long)]
    pub json: bool,
}

fn name_of(times: u64) -> String {
    format!("{times} × as many events")
}

impl RebuildBench {
    pub async fn measure(&self, server: &BenchServer) -> anyhow::Result<Outcome> {
        let mut logs = Vec::new();
        for times in TIMES {
            let log = Projected::fill(server, &format!("bench_rebuild_{times}"), self.events * times).await?;
            let tables = log.empty_tables().await?;
            apply(&log.log, &tables, &[Model::Orders], BATCH_MAX, log.head).await;
            let rebuilds = Rebuilds::new(log.log.clone(), tables, Duration::ZERO);
            logs.push((log, rebuilds));
        }
        let mut figures: Vec<_> = TIMES
            .map(|times| Measured {
                bench: "rebuild",
                mix: "orders".to_owned(),
                subject: name_of(times),
                writers: 1,
                rounds: vec![],
            })
            .into();
        let progress = ProgressBar::new(u64::from(self.rounds) * TIMES.len() as u64);
        for _ in 0..self.rounds {
            for ((log, rebuilds), figure) in logs.iter().zip(&mut figures) {
                let since = Instant::now();
                rebuild(log, rebuilds).await?;
                figure.rounds.push(round(log.events, since));
                rebuilds.sweep().await?;
                progress.inc(1);
            }
        }
        progress.finish_and_clear();
        let method = format!(
            "Three logs of {}, 3 and 10 times as many events of a market; the order tables of each are built anew from the log \
             beside those that are there, in as many parts as there are processors, and switched. Should it take as long an \
             event on each, the time grows as the log does. {} rounds. {}",
            whole(self.events as f64),
            self.rounds,
            logs[0].0.database.server,
        );
        let mut outcome = Outcome::new("rebuild", "Building a read model anew", method, figures);
        for (figure, (log, _)) in outcome.figures.clone().iter().zip(&logs) {
            let seconds = log.events as f64 / figure.per_second().median;
            outcome.fact(format!("{} events", whole(log.events as f64)), seconds, " s");
        }
        outcome.goals = vec![Goal {
            bench: "rebuild",
            what: "events a second on the longest log, of the shortest's (a tenth is noise)".to_owned(),
            wanted: Wanted::AtLeast(90.0),
            unit: " %",
            measured: outcome.figures[TIMES.len() - 1].times(&outcome.figures[0]).times(100.0),
        }];
        outcome.charts = vec![chart(&outcome)];
        drop(logs);
        for times in TIMES {
            server.drop_database(&format!("bench_rebuild_{times}")).await?;
        }
        Ok(outcome)
    }
}

async fn rebuild(log: &Projected, rebuilds: &Rebuilds) -> anyhow::Result<()> {
    let request = RebuildRequest {
        model: Model::Orders,
        version: None,
        shards: None,
        requested_by: "bench".to_owned(),
    };
    rebuilds.request(&request).await?;
    let finished = rebuilds.work_on(Model::Orders, &CancellationToken::new()).await?;
    ensure!(finished == Finished::Switched(log.head), "it ended otherwise: {finished:?}");
    Ok(())
}

fn chart(outcome: &Outcome) -> BarChart {
    let bars = outcome
        .figures
        .iter()
        .map(|figure| Bar { label: figure.subject.clone(), value: figure.per_second() })
        .collect();
    BarChart {
        name: "rebuild".to_owned(),
        title: "Building the orders anew".to_owned(),
        axis: "events a second".to_owned(),
        scale: Scale::Linear,
        groups: vec![Group { heading: "how long the log is".to_owned(), bars }],
    }
}
