use std::collections::{HashMap, HashSet};

use agrodeep_domain::{AccountId, OrderId, ProductId};
use chrono::{DateTime, Utc};
use sqlx::{
    PgConnection, Row,
    types::{Json, Uuid},
};

use super::{Basket, BasketStatus};
use crate::{ReadError, projection::bind_columns, row::get};

/// Those of `ids` that are stored.
pub(super) async fn load(
    connection: &mut PgConnection,
    ids: HashSet<OrderId>,
) -> Result<Vec<Basket>, ReadError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = ids.into_iter().map(|id| id.uuid()).collect();
    let rows = sqlx::query(
        "select b.* from unnest($1::uuid[]) k(id)
         cross join lateral (select * from baskets where order_id = k.id limit 1) b",
    )
    .bind(ids)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let status: &str = row.try_get("status")?;
            let products: Vec<Uuid> = get(row, "products")?;
            Ok(Basket {
                order_id: OrderId::from_uuid(get(row, "order_id")?),
                buyer_id: AccountId::from_uuid(get(row, "buyer_id")?),
                products: products.into_iter().map(ProductId::from_uuid).collect(),
                status: BasketStatus::parse(status)
                    .ok_or_else(|| ReadError::Damaged(format!("status: {status}")))?,
                placed_at: get(row, "placed_at")?,
            })
        })
        .collect()
}

/// Stores baskets that are new in this batch.
pub(super) async fn write_new(connection: &mut PgConnection, baskets: &[&Basket]) -> Result<(), sqlx::Error> {
    if baskets.is_empty() {
        return Ok(());
    }
    // Lists of ids come as JSON: Postgres has no arrays of arrays of different lengths.
    let query = sqlx::query(
        "insert into baskets (order_id, buyer_id, products, status, placed_at)
         select order_id, buyer_id, array(select jsonb_array_elements_text(products)::uuid), status, placed_at
         from unnest($1::uuid[], $2::uuid[], $3::jsonb[], $4::text[], $5::timestamptz[])
             b(order_id, buyer_id, products, status, placed_at)
         on conflict (order_id) do update set buyer_id = excluded.buyer_id, products = excluded.products,
             status = excluded.status, placed_at = excluded.placed_at",
    );
    bind_columns!(
        query,
        baskets,
        |b| b.order_id.uuid(),
        |b| b.buyer_id.uuid(),
        |b| Json(b.products.iter().map(|product| product.uuid()).collect::<Vec<_>>()),
        |b| b.status.as_str(),
        |b| b.placed_at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Stores what has become of baskets that were placed earlier.
pub(super) async fn write_status(
    connection: &mut PgConnection,
    baskets: &[&Basket],
) -> Result<(), sqlx::Error> {
    if baskets.is_empty() {
        return Ok(());
    }
    let query = sqlx::query(
        "update baskets b set status = u.status from unnest($1::uuid[], $2::text[]) u(order_id, status)
         where b.order_id = u.order_id",
    );
    bind_columns!(query, baskets, |b| b.order_id.uuid(), |b| b.status.as_str()).execute(connection).await?;
    Ok(())
}

type Purchase = (ProductId, DateTime<Utc>, OrderId);

fn purchases(baskets: &[&Basket], status: BasketStatus) -> Vec<Purchase> {
    let of = |basket: &Basket| {
        let (at, order_id) = (basket.placed_at, basket.order_id);
        basket.products.iter().map(move |product| (*product, at, order_id)).collect::<Vec<_>>()
    };
    baskets.iter().filter(|basket| basket.status == status).flat_map(|basket| of(basket)).collect()
}

/// Stores what was bought in the baskets that have changed, and takes away what was not bought in the end.
pub(super) async fn write_purchases(
    connection: &mut PgConnection,
    changed: &[&Basket],
) -> Result<(), sqlx::Error> {
    for (status, sql) in [
        (
            BasketStatus::Bought,
            "insert into purchases (product_id, placed_at, order_id)
             select * from unnest($1::uuid[], $2::timestamptz[], $3::uuid[]) on conflict do nothing",
        ),
        (
            BasketStatus::Cancelled,
            "delete from purchases p using unnest($1::uuid[], $2::timestamptz[], $3::uuid[])
                 u(product_id, placed_at, order_id)
             where p.product_id = u.product_id and p.placed_at = u.placed_at and p.order_id = u.order_id",
        ),
    ] {
        let purchases = purchases(changed, status);
        if purchases.is_empty() {
            continue;
        }
        bind_columns!(
            sqlx::query(sql),
            purchases,
            |(product, _, _)| product.uuid(),
            |(_, at, _)| *at,
            |(_, _, order)| order.uuid()
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// Stores in how many more baskets products are. Always in the same order of rows: several parts of a rebuild add to the same ones, and
/// each waits for the other.
pub(super) async fn write_popularity(
    connection: &mut PgConnection,
    more: &HashMap<ProductId, i64>,
) -> Result<(), sqlx::Error> {
    if more.is_empty() {
        return Ok(());
    }
    let more: Vec<_> = more.iter().collect();
    let query = sqlx::query(
        "insert into popularity (product_id, orders)
         select * from unnest($1::uuid[], $2::bigint[]) as more (product_id, orders) order by product_id
         on conflict (product_id) do update set orders = popularity.orders + excluded.orders
         where excluded.orders <> 0",
    );
    bind_columns!(query, more, |(product, _)| product.uuid(), |(_, more)| **more).execute(connection).await?;
    Ok(())
}
