//! The provider tells what became of a payment or a refund. It tells again until it hears 2xx, and in any order.

use agrodeep_domain::{
    Actor, Order, OrderId,
    order::{
        CapturePayment, ConfirmRefund, DeclinePayment, OrderCommand, OrderRefusal, OrderStatus, PaymentStatus,
    },
};
use agrodeep_event_store::Position;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    gateway::GatewayError,
    provider_event::{self, News, PaymentRef, ProviderEventError},
    signature::{SignatureError, WebhookSecrets},
};
use crate::{CommandContext, Commands, ExecuteError, command_id, faults};

/// A message as it came.
#[derive(Clone, Debug)]
pub struct WebhookRequest<'a> {
    /// The header `Stripe-Signature`; empty if there is none.
    pub signature: &'a str,
    /// The body, byte for byte.
    pub body: &'a [u8],
    /// When it came.
    pub received_at: DateTime<Utc>,
    /// The W3C trace context it came with.
    pub traceparent: Option<String>,
}

/// What came of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// The order knows it, now or already.
    Applied {
        /// The order.
        order_id: OrderId,
        /// The position of the order's last event.
        position: Position,
    },
    /// It says nothing that concerns us, or nothing that the order can take: sending it again would change nothing.
    Ignored,
}

/// Why a message was not accepted.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum WebhookError {
    /// It is not the provider's.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// It is the provider's, but cannot be read.
    #[error(transparent)]
    Malformed(#[from] ProviderEventError),
    /// It is about a payment that the order does not know yet. Send it again.
    #[error("the order does not know this payment yet")]
    TooEarly,
    /// Whose payment it is had to be asked, and the provider did not say. Send it again.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// The command was not executed. Send it again.
    #[error(transparent)]
    Execute(#[from] ExecuteError<OrderRefusal>),
}

/// Takes in what the provider tells.
pub async fn webhook(
    commands: &Commands,
    secrets: &WebhookSecrets,
    request: WebhookRequest<'_>,
) -> Result<Received, WebhookError> {
    secrets.verify(request.signature, request.body, request.received_at)?;
    let event = provider_event::read(request.body)?;
    let (payment, command) = match event.news {
        News::Captured { payment, amount } => {
            let intent_id = payment.intent_id.clone();
            let command = CapturePayment { intent_id, amount, provider_event_id: event.id.clone() };
            (payment, OrderCommand::from(command))
        }
        News::Declined { payment, code } => {
            let intent_id = payment.intent_id.clone();
            let command = DeclinePayment { intent_id, code, provider_event_id: event.id.clone() };
            (payment, command.into())
        }
        News::Refunded { payment, refund_id, amount } => {
            let intent_id = payment.intent_id.clone();
            let command = ConfirmRefund { intent_id, refund_id, amount, provider_event_id: event.id.clone() };
            (payment, command.into())
        }
        News::Other { kind } => {
            tracing::debug!(event_id = %event.id, kind, "a message of the payment provider does not concern us");
            return Ok(Received::Ignored);
        }
    };
    let Some(order_id) = order_of(commands, &payment).await? else {
        tracing::warn!(event_id = %event.id, intent_id = %payment.intent_id, "a payment is for no order of ours");
        return Ok(Received::Ignored);
    };
    apply(commands, order_id, &event.id, command, &request).await
}

/// The order that a payment is for: the message tells, or the provider is asked.
async fn order_of(commands: &Commands, payment: &PaymentRef) -> Result<Option<OrderId>, GatewayError> {
    match payment.order_id {
        Some(order_id) => Ok(Some(order_id)),
        None => Ok(commands.gateway.intent(&payment.intent_id).await?.and_then(|intent| intent.order_id)),
    }
}

async fn apply(
    commands: &Commands,
    order_id: OrderId,
    event_id: &str,
    command: OrderCommand,
    request: &WebhookRequest<'_>,
) -> Result<Received, WebhookError> {
    let declined = match &command {
        OrderCommand::DeclinePayment(decline) => Some(decline.code.clone()),
        _ => None,
    };
    let context = CommandContext {
        command_id: recognised_by(order_id, event_id),
        correlation_id: order_id.uuid(),
        causation_id: order_id.uuid(),
        traceparent: request.traceparent.clone(),
        ..CommandContext::new(Actor::system("payment_provider"), request.received_at)
    };
    match commands.executor.execute::<Order>(order_id.uuid(), command, context).await {
        Ok(executed) => {
            if let (Some(code), false, false) = (declined, executed.repeated, executed.events.is_empty()) {
                metrics::counter!("payments_failed_total", "error_code" => code, "gateway" => commands.gateway.name())
                    .increment(1);
            }
            Ok(Received::Applied { order_id, position: executed.position })
        }
        Err(ExecuteError::Refused(refusal)) => refused(commands, order_id, event_id, &refusal).await,
        Err(error) => Err(error.into()),
    }
}

/// The id of the command that a message gives rise to: each of the provider's messages counts once, however often it comes.
pub fn recognised_by(order_id: OrderId, event_id: &str) -> Uuid {
    // A control takes that away.
    if faults::switched("payments::event_ids_off", Some(order_id.uuid())) {
        return Uuid::now_v7();
    }
    command_id::derived(order_id.uuid(), &format!("provider_event:{event_id}"))
}

/// What the order does not take, it may take later, or never.
async fn refused(
    commands: &Commands,
    order_id: OrderId,
    event_id: &str,
    refusal: &OrderRefusal,
) -> Result<Received, WebhookError> {
    let order = commands.executor.state::<Order>(order_id.uuid()).await?.state;
    let to_be_requested = order.placed.is_some()
        && order.payment.status == PaymentStatus::None
        && order.status != OrderStatus::Cancelled;
    let to_be_refunded =
        *refusal == OrderRefusal::NoRefundDue && order.payment.status == PaymentStatus::Captured;
    if to_be_requested || to_be_refunded {
        return Err(WebhookError::TooEarly);
    }
    tracing::error!(%order_id, event_id, %refusal, "the payment provider tells what the order cannot take");
    Ok(Received::Ignored)
}
