//! Lines that have become less since they were paid.

use agrodeep_domain::{
    Money, Personal, ProductId, Quantity,
    order::{AdjustedBy, AdjustmentCause, DifferenceStatus, LineAdjusted},
};
use agrodeep_event_store::RecordedEvent;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Order, OrderItem};

/// One change of a line: who has changed what, why, and where the difference is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LineAdjustment {
    /// Which change of the order it is, from 1.
    pub adjustment: u32,
    /// The product of the line.
    pub product_id: ProductId,
    /// How much of it there was left.
    pub quantity: Quantity,
    /// What the line cost then.
    pub total: Money,
    /// Who has changed it.
    pub by: AdjustedBy,
    /// Who that was: `producer:usr_…`.
    pub actor: String,
    /// Why.
    pub cause: AdjustmentCause,
    /// In their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Personal<String>>,
    /// When.
    pub at: DateTime<Utc>,
    /// The difference, which goes back to the buyer.
    pub refund: Money,
    /// Where the difference is.
    pub refund_status: DifferenceStatus,
    /// The provider's id of the refund, once confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund_id: Option<String>,
}

impl LineAdjustment {
    pub(super) fn of(fact: &LineAdjusted, event: &RecordedEvent) -> Self {
        let nothing = fact.refund.is_zero();
        Self {
            adjustment: fact.adjustment,
            product_id: fact.product_id,
            quantity: fact.quantity,
            total: fact.total,
            by: fact.by,
            actor: event.metadata.actor.clone(),
            cause: fact.cause,
            note: fact.note.clone(),
            at: event.metadata.occurred_at,
            refund: fact.refund,
            refund_status: if nothing { DifferenceStatus::None } else { DifferenceStatus::Due },
            refund_id: None,
        }
    }
}

impl Order {
    /// How much of a line is left, and what it costs now.
    pub fn left_of(&self, item: &OrderItem) -> (Quantity, Money) {
        let last = self.adjustments.iter().rfind(|change| change.product_id == item.product_id);
        last.map_or((item.quantity, item.total), |change| (change.quantity, change.total))
    }

    /// What the order costs now.
    pub fn total_left(&self) -> Money {
        let less = |left: Money, change: &LineAdjustment| left.minus(change.refund).unwrap_or(left);
        self.adjustments.iter().fold(self.total, less)
    }

    pub(super) fn refund_of(&mut self, adjustment: u32, status: DifferenceStatus, refund_id: Option<&str>) {
        if let Some(change) = self.adjustments.iter_mut().find(|change| change.adjustment == adjustment) {
            change.refund_status = status;
            change.refund_id = refund_id.map(str::to_owned);
        }
    }
}
