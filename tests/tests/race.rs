//! 64 buyers race for 10 pieces.

use agrodeep_tests::{
    checker,
    client::{Client, order_of},
    system::System,
};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_64_buyers_who_race_for_10_pieces_10_get_one() {
    let mut system = System::start(&[]).await;
    let producer = Client::demo(&system, "producer").await;
    let product = producer.offer("The last ten", 10).await;
    let mut buyers = Vec::new();
    for index in 0..64 {
        buyers.push(Client::register(&system, "buyer", &format!("racer-{index}")).await);
    }
    let racers: Vec<_> = buyers
        .into_iter()
        .map(|buyer| {
            let product = product.clone();
            tokio::spawn(async move {
                let key = uuid::Uuid::now_v7().to_string();
                let placed =
                    buyer.post_with_key("/v1/orders", &order_of(&product, 1), &key).await.expect("an answer");
                let order_id = placed.expect(202).text_at("/order_id");
                let key = uuid::Uuid::now_v7().to_string();
                let intent = buyer
                    .post_with_key("/v1/payments/intent", &json!({"order_id": order_id}), &key)
                    .await
                    .expect("an answer");
                if intent.status.as_u16() == 201 {
                    let confirm = json!({
                        "client_secret": intent.text_at("/client_secret"), "payment_method": "pm_card_visa",
                    });
                    buyer.post("/v1/payments/simulator/confirm", confirm).await.expect(200);
                } else {
                    assert_eq!(intent.clone().expect(409).body["error"], "order_cancelled");
                }
                let done = |order: &serde_json::Value| {
                    order["status"] == "confirmed" || order["status"] == "cancelled"
                };
                buyer.get_until(&format!("/v1/orders/{order_id}"), done).await.body
            })
        })
        .collect();
    let (mut confirmed, mut cancelled) = (0, 0);
    for racer in racers {
        let order = racer.await.expect("a racer");
        if order["status"] == "confirmed" {
            confirmed += 1;
        } else {
            assert_eq!(order["cancellation"]["reason"], "stock_unavailable", "{order}");
            cancelled += 1;
        }
    }
    assert_eq!((confirmed, cancelled), (10, 54));

    let checked = checker::check(&system.database_url()).await;
    checked.assert_settled();
    let id: agrodeep_domain::ProductId = product.parse().expect("a product id");
    let held = &checked.products[&id.uuid()];
    assert_eq!(
        (held.holds.len(), held.available().thousandths()),
        (10, 0),
        "what is held is what is confirmed"
    );
    assert!(system.terminate().success());
}
