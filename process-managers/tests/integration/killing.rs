//! The runner is killed at every point: before and after every append, before and after every call of the payment provider.
//! Another one starts, and the end is the same.

use std::sync::Arc;

use agrodeep_domain::{OrderId, ProductId, order::CancelReason};
use agrodeep_process_managers::{
    order_fulfilment::{FulfilmentOutcome, Step},
    release_lease,
};
use chrono::TimeDelta;
use futures::future::BoxFuture;

use super::{
    life::Life,
    market::{Market, PATIENCE},
};

/// What happens to an order, and how it ends.
struct Story {
    /// Of the two products that are ordered, how much is there.
    stock: [&'static str; 2],
    hold: TimeDelta,
    tell: fn(Arc<Market>, OrderId) -> BoxFuture<'static, ()>,
    ends: FulfilmentOutcome,
    /// What of the products has left in the end.
    sold: bool,
}

/// Tells a story with a runner that is killed at the `n`-th point; gives how many points there were.
async fn tell(market: &Arc<Market>, story: &Story, n: usize) -> (usize, String) {
    let apples = market.product(story.stock[0]).await;
    let pears = market.product(story.stock[1]).await;
    let life = Life::until(n);
    let running = market.run_until(life.clone()).await;
    let order_id = market.place(&[(apples, "2"), (pears, "1")]).await;
    let others = tokio::spawn((story.tell)(Arc::clone(market), order_id));
    let ended = {
        let market = Arc::clone(market);
        tokio::spawn(async move { market.ended(order_id).await })
    };
    let (passed, place) = tokio::select! {
        () = life.ends() => {
            running.kill().await;
            release_lease(market.database.pool()).await.unwrap();
            let next = market.run().await;
            let ended = tokio::time::timeout(PATIENCE, ended).await.unwrap().unwrap();
            assert_eq!(ended.outcome, Some(story.ends), "killed {}", life.killed_where());
            market.caught_up().await;
            next.stop().await;
            (n, life.killed_where())
        }
        () = async {
            while !ended.is_finished() {
                tokio::time::sleep(std::time::Duration::from_millis(2)).await;
            }
            market.caught_up().await;
        } => {
            running.stop().await;
            (life.passed(), "the end".to_owned())
        }
    };
    others.await.unwrap();
    check(market, story, order_id, [apples, pears], &place).await;
    (passed, place)
}

async fn check(market: &Market, story: &Story, order_id: OrderId, products: [ProductId; 2], place: &str) {
    let ended = market.fulfilment(order_id).await;
    assert_eq!(ended.outcome, Some(story.ends), "killed {place}");
    for (product_id, (stock, ordered)) in products.into_iter().zip(story.stock.into_iter().zip([2, 1])) {
        let left = stock.parse::<i64>().unwrap() - if story.sold { ordered } else { 0 };
        let (on_hand, held) = market.stock(product_id).await;
        assert_eq!((on_hand, held), (left.to_string(), "0".to_owned()), "killed {place}");
    }
    if story.ends == FulfilmentOutcome::Delivered {
        let entry = market.ledger(order_id).await.unwrap();
        assert_eq!((entry.intents, entry.charges), (1, 1), "killed {place}");
        assert!(entry.refunded.is_zero(), "killed {place}");
    } else {
        market.nets_to_zero(order_id).await;
    }
    let mut planned: Vec<Step> = market.planned(order_id).await;
    let count = planned.len();
    planned.sort();
    planned.dedup();
    assert_eq!(planned.len(), count, "planned twice, killed {place}");
    let unfinished = format!("order_fulfilments where order_id = '{}'", order_id.uuid());
    assert_eq!(market.count(&unfinished).await, 0, "killed {place}");
    let waiting = format!("order_fulfilment_deadlines where order_id = '{}'", order_id.uuid());
    assert_eq!(market.count(&waiting).await, 0, "killed {place}");
}

/// Tells a story once for every point at which the runner can be killed.
async fn kill_everywhere(story: Story) {
    let market = Arc::new(Market::with_hold(story.hold).await);
    let mut places = Vec::new();
    for n in 1.. {
        let (passed, place) = tell(&market, &story, n).await;
        if place == "the end" {
            assert!(passed < n);
            break;
        }
        places.push(place);
    }
    println!("{} points: {places:#?}", places.len());
    assert!(places.len() >= 8, "{places:?}");
}

fn minutes() -> TimeDelta {
    TimeDelta::minutes(30)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_is_delivered_wherever_the_runner_is_killed() {
    kill_everywhere(Story {
        stock: ["2", "5"],
        hold: minutes(),
        tell: |market, order_id| {
            Box::pin(async move {
                let delivery_id = market.confirmed(order_id).await;
                market.ship(order_id, delivery_id).await;
                market.deliver(delivery_id).await;
            })
        },
        ends: FulfilmentOutcome::Delivered,
        sold: true,
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_is_cancelled_after_payment_is_refunded_wherever_the_runner_is_killed() {
    kill_everywhere(Story {
        stock: ["2", "5"],
        hold: minutes(),
        tell: |market, order_id| {
            Box::pin(async move {
                market.confirmed(order_id).await;
                market.cancel(order_id).await;
            })
        },
        ends: FulfilmentOutcome::Cancelled { reason: CancelReason::BuyerRequest },
        sold: false,
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_declined_order_is_undone_wherever_the_runner_is_killed() {
    kill_everywhere(Story {
        stock: ["2", "5"],
        hold: minutes(),
        tell: |market, order_id| {
            Box::pin(async move { market.pay(order_id, "pm_card_chargeDeclined").await })
        },
        ends: FulfilmentOutcome::Cancelled { reason: CancelReason::PaymentFailed },
        sold: false,
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_without_stock_is_undone_wherever_the_runner_is_killed() {
    kill_everywhere(Story {
        stock: ["2", "0"],
        hold: minutes(),
        tell: |_, _| Box::pin(async {}),
        ends: FulfilmentOutcome::Cancelled { reason: CancelReason::StockUnavailable },
        sold: false,
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_is_not_paid_in_time_is_undone_wherever_the_runner_is_killed() {
    kill_everywhere(Story {
        stock: ["2", "5"],
        hold: TimeDelta::milliseconds(150),
        tell: |_, _| Box::pin(async {}),
        ends: FulfilmentOutcome::Cancelled { reason: CancelReason::PaymentTimeout },
        sold: false,
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_cannot_be_brought_is_written_off_wherever_the_runner_is_killed() {
    kill_everywhere(Story {
        stock: ["2", "5"],
        hold: minutes(),
        tell: |market, order_id| {
            Box::pin(async move {
                let first = market.confirmed(order_id).await;
                market.ship(order_id, first).await;
                market.fail(first).await;
                let second = market.rescheduled(order_id).await;
                market.pick_up(second).await;
                market.fail(second).await;
            })
        },
        ends: FulfilmentOutcome::WrittenOff,
        sold: true,
    })
    .await;
}
