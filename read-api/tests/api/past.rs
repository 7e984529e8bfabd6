//! Products and deliveries as they were, and what differs between two versions of anything.

use agrodeep_domain::{
    Actor, Product, ProductId,
    product::{ProductDelisted, ProductRepriced, StockCounted},
};
use serde_json::{Value, json};

use crate::{
    people::{ADMIN, BUYER, DRIVER, GROWER, OTHER_BUYER, OTHER_PRODUCER, Person},
    story::{Tale, catalogue, eur, tomatoes},
    world::{Happening, World, happens},
};

fn to_the_tomatoes(event: impl Into<agrodeep_domain::product::ProductEvent>) -> Happening {
    happens::<Product>(tomatoes().uuid(), Actor::system("test"), event)
}

/// What becomes of the tomatoes after they were offered.
fn tomatoes_change() -> Vec<Happening> {
    let tale = Tale::new(1);
    vec![
        to_the_tomatoes(ProductRepriced { price: eur(333) }),
        tale.held(tomatoes()),
        to_the_tomatoes(StockCounted { on_hand: "70.5".parse().unwrap() }),
        tale.released(tomatoes()),
        to_the_tomatoes(ProductDelisted {}),
    ]
}

fn query_time(time: chrono::DateTime<chrono::Utc>) -> String {
    time.to_rfc3339().replace('+', "%2B")
}

#[tokio::test]
async fn a_product_is_seen_at_every_moment_as_it_was() {
    let world = World::new().await;
    world.happen_all(catalogue()).await;
    let path = format!("/v1/products/{}", tomatoes());
    let mut seen = vec![(None, world.get(BUYER, &path).await.ok())];
    for happening in tomatoes_change() {
        let at = world.happen(happening).await;
        seen.push((Some(at), world.get(BUYER, &path).await.ok()));
    }
    for (at, live) in &seen {
        let version = live["version"].as_u64().unwrap();
        let by_version = world.get(BUYER, &format!("{path}?version={version}")).await;
        assert_eq!(by_version.header("etag"), format!("\"{version}\""));
        let is_over = version < seen.len() as u64;
        let cache = if is_over { "private, max-age=3600, immutable" } else { "private, no-cache" };
        assert_eq!(by_version.header("cache-control"), cache, "version {version}");
        assert_eq!(&by_version.ok(), live, "version {version}");
        if let Some(at) = at {
            let then = world.get(BUYER, &format!("{path}?as_of={}", query_time(*at))).await;
            assert_eq!(then.header("cache-control"), cache, "as of {at}");
            assert_eq!(&then.ok(), live, "as of {at}");
        }
    }
    let has = world.get_with(BUYER, &format!("{path}?version=2"), &[("If-None-Match", "\"2\"")]).await;
    assert_eq!(has.status, 304);
}

#[tokio::test]
async fn a_product_that_was_not_there_yet_and_versions_that_never_were_are_named() {
    let world = World::new().await;
    world.happen_all(catalogue()).await;
    let path = format!("/v1/products/{}", tomatoes());
    let problem = world.get(BUYER, &format!("{path}?as_of=1999-01-01T00:00:00Z")).await.problem(404);
    assert_eq!(problem["error"], "product_not_yet_created");
    let created = world.get(BUYER, &path).await.ok()["created_at"].clone();
    let since: chrono::DateTime<chrono::Utc> = problem["exists_since"].as_str().unwrap().parse().unwrap();
    assert_eq!(json!(since), created);

    for version in [2, 1_000_000_000, u64::MAX] {
        let problem = world.get(BUYER, &format!("{path}?version={version}")).await.problem(404);
        assert_eq!((&problem["error"], &problem["latest_version"]), (&json!("no_such_version"), &json!(1)));
        let diff = format!("{path}/history/diff?from=1&to={version}");
        assert_eq!(world.get(BUYER, &diff).await.problem(404)["latest_version"], 1);
    }
    for (wrong, parameter) in [
        ("?version=0", "version"),
        ("?version=-1", "version"),
        ("?version=1.5", "version"),
        ("?as_of=2999-01-01T00:00:00Z", "as_of"),
        ("?as_of=yesterday", "as_of"),
        ("?version=1&as_of=2024-08-15T10:35:00Z", "version"),
        ("?from=1", "from"),
        ("/history/diff?from=0&to=1", "from"),
        ("/history/diff?from=1&to=0", "to"),
        ("/history/diff?from=1", "to"),
        ("/history/diff?from=1&to=x", "to"),
        ("/history/diff?from=1&to=1&as_of=x", "as_of"),
    ] {
        let problem = world.get(BUYER, &format!("{path}{wrong}")).await.problem(400);
        assert_eq!(problem["errors"][0]["parameter"], parameter, "{wrong}");
    }
    let nobodys = ProductId::from_uuid(uuid::Uuid::now_v7());
    for rest in ["?version=1", "?as_of=2024-08-15T10:35:00Z", "/history/diff?from=1&to=1"] {
        let problem = world.get(BUYER, &format!("/v1/products/{nobodys}{rest}")).await.problem(404);
        assert_eq!(problem["error"], "not_found");
    }
}

#[tokio::test]
async fn what_differs_between_two_versions_of_a_product_is_said_exactly() {
    let world = World::new().await;
    world.happen_all(catalogue()).await;
    world.happen_all(tomatoes_change()).await;
    let path = format!("/v1/products/{}/history/diff", tomatoes());
    let answer = world.get(OTHER_BUYER, &format!("{path}?from=1&to=2")).await;
    assert_eq!(answer.header("cache-control"), "private, max-age=3600, immutable");
    let diff = answer.ok();
    assert_eq!((&diff["from_version"], &diff["to_version"]), (&json!(1), &json!(2)));
    assert_eq!(paths(&diff), ["/price", "/updated_at", "/version"]);
    assert_eq!(diff["changes"][0], json!({"op": "replace", "path": "/price", "from": 4.5, "to": 3.33}));
    let back = world.get(BUYER, &format!("{path}?from=2&to=1")).await.ok();
    assert_eq!(back["changes"][0], json!({"op": "replace", "path": "/price", "from": 3.33, "to": 4.5}));
    assert_eq!(world.get(BUYER, &format!("{path}?from=2&to=2")).await.ok()["changes"], json!([]));
    let all = world.get(BUYER, &format!("{path}?from=1&to=6")).await;
    assert_eq!(all.header("cache-control"), "private, no-cache", "the last version is not over");
    assert_eq!(
        paths(&all.ok()),
        ["/available_quantity", "/price", "/status", "/stock_quantity", "/updated_at", "/version"]
    );
}

fn paths(diff: &Value) -> Vec<&str> {
    diff["changes"].as_array().unwrap().iter().map(|change| change["path"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_delivery_is_seen_at_every_moment_as_it_was() {
    let world = World::new().await;
    world.happen_all(catalogue()).await;
    let tale = Tale::new(1);
    let path = format!("/v1/deliveries/{}/track", tale.delivery_id(1));
    let mut seen = Vec::new();
    for happening in tale.until_delivered() {
        let at = world.happen(happening).await;
        let live = world.get(BUYER, &path).await;
        if live.status == 200 {
            seen.push((at, live.ok()));
        }
    }
    assert!(seen.iter().any(|(_, live)| live["last_position"] != Value::Null));
    for (at, live) in &seen {
        let then = world.get(BUYER, &format!("{path}?as_of={}", query_time(*at))).await.ok();
        assert_eq!(&then, live, "as of {at}");
    }
    let latest = seen.last().unwrap().1["version"].as_u64().unwrap();
    for version in 1..=latest {
        let (_, last_of_it) = seen.iter().rfind(|(_, live)| live["version"] == version).unwrap();
        for who in [BUYER, ADMIN] {
            let then = world.get(who, &format!("{path}?version={version}")).await;
            let over = version < latest;
            assert_eq!(then.header("cache-control").contains("immutable"), over, "version {version}");
            assert_eq!(&then.ok(), last_of_it, "version {version}");
        }
    }
    // A track is never settled while it goes on: the latest version is told anew each time.
    let has = format!("\"{latest}\"");
    let again = world.get_with(BUYER, &path, &[("If-None-Match", &has)]).await;
    assert_eq!(again.status, 200);
}

#[tokio::test]
async fn the_past_of_a_delivery_is_shown_to_whom_its_present_is() {
    let world = World::new().await;
    world.happen_all(catalogue()).await;
    let tale = Tale::new(1);
    world.happen_all(tale.until_in_transit()).await;
    let path = format!("/v1/deliveries/{}", tale.delivery_id(1));
    let past = ["/track?version=1", "/track?as_of=2024-08-15T10:59:00Z", "/history/diff?from=1&to=2"];
    for rest in past {
        for who in [BUYER, DRIVER, ADMIN] {
            world.get(who, &format!("{path}{rest}")).await.ok();
        }
        assert_eq!(world.get(OTHER_BUYER, &format!("{path}{rest}")).await.problem(404)["error"], "not_found");
        world.get(GROWER, &format!("{path}{rest}")).await.problem(403);
    }
    let problem = world.get(BUYER, &format!("{path}/track?as_of=2024-08-15T00:00:00Z")).await.problem(404);
    assert_eq!(problem["error"], "delivery_not_yet_scheduled");
    let problem = world.get(BUYER, &format!("{path}/track?version=99")).await.problem(404);
    assert_eq!(problem["latest_version"], 4);
    let diff = world.get(DRIVER, &format!("{path}/history/diff?from=1&to=2")).await.ok();
    assert_eq!(paths(&diff), ["/driver", "/status", "/updated_at", "/vehicle", "/version"]);
}

#[tokio::test]
async fn what_differs_between_two_versions_of_an_order_is_what_whoever_asks_may_see() {
    let world = World::new().await;
    world.happen_all(catalogue()).await;
    let tale = Tale::new(1);
    world.happen_all(tale.until_delivered()).await;
    let order = format!("/v1/orders/{}", tale.order_id());
    let diff_for = async |who: Person, from: u64, to: u64| {
        world.get(who, &format!("{order}/history/diff?from={from}&to={to}")).await
    };
    let latest = world.get(BUYER, &order).await.ok()["version"].as_u64().unwrap();
    let whole = diff_for(BUYER, 1, latest).await.ok();
    assert!(paths(&whole).contains(&"/payment_status") && paths(&whole).contains(&"/status"));
    // Applied to the one version, the changes make the other.
    for from in 1..=latest {
        let before = world.get(BUYER, &format!("{order}?version={from}")).await.ok();
        let after = world.get(BUYER, &format!("{order}?version={latest}")).await.ok();
        let diff = diff_for(BUYER, from, latest).await.ok();
        assert_eq!(apply(before, &diff), after, "from version {from}");
    }
    for change in diff_for(GROWER, 1, latest).await.ok()["changes"].as_array().unwrap() {
        let path = change["path"].as_str().unwrap();
        assert!(!path.starts_with("/payment/") && !path.starts_with("/items/1"), "{path}");
    }
    for other in [OTHER_BUYER, OTHER_PRODUCER] {
        assert_eq!(diff_for(other, 1, latest).await.problem(404)["error"], "not_found");
    }
    assert_eq!(diff_for(BUYER, 1, latest + 1).await.problem(404)["latest_version"], json!(latest));
}

/// Does what a JSON Patch says.
fn apply(mut document: Value, diff: &Value) -> Value {
    for change in diff["changes"].as_array().unwrap() {
        let (parent, name) = change["path"].as_str().unwrap().rsplit_once('/').unwrap();
        let place = document.pointer_mut(parent).unwrap();
        match (place, change["op"].as_str().unwrap()) {
            (Value::Object(members), "remove") => {
                assert_eq!(members.remove(name).as_ref(), change.get("from"));
            }
            (Value::Object(members), _) => {
                assert_eq!(
                    members.insert(name.to_owned(), change["to"].clone()).as_ref(),
                    change.get("from")
                );
            }
            (Value::Array(elements), "add") => elements.insert(name.parse().unwrap(), change["to"].clone()),
            (Value::Array(elements), "remove") => drop(elements.remove(name.parse().unwrap())),
            (Value::Array(elements), _) => elements[name.parse::<usize>().unwrap()] = change["to"].clone(),
            (other, op) => panic!("{op} in {other}"),
        }
    }
    document
}
