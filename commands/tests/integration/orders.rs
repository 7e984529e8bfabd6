use agrodeep_commands::{
    ExecuteError,
    order::{
        CancelRequest, ItemProblem, PlaceError, PrepareRequest, RefundStatus, RequestedItem, cancel, place,
        prepare,
    },
    product::{CreateRequest, DelistRequest, create, delist},
};
use agrodeep_domain::{
    AccountId, Order, OrderId, Personal, ProductId,
    order::{Canceller, LINES_MAX, OrderRefusal, OrderStatus},
};
use chrono::{TimeDelta, Utc};
use uuid::Uuid;

use crate::market::{Market, account, basket, bernard, by_buyer, by_producer, details, marie, money, offer};

fn nowhere() -> ProductId {
    ProductId::from_uuid(Uuid::from_u128(404))
}

fn item(index: usize, problem: ItemProblem) -> PlaceError {
    PlaceError::Item { index, problem }
}

#[tokio::test]
async fn an_order_is_placed_at_the_products_prices_and_numbered_by_day() {
    let market = Market::open().await;
    let (tomatoes, herbs) = (market.product("4.50 EUR").await, market.product("0.99 EUR").await);
    let context = by_buyer();
    let placed =
        place(&market.commands, basket(&[(tomatoes, "3"), (herbs, "0.5")]), context.clone()).await.unwrap();

    let order = &placed.order;
    assert_eq!(order.order_id, OrderId::from_uuid(context.command_id));
    assert_eq!(order.number.to_string(), format!("ORD-{}-0001", context.occurred_at.format("%Y-%m-%d")));
    assert_eq!(order.total, money("14.00 EUR"), "13.50 and 0.495, half to even");
    assert_eq!(order.lines[0].producer_id, marie());
    assert_eq!(order.lines[1].unit_price, money("0.99 EUR"));
    let hold = order.expires_at - context.occurred_at;
    assert_eq!(hold, TimeDelta::minutes(30));
    assert_eq!(placed.executed.version, 1);
    assert!(!placed.executed.repeated);
    assert_eq!(market.state::<Order>(order.order_id.uuid()).await.placed.as_ref(), Some(order));
}

#[tokio::test]
async fn the_same_command_places_one_order_whatever_has_changed_since() {
    let market = Market::open().await;
    let product_id = market.product("4.50 EUR").await;
    let context = by_buyer();
    let first = place(&market.commands, basket(&[(product_id, "3")]), context.clone()).await.unwrap();
    let again = place(&market.commands, basket(&[(product_id, "3")]), context.clone()).await.unwrap();
    assert!(again.executed.repeated);
    assert_eq!(again.order, first.order);

    let delisted = DelistRequest { product_id, producer_id: marie() };
    delist(&market.commands, delisted, by_producer()).await.unwrap();
    let another_process = market.another_instance().await;
    let late = place(&another_process, basket(&[(product_id, "3")]), context).await.unwrap();
    assert!(late.executed.repeated);
    assert_eq!(late.order, first.order);
    assert_eq!(late.executed.version, 1);

    let other = place(&market.commands, basket(&[(product_id, "3")]), by_buyer()).await.unwrap_err();
    assert_eq!(other, item(0, ItemProblem::Delisted));
}

#[tokio::test]
async fn what_is_wrong_is_named_by_its_item() {
    let market = Market::open().await;
    let product = market.product("4.50 EUR").await;
    let dollars = market.product("4.50 USD").await;
    let dear = market.product("9999999999.00 EUR").await;
    let in_dollars =
        ItemProblem::OtherCurrency { currency: "USD".parse().unwrap(), expected: "EUR".parse().unwrap() };
    for (items, expected) in [
        (vec![], PlaceError::NoItems),
        (vec![(product, "1"), (nowhere(), "1")], item(1, ItemProblem::UnknownProduct)),
        (vec![(product, "1"), (dollars, "1")], item(1, in_dollars)),
        (vec![(product, "1"), (product, "2")], item(1, ItemProblem::Duplicate { first: 0 })),
        (vec![(product, "0")], item(0, ItemProblem::NoQuantity)),
    ] {
        let refused = place(&market.commands, basket(&items), by_buyer()).await.unwrap_err();
        assert_eq!(refused, expected);
    }
    for items in [vec![(dear, "2")], vec![(dear, "1"), (product, "1")]] {
        let refused = place(&market.commands, basket(&items), by_buyer()).await.unwrap_err();
        let last = items.len() - 1;
        assert!(
            matches!(refused, PlaceError::Item { index, problem: ItemProblem::Price(_) } if index == last),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn ten_thousand_items_are_refused_before_anything_is_looked_up() {
    let market = Market::open().await;
    let mut request = basket(&[]);
    request.items = (0..10_000)
        .map(|n| RequestedItem {
            product_id: ProductId::from_uuid(Uuid::from_u128(n)),
            quantity: "1".parse().unwrap(),
            notes: None,
        })
        .collect();
    let refused = place(&market.commands, request, by_buyer()).await.unwrap_err();
    assert_eq!(refused, PlaceError::TooManyItems { max: LINES_MAX });
}

fn cancel_by(order_id: OrderId, by: Canceller) -> CancelRequest {
    CancelRequest { order_id, by, note: Some(Personal::new("no longer".to_owned())) }
}

#[tokio::test]
async fn a_buyer_cancels_and_learns_what_comes_back() {
    let market = Market::open().await;
    let unpaid = market.order().await.order.order_id;
    let request = cancel_by(unpaid, Canceller::Buyer(bernard()));
    let cancelled = cancel(&market.commands, request.clone(), by_buyer()).await.unwrap();
    assert_eq!((cancelled.refund_status(), cancelled.refund_due), (RefundStatus::None, None));
    let again = cancel(&market.commands, request, by_buyer()).await.unwrap_err();
    assert_eq!(again, ExecuteError::Refused(OrderRefusal::AlreadyCancelled));

    let paid = market.paid_order().await;
    let context = by_buyer();
    for repeated in [false, true] {
        let request = cancel_by(paid, Canceller::Buyer(bernard()));
        let cancelled = cancel(&market.commands, request, context.clone()).await.unwrap();
        assert_eq!(cancelled.refund_status(), RefundStatus::Pending);
        assert_eq!(cancelled.refund_due, Some(money("13.50 EUR")));
        assert_eq!(cancelled.executed.repeated, repeated);
    }
}

#[tokio::test]
async fn nobody_else_cancels_but_an_admin() {
    let market = Market::open().await;
    let order_id = market.order().await.order.order_id;
    let stranger: AccountId = account(99);
    let refused = cancel(&market.commands, cancel_by(order_id, Canceller::Buyer(stranger)), by_buyer()).await;
    assert_eq!(refused.unwrap_err(), ExecuteError::Refused(OrderRefusal::NotYours));
    cancel(&market.commands, cancel_by(order_id, Canceller::Admin), by_buyer()).await.unwrap();
    assert_eq!(market.state::<Order>(order_id.uuid()).await.status, OrderStatus::Cancelled);
}

#[tokio::test]
async fn a_command_on_a_version_that_has_passed_is_refused() {
    let market = Market::open().await;
    let order_id = market.order().await.order.order_id;
    market.request_payment(order_id).await;
    let mut context = by_buyer();
    context.if_match = Some(1);
    let request = cancel_by(order_id, Canceller::Buyer(bernard()));
    let refused = cancel(&market.commands, request.clone(), context.clone()).await.unwrap_err();
    assert_eq!(refused, ExecuteError::VersionMismatch { actual: 2 });
    context.if_match = Some(2);
    cancel(&market.commands, request, context).await.unwrap();
}

#[tokio::test]
async fn an_order_is_ready_once_all_its_producers_have_prepared_their_lines() {
    let market = Market::open().await;
    let paul = account(20);
    let mine = market.product("4.50 EUR").await;
    let his = CreateRequest { producer_id: paul, ..offer(details(), "1.00 EUR") };
    let (his, _) = create(&market.commands, his, by_producer()).await.unwrap();
    let placed = place(&market.commands, basket(&[(mine, "2.8"), (his, "0.9")]), by_buyer()).await.unwrap();
    let order_id = placed.order.order_id;
    let by = |producer_id| PrepareRequest { order_id, producer_id };

    let early = prepare(&market.commands, by(paul), by_producer()).await.unwrap_err();
    assert_eq!(early, ExecuteError::Refused(OrderRefusal::NotConfirmed));
    market.confirm(order_id).await;
    assert!(!prepare(&market.commands, by(paul), by_producer()).await.unwrap().ready_for_pickup);
    assert!(prepare(&market.commands, by(marie()), by_producer()).await.unwrap().ready_for_pickup);
    let stranger = prepare(&market.commands, by(account(99)), by_producer()).await.unwrap_err();
    assert_eq!(stranger, ExecuteError::Refused(OrderRefusal::NotYours));
}

#[tokio::test]
async fn a_number_is_the_orders_day_not_todays() {
    let market = Market::open().await;
    let product_id = market.product("4.50 EUR").await;
    let mut context = by_buyer();
    context.occurred_at = Utc::now() - TimeDelta::days(400);
    let day = context.occurred_at.date_naive();
    let placed = place(&market.commands, basket(&[(product_id, "1")]), context).await.unwrap();
    assert_eq!(placed.order.number.day, day);
}
