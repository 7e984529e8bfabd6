//! What can be set, and from where: defaults, then the file, then the environment, then flags.
//!
//! Strict: a name that nothing knows, or a value that cannot be used, is one line that names the setting, where it came
//! from and what would be right. All of it is checked before anything starts.

mod catalogue;
mod payments;
mod problem;
mod reader;
mod retries;
mod sources;

use std::{net::SocketAddr, num::NonZeroU32, path::PathBuf, time::Duration};

use secrecy::SecretString;

use self::{catalogue as known, reader::Reader, retries::saga_retries};
pub use self::{
    catalogue::event_store_url,
    payments::{PaymentSettings, StripeAccount},
    problem::SettingsProblem,
    retries::SagaRetries,
    sources::{Flags, Sources},
};

/// How this process is to run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where everything is that must outlive the process: the private PostgreSQL, the search index, secrets.
    pub data_dir: PathBuf,
    /// Where `postgres` and `initdb` are; looked for when `None`.
    pub postgres_bin_dir: Option<PathBuf>,
    /// The database of the log; `None`: a private one under the data folder.
    pub database_url: Option<SecretString>,
    /// Where read models are read from; `None`: the database of the log.
    pub database_read_url: Option<SecretString>,
    /// The log on KurrentDB; `None`: in the database.
    pub event_store_url: Option<SecretString>,
    /// Connections of the write side, at most.
    pub database_connections: u32,
    /// Connections that queries are answered with, at most.
    pub database_read_connections: u32,
    /// Where the write API listens.
    pub write_address: SocketAddr,
    /// Where the read API listens.
    pub read_address: SocketAddr,
    /// Under which address clients reach the read API; `None`: where it listens.
    pub read_public_url: Option<String>,
    /// How long stock is kept for an order that is not paid.
    pub hold: Duration,
    /// After about how many events a stream's state is kept beside the log; `None`: never.
    pub snapshot_every_events: Option<NonZeroU32>,
    /// How often and after which pauses the steps of fulfilments are tried again.
    pub saga_retries: SagaRetries,
    /// How long a query waits for its read model to reach `Agrodeep-Min-Position`.
    pub read_wait: Duration,
    /// How long rows are kept that were replaced by others, built anew.
    pub rebuild_grace: Duration,
    /// Whether rate limits are enforced.
    pub rate_limits: bool,
    /// What the simulated payment provider signs its webhooks with; `None`: a generated one in the data folder.
    pub webhook_secret: Option<SecretString>,
    /// Where the simulated payment provider sends its webhooks; `None`: to the write API.
    pub webhook_url: Option<String>,
    /// Payments, and the stock that is kept until they come.
    pub payments: PaymentSettings,
    /// What is logged.
    pub log: LogSettings,
}

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSettings {
    /// `error` … `trace`, or directives such as `info,agrodeep_commands=debug`.
    pub level: String,
    /// How a line looks.
    pub format: LogFormat,
}

/// How a log line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people when stderr is a terminal, JSON otherwise.
    Auto,
    /// One JSON object a line.
    Json,
    /// For people.
    Pretty,
}

impl Settings {
    /// Puts together what `sources` say.
    ///
    /// # Errors
    /// [`SettingsProblem`], the first one found.
    pub fn load(sources: &Sources) -> Result<Self, SettingsProblem> {
        let reader = Reader::new(sources.merged()?)?;
        Ok(Self {
            data_dir: reader.required(&known::DATA_DIR, known::path)?,
            postgres_bin_dir: reader.optional(&known::POSTGRES_BIN_DIR, known::path)?,
            database_url: reader.optional(&known::DATABASE_URL, known::postgres_url)?,
            database_read_url: reader.optional(&known::DATABASE_READ_URL, known::postgres_url)?,
            event_store_url: reader.optional(&known::EVENT_STORE_URL, known::event_store_url)?,
            database_connections: reader.required(&known::DATABASE_CONNECTIONS, known::number(1..=1000))?,
            database_read_connections: reader
                .required(&known::DATABASE_READ_CONNECTIONS, known::number(1..=1000))?,
            write_address: reader.required(&known::WRITE_ADDRESS, known::address)?,
            read_address: reader.required(&known::READ_ADDRESS, known::address)?,
            read_public_url: reader.optional(&known::READ_PUBLIC_URL, known::http_url)?,
            hold: reader.required(&known::HOLD_SECONDS, known::seconds(1..=86_400))?,
            snapshot_every_events: NonZeroU32::new(
                reader.required(&known::SNAPSHOT_EVERY_EVENTS, known::number(0..=1_000_000))?,
            ),
            saga_retries: reader.required(&known::SAGA_RETRIES, saga_retries)?,
            read_wait: reader.required(&known::READ_WAIT_SECONDS, known::seconds(0..=60))?,
            rebuild_grace: reader.required(&known::REBUILD_GRACE_SECONDS, known::seconds(0..=604_800))?,
            rate_limits: reader.required(&known::RATE_LIMITS, known::on_or_off)?,
            webhook_secret: reader.optional(&known::WEBHOOK_SECRET, known::secret)?,
            webhook_url: reader.optional(&known::WEBHOOK_URL, known::http_url)?,
            payments: payments::load(&reader)?,
            log: LogSettings {
                level: reader.required(&known::LOG_LEVEL, known::log_level)?,
                format: reader.required(&known::LOG_FORMAT, known::log_format)?,
            },
        })
    }
}

#[cfg(test)]
mod tests;
