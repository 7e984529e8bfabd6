//! Those who order, and those who bring it.

use std::time::{Duration, Instant};

use agrodeep_domain::OrderId;
use anyhow::{Context, ensure};
use reqwest::Method;
use serde_json::{Value, json};

use super::news::News;
use crate::{
    bench::{durations::Latencies, market::Market},
    tour::{Answer, Apis},
};

/// How many products there are to choose from.
const PRODUCTS: usize = 100;

/// More than anybody buys.
const STOCK: u32 = 10_000_000;

/// How long an order may take. One that takes longer is stuck, and nothing was measured.
const PATIENCE: Duration = Duration::from_secs(60);

/// How far an order goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Goal {
    Confirmed,
    Delivered,
}

impl Goal {
    pub const ALL: [Self; 2] = [Self::Confirmed, Self::Delivered];

    pub fn name(self) -> &'static str {
        match self {
            Self::Confirmed => "to `confirmed`",
            Self::Delivered => "to `delivered`",
        }
    }
}

/// Everybody who takes part, signed in, and what there is to buy.
pub struct Shop {
    apis: Apis,
    buyer: String,
    producer: String,
    admin: String,
    driver: String,
    driver_id: String,
    pub auditor: String,
    products: Vec<String>,
}

impl Shop {
    pub async fn open(market: &Market) -> anyhow::Result<Self> {
        let sign_in = async |role: &str| market.sign_in(role).await;
        let driver = sign_in("driver").await?;
        let mut shop = Self {
            apis: market.apis()?,
            buyer: sign_in("buyer").await?.token,
            producer: sign_in("producer").await?.token,
            admin: sign_in("admin").await?.token,
            driver: driver.token,
            driver_id: driver.id,
            auditor: sign_in("auditor").await?.token,
            products: vec![],
        };
        for number in 0..PRODUCTS {
            let product = json!({
                "name": { "fr": format!("Tomates {number}"), "en": format!("Tomatoes {number}") },
                "description": { "fr": "Rouges et mûres.", "en": "Red and ripe." },
                "category_id": "cat_vegetables",
                "price": 4.5,
                "currency": "EUR",
                "unit": "kg",
                "stock_quantity": STOCK,
            });
            let created = shop.post(&shop.producer, "/v1/products", &product).await?.expect(201)?;
            shop.products.push(created.text("/id")?.to_owned());
        }
        Ok(shop)
    }

    /// How many products there are.
    pub fn products(&self) -> usize {
        self.products.len()
    }

    /// The last position of the log.
    pub async fn head(&self) -> anyhow::Result<i64> {
        let path = "/v1/events?direction=backwards&limit=1";
        let answer = self.apis.query(path, &self.auditor, None).await?.expect(200)?;
        answer.at("/data/0/position")?.as_i64().context("a position")
    }

    /// An answer that is not read at once.
    pub async fn stream(&self, path: &str, accept: &str) -> anyhow::Result<reqwest::Response> {
        self.apis.stream(path, &self.auditor, accept).await
    }

    async fn post(&self, token: &str, path: &str, body: &Value) -> anyhow::Result<Answer> {
        self.apis.command(Method::POST, path, Some(token), Some(body)).await
    }

    async fn place(&self) -> anyhow::Result<OrderId> {
        let first = rand::random_range(0..self.products.len());
        let second = (first + rand::random_range(1..self.products.len())) % self.products.len();
        let order = json!({
            "items": [
                { "product_id": self.products[first], "quantity": 2 },
                { "product_id": self.products[second], "quantity": 1 },
            ],
            "shipping_address": { "street": "12 rue des Lilas", "city": "Lyon", "zip_code": "69003", "country": "FR" },
        });
        let placed = self.post(&self.buyer, "/v1/orders", &order).await?.expect(202)?;
        Ok(placed.text("/order_id")?.parse()?)
    }

    async fn pay(&self, order_id: OrderId) -> anyhow::Result<()> {
        let order = json!({ "order_id": order_id });
        let intent = self.post(&self.buyer, "/v1/payments/intent", &order).await?.expect(201)?;
        let confirm =
            json!({ "client_secret": intent.text("/client_secret")?, "payment_method": "pm_card_visa" });
        self.post(&self.buyer, "/v1/payments/simulator/confirm", &confirm).await?.expect(200)?;
        Ok(())
    }

    async fn bring(&self, order_id: OrderId, delivery_id: &str) -> anyhow::Result<()> {
        let prepare = format!("/v1/orders/{order_id}/process");
        self.post(&self.producer, &prepare, &json!({})).await?.expect(200)?;
        let delivery = format!("/v1/deliveries/{delivery_id}");
        let assign = json!({ "driver_id": self.driver_id });
        self.post(&self.admin, &format!("{delivery}/assign"), &assign).await?.expect(200)?;
        self.post(&self.driver, &format!("{delivery}/pickup"), &json!({})).await?.expect(200)?;
        let proof = json!({ "signature": "C. Laurent", "photo": "https://photos.example.org/bench.jpg" });
        self.post(&self.driver, &format!("{delivery}/deliver"), &proof).await?.expect(200)?;
        Ok(())
    }
}

/// Buys, one order after the other, until `end`: how long each took.
pub async fn buy(
    shop: std::sync::Arc<Shop>,
    news: News,
    goal: Goal,
    end: Instant,
) -> anyhow::Result<Latencies> {
    let mut latencies = Latencies::default();
    while Instant::now() < end {
        let began = Instant::now();
        let one = tokio::time::timeout(PATIENCE, one_order(&shop, &news, goal)).await;
        one.with_context(|| format!("an order is not {} after {PATIENCE:?}", goal.name()))??;
        latencies.record(began.elapsed());
    }
    ensure!(latencies.count() > 0, "not one order was made");
    Ok(latencies)
}

async fn one_order(shop: &Shop, news: &News, goal: Goal) -> anyhow::Result<()> {
    let order_id = shop.place().await?;
    let waiting = news.of(order_id);
    shop.pay(order_id).await?;
    let delivery_id = waiting.confirmed().await?;
    if goal == Goal::Delivered {
        shop.bring(order_id, &delivery_id).await?;
        waiting.delivered().await?;
    }
    Ok(())
}
