use std::time::{Duration, Instant};

use agrodeep_process_managers::release_lease;
use anyhow::{Context, Result};
use clap::Args;
use metrics_exporter_prometheus::PrometheusHandle;
use sqlx::PgPool;
use tokio::net::TcpListener;

use super::{housekeeping, process_managers, webhooks};
use crate::{
    banner,
    cli::{Common, Flag},
    compose::{self, ReadSide, WriteSide},
    data_dir::{DataDir, Ownership},
    database::{Databases, watch},
    demo,
    lifecycle::{Parts, Signals, listen, local_url},
    settings::Settings,
    telemetry,
};

/// Run everything in this process, on a private PostgreSQL unless DATABASE_URL names another
///
/// Starts the database, brings its tables up to date, and runs the write API, the read API, the projections, the process
/// managers and the simulated payment provider. SIGTERM or Ctrl-C stops it: nothing new is taken, what was accepted is
/// finished. After a crash it recovers by itself.
#[derive(Args, Debug)]
pub struct Up {
    /// Make an account for each role (their password is printed) and a small catalogue, unless they are there
    #[arg(long)]
    demo: bool,
    /// Where the write API listens [default: 127.0.0.1:3000]
    #[arg(long, value_name = "ADDR")]
    write: Option<String>,
    /// Where the read API listens [default: 127.0.0.1:3001]
    #[arg(long, value_name = "ADDR")]
    read: Option<String>,
}

impl Up {
    pub async fn run(self, common: &Common) -> Result<()> {
        let Self { demo, write, read } = self;
        let since = Instant::now();
        let settings = common.settings([Flag::write(write.as_ref()), Flag::read(read.as_ref())])?;
        telemetry::install_logs(&settings.log)?;
        let metrics = telemetry::install_metrics()?;
        let mut signals = Signals::install()?;
        let data_dir = DataDir::open(&settings.data_dir)?;
        let ownership = data_dir.own()?;
        let listeners = Listeners {
            write: listen(settings.write_address, "write_address", "--write").await?,
            read: listen(settings.read_address, "read_address", "--read").await?,
        };
        let running = tokio::select! {
            running = start(&settings, &data_dir, ownership, listeners, demo, metrics) => running?,
            name = signals.next() => {
                tracing::info!(signal = name, "stopping before it had started");
                return Ok(());
            }
        };
        let Running { parts, databases, pools, urls } = running;
        banner::show(
            &urls,
            &data_dir,
            &compose::describe_provider(&settings.payments),
            demo,
            since.elapsed(),
        );
        let outcome = parts.until_asked_to_stop(&mut signals).await;
        close(pools).await;
        databases.stop().await;
        tracing::info!("stopped");
        outcome
    }
}

struct Listeners {
    write: TcpListener,
    read: TcpListener,
}

/// Everything that has to be ended again.
struct Running {
    parts: Parts,
    databases: Databases,
    pools: Vec<PgPool>,
    urls: banner::Urls,
}

async fn start(
    settings: &Settings,
    data_dir: &DataDir,
    ownership: Ownership,
    listeners: Listeners,
    demo: bool,
    metrics: PrometheusHandle,
) -> Result<Running> {
    let urls = banner::Urls { write: local_url(&listeners.write)?, read: local_url(&listeners.read)? };
    let read_public_url = settings.read_public_url.clone().unwrap_or_else(|| urls.read.clone());
    let databases = Databases::own(settings, data_dir, ownership).await?;
    databases.migrate().await?;
    let write_side = WriteSide::open(settings, &databases).await?;
    if databases.is_private() {
        // Whoever held these was killed: nobody else has this database.
        release_lease(&write_side.pool).await.context("the lease of the process manager")?;
        if let Some(simulator) = &write_side.simulator {
            simulator.release_webhooks_of_dead_senders().await?;
        }
    }
    let (projections, projecting) = compose::projections(write_side.log.clone(), settings, &databases)?;
    let progress = projections.progress();
    let ReadSide { models, indexer, pool: reading } =
        ReadSide::open(write_side.log.clone(), settings, &databases, data_dir, Some(progress))?;

    say_what_is_not_limited(settings);
    let mut parts = Parts::default();
    let server_pid = databases.server_pid();
    parts.run("PostgreSQL", |stop| watch(server_pid, stop));
    parts.run("projections", |stop| async move {
        projections.run(stop).await;
        Ok(())
    });
    let (log, index_source) = (write_side.log.clone(), reading.clone());
    parts.run("index", |stop| async move {
        indexer.run(log, index_source, stop).await;
        Ok(())
    });
    process_managers::run(&mut parts, settings, &write_side);
    housekeeping::run(&mut parts, &write_side);
    if demo {
        demo::seed(&write_side).await?;
    }

    let secrets = compose::webhook_secrets(settings, data_dir)?;
    webhooks::run(&mut parts, settings, &write_side, &urls.write, &secrets)?;
    let admin = compose::Admin {
        parking: compose::parking_desk(&databases)?,
        rebuilds: compose::rebuilds(write_side.log.clone(), settings, &databases)?,
    };
    let (router, runner) = compose::write_api(&write_side, admin, secrets, &read_public_url, metrics.clone());
    parts.serve("write API", listeners.write, router);
    parts.finish_after_serving(async move { runner.drain().await });
    let measured = models.clone();
    parts.run("lag", |stop| async move {
        measured.keep_measuring(stop).await;
        Ok(())
    });
    let log = write_side.log.clone();
    let router = compose::read_api(
        log,
        models,
        &write_side.pool,
        settings,
        &read_public_url,
        metrics,
        parts.stopping(),
    );
    parts.serve("read API", listeners.read, router);
    Ok(Running { parts, databases, pools: vec![write_side.pool, projecting, reading], urls })
}

/// Lets go of connections; the database need not wait for them.
pub async fn close(pools: Vec<PgPool>) {
    let closed = futures::future::join_all(pools.iter().map(PgPool::close));
    if tokio::time::timeout(Duration::from_secs(1), closed).await.is_err() {
        tracing::warn!("some database connections were still in use");
    }
}

/// The setting is there already, so that nobody has to change theirs later.
pub fn say_what_is_not_limited(settings: &Settings) {
    if settings.rate_limits {
        tracing::info!("rate_limits is on, but this version does not limit requests yet");
    }
}
