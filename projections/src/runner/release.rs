//! How a projection carries out what people have decided about what it has parked.
//!
//! The projection does it itself, between two batches and under its own checkpoint: its rows keep one writer, and what it has
//! at hand stays true. What is applied is read from the log again and understood again, so that a new program (or an
//! upcaster that it has brought) gets a chance.

use std::sync::Arc;

use agrodeep_event_store::{Position, SharedLog, StreamId};
use sqlx::{PgConnection, postgres::PgRow};

use super::{BEGIN, Failure, Runner};
use crate::{
    ReadError,
    fact::{LogEvent, Poison},
    parking::{
        Parking,
        decision::{self, Decision, DecisionKind, Outcome},
        filed, report,
    },
    projection::Projection,
    row::get,
};

/// How many parked events one transaction applies at the most.
const RELEASE_MAX: usize = 500;

/// A parked event as it is stored.
struct Row {
    position: Position,
    after: Position,
    is_poison: bool,
}

/// Whether a decision has been carried out.
enum Carried {
    Done,
    /// Part of it: more events wait.
    More,
}

/// What became of the events that were tried.
#[derive(Default)]
struct Tried {
    applied: Vec<i64>,
    /// Cannot be applied, and of which aggregate.
    poisonous: Vec<(i64, StreamId, Poison)>,
    /// Wait behind another aggregate from now on.
    behind_others: Vec<(i64, StreamId)>,
}

impl<P: Projection> Runner<P> {
    /// Carries out what people have decided, one decision after another.
    pub(super) async fn carry_out_decisions(&mut self) -> Result<(), Failure> {
        while let Some(decision) = decision::next_pending(&self.pool, P::MODEL).await? {
            tracing::info!(projection = %P::MODEL, stream = %decision.stream, by = decision.decided_by,
                skip = matches!(decision.kind, DecisionKind::Skip { .. }), "carrying out what was decided");
            let outcome = self.carry_out(&decision).await;
            // Rows were written that are not at hand, or the other way round.
            self.projection.forget();
            self.parking = None;
            outcome?;
        }
        Ok(())
    }

    async fn carry_out(&mut self, decision: &Decision) -> Result<(), Failure> {
        let mut size = RELEASE_MAX;
        let mut doomed = None;
        loop {
            match self.release(decision, size, doomed.take()).await {
                Ok(Carried::Done) => return Ok(()),
                Ok(Carried::More) => size = RELEASE_MAX,
                Err(Failure::Refused(class)) if size == 1 => doomed = Some(Poison::Refused(class)),
                Err(Failure::Refused(_)) => size = (size / 2).max(1),
                Err(failure) => return Err(failure),
            }
        }
    }

    /// One transaction: tries the first `limit` of the aggregate's parked events. `doomed`: what is wrong with the first.
    async fn release(
        &mut self,
        decision: &Decision,
        limit: usize,
        doomed: Option<Poison>,
    ) -> Result<Carried, Failure> {
        self.projection.forget();
        let mut transaction = self.pool.begin_with(BEGIN).await?;
        // Holds the checkpoint where it is: no other instance is at work until this is committed.
        self.advance(&mut transaction, self.checkpoint.position).await?;
        let Some(decision) = decision::lock(&mut transaction, decision.id).await? else {
            return Ok(Carried::Done);
        };
        if decision.outcome.is_some() {
            return Ok(Carried::Done);
        }
        let mut rows = parked(&mut transaction, P::MODEL.as_str(), &decision.stream, limit).await?;
        if let DecisionKind::Skip { position, .. } = decision.kind
            && !decision.is_skipped
        {
            match rows.first() {
                Some(first) if first.position == position && first.is_poison => {
                    let event = event_at(self.feed.log(), first).await?;
                    P::leave_out(&mut transaction, &event).await?;
                    remove(&mut transaction, P::MODEL.as_str(), &[position.0]).await?;
                    decision::note_skipped(&mut transaction, decision.id).await?;
                    rows.remove(0);
                    self.skipped.insert(position);
                }
                _ => {
                    decision::note(&mut transaction, decision.id, 0, Some(Outcome::NotParked)).await?;
                    transaction.commit().await?;
                    return Ok(Carried::Done);
                }
            }
        } else if rows.is_empty() {
            decision::note(&mut transaction, decision.id, 0, Some(Outcome::NotParked)).await?;
            transaction.commit().await?;
            return Ok(Carried::Done);
        }
        let mut events = Vec::with_capacity(rows.len());
        for row in &rows {
            events.push(event_at(self.feed.log(), row).await?);
        }
        let tried = self.try_again(&mut transaction, &decision.stream, &events, doomed).await?;
        let applied = tried.applied.len();
        let is_stuck = store(&mut transaction, P::MODEL.as_str(), &decision.stream, tried).await?;
        let is_left = !parked(&mut transaction, P::MODEL.as_str(), &decision.stream, 1).await?.is_empty();
        let outcome = match (is_stuck, is_left) {
            (true, _) => Some(Outcome::StillParked),
            (false, true) => None,
            (false, false) => Some(Outcome::Released),
        };
        decision::note(&mut transaction, decision.id, applied, outcome).await?;
        transaction.commit().await?;
        self.projection.stored();
        metrics::counter!("projection_released_total", "projection" => P::MODEL.as_str())
            .increment(applied as u64);
        Ok(if outcome.is_some() { Carried::Done } else { Carried::More })
    }

    /// Applies events of a parked aggregate in order, as far as that goes.
    async fn try_again(
        &mut self,
        connection: &mut PgConnection,
        stream: &StreamId,
        events: &[LogEvent],
        mut doomed: Option<Poison>,
    ) -> Result<Tried, Failure> {
        let mut others = Parking::load(connection, P::MODEL).await?;
        others.end(stream);
        if doomed.is_none() {
            self.projection.load(connection, &events.iter().collect::<Vec<_>>()).await?;
        }
        let mut tried = Tried::default();
        for event in events {
            let position = event.position().0;
            if let Some(behind) = others.behind(event, || P::subject(event)) {
                tried.behind_others.push((position, behind));
                continue;
            }
            let folded = match doomed.take() {
                Some(poison) => Err(poison),
                None => self.projection.fold(event),
            };
            let Err(poison) = folded else {
                tried.applied.push(position);
                continue;
            };
            report(P::MODEL, event, &poison);
            let own = filed(&event.recorded.stream);
            let is_stuck = own == *stream;
            others.begin(own.clone());
            tried.poisonous.push((position, own, poison));
            if is_stuck {
                break;
            }
        }
        self.projection.write(connection).await?;
        Ok(tried)
    }

    /// Takes in an event that a person has decided to leave out, on the way of a fold that comes by it again.
    pub(super) async fn pass_over(&mut self, event: &Arc<LogEvent>) -> Result<(), Failure> {
        let mut transaction = self.pool.begin_with(BEGIN).await?;
        self.advance(&mut transaction, event.position()).await?;
        P::leave_out(&mut transaction, event).await?;
        transaction.commit().await?;
        self.projection.forget();
        self.reach(event.position(), 1);
        Ok(())
    }
}

/// A parked event, as the log has it now.
async fn event_at(log: &SharedLog, row: &Row) -> Result<LogEvent, Failure> {
    let mut found = log.read(row.after, 1).await.map_err(|error| Failure::Outage(error.to_string()))?;
    match found.pop() {
        Some(event) if event.position == row.position => Ok(LogEvent::new(event)),
        _ => Err(Failure::Outage(format!("the log has no event at position {}", row.position))),
    }
}

/// The first events that are parked with an aggregate.
async fn parked(
    connection: &mut PgConnection,
    projection: &str,
    stream: &StreamId,
    limit: usize,
) -> Result<Vec<Row>, ReadError> {
    let rows = sqlx::query(
        "select position, coalesce(after_position, position - 1) after_position, reason is not null is_poison
         from parked_events where projection = $1 and aggregate_type = $2 and aggregate_id = $3
         order by position limit $4",
    )
    .bind(projection)
    .bind(&*stream.aggregate_type)
    .bind(stream.uuid())
    .bind(limit as i64)
    .fetch_all(connection)
    .await?;
    let read = |row: &PgRow| {
        Ok(Row {
            position: Position(get(row, "position")?),
            after: Position(get(row, "after_position")?),
            is_poison: get(row, "is_poison")?,
        })
    };
    rows.iter().map(read).collect()
}

async fn remove(
    connection: &mut PgConnection,
    projection: &str,
    positions: &[i64],
) -> Result<(), sqlx::Error> {
    sqlx::query("delete from parked_events where projection = $1 and position = any($2)")
        .bind(projection)
        .bind(positions)
        .execute(connection)
        .await?;
    Ok(())
}

/// Stores what became of parked events. Whether the aggregate is stuck again.
async fn store(
    connection: &mut PgConnection,
    projection: &str,
    stream: &StreamId,
    tried: Tried,
) -> Result<bool, sqlx::Error> {
    let Tried { applied, poisonous, behind_others } = tried;
    remove(connection, projection, &applied).await?;
    let mut is_stuck = false;
    for (position, own, poison) in poisonous {
        is_stuck |= own == *stream;
        place(connection, projection, position, &own, Some(&poison)).await?;
    }
    for (position, behind) in behind_others {
        place(connection, projection, position, &behind, None).await?;
    }
    Ok(is_stuck)
}

/// Parks an event anew, where it belongs now.
async fn place(
    connection: &mut PgConnection,
    projection: &str,
    position: i64,
    behind: &StreamId,
    poison: Option<&Poison>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update parked_events set aggregate_type = $3, aggregate_id = $4, error_class = $5, reason = $6
         where projection = $1 and position = $2",
    )
    .bind(projection)
    .bind(position)
    .bind(&*behind.aggregate_type)
    .bind(behind.uuid())
    .bind(poison.map(Poison::class))
    .bind(poison.map(Poison::to_string))
    .execute(connection)
    .await?;
    Ok(())
}
