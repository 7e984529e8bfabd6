use std::collections::HashSet;

use agrodeep_domain::OrderId;
use sqlx::{
    PgConnection,
    types::{Json, Uuid},
};

use super::{Order, OrderItem, query};
use crate::{ReadError, projection::bind_columns};

/// Those of `ids` that are stored, with their items.
pub(super) async fn load(
    connection: &mut PgConnection,
    ids: HashSet<OrderId>,
) -> Result<Vec<Order>, ReadError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = ids.into_iter().map(OrderId::uuid).collect();
    let rows = sqlx::query(
        "select o.* from unnest($1::uuid[]) k(id)
         cross join lateral (select * from orders where order_id = k.id limit 1) o",
    )
    .bind(&ids)
    .fetch_all(&mut *connection)
    .await?;
    let items = sqlx::query(query::ITEMS).bind(&ids).fetch_all(connection).await?;
    let mut items = query::group_items(&items)?;
    rows.iter()
        .map(|row| {
            let mut order = query::order(row)?;
            order.items = items.remove(&order.order_id).unwrap_or_default();
            Ok(order)
        })
        .collect()
}

/// Stores orders that have been placed in this batch, as far as they have come within it.
pub(super) async fn write_new(connection: &mut PgConnection, orders: &[&Order]) -> Result<(), sqlx::Error> {
    if orders.is_empty() {
        return Ok(());
    }
    let query = sqlx::query(
        "insert into orders (order_id, order_number, buyer_id, total, currency, shipping_address, billing_address,
             preferred_delivery_date, agreed_delivery, notes, conductor, expires_at, created_at,
             status, payment_status, payment_intent_id, decline_code, captured, refund_id, refunded, status_history,
             cancel_reason, cancel_note, refund_due, delivery_id, tracking_number, delivery_attempt, ready_for_pickup,
             undeliverable, adjustments, version, updated_at)
         select * from unnest($1::uuid[], $2::text[], $3::uuid[], $4::numeric[], $5::text[], $6::jsonb[], $7::jsonb[],
             $8::date[], $9::jsonb[], $10::text[], $11::text[], $12::timestamptz[], $13::timestamptz[],
             $14::text[], $15::text[], $16::text[], $17::text[], $18::numeric[], $19::text[], $20::numeric[],
             $21::jsonb[], $22::text[], $23::text[], $24::numeric[], $25::uuid[], $26::text[], $27::int[],
             $28::boolean[], $29::boolean[], $30::jsonb[], $31::bigint[], $32::timestamptz[])
         on conflict (order_id) do update set order_number = excluded.order_number, buyer_id = excluded.buyer_id,
             total = excluded.total, currency = excluded.currency, shipping_address = excluded.shipping_address,
             billing_address = excluded.billing_address, preferred_delivery_date = excluded.preferred_delivery_date,
             agreed_delivery = excluded.agreed_delivery, notes = excluded.notes, conductor = excluded.conductor,
             expires_at = excluded.expires_at, created_at = excluded.created_at, status = excluded.status, payment_status = excluded.payment_status,
             payment_intent_id = excluded.payment_intent_id, decline_code = excluded.decline_code,
             captured = excluded.captured, refund_id = excluded.refund_id, refunded = excluded.refunded,
             status_history = excluded.status_history, cancel_reason = excluded.cancel_reason,
             cancel_note = excluded.cancel_note, refund_due = excluded.refund_due, delivery_id = excluded.delivery_id,
             tracking_number = excluded.tracking_number, delivery_attempt = excluded.delivery_attempt,
             ready_for_pickup = excluded.ready_for_pickup, undeliverable = excluded.undeliverable,
             adjustments = excluded.adjustments, version = excluded.version, updated_at = excluded.updated_at",
    );
    let query = bind_columns!(
        query,
        orders,
        |o| o.order_id.uuid(),
        |o| o.number.to_string(),
        |o| o.buyer_id.uuid(),
        |o| o.total.amount(),
        |o| o.total.currency().to_string(),
        |o| Json(&o.shipping_address),
        |o| o.billing_address.as_ref().map(Json),
        |o| o.preferred_delivery_date,
        |o| o.agreed_delivery.as_ref().map(Json),
        |o| o.notes.as_ref().map(|notes| notes.reveal().as_str()),
        |o| conductor(o),
        |o| o.expires_at,
        |o| o.created_at,
    );
    bind_progress(query, orders).execute(connection).await?;
    Ok(())
}

/// Stores how far orders have come that were placed earlier.
pub(super) async fn write_progress(
    connection: &mut PgConnection,
    orders: &[&Order],
) -> Result<(), sqlx::Error> {
    if orders.is_empty() {
        return Ok(());
    }
    let query = sqlx::query(
        "update orders o set status = u.status, payment_status = u.payment_status,
             payment_intent_id = u.payment_intent_id, decline_code = u.decline_code, captured = u.captured,
             refund_id = u.refund_id, refunded = u.refunded, status_history = u.status_history,
             cancel_reason = u.cancel_reason, cancel_note = u.cancel_note, refund_due = u.refund_due,
             delivery_id = u.delivery_id, tracking_number = u.tracking_number, delivery_attempt = u.delivery_attempt,
             ready_for_pickup = u.ready_for_pickup, undeliverable = u.undeliverable,
             adjustments = u.adjustments, version = u.version, updated_at = u.updated_at
         from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::numeric[], $7::text[],
             $8::numeric[], $9::jsonb[], $10::text[], $11::text[], $12::numeric[], $13::uuid[], $14::text[],
             $15::int[], $16::boolean[], $17::boolean[], $18::jsonb[], $19::bigint[], $20::timestamptz[])
             u(order_id, status, payment_status, payment_intent_id, decline_code, captured, refund_id, refunded,
                 status_history, cancel_reason, cancel_note, refund_due, delivery_id, tracking_number,
                 delivery_attempt, ready_for_pickup, undeliverable, adjustments, version, updated_at)
         where o.order_id = u.order_id",
    );
    let query = bind_columns!(query, orders, |o| o.order_id.uuid());
    bind_progress(query, orders).execute(connection).await?;
    Ok(())
}

type Query<'q> = sqlx::query::Query<'q, sqlx::Postgres, sqlx::postgres::PgArguments>;

/// Binds the columns that change while an order goes its way.
fn bind_progress<'q>(query: Query<'q>, orders: &'q [&'q Order]) -> Query<'q> {
    bind_columns!(
        query,
        orders,
        |o| o.status.as_str(),
        |o| o.payment.status.as_str(),
        |o| o.payment.intent_id.as_deref(),
        |o| o.payment.decline_code.as_deref(),
        |o| o.payment.captured.map(|money| money.amount()),
        |o| o.payment.refund_id.as_deref(),
        |o| o.payment.refunded.map(|money| money.amount()),
        |o| Json(&o.status_history),
        |o| o.cancellation.as_ref().map(|cancelled| cancelled.reason.as_str()),
        |o| {
            let note = o.cancellation.as_ref().and_then(|cancelled| cancelled.note.as_ref());
            note.map(|note| note.reveal().as_str())
        },
        |o| o.cancellation.as_ref().and_then(|cancelled| cancelled.refund_due).map(|money| money.amount()),
        |o| o.delivery.map(|delivery| delivery.delivery_id.uuid()),
        |o| o.delivery.map(|delivery| delivery.tracking_number.to_string()),
        |o| o.delivery.map(|delivery| delivery.attempt as i32),
        |o| o.ready_for_pickup,
        |o| o.undeliverable,
        |o| Json(&o.adjustments),
        |o| o.version as i64,
        |o| o.updated_at,
    )
}

fn conductor(order: &Order) -> &'static str {
    match order.conductor {
        agrodeep_domain::order::Conductor::ProcessManager => "process_manager",
        agrodeep_domain::order::Conductor::Import => "import",
    }
}

fn lines<'o>(orders: &[&'o Order]) -> Vec<(Uuid, i32, &'o OrderItem)> {
    let lines = |order: &'o Order| {
        let id = order.order_id.uuid();
        order.items.iter().zip(0..).map(move |(item, line)| (id, line, item))
    };
    orders.iter().flat_map(|order| lines(order)).collect()
}

/// Stores the items of orders that have been placed in this batch.
pub(super) async fn write_new_items(
    connection: &mut PgConnection,
    orders: &[&Order],
) -> Result<(), sqlx::Error> {
    let lines = lines(orders);
    if lines.is_empty() {
        return Ok(());
    }
    let query = sqlx::query(
        "insert into order_items (order_id, line, product_id, producer_id, name, quantity, unit, unit_price, total,
             currency, notes, status)
         select * from unnest($1::uuid[], $2::int[], $3::uuid[], $4::uuid[], $5::jsonb[], $6::numeric[], $7::text[],
             $8::numeric[], $9::numeric[], $10::text[], $11::text[], $12::text[])
         on conflict (order_id, line) do update set product_id = excluded.product_id,
             producer_id = excluded.producer_id, name = excluded.name, quantity = excluded.quantity,
             unit = excluded.unit, unit_price = excluded.unit_price, total = excluded.total,
             currency = excluded.currency, notes = excluded.notes, status = excluded.status",
    );
    bind_columns!(
        query,
        lines,
        |(order_id, _, _)| *order_id,
        |(_, line, _)| *line,
        |(_, _, item)| item.product_id.uuid(),
        |(_, _, item)| item.producer_id.uuid(),
        |(_, _, item)| Json(&item.name),
        |(_, _, item)| item.quantity.decimal(),
        |(_, _, item)| item.unit.as_str(),
        |(_, _, item)| item.unit_price.amount(),
        |(_, _, item)| item.total.amount(),
        |(_, _, item)| item.total.currency().to_string(),
        |(_, _, item)| item.notes.as_ref().map(|notes| notes.reveal().as_str()),
        |(_, _, item)| item.status.as_str(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Stores how far the items of orders have come that were placed earlier.
pub(super) async fn write_item_status(
    connection: &mut PgConnection,
    orders: &[&Order],
) -> Result<(), sqlx::Error> {
    let lines = lines(orders);
    if lines.is_empty() {
        return Ok(());
    }
    let query = sqlx::query(
        "update order_items i set status = u.status
         from unnest($1::uuid[], $2::int[], $3::text[]) u(order_id, line, status)
         where i.order_id = u.order_id and i.line = u.line and i.status <> u.status",
    );
    bind_columns!(query, lines, |(order_id, _, _)| *order_id, |(_, line, _)| *line, |(_, _, item)| item
        .status
        .as_str(),)
    .execute(connection)
    .await?;
    Ok(())
}

/// Stores which producers have lines in orders that have been placed in this batch.
pub(super) async fn write_producers(
    connection: &mut PgConnection,
    orders: &[&Order],
) -> Result<(), sqlx::Error> {
    let pairs: Vec<_> = orders
        .iter()
        .flat_map(|order| order.producers().into_iter().map(move |producer| (producer, *order)))
        .collect();
    if pairs.is_empty() {
        return Ok(());
    }
    let query = sqlx::query(
        "insert into order_producers (producer_id, created_at, order_id)
         select * from unnest($1::uuid[], $2::timestamptz[], $3::uuid[]) on conflict do nothing",
    );
    bind_columns!(query, pairs, |(producer, _)| producer.uuid(), |(_, order)| order.created_at, |(
        _,
        order,
    )| order
        .order_id
        .uuid(),)
    .execute(connection)
    .await?;
    Ok(())
}
