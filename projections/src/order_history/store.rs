use std::collections::HashSet;

use agrodeep_domain::{DeliveryId, OrderId};
use agrodeep_event_store::RecordedEvent;
use sqlx::{
    PgConnection,
    types::{Json, Uuid},
};

use crate::{ReadError, projection::bind_columns};

/// Whose orders those of `deliveries` bring that are known.
pub(super) async fn orders_of(
    connection: &mut PgConnection,
    deliveries: HashSet<DeliveryId>,
) -> Result<Vec<(DeliveryId, OrderId)>, ReadError> {
    if deliveries.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<(Uuid, Uuid)> = sqlx::query_as(
        "select d.delivery_id, d.order_id from unnest($1::uuid[]) k(id)
         cross join lateral (select * from order_history_deliveries where delivery_id = k.id limit 1) d",
    )
    .bind(deliveries.into_iter().map(DeliveryId::uuid).collect::<Vec<_>>())
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|(delivery, order)| (DeliveryId::from_uuid(delivery), OrderId::from_uuid(order)))
        .collect())
}

/// Remembers whose orders deliveries bring.
pub(super) async fn write_deliveries(
    connection: &mut PgConnection,
    deliveries: &[(DeliveryId, OrderId)],
) -> Result<(), sqlx::Error> {
    if deliveries.is_empty() {
        return Ok(());
    }
    let query = sqlx::query(
        "insert into order_history_deliveries (delivery_id, order_id)
         select * from unnest($1::uuid[], $2::uuid[])
         on conflict (delivery_id) do update set order_id = excluded.order_id",
    );
    bind_columns!(query, deliveries, |(delivery, _)| delivery.uuid(), |(_, order)| order.uuid())
        .execute(connection)
        .await?;
    Ok(())
}

/// Adds events to the histories of their orders.
pub(super) async fn write_entries(
    connection: &mut PgConnection,
    entries: &[(OrderId, RecordedEvent)],
) -> Result<(), sqlx::Error> {
    if entries.is_empty() {
        return Ok(());
    }
    let query = sqlx::query(
        "insert into order_history (order_id, position, event_id, aggregate_type, aggregate_id, version, event_type,
             event_version, payload, actor, correlation_id, causation_id, traceparent, occurred_at, metadata,
             command_id, recorded_at)
         select * from unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::text[], $5::uuid[], $6::bigint[], $7::text[],
             $8::text[], $9::text[], $10::text[], $11::uuid[], $12::uuid[], $13::text[], $14::timestamptz[],
             $15::jsonb[], $16::uuid[], $17::timestamptz[])
         on conflict (order_id, position) do nothing",
    );
    bind_columns!(
        query,
        entries,
        |(order_id, _)| order_id.uuid(),
        |(_, event)| event.position.0,
        |(_, event)| event.event_id,
        |(_, event)| event.stream.aggregate_type.to_string(),
        |(_, event)| event.stream.uuid(),
        |(_, event)| event.version as i64,
        |(_, event)| event.event_type.as_str(),
        |(_, event)| event.event_version.as_str(),
        |(_, event)| event.payload.get(),
        |(_, event)| event.metadata.actor.as_str(),
        |(_, event)| event.metadata.correlation_id,
        |(_, event)| event.metadata.causation_id,
        |(_, event)| event.metadata.traceparent.as_deref(),
        |(_, event)| event.metadata.occurred_at,
        |(_, event)| Json(&event.metadata.other),
        |(_, event)| event.command_id,
        |(_, event)| event.recorded_at,
    )
    .execute(connection)
    .await?;
    Ok(())
}
