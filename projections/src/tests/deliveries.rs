use agrodeep_domain::{
    DeliveryId,
    delivery::{DeliveryCancelled, DeliveryFailed, DeliveryStatus, DeliveryWindow},
};
use uuid::Uuid;

use super::{
    market::Market,
    story::{Story, address, day, line, offered, somebody, tomatoes, tracking_number},
};
use crate::{Page, deliveries::Delivery};

async fn story(market: &Market) -> Story<'_> {
    let marie = somebody();
    let product = offered(market, marie, tomatoes(), 250).await;
    Story::placed(market, somebody(), vec![line(product, marie, 1000, 250)]).await
}

async fn delivery(story: &Story<'_>) -> Delivery {
    story.market.project().await;
    story.market.reads.delivery(story.delivery).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_shows_how_far_it_has_come_and_where_it_was_last_seen() {
    let market = Market::open().await;
    let story = story(&market).await;
    story.scheduled().await;
    let seen = delivery(&story).await;
    assert_eq!(
        (seen.status, seen.order_id, seen.buyer_id),
        (DeliveryStatus::Scheduled, story.id, story.buyer)
    );
    assert_eq!((seen.tracking_number, seen.attempt), (tracking_number(), 1));
    assert_eq!((seen.address.reveal(), seen.scheduled_at), (&address(), market.now()));
    assert_eq!(seen.window, Some(DeliveryWindow::of_day(day())));

    story.assigned().await;
    story.shipped().await;
    story.seen(45.2, 20).await;
    // A report from before that comes late.
    story.seen(45.1, 10).await;
    let seen = delivery(&story).await;
    assert_eq!((seen.status, seen.driver_id), (DeliveryStatus::PickedUp, Some(story.driver)));
    assert_eq!(seen.vehicle.as_ref().unwrap().reveal(), "vélo cargo");
    assert_eq!(seen.last_position.as_ref().unwrap().at.latitude.to_string(), "45.2");
    assert_eq!(seen.version, 3);

    story.delivered().await;
    let seen = delivery(&story).await;
    assert_eq!(
        (seen.status, seen.signature.unwrap().reveal().as_str()),
        (DeliveryStatus::Delivered, "M. Dubois")
    );
    assert!(seen.assigned_at < seen.picked_up_at && seen.picked_up_at < seen.transit_started_at);
    assert!(seen.transit_started_at < seen.ended_at);

    assert_eq!(market.reads.deliveries_of_order(story.id).await.unwrap().len(), 1);
    let page = Page { page: 1, limit: 10 };
    let delivered = Some(DeliveryStatus::Delivered);
    assert_eq!(market.reads.deliveries_of_driver(story.driver, delivered, page).await.unwrap().total, 1);
    let failed = Some(DeliveryStatus::Failed);
    assert_eq!(market.reads.deliveries_of_driver(story.driver, failed, page).await.unwrap().items, []);
    assert_eq!(market.reads.delivery(DeliveryId::from_uuid(Uuid::now_v7())).await.unwrap(), None);
    assert!(market.check().await.is_clean());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_that_ends_otherwise_shows_why() {
    let market = Market::open().await;
    let failing = story(&market).await;
    failing.scheduled().await;
    failing.on_the_way(DeliveryFailed { reason: "personne".to_owned().into() }).await;
    let cancelled = story(&market).await;
    cancelled.scheduled().await;
    cancelled.on_the_way(DeliveryCancelled {}).await;
    let seen = delivery(&failing).await;
    assert_eq!(
        (seen.status, seen.failure_reason.unwrap().reveal().as_str()),
        (DeliveryStatus::Failed, "personne")
    );
    assert!(seen.ended_at.is_some());
    let seen = delivery(&cancelled).await;
    assert_eq!((seen.status, seen.ended_at), (DeliveryStatus::Cancelled, Some(market.now())));
}
