use agrodeep_domain::{Aggregate as _, Product as Aggregate, ProductId, product::ProductEvent};
use agrodeep_event_store::{RecordedEvent, StreamId};
use async_trait::async_trait;
use sqlx::PgConnection;

use super::{Product, fold, store};
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
        event.follows(self.products.get(&id).map_or(0, |product| product.version))?;
        if let ProductEvent::ProductCreated(created) = fact {
            self.products.create(id, fold::created(created, &event.recorded));
            return Ok(());
        }
        let product = self.products.change(&id, dirt(fact)).ok_or(Poison::Missing)?;
        product.apply(fact, &event.recorded);
        Ok(())
    }

    async fn leave_out(connection: &mut PgConnection, event: &LogEvent) -> Result<(), sqlx::Error> {
        if event.aggregate_type() != Aggregate::TYPE {
            return Ok(());
        }
        sqlx::query("update products set version = $2 where product_id = $1 and version = $2 - 1")
            .bind(event.recorded.stream.uuid())
            .bind(event.recorded.version as i64)
            .execute(connection)
            .await?;
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
        | ProductEvent::HoldReduced(_)
        | ProductEvent::HoldExpired(_)
        | ProductEvent::HoldCommitted(_) => Dirt::Progress,
    }
}
