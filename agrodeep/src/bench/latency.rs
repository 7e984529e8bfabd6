//! `agrodeep bench latency`: one writer, alone.

use std::sync::Arc;

use clap::Args;

use super::{
    charts,
    contest::{Case, Commanded, Contestant, Effort, contest},
    database::{BenchServer, Place},
    goal::{Goal, Wanted},
    outcome::{OURS, Outcome},
    plot::{Bar, BarChart, Group},
    spread::Spread,
    subjects::{self, ours::Ours, raw::Raw},
    workload::Mix,
};

/// How long a command takes when nobody else writes: ours beside stock postgres-es, disintegrate and raw commits
#[derive(Args, Debug)]
pub struct LatencyBench {
    #[command(flatten)]
    pub effort: Effort,
    #[command(flatten)]
    pub place: Place,
    /// Print one JSON line a figure instead of tables
    #[arg(long)]
    pub json: bool,
}

impl LatencyBench {
    pub async fn measure(&self, server: &BenchServer) -> anyhow::Result<Outcome> {
        let database = server.database("bench_latency").await?;
        let mut contestants: Vec<Box<dyn Contestant>> =
            vec![Box::new(Commanded(Arc::new(Ours::open(&database.url).await?)))];
        contestants.extend(subjects::others(&database.url).await?);
        contestants.push(Box::new(Commanded(Arc::new(Raw::open(&database.url, 1).await?))));
        let cases = [Case { mix: Mix::Distinct, writers: 1 }];
        let figures = contest("latency", self.effort, &cases, &contestants).await?;
        let method = format!(
            "One writer, which waits for each verdict before it asks again; a new aggregate after ten commands. {}; {}. {}",
            database.server,
            self.effort.describe(),
            subjects::OTHERS
        );
        let mut outcome = Outcome::new("latency", "One writer", method, figures);
        let find = |subject| outcome.find(subject, Mix::Distinct.name(), 1);
        if let (Some(ours), Some(stock)) = (find(OURS), find("postgres-es")) {
            let shares =
                ours.rounds.iter().zip(&stock.rounds).filter_map(|(ours, stock)| {
                    Some(100.0 * ours.took.as_ref()?.p50 / stock.took.as_ref()?.p50)
                });
            outcome.goals = vec![Goal {
                bench: "latency",
                what: "one writer: p50, of postgres-es'".to_owned(),
                wanted: Wanted::AtMost(100.0),
                unit: " %",
                measured: Spread::of(shares),
            }];
        }
        outcome.charts = vec![chart(&outcome)];
        Ok(outcome)
    }
}

/// All four percentiles, a group each.
fn chart(outcome: &Outcome) -> BarChart {
    let group = |heading: &str, of: fn(&super::measured::Percentiles) -> f64| Group {
        heading: heading.to_owned(),
        bars: outcome
            .figures
            .iter()
            .filter_map(|figure| Some(Bar { label: figure.subject.clone(), value: figure.took(of)? }))
            .collect(),
    };
    let groups = vec![
        group("p50", |took| took.p50),
        group("p90", |took| took.p90),
        group("p99", |took| took.p99),
        group("p99.9", |took| took.p999),
    ];
    let empty = charts::chart(
        "latency",
        "One writer: how long a command takes",
        "milliseconds a command",
        &[],
        |_| None,
    );
    BarChart { groups, ..empty }
}
