//! What became of a payment, told to its order: the one way, whether the provider has told it or was asked.

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
    difference::{Difference, DifferenceKind},
    gateway::GatewayError,
    provider_event::{News, PaymentRef},
};
use crate::{CommandContext, Commands, ExecuteError, StoreError, command_id, faults};

/// How it came to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The provider has told.
    Webhook,
    /// The provider was asked.
    Reconciliation,
}

impl Source {
    const fn actor(self) -> &'static str {
        match self {
            Self::Webhook => "payment_provider",
            Self::Reconciliation => "payment_reconciliation",
        }
    }
}

/// What is to be recorded, and how it came.
#[derive(Clone, Debug)]
pub struct Told<'a> {
    /// What became of the payment.
    pub news: News,
    /// The provider's id of the message; the same when it is told again.
    pub event_id: &'a str,
    /// How it came to be known.
    pub source: Source,
    /// When.
    pub at: DateTime<Utc>,
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

/// Why it could not be recorded. Told again, it may be.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RecordError {
    /// It is about a payment that the order does not know yet.
    #[error("the order does not know this payment yet")]
    TooEarly,
    /// Whose payment it is had to be asked, and the provider did not say.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// The command was not executed.
    #[error(transparent)]
    Execute(#[from] ExecuteError<OrderRefusal>),
}

impl From<StoreError> for RecordError {
    fn from(error: StoreError) -> Self {
        Self::Execute(error.into())
    }
}

/// Tells the order what became of its payment. What the order cannot take is reported as a difference, never recorded as if
/// it were what was asked for.
///
/// # Errors
/// [`RecordError`]: told again, it may be recorded.
pub async fn record(commands: &Commands, told: Told<'_>) -> Result<Received, RecordError> {
    let Some((payment, command)) = command(&told) else {
        return failed_refund(commands, &told).await;
    };
    let Some(order_id) = order_of(commands, &payment).await? else {
        // A declined payment of somebody else's takes nobody's money.
        if !matches!(told.news, News::Declined { .. }) {
            report_unknown(commands, &told, &payment, None).await?;
        }
        tracing::warn!(
            event_id = told.event_id,
            intent_id = payment.intent_id,
            "a payment is for no order of ours"
        );
        return Ok(Received::Ignored);
    };
    apply(commands, order_id, &payment, command, &told).await
}

/// Whose payment it is, and the command that records what became of it.
fn command(told: &Told<'_>) -> Option<(PaymentRef, OrderCommand)> {
    let provider_event_id = told.event_id.to_owned();
    Some(match &told.news {
        News::Captured { payment, amount } => {
            let intent_id = payment.intent_id.clone();
            (payment.clone(), CapturePayment { intent_id, amount: *amount, provider_event_id }.into())
        }
        News::Declined { payment, code } => {
            let (intent_id, code) = (payment.intent_id.clone(), code.clone());
            (payment.clone(), DeclinePayment { intent_id, code, provider_event_id }.into())
        }
        News::Refunded { payment, refund_id, amount, of } => {
            let (intent_id, refund_id) = (payment.intent_id.clone(), refund_id.clone());
            let command = ConfirmRefund { intent_id, refund_id, amount: *amount, provider_event_id, of: *of };
            (payment.clone(), command.into())
        }
        News::RefundFailed { .. } | News::Other { .. } => return None,
    })
}

/// There is no command for it: a person has to find another way to the buyer.
async fn failed_refund(commands: &Commands, told: &Told<'_>) -> Result<Received, RecordError> {
    match &told.news {
        News::RefundFailed { payment, refund_id, amount, reason } => {
            let difference = Difference {
                kind: DifferenceKind::RefundFailed,
                reference: payment.intent_id.clone(),
                order_id: order_of(commands, payment).await?,
                expected: format!("{amount} with the buyer"),
                found: format!("{refund_id} failed: {reason}"),
            };
            commands.differences.report(&difference).await?;
        }
        News::Other { kind } => {
            let event_id = told.event_id;
            tracing::debug!(event_id, kind, "a message of the payment provider does not concern us");
        }
        News::Captured { .. } | News::Declined { .. } | News::Refunded { .. } => {}
    }
    Ok(Received::Ignored)
}

/// The order that a payment is for: the message tells, or the provider is asked.
async fn order_of(commands: &Commands, payment: &PaymentRef) -> Result<Option<OrderId>, GatewayError> {
    match payment.order_id {
        Some(order_id) => Ok(Some(order_id)),
        None => Ok(commands.gateway.intent(&payment.intent_id).await?.and_then(|intent| intent.order_id)),
    }
}

/// The id of the command that a message gives rise to: each of the provider's messages counts once, however often it comes.
fn recognised_by(order_id: OrderId, event_id: &str) -> Uuid {
    // A control takes that away.
    if faults::switched("payments::event_ids_off", Some(order_id.uuid())) {
        return Uuid::now_v7();
    }
    command_id::derived(order_id.uuid(), &format!("provider_event:{event_id}"))
}

async fn apply(
    commands: &Commands,
    order_id: OrderId,
    payment: &PaymentRef,
    command: OrderCommand,
    told: &Told<'_>,
) -> Result<Received, RecordError> {
    let context = CommandContext {
        command_id: recognised_by(order_id, told.event_id),
        correlation_id: order_id.uuid(),
        causation_id: order_id.uuid(),
        traceparent: told.traceparent.clone(),
        ..CommandContext::new(Actor::system(told.source.actor()), told.at)
    };
    match commands.executor.execute::<Order>(order_id.uuid(), command, context).await {
        Ok(executed) => {
            if let (News::Declined { code, .. }, false, false) =
                (&told.news, executed.repeated, executed.events.is_empty())
            {
                metrics::counter!("payments_failed_total", "error_code" => code.clone(), "gateway" => commands.gateway.name())
                    .increment(1);
            }
            Ok(Received::Applied { order_id, position: executed.position })
        }
        Err(ExecuteError::Refused(refusal)) => refused(commands, order_id, payment, told, &refusal).await,
        Err(error) => Err(error.into()),
    }
}

/// What the order does not take, it may take later, or never.
async fn refused(
    commands: &Commands,
    order_id: OrderId,
    payment: &PaymentRef,
    told: &Told<'_>,
    refusal: &OrderRefusal,
) -> Result<Received, RecordError> {
    let order = commands.executor.state::<Order>(order_id.uuid()).await?.state;
    let to_be_requested = order.placed.is_some()
        && order.payment.status == PaymentStatus::None
        && order.status != OrderStatus::Cancelled;
    if to_be_requested {
        return Err(RecordError::TooEarly);
    }
    let report = |kind, expected: String, found: String| Difference {
        kind,
        reference: payment.intent_id.clone(),
        order_id: Some(order_id),
        expected,
        found,
    };
    match (&told.news, refusal) {
        (News::Captured { amount, .. }, OrderRefusal::OtherAmount { expected }) => {
            let kind = DifferenceKind::OtherAmount;
            commands
                .differences
                .report(&report(kind, expected.to_string(), format!("{amount} paid")))
                .await?;
        }
        (News::Refunded { amount, .. }, OrderRefusal::OtherAmount { expected }) => {
            let found = format!("{amount} given back");
            let kind = DifferenceKind::OtherRefundAmount;
            commands.differences.report(&report(kind, expected.to_string(), found)).await?;
        }
        (News::Refunded { amount, refund_id, .. }, OrderRefusal::NoRefundDue) => {
            let expected = format!("payment {}", order.payment.status.as_str());
            let found = format!("{amount} given back ({refund_id})");
            let kind = DifferenceKind::UnexpectedRefund;
            commands.differences.report(&report(kind, expected, found)).await?;
            if order.payment.status == PaymentStatus::Captured {
                // The order may be about to ask for just that: told again, it is settled.
                return Err(RecordError::TooEarly);
            }
        }
        (News::Captured { .. } | News::Refunded { .. }, _) => {
            report_unknown(commands, told, payment, Some((order_id, refusal))).await?;
        }
        (News::Declined { .. } | News::RefundFailed { .. } | News::Other { .. }, _) => {}
    }
    tracing::warn!(%order_id, event_id = told.event_id, %refusal, "the payment provider tells what the order cannot take");
    Ok(Received::Ignored)
}

async fn report_unknown(
    commands: &Commands,
    told: &Told<'_>,
    payment: &PaymentRef,
    refused: Option<(OrderId, &OrderRefusal)>,
) -> Result<(), RecordError> {
    let found = match &told.news {
        News::Captured { amount, .. } => format!("{amount} paid"),
        News::Refunded { amount, .. } => format!("{amount} given back"),
        _ => "something else".to_owned(),
    };
    let expected = match refused {
        Some((_, refusal)) => refusal.to_string(),
        None => "no order of ours".to_owned(),
    };
    let difference = Difference {
        kind: DifferenceKind::UnknownPayment,
        reference: payment.intent_id.clone(),
        order_id: refused.map(|(order_id, _)| order_id),
        expected,
        found,
    };
    commands.differences.report(&difference).await?;
    Ok(())
}
