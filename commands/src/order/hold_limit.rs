//! Against hoarding: how many unpaid orders of one buyer may hold the same product.
//!
//! Each such order takes one of the buyer's slots for that product; that there are no more than so many is a primary key, so
//! buyers who ask many times at the same moment get no further than those who ask one after the other. Nobody gives a slot
//! back: only when none is free are the orders looked at that have them, and those that are paid or cancelled make room.

use std::num::NonZeroU32;

use agrodeep_domain::{
    AccountId, Order, OrderId, ProductId,
    order::{OrderRefusal, OrderStatus, PaymentStatus},
};
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;
use uuid::Uuid;

use crate::{Commands, ExecuteError, StoreError, Versioned};

/// After which time a slot makes room whose order was never placed: its process may have died in between.
const ABANDONED_AFTER: TimeDelta = TimeDelta::minutes(1);
/// How often it is tried while others take what was free a moment ago.
const ATTEMPTS_MAX: u32 = 8;

/// The slots of all buyers. Clones share everything.
#[derive(Clone)]
pub struct HoldSlots {
    pool: PgPool,
}

impl HoldSlots {
    /// Keeps them in the database `pool`.
    pub fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// Takes a free slot for each product; gives the products for which the order has one now.
    async fn take(
        &self,
        buyer_id: AccountId,
        order_id: OrderId,
        products: &[Uuid],
        limit: NonZeroU32,
    ) -> Result<Vec<Uuid>, StoreError> {
        let rows: Vec<(Uuid,)> = sqlx::query_as(
            "with taken as (
                 insert into hold_slots (buyer_id, product_id, slot, order_id)
                 select $1, w.product_id, free.slot, $2 from unnest($3::uuid[]) as w (product_id)
                 cross join lateral (
                     select s.slot from generate_series(1, $4) as s (slot)
                     where not exists (select 1 from hold_slots h
                                       where h.buyer_id = $1 and h.product_id = w.product_id and h.slot = s.slot)
                     order by s.slot limit 1
                 ) free
                 where not exists (select 1 from hold_slots h
                                   where h.buyer_id = $1 and h.product_id = w.product_id and h.order_id = $2)
                 on conflict do nothing returning product_id
             )
             select product_id from taken
             union all select product_id from hold_slots where buyer_id = $1 and order_id = $2",
        )
        .bind(buyer_id.uuid())
        .bind(order_id.uuid())
        .bind(products)
        .bind(limit.get() as i32)
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|(product_id,)| product_id).collect())
    }

    async fn of(
        &self,
        buyer_id: AccountId,
        product_id: Uuid,
    ) -> Result<Vec<(OrderId, DateTime<Utc>)>, StoreError> {
        let rows: Vec<(Uuid, DateTime<Utc>)> = sqlx::query_as(
            "select order_id, taken_at from hold_slots where buyer_id = $1 and product_id = $2",
        )
        .bind(buyer_id.uuid())
        .bind(product_id)
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|(order_id, at)| (OrderId::from_uuid(order_id), at)).collect())
    }

    /// Gives all slots of these orders back.
    async fn give_back(&self, orders: &[OrderId]) -> Result<(), StoreError> {
        let orders: Vec<_> = orders.iter().map(|order_id| order_id.uuid()).collect();
        sqlx::query("delete from hold_slots where order_id = any($1)")
            .bind(orders)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

/// Takes a slot for each product of an order. Asked again for the same order, it has them already. Gives the first product
/// for which the buyer has no slot left; then the order keeps none.
pub(super) async fn within_limit(
    commands: &Commands,
    buyer_id: AccountId,
    order_id: OrderId,
    products: &[ProductId],
    limit: NonZeroU32,
) -> Result<Option<ProductId>, ExecuteError<OrderRefusal>> {
    let mut missing: Vec<_> = products.iter().map(|product_id| product_id.uuid()).collect();
    for _ in 0..ATTEMPTS_MAX {
        let has = commands.hold_slots.take(buyer_id, order_id, &missing, limit).await?;
        missing.retain(|product_id| !has.contains(product_id));
        let Some(first) = missing.first().copied() else { return Ok(None) };
        let taken = commands.hold_slots.of(buyer_id, first).await?;
        // Fewer than the limit: somebody was faster with the very slot that was free.
        if taken.len() >= limit.get() as usize {
            let room = room(commands, &taken).await?;
            if room.is_empty() {
                commands.hold_slots.give_back(&[order_id]).await?;
                return Ok(Some(ProductId::from_uuid(first)));
            }
            commands.hold_slots.give_back(&room).await?;
        }
    }
    commands.hold_slots.give_back(&[order_id]).await?;
    Err(ExecuteError::Contended)
}

/// The orders that hold a slot without need: paid, cancelled, or never placed.
async fn room(
    commands: &Commands,
    taken: &[(OrderId, DateTime<Utc>)],
) -> Result<Vec<OrderId>, ExecuteError<OrderRefusal>> {
    let mut room = Vec::new();
    for (order_id, taken_at) in taken {
        let abandoned = Utc::now() - *taken_at > ABANDONED_AFTER;
        let needless = move |order: &Versioned<Order>| {
            let Order { placed, status, payment, .. } = &order.state;
            let paid = matches!(
                payment.status,
                PaymentStatus::Captured | PaymentStatus::RefundRequested | PaymentStatus::Refunded
            );
            if placed.is_some() { paid || *status == OrderStatus::Cancelled } else { abandoned }
        };
        if commands.executor.inspect::<Order, _>(order_id.uuid(), needless).await? {
            room.push(*order_id);
        }
    }
    Ok(room)
}
