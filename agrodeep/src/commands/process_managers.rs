use std::time::Duration;

use agrodeep_process_managers::{Runner, RunnerSettings};
use anyhow::Result;
use clap::Args;

use super::up::close;
use crate::{
    cli::Common,
    compose::{self, WriteSide},
    database::Databases,
    lifecycle::{Parts, Signals},
    settings::{SagaRetries, Settings},
    telemetry,
};

/// Run only the process managers, on the database that DATABASE_URL names
///
/// They fulfil orders: hold stock, ask for payment, schedule deliveries, undo what has to be undone. One instance works at
/// a time; others stand by and take over when it is gone.
#[derive(Args, Debug)]
pub struct ProcessManagers {}

impl ProcessManagers {
    pub async fn run(self, common: &Common) -> Result<()> {
        let Self {} = self;
        let settings = common.settings([None, None])?;
        telemetry::install_logs(&settings.log)?;
        let mut signals = Signals::install()?;
        let databases = Databases::configured(&settings, "process-managers")?;
        databases.ensure_migrated().await?;
        let write_side = WriteSide::open(&settings, &databases).await?;
        let mut parts = Parts::default();
        run(&mut parts, &settings, &write_side);
        let payments = compose::describe_provider(&settings.payments);
        tracing::info!(payments, "the process managers run");
        let outcome = parts.until_asked_to_stop(&mut signals).await;
        close(vec![write_side.pool]).await;
        outcome
    }
}

/// Fulfils orders in this process.
pub fn run(parts: &mut Parts, settings: &Settings, write_side: &WriteSide) {
    let SagaRetries { all, by_step } = write_side.saga_retries.clone();
    let runner_settings = RunnerSettings {
        stop_time: Duration::from_secs(2),
        retries: all,
        retries_by_step: by_step,
        ..compose::runner_settings(&settings.payments)
    };
    let runner = Runner::new(&write_side.commands, write_side.pool.clone(), runner_settings);
    if let Some((reconciliation, when)) = compose::reconciliation(&settings.payments, write_side) {
        parts.run("payment reconciliation", |stop| async move {
            reconciliation.run(when, stop).await;
            Ok(())
        });
    }
    parts.run("process managers", |stop| async move {
        runner.run(stop).await;
        Ok(())
    });
}
