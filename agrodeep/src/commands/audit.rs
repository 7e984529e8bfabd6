use agrodeep_projections::verify::{How, Report, compare_index, rebuild_and_compare};
use anyhow::{Result, bail};
use clap::{Args, Subcommand};

use crate::{
    cli::Common,
    compose::{self, configured_log},
    data_dir::DataDir,
    database::Databases,
    telemetry,
    terminal::{say, say_table},
};

/// Check what is there against the log
#[derive(Debug, Subcommand)]
pub enum Audit {
    ReadModels(AuditReadModels),
}

/// Build every read model anew from the log, beside those that are there, and compare; the product index, too
///
/// Works beside a running `up`, and on its own. Ends with status 1 when anything differs.
#[derive(Args, Debug)]
pub struct AuditReadModels {}

impl Audit {
    pub async fn run(self, common: &Common) -> Result<()> {
        match self {
            Self::ReadModels(audit) => audit.run(common).await,
        }
    }
}

impl AuditReadModels {
    async fn run(self, common: &Common) -> Result<()> {
        let Self {} = self;
        let settings = common.settings([None, None])?;
        telemetry::install_logs(&settings.log)?;
        let data_dir = DataDir::open(&settings.data_dir)?;
        let databases = Databases::beside_others(&settings, &data_dir).await?;
        let compared = async {
            databases.ensure_migrated().await?;
            let log = configured_log(&settings, &databases).await?;
            let (_, live) = compose::projections(log.clone(), &settings, &databases)?;
            let mut reports = vec![rebuild_and_compare(log.clone(), &live).await?];
            let index = compose::index_dir(&data_dir);
            if index.exists() {
                reports.push(compare_index(log, &live, &index).await?);
            } else {
                say("There is no product index in this data folder; it was not compared.");
            }
            live.close().await;
            anyhow::Ok(reports)
        };
        let compared = compared.await;
        databases.stop().await;
        tell(&compared?)
    }
}

fn tell(reports: &[Report]) -> Result<()> {
    let mut rows = vec![["table".to_owned(), "rows".to_owned()]];
    for report in reports {
        rows.extend(report.rows.iter().map(|(table, rows)| [table.clone(), rows.to_string()]));
    }
    say_table("  ", &rows);
    for difference in reports.iter().flat_map(|report| &report.differences) {
        let how = match &difference.how {
            How::Missing => "is missing".to_owned(),
            How::Superfluous => "should not be there".to_owned(),
            How::Columns(columns) => format!("differs in {}", columns.join(", ")),
        };
        say(format!("  {} {} {how}", difference.table, difference.key));
    }
    let upto: Vec<_> = reports
        .iter()
        .flat_map(|report| &report.positions)
        .map(|(model, position)| format!("{model} to {position}"))
        .collect();
    say(format!("Compared {}.", upto.join(", ")));
    match reports.iter().map(|report| report.differing).sum::<u64>() {
        0 => {
            say("Everything is as the log says.");
            Ok(())
        }
        1 => bail!("1 row differs from what the log says"),
        differing => bail!("{differing} rows differ from what the log says"),
    }
}
