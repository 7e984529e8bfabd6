//! What the buyer does at the provider: pay; and what the buyer's bank does then.

use super::{
    super::gateway::{GatewayError, Intent, IntentStatus},
    SimulatedGateway,
    cards::{self, Card},
    intents, messages, random_id, unavailable,
};

/// What the buyer's attempt came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The provider has the money, now or already.
    Succeeded,
    /// The card was declined; another may be tried.
    Declined,
    /// The buyer's bank has not decided yet.
    Processing,
}

impl Outcome {
    /// The outcome as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Declined => "declined",
            Self::Processing => "processing",
        }
    }
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
    /// Not a means of payment that this provider knows.
    #[error("must be {}", cards::KNOWN)]
    UnknownPaymentMethod,
    /// The payment has been called off.
    #[error("the payment has been cancelled")]
    Cancelled,
    /// The ledger cannot be reached.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
}

impl SimulatedGateway {
    /// Pays with `payment_method`, one of Stripe's test cards (<https://docs.stripe.com/testing>): `pm_card_visa` succeeds,
    /// `pm_card_chargeDeclined…` is declined, `pm_usBankAccount_processing` waits for [`Self::settle`]. What has been paid
    /// is not paid again.
    pub async fn confirm(
        &self,
        client_secret: &str,
        payment_method: &str,
    ) -> Result<Confirmation, ConfirmError> {
        let card = cards::card(payment_method).ok_or(ConfirmError::UnknownPaymentMethod)?;
        let intent =
            intents::by_client_secret(&self.pool, client_secret).await?.ok_or(ConfirmError::UnknownSecret)?;
        if intent.status != IntentStatus::RequiresPaymentMethod {
            return settled(intent);
        }
        let from = IntentStatus::RequiresPaymentMethod;
        let (attempted, outcome) = match card {
            Card::Pays => (self.capture(&intent, from).await?, Outcome::Succeeded),
            Card::Declines(code) => (self.decline(&intent, from, code).await?, Outcome::Declined),
            Card::Waits => (self.begin_processing(&intent).await?, Outcome::Processing),
        };
        self.to_tell.notify_waiters();
        let intent = intents::by_id(&self.pool, &intent.id).await?.ok_or(ConfirmError::UnknownSecret)?;
        // Another attempt, or a cancellation, may have been faster.
        if attempted { Ok(Confirmation { intent, outcome }) } else { settled(intent) }
    }

    /// The buyer's bank decides about a payment that is being processed: it pays, or says no with the word `declined`. False:
    /// nothing was being processed.
    ///
    /// # Errors
    /// When the ledger cannot be reached.
    pub async fn settle(&self, intent_id: &str, declined: Option<&str>) -> Result<bool, GatewayError> {
        let Some(intent) = intents::by_id(&self.pool, intent_id).await? else { return Ok(false) };
        let from = IntentStatus::Processing;
        let settled = match declined {
            None => self.capture(&intent, from).await?,
            Some(code) => self.decline(&intent, from, code).await?,
        };
        self.to_tell.notify_waiters();
        Ok(settled)
    }

    /// Takes the money and notes that it has to be told, in one statement. False: the payment was settled before.
    async fn capture(&self, intent: &Intent, from: IntentStatus) -> Result<bool, GatewayError> {
        let event_id = random_id("evt");
        let written = sqlx::query(
            "with captured as (
                 update simulator_intents set status = 'succeeded', captured = amount, decline_code = null
                 where id = $1 and status = $4 returning id
             )
             insert into simulator_webhooks (event_id, body) select $2, $3 from captured",
        )
        .bind(&intent.id)
        .bind(&event_id)
        .bind(messages::succeeded(&event_id, intent))
        .bind(from.as_str())
        .execute(&self.pool)
        .await
        .map_err(unavailable)?;
        Ok(written.rows_affected() == 1)
    }

    /// Notes that a refusal has to be told. False: the payment was settled before.
    async fn decline(&self, intent: &Intent, from: IntentStatus, code: &str) -> Result<bool, GatewayError> {
        let event_id = random_id("evt");
        let written = sqlx::query(
            "with declined as (
                 update simulator_intents set status = 'requires_payment_method', decline_code = $5
                 where id = $1 and status = $4 returning id
             )
             insert into simulator_webhooks (event_id, body) select $2, $3 from declined",
        )
        .bind(&intent.id)
        .bind(&event_id)
        .bind(messages::declined(&event_id, intent, code))
        .bind(from.as_str())
        .bind(code)
        .execute(&self.pool)
        .await
        .map_err(unavailable)?;
        Ok(written.rows_affected() == 1)
    }

    /// The buyer's bank begins to think about it. False: the payment was settled before.
    async fn begin_processing(&self, intent: &Intent) -> Result<bool, GatewayError> {
        let event_id = random_id("evt");
        let written = sqlx::query(
            "with begun as (
                 update simulator_intents set status = 'processing', decline_code = null
                 where id = $1 and status = 'requires_payment_method' returning id
             )
             insert into simulator_webhooks (event_id, body) select $2, $3 from begun",
        )
        .bind(&intent.id)
        .bind(&event_id)
        .bind(messages::processing(&event_id, intent))
        .execute(&self.pool)
        .await
        .map_err(unavailable)?;
        Ok(written.rows_affected() == 1)
    }
}

fn settled(intent: Intent) -> Result<Confirmation, ConfirmError> {
    match intent.status {
        IntentStatus::Succeeded => Ok(Confirmation { intent, outcome: Outcome::Succeeded }),
        IntentStatus::Processing => Ok(Confirmation { intent, outcome: Outcome::Processing }),
        IntentStatus::RequiresPaymentMethod => Ok(Confirmation { intent, outcome: Outcome::Declined }),
        IntentStatus::RequiresAction | IntentStatus::Canceled => Err(ConfirmError::Cancelled),
    }
}
