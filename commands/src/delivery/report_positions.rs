//! A driver's device reports where it has been, as often as it likes and in any order.

use agrodeep_domain::{
    AccountId, Delivery, DeliveryId, DeliveryTrack, Personal,
    delivery::{DeliveryRefusal, DeliveryStatus, StartTransit},
    delivery_track::{ReportPositions, TrackPoint},
};

use super::DeliveryError;
use crate::{CommandContext, Commands, Executed};

/// Which delivery, and where.
#[derive(Clone, Debug)]
pub struct ReportPositionsRequest {
    /// Which delivery.
    pub delivery_id: DeliveryId,
    /// Whose device.
    pub driver_id: AccountId,
    /// 1 to [`agrodeep_domain::delivery_track::POINTS_MAX`] points.
    pub points: Personal<Vec<TrackPoint>>,
}

/// A track that grew.
#[derive(Clone, Debug)]
pub struct PositionsReported {
    /// What came of the command on the track; its position is the later one.
    pub track: Executed<DeliveryTrack>,
    /// Whether these are the first points after the pick-up, which put the delivery in transit.
    pub transit_started: bool,
}

/// Adds points to the track of a delivery. Points that were gathered off-line may come after the delivery has ended.
pub async fn report_positions(
    commands: &Commands,
    request: ReportPositionsRequest,
    context: CommandContext,
) -> Result<PositionsReported, DeliveryError> {
    let ReportPositionsRequest { delivery_id, driver_id, points } = request;
    let delivery = commands.executor.state::<Delivery>(delivery_id.uuid()).await?.state;
    if delivery.scheduled.is_none() {
        return Err(DeliveryRefusal::NoSuchDelivery.into());
    }
    if delivery.driver_id != Some(driver_id) {
        return Err(DeliveryRefusal::NotYours.into());
    }
    match delivery.status {
        DeliveryStatus::Scheduled | DeliveryStatus::Assigned => {
            return Err(DeliveryRefusal::NotPickedUp.into());
        }
        DeliveryStatus::Cancelled => return Err(DeliveryRefusal::AlreadyCancelled.into()),
        DeliveryStatus::PickedUp
        | DeliveryStatus::InTransit
        | DeliveryStatus::Delivered
        | DeliveryStatus::Failed => {}
    }
    let start = context.then("start_transit");
    let command = ReportPositions { delivery_id, driver_id, points: points.into_inner() };
    let report = CommandContext { if_match: None, ..context };
    let mut track = commands.executor.execute::<DeliveryTrack>(delivery_id.uuid(), command, report).await?;
    if delivery.status != DeliveryStatus::PickedUp {
        return Ok(PositionsReported { track, transit_started: false });
    }
    let started =
        commands.executor.execute::<Delivery>(delivery_id.uuid(), StartTransit { driver_id }, start).await?;
    track.position = track.position.max(started.position);
    Ok(PositionsReported { track, transit_started: !started.events.is_empty() })
}
