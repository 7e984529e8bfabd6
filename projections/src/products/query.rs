use std::collections::HashMap;

use agrodeep_domain::{AccountId, ProductId, product::ProductDetails};
use sqlx::{Postgres, QueryBuilder, postgres::PgRow, types::Uuid};

use super::{Product, ProductFilter, ProductSort};
use crate::{
    Page, Paged, ReadError, ReadModels,
    row::{count, get, json, json_opt, money, parsed, quantity, version},
};

impl ReadModels {
    /// One product, whether it is still offered or not.
    pub async fn product(&self, product_id: ProductId) -> Result<Option<Product>, ReadError> {
        sqlx::query("select * from products where product_id = $1")
            .bind(product_id.uuid())
            .fetch_optional(self.pool())
            .await?
            .map(|row| product(&row))
            .transpose()
    }

    /// Several products, whether they are still offered or not. Unknown ones are left out.
    pub async fn products_by_id(&self, ids: &[ProductId]) -> Result<HashMap<ProductId, Product>, ReadError> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
        sqlx::query(
            "select p.* from unnest($1::uuid[]) k(id)
             cross join lateral (select * from products where product_id = k.id limit 1) p",
        )
        .bind(ids)
        .fetch_all(self.pool())
        .await?
        .iter()
        .map(|row| product(row).map(|product| (product.product_id, product)))
        .collect()
    }

    /// A page of the products that are offered.
    pub async fn products(
        &self,
        filter: &ProductFilter,
        sort: ProductSort,
        page: Page,
    ) -> Result<Paged<Product>, ReadError> {
        let mut query = QueryBuilder::new("select count(*) from products");
        push_filter(&mut query, filter);
        let total: i64 = query.build_query_scalar().fetch_one(self.pool()).await?;

        let mut query = QueryBuilder::new("select products.* from products");
        if sort == ProductSort::Popularity {
            query.push(" join popularity using (product_id)");
        }
        push_filter(&mut query, filter);
        query.push(match sort {
            ProductSort::Price => " order by price, product_id",
            ProductSort::Newest => " order by created_at desc, product_id desc",
            ProductSort::Popularity => " order by orders desc, product_id desc",
        });
        query.push(" limit ").push_bind(i64::from(page.limit));
        query.push(" offset ").push_bind(page.offset());
        let rows = query.build().fetch_all(self.pool()).await?;
        let items = rows.iter().map(product).collect::<Result<_, _>>()?;
        Ok(Paged { items, total: count(total) })
    }
}

fn push_filter(query: &mut QueryBuilder<'_, Postgres>, filter: &ProductFilter) {
    query.push(" where is_active");
    if let Some(category) = &filter.category {
        query.push(" and category_id = ").push_bind(category.as_str().to_owned());
    }
    if let Some(min) = filter.min_price {
        query.push(" and price >= ").push_bind(min);
    }
    if let Some(max) = filter.max_price {
        query.push(" and price <= ").push_bind(max);
    }
    if let Some(organic) = filter.is_organic {
        query.push(" and is_organic = ").push_bind(organic);
    }
    if let Some(producer) = filter.producer {
        query.push(" and producer_id = ").push_bind(producer.uuid());
    }
    match filter.in_stock {
        Some(true) => _ = query.push(" and available_quantity > 0"),
        Some(false) => _ = query.push(" and available_quantity <= 0"),
        None => {}
    }
}

/// The product that a row of `products` tells of.
pub(crate) fn product(row: &PgRow) -> Result<Product, ReadError> {
    Ok(Product {
        product_id: ProductId::from_uuid(get(row, "product_id")?),
        producer_id: AccountId::from_uuid(get(row, "producer_id")?),
        details: ProductDetails {
            name: json(row, "name")?,
            description: json_opt(row, "description")?,
            category_id: parsed(row, "category_id")?,
            unit: parsed(row, "unit")?,
            images: get(row, "images")?,
            tags: get(row, "tags")?,
            is_organic: get(row, "is_organic")?,
            is_fair_trade: get(row, "is_fair_trade")?,
            qr_code_data: get(row, "qr_code_data")?,
        },
        price: money(row, "price")?,
        stock_quantity: quantity(row, "stock_quantity")?,
        held_quantity: quantity(row, "held_quantity")?,
        is_active: get(row, "is_active")?,
        version: version(row)?,
        created_at: get(row, "created_at")?,
        updated_at: get(row, "updated_at")?,
    })
}
