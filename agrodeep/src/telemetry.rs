//! Logs to stderr and metrics for `/metrics`.

mod json;
mod metrics;

use std::io::{self, IsTerminal};

use tracing_subscriber::{EnvFilter, Layer, layer::SubscriberExt, util::SubscriberInitExt};

pub use self::metrics::install_metrics;
use crate::settings::{LogFormat, LogSettings};

/// What libraries say at `info` is of no use to who runs AgroDeep.
const QUIET: &str =
    "hyper=warn,h2=warn,reqwest=warn,rustls=warn,sqlx=warn,tantivy=warn,tokio_postgres=warn,tower_http=warn";

/// Logs go to stderr from now on.
///
/// # Errors
/// When they already do.
pub fn install_logs(settings: &LogSettings) -> anyhow::Result<()> {
    let LogSettings { level, format } = settings;
    let filter = EnvFilter::builder().parse(format!("{QUIET},{level}"))?;
    let pretty = match format {
        LogFormat::Pretty => true,
        LogFormat::Json => false,
        LogFormat::Auto => io::stderr().is_terminal(),
    };
    let lines = if pretty {
        tracing_subscriber::fmt::layer()
            .compact()
            .with_target(false)
            .with_ansi(io::stderr().is_terminal())
            .with_writer(io::stderr)
            .boxed()
    } else {
        json::JsonLines::new(io::stderr).boxed()
    };
    tracing_subscriber::registry().with(lines.with_filter(filter)).try_init()?;
    Ok(())
}
