//! An order: what a buyer wants, from one or several producers, and how far it has come.
//!
//! `pending → confirmed → processing → shipped → delivered`, or `cancelled` from any state before `shipped`. The order is
//! the arbiter between cancelling and shipping: whichever reaches this stream first wins.

mod adjust;
#[cfg(test)]
mod adjusting;
mod cancel;
mod cancel_line;
mod confirm;
mod deliver;
mod difference;
mod event;
#[cfg(test)]
pub(crate) mod fixtures;
mod lines;
mod pay;
mod place;
mod prepare;
#[cfg(test)]
mod properties;
mod refund;
mod refusal;
mod report_line;
mod reschedule;
mod ship;

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::{
    adjust::ADJUSTMENTS_MAX,
    cancel::{CancelOrder, Canceller},
    cancel_line::{CancelLine, LineCanceller},
    confirm::ConfirmOrder,
    deliver::DeliverOrder,
    difference::{Adjustment, DifferenceStatus, RequestPartialRefund},
    event::*,
    lines::LineNow,
    pay::{CapturePayment, DeclinePayment, RequestPayment},
    place::{LINES_MAX, PlaceOrder},
    prepare::PrepareLines,
    refund::{ConfirmRefund, RefundOf, RequestRefund},
    refusal::OrderRefusal,
    report_line::ReportLine,
    reschedule::{GiveUpDelivery, RescheduleDelivery},
    ship::ShipOrder,
};
use crate::{AccountId, Aggregate, DeliveryId, Money, TrackingNumber};

/// How far an order has come.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// Placed; stock is being held and payment awaited.
    #[default]
    Pending,
    /// Paid, and a delivery is scheduled.
    Confirmed,
    /// A producer has begun to prepare.
    Processing,
    /// With the driver.
    Shipped,
    /// With the buyer.
    Delivered,
    /// Called off.
    Cancelled,
}

impl OrderStatus {
    /// The status as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Confirmed => "confirmed",
            Self::Processing => "processing",
            Self::Shipped => "shipped",
            Self::Delivered => "delivered",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Where the money is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    /// Not asked for.
    #[default]
    None,
    /// The buyer may pay.
    Requested,
    /// Paid.
    Captured,
    /// The provider said no.
    Declined,
    /// On its way back.
    RefundRequested,
    /// Back with the buyer.
    Refunded,
}

impl PaymentStatus {
    /// The status as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Requested => "requested",
            Self::Captured => "captured",
            Self::Declined => "declined",
            Self::RefundRequested => "refund_requested",
            Self::Refunded => "refunded",
        }
    }
}

/// The payment of an order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// Where the money is.
    pub status: PaymentStatus,
    /// The provider's id of the payment, once requested.
    pub intent_id: Option<String>,
    /// What was paid, once captured.
    pub captured: Option<Money>,
    /// The provider's id of the refund, once confirmed.
    pub refund_id: Option<String>,
}

/// The delivery that brings an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderDelivery {
    /// Its id.
    pub delivery_id: DeliveryId,
    /// Its number.
    pub tracking_number: TrackingNumber,
    /// Which attempt it is, from 1.
    pub attempt: u32,
}

/// The state of an order. Default: it does not exist.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// What was ordered; `None`: there is no such order.
    pub placed: Option<OrderPlaced>,
    /// On which day its producers deliver it; `None`: none of them had terms when it was placed.
    pub agreed_delivery: Option<DeliveryAgreed>,
    /// How far it has come.
    pub status: OrderStatus,
    /// Its payment.
    pub payment: Payment,
    /// The producers that have prepared their lines.
    pub prepared_by: BTreeSet<AccountId>,
    /// The delivery that brings it.
    pub delivery: Option<OrderDelivery>,
    /// Why it was cancelled.
    pub cancelled: Option<OrderCancelled>,
    /// Whether all attempts to deliver have failed.
    pub undeliverable: bool,
    /// What has changed about its lines since it was paid: the first is adjustment 1.
    pub adjustments: Vec<Adjustment>,
}

crate::commands! {
    /// Everything that can be asked of an order.
    OrderCommand {
        /// Buy these products.
        Place(PlaceOrder),
        /// The buyer may pay now.
        RequestPayment(RequestPayment),
        /// The provider says: paid.
        CapturePayment(CapturePayment),
        /// The provider says: declined.
        DeclinePayment(DeclinePayment),
        /// Paid and scheduled.
        Confirm(ConfirmOrder),
        /// A producer prepares its lines.
        Prepare(PrepareLines),
        /// The driver takes it.
        Ship(ShipOrder),
        /// The buyer has it.
        Deliver(DeliverOrder),
        /// Call it off.
        Cancel(CancelOrder),
        /// Give the money back.
        RequestRefund(RequestRefund),
        /// The provider says: given back.
        ConfirmRefund(ConfirmRefund),
        /// Try once more to deliver.
        RescheduleDelivery(RescheduleDelivery),
        /// Stop trying to deliver.
        GiveUpDelivery(GiveUpDelivery),
        /// A producer has less of a line.
        ReportLine(ReportLine),
        /// Call one line off.
        CancelLine(CancelLine),
        /// Give the difference back.
        RequestPartialRefund(RequestPartialRefund),
    }
}

impl Order {
    /// The order as placed, or the refusal that there is none.
    fn placed(&self) -> Result<&OrderPlaced, OrderRefusal> {
        self.placed.as_ref().ok_or(OrderRefusal::NoSuchOrder)
    }

    /// The producers that have lines in this order.
    pub fn producers(&self) -> BTreeSet<AccountId> {
        self.placed.iter().flat_map(|placed| &placed.lines).map(|line| line.producer_id).collect()
    }

    /// Whether every producer that has anything left to prepare has prepared its lines.
    pub fn ready_for_pickup(&self) -> bool {
        self.placed.is_some() && self.producers_with_lines_left().is_subset(&self.prepared_by)
    }

    /// What has to be given back if the order ends now: of the captured amount what has not been given back, and is not on its
    /// way back, line by line.
    pub fn refund_due(&self) -> Option<Money> {
        match self.payment.status {
            PaymentStatus::Captured => self.left_of_captured(),
            _ => None,
        }
    }
}

impl Aggregate for Order {
    const TYPE: &'static str = "order";
    const STATE_FORM: u32 = 2;
    type Command = OrderCommand;
    type Event = OrderEvent;
    type Refusal = OrderRefusal;

    fn decide(&self, command: &OrderCommand) -> Result<Vec<OrderEvent>, OrderRefusal> {
        match command {
            OrderCommand::Place(command) => self.place(command),
            OrderCommand::RequestPayment(command) => self.request_payment(command),
            OrderCommand::CapturePayment(command) => self.capture_payment(command),
            OrderCommand::DeclinePayment(command) => self.decline_payment(command),
            OrderCommand::Confirm(command) => self.confirm(command),
            OrderCommand::Prepare(command) => self.prepare(command),
            OrderCommand::Ship(command) => self.ship(command),
            OrderCommand::Deliver(command) => self.deliver(command),
            OrderCommand::Cancel(command) => self.cancel(command),
            OrderCommand::RequestRefund(command) => self.request_refund(command),
            OrderCommand::ConfirmRefund(command) => self.confirm_refund(command),
            OrderCommand::RescheduleDelivery(command) => self.reschedule_delivery(command),
            OrderCommand::GiveUpDelivery(command) => self.give_up_delivery(command),
            OrderCommand::ReportLine(command) => self.report_line(command),
            OrderCommand::CancelLine(command) => self.cancel_line(command),
            OrderCommand::RequestPartialRefund(command) => self.request_partial_refund(command),
        }
    }

    fn apply(&mut self, event: &OrderEvent) {
        match event {
            OrderEvent::OrderPlaced(event) => self.placed = Some(event.clone()),
            OrderEvent::DeliveryAgreed(event) => self.agreed_delivery = Some(event.clone()),
            OrderEvent::PaymentRequested(event) => {
                self.payment.status = PaymentStatus::Requested;
                self.payment.intent_id = Some(event.intent_id.clone());
            }
            OrderEvent::PaymentCaptured(event) => {
                self.payment.status = PaymentStatus::Captured;
                self.payment.captured = Some(event.amount);
            }
            OrderEvent::PaymentDeclined(_) => self.payment.status = PaymentStatus::Declined,
            OrderEvent::OrderConfirmed(event) => {
                self.status = OrderStatus::Confirmed;
                self.delivery = Some(OrderDelivery {
                    delivery_id: event.delivery_id,
                    tracking_number: event.tracking_number,
                    attempt: 1,
                });
            }
            OrderEvent::LinesPrepared(event) => {
                self.status = OrderStatus::Processing;
                self.prepared_by.insert(event.producer_id);
            }
            OrderEvent::OrderShipped(_) => self.status = OrderStatus::Shipped,
            OrderEvent::OrderDelivered(_) => self.status = OrderStatus::Delivered,
            OrderEvent::OrderCancelled(event) => {
                self.status = OrderStatus::Cancelled;
                self.cancelled = Some(event.clone());
            }
            OrderEvent::RefundRequested(_) => self.payment.status = PaymentStatus::RefundRequested,
            OrderEvent::PaymentRefunded(event) => {
                self.payment.status = PaymentStatus::Refunded;
                self.payment.refund_id = Some(event.refund_id.clone());
            }
            OrderEvent::DeliveryRescheduled(event) => {
                self.delivery = Some(OrderDelivery {
                    delivery_id: event.delivery_id,
                    tracking_number: event.tracking_number,
                    attempt: event.attempt,
                });
            }
            OrderEvent::DeliveryGivenUp(_) => self.undeliverable = true,
            OrderEvent::LineAdjusted(event) => self.adjustments.push(Adjustment::of(event)),
            OrderEvent::PartialRefundRequested(event) => {
                if let Some(adjustment) = self.adjustment_mut(event.adjustment) {
                    adjustment.status = DifferenceStatus::Requested;
                }
            }
            OrderEvent::PartialRefunded(event) => {
                if let Some(adjustment) = self.adjustment_mut(event.adjustment) {
                    adjustment.status = DifferenceStatus::Refunded;
                    adjustment.refund_id = Some(event.refund_id.clone());
                }
            }
        }
    }
}

crate::cqrs_es_aggregate!(Order);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn assert_written(value: impl Serialize, text: &str) {
        assert_eq!(serde_json::to_value(value).unwrap(), text);
    }

    #[test]
    fn a_status_is_written_for_people_as_in_json() {
        use OrderStatus::{Cancelled, Confirmed, Delivered, Pending, Processing, Shipped};
        for status in [Pending, Confirmed, Processing, Shipped, Delivered, Cancelled] {
            assert_written(status, status.as_str());
        }
    }

    #[test]
    fn a_payment_status_is_written_for_people_as_in_json() {
        use PaymentStatus::{Captured, Declined, None, RefundRequested, Refunded, Requested};
        for status in [None, Requested, Captured, Declined, RefundRequested, Refunded] {
            assert_written(status, status.as_str());
        }
    }
}
