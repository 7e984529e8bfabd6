//! `agrodeep bench project`: the log into the tables, beside one transaction an event and beside only reading it.

use std::time::Instant;

use agrodeep_event_store::Position;
use agrodeep_projections::{
    Model,
    measure::{BATCH_MAX, apply, replay},
};
use anyhow::ensure;
use clap::Args;
use indicatif::ProgressBar;

use super::{
    axis::Scale,
    database::{BenchServer, PrivatePlace},
    measured::{Measured, Round},
    number::whole,
    outcome::{OURS, Outcome},
    plot::{Bar, BarChart, Group},
    projecting::{Projected, round},
};

/// How many events are applied one by one: it is as slow with more of them.
const ONE_BY_ONE: i64 = 20_000;

const ROW_BY_ROW: &str = "one transaction an event";
const REPLAY: &str = "replay in the process, without tables";

/// The log into the order and product tables, beside row-by-row application and beside only reading it
#[derive(Args, Debug)]
pub struct ProjectBench {
    /// How many events are projected
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(50_000..=1_000_000_000))]
    pub events: u64,
    /// How many rounds, each of all subjects in turn
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub rounds: u32,
    #[command(flatten)]
    pub place: PrivatePlace,
    /// Print one JSON line a figure instead of tables
    #[arg(long)]
    pub json: bool,
}

/// Into what.
const MIXES: [(&str, &[Model]); 2] =
    [("orders and products", &[Model::Orders, Model::Products]), ("order history", &[Model::OrderHistory])];

impl ProjectBench {
    pub async fn measure(&self, server: &BenchServer) -> anyhow::Result<Outcome> {
        let filled = Projected::fill(server, "bench_project", self.events).await?;
        let mut figures = Vec::new();
        let progress = ProgressBar::new(u64::from(self.rounds) * MIXES.len() as u64 * 3);
        for (mix, models) in MIXES {
            let mut rounds: [Vec<Round>; 3] = Default::default();
            for _ in 0..self.rounds {
                for (subject, rounds) in [OURS, ROW_BY_ROW, REPLAY].into_iter().zip(&mut rounds) {
                    rounds.push(ask(&filled, subject, models).await?);
                    progress.inc(1);
                }
            }
            figures.extend([OURS, ROW_BY_ROW, REPLAY].into_iter().zip(rounds).map(|(subject, rounds)| {
                Measured {
                    bench: "project",
                    mix: mix.to_owned(),
                    subject: subject.to_owned(),
                    writers: 1,
                    rounds,
                }
            }));
        }
        progress.finish_and_clear();
        server.drop_database("bench_project").await?;
        let mut outcome = Outcome::new("project", "Projecting the log", self.method(&filled), figures);
        outcome.charts = vec![chart(&outcome)];
        Ok(outcome)
    }

    fn method(&self, filled: &Projected) -> String {
        format!(
            "A log of {} events of a market (1,000 products; orders of two lines, 64 side by side, each placed, held, paid, \
             prepared, shipped and delivered), into empty tables: in batches of at most {BATCH_MAX} events, as the program does; \
             the first {} of them in one transaction an event, read in the same batches; and all of them read and deserialised, without any table. Orders \
             and products are projected at the same time, from one reading. {} rounds. {}",
            whole(filled.events as f64),
            whole(ONE_BY_ONE as f64),
            self.rounds,
            filled.database.server,
        )
    }
}

async fn ask(filled: &Projected, subject: &str, models: &[Model]) -> anyhow::Result<Round> {
    if subject == REPLAY {
        let since = Instant::now();
        let understood = replay(&filled.log, filled.head).await?;
        ensure!(understood == filled.events, "only {understood} of {} events are understood", filled.events);
        return Ok(round(understood, since));
    }
    let (transaction_max, until) =
        if subject == OURS { (BATCH_MAX, filled.head) } else { (1, Position(ONE_BY_ONE.min(filled.head.0))) };
    let tables = filled.empty_tables().await?;
    let since = Instant::now();
    apply(&filled.log, &tables, models, transaction_max, until).await;
    let round = round(until.0.unsigned_abs(), since);
    let parked: i64 = sqlx::query_scalar("select count(*) from parked_events").fetch_one(&tables).await?;
    ensure!(parked == 0, "{parked} events could not be applied");
    tables.close().await;
    Ok(round)
}

fn chart(outcome: &Outcome) -> BarChart {
    let groups = MIXES.map(|(mix, _)| Group {
        heading: mix.to_owned(),
        bars: outcome
            .figures
            .iter()
            .filter(|figure| figure.mix == mix)
            .map(|figure| Bar { label: figure.subject.clone(), value: figure.per_second() })
            .collect(),
    });
    BarChart {
        name: "project".to_owned(),
        title: "Projecting the log".to_owned(),
        axis: "events a second".to_owned(),
        scale: Scale::Linear,
        groups: groups.into(),
    }
}
