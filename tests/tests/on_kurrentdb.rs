//! The main job with its log on KurrentDB: on the double of a server, which runs in the test.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use agrodeep_event_store::{
    EventLog, Position,
    kurrentdb::{
        KurrentLog, KurrentSettings,
        double::{AppendFault, Double},
    },
};
use agrodeep_tests::{
    checker::{Checked, check_log},
    client::{Client, order_of},
    system::System,
};

async fn start(double: &Double) -> System {
    // What is not paid is soon cancelled.
    System::start(&[("EVENT_STORE_URL", &double.url()), ("AGRODEEP_HOLD_SECONDS", "10")]).await
}

async fn log_of(double: &Double) -> KurrentLog {
    KurrentLog::open(&double.url(), KurrentSettings::default()).await.expect("the log")
}

async fn check(double: &Double) -> Checked {
    check_log(&log_of(double).await).await
}

fn succeed(system: &System, arguments: &[&str]) {
    let done = system.command(arguments).output().expect("a command");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(done.status.success(), "{arguments:?}: {}\n{}", text(&done.stdout), text(&done.stderr));
}

async fn assert_postgres_holds_no_event(system: &System) {
    let pool = sqlx::PgPool::connect(&system.database_url()).await.expect("the database");
    let events: i64 =
        sqlx::query_scalar("select count(*) from events").fetch_one(&pool).await.expect("a count");
    assert_eq!(events, 0, "there are events in PostgreSQL");
    pool.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tour_finds_everything_as_promised_and_the_read_models_are_as_the_log_says() {
    let double = Double::start().await;
    let mut system = start(&double).await;
    let (write, read) = (system.write.clone(), system.read.clone());
    for round in 0..2 {
        tokio::task::block_in_place(|| {
            succeed(&system, &["tour", "--write", &write, "--read", &read]);
            succeed(&system, &["audit", "read-models"]);
        });
        if round == 0 {
            // After a crash it goes on where it was, also by itself.
            system.kill_9();
            system.up().await;
        }
    }
    check(&double).await.assert_settled();
    assert_postgres_holds_no_event(&system).await;
    assert!(system.terminate().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_are_placed_once_while_the_event_store_goes_and_comes() {
    let double = Arc::new(Double::start().await);
    let mut system = start(&double).await;
    let producer = Client::demo(&system, "producer").await;
    let product = producer.offer("Outage test", 100_000).await;
    let buyer = Client::demo(&system, "buyer").await;
    double.faults().on_appends(|number| match number % 19 {
        5 => Some(AppendFault::AnswerLost),
        11 => Some(AppendFault::TimedOut),
        17 => Some(AppendFault::CutBefore),
        _ => None,
    });
    let stop = Arc::new(AtomicBool::new(false));
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let shoppers: Vec<_> = (0..8)
        .map(|_| {
            let (buyer, product) = (buyer.clone(), product.clone());
            let (stop, acknowledged) = (stop.clone(), acknowledged.clone());
            tokio::spawn(async move {
                let mut key = uuid::Uuid::now_v7().to_string();
                while !stop.load(Ordering::Relaxed) {
                    // Without a good answer the same is asked again, under the same key.
                    match buyer.post_with_key("/v1/orders", &order_of(&product, 1), &key).await {
                        Ok(answer) if answer.status.as_u16() == 202 => {
                            acknowledged.fetch_add(1, Ordering::Relaxed);
                            key = uuid::Uuid::now_v7().to_string();
                        }
                        Ok(answer) => assert!(
                            answer.status.is_server_error() || answer.status.as_u16() == 409,
                            "{}",
                            answer.text
                        ),
                        Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                    }
                }
                key
            })
        })
        .collect();
    for _ in 0..6 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        double.stop();
        tokio::time::sleep(Duration::from_millis(150)).await;
        double.start_again().await;
    }
    stop.store(true, Ordering::Relaxed);
    let shoppers_count = shoppers.len();
    for shopper in shoppers {
        shopper.await.expect("a shopper");
    }
    double.faults().on_appends(|_| None);
    let acknowledged = acknowledged.load(Ordering::Relaxed);
    let log = log_of(&double).await;
    let patience = std::time::Instant::now() + Duration::from_secs(90);
    let checked = loop {
        let checked = check_log(&log).await;
        if checked.settled() {
            break checked;
        }
        assert!(std::time::Instant::now() < patience, "not settled: {}", system.log_tail());
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    assert!(checked.placed.values().all(|times| *times == 1), "an order was placed twice");
    let placed = checked.placed.len();
    // Each shopper may have been left with one that has no answer yet.
    assert!(
        (acknowledged..=acknowledged + shoppers_count).contains(&placed),
        "{placed} placed, {acknowledged} acknowledged"
    );
    assert!(acknowledged > 20, "only {acknowledged} were acknowledged");
    println!(
        "6 outages, {} of {} appends gone wrong; {acknowledged} orders acknowledged, {placed} placed; {} events",
        double.faults().appends_gone_wrong(),
        double.faults().appends(),
        checked.events
    );
    assert!(log.head().await.expect("the head") > Position::START);
    tokio::task::block_in_place(|| succeed(&system, &["audit", "read-models"]));
    assert!(system.terminate().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_knows_another_log_is_not_used_with_this_one() {
    let (double, another) = (Double::start().await, Double::start().await);
    let mut system = start(&double).await;
    let (write, read) = (system.write.clone(), system.read.clone());
    tokio::task::block_in_place(|| succeed(&system, &["tour", "--write", &write, "--read", &read]));
    assert!(system.terminate().success());
    let refused = system.command(&["up"]).env("EVENT_STORE_URL", another.url()).output().expect("agrodeep");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success(), "it started on another log");
    assert!(said.contains("of another log than the one at event_store_url"), "{said}");
}
