//! Benchmarks: ours beside others, in one run, on one Postgres, in turns. Figures are ratios: machines differ.

mod append;
mod database;
mod latency;
mod note;
mod report;

use clap::Subcommand;

/// Measure, beside others, on this machine
#[derive(Debug, Subcommand)]
pub enum Bench {
    Append(append::AppendBench),
}

impl Bench {
    /// Measures and prints.
    ///
    /// # Errors
    /// What kept it from measuring.
    pub async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Append(bench) => bench.run().await,
        }
    }
}
