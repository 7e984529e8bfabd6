use std::collections::{HashMap, HashSet};

use agrodeep_domain::{AccountId, ProductId};
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::types::Uuid;

use super::{Candidate, History, SAMPLE, Tally, rank};
use crate::{
    ReadError, ReadModels,
    products::{Product, from_row},
    row::count,
};

/// How many of somebody's orders are looked at: the latest.
const ORDERS_MAX: i64 = 200;
/// What was bought so many days ago, or later, is not recommended.
const NOT_AGAIN_DAYS: i64 = 30;

/// A product that somebody may like.
#[derive(Clone, Debug, PartialEq)]
pub struct Recommendation {
    /// As it is now: offered, and with something left to order.
    pub product: Product,
    /// With which product that was bought it is bought together. `None`: it is what most people buy.
    pub because_of: Option<ProductId>,
    /// In how many orders of theirs it has been.
    pub bought_before: u32,
}

/// What somebody may like, best first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recommendations {
    /// First what goes with what was bought, then what most people buy.
    pub items: Vec<Recommendation>,
    /// How many orders are known of whoever asked; 0: all is what most people buy.
    pub orders_known: usize,
}

impl ReadModels {
    /// What `buyer` may like at `now`: offered, with something left to order, and not bought in the last 30 days. Products that
    /// are bought together with theirs come first; where there are not enough of them, the most popular ones follow.
    pub async fn recommendations(
        &self,
        buyer: AccountId,
        now: DateTime<Utc>,
        limit: usize,
    ) -> Result<Recommendations, ReadError> {
        let baskets = self.baskets_of(buyer, now).await?;
        let orders_known = baskets.len();
        let history = History::of(baskets.iter().map(|(at, products)| (*at, products.as_slice())));
        let recent = history.bought_since(now - TimeDelta::days(NOT_AGAIN_DAYS));
        let candidates = self.together(&history, now).await?.candidates(&history, &recent);
        let mut items = self.to_be_had(candidates, limit).await?;
        for item in &mut items {
            item.bought_before = history.orders(item.product.product_id);
        }
        if items.len() < limit {
            let mut without = recent;
            without.extend(items.iter().map(|item| item.product.product_id));
            let popular = self.popular(&without, limit - items.len()).await?;
            items.extend(popular.into_iter().map(|product| Recommendation {
                bought_before: history.orders(product.product_id),
                product,
                because_of: None,
            }));
        }
        Ok(Recommendations { items, orders_known })
    }

    /// The latest baskets that somebody has bought, the latest first.
    async fn baskets_of(
        &self,
        buyer: AccountId,
        before: DateTime<Utc>,
    ) -> Result<Vec<(DateTime<Utc>, Vec<ProductId>)>, ReadError> {
        let rows: Vec<(DateTime<Utc>, Vec<Uuid>)> = sqlx::query_as(
            "select placed_at, products from baskets where buyer_id = $1 and status = 'bought' and placed_at < $2
             order by placed_at desc, order_id desc limit $3",
        )
        .bind(buyer.uuid())
        .bind(before)
        .bind(ORDERS_MAX)
        .fetch_all(self.pool())
        .await?;
        Ok(rows.into_iter().map(|(at, products)| (at, ids(products))).collect())
    }

    /// What is bought together with the products to begin with.
    async fn together(&self, history: &History, before: DateTime<Utc>) -> Result<Tally, ReadError> {
        let mut tally = Tally::default();
        let seeds = history.seeds();
        if seeds.is_empty() {
            return Ok(tally);
        }
        let rows: Vec<(i64, Vec<Uuid>)> = sqlx::query_as(
            "select k.place, b.products from unnest($1::uuid[]) with ordinality k(product_id, place)
             cross join lateral (select order_id from purchases
                 where product_id = k.product_id and placed_at < $2 order by placed_at desc, order_id desc limit $3) p
             cross join lateral (select products from baskets where order_id = p.order_id limit 1) b",
        )
        .bind(seeds.iter().map(|seed| seed.uuid()).collect::<Vec<_>>())
        .bind(before)
        .bind(SAMPLE as i64)
        .fetch_all(self.pool())
        .await?;
        let mut baskets: Vec<Vec<Vec<ProductId>>> = vec![Vec::new(); seeds.len()];
        for (place, products) in rows {
            let of_seed = usize::try_from(place - 1).ok().and_then(|index| baskets.get_mut(index));
            of_seed.ok_or_else(|| ReadError::Damaged(format!("place {place}")))?.push(ids(products));
        }
        for (seed, baskets) in seeds.iter().zip(&baskets) {
            tally.add(*seed, baskets);
        }
        Ok(tally)
    }

    /// The best `limit` of the candidates that can be ordered.
    async fn to_be_had(
        &self,
        candidates: Vec<Candidate>,
        limit: usize,
    ) -> Result<Vec<Recommendation>, ReadError> {
        if candidates.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<(Uuid, i64)> = sqlx::query_as(
            "select k.id, q.orders from unnest($1::uuid[]) k(id)
             cross join lateral (select 1 from products
                 where product_id = k.id and is_active and available_quantity > 0 limit 1) p
             cross join lateral (select orders from popularity where product_id = k.id limit 1) q",
        )
        .bind(candidates.iter().map(|candidate| candidate.product_id.uuid()).collect::<Vec<_>>())
        .fetch_all(self.pool())
        .await?;
        let orders: HashMap<ProductId, u64> =
            rows.into_iter().map(|(id, orders)| (ProductId::from_uuid(id), count(orders))).collect();
        let mut ranked = rank(candidates, |product| orders.get(&product).copied());
        ranked.truncate(limit);
        let ids: Vec<_> = ranked.iter().map(|candidate| candidate.product_id).collect();
        let mut products = self.products_by_id(&ids).await?;
        let items = ranked.into_iter().filter_map(|candidate| {
            let product = products.remove(&candidate.product_id)?;
            Some(Recommendation { product, because_of: Some(candidate.because_of), bought_before: 0 })
        });
        Ok(items.collect())
    }

    /// What most people buy and can be ordered.
    async fn popular(&self, without: &HashSet<ProductId>, limit: usize) -> Result<Vec<Product>, ReadError> {
        sqlx::query(
            "select p.* from popularity q join products p using (product_id)
             where p.is_active and p.available_quantity > 0 and not (q.product_id = any($1))
             order by q.orders desc, q.product_id desc limit $2",
        )
        .bind(without.iter().map(|product| product.uuid()).collect::<Vec<_>>())
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(self.pool())
        .await?
        .iter()
        .map(from_row)
        .collect()
    }
}

fn ids(uuids: Vec<Uuid>) -> Vec<ProductId> {
    uuids.into_iter().map(ProductId::from_uuid).collect()
}
