//! What the buyer does at the provider: pay.

use super::{
    super::gateway::{GatewayError, Intent, IntentStatus},
    SimulatedGateway, intents, messages, random_id, unavailable,
};

/// The provider's word for a card that was declined.
const DECLINED: &str = "card_declined";

/// What the buyer's attempt came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The provider has the money, now or already.
    Succeeded,
    /// The card was declined; another may be tried.
    Declined,
}

/// An attempt to pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmation {
    /// The payment after it.
    pub intent: Intent,
    /// What it came to. The shop hears of it by webhook.
    pub outcome: Outcome,
}

/// Why there was no attempt.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfirmError {
    /// No payment has this secret.
    #[error("no payment has this client_secret")]
    UnknownSecret,
    /// Not a card that this provider knows.
    #[error("must be pm_card_visa or pm_card_chargeDeclined")]
    UnknownPaymentMethod,
    /// The payment has been called off.
    #[error("the payment has been cancelled")]
    Cancelled,
    /// The ledger cannot be reached.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
}

impl SimulatedGateway {
    /// Pays with `payment_method`: `pm_card_visa` succeeds, `pm_card_chargeDeclined` is declined (Stripe's test cards,
    /// <https://docs.stripe.com/testing>). What has been paid is not paid again.
    pub async fn confirm(
        &self,
        client_secret: &str,
        payment_method: &str,
    ) -> Result<Confirmation, ConfirmError> {
        let outcome = match payment_method {
            "pm_card_visa" => Outcome::Succeeded,
            "pm_card_chargeDeclined" => Outcome::Declined,
            _ => return Err(ConfirmError::UnknownPaymentMethod),
        };
        let intent =
            intents::by_client_secret(&self.pool, client_secret).await?.ok_or(ConfirmError::UnknownSecret)?;
        if intent.status != IntentStatus::RequiresPaymentMethod {
            return settled(intent);
        }
        let attempted = match outcome {
            Outcome::Succeeded => self.capture(&intent).await?,
            Outcome::Declined => self.decline(&intent).await?,
        };
        self.to_tell.notify_waiters();
        let intent = intents::by_id(&self.pool, &intent.id).await?.ok_or(ConfirmError::UnknownSecret)?;
        // Another attempt, or a cancellation, may have been faster.
        if attempted { Ok(Confirmation { intent, outcome }) } else { settled(intent) }
    }

    /// Takes the money and notes that it has to be told, in one statement. False: the payment was settled before.
    async fn capture(&self, intent: &Intent) -> Result<bool, GatewayError> {
        let event_id = random_id("evt");
        let written = sqlx::query(
            "with captured as (
                 update simulator_intents set status = 'succeeded', captured = amount
                 where id = $1 and status = 'requires_payment_method' returning id
             )
             insert into simulator_webhooks (event_id, body) select $2, $3 from captured",
        )
        .bind(&intent.id)
        .bind(&event_id)
        .bind(messages::succeeded(&event_id, intent))
        .execute(&self.pool)
        .await
        .map_err(unavailable)?;
        Ok(written.rows_affected() == 1)
    }

    /// Notes that a refusal has to be told. False: the payment was settled before.
    async fn decline(&self, intent: &Intent) -> Result<bool, GatewayError> {
        let event_id = random_id("evt");
        let written = sqlx::query(
            "insert into simulator_webhooks (event_id, body)
             select $2, $3 from simulator_intents where id = $1 and status = 'requires_payment_method' for update",
        )
        .bind(&intent.id)
        .bind(&event_id)
        .bind(messages::declined(&event_id, intent, DECLINED))
        .execute(&self.pool)
        .await
        .map_err(unavailable)?;
        Ok(written.rows_affected() == 1)
    }
}

fn settled(intent: Intent) -> Result<Confirmation, ConfirmError> {
    match intent.status {
        IntentStatus::Succeeded => Ok(Confirmation { intent, outcome: Outcome::Succeeded }),
        _ => Err(ConfirmError::Cancelled),
    }
}
