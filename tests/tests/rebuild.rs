//! Read models are built anew while buyers order and look at their orders: nobody notices, whoever is killed.

use std::{
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use agrodeep_tests::{
    client::{Answer, Client, order_of},
    long_log,
    system::System,
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};

const KILLS: usize = 5;
const BUYERS: usize = 6;
const READERS: usize = 4;
/// Orders that are there before, so that a rebuild takes its time.
const ORDERS: usize = 10_000;
const REBUILD: &str = "/v1/admin/projections/orders/rebuild";

/// What buyers and readers have seen.
#[derive(Default)]
struct Seen {
    placed: AtomicU64,
    reads: AtomicU64,
    failed: AtomicU64,
    wrong: AtomicU64,
}

impl Seen {
    fn wrong(&self, what: &str, answer: &Value) {
        self.wrong.fetch_add(1, Ordering::Relaxed);
        eprintln!("{what}: {answer}");
    }
}

async fn place(client: &Client, product: &str, quantity: u32) -> Answer {
    let key = uuid::Uuid::now_v7().to_string();
    client
        .post_with_key("/v1/orders", &order_of(product, quantity), &key)
        .await
        .expect("an answer")
        .expect(202)
}

/// Orders, and reads back at once what it has ordered, and whether the list has it, too.
async fn order_and_look(
    client: Client,
    product: String,
    stop: Arc<AtomicBool>,
    seen: Arc<Seen>,
) -> Vec<(String, u32)> {
    let mut mine = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let quantity = 1 + mine.len() as u32 % 3;
        let placed = place(&client, &product, quantity).await;
        let id = placed.text_at("/order_id");
        mine.push((id.clone(), quantity));
        seen.placed.fetch_add(1, Ordering::Relaxed);
        for (path, total) in
            [(format!("/v1/orders/{id}"), None), ("/v1/orders?limit=1".to_owned(), Some(mine.len()))]
        {
            let answer = client.get_after(&path, &placed).await;
            seen.reads.fetch_add(1, Ordering::Relaxed);
            if !answer.status.is_success() {
                seen.failed.fetch_add(1, Ordering::Relaxed);
                eprintln!("{path}: {} {}", answer.status, answer.text);
            } else if total.is_some_and(|total| answer.body["meta"]["total"] != total)
                || total.is_none()
                    && answer.body["items"][0]["quantity"].as_f64() != Some(f64::from(quantity))
            {
                seen.wrong(&path, &answer.body);
            }
        }
    }
    mine
}

/// Looks at the same orders again and again, without waiting for anything: what was there stays, and only goes forward.
async fn look(client: Client, ids: Vec<String>, stop: Arc<AtomicBool>, seen: Arc<Seen>) {
    let mut versions = vec![0; ids.len()];
    while !stop.load(Ordering::Relaxed) {
        for (id, last) in ids.iter().zip(&mut versions) {
            let answer = client.get(&format!("/v1/orders/{id}")).await;
            seen.reads.fetch_add(1, Ordering::Relaxed);
            if !answer.status.is_success() {
                seen.failed.fetch_add(1, Ordering::Relaxed);
                eprintln!("{id}: {} {}", answer.status, answer.text);
                continue;
            }
            let etag = answer.etag.as_deref().unwrap_or_default().trim_matches('"').parse().unwrap_or(0);
            if etag < *last || answer.body["items"].as_array().map(Vec::len) != Some(1) {
                seen.wrong(&format!("{id} at version {etag} after {last}"), &answer.body);
            }
            *last = etag;
        }
    }
}

/// The latest rebuild, as an operator sees it.
async fn latest(admin: &Client) -> Value {
    admin.get("/v1/operations/rebuilds").await.expect(200).body["data"][0].clone()
}

async fn until(admin: &Client, what: impl Fn(&Value) -> bool) -> Value {
    admin.get_until("/v1/operations/rebuilds", |body| what(&body["data"][0])).await.body["data"][0].clone()
}

fn is_over(rebuild: &Value) -> bool {
    rebuild["state"] == "switched" || rebuild["state"] == "done"
}

fn assert_read_models_equal_the_log(system: &System) {
    let audit = system.command(&["audit", "read-models"]).output().expect("agrodeep audit");
    assert!(
        audit.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&audit.stdout),
        String::from_utf8_lossy(&audit.stderr)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_under_load_fails_nobody_and_ends_right_however_often_it_is_killed() {
    let mut system = System::start(&[("AGRODEEP_REBUILD_GRACE_SECONDS", "1")]).await;
    long_log::fill(&system.database_url(), ORDERS).await;
    let (admin, producer) = (Client::demo(&system, "admin").await, Client::demo(&system, "producer").await);
    let product = producer.offer("Rebuilt", 1_000_000).await;
    let (stop, seen) = (Arc::new(AtomicBool::new(false)), Arc::new(Seen::default()));
    let mut buyers = Vec::new();
    for index in 0..BUYERS {
        let buyer = Client::register(&system, "buyer", &format!("rebuilt-{index}")).await;
        buyers.push(tokio::spawn(order_and_look(buyer, product.clone(), stop.clone(), seen.clone())));
    }
    let first: Vec<String> = {
        let placed = Client::demo(&system, "buyer").await;
        let mut ids = Vec::new();
        for _ in 0..10 {
            let order = place(&placed, &product, 1).await;
            ids.push(order.text_at("/order_id"));
            placed.get_after(&format!("/v1/orders/{}", ids[ids.len() - 1]), &order).await.expect(200);
        }
        ids
    };
    let readers: Vec<_> = (0..READERS)
        .map(|_| tokio::spawn(look(admin.clone(), first.clone(), stop.clone(), seen.clone())))
        .collect();

    let mut random = StdRng::seed_from_u64(5);
    let mut killed = 0;
    while killed < KILLS {
        let before = latest(&admin).await;
        let mut command = system.command(&["rebuild", "orders", "--shards", "2"]);
        let mut child =
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("agrodeep rebuild");
        let begun =
            until(&admin, |now| now["requested_at"] != before["requested_at"] && now["position"] != 0).await;
        tokio::time::sleep(Duration::from_millis(random.random_range(0..200))).await;
        child.kill().expect("kill -9");
        child.wait().expect("its end");
        let at_the_kill = latest(&admin).await;
        let ended = until(&admin, is_over).await;
        assert_eq!(ended["requested_at"], begun["requested_at"]);
        if !is_over(&at_the_kill) {
            killed += 1;
        }
    }
    // And once to its end.
    let rebuilt = system.command(&["rebuild", "orders"]).output().expect("agrodeep rebuild");
    let told = String::from_utf8_lossy(&rebuilt.stdout).into_owned();
    assert!(rebuilt.status.success() && told.contains(" a second), and live."), "{rebuilt:?}");
    stop.store(true, Ordering::Relaxed);
    let mut placed = Vec::new();
    for buyer in buyers {
        placed.extend(buyer.await.expect("a buyer"));
    }
    for reader in readers {
        reader.await.expect("a reader");
    }
    for (id, quantity) in &placed {
        let order = admin.get(&format!("/v1/orders/{id}")).await.expect(200);
        assert_eq!(order.body["items"][0]["quantity"].as_f64(), Some(f64::from(*quantity)), "{id}");
    }
    assert_read_models_equal_the_log(&system);
    // What was replaced is gone, too.
    until(&admin, |now| now["state"] == "done").await;
    let [reads, failed, wrong] =
        [&seen.reads, &seen.failed, &seen.wrong].map(|count| count.load(Ordering::Relaxed));
    println!("{killed} kills, {} orders placed, {reads} reads: {failed} failed, {wrong} wrong", placed.len());
    assert_eq!((failed, wrong), (0, 0));
    assert!(reads > 500 && placed.len() > 50, "{reads} reads, {} orders", placed.len());
    assert!(system.terminate().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_goes_on_when_everything_was_killed() {
    let mut system = System::start(&[]).await;
    long_log::fill(&system.database_url(), ORDERS).await;
    let admin = Client::demo(&system, "admin").await;
    let mut random = StdRng::seed_from_u64(11);
    let mut killed = 0;
    while killed < KILLS {
        // Gone on with where it was, or another one when that was too fast.
        let before = latest(&admin).await;
        if before.is_null() || is_over(&before) {
            admin.post(REBUILD, json!({ "shards": 2 })).await.expect(202);
        }
        until(&admin, |now| is_over(now) || now["state"] == "building").await;
        tokio::time::sleep(Duration::from_millis(random.random_range(0..150))).await;
        let at_the_kill = latest(&admin).await;
        system.kill_9();
        system.up().await;
        if !is_over(&at_the_kill) {
            killed += 1;
            let now = latest(&admin).await;
            assert_eq!(now["requested_at"], at_the_kill["requested_at"], "it is the same one");
        }
    }
    until(&admin, is_over).await;
    assert_read_models_equal_the_log(&system);
    assert!(system.terminate().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_lets_a_rebuild_rest_and_goes_on_with_it() {
    let mut system = System::start(&[]).await;
    long_log::fill(&system.database_url(), ORDERS).await;
    let admin = Client::demo(&system, "admin").await;
    let asked = admin.post(REBUILD, json!({ "shards": 1 })).await.expect(202);
    let conflict = admin.post(REBUILD, json!({})).await.expect(409);
    assert_eq!(conflict.body["error"], "rebuild_running");
    let told = |arguments: &[&str]| {
        let output = system.command(arguments).output().expect("agrodeep");
        (
            output.status.success(),
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr),
        )
    };
    let (stopped, text) = told(&["rebuild", "orders", "--stop"]);
    assert!(stopped && text.contains("`agrodeep rebuild orders` goes on from there"), "{text}");
    let rests = latest(&admin).await;
    assert_eq!(rests["state"], "stopped");
    let (_, text) = told(&["rebuild"]);
    assert!(text.contains("orders") && text.contains("stopped"), "{text}");
    assert!(told(&["rebuild", "orders"]).0);
    let ended = latest(&admin).await;
    assert!(is_over(&ended) && ended["requested_at"] == asked.body["requested_at"], "{ended}");
    for (arguments, part) in [
        (
            ["rebuild", "orderz"].as_slice(),
            "known are accounts, products, orders, order_history, deliveries, baskets, sagas, search",
        ),
        (&["rebuild", "orders", "--version", "9"], "no version 9 of orders: it writes version 1"),
        (&["rebuild", "orders", "--stop"], "orders is not being built anew"),
    ] {
        let (success, text) = told(arguments);
        assert!(!success && text.contains(part), "{text}");
    }
    assert!(system.terminate().success());
}
