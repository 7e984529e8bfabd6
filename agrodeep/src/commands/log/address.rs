//! Addresses of logs, as people give them to commands.

use agrodeep_event_store::{SharedLog, postgres};
use anyhow::{Result, bail};
use secrecy::{ExposeSecret, SecretString};

use crate::{compose, settings::event_store_url};

const SCHEMES: &str = "postgres://user:password@host/database or kurrentdb://user:password@host:2113";

/// Opens the log at an address.
///
/// # Errors
/// When nobody keeps logs at such an address, or nobody answers there. A password in it is not repeated.
pub async fn open_log(url: &SecretString) -> Result<SharedLog> {
    let url = url.expose_secret();
    if is_postgres(url) {
        if !postgres::has_log(url).await? {
            bail!("there is no log in this database");
        }
    } else if event_store_url(url).is_none() {
        bail!("{} is no address of a log: it looks like {SCHEMES}", scheme(url));
    }
    compose::open_log(url).await
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
