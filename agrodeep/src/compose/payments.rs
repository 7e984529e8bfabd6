//! The payment provider: Stripe where there is an account, else one of our own.

use std::sync::Arc;

use agrodeep_commands::payments::{
    gateway::PaymentGateway,
    simulated::SimulatedGateway,
    stripe::{StripeGateway, StripeSettings},
};
use agrodeep_process_managers::{Reconciliation, ReconciliationSettings, RunnerSettings};
use anyhow::{Context, Result};
use secrecy::{ExposeSecret, SecretString};
use sqlx::PgPool;

use super::WriteSide;
use crate::{
    data_dir::DataDir,
    settings::{PaymentSettings, Settings, StripeAccount},
};

/// The payment provider, as the commands know it and as itself.
pub struct Provider {
    pub gateway: Arc<dyn PaymentGateway>,
    pub simulator: Option<SimulatedGateway>,
}

/// Stripe where the settings name an account, else the simulated provider in the database `pool`.
///
/// # Errors
/// When Stripe's address or key cannot be used.
pub fn payment_provider(settings: &PaymentSettings, pool: &PgPool) -> Result<Provider> {
    let Some(account) = &settings.stripe else {
        let simulator = SimulatedGateway::new(pool.clone()).with_behaviour(settings.simulator);
        return Ok(Provider { gateway: Arc::new(simulator.clone()), simulator: Some(simulator) });
    };
    let StripeAccount { secret_key, webhook_secrets: _, api_base } = account.clone();
    let stripe = StripeGateway::new(StripeSettings { api_base, ..StripeSettings::new(secret_key) })
        .context("stripe_api_base, stripe_secret_key")?;
    Ok(Provider { gateway: Arc::new(stripe), simulator: None })
}

/// Through whom payments go, for whoever starts it.
pub fn describe_provider(settings: &PaymentSettings) -> String {
    match &settings.stripe {
        None => "simulated: no money moves".to_owned(),
        Some(account) => {
            let mode = if account.secret_key.expose_secret().contains("_live_") {
                "LIVE: real money moves"
            } else {
                "test mode"
            };
            format!("Stripe at {} ({mode})", account.api_base)
        }
    }
}

/// What webhooks may be signed with: as configured, or what the simulated provider signs with, which is generated once for
/// the data folder.
///
/// # Errors
/// When the data folder cannot be written to.
pub fn webhook_secrets(settings: &Settings, data_dir: &DataDir) -> Result<Vec<SecretString>> {
    match (&settings.payments.stripe, &settings.webhook_secret) {
        (Some(account), _) => Ok(account.webhook_secrets.clone()),
        (None, Some(secret)) => Ok(vec![secret.clone()]),
        (None, None) => Ok(vec![data_dir.secret("webhook-secret", "whsec_")?]),
    }
}

/// What asks the provider about payments without an outcome, and when; `None`: nobody does.
pub fn reconciliation(
    settings: &PaymentSettings,
    write_side: &WriteSide,
) -> Option<(Reconciliation, ReconciliationSettings)> {
    let every = settings.reconcile_every?;
    let reconciliation = Reconciliation::new(write_side.commands.clone(), write_side.pool.clone());
    Some((reconciliation, ReconciliationSettings { every, after: settings.reconcile_after }))
}

/// How fulfilments are run, as far as it concerns payments.
pub fn runner_settings(settings: &PaymentSettings) -> RunnerSettings {
    RunnerSettings { payment_extension: settings.hold_extension, ..RunnerSettings::default() }
}
