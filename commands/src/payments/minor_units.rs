//! Amounts as payment providers write them: minor units, and the currency in lower case.

use agrodeep_domain::{Currency, Money};

/// An amount, or why it is none.
pub(super) fn read(minor: i64, currency: &str) -> Result<Money, String> {
    let currency: Currency =
        currency.to_ascii_uppercase().parse().map_err(|error| format!("currency {error}"))?;
    Money::from_hundredths(minor, currency).map_err(|error| format!("amount {error}"))
}
