use agrodeep_event_store::{Position, RecordedEvent};

use super::{
    market::Market,
    story::{Story, line, offered, somebody, tomatoes},
};
use crate::{deliveries, orders};

async fn history(story: &Story<'_>) -> Vec<RecordedEvent> {
    story.market.project().await;
    let entries = story.market.reads.order_history(story.id, Position::START, 1000).await.unwrap();
    entries.into_iter().map(|entry| entry.event).collect()
}

/// An order that was delivered, and another one beside it whose events are mixed in.
async fn two_orders(market: &Market) -> (Story<'_>, Story<'_>) {
    let marie = somebody();
    let product = offered(market, marie, tomatoes(), 250).await;
    let story = Story::placed(market, somebody(), vec![line(product, marie, 1000, 250)]).await;
    let other = Story::placed(market, somebody(), vec![line(product, marie, 1000, 250)]).await;
    story.fulfilment("FulfilmentBegun", "{\"FulfilmentBegun\":{}}").await;
    other.held().await;
    story.held().await;
    story.paid().await;
    other.scheduled().await;
    story.scheduled().await;
    story.confirmed().await;
    story.assigned().await;
    story.prepared(marie, true).await;
    story.shipped().await;
    other.seen(1.0, 1).await;
    story.seen(45.0, 10).await;
    story.delivered().await;
    other.release(0).await;
    (story, other)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_orders_history_has_every_event_that_concerns_it_and_no_other_in_the_order_of_the_log() {
    let market = Market::open().await;
    let (story, other) = two_orders(&market).await;
    let events = history(&story).await;
    let names: Vec<_> = events.iter().map(|event| event.event_type.as_str()).collect();
    assert_eq!(
        names,
        [
            "OrderPlaced",
            "FulfilmentBegun",
            "StockHeld",
            "PaymentRequested",
            "PaymentCaptured",
            "DeliveryScheduled",
            "OrderConfirmed",
            "DriverAssigned",
            "LinesPrepared",
            "OrderShipped",
            "DeliveryPickedUp",
            "HoldCommitted",
            "PositionsReported",
            "TransitStarted",
            "DeliveryCompleted",
            "OrderDelivered",
        ]
    );
    assert!(events.is_sorted_by_key(|event| event.position));
    let others: Vec<_> = history(&other).await.into_iter().map(|event| event.event_type).collect();
    assert_eq!(
        others,
        ["OrderPlaced", "StockHeld", "DeliveryScheduled", "PositionsReported", "HoldReleased"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_of_a_history_is_what_stands_in_the_log_byte_for_byte() {
    let market = Market::open().await;
    let (story, _) = two_orders(&market).await;
    // White space, order and escapes as only their writer would have them.
    let odd = "{ \"OddStep\" :\t{\"b\":1.50,\"a\":\"\\u00e9é\\u0000\"} }";
    story.fulfilment("OddStep", odd).await;
    let events = history(&story).await;
    assert_eq!(events.last().unwrap().payload.get(), odd);
    for event in events {
        let log = market.log.read(Position(event.position.0 - 1), 1).await.unwrap().remove(0);
        assert_eq!(format!("{event:?}"), format!("{log:?}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_is_read_on_from_a_position() {
    let market = Market::open().await;
    let (story, _) = two_orders(&market).await;
    let all = history(&story).await;
    let mut after = Position::START;
    let mut pages = Vec::new();
    loop {
        let page = market.reads.order_history(story.id, after, 5).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.event.position;
        pages.extend(page.into_iter().map(|entry| entry.event.position));
    }
    assert_eq!(pages, all.iter().map(|event| event.position).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_replayed_is_the_order_and_its_delivery_as_they_are() {
    let market = Market::open().await;
    let (story, _) = two_orders(&market).await;
    let events = history(&story).await;
    let order = market.reads.order(story.id).await.unwrap();
    assert_eq!(orders::replay(&events).unwrap(), order);
    let delivery = market.reads.delivery(story.delivery).await.unwrap().unwrap();
    assert_eq!(deliveries::replay(&events).unwrap()[&story.delivery], delivery);

    let reserved = orders::replay(&events[..3]).unwrap().unwrap();
    assert_eq!((reserved.version, reserved.items[0].status), (1, orders::ItemStatus::Reserved));
    assert_eq!(orders::replay(&[]).unwrap(), None);
}
