use anyhow::Result;
use clap::Args;

use super::up::{close, say_what_is_not_limited};
use crate::{
    cli::{Common, Flag},
    compose::{self, ReadSide, configured_log, pool},
    data_dir::DataDir,
    database::Databases,
    lifecycle::{Parts, Signals, listen, local_url},
    telemetry,
    terminal::say,
};

/// Run only the read API, on the database that DATABASE_URL names
///
/// Reads the read models from DATABASE_READ_URL when it is set, and keeps a product index of its own under the data folder.
#[derive(Args, Debug)]
pub struct ReadApi {
    /// Where it listens [default: 127.0.0.1:3001]
    #[arg(long, value_name = "ADDR")]
    read: Option<String>,
}

impl ReadApi {
    pub async fn run(self, common: &Common) -> Result<()> {
        let Self { read } = self;
        let settings = common.settings([None, Flag::read(read.as_ref())])?;
        telemetry::install_logs(&settings.log)?;
        let metrics = telemetry::install_metrics()?;
        let mut signals = Signals::install()?;
        say_what_is_not_limited(&settings);
        let listener = listen(settings.read_address, "read_address", "--read").await?;
        let url = local_url(&listener)?;
        let data_dir = DataDir::open(&settings.data_dir)?;
        let databases = Databases::configured(&settings, "read-api")?;
        databases.ensure_migrated().await?;
        let log = configured_log(&settings, &databases).await?;
        let ReadSide { models, indexer, pool: reading } =
            ReadSide::open(log.clone(), &settings, &databases, &data_dir, None)?;
        let tables = pool(&databases.read_url, 2)?;

        let mut parts = Parts::default();
        let (followed, index_source) = (log.clone(), reading.clone());
        parts.run("index", |stop| async move {
            indexer.run(followed, index_source, stop).await;
            Ok(())
        });
        let measured = models.clone();
        parts.run("lag", |stop| async move {
            measured.keep_measuring(stop).await;
            Ok(())
        });
        let public_url = settings.read_public_url.clone().unwrap_or_else(|| url.clone());
        let stop = parts.stopping();
        let router = compose::read_api(log, models, &tables, &settings, &public_url, metrics, stop);
        parts.serve("read API", listener, router);
        say(format!("read API  {url}   to try it: {url}/docs"));
        let outcome = parts.until_asked_to_stop(&mut signals).await;
        close(vec![reading, tables]).await;
        outcome
    }
}
