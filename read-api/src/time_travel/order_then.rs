//! Folds an order: its state as the domain has it, and beside it what only readers want to know.

use agrodeep_domain::{
    Aggregate, Money, Order as State, ProductId,
    order::{OrderEvent, OrderPlaced},
    product::ProductEvent,
};
use agrodeep_event_store::RecordedEvent;
use agrodeep_projections::orders::{Cancellation, ItemStatus, Order, OrderItem, OrderPayment, StatusChange};
use chrono::{DateTime, Utc};

/// An order that is being folded.
#[derive(Default)]
pub struct OrderThen {
    state: State,
    version: u64,
    status_history: Vec<StatusChange>,
    items: Vec<OrderItem>,
    decline_code: Option<String>,
    refunded: Option<Money>,
    updated_at: DateTime<Utc>,
}

impl OrderThen {
    /// Takes in what happened to the order itself.
    pub fn apply(&mut self, recorded: &RecordedEvent, event: &OrderEvent) {
        let before = self.state.placed.is_some().then_some(self.state.status);
        self.state.apply(event);
        self.version = recorded.version;
        self.updated_at = recorded.metadata.occurred_at;
        if before != Some(self.state.status) {
            self.status_history.push(StatusChange {
                status: self.state.status,
                at: recorded.metadata.occurred_at,
                actor: recorded.metadata.actor.clone(),
            });
        }
        match event {
            OrderEvent::OrderPlaced(placed) => self.items = items(placed),
            OrderEvent::PaymentDeclined(declined) => self.decline_code = Some(declined.code.clone()),
            OrderEvent::PaymentRefunded(refunded) => self.refunded = Some(refunded.amount),
            OrderEvent::LinesPrepared(prepared) => {
                let producer = prepared.producer_id;
                self.set_items(ItemStatus::Prepared, |item| item.producer_id == producer);
            }
            OrderEvent::OrderShipped(_) => self.set_items(ItemStatus::Shipped, |_| true),
            OrderEvent::OrderDelivered(_) => self.set_items(ItemStatus::Delivered, |_| true),
            // Lines whose stock is held stay so until it is released.
            OrderEvent::OrderCancelled(_) => {
                self.set_items(ItemStatus::Released, |item| item.status == ItemStatus::Pending);
            }
            OrderEvent::PaymentRequested(_)
            | OrderEvent::PaymentCaptured(_)
            | OrderEvent::OrderConfirmed(_)
            | OrderEvent::RefundRequested(_)
            | OrderEvent::DeliveryRescheduled(_)
            | OrderEvent::DeliveryGivenUp(_) => {}
        }
    }

    /// Takes in what happened to the stock that is kept for it.
    pub fn apply_stock(&mut self, recorded: &RecordedEvent, event: &ProductEvent) {
        let product = ProductId::from_uuid(recorded.stream.uuid());
        let (status, from): (_, &[ItemStatus]) = match event {
            ProductEvent::StockHeld(_) => {
                (ItemStatus::Reserved, &[ItemStatus::Pending, ItemStatus::Released])
            }
            ProductEvent::HoldReleased(_) | ProductEvent::HoldExpired(_) => {
                (ItemStatus::Released, &[ItemStatus::Pending, ItemStatus::Reserved, ItemStatus::Prepared])
            }
            // What has left has left: committing its hold says nothing new about the line.
            ProductEvent::HoldCommitted(_)
            | ProductEvent::ProductCreated(_)
            | ProductEvent::ProductDescribed(_)
            | ProductEvent::ProductRepriced(_)
            | ProductEvent::StockCounted(_)
            | ProductEvent::ProductDelisted(_) => return,
        };
        self.set_items(status, |item| item.product_id == product && from.contains(&item.status));
    }

    fn set_items(&mut self, status: ItemStatus, which: impl Fn(&OrderItem) -> bool) {
        for item in self.items.iter_mut().filter(|item| which(item)) {
            item.status = status;
        }
    }

    /// The order as readers see it; `None`: it had not been placed.
    pub fn seen(self) -> Option<Order> {
        let ready_for_pickup = self.state.ready_for_pickup();
        let State { placed, status, payment, prepared_by: _, delivery, cancelled, undeliverable } =
            self.state;
        let placed = placed?;
        Some(Order {
            order_id: placed.order_id,
            number: placed.number,
            buyer_id: placed.buyer_id,
            status,
            created_at: self.status_history.first()?.at,
            status_history: self.status_history,
            items: self.items,
            total: placed.total,
            payment: OrderPayment {
                status: payment.status,
                intent_id: payment.intent_id,
                captured: payment.captured,
                decline_code: self.decline_code,
                refund_id: payment.refund_id,
                refunded: self.refunded,
            },
            shipping_address: placed.shipping_address,
            billing_address: placed.billing_address,
            preferred_delivery_date: placed.preferred_delivery_date,
            notes: placed.notes,
            conductor: placed.conductor,
            expires_at: placed.expires_at,
            cancellation: cancelled.map(|cancelled| Cancellation {
                reason: cancelled.reason,
                note: cancelled.note,
                refund_due: cancelled.refund_due,
            }),
            delivery,
            ready_for_pickup,
            undeliverable,
            version: self.version,
            updated_at: self.updated_at,
        })
    }
}

fn items(placed: &OrderPlaced) -> Vec<OrderItem> {
    let lines = placed.lines.iter().cloned();
    lines
        .map(|line| OrderItem {
            product_id: line.product_id,
            producer_id: line.producer_id,
            name: line.name,
            quantity: line.quantity,
            unit: line.unit,
            unit_price: line.unit_price,
            total: line.total,
            notes: line.notes,
            status: ItemStatus::Pending,
        })
        .collect()
}
