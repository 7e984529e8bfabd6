//! Lines of a paid order that become less.

use agrodeep_domain::{OrderId, ProductId, order::OrderStatus};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    app::{Reply, User},
    journey::{Market, order_body, product_body},
};

struct Order {
    market: Market,
    order_id: OrderId,
    /// Of the other producer.
    other: ProductId,
}

impl Order {
    /// Three kilos of the producer's tomatoes and one of the other's, for 18.00, paid.
    async fn paid() -> Self {
        let order = Self::placed().await;
        order.market.confirm(order.order_id).await;
        order
    }

    async fn placed() -> Self {
        let market = Market::open().await;
        let created =
            market.app.post("/v1/products").by(&market.other_producer).json(&product_body()).send().await;
        let other: ProductId = created.text("id").parse().unwrap();
        let mut body = order_body(market.product_id);
        body["items"].as_array_mut().unwrap().push(json!({ "product_id": other, "quantity": 1 }));
        let placed = market.app.post("/v1/orders").by(&market.buyer).key("two").json(&body).send().await;
        let order_id = placed.text("order_id").parse().unwrap();
        Self { market, order_id, other }
    }

    async fn says(&self, user: &User, product_id: ProductId, body: Value) -> Reply {
        let path = format!("/v1/orders/{}/lines/{product_id}/report", self.order_id);
        self.market.app.post(&path).by(user).key(&Uuid::now_v7().to_string()).json(&body).send().await
    }

    async fn cancels(&self, user: &User, product_id: ProductId) -> Reply {
        let path = format!("/v1/orders/{}/lines/{product_id}/cancel", self.order_id);
        self.market.app.post(&path).by(user).send().await
    }
}

#[tokio::test]
async fn a_producer_has_less_and_the_order_goes_on_with_the_rest() {
    let order = Order::paid().await;
    let (producer, tomatoes) = (&order.market.producer, order.market.product_id);
    let less = order.says(producer, tomatoes, json!({ "available_quantity": 2, "reason": "Le gel" })).await;
    less.is(200);
    let expected = json!({
        "order_id": order.order_id, "product_id": tomatoes, "status": "confirmed", "quantity": 2,
        "total_price": "9.00 EUR", "order_total": "13.50 EUR", "refund_total": "4.50 EUR",
    });
    assert_eq!(less.json, expected);
    // Said again, it is so already.
    assert_eq!(order.says(producer, tomatoes, json!({ "available_quantity": 2 })).await.json, expected);
    let weighed = order.says(producer, tomatoes, json!({ "actual_total": "8.10 EUR" })).await;
    assert_eq!((&weighed.json["order_total"], &weighed.json["quantity"]), (&json!("12.60 EUR"), &json!(2)));
    let none = order.says(producer, tomatoes, json!({ "available_quantity": 0 })).await;
    assert_eq!((&none.json["order_total"], &none.json["status"]), (&json!("4.50 EUR"), &json!("confirmed")));
    assert_eq!(order.market.order(order.order_id).await.adjustments.len(), 3);
}

#[tokio::test]
async fn the_same_request_with_the_same_key_changes_a_line_once() {
    let order = Order::paid().await;
    let path = format!("/v1/orders/{}/lines/{}/report", order.order_id, order.market.product_id);
    let ask = |quantity: u32| {
        let ask = order.market.app.post(&path).by(&order.market.producer).key("once");
        ask.json(&json!({ "available_quantity": quantity })).send()
    };
    let first = ask(2).await;
    let again = ask(2).await;
    assert_eq!((again.status, &again.bytes), (200, &first.bytes));
    ask(1).await.is_problem(422, "idempotency_key_reused");
    assert_eq!(order.market.order(order.order_id).await.adjustments.len(), 1);
}

#[tokio::test]
async fn a_line_never_becomes_more_and_says_what_cannot_be() {
    let order = Order::paid().await;
    let (producer, tomatoes) = (&order.market.producer, order.market.product_id);
    order
        .says(producer, tomatoes, json!({ "available_quantity": 4 }))
        .await
        .is_problem(409, "more_than_agreed");
    order
        .says(producer, tomatoes, json!({ "actual_total": "13.51 EUR" }))
        .await
        .is_problem(409, "more_than_agreed");
    for (body, pointer) in [
        (json!({}), "/available_quantity"),
        (json!({ "reason": "Le gel" }), "/available_quantity"),
        (json!({ "available_quantity": -1 }), "/available_quantity"),
        (json!({ "available_quantity": 1.0001 }), "/available_quantity"),
        (json!({ "actual_total": "8.10" }), "/actual_total"),
        (json!({ "actual_total": "8.10 USD" }), "/actual_total"),
        (json!({ "available_quantity": 0, "actual_total": "1.00 EUR" }), "/actual_total"),
        (json!({ "available_quantity": 1, "reason": "x".repeat(501) }), "/reason"),
    ] {
        let refused = order.says(producer, tomatoes, body.clone()).await;
        refused.is_problem(422, "invalid_input");
        assert_eq!(refused.pointers(), [pointer], "{body}");
    }
}

#[tokio::test]
async fn nobody_changes_lines_of_others() {
    let order = Order::paid().await;
    let market = &order.market;
    let less = json!({ "available_quantity": 0 });
    order.says(&market.buyer, market.product_id, less.clone()).await.is_problem(403, "forbidden");
    order.says(&market.producer, order.other, less.clone()).await.is_problem(404, "not_found");
    order.cancels(&market.other_buyer, market.product_id).await.is_problem(404, "not_found");
    order.cancels(&market.producer, market.product_id).await.is_problem(403, "forbidden");
    let unknown = ProductId::from_uuid(Uuid::now_v7());
    order.cancels(&market.buyer, unknown).await.is_problem(404, "not_found");
}

#[tokio::test]
async fn a_buyer_calls_one_line_off_and_an_admin_the_last() {
    let order = Order::paid().await;
    let market = &order.market;
    let one = order.cancels(&market.buyer, order.other).await;
    one.is(200);
    assert_eq!((&one.json["status"], &one.json["refund_total"]), (&json!("confirmed"), &json!("4.50 EUR")));
    let last = order.cancels(&market.admin, market.product_id).await;
    last.is(200);
    assert_eq!(last.json["status"], "cancelled");
    let cancelled = market.order(order.order_id).await.cancelled.unwrap();
    assert_eq!(cancelled.refund_due.map(|due| due.to_string()).as_deref(), Some("13.50 EUR"));
    order.cancels(&market.buyer, order.other).await.is_problem(409, "order_cancelled");
}

#[tokio::test]
async fn a_line_that_is_prepared_is_not_changed_any_more() {
    let order = Order::placed().await;
    let market = &order.market;
    let less = json!({ "available_quantity": 1 });
    order.cancels(&market.buyer, order.other).await.is_problem(409, "order_not_confirmed");
    order
        .says(&market.producer, market.product_id, less.clone())
        .await
        .is_problem(409, "order_not_confirmed");
    market.confirm(order.order_id).await;
    let process = format!("/v1/orders/{}/process", order.order_id);
    market.app.post(&process).by(&market.producer).send().await.is(200);
    order.cancels(&market.buyer, market.product_id).await.is_problem(409, "line_prepared");
    order.says(&market.producer, market.product_id, less).await.is_problem(409, "line_prepared");
    // The other's line is not prepared: without it, nothing is missing any more.
    order.cancels(&market.buyer, order.other).await.is(200);
    let now = market.order(order.order_id).await;
    assert!(now.status == OrderStatus::Processing && now.ready_for_pickup());
}
