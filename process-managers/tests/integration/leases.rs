//! One runner at a time.

use std::time::Duration;

use agrodeep_domain::order::OrderStatus;
use agrodeep_process_managers::release_lease;
use tokio::time::Instant;

use super::market::{Market, eventually, settings};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_runner_waits_and_takes_over_when_the_first_is_killed() {
    let market = Market::open().await;
    let apples = market.product("10").await;
    let first = market.run().await;
    let order_id = market.place(&[(apples, "1")]).await;
    market.until_order(order_id, |order| order.payment.intent_id.is_some()).await;
    let second = market.run().await;
    tokio::time::sleep(settings().lease_time * 2).await;
    assert_eq!(market.count("process_managers where epoch = 1").await, 1, "the first still has it");
    first.kill().await;
    let killed = Instant::now();
    let order_id = market.place(&[(apples, "1")]).await;
    market.until_order(order_id, |order| order.payment.intent_id.is_some()).await;
    assert!(killed.elapsed() < settings().lease_time + Duration::from_secs(2), "{:?}", killed.elapsed());
    assert_eq!(market.count("process_managers where epoch = 2").await, 1);
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_runner_that_stops_gives_its_lease_back_at_once() {
    let market = Market::open().await;
    let apples = market.product("10").await;
    let running = market.run().await;
    eventually("it has the lease", || async { market.count("process_managers where epoch = 1").await == 1 })
        .await;
    running.stop().await;
    assert_eq!(market.count("process_managers where leased_until = '-infinity'").await, 1);
    let stopped = Instant::now();
    let running = market.run().await;
    let order_id = market.place(&[(apples, "1")]).await;
    market.confirmed(order_id).await;
    assert!(stopped.elapsed() < settings().lease_time);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_knows_that_nobody_else_lives_need_not_wait_for_a_lease_to_run_out() {
    let market = Market::open().await;
    let apples = market.product("10").await;
    let first = market.run().await;
    let order_id = market.place(&[(apples, "1")]).await;
    market.confirmed(order_id).await;
    first.kill().await;
    release_lease(market.database.pool()).await.unwrap();
    let second = market.run().await;
    let order_id = market.place(&[(apples, "1")]).await;
    market.until_order(order_id, |order| order.payment.intent_id.is_some()).await;
    assert_eq!(market.count("process_managers where epoch = 3").await, 1);
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_runner_whose_lease_was_taken_steps_back_and_comes_again() {
    let market = Market::open().await;
    let apples = market.product("10").await;
    let running = market.run().await;
    let order_id = market.place(&[(apples, "1")]).await;
    market.confirmed(order_id).await;
    // As if another one had taken over and gone again.
    release_lease(market.database.pool()).await.unwrap();
    let order_id = market.place(&[(apples, "1")]).await;
    market
        .until_order(order_id, |order| {
            order.status == OrderStatus::Pending && order.payment.intent_id.is_some()
        })
        .await;
    eventually("it has a new epoch", || async {
        market.count("process_managers where epoch = 3").await == 1
    })
    .await;
    running.stop().await;
}
