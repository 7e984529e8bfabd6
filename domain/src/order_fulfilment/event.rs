//! What the fulfilment of an order records: what it has seen, what it is about to do, what came of it.
//!
//! No personal data: what an effect needs of it, it reads from the order.

use agrodeep_domain::{
    DeliveryId, Money, OrderId, ProductId, Quantity, TrackingNumber,
    order::{CancelReason, Conductor},
};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Fact, Reason, Step};

agrodeep_domain::events! {
    /// What the fulfilment of an order records.
    OrderFulfilmentEvent {
        FulfilmentStarted,
        FactObserved: 2,
        DeadlinePassed,
        PaymentTimeExtended,
        UnwindingStarted,
        EffectsPlanned: 2,
        CompensationsPlanned: 2,
        EffectsDone: 2,
        EffectRefused: 2,
        EffectFailed: 2,
        EffectParked: 2,
        FulfilmentCompleted,
        RetryOrdered: 2,
        StepSkipped: 2,
        FulfilmentAbandoned,
        FulfilmentPaused,
        FulfilmentResumed,
    }
    upcast by super::upcasters::UPCASTERS
}

/// Stock that one line of the order needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LineToHold {
    /// Of which product.
    pub product_id: ProductId,
    /// How much.
    pub quantity: Quantity,
}

/// An order has been placed: its fulfilment begins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FulfilmentStarted {
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
    /// What belongs together: also for what follows from a deadline, which nobody asked for.
    pub correlation_id: Uuid,
}

/// Something has happened to the order or its delivery that the fulfilment must know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FactObserved {
    /// What.
    pub fact: Fact,
}

/// What the fulfilment waits for by the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeadlineKind {
    /// The end of the time in which the buyer may pay.
    Payment,
    /// The end of the pause before a failed effect is tried again.
    Retry,
}

/// The clock has reached a time that was waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeadlinePassed {
    /// What for.
    pub kind: DeadlineKind,
    /// What the database's clock said.
    pub at: DateTime<Utc>,
}

/// The time for paying was over while the provider had not decided about the payment: stock is kept longer, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PaymentTimeExtended {
    /// Until when the payment may come now.
    pub until: DateTime<Utc>,
}

/// The order will not be fulfilled: what was done is undone from here on, the last first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnwindingStarted {
    /// Why.
    pub reason: CancelReason,
}

/// Something that is about to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlannedEffect {
    /// Under this id it is done: the id of its command, or the key at the payment provider. The same for every attempt.
    pub effect_id: Uuid,
    /// What.
    pub step: Step,
}

/// These steps are about to be done, at the same time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EffectsPlanned {
    /// Which.
    pub effects: Vec<PlannedEffect>,
}

/// These steps are about to be undone, at the same time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CompensationsPlanned {
    /// By which steps.
    pub effects: Vec<PlannedEffect>,
}

/// What an effect has brought about, as far as later ones need it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Yield {
    /// A payment that the buyer can make.
    Payment {
        /// The provider's id of it.
        intent_id: String,
    },
    /// A delivery.
    Delivery {
        /// Its id.
        delivery_id: DeliveryId,
        /// Its number.
        tracking_number: TrackingNumber,
    },
    /// A cancelled order.
    Cancellation {
        /// Why it was cancelled: whoever came first has said so.
        reason: CancelReason,
    },
    /// A refund that is on its way.
    Refund {
        /// The provider's id of it.
        refund_id: String,
    },
}

/// Something that has been done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DoneEffect {
    /// What.
    pub step: Step,
    /// What it has brought about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub yields: Option<Yield>,
}

/// These effects have been done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EffectsDone {
    /// Which.
    pub effects: Vec<DoneEffect>,
}

/// Why an effect can never be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The order has been cancelled meanwhile.
    OrderCancelled,
    /// The buyer has paid meanwhile.
    AlreadyPaid,
    /// In the words of who refused.
    Because(String),
}

/// An effect was refused: it will never be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EffectRefused {
    /// Which.
    pub step: Step,
    /// Why.
    pub refusal: Refusal,
}

/// An effect could not be done this time, for a technical reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EffectFailed {
    /// Which.
    pub step: Step,
    /// Which attempt it was, from 1.
    pub attempt: u32,
    /// What went wrong.
    pub error: String,
    /// When it is tried again.
    pub retry_at: DateTime<Utc>,
}

/// An effect waits for a person: it keeps failing, or was refused when it must not be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EffectParked {
    /// Which.
    pub step: Step,
    /// How often it was tried.
    pub attempts: u32,
    /// What went wrong.
    pub error: String,
}

/// How a fulfilment ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FulfilmentOutcome {
    /// The buyer has the goods.
    Delivered,
    /// The order is cancelled and everything is undone.
    Cancelled {
        /// Why.
        reason: CancelReason,
    },
    /// The goods could not be brought: they are written off, and the buyer has the money back.
    WrittenOff,
}

/// Nothing is left to be done for this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FulfilmentCompleted {
    /// How it ended.
    pub outcome: FulfilmentOutcome,
}

/// A person has parked steps tried again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RetryOrdered {
    /// Which.
    pub steps: Vec<Step>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}

/// A person has decided to go on without a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StepSkipped {
    /// Which.
    pub step: Step,
    /// Why.
    pub reason: Reason,
}

/// A person has called the order off: it is cancelled, unless it has left meanwhile, and what was done is undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FulfilmentAbandoned {
    /// Why.
    pub reason: Reason,
}

/// A person has this order wait: what happens is taken in and planned, nothing is done, and no deadline counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FulfilmentPaused {
    /// Why.
    pub reason: Reason,
}

/// A person has this order go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FulfilmentResumed {
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}
