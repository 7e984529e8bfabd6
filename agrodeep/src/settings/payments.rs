//! What can be set about payments, and about the stock that is kept until they come.

use std::{num::NonZeroU32, time::Duration};

use agrodeep_commands::payments::{simulated::Behaviour, stripe};
use secrecy::SecretString;

use super::{SettingsProblem, catalogue as known, reader::Reader};

/// Payments, and the stock that is kept until they come.
#[derive(Clone, Debug)]
pub struct PaymentSettings {
    /// The account at Stripe; `None`: the provider is simulated.
    pub stripe: Option<StripeAccount>,
    /// How the simulated provider behaves.
    pub simulator: Behaviour,
    /// How long stock is kept longer, once, while the provider has not decided about a payment. Zero: not at all.
    pub hold_extension: Duration,
    /// How many unpaid orders of one buyer may hold the same product; `None`: any number.
    pub hold_limit: Option<NonZeroU32>,
    /// How often the provider is asked about payments without an outcome; `None`: never.
    pub reconcile_every: Option<Duration>,
    /// After which time a payment without an outcome is asked about.
    pub reconcile_after: Duration,
}

/// An account at Stripe. `Debug` hides the secrets.
#[derive(Clone, Debug)]
pub struct StripeAccount {
    /// The secret or restricted key.
    pub secret_key: SecretString,
    /// What webhooks are signed with: several while they are rotated.
    pub webhook_secrets: Vec<SecretString>,
    /// Where Stripe is, without a slash at the end.
    pub api_base: String,
}

pub(super) fn load(reader: &Reader) -> Result<PaymentSettings, SettingsProblem> {
    let every = reader.required(&known::RECONCILE_EVERY_SECONDS, known::seconds(0..=86_400))?;
    let limits = reader.required(&known::RATE_LIMITS, known::on_or_off)?;
    let hold_limit = reader.required(&known::HOLD_LIMIT_ORDERS, known::number(0..=1_000))?;
    Ok(PaymentSettings {
        stripe: stripe_account(reader)?,
        simulator: Behaviour {
            answer_delay: reader
                .required(&known::SIMULATOR_LATENCY_MILLISECONDS, known::milliseconds(0..=10_000))?,
            webhook_copies: reader.required(&known::SIMULATOR_WEBHOOK_COPIES, known::number(1..=10))?,
            webhook_shuffle: reader
                .required(&known::SIMULATOR_WEBHOOK_SHUFFLE_MILLISECONDS, known::milliseconds(0..=4_000))?,
            webhook_loss_percent: reader
                .required(&known::SIMULATOR_WEBHOOK_LOSS_PERCENT, known::number(0..=100))?,
            seed: 0,
        },
        hold_extension: reader.required(&known::HOLD_EXTENSION_SECONDS, known::seconds(0..=86_400))?,
        // Who lifts the limits for a load test lifts this one as well.
        hold_limit: NonZeroU32::new(hold_limit).filter(|_| limits),
        reconcile_every: (!every.is_zero()).then_some(every),
        reconcile_after: reader.required(&known::RECONCILE_AFTER_SECONDS, known::seconds(0..=86_400))?,
    })
}

/// Both secrets or none: with one of them, payments would be asked for and never heard of.
fn stripe_account(reader: &Reader) -> Result<Option<StripeAccount>, SettingsProblem> {
    let secret_key = reader.optional(&known::STRIPE_SECRET_KEY, known::stripe_key)?;
    let webhook_secrets = reader.optional(&known::STRIPE_WEBHOOK_SECRETS, known::stripe_webhook_secrets)?;
    let api_base = reader.optional(&known::STRIPE_API_BASE, known::http_url)?;
    match (secret_key, webhook_secrets) {
        (Some(secret_key), Some(webhook_secrets)) => {
            let api_base = api_base.unwrap_or_else(|| stripe::API_BASE.to_owned());
            Ok(Some(StripeAccount { secret_key, webhook_secrets, api_base }))
        }
        (Some(_), None) => Err(missing("stripe_webhook_secrets", "stripe_secret_key")),
        (None, Some(_)) => Err(missing("stripe_secret_key", "stripe_webhook_secrets")),
        (None, None) if api_base.is_some() => Err(missing("stripe_secret_key", "stripe_api_base")),
        (None, None) => Ok(None),
    }
}

fn missing(setting: &'static str, given: &'static str) -> SettingsProblem {
    SettingsProblem::Missing { setting, given }
}
