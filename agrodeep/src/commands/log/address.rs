//! Addresses of logs. Nothing else knows which schemes there are.

use std::sync::Arc;

use agrodeep_event_store::{
    SharedLog,
    postgres::{self, LogLimits, PostgresLog},
};
use anyhow::{Context, Result, bail};
use secrecy::{ExposeSecret, SecretString};

const SCHEMES: &str = "postgres://user:password@host/database";

/// Opens the log at an address.
///
/// # Errors
/// When nobody keeps logs at such an address, or nobody answers there. The address is not repeated: it may have a password.
pub async fn open_log(url: &SecretString) -> Result<SharedLog> {
    let url = url.expose_secret();
    if !is_postgres(url) {
        bail!("{} is no address of a log: it looks like {SCHEMES}", scheme(url));
    }
    if !postgres::has_log(url).await? {
        bail!("there is no log in this database");
    }
    let log = PostgresLog::open(url, LogLimits::default()).await.context("the log cannot be opened")?;
    Ok(Arc::new(log))
}

/// Opens the log at an address, and makes its tables when they are not there yet.
///
/// # Errors
/// As [`open_log`], and when the tables cannot be made.
pub async fn open_or_make_log(url: &SecretString) -> Result<SharedLog> {
    if is_postgres(url.expose_secret()) {
        postgres::migrate(url.expose_secret()).await?;
    }
    open_log(url).await
}

pub fn is_postgres(url: &str) -> bool {
    matches!(url.split_once("://"), Some(("postgres" | "postgresql", _)))
}

fn scheme(url: &str) -> String {
    url.split_once("://").map_or_else(|| "what was given".to_owned(), |(scheme, _)| format!("`{scheme}://…`"))
}
