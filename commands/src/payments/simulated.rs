//! A payment provider of our own, for trying things out and for tests. It behaves as Stripe does, as far as we need it: it
//! keeps its own ledger, it recognises idempotency keys, and it tells outcomes by signed webhooks over HTTP, again and again
//! until it hears 2xx.
//!
//! Its tables (`simulator_…`) stand for somebody else's system: nothing but this module reads them.

mod behaviour;
mod cards;
mod confirm;
mod intents;
mod ledger;
mod messages;
mod refunds;
mod webhooks;

use std::{sync::Arc, time::Duration};

use agrodeep_domain::OrderId;
use async_trait::async_trait;
use rand::{Rng, distr::Alphanumeric};
use sqlx::PgPool;
use tokio::sync::Notify;

pub use self::{
    behaviour::Behaviour,
    confirm::{ConfirmError, Confirmation, Outcome},
    ledger::LedgerEntry,
};
use super::gateway::{CreateIntent, CreateRefund, GatewayError, GatewayKey, Intent, PaymentGateway, Refund};

/// How often a sender looks by itself: other processes cannot wake it.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// The simulated provider. Clones share everything.
#[derive(Clone)]
pub struct SimulatedGateway {
    pool: PgPool,
    /// Wakes the senders of webhooks in this process; those of others look by themselves.
    to_tell: Arc<Notify>,
    look_every: Duration,
    behaviour: Behaviour,
}

impl SimulatedGateway {
    /// Keeps its ledger in the database `pool`.
    pub fn new(pool: PgPool) -> Self {
        Self {
            pool,
            to_tell: Arc::new(Notify::new()),
            look_every: LOOK_EVERY,
            behaviour: Behaviour::default(),
        }
    }

    /// Lets senders look for messages of other processes every so often; those of their own they hear of at once.
    #[must_use]
    pub fn with_look_every(mut self, look_every: Duration) -> Self {
        self.look_every = look_every;
        self
    }
}

impl SimulatedGateway {
    /// Lets it behave so.
    #[must_use]
    pub fn with_behaviour(mut self, behaviour: Behaviour) -> Self {
        self.behaviour = behaviour;
        self
    }

    /// How it behaves.
    pub const fn behaviour(&self) -> Behaviour {
        self.behaviour
    }

    /// Makes who asks wait, as another's system does.
    async fn take_time(&self) {
        if !self.behaviour.answer_delay.is_zero() {
            tokio::time::sleep(self.behaviour.answer_delay).await;
        }
    }
}

#[async_trait]
impl PaymentGateway for SimulatedGateway {
    fn name(&self) -> &'static str {
        "simulated"
    }

    async fn create_intent(&self, request: &CreateIntent, key: &GatewayKey) -> Result<Intent, GatewayError> {
        self.take_time().await;
        intents::create(&self.pool, request, key).await
    }

    async fn intent(&self, intent_id: &str) -> Result<Option<Intent>, GatewayError> {
        self.take_time().await;
        intents::by_id(&self.pool, intent_id).await
    }

    async fn intent_of_order(&self, order_id: OrderId) -> Result<Option<Intent>, GatewayError> {
        self.take_time().await;
        intents::of_order(&self.pool, order_id).await
    }

    async fn cancel_intent(&self, intent_id: &str, _key: &GatewayKey) -> Result<Intent, GatewayError> {
        self.take_time().await;
        // Cancelling is idempotent by itself, so the key has nothing to add.
        intents::cancel(&self.pool, intent_id).await
    }

    async fn refund(&self, request: &CreateRefund, key: &GatewayKey) -> Result<Refund, GatewayError> {
        self.take_time().await;
        let refund = refunds::create(&self.pool, request, key).await?;
        self.to_tell.notify_waiters();
        Ok(refund)
    }

    async fn refunds(&self, intent_id: &str) -> Result<Vec<Refund>, GatewayError> {
        self.take_time().await;
        refunds::of_intent(&self.pool, intent_id).await
    }
}

/// An id as Stripe makes them: a prefix and 24 letters and digits.
fn random_id(prefix: &str) -> String {
    let random = rand::rng().sample_iter(Alphanumeric).take(24).map(char::from);
    format!("{prefix}_{}", random.collect::<String>())
}

#[allow(clippy::needless_pass_by_value, reason = "it is for map_err")]
fn unavailable(error: sqlx::Error) -> GatewayError {
    GatewayError::Unavailable(error.to_string())
}
