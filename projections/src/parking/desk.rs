//! What people see of parked aggregates, and where they decide about them.

use std::time::{Duration, Instant};

use agrodeep_event_store::{Position, StreamId};
use chrono::{DateTime, Utc};
use sqlx::{PgPool, QueryBuilder, postgres::PgRow, types::Uuid};

use super::decision::{self, Decision, DecisionKind};
use crate::{
    Model, Page, Paged, ReadError, ReadModels,
    row::{count, get},
    search::ProductIndex,
};

/// How many of an aggregate's parked events, and of the decisions about it, are shown at the most.
const SHOWN_MAX: i64 = 100;
/// How often is looked whether a decision has been carried out.
const POLL: Duration = Duration::from_millis(50);

/// Which parked aggregates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ParkedFilter {
    /// Only those of this read model.
    pub projection: Option<Model>,
}

/// An aggregate with an event that could not be applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParkedAggregate {
    /// In which read model.
    pub projection: String,
    /// Which aggregate.
    pub stream: StreamId,
    /// The event that could not be applied: where it stands.
    pub position: Position,
    /// Its type.
    pub event_type: String,
    /// The kind of error; `None`: what is left is being applied at this moment.
    pub error_class: Option<String>,
    /// The error in words, without any content of the event.
    pub error: Option<String>,
    /// When it was parked.
    pub since: DateTime<Utc>,
    /// How many later events wait behind it.
    pub waiting: u64,
}

/// One parked event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParkedEvent {
    /// Where it stands in the log.
    pub position: Position,
    /// Its type.
    pub event_type: String,
    /// The kind of error; `None`: it only waits.
    pub error_class: Option<String>,
    /// When it was parked.
    pub parked_at: DateTime<Utc>,
}

/// All that is known of one parked aggregate, or one that was parked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParkedDetail {
    /// What is parked now, if anything.
    pub parked: Option<ParkedAggregate>,
    /// Its first parked events, in order.
    pub events: Vec<ParkedEvent>,
    /// What people have decided about it, latest first.
    pub decisions: Vec<Decision>,
}

/// Why a decision was not taken down.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecideError {
    /// There is nothing to decide about.
    #[error("{stream} is not parked in {projection}")]
    NotParked {
        /// In which read model.
        projection: Model,
        /// What was asked about.
        stream: StreamId,
    },
    /// An earlier decision has not been carried out yet.
    #[error(
        "what was decided about {stream} before has not been carried out yet; is the projection running?"
    )]
    Pending {
        /// What was asked about.
        stream: StreamId,
    },
    /// The index has no opinion of its own.
    #[error("the index leaves out what is skipped in products: skip it there")]
    SkipInProducts,
    /// The database cannot be reached, or is damaged.
    #[error("{0}")]
    Store(String),
}

impl From<ReadError> for DecideError {
    fn from(error: ReadError) -> Self {
        Self::Store(error.to_string())
    }
}

impl From<sqlx::Error> for DecideError {
    fn from(error: sqlx::Error) -> Self {
        ReadError::from(error).into()
    }
}

/// Where people see what is parked, and decide. Cheap to clone.
///
/// What is decided is only written down here; the projection itself carries it out, wherever it runs.
#[derive(Clone)]
pub struct ParkingDesk {
    pool: PgPool,
}

/// From all rows of an aggregate its first, and how many there are.
const AGGREGATES: &str = "with first as (
         select distinct on (projection, aggregate_type, aggregate_id) *,
             count(*) over (partition by projection, aggregate_type, aggregate_id) events
         from parked_events
         order by projection, aggregate_type, aggregate_id, position
     ) select * from first";

impl ParkingDesk {
    /// A desk over the read models that `pool` sees.
    pub fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// What is parked, the longest parked first.
    pub async fn parked(
        &self,
        filter: ParkedFilter,
        page: Page,
    ) -> Result<Paged<ParkedAggregate>, ReadError> {
        let projection = filter.projection.map(Model::as_str);
        let total: i64 = sqlx::query_scalar(
            "select count(*) from (select distinct projection, aggregate_type, aggregate_id from parked_events
             where $1::text is null or projection = $1) a",
        )
        .bind(projection)
        .fetch_one(&self.pool)
        .await?;
        let mut query = QueryBuilder::new(AGGREGATES);
        if let Some(projection) = projection {
            query.push(" where projection = ").push_bind(projection);
        }
        query.push(" order by parked_at, position, projection limit ").push_bind(i64::from(page.limit));
        query.push(" offset ").push_bind(page.offset());
        let rows = query.build().fetch_all(&self.pool).await?;
        let items = rows.iter().map(aggregate).collect::<Result<_, _>>()?;
        Ok(Paged { items, total: count(total) })
    }

    /// All that is known of one aggregate; `None`: it is not parked, and never was while somebody decided.
    pub async fn show(
        &self,
        projection: Model,
        stream: &StreamId,
    ) -> Result<Option<ParkedDetail>, ReadError> {
        let decisions = sqlx::query(
            "select * from parking_decisions where projection = $1 and aggregate_type = $2 and aggregate_id = $3
             order by decision_id desc limit $4",
        )
        .bind(projection.as_str())
        .bind(&*stream.aggregate_type)
        .bind(stream.uuid())
        .bind(SHOWN_MAX)
        .fetch_all(&self.pool)
        .await?;
        let decisions: Vec<Decision> = decisions.iter().map(decision::read).collect::<Result<_, _>>()?;
        let events = sqlx::query(
            "select * from parked_events where projection = $1 and aggregate_type = $2 and aggregate_id = $3
             order by position limit $4",
        )
        .bind(projection.as_str())
        .bind(&*stream.aggregate_type)
        .bind(stream.uuid())
        .bind(SHOWN_MAX)
        .fetch_all(&self.pool)
        .await?;
        let events: Vec<ParkedEvent> = events.iter().map(event).collect::<Result<_, _>>()?;
        let parked = self.aggregate(projection, stream).await?;
        if parked.is_none() && decisions.is_empty() {
            return Ok(None);
        }
        Ok(Some(ParkedDetail { parked, events, decisions }))
    }

    async fn aggregate(
        &self,
        projection: Model,
        stream: &StreamId,
    ) -> Result<Option<ParkedAggregate>, ReadError> {
        let row = sqlx::query(
            "select *, (select count(*) from parked_events where projection = $1 and aggregate_type = $2 and
                 aggregate_id = $3) events
             from parked_events where projection = $1 and aggregate_type = $2 and aggregate_id = $3
             order by position limit 1",
        )
        .bind(projection.as_str())
        .bind(&*stream.aggregate_type)
        .bind(stream.uuid())
        .fetch_optional(&self.pool)
        .await?;
        row.as_ref().map(aggregate).transpose()
    }

    /// Takes down that what is parked of an aggregate shall be applied again, or its first event be skipped. The decision's id.
    ///
    /// # Errors
    /// [`DecideError`].
    pub async fn decide(
        &self,
        projection: Model,
        stream: &StreamId,
        decision: &Verdict,
        decided_by: &str,
    ) -> Result<i64, DecideError> {
        if projection == Model::Search {
            return self.decide_about_index(stream, decision, decided_by).await;
        }
        let parked = self.aggregate(projection, stream).await?;
        let not_parked = || DecideError::NotParked { projection, stream: stream.clone() };
        let parked = parked.ok_or_else(not_parked)?;
        let (kind, skipped, reason) = match decision {
            Verdict::Retry => ("retry", None, None),
            // Of what is being applied at this moment nothing can be skipped.
            Verdict::Skip { .. } if parked.error_class.is_none() && parked.error.is_none() => {
                return Err(DecideError::Pending { stream: stream.clone() });
            }
            Verdict::Skip { reason } => ("skip", Some(&parked), Some(reason)),
        };
        let id: Option<i64> = sqlx::query_scalar(
            "insert into parking_decisions (projection, aggregate_type, aggregate_id, kind, position, event_type,
                 error_class, reason, decided_by)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             on conflict (projection, aggregate_type, aggregate_id) where outcome is null do nothing
             returning decision_id",
        )
        .bind(projection.as_str())
        .bind(&*stream.aggregate_type)
        .bind(stream.uuid())
        .bind(kind)
        .bind(skipped.map(|parked| parked.position.0))
        .bind(skipped.map(|parked| &parked.event_type))
        .bind(skipped.map(|parked| &parked.error_class))
        .bind(reason)
        .bind(decided_by)
        .fetch_optional(&self.pool)
        .await?;
        id.ok_or_else(|| DecideError::Pending { stream: stream.clone() })
    }

    /// Each process has an index of its own, and knows by itself what is parked in it.
    async fn decide_about_index(
        &self,
        stream: &StreamId,
        decision: &Verdict,
        decided_by: &str,
    ) -> Result<i64, DecideError> {
        if matches!(decision, Verdict::Skip { .. }) {
            return Err(DecideError::SkipInProducts);
        }
        let id: Option<i64> = sqlx::query_scalar(
            "insert into parking_decisions (projection, aggregate_type, aggregate_id, kind, decided_by)
             values ($1, $2, $3, 'retry', $4)
             on conflict (projection, aggregate_type, aggregate_id) where outcome is null do nothing
             returning decision_id",
        )
        .bind(Model::Search.as_str())
        .bind(&*stream.aggregate_type)
        .bind(stream.uuid())
        .bind(decided_by)
        .fetch_optional(&self.pool)
        .await?;
        id.ok_or_else(|| DecideError::Pending { stream: stream.clone() })
    }

    /// Takes down that everything that is parked (of one read model) shall be applied again. The decisions' ids.
    pub async fn retry_all(
        &self,
        projection: Option<Model>,
        decided_by: &str,
    ) -> Result<Vec<i64>, ReadError> {
        Ok(sqlx::query_scalar(
            "insert into parking_decisions (projection, aggregate_type, aggregate_id, kind, decided_by)
             select projection, aggregate_type, aggregate_id, 'retry', $2 from parked_events
             where $1::text is null or projection = $1
             group by projection, aggregate_type, aggregate_id order by min(position)
             on conflict (projection, aggregate_type, aggregate_id) where outcome is null do nothing
             returning decision_id",
        )
        .bind(projection.map(Model::as_str))
        .bind(decided_by)
        .fetch_all(&self.pool)
        .await?)
    }

    /// Decisions as they are now.
    pub async fn decisions(&self, ids: &[i64]) -> Result<Vec<Decision>, ReadError> {
        let rows =
            sqlx::query("select * from parking_decisions where decision_id = any($1) order by decision_id")
                .bind(ids)
                .fetch_all(&self.pool)
                .await?;
        rows.iter().map(decision::read).collect()
    }

    /// Decisions, once all of them have been carried out; or as they are after `timeout`.
    pub async fn carried_out(&self, ids: &[i64], timeout: Duration) -> Result<Vec<Decision>, ReadError> {
        let deadline = Instant::now() + timeout;
        loop {
            let decisions = self.decisions(ids).await?;
            if decisions.iter().all(|decision| decision.outcome.is_some()) || Instant::now() >= deadline {
                return Ok(decisions);
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

/// What a person wants to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Apply it again.
    Retry,
    /// Leave out the event that could not be applied, and apply the rest.
    Skip {
        /// Why that is right.
        reason: String,
    },
}

impl Decision {
    /// Whether it was to skip an event.
    pub fn is_skip(&self) -> bool {
        matches!(self.kind, DecisionKind::Skip { .. })
    }
}

fn stream(row: &PgRow) -> Result<StreamId, ReadError> {
    Ok(StreamId::new(get::<&str>(row, "aggregate_type")?, get::<Uuid>(row, "aggregate_id")?))
}

fn aggregate(row: &PgRow) -> Result<ParkedAggregate, ReadError> {
    Ok(ParkedAggregate {
        projection: get(row, "projection")?,
        stream: stream(row)?,
        position: Position(get(row, "position")?),
        event_type: get(row, "event_type")?,
        error_class: get(row, "error_class")?,
        error: get(row, "reason")?,
        since: get(row, "parked_at")?,
        waiting: count(get(row, "events")?).saturating_sub(1),
    })
}

fn event(row: &PgRow) -> Result<ParkedEvent, ReadError> {
    Ok(ParkedEvent {
        position: Position(get(row, "position")?),
        event_type: get(row, "event_type")?,
        error_class: get(row, "error_class")?,
        parked_at: get(row, "parked_at")?,
    })
}

impl ReadModels {
    /// What is parked, the longest parked first; of the index, what that of this process has parked.
    pub async fn parked(
        &self,
        filter: ParkedFilter,
        page: Page,
    ) -> Result<Paged<ParkedAggregate>, ReadError> {
        let of_index = match filter.projection {
            None | Some(Model::Search) => self.index().map(ProductIndex::parked).unwrap_or_default(),
            Some(_) => Vec::new(),
        };
        let desk = ParkingDesk::new(self.pool().clone());
        let found = desk.parked(filter, page).await?;
        // The index comes last: what it has parked, the products mostly have, too.
        let first = usize::try_from(page.offset()).unwrap_or(usize::MAX);
        let in_tables = usize::try_from(found.total).unwrap_or(usize::MAX);
        let room = (page.limit as usize).saturating_sub(found.items.len());
        let total = found.total + of_index.len() as u64;
        let rest = of_index.into_iter().skip(first.saturating_sub(in_tables)).take(room);
        Ok(Paged { items: found.items.into_iter().chain(rest).collect(), total })
    }

    /// All that is known of one parked aggregate, or one that was parked.
    pub async fn parked_one(
        &self,
        projection: Model,
        stream: &StreamId,
    ) -> Result<Option<ParkedDetail>, ReadError> {
        let detail = ParkingDesk::new(self.pool().clone()).show(projection, stream).await?;
        if projection != Model::Search {
            return Ok(detail);
        }
        let parked = self.index().map(ProductIndex::parked).unwrap_or_default();
        let parked = parked.into_iter().find(|parked| parked.stream == *stream);
        let decisions = detail.map(|detail| detail.decisions).unwrap_or_default();
        let is_known = parked.is_some() || !decisions.is_empty();
        Ok(is_known.then_some(ParkedDetail { parked, events: Vec::new(), decisions }))
    }
}
