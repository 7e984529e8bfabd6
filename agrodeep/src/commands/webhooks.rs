//! The simulated payment provider tells what happened, by webhooks.

use anyhow::{Context, Result};
use secrecy::SecretString;

use crate::{compose::WriteSide, data_dir::DataDir, lifecycle::Parts, settings::Settings};

/// What webhooks are signed with: as configured, or generated once for the data folder.
///
/// # Errors
/// When the data folder cannot be written to.
pub fn secret(settings: &Settings, data_dir: &DataDir) -> Result<SecretString> {
    match &settings.webhook_secret {
        Some(secret) => Ok(secret.clone()),
        None => data_dir.secret("webhook-secret", "whsec_"),
    }
}

/// Sends webhooks to the write API, which is at `write_url` unless the settings say otherwise.
///
/// # Errors
/// When the address cannot be used.
pub fn run(
    parts: &mut Parts,
    settings: &Settings,
    write_side: &WriteSide,
    write_url: &str,
    secret: SecretString,
) -> Result<()> {
    let url = match &settings.webhook_url {
        Some(url) => url.clone(),
        None => format!("{write_url}/v1/payments/webhook"),
    };
    let url = reqwest::Url::parse(&url).context("webhook_url")?;
    let gateway = write_side.gateway.clone();
    parts.run("webhooks", |stop| async move { Ok(gateway.deliver_webhooks(url, secret, stop).await?) });
    Ok(())
}
