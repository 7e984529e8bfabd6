//! The order and the products of a small market.

use agrodeep_domain::{
    AccountId, Aggregate, Currency, LocalizedText, Money, OrderId, OrderNumber, Product, ProductId, Quantity,
    order::{Conductor, OrderLine, PlaceOrder},
    product::{CreateProduct, ProductDetails},
};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use uuid::Uuid;

pub(super) const BUYER: u128 = 1;
pub(super) const PRODUCER: u128 = 2;
pub(super) const DRIVER: u128 = 3;

pub(super) fn product_id(n: usize) -> ProductId {
    ProductId::from_uuid(Uuid::from_u128(100 + n as u128))
}

pub(super) fn account(n: u128) -> AccountId {
    AccountId::from_uuid(Uuid::from_u128(n))
}

pub(super) fn placed_at() -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 0).unwrap()
}

pub(super) fn due_at() -> DateTime<Utc> {
    placed_at() + TimeDelta::minutes(30)
}

pub(super) fn day() -> NaiveDate {
    placed_at().date_naive()
}

fn price() -> Money {
    Money::from_hundredths(450, Currency::EUR).unwrap()
}

fn name() -> LocalizedText {
    LocalizedText::parse([(agrodeep_domain::Language::En, "Tomatoes".to_owned())].into(), 100).unwrap()
}

pub(super) fn product(n: usize, stock: i64) -> Product {
    let create = CreateProduct {
        product_id: product_id(n),
        producer_id: account(PRODUCER),
        details: ProductDetails {
            name: name(),
            description: None,
            category_id: "cat_vegetables".parse().unwrap(),
            unit: "piece".parse().unwrap(),
            images: vec![],
            tags: vec![],
            is_organic: false,
            is_fair_trade: false,
            qr_code_data: None,
        },
        price: price(),
        stock: Quantity::whole(stock).unwrap(),
    };
    Product::fold(&Product::default().decide(&create.into()).unwrap())
}

pub(super) fn place(order_id: OrderId, lines: usize) -> PlaceOrder {
    let line = |n| OrderLine {
        product_id: product_id(n),
        producer_id: account(PRODUCER),
        name: name(),
        quantity: Quantity::whole(1).unwrap(),
        unit: "piece".parse().unwrap(),
        unit_price: price(),
        total: price(),
        notes: None,
    };
    PlaceOrder {
        order_id,
        number: OrderNumber::new(day(), 1),
        buyer_id: account(BUYER),
        lines: (0..lines).map(line).collect(),
        shipping_address: agrodeep_domain::Address {
            street: "1 rue des Halles".to_owned(),
            city: "Paris".to_owned(),
            zip_code: "75001".to_owned(),
            country: "FR".to_owned(),
            location: None,
        },
        billing_address: None,
        preferred_delivery_date: None,
        agreed_delivery: None,
        notes: None,
        expires_at: due_at(),
        conductor: Conductor::ProcessManager,
    }
}
