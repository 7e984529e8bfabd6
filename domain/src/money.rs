//! Exact money: hundredths of an ISO 4217 currency. Never a binary float.

use std::{borrow::Cow, fmt, str::FromStr};

use rust_decimal::{Decimal, RoundingStrategy, prelude::ToPrimitive};
use serde::{Deserialize, Serialize};

use crate::{
    Quantity,
    decimal::{self, DecimalError},
};

/// An ISO 4217 alphabetic code, for example `EUR`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency([u8; 3]);

impl Currency {
    /// The euro.
    pub const EUR: Self = Self(*b"EUR");
    /// The United States dollar.
    pub const USD: Self = Self(*b"USD");

    /// The three letters.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }
}

/// Currencies of ISO 4217 whose minor unit is a hundredth: amounts have two places here, so others cannot be represented.
const WITH_HUNDREDTHS: &str = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP \
CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP \
LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR \
SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG";

/// Why a text or number is no amount of money.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not a code of ISO 4217 with hundredths.
    #[error("must be an ISO 4217 currency with two decimal places, such as EUR")]
    Currency,
    /// Not a decimal number.
    #[error("must be a decimal number")]
    NotANumber,
    /// More than two places after the point.
    #[error("must have at most 2 decimal places")]
    Places,
    /// Beyond what an amount may be.
    #[error("must be between 0 and 9999999999.99")]
    Range,
    /// Two currencies in one sum.
    #[error("amounts in {0} and {1} cannot be added")]
    Mixed(Currency, Currency),
}

impl From<DecimalError> for MoneyError {
    fn from(error: DecimalError) -> Self {
        match error {
            DecimalError::Malformed => Self::NotANumber,
            DecimalError::Places => Self::Places,
            DecimalError::Range => Self::Range,
        }
    }
}

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let code: [u8; 3] = text.as_bytes().try_into().map_err(|_| MoneyError::Currency)?;
        if !text.bytes().all(|b| b.is_ascii_uppercase()) || !WITH_HUNDREDTHS.contains(text) {
            return Err(MoneyError::Currency);
        }
        Ok(Self(code))
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// An amount of money in hundredths of its currency. Never negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Money {
    hundredths: i64,
    currency: Currency,
}

impl Money {
    /// The largest amount: 9,999,999,999.99.
    pub const HUNDREDTHS_MAX: i64 = 999_999_999_999;

    /// Nothing, in `currency`.
    pub const fn zero(currency: Currency) -> Self {
        Self { hundredths: 0, currency }
    }

    /// So many hundredths (cents) of `currency`.
    ///
    /// # Errors
    /// [`MoneyError::Range`] when negative or above [`Self::HUNDREDTHS_MAX`].
    pub fn from_hundredths(hundredths: i64, currency: Currency) -> Result<Self, MoneyError> {
        if !(0..=Self::HUNDREDTHS_MAX).contains(&hundredths) {
            return Err(MoneyError::Range);
        }
        Ok(Self { hundredths, currency })
    }

    /// Takes a decimal as it is written: more than two places are refused, not rounded.
    ///
    /// # Errors
    /// [`MoneyError::Places`], [`MoneyError::Range`].
    pub fn from_decimal(amount: Decimal, currency: Currency) -> Result<Self, MoneyError> {
        let amount = amount.normalize();
        if amount.scale() > 2 {
            return Err(MoneyError::Places);
        }
        let hundredths =
            amount.checked_mul(Decimal::ONE_HUNDRED).and_then(|a| a.to_i64()).ok_or(MoneyError::Range)?;
        Self::from_hundredths(hundredths, currency)
    }

    /// The amount in hundredths.
    pub const fn hundredths(&self) -> i64 {
        self.hundredths
    }

    /// The currency.
    pub const fn currency(&self) -> Currency {
        self.currency
    }

    /// The amount as a decimal with two places.
    pub fn amount(&self) -> Decimal {
        Decimal::new(self.hundredths, 2)
    }

    /// Whether it is nothing.
    pub const fn is_zero(&self) -> bool {
        self.hundredths == 0
    }

    /// The price of `quantity` at `self` per unit, rounded half to even to hundredths.
    ///
    /// # Errors
    /// [`MoneyError::Range`] when the product is too large to be an amount.
    pub fn times(&self, quantity: Quantity) -> Result<Self, MoneyError> {
        let exact = self.amount().checked_mul(quantity.decimal()).ok_or(MoneyError::Range)?;
        let rounded = exact.round_dp_with_strategy(2, RoundingStrategy::MidpointNearestEven);
        Self::from_decimal(rounded, self.currency)
    }

    /// The sum of two amounts of one currency.
    ///
    /// # Errors
    /// [`MoneyError::Mixed`], [`MoneyError::Range`].
    pub fn plus(&self, other: Self) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::Mixed(self.currency, other.currency));
        }
        Self::from_hundredths(self.hundredths + other.hundredths, self.currency)
    }
}

/// The text for people: `13.50 EUR`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02} {}", self.hundredths / 100, self.hundredths % 100, self.currency)
    }
}

impl FromStr for Money {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (amount, currency) = text.split_once(' ').ok_or(MoneyError::NotANumber)?;
        Self::from_decimal(decimal::parse(amount)?, currency.parse()?)
    }
}

macro_rules! as_text {
    ($name:ident, $pattern:literal) => {
        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Cow::<'_, str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "pattern": $pattern })
            }
        }
    };
}
pub(crate) use as_text;

as_text!(Currency, "^[A-Z]{3}$");
as_text!(Money, r"^[0-9]+\.[0-9]{2} [A-Z]{3}$");
