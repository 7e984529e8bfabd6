use anyhow::Result;
use clap::Args;

use super::up::close;
use crate::{
    cli::Common,
    compose::{self, configured_log},
    database::Databases,
    lifecycle::{Parts, Signals},
    telemetry,
};

/// Run only the projections, on the database that DATABASE_URL names
///
/// They keep the read models in the database up to date. The product index is not among them: each read API keeps its own.
#[derive(Args, Debug)]
pub struct Projections {}

impl Projections {
    pub async fn run(self, common: &Common) -> Result<()> {
        let Self {} = self;
        let settings = common.settings([None, None])?;
        telemetry::install_logs(&settings.log)?;
        let mut signals = Signals::install()?;
        let databases = Databases::configured(&settings, "projections")?;
        databases.ensure_migrated().await?;
        let log = configured_log(&settings, &databases).await?;
        let (projections, pool) = compose::projections(log, &settings, &databases)?;
        let mut parts = Parts::default();
        parts.run("projections", |stop| async move {
            projections.run(stop).await;
            Ok(())
        });
        tracing::info!("the projections run");
        let outcome = parts.until_asked_to_stop(&mut signals).await;
        close(vec![pool]).await;
        outcome
    }
}
