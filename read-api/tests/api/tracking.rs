//! Where a delivery is.

use serde_json::{Value, json};

use crate::{
    people::{ADMIN, BUYER, DRIVER},
    story::{Tale, catalogue},
    world::World,
};

#[tokio::test]
async fn a_delivery_on_its_way_says_where_it_is_and_how_long_it_still_needs() {
    let world = World::new().await;
    world.happen_all(catalogue()).await;
    let tale = Tale::new(1);
    world.happen_all(tale.until_in_transit()).await;
    let path = format!("/v1/deliveries/{}/track", tale.delivery_id(1));
    for who in [BUYER, DRIVER, ADMIN] {
        let answer = world.get(who, &path).await;
        assert_eq!(answer.header("etag"), "\"4\"");
        assert_eq!(
            answer.ok(),
            json!({
                "id": tale.delivery_id(1).to_string(),
                "order_id": tale.order_id().to_string(),
                "tracking_number": "TRK-2024-08-15-0011",
                "status": "in_transit",
                "window": { "from": "2024-08-17T00:00:00Z", "until": "2024-08-18T00:00:00Z" },
                "last_position": {
                    "lat": 45.9903, "lng": 4.7181, "accuracy": 8.0, "timestamp": "2024-08-15T11:00:00Z",
                },
                "eta_minutes": 53,
                "driver": { "name": "Sophie Martin", "phone": "+33 6 98 76 54 32" },
                "vehicle": "Renault Kangoo",
                "updated_at": "2024-08-15T10:58:00Z",
                "version": 4,
            })
        );
    }
}

#[tokio::test]
async fn before_and_after_the_way_there_is_nothing_to_wait_for() {
    let world = World::new().await;
    world.happen_all(catalogue()).await;
    let (scheduled, delivered) = (Tale::new(1), Tale::new(2));
    world.happen_all(scheduled.until_confirmed()).await;
    world.happen_all(delivered.until_delivered()).await;

    let track = world.get(BUYER, &format!("/v1/deliveries/{}/track", scheduled.delivery_id(1))).await.ok();
    assert_eq!(track["status"], "scheduled");
    for member in ["last_position", "eta_minutes", "driver", "vehicle"] {
        assert_eq!(track[member], Value::Null, "{member}");
    }
    let track = world.get(BUYER, &format!("/v1/deliveries/{}/track", delivered.delivery_id(1))).await.ok();
    assert_eq!(track["status"], "delivered");
    assert_eq!(track["eta_minutes"], Value::Null);
    assert_eq!(track["last_position"]["lat"], 45.9903);
}
