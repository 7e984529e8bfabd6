//! `agrodeep bench processes`: the same writers in one process, and spread over several that append at the same time.

mod check;
mod team;

use clap::Args;
use indicatif::ProgressBar;
use sqlx::{Connection, PgConnection};

use self::check::Checked;
use super::{
    axis::Scale,
    charts,
    contest::{Effort, settle},
    database::{BenchServer, Place},
    goal::{Goal, Wanted},
    measured::Measured,
    outcome::Outcome,
    plot::BarChart,
    workload::{Mix, new_hot_notes},
};

/// How many append at once when it is not one alone.
const PROCESSES: usize = 4;

/// Commands a second of 4 processes in sum, beside one process with as many writers; then the log is checked
#[derive(Args, Debug)]
pub struct ProcessesBench {
    /// How many write at the same time, in all processes together; a multiple of 4
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(4..=4096))]
    pub writers: u32,
    #[command(flatten)]
    pub effort: Effort,
    #[command(flatten)]
    pub place: Place,
    /// Print one JSON line a figure instead of tables
    #[arg(long)]
    pub json: bool,
}

fn name_of(processes: usize) -> String {
    if processes == 1 { "1 process".to_owned() } else { format!("{processes} processes") }
}

impl ProcessesBench {
    pub async fn measure(&self, server: &BenchServer) -> anyhow::Result<Outcome> {
        let writers = self.writers as usize;
        anyhow::ensure!(
            writers.is_multiple_of(PROCESSES),
            "{writers} writers cannot be spread evenly over {PROCESSES} processes"
        );
        let database = server.database("bench_processes").await?;
        let mut connection = PgConnection::connect(&database.url).await?;
        let cases: Vec<(Mix, usize)> =
            [Mix::Distinct, Mix::Hot].into_iter().flat_map(|mix| [(mix, 1), (mix, PROCESSES)]).collect();
        let mut figures: Vec<Measured> = cases
            .iter()
            .map(|(mix, processes)| Measured {
                bench: "processes",
                mix: mix.name().to_owned(),
                subject: name_of(*processes),
                writers,
                rounds: vec![],
            })
            .collect();
        let mut checked = Checked::default();
        let progress = ProgressBar::new((self.effort.rounds as usize + 1) as u64 * cases.len() as u64);
        for round in 0..=self.effort.rounds {
            for ((mix, processes), figure) in cases.iter().zip(&mut figures) {
                let hot = if *mix == Mix::Hot { new_hot_notes() } else { vec![] };
                let seconds = if round == 0 { 1 } else { self.effort.seconds };
                let base = check::head(&mut connection).await?;
                settle().await?;
                let came = team::work(&database.url, *processes, writers / processes, seconds, &hot).await?;
                checked.add(check::check(&mut connection, base, &came.told).await?);
                if round > 0 {
                    figure.rounds.push(came.round);
                }
                progress.inc(1);
            }
        }
        progress.finish_and_clear();
        connection.close().await?;
        let method = format!(
            "The same commands from {writers} writers in one process, and from {} writers in each of {PROCESSES} processes that \
             append at the same time; *hot*: all processes on the same 8 aggregates. Figures of several processes are sums, and \
             percentiles over all their commands. After each round the log is checked by SQL: {}. {}; {}.",
            writers / PROCESSES,
            check::WHAT,
            database.server,
            self.effort.describe()
        );
        let mut outcome = Outcome::new("processes", "Several processes", method, figures);
        let of_one = |mix: Mix| {
            let find = |processes| outcome.find(&name_of(processes), mix.name(), writers);
            Some(find(PROCESSES)?.times(find(1)?).times(100.0))
        };
        let hot = of_one(Mix::Hot);
        outcome.goals = of_one(Mix::Distinct)
            .map(|measured| Goal {
                bench: "processes",
                what: format!("{PROCESSES} processes in sum, of one process"),
                wanted: Wanted::AtLeast(80.0),
                unit: " %",
                measured,
            })
            .into_iter()
            .collect();
        if let Some(hot) = hot {
            let what =
                format!("{PROCESSES} processes on the same 8 aggregates, in sum, of one process (no goal)");
            outcome.fact(what, hot.median, " %");
        }
        outcome.fact("commands acknowledged", checked.acknowledged as f64, "");
        outcome.fact("events in the log, all as acknowledged", checked.events as f64, "");
        outcome.fact("streams", checked.streams as f64, "");
        outcome.fact("found lost, doubled, out of order, or at another place than told", 0.0, "");
        let chart =
            charts::throughput("processes", "One process, and four that append at once", &outcome.figures);
        outcome.charts = vec![BarChart { scale: Scale::Linear, ..chart }];
        Ok(outcome)
    }
}
