use std::collections::HashMap;

use agrodeep_domain::{
    AccountId, DeliveryId, OrderId, Personal, ProductId,
    order::{CancelReason, OrderDelivery},
};
use sqlx::{Postgres, QueryBuilder, postgres::PgRow, types::Uuid};

use super::{Cancellation, Order, OrderFilter, OrderItem, OrderPayment};
use crate::{
    Page, Paged, ReadError, ReadModels,
    row::{
        count, get, json, json_opt, money, money_opt, named, named_opt, parsed, parsed_opt, quantity, version,
    },
};

impl ReadModels {
    /// One order with its items.
    pub async fn order(&self, order_id: OrderId) -> Result<Option<Order>, ReadError> {
        let row = sqlx::query("select * from orders where order_id = $1")
            .bind(order_id.uuid())
            .fetch_optional(self.pool())
            .await?;
        let Some(row) = row else { return Ok(None) };
        let mut order = order(&row)?;
        order.items = items(self, &[order_id.uuid()]).await?.remove(&order_id).unwrap_or_default();
        Ok(Some(order))
    }

    /// A page of orders with their items, newest first.
    pub async fn orders(&self, filter: &OrderFilter, page: Page) -> Result<Paged<Order>, ReadError> {
        let mut query = QueryBuilder::new("select count(*)");
        push_filter(&mut query, filter);
        let total: i64 = query.build_query_scalar().fetch_one(self.pool()).await?;

        let mut query = QueryBuilder::new("select o.*");
        push_filter(&mut query, filter);
        // With a producer, its own table has the order of the list.
        query.push(match filter.producer {
            Some(_) => " order by p.created_at desc, p.order_id desc",
            None => " order by o.created_at desc, o.order_id desc",
        });
        query.push(" limit ").push_bind(i64::from(page.limit));
        query.push(" offset ").push_bind(page.offset());
        let rows = query.build().fetch_all(self.pool()).await?;
        let mut orders = rows.iter().map(order).collect::<Result<Vec<_>, _>>()?;
        let ids: Vec<Uuid> = orders.iter().map(|order| order.order_id.uuid()).collect();
        let mut items = items(self, &ids).await?;
        for order in &mut orders {
            order.items = items.remove(&order.order_id).unwrap_or_default();
        }
        Ok(Paged { items: orders, total: count(total) })
    }
}

fn push_filter(query: &mut QueryBuilder<'_, Postgres>, filter: &OrderFilter) {
    match filter.producer {
        Some(producer) => {
            query.push(" from order_producers p join orders o using (order_id) where p.producer_id = ");
            query.push_bind(producer.uuid());
        }
        None => {
            query.push(" from orders o where true");
        }
    }
    if let Some(buyer) = filter.buyer {
        query.push(" and o.buyer_id = ").push_bind(buyer.uuid());
    }
    if let Some(status) = filter.status {
        query.push(" and o.status = ").push_bind(status.as_str());
    }
}

async fn items(models: &ReadModels, ids: &[Uuid]) -> Result<HashMap<OrderId, Vec<OrderItem>>, ReadError> {
    let rows = sqlx::query(ITEMS).bind(ids).fetch_all(models.pool()).await?;
    group_items(&rows)
}

/// The items of the orders `$1`, in their order.
pub(super) const ITEMS: &str = "select i.* from unnest($1::uuid[]) k(id)
    cross join lateral (select * from order_items where order_id = k.id order by line offset 0) i";

pub(super) fn group_items(rows: &[PgRow]) -> Result<HashMap<OrderId, Vec<OrderItem>>, ReadError> {
    let mut items: HashMap<OrderId, Vec<OrderItem>> = HashMap::new();
    for row in rows {
        items.entry(OrderId::from_uuid(get(row, "order_id")?)).or_default().push(item(row)?);
    }
    Ok(items)
}

fn item(row: &PgRow) -> Result<OrderItem, ReadError> {
    Ok(OrderItem {
        product_id: ProductId::from_uuid(get(row, "product_id")?),
        producer_id: AccountId::from_uuid(get(row, "producer_id")?),
        name: json(row, "name")?,
        quantity: quantity(row, "quantity")?,
        unit: parsed(row, "unit")?,
        unit_price: money(row, "unit_price")?,
        total: money(row, "total")?,
        notes: get::<Option<String>>(row, "notes")?.map(Personal::new),
        status: named(row, "status")?,
    })
}

/// The order that a row of `orders` tells of, without its items.
pub(super) fn order(row: &PgRow) -> Result<Order, ReadError> {
    Ok(Order {
        order_id: OrderId::from_uuid(get(row, "order_id")?),
        number: parsed(row, "order_number")?,
        buyer_id: AccountId::from_uuid(get(row, "buyer_id")?),
        status: named(row, "status")?,
        status_history: json(row, "status_history")?,
        items: Vec::new(),
        total: money(row, "total")?,
        payment: OrderPayment {
            status: named(row, "payment_status")?,
            intent_id: get(row, "payment_intent_id")?,
            captured: money_opt(row, "captured")?,
            decline_code: get(row, "decline_code")?,
            refund_id: get(row, "refund_id")?,
            refunded: money_opt(row, "refunded")?,
        },
        shipping_address: json(row, "shipping_address")?,
        billing_address: json_opt(row, "billing_address")?,
        preferred_delivery_date: get(row, "preferred_delivery_date")?,
        agreed_delivery: json_opt(row, "agreed_delivery")?,
        notes: get::<Option<String>>(row, "notes")?.map(Personal::new),
        conductor: named(row, "conductor")?,
        expires_at: get(row, "expires_at")?,
        cancellation: cancellation(row)?,
        delivery: delivery(row)?,
        ready_for_pickup: get(row, "ready_for_pickup")?,
        undeliverable: get(row, "undeliverable")?,
        adjustments: json(row, "adjustments")?,
        version: version(row)?,
        created_at: get(row, "created_at")?,
        updated_at: get(row, "updated_at")?,
    })
}

fn cancellation(row: &PgRow) -> Result<Option<Cancellation>, ReadError> {
    let Some(reason) = named_opt::<CancelReason>(row, "cancel_reason")? else { return Ok(None) };
    Ok(Some(Cancellation {
        reason,
        note: get::<Option<String>>(row, "cancel_note")?.map(Personal::new),
        refund_due: money_opt(row, "refund_due")?,
    }))
}

fn delivery(row: &PgRow) -> Result<Option<OrderDelivery>, ReadError> {
    let (Some(id), Some(tracking_number), Some(attempt)) = (
        get::<Option<Uuid>>(row, "delivery_id")?,
        parsed_opt(row, "tracking_number")?,
        get::<Option<i32>>(row, "delivery_attempt")?,
    ) else {
        return Ok(None);
    };
    let attempt = u32::try_from(attempt).unwrap_or(0);
    Ok(Some(OrderDelivery { delivery_id: DeliveryId::from_uuid(id), tracking_number, attempt }))
}
