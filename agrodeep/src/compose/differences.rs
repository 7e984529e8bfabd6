//! Shows the read API the differences between payment provider and log.

use std::sync::Arc;

use agrodeep_commands::payments::difference::{DifferenceKind, Differences, KnownDifference};
use agrodeep_projections::{Page, Paged, ReadError};
use agrodeep_read_api::payments::{PaymentDifference, PaymentDifferences};
use async_trait::async_trait;
use sqlx::PgPool;

/// Those that are kept in the database `pool`.
pub fn port(pool: PgPool) -> Arc<dyn PaymentDifferences> {
    Arc::new(Kept(Differences::new(pool)))
}

struct Kept(Differences);

#[async_trait]
impl PaymentDifferences for Kept {
    fn kinds(&self) -> Vec<&'static str> {
        DifferenceKind::ALL.map(DifferenceKind::as_str).to_vec()
    }

    async fn differences(
        &self,
        kind: Option<&str>,
        page: Page,
    ) -> Result<Paged<PaymentDifference>, ReadError> {
        let found = self.0.page(kind, page.offset(), page.limit).await;
        let (items, total) = found.map_err(|error| ReadError::Unavailable(error.to_string()))?;
        Ok(Paged { items: items.into_iter().map(shown).collect(), total })
    }
}

fn shown(known: KnownDifference) -> PaymentDifference {
    let KnownDifference { kind, reference, order_id, expected, found, first_seen, last_seen, times } = known;
    PaymentDifference { kind, reference, order_id, expected, found, first_seen, last_seen, times }
}
