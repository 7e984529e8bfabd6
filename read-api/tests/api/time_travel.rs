//! Orders as they were: what the live view showed then is what time travel shows now.

use agrodeep_domain::OrderId;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::{
    people::{BUYER, GROWER, OTHER_BUYER, OTHER_PRODUCER, Person},
    story::{Tale, catalogue, tomatoes},
    world::{Happening, World},
};

/// What the live view showed after an event.
struct Seen {
    at: DateTime<Utc>,
    live: Value,
}

async fn watch(world: &World, order_id: OrderId, who: Person, story: Vec<Happening>) -> Vec<Seen> {
    let mut seen = Vec::new();
    for happening in story {
        let at = world.happen(happening).await;
        let live = world.get(who, &format!("/v1/orders/{order_id}")).await.ok();
        seen.push(Seen { at, live });
    }
    seen
}

async fn the_past_is_shown_as_it_was(story: fn(Tale) -> Vec<Happening>, who: Person) {
    let world = World::new().await;
    world.happen_all(catalogue()).await;
    let tale = Tale::new(1);
    let seen = watch(&world, tale.order_id(), who, story(tale)).await;
    let path = format!("/v1/orders/{}", tale.order_id());

    for Seen { at, live } in &seen {
        let time = at.to_rfc3339().replace('+', "%2B");
        let answer = world.get(who, &format!("{path}?as_of={time}")).await;
        assert_eq!(answer.header("etag"), format!("\"{}\"", live["version"]));
        assert_eq!(&answer.ok(), live, "as of {at}");
    }
    let latest = seen.last().unwrap().live["version"].as_u64().unwrap();
    for version in 1..=latest {
        let last_of_it = seen.iter().rfind(|seen| seen.live["version"] == version).unwrap();
        let then = world.get(who, &format!("{path}?version={version}")).await.ok();
        assert_eq!(then, last_of_it.live, "version {version}");
    }
}

#[tokio::test]
async fn an_order_that_was_delivered_is_seen_at_every_moment_as_it_was() {
    the_past_is_shown_as_it_was(Tale::until_delivered, BUYER).await;
}

#[tokio::test]
async fn an_order_that_was_cancelled_and_refunded_is_seen_at_every_moment_as_it_was() {
    the_past_is_shown_as_it_was(Tale::until_refunded, BUYER).await;
}

#[tokio::test]
async fn an_order_that_could_not_be_held_is_seen_at_every_moment_as_it_was() {
    the_past_is_shown_as_it_was(Tale::until_out_of_stock, BUYER).await;
}

#[tokio::test]
async fn an_order_that_could_not_be_brought_is_seen_at_every_moment_as_it_was_by_its_producer() {
    the_past_is_shown_as_it_was(Tale::until_written_off, GROWER).await;
}

#[tokio::test]
async fn between_two_events_nothing_changes() {
    let world = World::new().await;
    world.happen_all(catalogue()).await;
    let tale = Tale::new(1);
    world.happen_all(tale.until_confirmed()).await;
    let path = format!("/v1/orders/{}", tale.order_id());
    // Held at 10:44 and 10:45, payment requested at 10:46.
    let order = world.get(BUYER, &format!("{path}?as_of=2024-08-15T10:45:59.999999Z")).await.ok();
    assert_eq!(order["version"], 1);
    assert_eq!(order["payment_status"], "none");
    assert_eq!(order["items"][1]["status"], "reserved");
    let order = world.get(BUYER, &format!("{path}?as_of=2024-08-15T12:44:30%2B02:00")).await.ok();
    assert_eq!(order["items"][0]["status"], "reserved");
    assert_eq!(order["items"][1]["status"], "pending");
}

#[tokio::test]
async fn before_it_was_placed_there_was_no_order() {
    let world = World::new().await;
    world.happen_all(catalogue()).await;
    let tale = Tale::new(1);
    world.happen(tale.placed()).await;
    let path = format!("/v1/orders/{}?as_of=2024-08-15T10:41:59Z", tale.order_id());
    assert_eq!(world.get(BUYER, &path).await.problem(404)["error"], "order_not_yet_placed");
    // Nobody else hears that there is one now.
    for other in [OTHER_BUYER, OTHER_PRODUCER] {
        assert_eq!(world.get(other, &path).await.problem(404)["error"], "not_found");
    }
}

#[tokio::test]
async fn a_version_that_was_not_reached_is_not_found() {
    let world = World::new().await;
    world.happen_all(catalogue()).await;
    let tale = Tale::new(1);
    world.happen_all([tale.placed(), tale.held(tomatoes())]).await;
    for version in [2, 1_000_000_000, u64::MAX] {
        let path = format!("/v1/orders/{}?version={version}", tale.order_id());
        let problem = world.get(BUYER, &path).await.problem(404);
        assert_eq!(problem["error"], "no_such_version");
        assert_eq!(problem["latest_version"], json!(1));
        assert_eq!(world.get(OTHER_BUYER, &path).await.problem(404)["error"], "not_found");
    }
}

#[tokio::test]
async fn the_future_is_not_shown() {
    let world = World::new().await;
    let tale = Tale::new(1);
    world.happen(tale.placed()).await;
    let problem =
        world.get(BUYER, &format!("/v1/orders/{}?as_of=2999-01-01T00:00:00Z", tale.order_id())).await;
    assert_eq!(problem.problem(400)["errors"][0]["parameter"], "as_of");
}
