//! Against hoarding: a buyer may have only so many unpaid orders of one product.

use std::num::NonZeroU32;

use agrodeep_commands::{
    CommandContext, CommandSettings, Commands,
    order::{CancelRequest, PlaceError, PlaceRequest, cancel, place},
};
use agrodeep_domain::{
    AccountId, OrderId, ProductId, Role,
    order::{CancelReason, Canceller},
};

use crate::market::{Market, account, basket, bernard, by, by_buyer, by_system};

fn limited(market: &Market, limit: u32) -> Commands {
    let hold_limit = NonZeroU32::new(limit);
    market.commands.clone().with_settings(CommandSettings { hold_limit, ..CommandSettings::default() })
}

fn wish(buyer_id: AccountId, products: &[ProductId]) -> PlaceRequest {
    let items: Vec<_> = products.iter().map(|product_id| (*product_id, "3")).collect();
    PlaceRequest { buyer_id, ..basket(&items) }
}

async fn order(commands: &Commands, products: &[ProductId]) -> Result<OrderId, PlaceError> {
    place(commands, wish(bernard(), products), by_buyer()).await.map(|placed| placed.order.order_id)
}

fn refused(index: usize, limit: u32) -> Result<OrderId, PlaceError> {
    Err(PlaceError::HoldLimit { index, limit: NonZeroU32::new(limit).unwrap() })
}

#[tokio::test]
async fn one_unpaid_order_too_many_is_refused_until_another_is_paid_or_cancelled() {
    let market = Market::open().await;
    let (apples, pears) = (market.product("4.50 EUR").await, market.product("4.50 EUR").await);
    let commands = limited(&market, 2);
    let first = order(&commands, &[apples]).await.unwrap();
    let second = order(&commands, &[apples]).await.unwrap();
    assert_eq!(order(&commands, &[pears, apples]).await, refused(1, 2));
    // What was refused holds nothing: pears are free twice.
    for _ in 0..2 {
        order(&commands, &[pears]).await.unwrap();
    }
    // Others are not concerned.
    let other = by(account(77), Role::Buyer);
    place(&commands, wish(account(77), &[apples]), other).await.unwrap();

    market.pay(first).await;
    let third = order(&commands, &[apples]).await.unwrap();
    assert_eq!(order(&commands, &[apples]).await, refused(0, 2));
    let by = Canceller::Fulfilment(CancelReason::PaymentTimeout);
    cancel(&commands, CancelRequest { order_id: second, by, note: None }, by_system()).await.unwrap();
    order(&commands, &[apples]).await.unwrap();
    assert_eq!(order(&commands, &[apples]).await, refused(0, 2));
    market.pay(third).await;
    order(&commands, &[apples]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_many_times_at_once_gets_no_further() {
    let market = Market::open().await;
    let apples = market.product("4.50 EUR").await;
    let commands = limited(&market, 5);
    let asked = (0..40).map(|_| {
        let commands = commands.clone();
        tokio::spawn(async move { order(&commands, &[apples]).await })
    });
    let answers: Vec<_> = futures::future::join_all(asked).await.into_iter().map(Result::unwrap).collect();
    let placed = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(placed, 5, "{answers:?}");
}

#[tokio::test]
async fn the_same_request_again_is_the_same_order_and_counts_once() {
    let market = Market::open().await;
    let apples = market.product("4.50 EUR").await;
    let commands = limited(&market, 1);
    let context: CommandContext = by_buyer();
    let first = place(&commands, wish(bernard(), &[apples]), context.clone()).await.unwrap();
    for _ in 0..2 {
        let again = place(&commands, wish(bernard(), &[apples]), context.clone()).await.unwrap();
        assert_eq!(again.order.order_id, first.order.order_id);
    }
    assert_eq!(order(&commands, &[apples]).await, refused(0, 1));
}

#[tokio::test]
async fn a_slot_whose_order_was_never_placed_is_free_again_after_a_while() {
    let market = Market::open().await;
    let apples = market.product("4.50 EUR").await;
    let commands = limited(&market, 1);
    let leave = "insert into hold_slots (buyer_id, product_id, slot, order_id)
                 values ($1, $2, 1, gen_random_uuid())";
    let pool = market.database.pool();
    sqlx::query(leave).bind(bernard().uuid()).bind(apples.uuid()).execute(pool).await.unwrap();
    assert_eq!(order(&commands, &[apples]).await, refused(0, 1));
    sqlx::query("update hold_slots set taken_at = now() - interval '2 minutes'").execute(pool).await.unwrap();
    order(&commands, &[apples]).await.unwrap();
}

#[tokio::test]
async fn without_a_limit_nothing_is_counted() {
    let market = Market::open().await;
    let apples = market.product("4.50 EUR").await;
    for _ in 0..30 {
        order(&market.commands, &[apples]).await.unwrap();
    }
    let (slots,): (i64,) =
        sqlx::query_as("select count(*) from hold_slots").fetch_one(market.database.pool()).await.unwrap();
    assert_eq!(slots, 0);
}
