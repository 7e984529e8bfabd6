//! A buyer wants to pay: waits, not for long, until the order's stock is held and its payment requested.

use std::time::Duration;

use agrodeep_domain::{
    AccountId, Order, OrderId,
    order::{CancelReason, OrderRefusal},
};
use agrodeep_event_store::{LogError, Position};
use tokio::time::Instant;

use super::gateway::{GatewayError, Intent};
use crate::{Commands, ExecuteError};

/// The pauses between two looks at the order: at first hardly any, then longer, so that many who wait cost little.
const PAUSES: [Duration; 5] = [
    Duration::from_millis(2),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(20),
    Duration::from_millis(40),
];

/// How long a silent log is waited for before looking by oneself.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Which order, and who wants to pay it.
#[derive(Clone, Copy, Debug)]
pub struct IntentRequest {
    /// Which order.
    pub order_id: OrderId,
    /// Who wants to pay.
    pub buyer_id: AccountId,
}

/// What the buyer needs to pay.
#[derive(Clone, Debug)]
pub struct IntentAnswer {
    /// The payment, as the provider has it.
    pub intent: Intent,
    /// The order's version.
    pub version: u64,
    /// The position of the order's last event.
    pub position: Position,
}

/// Why there is nothing to pay.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum IntentError {
    /// There is no such order.
    #[error("there is no such order")]
    NoSuchOrder,
    /// It is another buyer's.
    #[error("the order belongs to somebody else")]
    NotYours,
    /// The order has been cancelled.
    #[error("the order has been cancelled: {}", .reason.as_str())]
    OrderCancelled {
        /// Why.
        reason: CancelReason,
    },
    /// It takes longer than the buyer is made to wait. Ask again.
    #[error("the order's stock is still being held: ask again")]
    NotYet,
    /// The provider cannot be asked.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// The order cannot be read.
    #[error(transparent)]
    Execute(#[from] ExecuteError<OrderRefusal>),
}

/// The payment of an order, the same however often it is asked for. Waits for [`crate::CommandSettings::payment_wait`].
pub async fn intent(commands: &Commands, request: IntentRequest) -> Result<IntentAnswer, IntentError> {
    let deadline = Instant::now() + commands.settings.payment_wait;
    let log = commands.executor.log();
    let mut pauses = PAUSES.iter().chain(std::iter::repeat(&PAUSES[PAUSES.len() - 1]));
    loop {
        // The head before the state: what comes after this look ends the wait.
        let head = log.head().await.map_err(unavailable)?;
        if let Some(answer) = look(commands, request).await? {
            return Ok(answer);
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(IntentError::NotYet);
        }
        log.wait_beyond(head, left.min(LOOK_EVERY)).await;
        if let Some(pause) = pauses.next() {
            tokio::time::sleep((*pause).min(left)).await;
        }
    }
}

/// The payment, if it has been requested.
async fn look(commands: &Commands, request: IntentRequest) -> Result<Option<IntentAnswer>, IntentError> {
    let order = commands.executor.state::<Order>(request.order_id.uuid()).await?;
    let placed = order.state.placed.as_ref().ok_or(IntentError::NoSuchOrder)?;
    if placed.buyer_id != request.buyer_id {
        return Err(IntentError::NotYours);
    }
    if let Some(cancelled) = &order.state.cancelled {
        return Err(IntentError::OrderCancelled { reason: cancelled.reason });
    }
    let Some(intent_id) = &order.state.payment.intent_id else {
        return Ok(None);
    };
    let intent = commands.gateway.intent(intent_id).await?.ok_or_else(|| {
        GatewayError::Unavailable(format!("it does not know the payment {intent_id} any more"))
    })?;
    Ok(Some(IntentAnswer { intent, version: order.version, position: order.position }))
}

#[allow(clippy::needless_pass_by_value, reason = "it is for map_err")]
fn unavailable(error: LogError) -> IntentError {
    ExecuteError::Unavailable(error.to_string()).into()
}
