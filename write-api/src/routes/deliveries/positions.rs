//! `POST /v1/deliveries/{id}/positions`: the driver's device reports where it has been.

use agrodeep_commands::{
    Commands,
    delivery::{self, ReportPositionsRequest},
};
use agrodeep_domain::{
    DeliveryId, GeoPoint, Personal,
    address::GeoPointError,
    delivery_track::{DeliveryTrackEvent, POINTS_MAX, TrackPoint},
};
use agrodeep_http::{Invalid, PathId, Problem, StrictJson};
use axum::{extract::State, http::StatusCode, response::Response};
use chrono::{DateTime, Datelike, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    answer::Answer,
    caller::{Caller, CommandHeaders, Drivers},
    problems,
    routes::CommandProblems,
};

/// A device's clock may be wrong by so much; a point from later than that would hide all that come after it.
const AHEAD_MAX: TimeDelta = TimeDelta::hours(1);

/// Half the way around the earth: a point that may be anywhere says nothing.
const ACCURACY_METRES_MAX: f64 = 20_000_000.0;

/// Where the device has been.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PositionsBody {
    /// 1 to 500 points, in any order. Points that were reported before do no harm.
    #[schema(min_items = 1, max_items = 500)]
    points: Vec<PointBody>,
}

/// Where the device was at one moment.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PointBody {
    /// Degrees north.
    #[schema(example = 45.7640, minimum = -90, maximum = 90)]
    lat: f64,
    /// Degrees east.
    #[schema(example = 4.8357, minimum = -180, maximum = 180)]
    lng: f64,
    /// How exact, as a radius in metres.
    #[schema(example = 8, minimum = 0)]
    accuracy: f64,
    /// When, by the device's clock.
    timestamp: DateTime<Utc>,
}

/// What came of a report.
#[derive(Serialize, ToSchema)]
pub struct ReportedView {
    /// How many points were sent.
    received: usize,
    /// How many of them were new.
    recorded: usize,
}

/// Report where the device has been.
#[utoipa::path(
    post, path = "/v1/deliveries/{id}/positions", tag = "deliveries", security(("bearer" = [])),
    params(("id" = String, Path, description = "The delivery"), CommandHeaders),
    request_body = PositionsBody,
    responses((status = 202, description = "The points are recorded", body = ReportedView), CommandProblems)
)]
pub async fn positions(
    State(commands): State<Commands>,
    caller: Caller<Drivers>,
    PathId(delivery_id): PathId<DeliveryId>,
    StrictJson { value: body, raw }: StrictJson<PositionsBody>,
) -> Result<Response, Problem> {
    let points = parse(&body, Utc::now())?;
    let driver_id = caller.signed_in.account_id;
    let received = points.len();
    caller
        .run(&raw, move |context| async move {
            let request = ReportPositionsRequest { delivery_id, driver_id, points: Personal::new(points) };
            let reported = delivery::report_positions(&commands, request, context).await;
            let track = reported.map_err(problems::driving)?.track;
            let recorded = track.events.iter().map(|event| {
                let DeliveryTrackEvent::PositionsReported(reported) = event;
                reported.points.len()
            });
            let view = ReportedView { received, recorded: recorded.sum() };
            // No version: the track's is not the delivery's.
            Ok(Answer::json(StatusCode::ACCEPTED, &view)?.position(track.position))
        })
        .await
}

fn parse(body: &PositionsBody, now: DateTime<Utc>) -> Result<Vec<TrackPoint>, Problem> {
    let mut invalid = Invalid::new();
    if body.points.is_empty() || body.points.len() > POINTS_MAX {
        invalid.at("/points", format!("must have 1 to {POINTS_MAX} items"));
        return invalid.finish(None);
    }
    let mut points = Vec::with_capacity(body.points.len());
    for (index, point) in body.points.iter().enumerate() {
        let at = |field: &str| format!("/points/{index}/{field}");
        if !(0.0..=ACCURACY_METRES_MAX).contains(&point.accuracy) {
            invalid.at(at("accuracy"), "must be a radius in metres between 0 and 20000000");
        }
        if point.timestamp > now + AHEAD_MAX || point.timestamp.year() < 2000 {
            invalid.at(at("timestamp"), "must not be in the future, nor before 2000");
        }
        match GeoPoint::new(point.lat, point.lng) {
            Ok(place) => points.push(TrackPoint {
                at: place,
                accuracy_metres: point.accuracy,
                timestamp: point.timestamp,
            }),
            Err(error @ GeoPointError::Latitude) => invalid.at(at("lat"), error),
            Err(error @ GeoPointError::Longitude) => invalid.at(at("lng"), error),
        }
    }
    invalid.finish(Some(points))
}
