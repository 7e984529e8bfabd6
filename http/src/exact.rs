//! Exact numbers in JSON: `4.50` is read and written digit by digit, never through a binary float.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use serde_json::value::RawValue;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, schema::Type},
};

use agrodeep_domain::{Currency, Money, Quantity, money::MoneyError, quantity::QuantityError};

/// A decimal number as a JSON number, with the digits it was written with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExactDecimal(pub Decimal);

/// No number of this length is meant seriously; longer ones are refused before any arithmetic.
const DIGITS_MAX: usize = 64;

impl ExactDecimal {
    /// The number as an amount of money.
    ///
    /// # Errors
    /// More than two places, negative, or too large.
    pub fn money(self, currency: Currency) -> Result<Money, MoneyError> {
        Money::from_decimal(self.0, currency)
    }

    /// The number as a quantity.
    ///
    /// # Errors
    /// More than three places, negative, or too large.
    pub fn quantity(self) -> Result<Quantity, QuantityError> {
        Quantity::from_decimal(self.0)
    }
}

impl<'de> Deserialize<'de> for ExactDecimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let token = raw.get();
        if !token.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
            return Err(D::Error::custom("must be a number"));
        }
        if token.len() > DIGITS_MAX {
            return Err(D::Error::custom("has too many digits"));
        }
        exactly(token).map(Self).ok_or_else(|| D::Error::custom("is out of range or has too many digits"))
    }
}

/// The number that a JSON number token stands for; `None` when a decimal cannot hold it without loss.
fn exactly(token: &str) -> Option<Decimal> {
    let (digits, exponent) = token.split_once(['e', 'E']).unwrap_or((token, "0"));
    let mut number = Decimal::from_str_exact(digits).ok()?;
    let exponent: i32 = exponent.parse().ok()?;
    if exponent >= 0 {
        let power = 10_i128.checked_pow(exponent.unsigned_abs())?;
        return number.checked_mul(Decimal::try_from_i128_with_scale(power, 0).ok()?);
    }
    number.set_scale(number.scale().checked_add(exponent.unsigned_abs())?).ok()?;
    Some(number)
}

impl Serialize for ExactDecimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        number(&self.0, serializer)
    }
}

/// An amount without its currency, as a JSON number with two places: `4.50`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExactMoney(pub Money);

impl Serialize for ExactMoney {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        number(&self.0.amount(), serializer)
    }
}

/// A quantity as a JSON number without needless zeros: `2`, `1.5`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExactQuantity(pub Quantity);

impl Serialize for ExactQuantity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        number(&self.0, serializer)
    }
}

fn number<S: Serializer>(value: &impl fmt::Display, serializer: S) -> Result<S::Ok, S::Error> {
    let raw = RawValue::from_string(value.to_string()).map_err(serde::ser::Error::custom)?;
    raw.serialize(serializer)
}

macro_rules! number_schema {
    ($($name:ident: $description:literal),+) => {
        $(impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new()
                    .schema_type(Type::Number)
                    .description(Some($description))
                    .into()
            }
        }
        impl ToSchema for $name {})+
    };
}

number_schema!(
    ExactDecimal: "An exact decimal number.",
    ExactMoney: "An exact amount with two decimal places.",
    ExactQuantity: "An exact quantity with at most three decimal places."
);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn read(text: &str) -> Result<ExactDecimal, serde_json::Error> {
        serde_json::from_str(text)
    }

    #[test]
    fn digits_stay_as_they_were_written() {
        for text in ["4.50", "0.1", "9007199254740993", "-3", "0.30000000000000000001"] {
            assert_eq!(serde_json::to_string(&read(text).unwrap()).unwrap(), text);
        }
        assert_eq!(read("1.5e2").unwrap().0, Decimal::from(150));
    }

    #[test]
    fn what_is_no_number_or_cannot_be_exact_is_refused() {
        for text in [
            "\"4.50\"",
            "true",
            "null",
            "[1]",
            "1e99",
            "1e-40",
            "79228162514264337593543950336",
            "0.12345678901234567890123456789",
            "0.12345678901234567890123456789e0",
            "79228162514264337593543950335e5",
            "1e99999999999",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(read(&"9".repeat(10_000)).is_err());
    }

    #[test]
    fn money_has_two_places_and_a_quantity_no_needless_zeros() {
        let money = Money::from_hundredths(450, Currency::EUR).unwrap();
        assert_eq!(serde_json::to_string(&ExactMoney(money)).unwrap(), "4.50");
        assert_eq!(
            serde_json::to_string(&ExactQuantity(Quantity::from_thousandths(1500).unwrap())).unwrap(),
            "1.5"
        );
    }
}
