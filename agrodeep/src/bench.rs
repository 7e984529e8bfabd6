//! Benchmarks: ours beside others, in one run, on one Postgres, in turns. Figures are ratios: machines differ.

mod append;
mod axis;
mod charts;
mod contest;
mod database;
mod durations;
mod goal;
mod growth;
mod hot;
mod interrupt;
mod latency;
mod load;
mod market;
mod measured;
mod note;
mod number;
mod outcome;
mod plot;
mod positions;
mod processes;
mod processor;
mod project;
mod projecting;
mod rebuild;
mod recommendations;
mod replay;
mod report;
mod routes;
mod saga;
mod search;
mod spread;
mod subjects;
mod worker;
mod workload;

use clap::Subcommand;

use self::{database::BenchServer, interrupt::until_interrupted, outcome::Outcome};

/// Measure, beside others, on this machine
#[derive(Debug, Subcommand)]
pub enum Bench {
    Append(append::AppendBench),
    Hot(hot::HotBench),
    Latency(latency::LatencyBench),
    Processes(processes::ProcessesBench),
    Growth(growth::GrowthBench),
    Load(load::LoadBench),
    Replay(replay::ReplayBench),
    Search(search::SearchBench),
    Routes(routes::RoutesBench),
    Saga(saga::SagaBench),
    Recommendations(recommendations::RecommendationsBench),
    Positions(positions::PositionsBench),
    Project(project::ProjectBench),
    Rebuild(rebuild::RebuildBench),
    Report(report::ReportBench),
    #[command(hide = true)]
    Worker(worker::Worker),
}

impl Bench {
    /// Measures and prints.
    ///
    /// # Errors
    /// What kept it from measuring.
    pub async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Worker(worker) => worker.run().await,
            Self::Report(report) => until_interrupted(Box::pin(report.run())).await,
            Self::Append(bench) => {
                until_interrupted(async {
                    print(&bench.measure(&BenchServer::at(&bench.place).await?).await?, bench.json)
                })
                .await
            }
            Self::Hot(bench) => {
                until_interrupted(async {
                    print(&bench.measure(&BenchServer::at(&bench.place).await?).await?, bench.json)
                })
                .await
            }
            Self::Latency(bench) => {
                until_interrupted(async {
                    print(&bench.measure(&BenchServer::at(&bench.place).await?).await?, bench.json)
                })
                .await
            }
            Self::Processes(bench) => {
                until_interrupted(async {
                    print(&bench.measure(&BenchServer::at(&bench.place).await?).await?, bench.json)
                })
                .await
            }
            Self::Load(bench) => {
                until_interrupted(async {
                    print(&bench.measure(&BenchServer::at(&bench.place).await?).await?, bench.json)
                })
                .await
            }
            Self::Positions(bench) => {
                until_interrupted(async {
                    print(&bench.measure(&BenchServer::at(&bench.place).await?).await?, bench.json)
                })
                .await
            }
            Self::Search(bench) => {
                until_interrupted(async {
                    print(&bench.measure(&BenchServer::at(&bench.place).await?).await?, bench.json)
                })
                .await
            }
            Self::Replay(bench) => {
                until_interrupted(async {
                    print(&bench.measure(&BenchServer::private(&bench.place).await?).await?, bench.json)
                })
                .await
            }
            Self::Project(bench) => {
                until_interrupted(async {
                    print(&bench.measure(&BenchServer::private(&bench.place).await?).await?, bench.json)
                })
                .await
            }
            Self::Routes(bench) => {
                until_interrupted(async { print(&bench.measure().await?, bench.json) }).await
            }
            Self::Saga(bench) => {
                until_interrupted(async { print(&bench.measure().await?, bench.json) }).await
            }
            Self::Recommendations(bench) => {
                until_interrupted(async { print(&bench.measure().await?, bench.json) }).await
            }
            Self::Rebuild(bench) => {
                until_interrupted(async {
                    print(&bench.measure(&BenchServer::private(&bench.place).await?).await?, bench.json)
                })
                .await
            }
            Self::Growth(bench) => {
                bench.ensure_room()?;
                until_interrupted(async {
                    print(&bench.measure(&BenchServer::private(&bench.place).await?).await?, bench.json)
                })
                .await
            }
        }
    }
}

fn print(outcome: &Outcome, json: bool) -> anyhow::Result<()> {
    print!("{}", if json { outcome.json_lines()? } else { outcome.markdown() });
    Ok(())
}
