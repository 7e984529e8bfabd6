//! Deliveries as they were, with where they were last seen.

use agrodeep_domain::{Aggregate, Delivery as DeliveryState, DeliveryId, DeliveryTrack};
use agrodeep_event_store::{EventLog, Position, RecordedEvent, StreamId};
use agrodeep_projections::deliveries::{self, Delivery};

use super::{Moment, Then, Thing, TimeTravelError};

/// The delivery at `moment`.
///
/// # Errors
/// [`TimeTravelError`].
pub async fn delivery(
    log: &dyn EventLog,
    id: DeliveryId,
    moment: Moment,
) -> Result<Then<Delivery>, TimeTravelError> {
    let own = log.load(&StreamId::new(DeliveryState::TYPE, id.uuid()), 0).await?;
    let track = log.load(&StreamId::new(DeliveryTrack::TYPE, id.uuid()), 0).await?;
    let latest = own.len() as u64;
    let begun = own.first().ok_or(TimeTravelError::Damaged(Position::START))?;
    if let Moment::Version(version) = moment
        && (version == 0 || version > latest)
    {
        return Err(TimeTravelError::NoSuchVersion { thing: Thing::Delivery, latest });
    }
    // The first of its own events that comes after the moment.
    let next = own.iter().find(|event| match moment {
        Moment::Time(time) => event.metadata.occurred_at > time,
        Moment::Version(version) => event.version > version,
    });
    let is_until = |event: &&RecordedEvent| match moment {
        Moment::Time(time) => event.metadata.occurred_at <= time,
        Moment::Version(_) => next.is_none_or(|next| event.position < next.position),
    };
    let mut events: Vec<&RecordedEvent> = own.iter().chain(&track).filter(is_until).collect();
    events.sort_by_key(|event| event.position);
    match deliveries::replay(events)?.remove(&id) {
        Some(thing) => Ok(Then { thing, settled: next.is_some() }),
        None => Err(TimeTravelError::NotYet { thing: Thing::Delivery, since: begun.metadata.occurred_at }),
    }
}
