//! Orders as they are.

use agrodeep_domain::order::CancelReason;
use serde_json::json;

use crate::{
    people::{ADMIN, AUDITOR, BEEKEEPER, BUYER, DRIVER, GROWER, OTHER_BUYER, OTHER_PRODUCER},
    story::{Tale, catalogue, honey, tomatoes},
    world::World,
};

async fn in_transit() -> (World, Tale, String) {
    let world = World::new().await;
    world.happen_all(catalogue()).await;
    let tale = Tale::new(1);
    world.happen_all(tale.until_in_transit()).await;
    let path = format!("/v1/orders/{}", tale.order_id());
    (world, tale, path)
}

#[tokio::test]
async fn an_order_says_how_far_it_has_come_and_how_it_came_there() {
    let (world, tale, path) = in_transit().await;
    let answer = world.get(BUYER, &path).await;
    assert_eq!(answer.header("etag"), "\"7\"");
    assert_eq!(answer.header("cache-control"), "private, no-cache");
    let item = |id: String, name, quantity, total, notes: Option<&str>, producer, company| {
        json!({
            "product_id": id, "name": name, "quantity": quantity, "ordered_quantity": quantity, "unit": "kg",
            "unit_price": "4.50 EUR", "total_price": total, "ordered_total_price": total, "notes": notes,
            "status": "shipped",
            "producer": { "id": producer, "company": company },
        })
    };
    assert_eq!(
        answer.ok(),
        json!({
            "id": tale.order_id().to_string(),
            "order_number": "ORD-2024-08-15-0001",
            "buyer_id": BUYER.id().to_string(),
            "status": "shipped",
            "status_history": [
                { "status": "pending", "at": "2024-08-15T10:42:00Z", "actor": BUYER.actor().to_string() },
                { "status": "confirmed", "at": "2024-08-15T10:49:00Z", "actor": "system:order_fulfilment" },
                { "status": "processing", "at": "2024-08-15T10:51:00Z", "actor": GROWER.actor().to_string() },
                { "status": "shipped", "at": "2024-08-15T10:53:00Z", "actor": DRIVER.actor().to_string() },
            ],
            "payment_status": "captured",
            "payment": {
                "payment_intent_id": "pi_1", "captured_amount": "13.50 EUR", "decline_code": null, "refund_id": null,
                "refunded_amount": null,
            },
            "items": [
                item(
                    tomatoes().to_string(), "Tomates Bio Marmande", 2, "9.00 EUR", Some("Bien mûres s'il vous plaît"),
                    GROWER.id().to_string(), "Ferme de Jean",
                ),
                item(
                    honey().to_string(), "Miel de châtaignier", 1, "4.50 EUR", None, BEEKEEPER.id().to_string(),
                    "Ferme de Marie",
                ),
            ],
            "total_amount": "13.50 EUR",
            "ordered_total_amount": "13.50 EUR",
            "adjustments": [],
            "currency": "EUR",
            "shipping_address": {
                "street": "123 Rue du Marché", "city": "Lyon", "zip_code": "69001", "country": "FR",
                "latitude": 45.764, "longitude": 4.8357,
            },
            "billing_address": {
                "street": "1 Place Bellecour", "city": "Lyon", "zip_code": "69001", "country": "FR",
                "latitude": 45.764, "longitude": 4.8357,
            },
            "preferred_delivery_date": "2024-08-17",
            "agreed_delivery": null,
            "notes": "Livrer avant 12h",
            "expires_at": "2024-08-15T11:30:00Z",
            "cancellation": null,
            "ready_for_pickup": true,
            "undeliverable": false,
            "delivery": {
                "id": tale.delivery_id(1).to_string(),
                "tracking_number": "TRK-2024-08-15-0011",
                "attempt": 1,
                "status": "in_transit",
                "driver": { "name": "Sophie Martin", "phone": "+33 6 98 76 54 32" },
                "vehicle": "Renault Kangoo",
                "window": { "from": "2024-08-17T00:00:00Z", "until": "2024-08-18T00:00:00Z" },
                "estimated_delivery_at": "2024-08-17T10:00:00Z",
                "picked_up_at": "2024-08-15T10:54:00Z",
                "ended_at": null,
                "failure_reason": null,
            },
            "timeline": {
                "estimated_preparation": "2024-08-16T14:00:00Z",
                "estimated_pickup": "2024-08-17T08:00:00Z",
                "estimated_delivery": "2024-08-17T10:00:00Z",
            },
            "qr_code_url": format!("https://api.agrodeep.test/v1/orders/{}/qrcode", tale.order_id()),
            "created_at": "2024-08-15T10:42:00Z",
            "version": 7,
        })
    );
}

#[tokio::test]
async fn a_producer_sees_its_own_lines_only() {
    let (world, _, path) = in_transit().await;
    for path in [path.clone(), format!("{path}?version=7"), format!("{path}?as_of=2024-08-15T10:50:00Z")] {
        let answer = world.get(GROWER, &path).await;
        let text = String::from_utf8(answer.body.clone()).unwrap();
        let order = answer.ok();
        assert_eq!(order["items"].as_array().unwrap().len(), 1);
        assert_eq!(order["items"][0]["product_id"], tomatoes().to_string());
        assert_eq!(order["total_amount"], "9.00 EUR");
        for hidden in ["13.50", "Miel", "Ferme de Marie", "Place Bellecour", "pi_1"] {
            assert!(!text.contains(hidden), "{hidden} in {path}");
        }
        assert_eq!(order["payment_status"], "captured");
    }
}

#[tokio::test]
async fn products_are_named_in_the_language_that_the_client_likes_best() {
    let (world, _, path) = in_transit().await;
    for (accept, name) in
        [("en-GB, fr;q=0.5", "Chestnut honey"), ("fr", "Miel de châtaignier"), ("de", "Miel de châtaignier")]
    {
        let order = world.get_with(BUYER, &path, &[("accept-language", accept)]).await.ok();
        assert_eq!(order["items"][1]["name"], name, "{accept}");
    }
}

#[tokio::test]
async fn an_order_is_sent_again_as_long_as_its_version_does_not_say_all() {
    let (world, tale, path) = in_transit().await;
    // The delivery has moved since the order reached this version: the client must hear of it.
    let answer = world.get_with(BUYER, &path, &[("if-none-match", "\"7\"")]).await;
    assert_eq!(answer.ok()["delivery"]["status"], "in_transit");

    world.happen_all([tale.brought(1), tale.delivered(1)]).await;
    let answer = world.get_with(BUYER, &path, &[("if-none-match", "\"7\"")]).await;
    assert_eq!(answer.ok()["status"], "delivered");
    let answer = world.get_with(BUYER, &path, &[("if-none-match", "\"8\"")]).await;
    assert_eq!(answer.status, 304);
}

#[tokio::test]
async fn a_cancelled_order_says_why_and_where_the_money_is() {
    let world = World::new().await;
    world.happen_all(catalogue()).await;
    world.happen_all(Tale::new(1).until_refunded()).await;
    let order = world.get(BUYER, &format!("/v1/orders/{}", Tale::new(1).order_id())).await.ok();
    assert_eq!(order["status"], "cancelled");
    assert_eq!(order["cancellation"], json!({ "reason": "buyer_request", "note": "Changement d'avis" }));
    assert_eq!(order["payment_status"], "refunded");
    assert_eq!(order["payment"]["refunded_amount"], "13.50 EUR");
    assert_eq!(order["items"][0]["status"], "released");
    assert_eq!(order["delivery"]["status"], "cancelled");
    assert_eq!(order["delivery"]["estimated_delivery_at"], json!(null));
    assert_eq!(order["timeline"], json!(null));
}

#[tokio::test]
async fn everybody_lists_the_orders_that_are_theirs() {
    let world = World::new().await;
    world.happen_all(catalogue()).await;
    let (one, two) = (Tale::new(1), Tale::new(2));
    world.happen_all(one.until_confirmed()).await;
    world.happen_all([two.placed(), two.cancelled(CancelReason::BuyerRequest, None)]).await;
    let (one, two) = (one.order_id().to_string(), two.order_id().to_string());

    for (who, query, expected) in [
        (BUYER, "", vec![&two, &one]),
        (BUYER, "?status=confirmed", vec![&one]),
        (BUYER, "?status=cancelled&page=1&limit=10", vec![&two]),
        (BUYER, "?status=delivered", vec![]),
        (BUYER, "?limit=1&page=2", vec![&one]),
        (OTHER_BUYER, "", vec![]),
        (GROWER, "", vec![&two, &one]),
        (BEEKEEPER, "?status=confirmed", vec![&one]),
        (OTHER_PRODUCER, "", vec![]),
        (ADMIN, "", vec![&two, &one]),
        (AUDITOR, "", vec![&two, &one]),
    ] {
        let page = world.get(who, &format!("/v1/orders{query}")).await.ok();
        let ids: Vec<&str> =
            page["data"].as_array().unwrap().iter().map(|order| order["id"].as_str().unwrap()).collect();
        assert_eq!(ids, expected, "{} {query}", who.name);
    }

    let page = world.get(BEEKEEPER, "/v1/orders?status=confirmed").await.ok();
    assert_eq!(page["meta"], json!({ "current_page": 1, "last_page": 1, "total": 1, "per_page": 20 }));
    let order = &page["data"][0];
    assert_eq!(order["total_amount"], "4.50 EUR");
    assert_eq!(order["items"].as_array().unwrap().len(), 1);
    assert_eq!(order["items"][0]["status"], "reserved");
    assert_eq!(order["tracking_number"], "TRK-2024-08-15-0011");
    assert_eq!(order["payment_status"], "captured");
    assert_eq!(order["version"], 4);
}

#[tokio::test]
async fn a_line_that_becomes_less_is_shown_to_whom_it_concerns() {
    let world = World::new().await;
    world.happen_all(catalogue()).await;
    let tale = Tale::new(1);
    world.happen_all(tale.until_confirmed()).await;
    let before = world.get(BUYER, &format!("/v1/orders/{}", tale.order_id())).await.ok();
    assert_eq!(before["adjustments"], json!([]));
    world.happen_all(tale.with_less_tomatoes()).await;
    let path = format!("/v1/orders/{}", tale.order_id());
    let order = world.get(BUYER, &path).await.ok();
    assert_eq!(
        (&order["total_amount"], &order["ordered_total_amount"], &order["payment_status"]),
        (&json!("9.00 EUR"), &json!("13.50 EUR"), &json!("captured"))
    );
    let line = &order["items"][0];
    assert_eq!((&line["quantity"], &line["ordered_quantity"]), (&json!(1), &json!(2)));
    assert_eq!(
        (&line["total_price"], &line["ordered_total_price"]),
        (&json!("4.50 EUR"), &json!("9.00 EUR"))
    );
    let at = order["adjustments"][0]["at"].clone();
    assert_eq!(
        order["adjustments"],
        json!([{
            "adjustment": 1, "product_id": tomatoes().to_string(), "quantity": 1, "total_price": "4.50 EUR",
            "by": "producer", "actor": GROWER.actor().to_string(), "cause": "partly_available",
            "note": "Le gel a pris le reste", "at": at, "refund_amount": "4.50 EUR", "refund_status": "refunded",
            "refund_id": "re_difference",
        }])
    );
    // As it was before that, and to other producers, nothing of it.
    let then = world.get(BUYER, &format!("{path}?version=4")).await.ok();
    assert_eq!((&then["total_amount"], &then["adjustments"]), (&json!("13.50 EUR"), &json!([])));
    let others = world.get(BEEKEEPER, &path).await.ok();
    assert_eq!((&others["total_amount"], &others["adjustments"]), (&json!("4.50 EUR"), &json!([])));
    let own = world.get(GROWER, &path).await.ok();
    assert_eq!(
        (&own["total_amount"], &own["ordered_total_amount"]),
        (&json!("4.50 EUR"), &json!("9.00 EUR"))
    );
    assert_eq!(
        (&own["adjustments"][0]["adjustment"], &own["adjustments"][0]["refund_id"]),
        (&json!(1), &json!(null))
    );
    let listed = world.get(BUYER, "/v1/orders").await.ok();
    assert_eq!(listed["data"][0]["total_amount"], "9.00 EUR");

    let types = |answer: serde_json::Value| -> Vec<String> {
        let entries = answer["data"].as_array().unwrap().clone();
        entries.iter().map(|entry| entry["type"].as_str().unwrap().to_owned()).collect()
    };
    let history = format!("{path}/history");
    let all = types(world.get(BUYER, &history).await.ok());
    for told in ["LineAdjusted", "PartialRefundRequested", "PartialRefunded", "HoldReduced"] {
        assert!(all.iter().any(|event| event == told), "{told} in {all:?}");
    }
    let grower = types(world.get(GROWER, &history).await.ok());
    assert!(grower.contains(&"LineAdjusted".to_owned()) && !grower.contains(&"PartialRefunded".to_owned()));
    assert!(!types(world.get(BEEKEEPER, &history).await.ok()).contains(&"LineAdjusted".to_owned()));
}
