//! What the things that can be asked of the market need to be done.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use chrono::TimeDelta;
use sqlx::PgPool;

use crate::{
    Executor,
    idempotency::Idempotency,
    numbers::Numbers,
    order::HoldSlots,
    payments::{difference::Differences, gateway::PaymentGateway},
    reservations::Reservations,
};

/// What the things that can be asked of the market need. Clones share everything.
#[derive(Clone)]
pub struct Commands {
    /// Executes commands on aggregates.
    pub executor: Executor,
    /// Gives out order and tracking numbers.
    pub numbers: Numbers,
    /// Keeps unique what must be.
    pub reservations: Reservations,
    /// Recognises requests that come again.
    pub idempotency: Idempotency,
    /// The payment provider.
    pub gateway: Arc<dyn PaymentGateway>,
    /// Keeps how the payment provider and the log differ.
    pub differences: Differences,
    /// Which unpaid orders of a buyer hold which product.
    pub hold_slots: HoldSlots,
    /// How long things take, and how much of them there may be.
    pub settings: CommandSettings,
}

/// How long things take, and how much of them there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommandSettings {
    /// How long stock is held for an order without payment. Buyers are told 30 minutes.
    pub hold: TimeDelta,
    /// How long a buyer who wants to pay is made to wait for the order's stock.
    pub payment_wait: Duration,
    /// How many unpaid orders of one buyer may hold the same product; `None`: any number.
    pub hold_limit: Option<NonZeroU32>,
}

impl Default for CommandSettings {
    fn default() -> Self {
        Self { hold: TimeDelta::minutes(30), payment_wait: Duration::from_secs(5), hold_limit: None }
    }
}

impl Commands {
    /// Everything on the write side's database `pool`, with the usual settings. Must be called within a tokio runtime.
    pub fn new(executor: Executor, pool: &PgPool, gateway: Arc<dyn PaymentGateway>) -> Self {
        Self {
            executor,
            numbers: Numbers::new(pool.clone()),
            reservations: Reservations::new(pool.clone()),
            idempotency: Idempotency::new(pool.clone()),
            gateway,
            differences: Differences::new(pool.clone()),
            hold_slots: HoldSlots::new(pool.clone()),
            settings: CommandSettings::default(),
        }
    }

    /// With other settings.
    #[must_use]
    pub fn with_settings(mut self, settings: CommandSettings) -> Self {
        self.settings = settings;
        self
    }
}
