use agrodeep_domain::{Aggregate as _, Product as Aggregate, ProductId, product::ProductEvent};
use agrodeep_event_store::{RecordedEvent, StreamId};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{Product, store};
use crate::{
    Model, ReadError,
    cache::{Dirt, Rows},
    fact::{Fact, LogEvent, Poison},
    projection::Projection,
};

/// How many products are kept at hand between batches.
const KEPT_MAX: usize = 16_384;

pub(crate) struct ProductsProjection {
    products: Rows<ProductId, Product>,
}

impl Default for ProductsProjection {
    fn default() -> Self {
        Self { products: Rows::new(KEPT_MAX) }
    }
}

#[async_trait]
impl Projection for ProductsProjection {
    const MODEL: Model = Model::Products;
    const VERSION: i32 = 1;
    const TABLES: &'static [&'static str] = &["products"];

    fn wants(event: &RecordedEvent) -> bool {
        &*event.stream.aggregate_type == Aggregate::TYPE
    }

    fn subject(_: &LogEvent) -> Option<StreamId> {
        None
    }

    async fn load(&mut self, connection: &mut PgConnection, events: &[&LogEvent]) -> Result<(), ReadError> {
        let missing: Vec<ProductId> = events
            .iter()
            .filter(|event| event.recorded.version > 1)
            .map(|event| ProductId::from_uuid(event.recorded.stream.uuid()))
            .filter(|id| !self.products.contains(id))
            .collect();
        for product in store::load(connection, &missing).await? {
            self.products.loaded(product.product_id, product);
        }
        Ok(())
    }

    fn fold(&mut self, event: &LogEvent) -> Result<(), Poison> {
        let Fact::Product(fact) = event.fact()? else { return Ok(()) };
        let id = ProductId::from_uuid(event.recorded.stream.uuid());
        let (version, at) = (event.recorded.version, event.recorded.metadata.occurred_at);
        event.follows(self.products.get(&id).map_or(0, |product| product.version))?;
        if let ProductEvent::ProductCreated(created) = fact {
            self.products.create(
                id,
                Product {
                    product_id: id,
                    producer_id: created.producer_id,
                    details: created.details.clone(),
                    price: created.price,
                    stock_quantity: created.stock,
                    held_quantity: agrodeep_domain::Quantity::ZERO,
                    is_active: true,
                    version,
                    created_at: at,
                    updated_at: at,
                },
            );
            return Ok(());
        }
        let product = self.products.change(&id, dirt(fact)).ok_or(Poison::Missing)?;
        apply(product, fact, version, at);
        Ok(())
    }

    async fn write(&mut self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        store::write_whole(connection, &self.products.changed(Dirt::Whole)).await?;
        store::write_stock(connection, &self.products.changed(Dirt::Progress)).await
    }

    fn stored(&mut self) {
        self.products.stored();
    }

    fn forget(&mut self) {
        self.products.forget();
    }
}

/// Stock changes with every order, what a product is hardly ever.
fn dirt(event: &ProductEvent) -> Dirt {
    match event {
        ProductEvent::ProductCreated(_)
        | ProductEvent::ProductDescribed(_)
        | ProductEvent::ProductRepriced(_)
        | ProductEvent::ProductDelisted(_) => Dirt::Whole,
        ProductEvent::StockCounted(_)
        | ProductEvent::StockHeld(_)
        | ProductEvent::HoldReleased(_)
        | ProductEvent::HoldExpired(_)
        | ProductEvent::HoldCommitted(_) => Dirt::Progress,
    }
}

fn apply(product: &mut Product, event: &ProductEvent, version: u64, at: DateTime<Utc>) {
    let held = &mut product.held_quantity;
    match event {
        // Has been dealt with: there was no product to change.
        ProductEvent::ProductCreated(_) => {}
        ProductEvent::ProductDescribed(event) => product.details = event.details.clone(),
        ProductEvent::ProductRepriced(event) => product.price = event.price,
        ProductEvent::ProductDelisted(_) => product.is_active = false,
        ProductEvent::StockCounted(event) => product.stock_quantity = event.on_hand,
        ProductEvent::StockHeld(event) => *held = held.checked_add(event.quantity).unwrap_or(*held),
        ProductEvent::HoldReleased(event) => *held = held.saturating_sub(event.quantity),
        ProductEvent::HoldExpired(event) => *held = held.saturating_sub(event.quantity),
        ProductEvent::HoldCommitted(event) => {
            *held = held.saturating_sub(event.quantity);
            product.stock_quantity = product.stock_quantity.saturating_sub(event.quantity);
        }
    }
    product.version = version;
    product.updated_at = at;
}
