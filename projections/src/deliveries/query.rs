use agrodeep_domain::{
    AccountId, DeliveryId, GeoPoint, OrderId, Personal,
    delivery::{DeliveryStatus, DeliveryWindow},
    delivery_track::TrackPoint,
};
use sqlx::{postgres::PgRow, types::Uuid};

use super::Delivery;
use crate::{
    Page, Paged, ReadError, ReadModels,
    row::{count, get, json, named, parsed, version},
};

impl ReadModels {
    /// One delivery.
    pub async fn delivery(&self, delivery_id: DeliveryId) -> Result<Option<Delivery>, ReadError> {
        sqlx::query("select * from deliveries where delivery_id = $1")
            .bind(delivery_id.uuid())
            .fetch_optional(self.pool())
            .await?
            .map(|row| delivery(&row))
            .transpose()
    }

    /// All deliveries of an order, first attempt first.
    pub async fn deliveries_of_order(&self, order_id: OrderId) -> Result<Vec<Delivery>, ReadError> {
        sqlx::query("select * from deliveries where order_id = $1 order by attempt, delivery_id")
            .bind(order_id.uuid())
            .fetch_all(self.pool())
            .await?
            .iter()
            .map(delivery)
            .collect()
    }

    /// A page of a driver's deliveries, newest first.
    pub async fn deliveries_of_driver(
        &self,
        driver_id: AccountId,
        status: Option<DeliveryStatus>,
        page: Page,
    ) -> Result<Paged<Delivery>, ReadError> {
        let status = status.map(DeliveryStatus::as_str);
        let total: i64 = sqlx::query_scalar(
            "select count(*) from deliveries where driver_id = $1 and ($2::text is null or status = $2)",
        )
        .bind(driver_id.uuid())
        .bind(status)
        .fetch_one(self.pool())
        .await?;
        let rows = sqlx::query(
            "select * from deliveries where driver_id = $1 and ($2::text is null or status = $2)
             order by scheduled_at desc, delivery_id desc limit $3 offset $4",
        )
        .bind(driver_id.uuid())
        .bind(status)
        .bind(i64::from(page.limit))
        .bind(page.offset())
        .fetch_all(self.pool())
        .await?;
        let items = rows.iter().map(delivery).collect::<Result<_, _>>()?;
        Ok(Paged { items, total: count(total) })
    }
}

/// The delivery that a row of `deliveries` tells of.
pub(super) fn delivery(row: &PgRow) -> Result<Delivery, ReadError> {
    Ok(Delivery {
        delivery_id: DeliveryId::from_uuid(get(row, "delivery_id")?),
        tracking_number: parsed(row, "tracking_number")?,
        order_id: OrderId::from_uuid(get(row, "order_id")?),
        buyer_id: AccountId::from_uuid(get(row, "buyer_id")?),
        address: json(row, "address")?,
        window: window(row)?,
        attempt: u32::try_from(get::<i32>(row, "attempt")?).unwrap_or(0),
        status: named(row, "status")?,
        driver_id: get::<Option<Uuid>>(row, "driver_id")?.map(AccountId::from_uuid),
        vehicle: get::<Option<String>>(row, "vehicle")?.map(Personal::new),
        last_position: last_position(row)?,
        scheduled_at: get(row, "scheduled_at")?,
        assigned_at: get(row, "assigned_at")?,
        picked_up_at: get(row, "picked_up_at")?,
        transit_started_at: get(row, "transit_started_at")?,
        ended_at: get(row, "ended_at")?,
        failure_reason: get::<Option<String>>(row, "failure_reason")?.map(Personal::new),
        signature: get::<Option<String>>(row, "signature")?.map(Personal::new),
        photo: get::<Option<String>>(row, "photo")?.map(Personal::new),
        version: version(row)?,
        updated_at: get(row, "updated_at")?,
    })
}

fn window(row: &PgRow) -> Result<Option<DeliveryWindow>, ReadError> {
    let (from, until) = (get::<Option<_>>(row, "window_from")?, get::<Option<_>>(row, "window_until")?);
    Ok(from.zip(until).map(|(from, until)| DeliveryWindow { from, until }))
}

fn last_position(row: &PgRow) -> Result<Option<Personal<TrackPoint>>, ReadError> {
    let (Some(latitude), Some(longitude), Some(accuracy_metres), Some(timestamp)) = (
        get::<Option<f64>>(row, "last_latitude")?,
        get::<Option<f64>>(row, "last_longitude")?,
        get::<Option<f64>>(row, "last_accuracy_metres")?,
        get(row, "last_position_at")?,
    ) else {
        return Ok(None);
    };
    Ok(Some(Personal::new(TrackPoint { at: GeoPoint { latitude, longitude }, accuracy_metres, timestamp })))
}
