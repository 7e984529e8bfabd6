//! `agrodeep bench replay`: how fast a log is replayed, in each form, beside `psql` copying the same rows out.

mod readers;
mod served;

use std::{sync::Arc, time::Instant};

use agrodeep_event_store::{
    SharedLog,
    postgres::{LogLimits, PostgresLog},
};
use clap::Args;
use indicatif::ProgressBar;

use self::{readers::Reader, served::Served};
use super::{
    contest::settle,
    database::{BenchServer, PrivatePlace},
    growth::fill,
    measured::{Measured, Round},
    outcome::Outcome,
};

/// Events a second of a whole log: in the process, as NDJSON, SSE and Parquet over HTTP, beside psql's COPY
#[derive(Args, Debug)]
pub struct ReplayBench {
    /// How many events the log has
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1_000..=1_000_000_000))]
    pub events: u64,
    /// How many rounds, each of all forms in turn
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub rounds: u32,
    #[command(flatten)]
    pub place: PrivatePlace,
    /// Print one JSON line a figure instead of tables
    #[arg(long)]
    pub json: bool,
}

impl ReplayBench {
    pub async fn measure(&self, server: &BenchServer) -> anyhow::Result<Outcome> {
        let database = server.database("bench_replay").await?;
        fill::fill(&database.url, self.events).await?;
        let log: SharedLog = Arc::new(PostgresLog::open(&database.url, LogLimits::default()).await?);
        let served = Served::start(log.clone(), &database.url).await?;
        let mut figures: Vec<Measured> = Reader::ALL
            .iter()
            .map(|reader| Measured {
                bench: "replay",
                mix: "whole log".to_owned(),
                subject: reader.name().to_owned(),
                writers: 1,
                rounds: vec![],
            })
            .collect();
        let progress = ProgressBar::new(u64::from(self.rounds + 1) * Reader::ALL.len() as u64);
        for round in 0..=self.rounds {
            for (reader, figure) in Reader::ALL.iter().zip(&mut figures) {
                settle().await?;
                let began = Instant::now();
                reader.read_all(&log, &served, &database.url, self.events).await?;
                let seconds = began.elapsed().as_secs_f64();
                // The first round brings what is read into memory.
                if round > 0 {
                    let commands = usize::try_from(self.events)?;
                    let per_second = self.events as f64 / seconds;
                    figure.rounds.push(Round { commands, per_second, took: None, batch: None });
                }
                progress.inc(1);
            }
        }
        progress.finish_and_clear();
        served.stop().await;
        let method = format!(
            "A log of {} one-event commands of about 400 bytes, read from the first event to the last by one reader; {} rounds of \
             all forms in turn, after one that does not count. *psql COPY*: `psql -c 'copy (select …) to stdout'` of the same \
             columns in the same order, into /dev/null. *in the process*: typed events, nothing written. NDJSON, SSE and Parquet: \
             over HTTP on this machine, as an auditor, to a client that counts what comes. {}",
            super::number::whole(self.events as f64),
            self.rounds,
            database.server
        );
        let mut outcome = Outcome::new("replay", "Replaying the log", method, figures);
        let times: Vec<_> = Reader::ALL
            .iter()
            .filter(|reader| **reader != Reader::PsqlCopy)
            .filter_map(|reader| {
                let ours = outcome.find(reader.name(), "whole log", 1)?;
                let theirs = outcome.find(Reader::PsqlCopy.name(), "whole log", 1)?;
                Some((format!("{}, of psql COPY", reader.name()), ours.times(theirs).median))
            })
            .collect();
        for (what, times) in times {
            outcome.fact(what, times, " ×");
        }
        Ok(outcome)
    }
}
