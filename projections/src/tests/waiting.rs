use std::time::{Duration, Instant};

use agrodeep_domain::{Aggregate, Product};
use agrodeep_event_store::{Position, StreamId};
use tokio_util::sync::CancellationToken;

use super::{
    deciding::counted,
    market::Market,
    story::{offered, somebody, tomatoes},
};
use crate::{Behind, Cause, Model, Projections, WaitError, Wanted};

fn up_to(position: Position) -> Wanted<'static> {
    Wanted { position, about: &[] }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_waits_for_projections_of_another_process() {
    let market = Market::open().await;
    offered(&market, somebody(), tomatoes(), 250).await;
    let head = market.log.head().await.unwrap();
    let waiting = {
        let reads = market.reads.clone();
        tokio::spawn(async move {
            reads.wait_for(&[Model::Products, Model::Orders], up_to(head), Duration::from_secs(10)).await
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
    let behind = market
        .reads
        .wait_for(&[Model::Products], up_to(Position(2)), Duration::from_millis(160))
        .await
        .unwrap_err();
    assert_eq!(
        behind,
        WaitError::Behind(Behind {
            model: Model::Products,
            position: Position(1),
            head: Position(2),
            events: 1,
            cause: Cause::Stopped,
        })
    );
    assert!(began.elapsed() >= Duration::from_millis(160) && began.elapsed() < Duration::from_secs(5));
    assert_eq!(market.reads.wait_for(&[Model::Products], up_to(Position(1)), Duration::ZERO).await, Ok(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_waited_is_told_what_the_other_process_is_at() {
    let market = Market::open().await;
    offered(&market, somebody(), tomatoes(), 250).await;
    for (activity, expected) in [
        ("working", Cause::CatchingUp),
        ("standing_by", Cause::CatchingUp),
        ("rebuilding", Cause::Rebuilding),
        ("paused", Cause::Paused),
    ] {
        sqlx::query(
            "insert into projection_instances (projection, instance, activity, why, position, events_per_second,
                 parked_aggregates, seen_at)
             values ('products', 'another', $1, 'a test', 0, 0, 0, now())
             on conflict (projection, instance) do update set activity = excluded.activity, seen_at = now()",
        )
        .bind(activity)
        .execute(market.pool())
        .await
        .unwrap();
        let waited = market.reads.wait_for(&[Model::Products], up_to(Position(1)), Duration::ZERO).await;
        let Err(WaitError::Behind(Behind { cause, .. })) = waited else { panic!("{activity}: {waited:?}") };
        assert_eq!(cause, expected, "{activity}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_position_that_the_log_has_not_is_found_out_at_once() {
    let market = Market::open().await;
    offered(&market, somebody(), tomatoes(), 250).await;
    market.project().await;
    let began = Instant::now();
    let error = market.reads.wait_for(&[Model::Products], up_to(Position(77)), Duration::from_secs(60)).await;
    assert_eq!(error, Err(WaitError::BeyondLog { head: Position(1) }));
    assert!(began.elapsed() < Duration::from_secs(30));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_what_is_parked_and_others_are_answered() {
    let market = Market::open().await;
    let fine = offered(&market, somebody(), tomatoes(), 250).await;
    let sick = StreamId::new(Product::TYPE, offered(&market, somebody(), tomatoes(), 250).await.uuid());
    let unknown = market.appears(sick.clone(), "test", "ProductPainted", "1", "{}".to_owned()).await;
    let later = market.appears(sick.clone(), "test", "ProductPainted", "1", "{}".to_owned()).await;
    let fine = StreamId::new(Product::TYPE, fine.uuid());
    // As another process sees it, and as that of the projections does.
    let stop = CancellationToken::new();
    let projections = Projections::new(market.log.clone(), market.pool().clone());
    let own = market.reads.clone().with_progress(projections.progress());
    let task = tokio::spawn(projections.run(stop.clone()));
    for reads in [&own, &market.reads] {
        let began = Instant::now();
        let ask = |position, about: &[StreamId]| {
            let (reads, about) = (reads.clone(), about.to_vec());
            async move {
                let wanted = Wanted { position, about: &about };
                match reads.wait_for(&[Model::Products], wanted, Duration::from_secs(60)).await {
                    Ok(()) => None,
                    Err(WaitError::Behind(behind)) => Some((behind.cause, behind.events)),
                    Err(error) => panic!("{error}"),
                }
            }
        };
        assert_eq!(ask(later, &[]).await, Some((Cause::Parked, 1)), "what was written is parked");
        assert_eq!(ask(later, std::slice::from_ref(&sick)).await, Some((Cause::Parked, 2)));
        assert_eq!(
            ask(Position(unknown.0 - 1), std::slice::from_ref(&sick)).await,
            None,
            "what was before is there"
        );
        let after = market.happens::<Product>(fine.uuid(), "test", counted(7)).await;
        assert_eq!(ask(after, std::slice::from_ref(&fine)).await, None, "another product is fresh");
        assert_eq!(ask(after, std::slice::from_ref(&sick)).await, Some((Cause::Parked, 2)));
        assert!(began.elapsed() < Duration::from_secs(30), "nobody has waited");
    }
    stop.cancel();
    task.await.unwrap();
}
