use std::time::Instant;

use agrodeep_event_store::{
    SharedLog,
    copy::{
        Copied, CopyPhase, CopyProgress, EventOrder, LogSource, PostgresEsOptions, PostgresEsSource, Source,
        copy,
    },
};
use anyhow::{Context, Result};
use clap::Args;
use secrecy::{ExposeSecret, SecretString};

use super::{
    OpenLog,
    address::open_or_make_log,
    progress::{Progress, grouped, total},
};
use crate::{settings::Settings, terminal::say};

/// Copy a log into another store, event for event, and check by hash that it is the same
///
/// Stopped at any moment and started again, it goes on where it was: what the target holds is compared with the source
/// first. Nobody may append to the target meanwhile. docs/moving-logs.md tells what is kept and what is not.
#[derive(Args, Debug)]
pub struct Copy {
    /// The log to copy [default: the configured log]
    #[arg(long, value_name = "URL", required_if_eq("postgres_es", "true"))]
    from: Option<SecretString>,
    /// Where to: an empty store, or one that an earlier copy was made into
    #[arg(long, value_name = "URL")]
    to: SecretString,
    /// The source is the `events` table of an application that uses postgres-es
    #[arg(long)]
    postgres_es: bool,
    /// The name of that table
    #[arg(long, value_name = "NAME", default_value = "events", requires = "postgres_es")]
    table: String,
    /// Its events in the order of the times under this metadata key [default: aggregate after aggregate]
    #[arg(long, value_name = "KEY", requires = "postgres_es")]
    order_by_metadata: Option<String>,
}

impl Copy {
    pub(super) async fn run(self, settings: &Settings) -> Result<()> {
        let Self { from, to, postgres_es, table, order_by_metadata } = self;
        if let (true, Some(from)) = (postgres_es, &from) {
            let order = order_by_metadata.map_or(EventOrder::ByAggregate, EventOrder::ByMetadataTime);
            let options = PostgresEsOptions { table, order };
            let mut source = PostgresEsSource::open(from.expose_secret(), &options)
                .await
                .context("the source cannot be opened")?;
            let target = open_or_make_log(&to).await.context("the target cannot be used")?;
            let total = source.events();
            return copied(&mut source, &target, Some(total)).await;
        }
        let from = OpenLog::open(from, settings).await.context("the source cannot be used")?;
        let copied = async {
            let target = open_or_make_log(&to).await.context("the target cannot be used")?;
            copied(&mut LogSource::new(from.log.clone()), &target, total(&from.log).await).await
        };
        let copied = copied.await;
        from.close().await;
        copied
    }
}

async fn copied(source: &mut dyn Source, target: &SharedLog, total: Option<u64>) -> Result<()> {
    let began = Instant::now();
    let bar = Progress::begin("comparing", total);
    let mut phase = CopyPhase::Comparing;
    let report = copy(source, target, |progress: CopyProgress| {
        if progress.phase == phase {
            bar.at(progress.events);
        } else {
            phase = progress.phase;
            let what = match phase {
                CopyPhase::Comparing => "comparing",
                CopyPhase::Copying => "copying",
                CopyPhase::Verifying => "verifying",
            };
            bar.next(what, progress.events);
        }
    })
    .await;
    bar.end();
    let Copied { events, already_there, hash, target_head } = report.context("the log was not copied")?;
    let (new, seconds) = (events - already_there, began.elapsed().as_secs_f64());
    let rate = (new as f64 / seconds) as u64;
    if new == 0 {
        say("There was nothing to copy.");
    } else {
        say(format!("Copied {} events in {seconds:.1} s ({} a second).", grouped(new), grouped(rate)));
    }
    if already_there > 0 {
        say(format!("{} were there before, and are the same.", grouped(already_there)));
    }
    say(format!(
        "Both logs have {} events and the hash {hash}; the copy's head is {target_head}.",
        grouped(events)
    ));
    Ok(())
}
