use anyhow::Result;
use clap::Args;

use crate::{cli::Common, data_dir::DataDir, database::Databases, telemetry, terminal::say};

/// Bring the database's tables up to date; `up` does it by itself
///
/// Run it once before the parts are started as processes of their own. What has been done already is not done again.
#[derive(Args, Debug)]
pub struct Migrate {}

impl Migrate {
    pub async fn run(self, common: &Common) -> Result<()> {
        let Self {} = self;
        let settings = common.settings([None, None])?;
        telemetry::install_logs(&settings.log)?;
        let data_dir = DataDir::open(&settings.data_dir)?;
        let databases = Databases::beside_others(&settings, &data_dir).await?;
        let migrated = databases.migrate().await;
        databases.stop().await;
        migrated?;
        say("The tables are up to date.");
        Ok(())
    }
}
