//! `agrodeep bench hot`: everybody on the same eight aggregates.

use std::sync::Arc;

use clap::Args;

use super::{
    charts,
    contest::{Case, Commanded, Contestant, Effort, contest},
    database::{BenchServer, Place},
    goal::{Goal, Wanted},
    outcome::{OURS, Outcome},
    subjects::{self, ours::Ours},
    workload::{HOT_AGGREGATES, Mix},
};

/// Commands a second on 8 hot aggregates: ours beside stock postgres-es and disintegrate
#[derive(Args, Debug)]
pub struct HotBench {
    /// How many write at the same time
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub writers: u32,
    #[command(flatten)]
    pub effort: Effort,
    #[command(flatten)]
    pub place: Place,
    /// Print one JSON line a figure instead of tables
    #[arg(long)]
    pub json: bool,
}

impl HotBench {
    pub async fn measure(&self, server: &BenchServer) -> anyhow::Result<Outcome> {
        let database = server.database("bench_hot").await?;
        let writers = self.writers as usize;
        let mut contestants: Vec<Box<dyn Contestant>> =
            vec![Box::new(Commanded(Arc::new(Ours::open(&database.url).await?)))];
        contestants.extend(subjects::others(&database.url).await?);

        let figures = contest("hot", self.effort, &[Case { mix: Mix::Hot, writers }], &contestants).await?;
        let method = format!(
            "The same commands, all writers on {HOT_AGGREGATES} aggregates that are new in every round; whoever was too late \
             decides again, for as long as it takes, and that counts as one command. Without snapshots. {}; {}. {}",
            database.server,
            self.effort.describe(),
            subjects::OTHERS
        );
        let mut outcome = Outcome::new("hot", "Hot aggregates", method, figures);
        if let Some(ours) = outcome.find(OURS, Mix::Hot.name(), writers)
            && let Some(stock) = outcome.find("postgres-es", Mix::Hot.name(), writers)
            && writers == 64
        {
            let p99 = ours.took(|took| took.p99).unwrap_or_default();
            let ratio = ours.times(stock);
            let goal = |what: &str, wanted, unit, measured| Goal {
                bench: "hot",
                what: format!("64 writers, 8 hot aggregates: {what}"),
                wanted,
                unit,
                measured,
            };
            outcome.goals = vec![
                goal("of postgres-es", Wanted::AtLeast(100.0), " ×", ratio),
                goal("p99", Wanted::AtMost(10.0), " ms", p99),
            ];
        }
        outcome.charts = vec![
            charts::throughput("hot", "Appending to 8 hot aggregates", &outcome.figures),
            charts::latency(
                "hot-latency",
                "Appending to 8 hot aggregates: how long a command takes",
                &outcome.figures,
            ),
        ];
        Ok(outcome)
    }
}
