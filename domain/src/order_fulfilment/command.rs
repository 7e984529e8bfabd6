//! What the fulfilment of an order is told.

use agrodeep_domain::{
    DeliveryId, Money, OrderId, ProductId, Quantity,
    order::{CancelReason, Conductor, OrderPlaced},
};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{DeadlinePassed, FulfilmentStarted, Intervention, LineToHold, Refusal, Step, Yield};

/// What has happened to an order or its delivery, as far as its fulfilment must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// The provider has the buyer's money.
    PaymentCaptured,
    /// The provider could not get the buyer's money.
    PaymentDeclined,
    /// The buyer has the money back.
    PaymentRefunded,
    /// The order is called off.
    OrderCancelled(CancelReason),
    /// The driver takes the goods.
    OrderShipped(DeliveryId),
    /// The buyer has the goods.
    DeliveryCompleted(DeliveryId),
    /// The goods could not be brought.
    DeliveryFailed(DeliveryId),
    /// A line has become less, or cheaper.
    LineAdjusted {
        /// Which change of the order it is, from 1.
        adjustment: u32,
        /// The product of the line.
        product_id: ProductId,
        /// How much of it there is now.
        quantity: Quantity,
        /// The difference, which goes back to the buyer.
        refund: Money,
    },
    /// The buyer has the difference of that change back.
    DifferenceRefunded(u32),
}

/// What of a placed order its fulfilment needs.
#[derive(Clone, Debug, PartialEq)]
pub struct StartFulfilment {
    /// The order.
    pub order_id: OrderId,
    /// What it needs of which product.
    pub lines: Vec<LineToHold>,
    /// What is to be paid.
    pub total: Money,
    /// Until when.
    pub payment_due_at: DateTime<Utc>,
    /// Who conducts it.
    pub conductor: Conductor,
    /// What belongs together.
    pub correlation_id: Uuid,
}

impl StartFulfilment {
    /// For an order as it was placed.
    pub fn of(placed: &OrderPlaced, correlation_id: Uuid) -> Self {
        let lines = placed
            .lines
            .iter()
            .map(|line| LineToHold { product_id: line.product_id, quantity: line.quantity })
            .collect();
        Self {
            order_id: placed.order_id,
            lines,
            total: placed.total,
            payment_due_at: placed.expires_at,
            conductor: placed.conductor,
            correlation_id,
        }
    }
}

impl From<&StartFulfilment> for FulfilmentStarted {
    fn from(start: &StartFulfilment) -> Self {
        Self {
            order_id: start.order_id,
            lines: start.lines.clone(),
            total: start.total,
            payment_due_at: start.payment_due_at,
            conductor: start.conductor,
            correlation_id: start.correlation_id,
        }
    }
}

/// Take in what has happened, in this order.
#[derive(Clone, Debug, PartialEq)]
pub struct Observe {
    /// Who observes: only the conductor the order was placed with may.
    pub conductor: Conductor,
    /// The order was placed.
    pub start: Option<StartFulfilment>,
    /// What happened after that.
    pub facts: Vec<Fact>,
}

/// What came of one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is so now, whoever made it so.
    Done(Option<Yield>),
    /// It can never be done.
    Refused(Refusal),
    /// It did not work this time.
    Failed {
        /// What went wrong.
        error: String,
        /// When to try again; `None`: a person has to decide.
        retry_at: Option<DateTime<Utc>>,
    },
}

/// What came of one effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EffectOutcome {
    /// Which.
    pub step: Step,
    /// What came of it.
    pub outcome: Outcome,
}

/// Take in what came of effects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordOutcomes {
    /// Of which, and what.
    pub outcomes: Vec<EffectOutcome>,
}

/// Wait longer for the payment: the provider has not decided. Only once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtendPaymentTime {
    /// Until when.
    pub until: DateTime<Utc>,
}

agrodeep_domain::commands! {
    /// Everything the fulfilment of an order is told.
    OrderFulfilmentCommand {
        /// Something has happened.
        Observe(Observe),
        /// Effects have been tried.
        RecordOutcomes(RecordOutcomes),
        /// The clock has reached a time that was waited for.
        DeadlinePassed(DeadlinePassed),
        /// The payment may come later.
        ExtendPaymentTime(ExtendPaymentTime),
        /// A person decides.
        Intervene(Intervention),
    }
}

/// Why a fulfilment says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderFulfilmentRefusal {
    /// Somebody else conducts it.
    #[error("another conductor fulfils this order")]
    OtherConductor,
    /// There is nothing to decide about.
    #[error("no such order is being fulfilled")]
    NotBegun,
    /// It is over.
    #[error("the fulfilment of this order has ended")]
    Ended,
    /// Nothing waits for a person.
    #[error("nothing of this order is parked")]
    NothingParked,
    /// This does not wait for a person.
    #[error("{0} is not parked")]
    NotParked(Step),
    /// It is parked, but the order is being undone.
    #[error("{0} is not tried again: the order is being undone, and it was undone to be sure")]
    UndoneToBeSure(Step),
    /// There is nothing to skip.
    #[error("{0} is not waiting to be done")]
    NotPending(Step),
    /// It cannot be left out.
    #[error("{0} cannot be skipped: {1}")]
    NotSkippable(Step, &'static str),
    /// What has left is not called back.
    #[error("the order is already shipped: it is delivered, or given up after its deliveries have failed")]
    AlreadyShipped,
    /// That is what is being done.
    #[error("the order is already being undone")]
    AlreadyUndone,
    /// Somebody has done so.
    #[error("the order is already being called off")]
    AlreadyAbandoned,
    /// Somebody has done so.
    #[error("the fulfilment of this order is already paused")]
    AlreadyPaused,
    /// There is nothing to resume.
    #[error("the fulfilment of this order is not paused")]
    NotPaused,
}
