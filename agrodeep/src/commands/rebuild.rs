//! `agrodeep rebuild`: read models built anew while everything goes on.

mod run;
mod tell;

use agrodeep_projections::{
    Model,
    rebuild::{RebuildRequest, Rebuilds},
    search::ProductIndex,
};
use anyhow::{Context, Result};
use clap::Args;
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use crate::{
    cli::Common,
    compose::{self, configured_log},
    data_dir::DataDir,
    database::Databases,
    lifecycle::Signals,
    telemetry,
    terminal::say,
};

/// Build a read model anew from the log, beside the live one, then switch: reading and writing go on
///
/// Works beside a running `up`, and on its own. Ctrl-C or --stop lets it rest; asked for again, it goes on from there. Killed,
/// it is gone on with by whoever runs the projections. docs/rebuilding.md tells more.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    agrodeep rebuild orders             build the orders anew, and show how far it is\n  \
    agrodeep rebuild                    what is being built anew, and what was\n  \
    agrodeep rebuild orders --stop      let it rest")]
pub struct Rebuild {
    /// Which read model: accounts, products, orders, order_history, deliveries, baskets, sagas or search; none: tell of all rebuilds
    projection: Option<Model>,
    /// The version of its rows, to be sure: only the one that this program writes can be built
    #[arg(long, value_name = "V", requires = "projection")]
    version: Option<i32>,
    /// In how many parts the log is read at the same time [default: as many as there are processors]
    #[arg(long, value_name = "N", requires = "projection")]
    shards: Option<u32>,
    /// Let a rebuild rest where it is
    #[arg(long, requires = "projection", conflicts_with_all = ["version", "shards", "discard"])]
    stop: bool,
    /// Give a rebuild up, with all that it has built
    #[arg(long, requires = "projection", conflicts_with_all = ["version", "shards"])]
    discard: bool,
}

impl Rebuild {
    pub async fn run(self, common: &Common) -> Result<()> {
        let settings = common.settings([None, None])?;
        telemetry::install_logs(&settings.log)?;
        let mut signals = Signals::install()?;
        let data_dir = DataDir::open(&settings.data_dir)?;
        let databases = Databases::beside_others(&settings, &data_dir).await?;
        let done = async {
            databases.ensure_migrated().await?;
            let log = configured_log(&settings, &databases).await?;
            let rebuilds = compose::rebuilds(log.clone(), &settings, &databases)?;
            // The index is built by whoever has it; when nobody runs, that is this process.
            let _indexing =
                self.projection.filter(|model| *model == Model::Search && !self.discard).and_then(|_| {
                    let (_, indexer) = ProductIndex::open(&compose::index_dir(&data_dir)).ok()?;
                    let (_, reading) = compose::projections(log.clone(), &settings, &databases).ok()?;
                    Some(AbortOnDropHandle::new(tokio::spawn(indexer.run(
                        log.clone(),
                        reading,
                        CancellationToken::new(),
                    ))))
                });
            self.act(&rebuilds, &mut signals).await
        };
        let done = done.await;
        databases.stop().await;
        done
    }

    async fn act(self, rebuilds: &Rebuilds, signals: &mut Signals) -> Result<()> {
        let Self { projection, version, shards, stop, discard } = self;
        let Some(model) = projection else {
            return tell::all(rebuilds).await;
        };
        if stop {
            let status = rebuilds.stop(model).await?;
            say(format!(
                "{model} rests at {} of {} events: {}.",
                status.position,
                status.head,
                tell::how_to_go_on(model)
            ));
            return Ok(());
        }
        if discard {
            rebuilds.discard(model).await?;
            say(format!("The rebuild of {model} is given up; the live rows are as they were."));
            return Ok(());
        }
        let request = RebuildRequest { model, version, shards, requested_by: "command line".to_owned() };
        run::run(rebuilds, &request, signals).await.with_context(|| format!("{model} was not built anew"))
    }
}
