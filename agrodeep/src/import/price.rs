//! What a product costs: the median of what was paid for one of it, as others can work it out from the same file.

use rust_decimal::{Decimal, RoundingStrategy};

/// The least that a product costs.
const CENTS_MIN: i64 = 1;

/// The price in cents: the median of `paid_for_one`, whose shortest decimal form is rounded half-even, at least one cent.
/// `None`: nothing was paid, or more than can be written down.
///
/// The median is worked out in binary64: the middle value, or half the sum of the two in the middle.
pub fn price_cents(paid_for_one: &mut [f64]) -> Option<i64> {
    let median = median(paid_for_one)?;
    // Displayed, a binary64 has as few digits as tell it from all others, and never an exponent.
    let shortest: Decimal = median.to_string().parse().ok()?;
    let cents = shortest.checked_mul(Decimal::ONE_HUNDRED)?;
    let cents = cents.round_dp_with_strategy(0, RoundingStrategy::MidpointNearestEven);
    Some(i64::try_from(cents).ok()?.max(CENTS_MIN))
}

fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    if values.len() % 2 == 1 {
        return Some(upper);
    }
    Some(f64::midpoint(*values.get(middle.checked_sub(1)?)?, upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(paid: &[f64]) -> Option<i64> {
        price_cents(&mut paid.to_vec())
    }

    #[test]
    fn a_price_is_the_middle_of_what_was_paid_for_one() {
        assert_eq!(price(&[3.0, 1.0, 2.0]), Some(200));
        assert_eq!(price(&[0.99]), Some(99));
    }

    #[test]
    fn of_two_in_the_middle_it_is_half_the_sum() {
        assert_eq!(price(&[4.0, 1.0, 2.0, 100.0]), Some(300));
        assert_eq!(price(&[1.0, 1.01]), Some(100), "1.005 exactly halfway: to the even cent");
        assert_eq!(price(&[0.11, 0.2]), Some(16), "0.155 likewise");
    }

    #[test]
    fn what_lies_halfway_between_two_cents_goes_to_the_even_one() {
        assert_eq!(price(&[0.125]), Some(12));
        assert_eq!(price(&[0.135]), Some(14));
        assert_eq!(price(&[0.025]), Some(2));
        assert_eq!(price(&[0.035]), Some(4));
    }

    #[test]
    fn halfway_is_judged_by_the_shortest_decimal_not_by_the_binary_value() {
        // As binary64, 2.675 is a little less than halfway, and 1.015 too: by their binary value both would be rounded down.
        assert_eq!(price(&[2.675]), Some(268));
        assert_eq!(price(&[1.005]), Some(100));
        assert_eq!(price(&[1.015]), Some(102));
        assert_eq!(price(&[8.825]), Some(882));
    }

    #[test]
    fn nothing_costs_less_than_a_cent() {
        assert_eq!(price(&[0.004]), Some(1));
        assert_eq!(price(&[1e-9]), Some(1));
    }

    #[test]
    fn what_cannot_be_written_down_is_no_price() {
        assert_eq!(price(&[]), None);
        assert_eq!(price(&[f64::INFINITY]), None);
        assert_eq!(price(&[f64::NAN]), None);
        assert_eq!(price(&[1e30]), None);
    }
}
