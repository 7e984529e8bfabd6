use anyhow::Result;
use clap::Args;

use super::{
    housekeeping,
    up::{close, say_what_is_not_limited},
    webhooks,
};
use crate::{
    cli::{Common, Flag},
    compose::{self, WriteSide},
    data_dir::DataDir,
    database::Databases,
    lifecycle::{Parts, Signals, listen, local_url},
    telemetry,
    terminal::say,
};

/// Run only the write API, on the database that DATABASE_URL names
///
/// Unless payments go through Stripe, the simulated payment provider runs with it and sends its webhooks to it. Several
/// write APIs need the same AGRODEEP_WEBHOOK_SECRET.
#[derive(Args, Debug)]
pub struct WriteApi {
    /// Where it listens [default: 127.0.0.1:3000]
    #[arg(long, value_name = "ADDR")]
    write: Option<String>,
}

impl WriteApi {
    pub async fn run(self, common: &Common) -> Result<()> {
        let Self { write } = self;
        let settings = common.settings([Flag::write(write.as_ref()), None])?;
        telemetry::install_logs(&settings.log)?;
        let metrics = telemetry::install_metrics()?;
        let mut signals = Signals::install()?;
        say_what_is_not_limited(&settings);
        let listener = listen(settings.write_address, "write_address", "--write").await?;
        let url = local_url(&listener)?;
        let data_dir = DataDir::open(&settings.data_dir)?;
        let databases = Databases::configured(&settings, "write-api")?;
        databases.ensure_migrated().await?;
        let write_side = WriteSide::open(&settings, &databases).await?;

        let mut parts = Parts::default();
        housekeeping::run(&mut parts, &write_side);
        let secrets = compose::webhook_secrets(&settings, &data_dir)?;
        webhooks::run(&mut parts, &settings, &write_side, &url, &secrets)?;
        let read_url =
            settings.read_public_url.clone().unwrap_or_else(|| format!("http://{}", settings.read_address));
        let admin = compose::Admin {
            parking: compose::parking_desk(&databases)?,
            rebuilds: compose::rebuilds(write_side.log.clone(), &settings, &databases)?,
        };
        let (router, runner) = compose::write_api(&write_side, admin, secrets, &read_url, metrics);
        parts.serve("write API", listener, router);
        parts.finish_after_serving(async move { runner.drain().await });
        say(format!("write API  {url}   to try it: {url}/docs"));
        say(format!("payments   {}", compose::describe_provider(&settings.payments)));
        let outcome = parts.until_asked_to_stop(&mut signals).await;
        close(vec![write_side.pool]).await;
        outcome
    }
}
