//! The log in all its forms, and what is asked of it.

use agrodeep_event_store::{Position, RecordedEvent};
use parquet::{
    file::reader::{FileReader, SerializedFileReader},
    record::{Field, Row},
};
use serde_json::{Value, json};

use crate::{
    people::{ADMIN, ANALYST, AUDITOR, Person},
    story::{Tale, catalogue, tomatoes},
    world::{Answer, World},
};

/// What the story says of people, in the clear.
const PERSONAL: [&str; 4] = ["claire@example.com", "Martin", "+33 6 98 76 54 32", "street"];

async fn world() -> (World, Tale, Vec<RecordedEvent>) {
    let world = World::without_projections().await;
    world.happen_all(catalogue()).await;
    let tale = Tale::new(1);
    world.happen_all(tale.until_delivered()).await;
    let events = world.log.read(Position::START, 1_000).await.unwrap();
    assert!(events.len() > 30);
    (world, tale, events)
}

async fn accepting(world: &World, who: Person, path: &str, accept: &str) -> Answer {
    world.get_with(who, path, &[("accept", accept)]).await
}

fn positions(events: &Value) -> Vec<i64> {
    events.as_array().unwrap().iter().map(|event| event["position"].as_i64().unwrap()).collect()
}

fn lines(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    std::str::from_utf8(&answer.body)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn rows(answer: Answer) -> Vec<Row> {
    assert_eq!(answer.header("content-type"), "application/vnd.apache.parquet");
    let reader = SerializedFileReader::new(bytes(answer.body)).unwrap();
    reader.get_row_iter(None).unwrap().map(Result::unwrap).collect()
}

fn bytes(body: Vec<u8>) -> axum::body::Bytes {
    body.into()
}

#[tokio::test]
async fn pages_lead_through_the_whole_log_both_ways() {
    let (world, _, events) = world().await;
    let forwards: Vec<i64> = events.iter().map(|event| event.position.0).collect();
    let backwards: Vec<i64> = forwards.iter().rev().copied().collect();
    for (direction, expected) in [("forwards", forwards), ("backwards", backwards)] {
        let mut path = format!("/v1/events?direction={direction}&limit=7");
        let mut found = Vec::new();
        loop {
            let answer = world.get(AUDITOR, &path).await;
            let link = answer.header("link").to_owned();
            let page = answer.ok();
            found.extend(positions(&page["data"]));
            assert!(page["data"].as_array().unwrap().len() <= 7);
            let Some(cursor) = page["meta"]["next_cursor"].as_str() else { break };
            path = format!("/v1/events?cursor={cursor}&direction={direction}&limit=7");
            assert_eq!(link, format!("<{path}>; rel=\"next\""));
        }
        assert_eq!(found, expected, "{direction}");
    }
}

#[tokio::test]
async fn an_event_is_shown_as_the_log_has_it() {
    let (world, tale, events) = world().await;
    let placed = events.iter().find(|event| event.event_type == "OrderPlaced").unwrap();
    let page = world.get(AUDITOR, "/v1/events?type=OrderPlaced").await.ok();
    let payload: Value = serde_json::from_str(placed.payload.get()).unwrap();
    let shown = &page["data"][0];
    assert_eq!(page["data"].as_array().unwrap().len(), 1);
    assert_eq!(shown["position"], placed.position.0);
    assert_eq!(shown["stream"], placed.stream.to_string());
    assert_eq!(shown["subject"], tale.order_id().to_string());
    assert_eq!(shown["version"], 1);
    assert_eq!(shown["type"], "OrderPlaced");
    assert_eq!(shown["actor"], placed.metadata.actor);
    assert_eq!(shown["data"], payload["OrderPlaced"]);
    assert_eq!(shown.get("masked"), None);
}

#[tokio::test]
async fn a_filter_lets_through_what_it_says_and_nothing_else() {
    let (world, tale, events) = world().await;
    let middle =
        events[events.len() / 2].metadata.occurred_at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let middle_time = events[events.len() / 2].metadata.occurred_at;
    let order = tale.order_id().uuid();
    type Wanted<'a> = Box<dyn Fn(&RecordedEvent) -> bool + 'a>;
    let cases: Vec<(String, Wanted<'_>)> = vec![
        (
            "type=StockHeld,OrderPlaced".to_owned(),
            Box::new(|e| ["StockHeld", "OrderPlaced"].contains(&&*e.event_type)),
        ),
        ("aggregate_type=delivery".to_owned(), Box::new(|e| &*e.stream.aggregate_type == "delivery")),
        (
            format!("aggregate_id={}", tale.order_id()),
            Box::new(|e| &*e.stream.aggregate_type == "order" && e.stream.uuid() == order),
        ),
        (
            format!("aggregate_id={}&aggregate_type=order_fulfilment", tale.order_id()),
            Box::new(|e| &*e.stream.aggregate_type == "order_fulfilment"),
        ),
        (format!("since={middle}"), Box::new(|e| e.metadata.occurred_at >= middle_time)),
        (
            format!("until={middle}&aggregate_type=order,product"),
            Box::new(|e| {
                e.metadata.occurred_at < middle_time
                    && ["order", "product"].contains(&&*e.stream.aggregate_type)
            }),
        ),
        ("correlation_id=00000000-0000-0000-0000-00000000002a".to_owned(), Box::new(|_| true)),
        ("correlation_id=00000000-0000-0000-0000-00000000002b".to_owned(), Box::new(|_| false)),
        ("after=12&before=20".to_owned(), Box::new(|e| (13..20).contains(&e.position.0))),
        ("recorded_since=2999-01-01T00:00:00Z".to_owned(), Box::new(|_| false)),
        ("recorded_since=2001-01-01T00:00:00Z".to_owned(), Box::new(|_| true)),
        ("recorded_until=2001-01-01T00:00:00Z".to_owned(), Box::new(|_| false)),
    ];
    for (query, is_wanted) in cases {
        let mut expected: Vec<i64> = events.iter().filter(|e| is_wanted(e)).map(|e| e.position.0).collect();
        for direction in ["forwards", "backwards"] {
            let path = format!("/v1/events?limit=500&direction={direction}&{query}");
            let page = world.get(ADMIN, &path).await.ok();
            assert_eq!(positions(&page["data"]), expected, "{path}");
            expected.reverse();
        }
    }
}

#[tokio::test]
async fn lines_end_with_one_that_says_how_many_there_were() {
    let (world, _, events) = world().await;
    let answer = accepting(&world, AUDITOR, "/v1/events", "application/x-ndjson").await;
    assert_eq!(answer.header("content-type"), "application/x-ndjson");
    let mut all = lines(&answer);
    let head = events.last().unwrap().position.0;
    assert_eq!(
        all.pop().unwrap(),
        json!({"end": {"count": events.len(), "position": head, "complete": true}})
    );
    assert_eq!(positions(&all.into()), events.iter().map(|event| event.position.0).collect::<Vec<_>>());

    let some =
        accepting(&world, AUDITOR, "/v1/events?limit=3&direction=backwards", "application/x-ndjson").await;
    let some = lines(&some);
    assert_eq!(some[0]["position"], head);
    assert_eq!(some[3], json!({"end": {"count": 3, "position": head - 2, "complete": true}}));
    let none = accepting(&world, AUDITOR, &format!("/v1/events?after={head}"), "application/x-ndjson").await;
    assert_eq!(lines(&none), [json!({"end": {"count": 0, "position": head, "complete": true}})]);
}

#[tokio::test]
async fn a_cloud_event_has_the_attributes_that_others_know() {
    let (world, tale, events) = world().await;
    let placed = events.iter().find(|event| event.event_type == "OrderPlaced").unwrap();
    let answer =
        accepting(&world, AUDITOR, "/v1/events?type=OrderPlaced", "application/cloudevents+json").await;
    assert_eq!(answer.header("content-type"), "application/cloudevents+json");
    let one = answer.ok();
    let payload: Value = serde_json::from_str(placed.payload.get()).unwrap();
    let expected = json!({
        "specversion": "1.0",
        "id": agrodeep_domain::id::EventId::from_uuid(placed.event_id).to_string(),
        "source": "https://api.agrodeep.com/streams/order",
        "type": "com.agrodeep.order.placed",
        "subject": tale.order_id().to_string(),
        "time": placed.metadata.occurred_at,
        "datacontenttype": "application/json",
        "dataschema": "https://api.agrodeep.com/schemas/order/OrderPlaced/1",
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "position": placed.position.to_string(),
        "recordedtime": placed.recorded_at,
        "correlationid": "00000000-0000-0000-0000-00000000002a",
        "causationid": one["causationid"],
        "actor": placed.metadata.actor,
        "data": payload["OrderPlaced"],
    });
    assert_eq!(one, expected);
    let batch =
        accepting(&world, AUDITOR, "/v1/events?limit=500", "application/cloudevents-batch+json").await;
    assert_eq!(batch.header("content-type"), "application/cloudevents-batch+json");
    let batch = batch.ok();
    assert_eq!(batch.as_array().unwrap().len(), events.len());
    // Attribute names: lower-case letters and digits (CloudEvents 1.0, "Naming Conventions").
    for event in batch.as_array().unwrap() {
        for name in event.as_object().unwrap().keys() {
            assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()), "{name}");
        }
    }
    assert!(batch.as_array().unwrap().contains(&expected));
    let none =
        accepting(&world, AUDITOR, "/v1/events?type=DeliveryGivenUp", "application/cloudevents+json").await;
    none.problem(404);
}

#[tokio::test]
async fn a_table_has_every_event_in_typed_columns() {
    let (world, _, events) = world().await;
    let rows = rows(accepting(&world, AUDITOR, "/v1/events", "application/vnd.apache.parquet").await);
    assert_eq!(rows.len(), events.len());
    for (row, event) in rows.iter().zip(&events) {
        let columns: std::collections::HashMap<_, _> =
            row.get_column_iter().map(|(name, field)| (name.as_str(), field)).collect();
        assert_eq!(columns["position"], &Field::Long(event.position.0));
        assert_eq!(columns["version"], &Field::Long(event.version as i64));
        assert_eq!(columns["type"], &Field::Str(event.event_type.clone()));
        assert_eq!(
            columns["occurred_at"],
            &Field::TimestampMicros(event.metadata.occurred_at.timestamp_micros())
        );
        assert_eq!(columns["masked"], &Field::Null);
        let payload: Value = serde_json::from_str(event.payload.get()).unwrap();
        let data = match columns["data"] {
            Field::Str(text) => text.clone(),
            Field::Bytes(bytes) => String::from_utf8(bytes.data().to_vec()).unwrap(),
            other => panic!("{other:?}"),
        };
        assert_eq!(serde_json::from_str::<Value>(&data).unwrap(), payload[&event.event_type]);
    }
}

#[tokio::test]
async fn analysts_see_nothing_personal_in_any_form_and_auditors_do() {
    let (world, _, events) = world().await;
    let told: String = events.iter().map(|event| event.payload.get()).collect();
    for secret in PERSONAL {
        assert!(told.contains(secret), "the story does not say {secret}");
    }
    for accept in ["application/json", "application/x-ndjson", "application/cloudevents-batch+json"] {
        let clear = accepting(&world, AUDITOR, "/v1/events?limit=500", accept).await;
        let masked = accepting(&world, ANALYST, "/v1/events?limit=500", accept).await;
        let (clear, masked) =
            (String::from_utf8(clear.body).unwrap(), String::from_utf8(masked.body).unwrap());
        for secret in PERSONAL {
            assert!(clear.contains(secret), "{accept}: auditors do not see {secret}");
            assert!(!masked.contains(secret), "{accept}: analysts see {secret}");
        }
        assert!(!masked.contains("driver:usr_") && clear.contains("driver:usr_"), "{accept}: who acted");
    }
    let rows = rows(accepting(&world, ANALYST, "/v1/events", "application/vnd.apache.parquet").await);
    let all = rows.iter().map(ToString::to_string).collect::<String>();
    assert!(PERSONAL.iter().all(|secret| !all.contains(secret)));
    let placed = world.get(ANALYST, "/v1/events?type=OrderPlaced").await.ok()["data"][0].clone();
    assert_eq!(placed["data"]["shipping_address"], Value::Null);
    assert!(placed["masked"].as_array().unwrap().contains(&"/shipping_address".into()));
    assert_eq!(placed["actor"], "buyer");
    assert!(
        placed["data"]["total"].is_string()
            || placed["data"]["total"].is_object()
            || placed["data"]["total"].is_number()
    );
}

#[tokio::test]
async fn streams_are_listed_and_each_is_read_by_name_or_id() {
    let (world, tale, events) = world().await;
    let mut path = "/v1/streams?limit=4".to_owned();
    let mut listed = Vec::new();
    loop {
        let page = world.get(ANALYST, &path).await.ok();
        listed.extend(page["data"].as_array().unwrap().clone());
        let Some(cursor) = page["meta"]["next_cursor"].as_str() else { break };
        path = format!("/v1/streams?limit=4&cursor={cursor}");
    }
    let mut names: Vec<String> = events.iter().map(|event| event.stream.to_string()).collect();
    names.sort();
    names.dedup();
    assert_eq!(listed.iter().map(|stream| stream["stream"].as_str().unwrap()).collect::<Vec<_>>(), names);
    let order = listed.iter().find(|stream| stream["subject"] == tale.order_id().to_string()).unwrap();
    assert_eq!(order["aggregate_type"], "order");
    let products = world.get(ANALYST, "/v1/streams?aggregate_type=product").await.ok();
    assert_eq!(products["data"].as_array().unwrap().len(), 2);

    let expected: Vec<i64> = events
        .iter()
        .filter(|event| &*event.stream.aggregate_type == "order")
        .map(|event| event.position.0)
        .collect();
    for name in [tale.order_id().to_string(), format!("order-{}", tale.order_id().uuid())] {
        let page = world.get(AUDITOR, &format!("/v1/streams/{name}")).await.ok();
        assert_eq!(positions(&page["data"]), expected);
        assert_eq!(page["data"].as_array().unwrap().len() as u64, order["events"].as_u64().unwrap());
        let back = world.get(AUDITOR, &format!("/v1/streams/{name}?direction=backwards&limit=2")).await.ok();
        assert_eq!(positions(&back["data"]), expected.iter().rev().take(2).copied().collect::<Vec<_>>());
    }
    let tomatoes = world.get(AUDITOR, &format!("/v1/streams/{}?type=StockHeld", tomatoes())).await.ok();
    assert_eq!(tomatoes["data"].as_array().unwrap().len(), 1);
    for unknown in ["ord_01h455vb4pex5vsknk084sn02q", "order", "-", "order-", "%00", "order-%FF"] {
        let answer = world.get(AUDITOR, &format!("/v1/streams/{unknown}")).await;
        assert!([400, 404].contains(&answer.status.as_u16()), "{unknown}: {}", answer.status);
    }
}

#[tokio::test]
async fn what_cannot_be_is_refused_by_name() {
    let (world, _, events) = world().await;
    let head = events.last().unwrap().position.0;
    let beyond = format!("after={}", head + 1);
    let cases = [
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=-1", "limit"),
        (&*beyond, "after"),
        ("after=-1", "after"),
        ("after=99999999999999999999", "after"),
        ("before=-5", "before"),
        ("after=7&before=7", "before"),
        ("after=7&before=3", "before"),
        ("since=2024-08-16T00:00:00Z&until=2024-08-15T00:00:00Z", "until"),
        ("recorded_since=2024-08-16T00:00:00Z&recorded_until=2024-08-16T00:00:00Z", "recorded_until"),
        ("since=yesterday", "since"),
        ("type=OrderPlaced,Nonsense", "type"),
        ("type=", "type"),
        ("aggregate_type=orders", "aggregate_type"),
        ("aggregate_id=42", "aggregate_id"),
        ("aggregate_id=ord_01h455vb4pex5vsknk084sn02q&aggregate_type=order,product", "aggregate_type"),
        ("correlation_id=42", "correlation_id"),
        ("direction=sideways", "direction"),
        ("cursor=abc", "cursor"),
        ("cursor=-1", "cursor"),
        ("cursor=99999", "cursor"),
        ("colour=red", "colour"),
    ];
    for (query, name) in cases {
        let problem = world.get(AUDITOR, &format!("/v1/events?{query}")).await.problem(400);
        assert_eq!(problem["error"], "invalid_query", "{query}");
        assert_eq!(problem["errors"][0]["parameter"], name, "{query}");
    }
    for (query, name) in
        [("limit=0", "limit"), ("cursor=order", "cursor"), ("aggregate_type=x", "aggregate_type")]
    {
        let problem = world.get(AUDITOR, &format!("/v1/streams?{query}")).await.problem(400);
        assert_eq!(problem["errors"][0]["parameter"], name, "{query}");
    }
    for (accept, query, name) in [
        ("application/x-ndjson", "limit=0", "limit"),
        ("application/cloudevents+json", "limit=2", "limit"),
        ("text/event-stream", "limit=2", "limit"),
        ("text/event-stream", "direction=backwards", "direction"),
        ("text/event-stream", "before=12", "before"),
    ] {
        let problem = accepting(&world, AUDITOR, &format!("/v1/events?{query}"), accept).await.problem(400);
        assert_eq!(problem["errors"][0]["parameter"], name, "{accept} {query}");
    }
    let problem = accepting(&world, AUDITOR, "/v1/events", "text/html").await.problem(406);
    assert_eq!(problem["error"], "not_acceptable");
    assert!(problem["detail"].as_str().unwrap().contains("application/x-ndjson"));
    for id in ["", "x", "-1", "1.5", &(head + 1).to_string(), "99999999999999999999"] {
        let headers = [("accept", "text/event-stream"), ("last-event-id", id)];
        let problem = world.get_with(AUDITOR, "/v1/events", &headers).await.problem(400);
        assert_eq!(problem["error"], "invalid_header", "{id}");
        assert_eq!(problem["errors"][0]["header"], "Last-Event-ID", "{id}");
    }
}
