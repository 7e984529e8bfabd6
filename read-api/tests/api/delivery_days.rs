//! When producers hand goods over, and on which day an order is therefore delivered.

use agrodeep_domain::{
    Account,
    account::DeliveryTermsSet,
    delivery_terms::{DeliveryTerms, Weekday},
};
use chrono::{NaiveDate, Utc};
use serde_json::{Value, json};

use crate::{
    people::{BUYER, DRIVER, GROWER},
    story::{Tale, catalogue},
    world::{World, happens},
};

fn terms() -> DeliveryTerms {
    DeliveryTerms {
        time_zone: "Europe/Paris".parse().unwrap(),
        cut_off: "16:00:00".parse().unwrap(),
        lead_days: 2,
        weekdays: [Weekday::Friday, Weekday::Tuesday].into(),
    }
}

#[tokio::test]
async fn buyers_read_when_a_producer_hands_over() {
    let world = World::new().await;
    let path = format!("/v1/producers/{}/delivery-terms", GROWER.id());
    let nothing = json!({
        "producer_id": GROWER.id().to_string(), "terms": null, "earliest_delivery_date": null,
    });
    assert_eq!(world.get(BUYER, &path).await.ok(), nothing);
    let set = DeliveryTermsSet { terms: terms() };
    world.happen(happens::<Account>(GROWER.id().uuid(), GROWER.actor(), set)).await;
    let answer = world.get(BUYER, &path).await;
    assert_eq!(answer.header("etag"), "\"2\"");
    let answer = answer.ok();
    assert_eq!(
        answer["terms"],
        json!({
            "time_zone": "Europe/Paris", "cut_off": "16:00", "lead_days": 2, "weekdays": ["tuesday", "friday"],
        })
    );
    let earliest: NaiveDate = answer["earliest_delivery_date"].as_str().unwrap().parse().unwrap();
    // Nearly a midnight may lie between.
    let now = Utc::now();
    let around = [now, now - chrono::TimeDelta::minutes(1)].map(|now| terms().earliest_day(now));
    assert!(around.contains(&Some(earliest)), "{earliest}");
    for none in [BUYER.id(), DRIVER.id()] {
        world.get(BUYER, &format!("/v1/producers/{none}/delivery-terms")).await.problem(404);
    }
}

#[tokio::test]
async fn an_order_and_its_delivery_show_when_it_is_brought() {
    let world = World::new().await;
    world.happen_all(catalogue()).await;
    let tale = Tale::new(1);
    let mut story = tale.until_in_transit();
    story.insert(1, tale.agreed("2024-08-20"));
    world.happen_all(story).await;
    let order = world.get(BUYER, &format!("/v1/orders/{}", tale.order_id())).await.ok();
    assert_eq!(
        order["agreed_delivery"],
        json!({
            "day": "2024-08-20",
            "window": { "from": "2024-08-19T22:00:00Z", "until": "2024-08-20T22:00:00Z" },
        })
    );
    // The story's delivery was planned for a day in UTC.
    let window = json!({ "from": "2024-08-17T00:00:00Z", "until": "2024-08-18T00:00:00Z" });
    assert_eq!(order["delivery"]["window"], window);
    assert_eq!(order["timeline"]["estimated_delivery"], "2024-08-17T10:00:00Z");
    let track = world.get(BUYER, &format!("/v1/deliveries/{}/track", tale.delivery_id(1))).await.ok();
    assert_eq!(track["window"], window);
    // Before it was agreed on, it was not.
    let before = world.get(BUYER, &format!("/v1/orders/{}?version=1", tale.order_id())).await.ok();
    assert_eq!(before["agreed_delivery"], Value::Null);
}
