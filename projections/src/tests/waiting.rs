use std::time::{Duration, Instant};

use agrodeep_event_store::Position;

use super::{
    market::Market,
    story::{offered, somebody, tomatoes},
};
use crate::{Behind, Model};

#[tokio::test(flavor = "multi_thread")]
async fn a_question_waits_for_projections_of_another_process() {
    let market = Market::open().await;
    offered(&market, somebody(), tomatoes(), 250).await;
    let head = market.log.head().await.unwrap();
    let waiting = {
        let reads = market.reads.clone();
        tokio::spawn(async move {
            reads.wait_for(&[Model::Products, Model::Orders], head, Duration::from_secs(10)).await
        })
    };
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!waiting.is_finished());
    market.project().await;
    assert_eq!(waiting.await.unwrap(), Ok(()));
    assert_eq!(market.reads.position(Model::Products).await.unwrap(), head);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_has_waited_long_enough_says_who_is_behind() {
    let market = Market::open().await;
    offered(&market, somebody(), tomatoes(), 250).await;
    market.project().await;
    offered(&market, somebody(), tomatoes(), 250).await;
    let began = Instant::now();
    let behind =
        market.reads.wait_for(&[Model::Products], Position(2), Duration::from_millis(60)).await.unwrap_err();
    assert_eq!(
        behind,
        Behind { model: Model::Products, position: Position(1), head: Position(2), events: 1 }
    );
    assert!(began.elapsed() >= Duration::from_millis(60) && began.elapsed() < Duration::from_secs(5));
    assert_eq!(market.reads.wait_for(&[Model::Products], Position(1), Duration::ZERO).await, Ok(()));
}
