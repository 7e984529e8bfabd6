//! Exact money: hundredths of an ISO 4217 currency. Never a binary float.

mod currency;

use std::{fmt, str::FromStr};

use rust_decimal::{Decimal, RoundingStrategy, prelude::ToPrimitive};

pub use self::currency::Currency;

use crate::{
    Quantity,
    as_text::as_text,
    decimal::{self, DecimalError},
};

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

    /// What is left when `other` is taken away, of one currency.
    ///
    /// # Errors
    /// [`MoneyError::Mixed`], or [`MoneyError::Range`] when more is taken than there is.
    pub fn minus(&self, other: Self) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::Mixed(self.currency, other.currency));
        }
        Self::from_hundredths(self.hundredths - other.hundredths, self.currency)
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

as_text!(Money, r"^[0-9]+\.[0-9]{2} [A-Z]{3}$");

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;
    use crate::strategies;

    fn money(text: &str) -> Money {
        text.parse().unwrap()
    }

    fn times(price: &str, quantity: &str) -> String {
        money(price).times(quantity.parse().unwrap()).unwrap().to_string()
    }

    #[test]
    fn an_amount_is_written_with_two_places_and_its_currency() {
        for (hundredths, text) in
            [(0, "0.00 EUR"), (5, "0.05 EUR"), (1350, "13.50 EUR"), (100_000, "1000.00 EUR")]
        {
            assert_eq!(Money::from_hundredths(hundredths, Currency::EUR).unwrap().to_string(), text);
        }
        assert_eq!(Money::zero(Currency::USD).to_string(), "0.00 USD");
    }

    #[test]
    fn an_amount_may_be_written_shorter_than_it_is_read_out() {
        for text in ["4.5 EUR", "4.50 EUR", "4.500000 EUR", "04.5 EUR"] {
            assert_eq!(money(text), money("4.50 EUR"), "{text}");
        }
    }

    #[test]
    fn what_is_no_amount_is_refused_and_says_why() {
        for (text, error) in [
            ("", MoneyError::NotANumber),
            ("4.50", MoneyError::NotANumber),
            ("4,50 EUR", MoneyError::NotANumber),
            ("1e3 EUR", MoneyError::NotANumber),
            (" 4.50 EUR", MoneyError::NotANumber),
            ("4.501 EUR", MoneyError::Places),
            ("0.00000000001 EUR", MoneyError::Places),
            ("-0.01 EUR", MoneyError::Range),
            ("10000000000.00 EUR", MoneyError::Range),
            ("99999999999999999999999999999999999 EUR", MoneyError::Range),
            ("4.50 ", MoneyError::Currency),
            ("4.50 eur", MoneyError::Currency),
            ("4.50 EURO", MoneyError::Currency),
            ("4.50 XXX", MoneyError::Currency),
            ("4.50 EUR EUR", MoneyError::Currency),
            ("4.50 R A", MoneyError::Currency),
            // No hundredths: yen have none, dinars of Kuwait have thousandths.
            ("450 JPY", MoneyError::Currency),
            ("4.50 KWD", MoneyError::Currency),
        ] {
            assert_eq!(text.parse::<Money>(), Err(error), "{text}");
        }
    }

    #[test]
    fn the_largest_amount_is_an_amount() {
        assert_eq!(money("9999999999.99 EUR").hundredths(), Money::HUNDREDTHS_MAX);
        assert_eq!(money("9999999999.99 EUR").plus(money("0.01 EUR")), Err(MoneyError::Range));
        assert_eq!(money("9999999999.99 EUR").times("1.001".parse().unwrap()), Err(MoneyError::Range));
        assert_eq!(Money::from_hundredths(-1, Currency::EUR), Err(MoneyError::Range));
        assert_eq!(Money::from_decimal(Decimal::MAX, Currency::EUR), Err(MoneyError::Range));
        assert_eq!(Money::from_decimal(Decimal::MIN, Currency::EUR), Err(MoneyError::Range));
    }

    #[test]
    fn a_half_cent_goes_to_the_even_cent() {
        for (price, quantity, total) in [
            ("0.01 EUR", "0.5", "0.00 EUR"),
            ("0.03 EUR", "0.5", "0.02 EUR"),
            ("0.05 EUR", "0.5", "0.02 EUR"),
            ("0.07 EUR", "0.5", "0.04 EUR"),
            ("0.05 EUR", "0.501", "0.03 EUR"),
            ("0.05 EUR", "0.499", "0.02 EUR"),
            ("4.50 EUR", "2.5", "11.25 EUR"),
            ("1.99 EUR", "0.333", "0.66 EUR"),
        ] {
            assert_eq!(times(price, quantity), total, "{price} × {quantity}");
        }
    }

    #[test]
    fn two_currencies_make_no_sum() {
        let mixed = money("1.00 EUR").plus(money("1.00 USD"));
        assert_eq!(mixed, Err(MoneyError::Mixed(Currency::EUR, Currency::USD)));
        assert_eq!(mixed.unwrap_err().to_string(), "amounts in EUR and USD cannot be added");
    }

    proptest! {
        #[test]
        fn an_amount_is_read_as_it_is_written(amount in strategies::money()) {
            prop_assert_eq!(amount.to_string().parse(), Ok(amount));
            prop_assert_eq!(Money::from_decimal(amount.amount(), amount.currency()), Ok(amount));
            let json = serde_json::to_string(&amount).unwrap();
            prop_assert_eq!(&json, &format!("\"{amount}\""));
            prop_assert_eq!(serde_json::from_str::<Money>(&json).unwrap(), amount);
        }

        #[test]
        fn the_schema_allows_plain_numbers_with_a_code(text in strategies::text_by_schema_of::<Money>()) {
            let read = text.parse::<Money>();
            prop_assert!(matches!(read, Ok(_) | Err(MoneyError::Range | MoneyError::Currency)), "{text}");
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC*", digits in "-?[0-9]{0,60}\\.?[0-9]{0,60} EUR") {
            let _ = text.parse::<Money>();
            let _ = digits.parse::<Money>();
        }

        #[test]
        fn a_product_is_exact_to_the_half_cent(price in strategies::money(), quantity in strategies::quantity()) {
            // Whole numbers, a hundred-thousandth each: nothing is lost before the one rounding.
            let exact = i128::from(price.hundredths()) * i128::from(quantity.thousandths());
            let (cents, rest) = (exact / 1000, exact % 1000);
            let up = rest > 500 || (rest == 500 && cents % 2 == 1);
            let expected = cents + i128::from(up);
            match price.times(quantity) {
                Ok(total) => {
                    prop_assert_eq!(i128::from(total.hundredths()), expected);
                    prop_assert_eq!(total.currency(), price.currency());
                }
                Err(error) => {
                    prop_assert_eq!(error, MoneyError::Range);
                    prop_assert!(expected > i128::from(Money::HUNDREDTHS_MAX));
                }
            }
        }

        #[test]
        fn a_whole_quantity_is_a_repeated_sum(cents in 0..1_000_000i64, times in 0..50i64) {
            let price = Money::from_hundredths(cents, Currency::EUR).unwrap();
            let mut sum = Money::zero(Currency::EUR);
            for _ in 0..times {
                sum = sum.plus(price).unwrap();
            }
            prop_assert_eq!(price.times(Quantity::whole(times).unwrap()), Ok(sum));
        }

        #[test]
        fn a_sum_is_exact_and_knows_no_order(a in strategies::money(), b in strategies::money()) {
            let (there, back) = (a.plus(b), b.plus(a));
            if a.currency() == b.currency() {
                prop_assert_eq!(&there, &back);
                match there {
                    Ok(sum) => prop_assert_eq!(sum.hundredths(), a.hundredths() + b.hundredths()),
                    Err(error) => {
                        prop_assert_eq!(error, MoneyError::Range);
                        prop_assert!(a.hundredths() + b.hundredths() > Money::HUNDREDTHS_MAX);
                    }
                }
            } else {
                prop_assert_eq!(there, Err(MoneyError::Mixed(a.currency(), b.currency())));
            }
        }
    }
}
