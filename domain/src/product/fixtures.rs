//! Marie's tomatoes: 10 kg at 4.50, some of them kept for orders.
#![allow(clippy::unwrap_used)]

use super::{
    CreateProduct, HoldCommitted, HoldExpired, HoldReduced, HoldReleased, HoldStock, Product, ProductCreated,
    ProductDelisted, ProductDetails, ProductEvent, StockCounted, StockHeld,
};
use crate::{fixtures::*, testing::given};

pub(crate) fn details() -> ProductDetails {
    ProductDetails {
        name: in_french("Tomates cœur de bœuf"),
        description: Some(in_french("Mûries au soleil")),
        category_id: "cat_vegetables".parse().unwrap(),
        unit: "kg".parse().unwrap(),
        images: vec!["https://images.example/tomates.jpg".to_owned()],
        tags: vec!["tomate".to_owned()],
        is_organic: true,
        is_fair_trade: false,
        qr_code_data: Some("LOT-2024-0815".to_owned()),
    }
}

pub(crate) fn create() -> CreateProduct {
    CreateProduct {
        product_id: product_id(10),
        producer_id: marie(),
        details: details(),
        price: money("4.50 EUR"),
        stock: quantity("10"),
    }
}

pub(crate) fn created() -> ProductEvent {
    let create = create();
    ProductCreated {
        product_id: create.product_id,
        producer_id: create.producer_id,
        details: create.details,
        price: create.price,
        stock: create.stock,
    }
    .into()
}

pub(crate) fn counted(on_hand: &str) -> ProductEvent {
    StockCounted { on_hand: quantity(on_hand) }.into()
}

pub(crate) fn delisted() -> ProductEvent {
    ProductDelisted {}.into()
}

pub(crate) fn hold(order: u128, amount: &str) -> HoldStock {
    HoldStock {
        order_id: order_id(order),
        quantity: quantity(amount),
        expires_at: time("2024-08-15T10:30:00Z"),
    }
}

pub(crate) fn held(order: u128, amount: &str) -> ProductEvent {
    let hold = hold(order, amount);
    StockHeld { order_id: hold.order_id, quantity: hold.quantity, expires_at: hold.expires_at }.into()
}

pub(crate) fn released(order: u128, amount: &str) -> ProductEvent {
    HoldReleased { order_id: order_id(order), quantity: quantity(amount) }.into()
}

pub(crate) fn expired(order: u128, amount: &str) -> ProductEvent {
    HoldExpired { order_id: order_id(order), quantity: quantity(amount) }.into()
}

pub(crate) fn committed(order: u128, amount: &str) -> ProductEvent {
    HoldCommitted { order_id: order_id(order), quantity: quantity(amount) }.into()
}

pub(crate) fn reduced(order: u128, to: &str, freed: &str) -> ProductEvent {
    HoldReduced { order_id: order_id(order), quantity: quantity(to), freed: quantity(freed) }.into()
}

/// On hand, held and available after `events`.
pub(crate) fn stock<const N: usize>(events: [ProductEvent; N]) -> (String, String, String) {
    let product = given::<Product>(events).state();
    (product.on_hand.to_string(), product.held.to_string(), product.available().to_string())
}

/// What [`stock`] gives, written by hand.
pub(crate) fn is(on_hand: &str, held: &str, available: &str) -> (String, String, String) {
    (on_hand.to_owned(), held.to_owned(), available.to_owned())
}
