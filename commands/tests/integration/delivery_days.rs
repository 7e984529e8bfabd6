//! On which day an order is delivered, by the terms of its producers.

use agrodeep_commands::{
    CommandContext,
    account::{RegisterRequest, SetDeliveryTermsRequest, register, set_delivery_terms},
    order::{PlaceError, PlaceRequest, Placed, place},
};
use agrodeep_domain::{
    AccountId, Order, ProductId, Role,
    account::AccountRefusal,
    delivery_terms::{DeliveryTerms, NoDelivery, Weekday},
    order::{Conductor, OrderEvent},
};
use chrono::{DateTime, NaiveDate, Utc};

use crate::market::{Market, basket, by, by_buyer, by_producer, marie};

/// A Thursday, before noon in Lyon.
const THURSDAY: &str = "2024-08-15T08:00:00Z";

fn at(time: &str) -> DateTime<Utc> {
    time.parse().unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn terms(cut_off: &str, weekdays: &[Weekday]) -> DeliveryTerms {
    DeliveryTerms {
        time_zone: "Europe/Paris".parse().unwrap(),
        cut_off: cut_off.parse().unwrap(),
        lead_days: 1,
        weekdays: weekdays.iter().copied().collect(),
    }
}

async fn join(market: &Market, account_id: AccountId, role: Role) {
    let request = RegisterRequest {
        account_id,
        role,
        email: format!("{account_id}@ferme.example").into(),
        first_name: "Marie".to_owned().into(),
        last_name: "Dubois".to_owned().into(),
        phone: None,
        company: None,
    };
    register(&market.commands, request, by_producer()).await.unwrap();
}

async fn set(market: &Market, terms: DeliveryTerms) {
    let request = SetDeliveryTermsRequest { producer_id: marie(), terms };
    set_delivery_terms(&market.commands, request, by_producer()).await.unwrap();
}

/// Orders on that Thursday.
async fn order(
    market: &Market,
    apples: ProductId,
    wished: Option<&str>,
    context: CommandContext,
) -> Result<Placed, PlaceError> {
    let request = PlaceRequest { preferred_delivery_date: wished.map(day), ..basket(&[(apples, "3")]) };
    let context = CommandContext { occurred_at: at(THURSDAY), ..context };
    place(&market.commands, request, context).await
}

async fn agreed(market: &Market, placed: &Placed) -> Option<NaiveDate> {
    market.state::<Order>(placed.order.order_id.uuid()).await.agreed_delivery.map(|agreed| agreed.day)
}

#[tokio::test]
async fn a_producer_who_has_said_nothing_changes_nothing() {
    let market = Market::open().await;
    join(&market, marie(), Role::Producer).await;
    let apples = market.product("4.50 EUR").await;
    for wished in [None, Some("2024-08-17"), Some("1999-01-01")] {
        let placed = order(&market, apples, wished, by_buyer()).await.unwrap();
        assert_eq!(agreed(&market, &placed).await, None);
        assert_eq!(placed.executed.events.len(), 1);
    }
}

#[tokio::test]
async fn an_order_is_agreed_on_for_the_wished_or_the_earliest_day() {
    let market = Market::open().await;
    join(&market, marie(), Role::Producer).await;
    let apples = market.product("4.50 EUR").await;
    set(&market, terms("16:00:00", &[Weekday::Saturday, Weekday::Monday])).await;
    for (wished, expected) in [(None, "2024-08-17"), (Some("2024-08-19"), "2024-08-19")] {
        let placed = order(&market, apples, wished, by_buyer()).await.unwrap();
        assert_eq!(agreed(&market, &placed).await, Some(day(expected)));
        assert!(matches!(
            placed.executed.events[..],
            [OrderEvent::OrderPlaced(_), OrderEvent::DeliveryAgreed(_)]
        ));
        assert_eq!(placed.executed.version, 2);
    }
    let refused =
        order(&market, apples, Some("2024-08-18"), by_buyer()).await.map(|placed| placed.order.order_id);
    let (wished, earliest, next) = (day("2024-08-18"), day("2024-08-17"), day("2024-08-19"));
    assert_eq!(refused, Err(PlaceError::NoDelivery(NoDelivery::NotOn { wished, earliest, next })));
}

#[tokio::test]
async fn terms_that_change_later_do_not_move_what_was_placed() {
    let market = Market::open().await;
    join(&market, marie(), Role::Producer).await;
    let apples = market.product("4.50 EUR").await;
    set(&market, terms("16:00:00", &[Weekday::Saturday])).await;
    let context = by_buyer();
    let placed = order(&market, apples, Some("2024-08-17"), context.clone()).await.unwrap();
    set(&market, terms("16:00:00", &[Weekday::Monday])).await;
    assert_eq!(agreed(&market, &placed).await, Some(day("2024-08-17")));
    // Asked again, as its answer was lost: the same order, though nobody could order so now.
    let again = order(&market, apples, Some("2024-08-17"), context).await.unwrap();
    assert_eq!(again.order, placed.order);
    assert_eq!((again.executed.version, again.executed.repeated), (2, true));
    assert_eq!(again.executed.events, placed.executed.events);
    assert!(order(&market, apples, Some("2024-08-17"), by_buyer()).await.is_err());
}

#[tokio::test]
async fn what_is_imported_was_delivered_long_ago() {
    let market = Market::open().await;
    join(&market, marie(), Role::Producer).await;
    let apples = market.product("4.50 EUR").await;
    set(&market, terms("16:00:00", &[Weekday::Saturday])).await;
    let request = PlaceRequest {
        conductor: Conductor::Import,
        preferred_delivery_date: Some(day("2024-08-16")),
        ..basket(&[(apples, "3")])
    };
    let placed = place(&market.commands, request, by_buyer()).await.unwrap();
    assert_eq!(agreed(&market, &placed).await, None);
}

#[tokio::test]
async fn only_producers_have_terms() {
    let market = Market::open().await;
    let buyer = crate::market::bernard();
    join(&market, buyer, Role::Buyer).await;
    let request =
        SetDeliveryTermsRequest { producer_id: buyer, terms: terms("16:00:00", &[Weekday::Monday]) };
    let refused = set_delivery_terms(&market.commands, request, by(buyer, Role::Buyer)).await.unwrap_err();
    assert_eq!(refused, agrodeep_commands::ExecuteError::Refused(AccountRefusal::NoProducer));
}
