use std::collections::HashSet;

use agrodeep_domain::DeliveryId;
use sqlx::{
    PgConnection,
    types::{Json, Uuid},
};

use super::{Delivery, query};
use crate::{ReadError, projection::bind_columns};

/// Those of `ids` that are stored.
pub(super) async fn load(
    connection: &mut PgConnection,
    ids: HashSet<DeliveryId>,
) -> Result<Vec<Delivery>, ReadError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query(
        "select d.* from unnest($1::uuid[]) k(id)
         cross join lateral (select * from deliveries where delivery_id = k.id limit 1) d",
    )
    .bind(ids.into_iter().map(DeliveryId::uuid).collect::<Vec<Uuid>>())
    .fetch_all(connection)
    .await?;
    rows.iter().map(query::delivery).collect()
}

/// Stores deliveries that have been scheduled in this batch, as far as they have come within it.
pub(super) async fn write_new(
    connection: &mut PgConnection,
    deliveries: &[&Delivery],
) -> Result<(), sqlx::Error> {
    if deliveries.is_empty() {
        return Ok(());
    }
    let query = sqlx::query(
        "insert into deliveries (delivery_id, tracking_number, order_id, buyer_id, address, window_from, window_until,
             attempt, scheduled_at, status, driver_id, vehicle, last_latitude, last_longitude, last_accuracy_metres,
             last_position_at, assigned_at, picked_up_at, transit_started_at, ended_at, failure_reason, signature,
             photo, version, updated_at)
         select * from unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::jsonb[], $6::timestamptz[],
             $7::timestamptz[], $8::int[], $9::timestamptz[], $10::text[], $11::uuid[], $12::text[], $13::float8[], $14::float8[], $15::float8[],
             $16::timestamptz[], $17::timestamptz[], $18::timestamptz[], $19::timestamptz[], $20::timestamptz[],
             $21::text[], $22::text[], $23::text[], $24::bigint[], $25::timestamptz[])
         on conflict (delivery_id) do update set tracking_number = excluded.tracking_number,
             order_id = excluded.order_id, buyer_id = excluded.buyer_id, address = excluded.address,
             window_from = excluded.window_from, window_until = excluded.window_until, attempt = excluded.attempt,
             scheduled_at = excluded.scheduled_at, status = excluded.status, driver_id = excluded.driver_id,
             vehicle = excluded.vehicle, last_latitude = excluded.last_latitude,
             last_longitude = excluded.last_longitude, last_accuracy_metres = excluded.last_accuracy_metres,
             last_position_at = excluded.last_position_at, assigned_at = excluded.assigned_at,
             picked_up_at = excluded.picked_up_at, transit_started_at = excluded.transit_started_at,
             ended_at = excluded.ended_at, failure_reason = excluded.failure_reason,
             signature = excluded.signature, photo = excluded.photo, version = excluded.version,
             updated_at = excluded.updated_at",
    );
    let query = bind_columns!(
        query,
        deliveries,
        |d| d.delivery_id.uuid(),
        |d| d.tracking_number.to_string(),
        |d| d.order_id.uuid(),
        |d| d.buyer_id.uuid(),
        |d| Json(&d.address),
        |d| d.window.map(|window| window.from),
        |d| d.window.map(|window| window.until),
        |d| d.attempt as i32,
        |d| d.scheduled_at,
    );
    bind_progress(query, deliveries).execute(connection).await?;
    Ok(())
}

/// Stores how far deliveries have come that were scheduled earlier.
pub(super) async fn write_progress(
    connection: &mut PgConnection,
    deliveries: &[&Delivery],
) -> Result<(), sqlx::Error> {
    if deliveries.is_empty() {
        return Ok(());
    }
    let query = sqlx::query(
        "update deliveries d set status = u.status, driver_id = u.driver_id, vehicle = u.vehicle,
             last_latitude = u.last_latitude, last_longitude = u.last_longitude,
             last_accuracy_metres = u.last_accuracy_metres, last_position_at = u.last_position_at,
             assigned_at = u.assigned_at, picked_up_at = u.picked_up_at, transit_started_at = u.transit_started_at,
             ended_at = u.ended_at, failure_reason = u.failure_reason, signature = u.signature, photo = u.photo,
             version = u.version, updated_at = u.updated_at
         from unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::float8[], $6::float8[], $7::float8[],
             $8::timestamptz[], $9::timestamptz[], $10::timestamptz[], $11::timestamptz[], $12::timestamptz[],
             $13::text[], $14::text[], $15::text[], $16::bigint[], $17::timestamptz[])
             u(delivery_id, status, driver_id, vehicle, last_latitude, last_longitude, last_accuracy_metres,
                 last_position_at, assigned_at, picked_up_at, transit_started_at, ended_at, failure_reason, signature,
                 photo, version, updated_at)
         where d.delivery_id = u.delivery_id",
    );
    let query = bind_columns!(query, deliveries, |d| d.delivery_id.uuid());
    bind_progress(query, deliveries).execute(connection).await?;
    Ok(())
}

type Query<'q> = sqlx::query::Query<'q, sqlx::Postgres, sqlx::postgres::PgArguments>;

/// Binds the columns that change while a delivery goes its way.
fn bind_progress<'q>(query: Query<'q>, deliveries: &'q [&'q Delivery]) -> Query<'q> {
    bind_columns!(
        query,
        deliveries,
        |d| d.status.as_str(),
        |d| d.driver_id.map(|id| id.uuid()),
        |d| d.vehicle.as_ref().map(|vehicle| vehicle.reveal().as_str()),
        |d| d.last_position.as_ref().map(|point| point.at.latitude),
        |d| d.last_position.as_ref().map(|point| point.at.longitude),
        |d| d.last_position.as_ref().map(|point| point.accuracy_metres),
        |d| d.last_position.as_ref().map(|point| point.timestamp),
        |d| d.assigned_at,
        |d| d.picked_up_at,
        |d| d.transit_started_at,
        |d| d.ended_at,
        |d| d.failure_reason.as_ref().map(|reason| reason.reveal().as_str()),
        |d| d.signature.as_ref().map(|signature| signature.reveal().as_str()),
        |d| d.photo.as_ref().map(|photo| photo.reveal().as_str()),
        |d| d.version as i64,
        |d| d.updated_at,
    )
}
