//! The simulated payment provider tells what happened, by webhooks. Stripe does that by itself.

use anyhow::{Context, Result};
use secrecy::SecretString;

use crate::{compose::WriteSide, lifecycle::Parts, settings::Settings};

/// Sends the simulated provider's webhooks to the write API, which is at `write_url` unless the settings say otherwise, signed
/// with the first of `secrets`.
///
/// # Errors
/// When the address cannot be used.
pub fn run(
    parts: &mut Parts,
    settings: &Settings,
    write_side: &WriteSide,
    write_url: &str,
    secrets: &[SecretString],
) -> Result<()> {
    let (Some(simulator), Some(secret)) = (write_side.simulator.clone(), secrets.first().cloned()) else {
        return Ok(());
    };
    let url = match &settings.webhook_url {
        Some(url) => url.clone(),
        None => format!("{write_url}/v1/payments/webhook"),
    };
    let url = reqwest::Url::parse(&url).context("webhook_url")?;
    parts.run("webhooks", |stop| async move { Ok(simulator.deliver_webhooks(url, secret, stop).await?) });
    Ok(())
}
