//! `agrodeep bench append`: one-event commands through the whole command path (load, decide, append, verdict), everybody on
//! aggregates of their own.

use std::sync::Arc;

use anyhow::Context;
use clap::Args;

use super::{
    charts,
    contest::{Case, Commanded, Contestant, Effort, contest},
    database::{BenchServer, Place},
    goal::{Goal, Wanted},
    measured::Measured,
    outcome::{OURS, Outcome},
    subjects::{
        self,
        bulk::{self, BulkCopy},
        ours::Ours,
        raw::Raw,
    },
    workload::Mix,
};

/// Commands a second on distinct aggregates: ours beside stock postgres-es, disintegrate, raw commits and COPY
#[derive(Args, Debug)]
pub struct AppendBench {
    /// How many write at the same time; several numbers are measured one beside the other
    #[arg(long, value_delimiter = ',', default_values_t = [64, 256],
          value_parser = clap::value_parser!(u32).range(1..=300))]
    pub writers: Vec<u32>,
    #[command(flatten)]
    pub effort: Effort,
    #[command(flatten)]
    pub place: Place,
    /// Print one JSON line a figure instead of tables
    #[arg(long)]
    pub json: bool,
}

impl AppendBench {
    pub async fn measure(&self, server: &BenchServer) -> anyhow::Result<Outcome> {
        let database = server.database("bench_append").await?;
        let cases: Vec<Case> = self
            .writers
            .iter()
            .map(|&writers| Case { mix: Mix::Distinct, writers: writers as usize })
            .collect();
        let most = cases.iter().map(|case| case.writers).max().context("no writers")?;
        let mut contestants: Vec<Box<dyn Contestant>> =
            vec![Box::new(Commanded(Arc::new(Ours::open(&database.url).await?)))];
        contestants.extend(subjects::others(&database.url).await?);
        contestants.push(Box::new(Commanded(Arc::new(Raw::open(&database.url, most).await?))));
        // After ours: it takes over the size of its batches.
        contestants.push(Box::new(BulkCopy::open(&database.url).await?));
        let figures = contest("append", self.effort, &cases, &contestants).await?;
        let method = format!(
            "One-event commands of about 400 bytes, every writer on aggregates of its own, a new one after ten commands. {}; {}. {} \
             *raw*: a prepared single-row `INSERT` and its commit, a connection a writer. *COPY*: a bare binary `COPY` of the \
             same rows into a table with the same columns and indexes, on one connection, a commit a batch; its batches are as \
             large as ours were, on the mean, in the same round (counted in the log).",
            database.server,
            self.effort.describe(),
            subjects::OTHERS
        );
        let mut outcome = Outcome::new("append", "Appending", method, figures);
        set_goals(&mut outcome);
        outcome.charts = vec![
            charts::throughput("append", "Appending to distinct aggregates", &outcome.figures),
            charts::latency(
                "append-latency",
                "Appending to distinct aggregates: how long a command takes",
                &outcome.figures,
            ),
        ];
        Ok(outcome)
    }
}

fn set_goals(outcome: &mut Outcome) {
    let goals = [
        (64, "postgres-es", 10.0, " ×", 1.0),
        (64, "raw", 3.0, " ×", 1.0),
        (256, bulk::NAME, 60.0, " %", 100.0),
    ];
    for (writers, other, bound, unit, factor) in goals {
        let find = |subject| outcome.find(subject, Mix::Distinct.name(), writers);
        let (Some(ours), Some(theirs)) = (find(OURS), find(other)) else { continue };
        let measured = Measured::times(ours, theirs).times(factor);
        outcome.goals.push(Goal {
            bench: "append",
            what: format!("{writers} writers, distinct: of {other}"),
            wanted: Wanted::AtLeast(bound),
            unit,
            measured,
        });
    }
}
