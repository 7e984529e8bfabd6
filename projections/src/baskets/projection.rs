use std::collections::{HashMap, HashSet};

use agrodeep_domain::{
    Aggregate as _, Order, OrderId, Product, ProductId, order::OrderEvent, product::ProductEvent,
};
use agrodeep_event_store::{RecordedEvent, StreamId};
use async_trait::async_trait;
use sqlx::PgConnection;

use super::{Basket, BasketStatus, store};
use crate::{
    Model, ReadError,
    cache::{Dirt, Rows},
    fact::{Fact, LogEvent, Poison},
    projection::Projection,
};

/// How many baskets are kept at hand between batches.
const KEPT_MAX: usize = 8192;

pub(crate) struct BasketsProjection {
    baskets: Rows<OrderId, Basket>,
    /// In how many more baskets each product is now; of a product that is new, in none.
    more: HashMap<ProductId, i64>,
}

impl Default for BasketsProjection {
    fn default() -> Self {
        Self { baskets: Rows::new(KEPT_MAX), more: HashMap::new() }
    }
}

#[async_trait]
impl Projection for BasketsProjection {
    const MODEL: Model = Model::Baskets;
    const VERSION: i32 = 1;
    const TABLES: &'static [&'static str] = &["baskets", "purchases", "popularity"];

    /// Of orders all that is not known to leave the basket as it is: an unknown event may not.
    fn wants(event: &RecordedEvent) -> bool {
        match &*event.stream.aggregate_type {
            Order::TYPE => !matches!(
                event.event_type.as_str(),
                "DeliveryAgreed"
                    | "PaymentRequested"
                    | "PaymentCaptured"
                    | "PaymentDeclined"
                    | "LinesPrepared"
                    | "OrderShipped"
                    | "OrderDelivered"
                    | "RefundRequested"
                    | "PaymentRefunded"
                    | "DeliveryRescheduled"
                    | "DeliveryGivenUp"
                    | "LineAdjusted"
                    | "PartialRefundRequested"
                    | "PartialRefunded"
            ),
            Product::TYPE => event.event_type == "ProductCreated",
            _ => false,
        }
    }

    fn subject(_: &LogEvent) -> Option<StreamId> {
        None
    }

    async fn load(&mut self, connection: &mut PgConnection, events: &[&LogEvent]) -> Result<(), ReadError> {
        let missing: HashSet<OrderId> = events
            .iter()
            .filter(|event| event.aggregate_type() == Order::TYPE && event.recorded.version > 1)
            .map(|event| OrderId::from_uuid(event.recorded.stream.uuid()))
            .filter(|id| !self.baskets.contains(id))
            .collect();
        for basket in store::load(connection, missing).await? {
            self.baskets.loaded(basket.order_id, basket);
        }
        Ok(())
    }

    fn fold(&mut self, event: &LogEvent) -> Result<(), Poison> {
        match event.fact()? {
            Fact::Order(fact) => self.fold_order(fact, event),
            Fact::Product(ProductEvent::ProductCreated(_)) => {
                self.more.entry(ProductId::from_uuid(event.recorded.stream.uuid())).or_default();
                Ok(())
            }
            Fact::Product(_)
            | Fact::Account(_)
            | Fact::Delivery(_)
            | Fact::Track(_)
            | Fact::Fulfilment(_) => Ok(()),
        }
    }

    /// Baskets have no version that would have to move.
    async fn leave_out(_: &mut PgConnection, _: &LogEvent) -> Result<(), sqlx::Error> {
        Ok(())
    }

    async fn write(&mut self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        store::write_new(connection, &self.baskets.changed(Dirt::Whole)).await?;
        store::write_status(connection, &self.baskets.changed(Dirt::Progress)).await?;
        let mut changed = self.baskets.changed(Dirt::Whole);
        changed.extend(self.baskets.changed(Dirt::Progress));
        store::write_purchases(connection, &changed).await?;
        store::write_popularity(connection, &self.more).await
    }

    fn stored(&mut self) {
        self.baskets.stored();
        self.more.clear();
    }

    fn forget(&mut self) {
        self.baskets.forget();
        self.more.clear();
    }
}

impl BasketsProjection {
    fn fold_order(&mut self, fact: &OrderEvent, event: &LogEvent) -> Result<(), Poison> {
        let id = OrderId::from_uuid(event.recorded.stream.uuid());
        match fact {
            OrderEvent::OrderPlaced(placed) => {
                self.baskets.create(
                    id,
                    Basket {
                        order_id: id,
                        buyer_id: placed.buyer_id,
                        products: placed.lines.iter().map(|line| line.product_id).collect(),
                        status: BasketStatus::Placed,
                        placed_at: event.recorded.metadata.occurred_at,
                    },
                );
                Ok(())
            }
            OrderEvent::OrderConfirmed(_) => self.becomes(id, BasketStatus::Bought),
            OrderEvent::OrderCancelled(_) => self.becomes(id, BasketStatus::Cancelled),
            OrderEvent::DeliveryAgreed(_)
            | OrderEvent::PaymentRequested(_)
            | OrderEvent::PaymentCaptured(_)
            | OrderEvent::PaymentDeclined(_)
            | OrderEvent::LinesPrepared(_)
            | OrderEvent::OrderShipped(_)
            | OrderEvent::OrderDelivered(_)
            | OrderEvent::RefundRequested(_)
            | OrderEvent::PaymentRefunded(_)
            | OrderEvent::DeliveryRescheduled(_)
            | OrderEvent::DeliveryGivenUp(_)
            | OrderEvent::LineAdjusted(_)
            | OrderEvent::PartialRefundRequested(_)
            | OrderEvent::PartialRefunded(_) => Ok(()),
        }
    }

    fn becomes(&mut self, id: OrderId, status: BasketStatus) -> Result<(), Poison> {
        let basket = self.baskets.change(&id, Dirt::Progress).ok_or(Poison::Missing)?;
        let counted = |status| i64::from(status == BasketStatus::Bought);
        let more = counted(status) - counted(basket.status);
        basket.status = status;
        if more != 0 {
            for product in &basket.products {
                *self.more.entry(*product).or_default() += more;
            }
        }
        Ok(())
    }
}
