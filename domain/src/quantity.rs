//! Exact quantities: thousandths of a unit.

use std::{fmt, str::FromStr};

use rust_decimal::{Decimal, prelude::ToPrimitive};

use crate::{
    as_text::as_text,
    decimal::{self, DecimalError},
};

/// How much of something, in thousandths of its unit. Never negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Quantity {
    thousandths: i64,
}

/// Why a number is no quantity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// Not a decimal number.
    #[error("must be a decimal number")]
    NotANumber,
    /// More than three places after the point.
    #[error("must have at most 3 decimal places")]
    Places,
    /// Beyond what a quantity may be.
    #[error("must be between 0 and 1000000000")]
    Range,
}

impl From<DecimalError> for QuantityError {
    fn from(error: DecimalError) -> Self {
        match error {
            DecimalError::Malformed => Self::NotANumber,
            DecimalError::Places => Self::Places,
            DecimalError::Range => Self::Range,
        }
    }
}

impl Quantity {
    /// None of it.
    pub const ZERO: Self = Self { thousandths: 0 };
    /// The largest quantity: a thousand million units.
    pub const THOUSANDTHS_MAX: i64 = 1_000_000_000_000;

    /// So many thousandths of a unit.
    ///
    /// # Errors
    /// [`QuantityError::Range`] when negative or above [`Self::THOUSANDTHS_MAX`].
    pub fn from_thousandths(thousandths: i64) -> Result<Self, QuantityError> {
        if !(0..=Self::THOUSANDTHS_MAX).contains(&thousandths) {
            return Err(QuantityError::Range);
        }
        Ok(Self { thousandths })
    }

    /// So many whole units.
    ///
    /// # Errors
    /// [`QuantityError::Range`].
    pub fn whole(units: i64) -> Result<Self, QuantityError> {
        Self::from_thousandths(units.checked_mul(1000).ok_or(QuantityError::Range)?)
    }

    /// Takes a decimal as it is written: more than three places are refused, not rounded.
    ///
    /// # Errors
    /// [`QuantityError::Places`], [`QuantityError::Range`].
    pub fn from_decimal(amount: Decimal) -> Result<Self, QuantityError> {
        let amount = amount.normalize();
        if amount.scale() > 3 {
            return Err(QuantityError::Places);
        }
        let thousandths =
            amount.checked_mul(Decimal::ONE_THOUSAND).and_then(|a| a.to_i64()).ok_or(QuantityError::Range)?;
        Self::from_thousandths(thousandths)
    }

    /// In thousandths of the unit.
    pub const fn thousandths(&self) -> i64 {
        self.thousandths
    }

    /// As a decimal without needless zeros.
    pub fn decimal(&self) -> Decimal {
        Decimal::new(self.thousandths, 3).normalize()
    }

    /// Whether it is none.
    pub const fn is_zero(&self) -> bool {
        self.thousandths == 0
    }

    /// The sum, or `None` when it is too large.
    pub fn checked_add(&self, other: Self) -> Option<Self> {
        Self::from_thousandths(self.thousandths + other.thousandths).ok()
    }

    /// What is left after taking `other` away, or `None` when there is not as much.
    pub fn checked_sub(&self, other: Self) -> Option<Self> {
        Self::from_thousandths(self.thousandths - other.thousandths).ok()
    }

    /// What is left after taking `other` away, never below none.
    #[must_use]
    pub fn saturating_sub(&self, other: Self) -> Self {
        self.checked_sub(other).unwrap_or(Self::ZERO)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.decimal(), f)
    }
}

impl FromStr for Quantity {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::from_decimal(decimal::parse(text)?)
    }
}

/// What a quantity counts: `kg`, `piece`, `crate`, …
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Unit(String);

/// Why a text is no unit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 20 lower-case letters or digits, such as kg, piece or crate")]
pub struct UnitError;

impl Unit {
    /// The unit as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Unit {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        if text.is_empty() || text.len() > 20 || !text.bytes().all(letter) {
            return Err(UnitError);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

as_text!(Quantity, r"^[0-9]+(\.[0-9]{1,3})?$");
as_text!(Unit, "^[a-z0-9]{1,20}$");

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;
    use crate::strategies;

    #[test]
    fn a_quantity_is_written_without_needless_zeros() {
        for (thousandths, text) in [(0, "0"), (1, "0.001"), (500, "0.5"), (2500, "2.5"), (10_000, "10")] {
            assert_eq!(Quantity::from_thousandths(thousandths).unwrap().to_string(), text);
        }
        assert_eq!(Quantity::whole(7).unwrap().to_string(), "7");
    }

    #[test]
    fn what_is_no_quantity_is_refused_and_says_why() {
        for (text, error) in [
            ("", QuantityError::NotANumber),
            ("two", QuantityError::NotANumber),
            ("1e3", QuantityError::NotANumber),
            ("1_000", QuantityError::NotANumber),
            ("0.0001", QuantityError::Places),
            ("0.00000000001", QuantityError::Places),
            ("-1", QuantityError::Range),
            ("1000000000.001", QuantityError::Range),
            ("99999999999999999999", QuantityError::Range),
        ] {
            assert_eq!(text.parse::<Quantity>(), Err(error), "{text}");
        }
        assert_eq!(Quantity::whole(i64::MAX), Err(QuantityError::Range));
        assert_eq!(Quantity::whole(-1), Err(QuantityError::Range));
        assert_eq!(Quantity::from_decimal(Decimal::MAX), Err(QuantityError::Range));
    }

    #[test]
    fn a_unit_is_a_short_word() {
        for unit in ["kg", "piece", "crate", "l", "250g", "abcdefghijklmnopqrst"] {
            assert_eq!(unit.parse::<Unit>().unwrap().as_str(), unit);
            assert_eq!(unit.parse::<Unit>().unwrap().to_string(), unit);
        }
        for bad in ["", "Kg", "k g", "pièce", "abcdefghijklmnopqrstu", "kg\0"] {
            assert_eq!(bad.parse::<Unit>(), Err(UnitError), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_quantity_is_read_as_it_is_written(quantity in strategies::quantity()) {
            prop_assert_eq!(quantity.to_string().parse(), Ok(quantity));
            prop_assert_eq!(Quantity::from_decimal(quantity.decimal()), Ok(quantity));
            let json = serde_json::to_string(&quantity).unwrap();
            prop_assert_eq!(serde_json::from_str::<Quantity>(&json).unwrap(), quantity);
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC*", digits in "-?[0-9]{0,60}\\.?[0-9]{0,60}") {
            let _ = text.parse::<Quantity>();
            let _ = digits.parse::<Quantity>();
        }

        #[test]
        fn the_schema_allows_units_and_plain_numbers(
            unit in strategies::text_by_schema_of::<Unit>(),
            number in strategies::text_by_schema_of::<Quantity>(),
        ) {
            prop_assert!(unit.parse::<Unit>().is_ok(), "{unit}");
            prop_assert!(matches!(number.parse::<Quantity>(), Ok(_) | Err(QuantityError::Range)), "{number}");
        }

        #[test]
        fn what_is_added_can_be_taken_away(a in strategies::quantity(), b in strategies::quantity()) {
            match a.checked_add(b) {
                Some(sum) => {
                    prop_assert_eq!(sum.thousandths(), a.thousandths() + b.thousandths());
                    prop_assert_eq!(sum.checked_sub(b), Some(a));
                }
                None => prop_assert!(a.thousandths() + b.thousandths() > Quantity::THOUSANDTHS_MAX),
            }
            prop_assert_eq!(a.checked_sub(b).is_none(), a < b);
            prop_assert_eq!(a.saturating_sub(b).thousandths(), (a.thousandths() - b.thousandths()).max(0));
        }
    }
}
