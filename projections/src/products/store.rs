use agrodeep_domain::ProductId;
use sqlx::{
    PgConnection,
    types::{Json, Uuid},
};

use super::{Product, query};
use crate::{ReadError, projection::bind_columns};

/// Those of `ids` that are stored.
pub(super) async fn load(
    connection: &mut PgConnection,
    ids: &[ProductId],
) -> Result<Vec<Product>, ReadError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let rows = sqlx::query(
        "select p.* from (select distinct unnest($1::uuid[]) id) k
         cross join lateral (select * from products where product_id = k.id limit 1) p",
    )
    .bind(ids)
    .fetch_all(connection)
    .await?;
    rows.iter().map(query::product).collect()
}

/// Stores new products, and such as are no longer what they were.
pub(super) async fn write_whole(
    connection: &mut PgConnection,
    products: &[&Product],
) -> Result<(), sqlx::Error> {
    if products.is_empty() {
        return Ok(());
    }
    // Lists of texts come as JSON: Postgres has no arrays of arrays of different lengths.
    let query = sqlx::query(
        "insert into products (product_id, producer_id, name, description, category_id, unit, images, tags, is_organic,
             is_fair_trade, qr_code_data, price, currency, stock_quantity, held_quantity, is_active, version,
             created_at, updated_at)
         select product_id, producer_id, name, description, category_id, unit,
             array(select jsonb_array_elements_text(images)), array(select jsonb_array_elements_text(tags)),
             is_organic, is_fair_trade, qr_code_data, price, currency, stock_quantity, held_quantity, is_active,
             version, created_at, updated_at
         from unnest($1::uuid[], $2::uuid[], $3::jsonb[], $4::jsonb[], $5::text[], $6::text[], $7::jsonb[], $8::jsonb[],
             $9::boolean[], $10::boolean[], $11::text[], $12::numeric[], $13::text[], $14::numeric[], $15::numeric[],
             $16::boolean[], $17::bigint[], $18::timestamptz[], $19::timestamptz[])
             p(product_id, producer_id, name, description, category_id, unit, images, tags, is_organic, is_fair_trade,
                 qr_code_data, price, currency, stock_quantity, held_quantity, is_active, version, created_at,
                 updated_at)
         on conflict (product_id) do update set producer_id = excluded.producer_id, name = excluded.name,
             description = excluded.description, category_id = excluded.category_id, unit = excluded.unit,
             images = excluded.images, tags = excluded.tags, is_organic = excluded.is_organic,
             is_fair_trade = excluded.is_fair_trade, qr_code_data = excluded.qr_code_data, price = excluded.price,
             currency = excluded.currency, stock_quantity = excluded.stock_quantity,
             held_quantity = excluded.held_quantity, is_active = excluded.is_active, version = excluded.version,
             created_at = excluded.created_at, updated_at = excluded.updated_at",
    );
    bind_columns!(
        query,
        products,
        |p| p.product_id.uuid(),
        |p| p.producer_id.uuid(),
        |p| Json(&p.details.name),
        |p| p.details.description.as_ref().map(Json),
        |p| p.details.category_id.as_str(),
        |p| p.details.unit.as_str(),
        |p| Json(&p.details.images),
        |p| Json(&p.details.tags),
        |p| p.details.is_organic,
        |p| p.details.is_fair_trade,
        |p| p.details.qr_code_data.as_deref(),
        |p| p.price.amount(),
        |p| p.price.currency().code().to_owned(),
        |p| p.stock_quantity.decimal(),
        |p| p.held_quantity.decimal(),
        |p| p.is_active,
        |p| p.version as i64,
        |p| p.created_at,
        |p| p.updated_at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Stores what orders change all the time.
pub(super) async fn write_stock(
    connection: &mut PgConnection,
    products: &[&Product],
) -> Result<(), sqlx::Error> {
    if products.is_empty() {
        return Ok(());
    }
    let query = sqlx::query(
        "update products p set stock_quantity = u.stock_quantity, held_quantity = u.held_quantity,
             version = u.version, updated_at = u.updated_at
         from unnest($1::uuid[], $2::numeric[], $3::numeric[], $4::bigint[], $5::timestamptz[])
             u(product_id, stock_quantity, held_quantity, version, updated_at)
         where p.product_id = u.product_id",
    );
    bind_columns!(
        query,
        products,
        |p| p.product_id.uuid(),
        |p| p.stock_quantity.decimal(),
        |p| p.held_quantity.decimal(),
        |p| p.version as i64,
        |p| p.updated_at,
    )
    .execute(connection)
    .await?;
    Ok(())
}
