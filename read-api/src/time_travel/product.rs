//! Products as they were, by their streams alone.

use agrodeep_domain::{Aggregate, Product as ProductState, ProductId};
use agrodeep_event_store::{EventLog, Position, RecordedEvent, StreamId};
use agrodeep_projections::products::{self, Product};

use super::{Moment, Then, Thing, TimeTravelError};

/// How many events are in memory at once: a product's stream grows with every order.
const BATCH: usize = 1_000;

/// The product at `moment`.
///
/// # Errors
/// [`TimeTravelError`].
pub async fn product(
    log: &dyn EventLog,
    id: ProductId,
    moment: Moment,
) -> Result<Then<Product>, TimeTravelError> {
    if moment == Moment::Version(0) {
        let latest = latest_version(log, id).await?;
        return Err(TimeTravelError::NoSuchVersion { thing: Thing::Product, latest });
    }
    let stream = StreamId::new(ProductState::TYPE, id.uuid());
    let mut product: Option<Product> = None;
    let mut read = 0;
    loop {
        let events = log.load_page(&stream, read, BATCH).await?;
        // Within a stream time never goes back: what comes after the first event beyond the moment is beyond it, too.
        let until = events.iter().take_while(|event| is_until(event, moment)).count();
        product = products::replay(product, &events[..until])?;
        read += events.len() as u64;
        let settled = until < events.len();
        if !settled && events.len() == BATCH {
            continue;
        }
        return match (product, moment) {
            (_, Moment::Version(version)) if !settled && version > read => {
                Err(TimeTravelError::NoSuchVersion { thing: Thing::Product, latest: read })
            }
            (Some(thing), _) => Ok(Then { thing, settled }),
            (None, _) => {
                let created = events.first().ok_or(TimeTravelError::Damaged(Position::START))?;
                Err(TimeTravelError::NotYet { thing: Thing::Product, since: created.metadata.occurred_at })
            }
        };
    }
}

fn is_until(event: &RecordedEvent, moment: Moment) -> bool {
    match moment {
        Moment::Time(time) => event.metadata.occurred_at <= time,
        Moment::Version(version) => event.version <= version,
    }
}

async fn latest_version(log: &dyn EventLog, id: ProductId) -> Result<u64, TimeTravelError> {
    let stream = StreamId::new(ProductState::TYPE, id.uuid());
    let mut latest = 0;
    loop {
        let events = log.load_page(&stream, latest, BATCH).await?;
        latest += events.len() as u64;
        if events.len() < BATCH {
            return Ok(latest);
        }
    }
}
