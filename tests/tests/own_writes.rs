//! Reading one's own writes, when commands, projections and queries are three processes.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use agrodeep_event_store::postgres::testing::TestDatabase;
use agrodeep_tests::{client::Client, processes::Processes};
use reqwest::Method;
use serde_json::{Value, json};

const PAIRS: usize = 10_000;
const CLIENTS: usize = 8;

fn product(price: f64) -> Value {
    json!({
        "name": {"en": "Leeks", "fr": "Poireaux"}, "category_id": "cat_test", "price": price, "currency": "EUR",
        "unit": "piece", "stock_quantity": 10,
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_writes_are_read_by_whoever_wrote_them() {
    let database = TestDatabase::create().await;
    let mut processes = Processes::on(database.url());
    for part in ["write-api", "projections", "read-api"] {
        processes.start(part);
    }
    processes.ready().await;
    processes.account("producer", "leeks@test.agrodeep.test");
    let client = Client::of(&processes.write, &processes.read).sign_in("leeks@test.agrodeep.test").await;
    let (stale, stale_without) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let writers: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (client, stale, stale_without) = (client.clone(), stale.clone(), stale_without.clone());
            tokio::spawn(async move {
                let created = client.post("/v1/products", product(2.5)).await.expect(201);
                let path = format!("/v1/products/{}", created.text_at("/id"));
                client.get_after(&path, &created).await.expect(200);
                for n in 0..PAIRS / CLIENTS {
                    let body = product(3.0 + n as f64 / 100.0);
                    let written = client.send(Method::PUT, &path, Some(&body), &[]).await.expect("an answer");
                    let written = written.expect(200);
                    let expected = written.etag.clone().expect("a version");
                    let without = client.get(&path).await.expect(200);
                    let with = client.get_after(&path, &written).await.expect(200);
                    stale_without
                        .fetch_add(usize::from(without.etag.as_ref() != Some(&expected)), Ordering::Relaxed);
                    stale.fetch_add(usize::from(with.etag.as_ref() != Some(&expected)), Ordering::Relaxed);
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.expect("a writer");
    }
    let (stale, without) = (stale.load(Ordering::Relaxed), stale_without.load(Ordering::Relaxed));
    println!(
        "{PAIRS} pairs: {stale} stale with Agrodeep-Min-Position, {without} ({:.1} %) without",
        100.0 * without as f64 / PAIRS as f64
    );
    assert_eq!(stale, 0);

    // Nobody projects any more: the answer says so instead of being old, and comes once somebody does.
    processes.end("projections");
    let created = client.post("/v1/products", product(2.5)).await.expect(201);
    let path = format!("/v1/products/{}", created.text_at("/id"));
    let problem = client.get_after(&path, &created).await.expect(503);
    assert_eq!((problem.text_at("/model"), problem.text_at("/cause")), ("products".into(), "stopped".into()));
    processes.start("projections");
    let position = created.position.clone().expect("a position");
    let headers = [("agrodeep-min-position", position.as_str()), ("prefer", "wait=30")];
    client.send(Method::GET, &path, None, &headers).await.expect("an answer").expect(200);
}
