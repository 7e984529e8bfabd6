//! Whether products can be ordered. Stock changes with every order, so it is not in the index: what is sold out is read from the
//! products read model, when somebody asks and it has gone on since it was last read.

use std::{collections::HashSet, fmt, sync::Arc};

use agrodeep_domain::ProductId;
use agrodeep_event_store::Position;
use sqlx::types::Uuid;
use tantivy::{
    DocId, DocSet, Score, SegmentReader, TERMINATED, TantivyError,
    columnar::Column,
    query::{EnableScoring, Explanation, Query, Scorer, Weight},
};
use tokio::sync::Mutex;

use crate::{Model, ReadError, ReadModels};

/// A product's id, so short that the index can look it up for each document: half of its bits.
pub(super) fn key(id: ProductId) -> u64 {
    let (high, low) = id.uuid().as_u64_pair();
    high ^ low.rotate_left(32)
}

/// The first half of a product's id.
pub(super) fn high(id: ProductId) -> u64 {
    id.uuid().as_u64_pair().0
}

/// The id of which these are the first half and the [`key`].
pub(super) fn id(high: u64, key: u64) -> ProductId {
    ProductId::from_uuid(Uuid::from_u64_pair(high, (key ^ high).rotate_right(32)))
}

/// The products that are sold out, by their [`key`]s.
type Keys = Arc<HashSet<u64>>;

/// What was sold out when it was last read, and where the products read model was then.
#[derive(Clone, Default)]
pub(super) struct SoldOut(Arc<Mutex<Option<(Position, Keys)>>>);

impl SoldOut {
    /// What is sold out now. Whoever waits while somebody else reads need not read again.
    pub async fn now(&self, models: &ReadModels) -> Result<Keys, ReadError> {
        let wanted = models.position(Model::Products).await?;
        let mut known = self.0.lock().await;
        if let Some((position, keys)) = &*known
            && *position >= wanted
        {
            return Ok(keys.clone());
        }
        // The position before the rows: these may be newer, never older.
        let position = models.position(Model::Products).await?;
        let ids: Vec<Uuid> =
            sqlx::query_scalar("select product_id from products where is_active and available_quantity <= 0")
                .fetch_all(models.pool())
                .await?;
        let keys: Keys = Arc::new(ids.into_iter().map(|id| key(ProductId::from_uuid(id))).collect());
        *known = Some((position, keys.clone()));
        Ok(keys)
    }
}

/// What `query` finds, as far as it is in stock, or sold out.
pub(super) struct AvailabilityQuery {
    pub query: Box<dyn Query>,
    pub in_stock: bool,
    pub sold_out: Keys,
}

impl Clone for AvailabilityQuery {
    fn clone(&self) -> Self {
        Self { query: self.query.box_clone(), in_stock: self.in_stock, sold_out: self.sold_out.clone() }
    }
}

impl fmt::Debug for AvailabilityQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Availability(in_stock={}, {:?})", self.in_stock, self.query)
    }
}

impl Query for AvailabilityQuery {
    fn weight(&self, scoring: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        let weight = self.query.weight(scoring)?;
        Ok(Box::new(AvailabilityWeight { weight, in_stock: self.in_stock, sold_out: self.sold_out.clone() }))
    }
}

struct AvailabilityWeight {
    weight: Box<dyn Weight>,
    in_stock: bool,
    sold_out: Keys,
}

impl Weight for AvailabilityWeight {
    fn scorer(&self, segment: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let keys = segment.fast_fields().u64("key")?;
        let found = self.weight.scorer(segment, boost)?;
        let mut scorer =
            AvailabilityScorer { found, keys, in_stock: self.in_stock, sold_out: self.sold_out.clone() };
        scorer.skip_others();
        Ok(Box::new(scorer))
    }

    fn explain(&self, segment: &SegmentReader, document: DocId) -> tantivy::Result<Explanation> {
        if self.scorer(segment, 1.0)?.seek(document) == document {
            return self.weight.explain(segment, document);
        }
        Err(TantivyError::InvalidArgument(format!("document {document} does not match")))
    }
}

struct AvailabilityScorer {
    found: Box<dyn Scorer>,
    keys: Column<u64>,
    in_stock: bool,
    sold_out: Keys,
}

impl AvailabilityScorer {
    /// Goes on to the first document, from where it is, that may be found.
    fn skip_others(&mut self) -> DocId {
        let mut document = self.found.doc();
        while document != TERMINATED && !self.may_be_found(document) {
            document = self.found.advance();
        }
        document
    }

    fn may_be_found(&self, document: DocId) -> bool {
        self.keys.first(document).is_some_and(|key| self.sold_out.contains(&key) != self.in_stock)
    }
}

impl DocSet for AvailabilityScorer {
    fn advance(&mut self) -> DocId {
        self.found.advance();
        self.skip_others()
    }

    fn doc(&self) -> DocId {
        self.found.doc()
    }

    fn size_hint(&self) -> u32 {
        self.found.size_hint()
    }
}

impl Scorer for AvailabilityScorer {
    fn score(&mut self) -> Score {
        self.found.score()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_got_back_from_its_parts() {
        for uuid in [Uuid::nil(), Uuid::max(), Uuid::from_u128(0x0123_4567_89ab_cdef_fedc_ba98_7654_3210)] {
            let product = ProductId::from_uuid(uuid);
            assert_eq!(id(high(product), key(product)), product);
        }
    }
}
