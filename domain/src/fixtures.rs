//! Values that tests of all aggregates speak of.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use crate::{
    AccountId, Address, DeliveryId, GeoPoint, Language, LocalizedText, Money, OrderId, OrderNumber,
    ProductId, Quantity, TrackingNumber,
};

pub(crate) fn account_id(n: u128) -> AccountId {
    AccountId::from_uuid(Uuid::from_u128(n))
}

pub(crate) fn product_id(n: u128) -> ProductId {
    ProductId::from_uuid(Uuid::from_u128(n))
}

pub(crate) fn order_id(n: u128) -> OrderId {
    OrderId::from_uuid(Uuid::from_u128(n))
}

pub(crate) fn delivery_id(n: u128) -> DeliveryId {
    DeliveryId::from_uuid(Uuid::from_u128(n))
}

/// Who buys.
pub(crate) fn buyer() -> AccountId {
    account_id(1)
}

/// Who grows tomatoes.
pub(crate) fn marie() -> AccountId {
    account_id(2)
}

/// Who grows basil.
pub(crate) fn paul() -> AccountId {
    account_id(3)
}

/// Who drives.
pub(crate) fn driver() -> AccountId {
    account_id(4)
}

/// Somebody who has nothing to do with it.
pub(crate) fn stranger() -> AccountId {
    account_id(99)
}

pub(crate) fn money(text: &str) -> Money {
    text.parse().unwrap()
}

pub(crate) fn quantity(text: &str) -> Quantity {
    text.parse().unwrap()
}

pub(crate) fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub(crate) fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2024, 8, 15).unwrap()
}

pub(crate) fn order_number() -> OrderNumber {
    OrderNumber::new(day(), 1)
}

pub(crate) fn tracking_number(ordinal: u32) -> TrackingNumber {
    TrackingNumber::new(day(), ordinal)
}

pub(crate) fn in_french(text: &str) -> LocalizedText {
    LocalizedText::parse(BTreeMap::from([(Language::Fr, text.to_owned())]), 200).unwrap()
}

pub(crate) fn address() -> Address {
    Address {
        street: "12 rue des Lilas".to_owned(),
        city: "Lyon".to_owned(),
        zip_code: "69003".to_owned(),
        country: "FR".to_owned(),
        location: Some(GeoPoint::new(45.7578, 4.832).unwrap()),
    }
}

/// A word that stands for personal data, to be looked for where it must not be.
pub(crate) const CANARY: &str = "Jacqueline-Canari";

/// Nothing personal shows in what a log line would print of `value`.
pub(crate) fn assert_keeps_quiet(value: &impl std::fmt::Debug) {
    let shown = format!("{value:?}");
    assert!(!shown.contains(CANARY), "personal data in {shown}");
}
