//! `agrodeep replay`: the log as lines, or as Parquet files by day.

mod filters;
mod folder;
mod lines;
mod manifest;

use std::{path::PathBuf, sync::Arc};

use agrodeep_event_store::EventFilter;
use agrodeep_read_api::event_streams::view::Viewer;
use agrodeep_schemas::Masking;
use anyhow::Result;
use clap::Args;
use secrecy::SecretString;

use self::filters::Filters;
use super::log::OpenLog;
use crate::{cli::Common, compose, telemetry};

/// Replay the log: as lines of JSON on stdout, or as Parquet files by day
///
/// Works beside a running `up`, and on its own. Personal data is hidden unless --unmasked says otherwise. Lines end with one
/// that says how many events there were; files come with a manifest. docs/analysts.md has examples.
#[derive(Args, Debug)]
pub struct ReplayLog {
    /// Write Parquet files into this folder, by the day on which the log took the events (UTC). Stopped at any moment and
    /// started again, it goes on where it was; started later, it adds what has come since
    #[arg(long, value_name = "DIR", conflicts_with_all = ["backwards", "limit", "after", "before"])]
    to: Option<PathBuf>,
    /// Show personal data, too
    #[arg(long)]
    unmasked: bool,
    #[command(flatten)]
    filters: Filters,
    /// Which log [default: the configured one]
    #[arg(long, value_name = "URL")]
    url: Option<SecretString>,
}

impl ReplayLog {
    pub async fn run(self, common: &Common) -> Result<()> {
        let Self { to, unmasked, filters, url } = self;
        let settings = common.settings([None, None])?;
        telemetry::install_logs(&settings.log)?;
        let catalogue = compose::catalogue();
        let selection = filters.selection(&catalogue)?;
        let viewer =
            if unmasked { Viewer::unmasked() } else { Viewer::masked(Arc::new(Masking::of(catalogue))) };
        let open = OpenLog::open(url, &settings).await?;
        let done = match to {
            Some(folder) => {
                let filter: EventFilter = selection.filter;
                folder::write(&open.log, &folder, filter, &viewer, unmasked).await
            }
            None => lines::write(&open.log, selection, filters.limit, &viewer).await,
        };
        open.close().await;
        done
    }
}
