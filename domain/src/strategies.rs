//! Any value of the domain, for property tests.
#![allow(clippy::unwrap_used)]

use chrono::{DateTime, NaiveDate, Utc};
use proptest::prelude::*;
use uuid::Uuid;

use schemars::JsonSchema;

use crate::{
    AccountId, Address, Currency, DeliveryId, GeoPoint, Language, LocalizedText, Money, OrderId, OrderNumber,
    Personal, ProductId, Quantity, Role, TrackingNumber, Unit, id::CategoryId,
};

/// Any text a JSON string can carry: quotes, emoji, control characters.
pub(crate) fn text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[a-zé ]{1,20}", Just("\u{0}\"\\\n🍅".to_owned())]
}

pub(crate) fn personal() -> impl Strategy<Value = Personal<String>> {
    text().prop_map(Personal::new)
}

fn uuid() -> impl Strategy<Value = Uuid> {
    any::<u128>().prop_map(Uuid::from_u128)
}

pub(crate) fn account_id() -> impl Strategy<Value = AccountId> {
    uuid().prop_map(AccountId::from_uuid)
}

pub(crate) fn product_id() -> impl Strategy<Value = ProductId> {
    uuid().prop_map(ProductId::from_uuid)
}

pub(crate) fn order_id() -> impl Strategy<Value = OrderId> {
    uuid().prop_map(OrderId::from_uuid)
}

pub(crate) fn delivery_id() -> impl Strategy<Value = DeliveryId> {
    uuid().prop_map(DeliveryId::from_uuid)
}

pub(crate) fn category_id() -> impl Strategy<Value = CategoryId> {
    "cat_[a-z0-9]{1,10}(-[a-z0-9]{1,10}){0,3}".prop_map(|text| text.parse().unwrap())
}

pub(crate) fn currency() -> impl Strategy<Value = Currency> {
    prop_oneof![Just(Currency::EUR), Just(Currency::USD), Just("CHF".parse().unwrap())]
}

/// Any amount, small ones as often as large ones.
pub(crate) fn money() -> impl Strategy<Value = Money> {
    let hundredths = prop_oneof![0..=10_000i64, 0..=Money::HUNDREDTHS_MAX, Just(Money::HUNDREDTHS_MAX)];
    (hundredths, currency())
        .prop_map(|(hundredths, currency)| Money::from_hundredths(hundredths, currency).unwrap())
}

/// Any quantity, small ones as often as large ones.
pub(crate) fn quantity() -> impl Strategy<Value = Quantity> {
    let thousandths =
        prop_oneof![0..=10_000i64, 0..=Quantity::THOUSANDTHS_MAX, Just(Quantity::THOUSANDTHS_MAX)];
    thousandths.prop_map(|thousandths| Quantity::from_thousandths(thousandths).unwrap())
}

pub(crate) fn unit() -> impl Strategy<Value = Unit> {
    "[a-z0-9]{1,20}".prop_map(|text| text.parse().unwrap())
}

/// From 1970 to the year 9999, to the nanosecond.
pub(crate) fn time() -> impl Strategy<Value = DateTime<Utc>> {
    (0..253_402_300_800i64, 0..1_000_000_000u32)
        .prop_map(|(seconds, nanos)| DateTime::from_timestamp(seconds, nanos).unwrap())
}

pub(crate) fn day() -> impl Strategy<Value = NaiveDate> {
    time().prop_map(|time| time.date_naive())
}

pub(crate) fn order_number() -> impl Strategy<Value = OrderNumber> {
    (day(), 1..=u32::MAX).prop_map(|(day, ordinal)| OrderNumber::new(day, ordinal))
}

pub(crate) fn tracking_number() -> impl Strategy<Value = TrackingNumber> {
    (day(), 1..=u32::MAX).prop_map(|(day, ordinal)| TrackingNumber::new(day, ordinal))
}

pub(crate) fn geo_point() -> impl Strategy<Value = GeoPoint> {
    (-90.0..=90.0, -180.0..=180.0)
        .prop_map(|(latitude, longitude)| GeoPoint::new(latitude, longitude).unwrap())
}

pub(crate) fn address() -> impl Strategy<Value = Address> {
    (text(), text(), text(), "[A-Z]{2}", proptest::option::of(geo_point())).prop_map(
        |(street, city, zip_code, country, location)| Address { street, city, zip_code, country, location },
    )
}

pub(crate) fn language() -> impl Strategy<Value = Language> {
    prop_oneof![Just(Language::Fr), Just(Language::En)]
}

pub(crate) fn localized_text() -> impl Strategy<Value = LocalizedText> {
    proptest::collection::btree_map(language(), "[a-zéA-Z0-9\"\\\\🍅]{1,20}", 1..=2)
        .prop_map(|texts| LocalizedText::parse(texts, 200).unwrap())
}

pub(crate) fn role() -> impl Strategy<Value = Role> {
    proptest::sample::select(Role::ALL.to_vec())
}

/// Any text that the schema of `T` allows, for values that are a text with a pattern.
pub(crate) fn text_by_schema_of<T: JsonSchema>() -> impl Strategy<Value = String> {
    let schema = schemars::schema_for!(T);
    assert_eq!(schema.get("type"), Some(&"string".into()));
    let pattern = schema.get("pattern").and_then(|pattern| pattern.as_str()).unwrap();
    let inner = pattern.strip_prefix('^').and_then(|rest| rest.strip_suffix('$')).unwrap();
    proptest::string::string_regex(inner).unwrap()
}
