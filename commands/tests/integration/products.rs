use agrodeep_commands::{
    Commands, ExecuteError,
    product::{
        DelistRequest, ProductError, StockCount, StockCountError, UpdateRequest, count_stock_batch, create,
        delist, update,
    },
};
use agrodeep_domain::{
    Product, ProductId,
    product::{HoldStock, ProductRefusal},
};
use chrono::Utc;
use uuid::Uuid;

use crate::market::{Market, account, by_producer, details, marie, money, offer, with_lot};

fn change(product_id: ProductId) -> UpdateRequest {
    UpdateRequest { product_id, producer_id: marie(), details: None, price: None, on_hand: None }
}

async fn with_the_lot(commands: &Commands, lot: &str) -> Result<ProductId, ProductError> {
    create(commands, offer(with_lot(lot), "4.50 EUR"), by_producer()).await.map(|(id, _)| id)
}

#[tokio::test]
async fn a_product_is_created_once_by_one_command() {
    let market = Market::open().await;
    let context = by_producer();
    let request = offer(with_lot("LOT-1"), "4.50 EUR");
    let (first, executed) = create(&market.commands, request.clone(), context.clone()).await.unwrap();
    assert_eq!(first, ProductId::from_uuid(context.command_id));
    assert!(!executed.repeated);
    let (again, executed) = create(&market.commands, request, context).await.unwrap();
    assert_eq!(again, first);
    assert!(executed.repeated);
}

#[tokio::test]
async fn a_product_that_costs_nothing_takes_no_lot() {
    let market = Market::open().await;
    let refused = create(&market.commands, offer(with_lot("LOT-1"), "0.00 EUR"), by_producer()).await;
    assert_eq!(refused.unwrap_err(), ExecuteError::Refused(ProductRefusal::NoPrice).into());
    with_the_lot(&market.commands, "LOT-1").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_products_gets_a_lot() {
    let market = Market::open().await;
    let created = (0..16).map(|_| {
        let commands = market.commands.clone();
        tokio::spawn(async move { with_the_lot(&commands, "LOT-1").await })
    });
    let created: Vec<_> = futures::future::join_all(created).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(created.iter().filter(|created| created.is_ok()).count(), 1);
    let taken = |created: &&Result<_, _>| **created == Err(ProductError::LotTaken);
    assert_eq!(created.iter().filter(taken).count(), 15);
}

#[tokio::test]
async fn a_product_keeps_every_lot_it_has_had() {
    let market = Market::open().await;
    let commands = &market.commands;
    let product_id = with_the_lot(commands, "LOT-1").await.unwrap();
    let request = UpdateRequest { details: Some(with_lot("LOT-2")), ..change(product_id) };
    update(commands, request, by_producer()).await.unwrap();
    market.sql("update reservations set claimed_at = claimed_at - interval '25 hours'").await;
    for lot in ["LOT-1", "LOT-2"] {
        assert_eq!(with_the_lot(commands, lot).await, Err(ProductError::LotTaken), "{lot}");
    }
    let back = UpdateRequest { details: Some(with_lot("LOT-1")), ..change(product_id) };
    update(commands, back, by_producer()).await.unwrap();
}

#[tokio::test]
async fn a_lot_whose_product_never_came_into_being_is_free_after_a_day() {
    let market = Market::open().await;
    let died_before_creating = Uuid::now_v7();
    market.commands.reservations.claim("qr_code_data", "LOT-1", died_before_creating).await.unwrap();
    assert_eq!(with_the_lot(&market.commands, "LOT-1").await, Err(ProductError::LotTaken));
    market.sql("update reservations set claimed_at = claimed_at - interval '25 hours'").await;
    with_the_lot(&market.commands, "LOT-1").await.unwrap();
}

#[tokio::test]
async fn an_update_is_one_decision_and_shows_the_product_as_it_is_then() {
    let market = Market::open().await;
    let product_id = market.product("4.50 EUR").await;
    let request = UpdateRequest {
        details: Some(with_lot("LOT-1")),
        price: Some(money("5.00 EUR")),
        on_hand: Some("12".parse().unwrap()),
        ..change(product_id)
    };
    let updated = update(&market.commands, request.clone(), by_producer()).await.unwrap();
    assert_eq!(updated.executed.events.len(), 3);
    assert_eq!(updated.executed.version, 4);
    let offer = updated.product.offer.unwrap();
    assert_eq!((offer.price, offer.details), (money("5.00 EUR"), with_lot("LOT-1")));
    assert_eq!(updated.product.on_hand.to_string(), "12");

    let same = update(&market.commands, request, by_producer()).await.unwrap();
    assert_eq!((same.executed.events.len(), same.executed.version), (0, 4));
}

#[tokio::test]
async fn nobody_claims_a_lot_for_what_is_not_theirs() {
    let market = Market::open().await;
    let product_id = market.product("4.50 EUR").await;
    let nowhere = ProductId::from_uuid(Uuid::from_u128(404));
    let details = Some(with_lot("LOT-1"));
    for (request, refusal) in [
        (UpdateRequest { producer_id: account(99), ..change(product_id) }, ProductRefusal::NotYours),
        (change(nowhere), ProductRefusal::NoSuchProduct),
    ] {
        let request = UpdateRequest { details: details.clone(), ..request };
        let refused = update(&market.commands, request, by_producer()).await.unwrap_err();
        assert_eq!(refused, ExecuteError::Refused(refusal).into());
    }
    with_the_lot(&market.commands, "LOT-1").await.unwrap();
}

#[tokio::test]
async fn counts_stand_alone() {
    let market = Market::open().await;
    let (fine, held) = (market.product("4.50 EUR").await, market.product("4.50 EUR").await);
    let (_, his) = (market.product("4.50 EUR").await, market.product("4.50 EUR").await);
    let nowhere = ProductId::from_uuid(Uuid::from_u128(404));
    let keep = HoldStock {
        order_id: agrodeep_domain::OrderId::from_uuid(Uuid::from_u128(1)),
        quantity: "3".parse().unwrap(),
        expires_at: Utc::now(),
    };
    market.execute::<Product>(held.uuid(), keep).await;
    let delisted = DelistRequest { product_id: his, producer_id: marie() };
    delist(&market.commands, delisted, by_producer()).await.unwrap();

    let count = |product_id, on_hand: &str| StockCount { product_id, on_hand: on_hand.parse().unwrap() };
    let counts = [count(fine, "7"), count(held, "2"), count(his, "1"), count(nowhere, "1"), count(fine, "8")];
    let context = by_producer();
    for repeated in [false, true] {
        let taken = count_stock_batch(&market.commands, marie(), &counts, context.clone()).await.unwrap();
        let outcomes: Vec<_> = taken.iter().map(|taken| taken.as_ref().map(|done| done.repeated)).collect();
        assert_eq!(
            outcomes,
            [
                Ok(repeated),
                Err(&StockCountError::Refused(ProductRefusal::BelowHolds { held: "3".parse().unwrap() })),
                Err(&StockCountError::Refused(ProductRefusal::Delisted)),
                Err(&StockCountError::Refused(ProductRefusal::NoSuchProduct)),
                Err(&StockCountError::Duplicate),
            ]
        );
    }
    assert_eq!(market.state::<Product>(fine.uuid()).await.on_hand.to_string(), "7");
}

#[tokio::test]
async fn what_is_delisted_is_changed_no_more() {
    let market = Market::open().await;
    let product_id = market.product("4.50 EUR").await;
    let request = DelistRequest { product_id, producer_id: marie() };
    delist(&market.commands, request.clone(), by_producer()).await.unwrap();
    let request = UpdateRequest { details: Some(details()), ..change(product_id) };
    let refused = update(&market.commands, request, by_producer()).await.unwrap_err();
    assert_eq!(refused, ExecuteError::Refused(ProductRefusal::Delisted).into());
}
