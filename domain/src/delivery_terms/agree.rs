//! The day on which several producers can deliver.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};

use super::{DeliveryTerms, Weekday, first_of};
use crate::{delivery::DeliveryWindow, order::DeliveryAgreed};

/// Why an order cannot be delivered so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoDelivery {
    /// Not on the day that is wished for.
    #[error(
        "the producers cannot deliver on {wished}: the earliest day is {earliest}, from {wished} on {next}"
    )]
    NotOn {
        /// The day that is wished for.
        wished: NaiveDate,
        /// The earliest day on which they can.
        earliest: NaiveDate,
        /// The first day on which they can that is not before the one that is wished for.
        next: NaiveDate,
    },
    /// Never together.
    #[error("the producers deliver on no common day of the week: order from them separately")]
    NoCommonDay,
}

/// Agrees on the day: the one that is wished for, or the earliest on which all can. `None`: nobody has terms, so nothing is
/// agreed on.
///
/// # Errors
/// [`NoDelivery`].
pub fn agree(
    terms: &[DeliveryTerms],
    wished: Option<NaiveDate>,
    placed_at: DateTime<Utc>,
) -> Result<Option<DeliveryAgreed>, NoDelivery> {
    let Some(ready) = terms.iter().map(|terms| terms.ready_day(placed_at)).max() else {
        return Ok(None);
    };
    let common: BTreeSet<Weekday> = Weekday::ALL
        .into_iter()
        .filter(|day| terms.iter().all(|terms| terms.weekdays.contains(day)))
        .collect();
    let earliest = first_of(&common, ready).ok_or(NoDelivery::NoCommonDay)?;
    let day = match wished {
        None => earliest,
        Some(wished) => {
            let next = first_of(&common, ready.max(wished)).ok_or(NoDelivery::NoCommonDay)?;
            if next != wished {
                return Err(NoDelivery::NotOn { wished, earliest, next });
            }
            wished
        }
    };
    let window = DeliveryWindow::of_day_in(day, terms.iter().map(|terms| terms.time_zone));
    Ok(Some(DeliveryAgreed { day, window }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{
        delivery_terms::fixtures::{ANY_DAY, terms},
        fixtures::time,
    };

    /// A Thursday, 10:00 in Paris.
    const THURSDAY: &str = "2024-08-15T08:00:00Z";

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn agreed(terms: &[DeliveryTerms], wished: Option<&str>) -> Result<Option<String>, NoDelivery> {
        agree(terms, wished.map(day), time(THURSDAY))
            .map(|agreed| agreed.map(|agreed| agreed.day.to_string()))
    }

    #[test]
    fn nothing_is_agreed_on_where_nobody_has_terms() {
        assert_eq!(agreed(&[], None), Ok(None));
        assert_eq!(agreed(&[], Some("1999-01-01")), Ok(None));
    }

    #[test]
    fn without_a_wish_it_is_the_earliest_day_on_which_all_can() {
        let marie = terms("Europe/Paris", "16:00", 1, "friday saturday monday");
        let paul = terms("Europe/Paris", "09:00", 1, "tuesday saturday monday");
        assert_eq!(agreed(std::slice::from_ref(&marie), None), Ok(Some("2024-08-16".to_owned())));
        // Paul is ready on Saturday only: it is after his cut-off.
        assert_eq!(agreed(&[marie, paul], None), Ok(Some("2024-08-17".to_owned())));
    }

    #[test]
    fn a_day_on_which_all_can_is_agreed_on() {
        let marie = terms("Europe/Paris", "16:00", 1, "friday monday");
        for wished in ["2024-08-16", "2024-08-19", "2099-01-02"] {
            assert_eq!(agreed(std::slice::from_ref(&marie), Some(wished)), Ok(Some(wished.to_owned())));
        }
    }

    #[test]
    fn a_day_that_is_too_early_is_refused_and_the_earliest_named() {
        let marie = terms("Europe/Paris", "16:00", 1, "friday monday");
        for wished in ["2024-08-15", "2024-08-12", "2001-01-01"] {
            let refused = NoDelivery::NotOn {
                wished: day(wished),
                earliest: day("2024-08-16"),
                next: day("2024-08-16"),
            };
            assert_eq!(agreed(std::slice::from_ref(&marie), Some(wished)), Err(refused));
        }
    }

    #[test]
    fn on_another_day_of_the_week_the_next_day_is_named_too() {
        let marie = terms("Europe/Paris", "16:00", 1, "friday monday");
        let refused = NoDelivery::NotOn {
            wished: day("2024-08-17"),
            earliest: day("2024-08-16"),
            next: day("2024-08-19"),
        };
        assert_eq!(agreed(&[marie], Some("2024-08-17")), Err(refused));
        assert_eq!(
            refused.to_string(),
            "the producers cannot deliver on 2024-08-17: the earliest day is 2024-08-16, from 2024-08-17 on 2024-08-19"
        );
    }

    #[test]
    fn producers_without_a_common_day_deliver_nothing_together() {
        let marie = terms("UTC", "16:00", 1, "friday");
        let paul = terms("UTC", "16:00", 1, "monday");
        for wished in [None, Some("2024-08-16")] {
            assert_eq!(agreed(&[marie.clone(), paul.clone()], wished), Err(NoDelivery::NoCommonDay));
        }
    }

    #[test]
    fn the_window_is_that_day_where_the_producer_is() {
        let marie = terms("Europe/Paris", "16:00", 1, ANY_DAY);
        let window = agree(&[marie], None, time(THURSDAY)).unwrap().unwrap().window;
        assert_eq!((window.from, window.until), (time("2024-08-15T22:00:00Z"), time("2024-08-16T22:00:00Z")));
    }
}
