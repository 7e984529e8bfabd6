//! The main job, as a stranger meets it: `agrodeep up --demo`, `agrodeep tour`, and a clean stop in the middle of load.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use agrodeep_tests::{
    checker,
    client::{Client, order_of},
    system::System,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tour_finds_everything_as_promised_again_and_again() {
    let mut system = System::start(&[]).await;
    for _ in 0..2 {
        let (write, read) = (system.write.clone(), system.read.clone());
        let tour = system.command(&["tour", "--write", &write, "--read", &read]).output().expect("the tour");
        assert!(
            tour.status.success(),
            "{}\n{}",
            String::from_utf8_lossy(&tour.stdout),
            String::from_utf8_lossy(&tour.stderr)
        );
    }
    checker::check(&system.database_url()).await.assert_settled();
    assert!(system.terminate().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tour_fails_when_nobody_is_there() {
    let system = System::start(&[]).await;
    let tour =
        system.command(&["tour", "--write", "http://127.0.0.1:9", "--read", "http://127.0.0.1:9"]).output();
    assert!(!tour.expect("the tour").status.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_in_the_middle_of_load_loses_nothing_that_was_acknowledged() {
    let mut system = System::start(&[]).await;
    let producer = Client::demo(&system, "producer").await;
    let product = producer.offer("Stop test", 100_000).await;
    let buyer = Client::demo(&system, "buyer").await;
    let stop = Arc::new(AtomicBool::new(false));
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let shoppers: Vec<_> = (0..16)
        .map(|_| {
            let (buyer, product) = (buyer.clone(), product.clone());
            let (stop, acknowledged) = (stop.clone(), acknowledged.clone());
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let key = uuid::Uuid::now_v7().to_string();
                    match buyer.post_with_key("/v1/orders", &order_of(&product, 1), &key).await {
                        Ok(answer) if answer.status.as_u16() == 202 => {
                            acknowledged.fetch_add(1, Ordering::Relaxed);
                        }
                        Ok(answer) => assert!(answer.status.is_server_error(), "{}", answer.text),
                        Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                    }
                }
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let status = tokio::task::block_in_place(|| system.terminate());
    assert!(status.success(), "{status:?}: {}", system.log_tail());
    stop.store(true, Ordering::Relaxed);
    for shopper in shoppers {
        shopper.await.expect("a shopper");
    }
    system.up().await;
    let checked = checker::check(&system.database_url()).await;
    let acknowledged = acknowledged.load(Ordering::Relaxed);
    assert!(acknowledged > 0, "nothing was acknowledged");
    assert!(
        checked.placed.len() >= acknowledged,
        "{} placed, {acknowledged} acknowledged",
        checked.placed.len()
    );
    assert!(system.terminate().success());
}
