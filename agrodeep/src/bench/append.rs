//! `agrodeep bench append`: one-event commands through the whole command path (load, decide, append, verdict).

mod ours;
mod raw;
mod stock;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use clap::Args;
use indicatif::ProgressBar;
use uuid::Uuid;

use super::{
    database::BenchDatabase,
    latency::Latencies,
    report::{Figures, print_table},
};

/// How many aggregates are hot in the mix of that name.
const HOT_AGGREGATES: usize = 8;

/// In the distinct mix a writer turns to a new aggregate after so many commands.
const COMMANDS_PER_AGGREGATE: usize = 10;

/// Commands a second: ours beside stock postgres-es and raw single-row commits
#[derive(Args, Debug)]
pub struct AppendBench {
    /// How many write at the same time
    #[arg(long, default_value_t = 64)]
    writers: usize,
    /// How long each subject is measured in each round, in seconds
    #[arg(long, default_value_t = 4)]
    seconds: u64,
    /// How many rounds, each of all subjects in turn
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Print one JSON line a subject instead of a table
    #[arg(long)]
    json: bool,
    /// An empty database to measure on [default: a private PostgreSQL, as `up` has]
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
}

/// Somebody who can be asked to add a line to a note, durably.
#[async_trait]
pub trait Subject: Send + Sync {
    /// The name in the report.
    fn name(&self) -> &'static str;
    /// Adds a line; tries again as often as the others are faster.
    async fn add_line(&self, note: Uuid) -> anyhow::Result<()>;
}

#[derive(Clone, Copy, PartialEq)]
enum Mix {
    Distinct,
    Hot,
}

impl Mix {
    fn name(self) -> &'static str {
        match self {
            Self::Distinct => "distinct",
            Self::Hot => "hot",
        }
    }
}

impl AppendBench {
    pub async fn run(self) -> anyhow::Result<()> {
        anyhow::ensure!(
            self.writers > 0 && self.seconds > 0 && self.rounds > 0,
            "there is nothing to measure"
        );
        let database = BenchDatabase::open(self.database_url.clone()).await?;
        let subjects: Vec<Arc<dyn Subject>> = vec![
            Arc::new(ours::Ours::open(&database.url).await?),
            Arc::new(stock::Stock::open(&database.url).await?),
            Arc::new(raw::Raw::open(&database.url, self.writers).await?),
        ];
        let mixes = [Mix::Distinct, Mix::Hot];
        let progress = ProgressBar::new((self.rounds * mixes.len() * subjects.len()) as u64);
        let mut totals: Vec<(Mix, usize, Latencies, Duration)> = Vec::new();
        for _ in 0..self.rounds {
            for mix in mixes {
                for (index, subject) in subjects.iter().enumerate() {
                    let (latencies, elapsed) = self.measure(subject, mix).await?;
                    match totals.iter_mut().find(|(m, i, ..)| *m == mix && *i == index) {
                        Some((_, _, all, time)) => {
                            all.merge(latencies);
                            *time += elapsed;
                        }
                        None => totals.push((mix, index, latencies, elapsed)),
                    }
                    progress.inc(1);
                }
            }
        }
        progress.finish_and_clear();
        totals.sort_by_key(|(mix, index, ..)| (*mix == Mix::Hot, *index));
        let figures: Vec<Figures> = totals
            .into_iter()
            .map(|(mix, index, mut latencies, elapsed)| Figures {
                bench: "append",
                mix: mix.name().to_owned(),
                subject: subjects[index].name().to_owned(),
                writers: self.writers,
                per_second: latencies.count() as f64 / elapsed.as_secs_f64(),
                p50_ms: latencies.percentile_ms(50.0),
                p99_ms: latencies.percentile_ms(99.0),
            })
            .collect();
        if self.json {
            for row in &figures {
                println!("{}", serde_json::to_string(row)?);
            }
        } else {
            println!(
                "One-event commands of about 400 bytes; {}; {} rounds in turn.\n",
                database.server, self.rounds
            );
            print_table(&figures, subjects[0].name());
        }
        Ok(())
    }

    /// One subject, one mix, once. The aggregates are new, so that nobody loads what an earlier round has written.
    async fn measure(&self, subject: &Arc<dyn Subject>, mix: Mix) -> anyhow::Result<(Latencies, Duration)> {
        let hot: Vec<Uuid> = (0..HOT_AGGREGATES).map(|_| Uuid::now_v7()).collect();
        let began = Instant::now();
        let end = began + Duration::from_secs(self.seconds);
        let writers: Vec<_> = (0..self.writers)
            .map(|writer| {
                let (subject, hot) = (subject.clone(), hot[writer % HOT_AGGREGATES]);
                tokio::spawn(async move {
                    let mut latencies = Latencies::default();
                    let mut note = Uuid::now_v7();
                    for command in 0.. {
                        let asked = Instant::now();
                        if asked > end {
                            break;
                        }
                        match mix {
                            Mix::Hot => note = hot,
                            Mix::Distinct if command % COMMANDS_PER_AGGREGATE == 0 => note = Uuid::now_v7(),
                            Mix::Distinct => {}
                        }
                        subject.add_line(note).await?;
                        latencies.record(asked.elapsed());
                    }
                    anyhow::Ok(latencies)
                })
            })
            .collect();
        let mut all = Latencies::default();
        for writer in writers {
            all.merge(writer.await??);
        }
        Ok((all, began.elapsed()))
    }
}
