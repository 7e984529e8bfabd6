//! Four orders, and how they end.

use anyhow::{Result, ensure};
use chrono::{TimeDelta, Utc};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{
    answer::Answer,
    cast::{Cast, Person},
    market::{Market, STOCK},
    narrator::Narrator,
};

/// Kilograms of the order that is delivered.
const DELIVERED: u32 = 3;

/// From the order to the buyer's door.
pub async fn delivered(cast: &mut Cast, market: &Market, narrator: &mut Narrator) -> Result<String> {
    let order_id = place(cast, market, DELIVERED, narrator).await?;
    pay(cast, &order_id, "pm_card_visa", narrator).await?;
    let order = until_status(cast, &order_id, "confirmed", narrator).await?;
    let delivery_id = order.text("/delivery/id")?.to_owned();

    let Cast { buyer, producer, driver, admin, .. } = cast;
    let (buyer, producer, driver, admin) = (buyer.clone(), producer.clone(), driver.clone(), admin.clone());

    narrator.step("The producer prepares its part of the order");
    let answer =
        cast.post(&producer, &format!("/v1/orders/{order_id}/process"), json!({})).await?.expect(200)?;
    answer.promised("/status", "processing")?;
    narrator.came_back("200: processing");

    narrator.step("The admin gives the delivery to the driver");
    let assign = json!({ "driver_id": driver.id, "vehicle": "Refrigerated van" });
    let answer =
        cast.post(&admin, &format!("/v1/deliveries/{delivery_id}/assign"), assign).await?.expect(200)?;
    answer.promised("/status", "assigned")?;
    narrator.came_back(format!("200: assigned, {delivery_id}"));

    narrator.step("The driver picks it up");
    cast.post(&driver, &format!("/v1/deliveries/{delivery_id}/pickup"), json!({})).await?.expect(200)?;
    narrator.came_back("200: picked up");
    until_status(cast, &order_id, "shipped", narrator).await?;
    market.check_stock(cast, STOCK - DELIVERED, narrator).await?;

    narrator.step("The driver reports where the van is, and the buyer looks");
    let path = format!("/v1/deliveries/{delivery_id}/positions");
    cast.post(&driver, &path, json!({ "points": route() })).await?.expect(202)?;
    let track = cast.get(&buyer, &format!("/v1/deliveries/{delivery_id}/track")).await?;
    narrator.came_back(format!(
        "200: {}, last seen at {}, {}, there in {} min",
        track.text("/status")?,
        track.number("/last_position/lat")?,
        track.number("/last_position/lng")?,
        track.at("/eta_minutes")?,
    ));

    narrator.step("The driver hands it over: signature and photo");
    let proof = json!({ "signature": "C. Laurent", "photo": "https://photos.example.org/tour.jpg" });
    cast.post(&driver, &format!("/v1/deliveries/{delivery_id}/deliver"), proof).await?.expect(200)?;
    narrator.came_back("200: delivered");
    until_status(cast, &order_id, "delivered", narrator).await?;
    Ok(order_id)
}

/// Paid, then cancelled: the money goes back, and so do the tomatoes.
pub async fn cancelled_and_refunded(cast: &mut Cast, market: &Market, narrator: &mut Narrator) -> Result<()> {
    let order_id = place(cast, market, 2, narrator).await?;
    pay(cast, &order_id, "pm_card_visa", narrator).await?;
    until_status(cast, &order_id, "confirmed", narrator).await?;

    narrator.step("The buyer changes their mind");
    let buyer = cast.buyer.clone();
    let path = format!("/v1/orders/{order_id}/cancel");
    let answer = cast.post(&buyer, &path, json!({})).await?.expect(200)?;
    answer.promised("/status", "cancelled")?;
    narrator.came_back(format!(
        "200: cancelled, refund {} of {}",
        answer.text("/refund_status")?,
        answer.at("/refund_amount")?.as_str().unwrap_or("?"),
    ));

    narrator.step("The saga gives the money back and lets the tomatoes go");
    let refunded = |order: &Answer| Ok(order.text("/payment_status")? == "refunded");
    cast.get_until(&buyer, &format!("/v1/orders/{order_id}"), "refunded", refunded).await?;
    narrator.came_back("refunded");
    market.check_stock(cast, STOCK - DELIVERED, narrator).await
}

/// The card is declined: the order ends, and the tomatoes are free again.
pub async fn declined(cast: &mut Cast, market: &Market, narrator: &mut Narrator) -> Result<()> {
    let order_id = place(cast, market, 1, narrator).await?;
    pay(cast, &order_id, "pm_card_chargeDeclined", narrator).await?;
    until_cancelled(cast, &order_id, "payment_failed", narrator).await?;
    market.check_stock(cast, STOCK - DELIVERED, narrator).await
}

/// More than there is: the order ends before anybody pays.
pub async fn out_of_stock(cast: &mut Cast, market: &Market, narrator: &mut Narrator) -> Result<()> {
    let order_id = place(cast, market, 1000, narrator).await?;
    until_cancelled(cast, &order_id, "stock_unavailable", narrator).await?;

    narrator.step("The buyer tries to pay all the same");
    let buyer = cast.buyer.clone();
    let answer =
        cast.post(&buyer, "/v1/payments/intent", json!({ "order_id": order_id })).await?.expect(409)?;
    answer.promised("/error", "order_cancelled")?;
    narrator.came_back(format!("409: order_cancelled ({})", answer.text("/detail")?));
    Ok(())
}

async fn place(cast: &mut Cast, market: &Market, kilograms: u32, narrator: &mut Narrator) -> Result<String> {
    narrator.step(format!("The buyer orders {kilograms} kg"));
    let buyer = cast.buyer.clone();
    let order = json!({
        "items": [{ "product_id": market.product_id, "quantity": kilograms, "notes": "Ripe ones, please" }],
        "shipping_address": {
            "street": "12 rue des Lilas",
            "city": "Lyon",
            "zip_code": "69003",
            "country": "FR",
            "latitude": 45.7578,
            "longitude": 4.8467,
        },
    });
    let placed = cast.post(&buyer, "/v1/orders", order).await?.expect(202)?;
    placed.promised("/status", "pending")?;
    let total = format!("{:.2} EUR", market.unit_price * Decimal::from(kilograms));
    placed.promised("/estimated_total", &total)?;
    narrator.came_back(format!(
        "202: {} {}, {total}; stock is held until {}",
        placed.text("/order_number")?,
        placed.text("/status")?,
        placed.text("/expires_at")?.get(11..16).map_or("?".to_owned(), |time| format!("{time} UTC")),
    ));
    Ok(placed.text("/order_id")?.to_owned())
}

async fn pay(cast: &mut Cast, order_id: &str, payment_method: &str, narrator: &mut Narrator) -> Result<()> {
    narrator.step(format!("The buyer pays with {payment_method}"));
    let buyer = cast.buyer.clone();
    let intent =
        cast.post(&buyer, "/v1/payments/intent", json!({ "order_id": order_id })).await?.expect(201)?;
    narrator.came_back(format!(
        "201: {} over {:.2} {}",
        intent.text("/payment_intent_id")?,
        intent.decimal("/amount")?,
        intent.text("/currency")?,
    ));
    let confirm =
        json!({ "client_secret": intent.text("/client_secret")?, "payment_method": payment_method });
    let answer = cast.post(&buyer, "/v1/payments/simulator/confirm", confirm).await?.expect(200)?;
    narrator.came_back(format!(
        "200: at the payment provider: {}; the outcome comes as a signed webhook",
        answer.text("/status")?
    ));
    Ok(())
}

async fn until_status(cast: &Cast, order_id: &str, status: &str, narrator: &mut Narrator) -> Result<Answer> {
    narrator.step(format!("The order becomes {status}"));
    let order = wait(cast, &cast.buyer, order_id, status).await?;
    narrator.came_back(history_of(&order)?);
    Ok(order)
}

async fn until_cancelled(cast: &Cast, order_id: &str, reason: &str, narrator: &mut Narrator) -> Result<()> {
    narrator.step("The saga undoes what was done and cancels the order");
    let order = wait(cast, &cast.buyer, order_id, "cancelled").await?;
    order.promised("/cancellation/reason", reason)?;
    narrator.came_back(format!("{}, because of {reason}", history_of(&order)?));
    Ok(())
}

async fn wait(cast: &Cast, person: &Person, order_id: &str, status: &str) -> Result<Answer> {
    let path = format!("/v1/orders/{order_id}");
    cast.get_until(person, &path, status, |order| Ok(order.text("/status")? == status)).await
}

fn history_of(order: &Answer) -> Result<String> {
    let changes = order.list("/status_history")?;
    let statuses: Vec<_> = changes.iter().filter_map(|change| change["status"].as_str()).collect();
    ensure!(statuses.len() == changes.len(), "{}: a status change has no status", order.what);
    Ok(statuses.join(" → "))
}

/// From the farm to the buyer: five points, a minute apart, the last one now.
fn route() -> Vec<Value> {
    let now = Utc::now();
    (0..5)
        .map(|minute| {
            let way = f64::from(minute) / 4.0;
            json!({
                "lat": round(45.7100 + way * 0.04),
                "lng": round(4.9000 - way * 0.04),
                "accuracy": 8.0,
                "timestamp": now - TimeDelta::minutes(i64::from(4 - minute)),
            })
        })
        .collect()
}

fn round(degrees: f64) -> f64 {
    (degrees * 10_000.0).round() / 10_000.0
}
