//! Products with an event that the index cannot apply: they stay in it as they were, later events of them wait, and a person's
//! decision lets them be built anew from the log.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use agrodeep_domain::{Aggregate as _, Product as Aggregate, ProductId};
use agrodeep_event_store::{Position, SharedLog, StreamId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::{PgPool, types::Uuid};

use super::{companies::Companies, document::ProductDocument, indexer::wants};
use crate::{
    Model, ReadError, Wanted,
    fact::{LogEvent, Poison},
    parking::{Outcome, ParkedAggregate, decision},
};

/// What is parked of one product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ParkedProduct {
    /// The event that could not be applied.
    pub position: Position,
    pub event_type: String,
    pub error_class: String,
    pub error: String,
    pub since: DateTime<Utc>,
    /// Later events, and the last of them.
    pub waiting: u64,
    pub last: Position,
    /// The last decision that was carried out here.
    pub decided: i64,
}

/// What is parked of an index.
pub(crate) type ParkedProducts = BTreeMap<ProductId, ParkedProduct>;

impl ParkedProduct {
    pub fn new(event: &LogEvent, poison: &Poison) -> Self {
        Self {
            position: event.position(),
            event_type: event.recorded.event_type.clone(),
            error_class: poison.class().to_owned(),
            error: poison.to_string(),
            since: Utc::now(),
            waiting: 0,
            last: event.position(),
            decided: 0,
        }
    }

    /// A later event waits, too.
    pub fn wait(&mut self, position: Position) {
        self.waiting += 1;
        self.last = position;
    }

    /// As those of other read models are shown.
    pub fn shown(&self, id: ProductId) -> ParkedAggregate {
        ParkedAggregate {
            projection: Model::Search.as_str().to_owned(),
            stream: stream(id),
            position: self.position,
            event_type: self.event_type.clone(),
            error_class: Some(self.error_class.clone()),
            error: Some(self.error.clone()),
            since: self.since,
            waiting: self.waiting,
        }
    }
}

/// How many parked products an answer would lack.
pub(crate) fn parked_for(parked: &ParkedProducts, wanted: Wanted<'_>) -> u64 {
    let is_lacking = |(id, product): &(&ProductId, &ParkedProduct)| {
        let is_asked = wanted.about.contains(&stream(**id)) && product.position <= wanted.position;
        is_asked || product.last == wanted.position || product.position == wanted.position
    };
    parked.iter().filter(is_lacking).count() as u64
}

fn stream(id: ProductId) -> StreamId {
    StreamId::new(Aggregate::TYPE, id.uuid())
}

/// Products about which somebody has decided, and the last decision about each: about the index itself, or about the
/// products read model once that has carried it out. What is skipped there is skipped here.
pub(super) async fn decided(
    pool: &PgPool,
    parked: &ParkedProducts,
) -> Result<Vec<(ProductId, i64)>, ReadError> {
    if parked.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<(Uuid, i64)> = sqlx::query_as(
        "select aggregate_id, max(decision_id) from parking_decisions
         where aggregate_type = $1 and aggregate_id = any($2)
             and (projection = $3 or (projection = $4 and outcome is not null))
         group by aggregate_id",
    )
    .bind(Aggregate::TYPE)
    .bind(parked.keys().map(|id| id.uuid()).collect::<Vec<_>>())
    .bind(Model::Search.as_str())
    .bind(Model::Products.as_str())
    .fetch_all(pool)
    .await?;
    let rows = rows.into_iter().map(|(id, decision)| (ProductId::from_uuid(id), decision));
    Ok(rows.filter(|(id, last)| parked.get(id).is_some_and(|product| product.decided < *last)).collect())
}

/// What became of a product that was folded anew.
pub(super) enum Folded {
    /// As it is; `None`: it is no longer offered.
    Whole(Option<ProductDocument>),
    /// An event still cannot be applied.
    Stuck(Option<ProductDocument>, ParkedProduct),
}

/// Folds a product from the log, up to where the index is.
pub(super) async fn fold_anew(
    log: &SharedLog,
    pool: &PgPool,
    id: ProductId,
    until: Position,
) -> Result<Folded, ReadError> {
    let skipped: HashSet<Position> = decision::skipped(pool, Model::Products).await?;
    let events = log.load(&stream(id), 0).await.map_err(|error| ReadError::Unavailable(error.to_string()))?;
    let events: Vec<_> = events
        .into_iter()
        .filter(|event| event.position <= until && wants(event) && !skipped.contains(&event.position))
        .map(|event| Arc::new(LogEvent::new(event)))
        .collect();
    let companies = Companies::new(log.clone()).of_events(&events).await;
    let companies = companies.map_err(|error| ReadError::Unavailable(error.to_string()))?;
    let mut events = events.iter();
    let mut document: Option<ProductDocument> = None;
    for event in events.by_ref() {
        match ProductDocument::after(document.clone(), event, &companies) {
            Ok(after) => document = after,
            Err(poison) => {
                let mut parked = ParkedProduct::new(event, &poison);
                events.by_ref().for_each(|event| parked.wait(event.position()));
                return Ok(Folded::Stuck(document, parked));
            }
        }
    }
    Ok(Folded::Whole(document))
}

/// Says what became of decisions about the index itself, for those who wait for it. Where the database is a replica nobody
/// is told.
pub(super) async fn note(pool: &PgPool, id: ProductId, until: i64, outcome: Outcome) {
    let noted = sqlx::query(
        "update parking_decisions set outcome = $5, done_at = now()
         where projection = $1 and aggregate_type = $2 and aggregate_id = $3 and decision_id <= $4 and outcome is null",
    )
    .bind(Model::Search.as_str())
    .bind(Aggregate::TYPE)
    .bind(id.uuid())
    .bind(until)
    .bind(outcome.as_str())
    .execute(pool)
    .await;
    if let Err(error) = noted {
        tracing::debug!(%error, "what became of a decision could not be noted");
    }
}

/// What is parked, for those who ask while it changes.
pub(super) type Published = Arc<ParkedProducts>;
