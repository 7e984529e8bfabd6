//! What each event does to an order.

use agrodeep_domain::{
    AccountId, OrderId, ProductId,
    order::{DifferenceStatus, OrderDelivery, OrderEvent, OrderPlaced, OrderStatus, PaymentStatus},
    product::ProductEvent,
};
use agrodeep_event_store::RecordedEvent;

use super::{Cancellation, ItemStatus, LineAdjustment, Order, OrderItem, OrderPayment, StatusChange};

/// What a product's event says about the stock of an order: whose order, and what becomes of its line.
pub(crate) fn stock_of(event: &ProductEvent) -> Option<(OrderId, StockStep)> {
    match event {
        ProductEvent::StockHeld(event) => Some((event.order_id, StockStep::Held)),
        ProductEvent::HoldReleased(event) => Some((event.order_id, StockStep::Released)),
        ProductEvent::HoldReduced(event) => Some((event.order_id, StockStep::Reduced)),
        ProductEvent::HoldExpired(event) => Some((event.order_id, StockStep::Released)),
        ProductEvent::HoldCommitted(event) => Some((event.order_id, StockStep::Committed)),
        ProductEvent::ProductCreated(_)
        | ProductEvent::ProductDescribed(_)
        | ProductEvent::ProductRepriced(_)
        | ProductEvent::StockCounted(_)
        | ProductEvent::ProductDelisted(_) => None,
    }
}

/// What becomes of the stock of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StockStep {
    Held,
    /// Less of it is held: the line stays what it is.
    Reduced,
    Released,
    Committed,
}

/// The order that has been placed by `event`.
pub(super) fn placed(placed: &OrderPlaced, event: &RecordedEvent) -> Order {
    let at = event.metadata.occurred_at;
    let items = placed.lines.iter().map(|line| OrderItem {
        product_id: line.product_id,
        producer_id: line.producer_id,
        name: line.name.clone(),
        quantity: line.quantity,
        unit: line.unit.clone(),
        unit_price: line.unit_price,
        total: line.total,
        notes: line.notes.clone(),
        status: ItemStatus::Pending,
    });
    let mut order = Order {
        order_id: placed.order_id,
        number: placed.number,
        buyer_id: placed.buyer_id,
        status: OrderStatus::Pending,
        status_history: Vec::new(),
        items: items.collect(),
        total: placed.total,
        payment: OrderPayment::default(),
        shipping_address: placed.shipping_address.clone(),
        billing_address: placed.billing_address.clone(),
        preferred_delivery_date: placed.preferred_delivery_date,
        agreed_delivery: None,
        notes: placed.notes.clone(),
        conductor: placed.conductor,
        expires_at: placed.expires_at,
        cancellation: None,
        delivery: None,
        ready_for_pickup: false,
        undeliverable: false,
        adjustments: Vec::new(),
        version: event.version,
        created_at: at,
        updated_at: at,
    };
    order.reach(OrderStatus::Pending, event);
    order
}

impl Order {
    /// Takes one of the order's own events in. Whether a line has changed, too.
    pub(super) fn apply(&mut self, fact: &OrderEvent, event: &RecordedEvent) -> bool {
        self.version = event.version;
        self.updated_at = self.updated_at.max(event.metadata.occurred_at);
        match fact {
            // Has been dealt with: there was no order to change.
            OrderEvent::OrderPlaced(_) => false,
            OrderEvent::DeliveryAgreed(fact) => {
                self.agreed_delivery = Some(fact.clone());
                false
            }
            OrderEvent::PaymentRequested(fact) => {
                self.payment.status = PaymentStatus::Requested;
                self.payment.intent_id = Some(fact.intent_id.clone());
                false
            }
            OrderEvent::PaymentCaptured(fact) => {
                self.payment.status = PaymentStatus::Captured;
                self.payment.captured = Some(fact.amount);
                false
            }
            OrderEvent::PaymentDeclined(fact) => {
                self.payment.status = PaymentStatus::Declined;
                self.payment.decline_code = Some(fact.code.clone());
                false
            }
            OrderEvent::OrderConfirmed(fact) => {
                self.delivery = Some(OrderDelivery {
                    delivery_id: fact.delivery_id,
                    tracking_number: fact.tracking_number,
                    attempt: 1,
                });
                self.reach(OrderStatus::Confirmed, event);
                false
            }
            OrderEvent::LinesPrepared(fact) => {
                self.ready_for_pickup = fact.ready_for_pickup;
                self.reach(OrderStatus::Processing, event);
                self.move_what_is_left(|item| {
                    (item.producer_id == fact.producer_id).then_some(ItemStatus::Prepared)
                })
            }
            OrderEvent::OrderShipped(_) => {
                self.reach(OrderStatus::Shipped, event);
                self.move_what_is_left(|_| Some(ItemStatus::Shipped))
            }
            OrderEvent::OrderDelivered(_) => {
                self.reach(OrderStatus::Delivered, event);
                self.move_what_is_left(|_| Some(ItemStatus::Delivered))
            }
            OrderEvent::OrderCancelled(fact) => {
                self.cancellation = Some(Cancellation {
                    reason: fact.reason,
                    note: fact.note.clone(),
                    refund_due: fact.refund_due,
                });
                self.reach(OrderStatus::Cancelled, event);
                // Lines whose stock is held stay so until it is released.
                self.move_items(|item| (item.status == ItemStatus::Pending).then_some(ItemStatus::Released))
            }
            OrderEvent::RefundRequested(_) => {
                self.payment.status = PaymentStatus::RefundRequested;
                false
            }
            OrderEvent::PaymentRefunded(fact) => {
                self.payment.status = PaymentStatus::Refunded;
                self.payment.refund_id = Some(fact.refund_id.clone());
                self.payment.refunded = Some(fact.amount);
                false
            }
            OrderEvent::DeliveryRescheduled(fact) => {
                self.delivery = Some(OrderDelivery {
                    delivery_id: fact.delivery_id,
                    tracking_number: fact.tracking_number,
                    attempt: fact.attempt,
                });
                false
            }
            OrderEvent::DeliveryGivenUp(_) => {
                self.undeliverable = true;
                false
            }
            OrderEvent::LineAdjusted(fact) => {
                self.ready_for_pickup |= fact.ready_for_pickup;
                self.adjustments.push(LineAdjustment::of(fact, event));
                false
            }
            OrderEvent::PartialRefundRequested(fact) => {
                self.refund_of(fact.adjustment, DifferenceStatus::Requested, None);
                false
            }
            OrderEvent::PartialRefunded(fact) => {
                self.refund_of(fact.adjustment, DifferenceStatus::Refunded, Some(&fact.refund_id));
                false
            }
        }
    }

    /// Takes in what has become of the stock of `product_id`. Whether a line has changed.
    pub(super) fn apply_stock(
        &mut self,
        product_id: ProductId,
        step: StockStep,
        event: &RecordedEvent,
    ) -> bool {
        let changed = self.move_items(|item| match (item.product_id == product_id, step, item.status) {
            (true, StockStep::Held, ItemStatus::Pending | ItemStatus::Released) => Some(ItemStatus::Reserved),
            (
                true,
                StockStep::Released,
                ItemStatus::Pending | ItemStatus::Reserved | ItemStatus::Prepared,
            ) => Some(ItemStatus::Released),
            // What has left has left: committing its hold says nothing new about the line.
            _ => None,
        });
        if changed {
            self.updated_at = self.updated_at.max(event.metadata.occurred_at);
        }
        changed
    }

    /// Reaches a status; when it has been reached before (several producers prepare), nothing new.
    fn reach(&mut self, status: OrderStatus, event: &RecordedEvent) {
        if self.status == status && !self.status_history.is_empty() {
            return;
        }
        self.status = status;
        self.status_history.push(StatusChange {
            status,
            at: event.metadata.occurred_at,
            actor: event.metadata.actor.clone(),
        });
    }

    /// Moves the lines of which anything is left: of a line of nothing, nothing goes its way.
    fn move_what_is_left(&mut self, to: impl Fn(&OrderItem) -> Option<ItemStatus>) -> bool {
        let gone: Vec<ProductId> = self
            .adjustments
            .iter()
            .filter(|change| change.quantity.is_zero())
            .map(|change| change.product_id)
            .collect();
        self.move_items(|item| if gone.contains(&item.product_id) { None } else { to(item) })
    }

    fn move_items(&mut self, to: impl Fn(&OrderItem) -> Option<ItemStatus>) -> bool {
        let mut changed = false;
        for item in &mut self.items {
            if let Some(status) = to(item)
                && status != item.status
            {
                item.status = status;
                changed = true;
            }
        }
        changed
    }

    /// The producers that have lines in this order, each once.
    pub fn producers(&self) -> Vec<AccountId> {
        let mut producers: Vec<_> = self.items.iter().map(|item| item.producer_id).collect();
        producers.sort_unstable();
        producers.dedup();
        producers
    }
}
