//! When deliveries are planned for: the first, and the one after it has failed.

use agrodeep_commands::{
    CommandContext,
    account::{RegisterRequest, SetDeliveryTermsRequest, register, set_delivery_terms},
    order::{PlaceRequest, place},
};
use agrodeep_domain::{
    Delivery, DeliveryId, OrderId, ProductId, Role,
    delivery::DeliveryWindow,
    delivery_terms::{DeliveryTerms, Weekday},
};
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};

use super::{
    market::{CONDUCTOR, Market, buyer, by, producer},
    shopping::basket,
};

async fn window(market: &Market, delivery_id: DeliveryId) -> Option<DeliveryWindow> {
    market.state::<Delivery>(delivery_id.uuid()).await.scheduled.unwrap().window
}

/// The producer hands over every day, ordered before midnight in Paris, `lead_days` later.
async fn hands_over(market: &Market, lead_days: u32) {
    let request = RegisterRequest {
        account_id: producer(),
        role: Role::Producer,
        email: "marie@ferme.example".to_owned().into(),
        first_name: "Marie".to_owned().into(),
        last_name: "Dubois".to_owned().into(),
        phone: None,
        company: None,
    };
    register(&market.commands(), request, by(producer(), Role::Producer)).await.unwrap();
    let terms = DeliveryTerms {
        time_zone: "Europe/Paris".parse().unwrap(),
        cut_off: "23:59:59".parse().unwrap(),
        lead_days,
        weekdays: Weekday::ALL.into(),
    };
    let request = SetDeliveryTermsRequest { producer_id: producer(), terms };
    set_delivery_terms(&market.commands(), request, by(producer(), Role::Producer)).await.unwrap();
}

/// Ordered at `placed_at`.
async fn order(
    market: &Market,
    apples: ProductId,
    wished: Option<NaiveDate>,
    placed_at: DateTime<Utc>,
) -> OrderId {
    let request = PlaceRequest { preferred_delivery_date: wished, ..basket(&[(apples, "3")], CONDUCTOR) };
    let context = CommandContext { occurred_at: placed_at, ..by(buyer(), Role::Buyer) };
    place(&market.commands(), request, context).await.unwrap().order.order_id
}

/// The window of the second delivery, after the first has failed.
async fn second(market: &Market, order_id: OrderId, first: DeliveryId) -> Option<DeliveryWindow> {
    market.ship(order_id, first).await;
    market.fail(first).await;
    let second = market.rescheduled(order_id).await;
    window(market, second).await
}

fn hour_of_day(window: DeliveryWindow) -> TimeDelta {
    window.from - DeliveryWindow::of_day(window.from.date_naive()).from
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_is_planned_for_the_agreed_day_and_the_next_one_for_a_day_to_come() {
    let market = Market::open().await;
    hands_over(&market, 0).await;
    let apples = market.product("10").await;
    let running = market.run().await;
    let order_id = order(&market, apples, None, Utc::now()).await;
    let agreed = market.order(order_id).await.agreed_delivery.unwrap().window;
    let first = market.confirmed(order_id).await;
    assert_eq!(window(&market, first).await, Some(agreed));
    let before = Utc::now();
    let moved = second(&market, order_id, first).await.unwrap();
    assert!(moved.from > before, "{moved:?} is not in the past");
    assert!(moved.from <= before + TimeDelta::days(1) + TimeDelta::minutes(5), "{moved:?} is the next day");
    assert_eq!(
        (hour_of_day(moved), moved.until - moved.from),
        (hour_of_day(agreed), agreed.until - agreed.from)
    );
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_window_that_is_over_when_the_buyer_has_paid_is_that_weekday_of_a_later_week() {
    // It is paid in time, but days later.
    let market = Market::with_hold(TimeDelta::days(30)).await;
    hands_over(&market, 0).await;
    let apples = market.product("10").await;
    let running = market.run().await;
    let order_id = order(&market, apples, None, Utc::now() - TimeDelta::days(3)).await;
    let agreed = market.order(order_id).await.agreed_delivery.unwrap().window;
    let first = market.confirmed(order_id).await;
    let week = TimeDelta::days(7);
    let later = DeliveryWindow { from: agreed.from + week, until: agreed.until + week };
    assert_eq!(window(&market, first).await, Some(later));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_terms_it_is_the_wished_day_whatever_it_is_but_never_a_second_time_in_the_past() {
    let market = Market::open().await;
    let apples = market.product("100").await;
    let running = market.run().await;
    let today = Utc::now().date_naive();
    let ahead = today.checked_add_days(Days::new(5)).unwrap();
    for (wished, again) in [(NaiveDate::from_ymd_opt(2024, 8, 15).unwrap(), None), (ahead, Some(ahead))] {
        let order_id = order(&market, apples, Some(wished), Utc::now()).await;
        let first = market.confirmed(order_id).await;
        assert_eq!(window(&market, first).await, Some(DeliveryWindow::of_day(wished)));
        let before = Utc::now();
        let moved = second(&market, order_id, first).await.unwrap();
        assert!(moved.from > before, "{moved:?} is not in the past");
        assert_eq!(moved, DeliveryWindow::of_day(moved.from.date_naive()), "a whole day");
        assert!(again.is_none_or(|again| moved == DeliveryWindow::of_day(again)), "it has yet to come");
    }
    let order_id = order(&market, apples, None, Utc::now()).await;
    let first = market.confirmed(order_id).await;
    assert_eq!(window(&market, first).await, None);
    assert_eq!(second(&market, order_id, first).await, None);
    running.stop().await;
}
