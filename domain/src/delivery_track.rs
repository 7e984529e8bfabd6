//! Where a delivery has been. A stream of its own, beside the delivery's: it may be long and busy, and the delivery's
//! decisions never wait for it.

mod known;

use std::fmt;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::known::KnownTimes;
use crate::{AccountId, Aggregate, DeliveryId, GeoPoint, Personal};

crate::events! {
    /// What can have happened to a delivery's track.
    DeliveryTrackEvent {
        PositionsReported,
    }
}

/// A point of the track.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TrackPoint {
    /// Where.
    pub at: GeoPoint,
    /// How exact, as a radius in metres.
    pub accuracy_metres: f64,
    /// When, by the driver's device. One point per millisecond.
    pub timestamp: DateTime<Utc>,
}

/// The driver's device has reported where it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PositionsReported {
    /// Of which delivery.
    pub delivery_id: DeliveryId,
    /// Whose device.
    pub driver_id: AccountId,
    /// Points not reported before, in order of their time.
    pub points: Personal<Vec<TrackPoint>>,
}

/// Report where the driver's device was. Points that were reported before are left out, in whatever order they come; so are
/// those that come for the first time after tens of thousands of later ones.
#[derive(Clone, PartialEq)]
pub struct ReportPositions {
    /// Of which delivery.
    pub delivery_id: DeliveryId,
    /// Whose device.
    pub driver_id: AccountId,
    /// 1 to [`POINTS_MAX`] points.
    pub points: Vec<TrackPoint>,
}

/// Personal data stays hidden.
impl fmt::Debug for ReportPositions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReportPositions")
            .field("delivery_id", &self.delivery_id)
            .field("driver_id", &self.driver_id)
            .field("points", &self.points.len())
            .finish_non_exhaustive()
    }
}

/// The most points of one report.
pub const POINTS_MAX: usize = 500;

/// Why a track says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryTrackRefusal {
    /// There is nothing in the report.
    #[error("a report needs at least one point")]
    NoPoints,
    /// There is too much in the report.
    #[error("a report has at most {max} points")]
    TooManyPoints {
        /// The most points of one report.
        max: usize,
    },
}

/// The state of a track.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DeliveryTrack {
    /// The times of the latest known points.
    known: KnownTimes,
    /// The latest point by its own time.
    pub last: Option<TrackPoint>,
}

impl Aggregate for DeliveryTrack {
    const TYPE: &'static str = "delivery_track";
    const STATE_FORM: u32 = 2;
    type Command = ReportPositions;
    type Event = DeliveryTrackEvent;
    type Refusal = DeliveryTrackRefusal;

    fn decide(&self, command: &ReportPositions) -> Result<Vec<DeliveryTrackEvent>, DeliveryTrackRefusal> {
        if command.points.is_empty() {
            return Err(DeliveryTrackRefusal::NoPoints);
        }
        if command.points.len() > POINTS_MAX {
            return Err(DeliveryTrackRefusal::TooManyPoints { max: POINTS_MAX });
        }
        let mut points = command.points.clone();
        points.sort_by_key(|point| point.timestamp.timestamp_millis());
        points.dedup_by_key(|point| point.timestamp.timestamp_millis());
        points.retain(|point| !self.known.contains(point.timestamp.timestamp_millis()));
        if points.is_empty() {
            return Ok(vec![]);
        }
        Ok(vec![
            PositionsReported {
                delivery_id: command.delivery_id,
                driver_id: command.driver_id,
                points: Personal::new(points),
            }
            .into(),
        ])
    }

    fn apply(&mut self, event: &DeliveryTrackEvent) {
        let DeliveryTrackEvent::PositionsReported(event) = event;
        for point in event.points.iter() {
            self.known.insert(point.timestamp.timestamp_millis());
            if self.last.is_none_or(|last| last.timestamp < point.timestamp) {
                self.last = Some(*point);
            }
        }
    }
}

crate::cqrs_es_aggregate!(DeliveryTrack);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{fixtures::*, testing::given};

    /// A point that many milliseconds after nine o'clock.
    fn point(millis: i64) -> TrackPoint {
        TrackPoint {
            at: GeoPoint::new(45.75, 4.85).unwrap(),
            accuracy_metres: 8.5,
            timestamp: time("2024-08-15T09:00:00Z") + chrono::Duration::milliseconds(millis),
        }
    }

    fn report(millis: &[i64]) -> ReportPositions {
        ReportPositions {
            delivery_id: delivery_id(1),
            driver_id: driver(),
            points: millis.iter().copied().map(point).collect(),
        }
    }

    fn reported(millis: &[i64]) -> DeliveryTrackEvent {
        PositionsReported {
            delivery_id: delivery_id(1),
            driver_id: driver(),
            points: report(millis).points.into(),
        }
        .into()
    }

    #[test]
    fn points_are_recorded_in_order_of_their_time() {
        given::<DeliveryTrack>([]).when(report(&[3, 1, 2])).then([reported(&[1, 2, 3])]);
    }

    #[test]
    fn points_sent_again_are_left_out() {
        given::<DeliveryTrack>([reported(&[1, 2])]).when(report(&[1, 2, 3, 0])).then([reported(&[0, 3])]);
        given::<DeliveryTrack>([reported(&[1, 2])]).when(report(&[2, 1])).then_nothing();
    }

    #[test]
    fn a_millisecond_has_one_point_also_within_one_report() {
        given::<DeliveryTrack>([]).when(report(&[1, 1, 2, 1])).then([reported(&[1, 2])]);
    }

    #[test]
    fn the_last_point_is_the_latest_by_its_own_time() {
        assert_eq!(given::<DeliveryTrack>([]).state().last, None);
        let track = given::<DeliveryTrack>([reported(&[5, 9]), reported(&[1, 7])]).state();
        assert_eq!(track.last, Some(point(9)));
    }

    #[test]
    fn a_long_track_keeps_its_state_small_and_takes_nothing_twice() {
        let mut track = DeliveryTrack::default();
        let reports = known::KNOWN_MAX as i64 / 500 + 3;
        let points = |n: i64| -> Vec<i64> { (n * 500..(n + 1) * 500).collect() };
        for n in 0..reports {
            for event in track.decide(&report(&points(n))).unwrap() {
                track.apply(&event);
            }
        }
        let bytes = serde_json::to_vec(&track).unwrap().len();
        assert!(bytes < known::KNOWN_MAX * 16, "{bytes} bytes");
        for n in 0..reports {
            assert_eq!(track.decide(&report(&points(n))).unwrap(), [], "report {n} again");
        }
    }

    #[test]
    fn a_report_of_nothing_is_refused() {
        given::<DeliveryTrack>([]).when(report(&[])).then_refused(DeliveryTrackRefusal::NoPoints);
    }

    #[test]
    fn a_report_has_at_most_five_hundred_points() {
        let millis: Vec<i64> = (0..=500).collect();
        given::<DeliveryTrack>([]).when(report(&millis[..500])).then([reported(&millis[..500])]);
        given::<DeliveryTrack>([])
            .when(report(&millis))
            .then_refused(DeliveryTrackRefusal::TooManyPoints { max: POINTS_MAX });
    }

    #[test]
    fn the_command_keeps_quiet_about_where_the_driver_was() {
        let shown = format!("{:?} {:?}", report(&[1]), reported(&[1]));
        assert!(!shown.contains("45.75") && !shown.contains("4.85"), "{shown}");
    }
}
