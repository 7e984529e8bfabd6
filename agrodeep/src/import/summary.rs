//! What an import has brought in.

use std::time::Duration;

use agrodeep_domain::Currency;
use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::value::RawValue;

use super::basket::Delivered;

/// The figures of all chosen baskets, whichever run imported them; `events` and `seconds` are this run's.
#[derive(Debug, Serialize)]
pub struct Summary {
    /// Products that were sold.
    pub products: usize,
    /// Orders, one a basket.
    pub orders: usize,
    /// Order lines: each product of a basket once.
    pub lines: usize,
    /// Pieces.
    pub quantity: i64,
    /// What all orders cost, exactly.
    pub revenue: Box<RawValue>,
    /// In this currency.
    pub currency: &'static str,
    /// Events that this run has appended.
    pub events: u64,
    /// How long this run took.
    pub seconds: f64,
}

/// The sums of what was delivered.
#[derive(Debug, Default)]
pub(super) struct Sums {
    orders: usize,
    lines: usize,
    thousandths: i64,
    cents: i64,
}

impl Sums {
    pub fn add(&mut self, delivered: &Delivered) -> Result<()> {
        let Delivered { lines, thousandths, total } = delivered;
        anyhow::ensure!(total.currency() == Currency::USD, "an order was paid in {}", total.currency());
        self.orders += 1;
        self.lines += lines;
        self.thousandths = self.thousandths.checked_add(*thousandths).context("more than can be counted")?;
        self.cents = self.cents.checked_add(total.hundredths()).context("more than can be counted")?;
        Ok(())
    }

    pub fn summary(&self, products: usize, events: u64, took: Duration) -> Result<Summary> {
        let Self { orders, lines, thousandths, cents } = *self;
        Ok(Summary {
            products,
            orders,
            lines,
            quantity: thousandths / 1000,
            revenue: RawValue::from_string(format!("{}.{:02}", cents / 100, cents % 100))?,
            currency: "USD",
            events,
            seconds: (took.as_secs_f64() * 1000.0).round() / 1000.0,
        })
    }
}

impl Summary {
    /// For people: a name and a figure each.
    pub fn rows(&self) -> Vec<[String; 2]> {
        let Self { products, orders, lines, quantity, revenue, currency, events, seconds } = self;
        let per_second = if *seconds > 0.0 { *events as f64 / seconds } else { 0.0 };
        vec![
            ["products".to_owned(), products.to_string()],
            ["orders".to_owned(), orders.to_string()],
            ["lines".to_owned(), lines.to_string()],
            ["pieces".to_owned(), quantity.to_string()],
            ["revenue".to_owned(), format!("{revenue} {currency}")],
            [
                "written now".to_owned(),
                format!("{events} events in {seconds:.1} s, {per_second:.0} a second"),
            ],
        ]
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use agrodeep_domain::Money;

    use super::*;

    #[test]
    fn the_summary_has_exact_figures_in_the_promised_form() {
        let mut sums = Sums::default();
        let total = Money::from_hundredths(1_005, Currency::USD).unwrap();
        for _ in 0..2 {
            sums.add(&Delivered { lines: 2, thousandths: 3_000, total }).unwrap();
        }
        let summary = sums.summary(4, 70, Duration::from_micros(1_234_567)).unwrap();
        assert_eq!(
            serde_json::to_string(&summary).unwrap(),
            r#"{"products":4,"orders":2,"lines":4,"quantity":6,"revenue":20.10,"currency":"USD","events":70,"seconds":1.235}"#
        );
    }

    #[test]
    fn what_was_paid_in_another_currency_is_not_added_up() {
        let total = Money::from_hundredths(1, Currency::EUR).unwrap();
        assert!(Sums::default().add(&Delivered { lines: 1, thousandths: 1000, total }).is_err());
    }
}
