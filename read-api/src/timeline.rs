//! When things will probably happen: a rule, not a forecast. The day before it is brought an order is prepared by 14:00; on
//! the day itself it is picked up at 08:00 and brought by 10:00: by the clock of its producers where they have agreed on a day,
//! else in UTC.

use agrodeep_domain::{delivery::DeliveryWindow, order::OrderStatus};
use agrodeep_projections::{deliveries::Delivery, orders::Order};
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// Producers get at least so long to prepare.
const PREPARATION_MIN: TimeDelta = TimeDelta::hours(2);

/// Without a wish of the buyer, an order is brought so many days after it was placed.
const DAYS_DEFAULT: u64 = 2;

/// When things will probably happen, or would have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Timeline {
    /// When every producer will have prepared its lines.
    #[serde(rename = "estimated_preparation")]
    pub preparation: DateTime<Utc>,
    /// When the driver will take the goods.
    #[serde(rename = "estimated_pickup")]
    pub pickup: DateTime<Utc>,
    /// When the buyer will have them.
    #[serde(rename = "estimated_delivery")]
    pub delivery: DateTime<Utc>,
}

impl Timeline {
    /// For an order that is going on, or has gone on to its end. `None`: it will never be brought.
    pub fn of(order: &Order, delivery: Option<&Delivery>) -> Option<Self> {
        if order.status == OrderStatus::Cancelled || order.undeliverable {
            return None;
        }
        if let Some(agreed) = &order.agreed_delivery {
            let window = delivery.and_then(|delivery| delivery.window).unwrap_or(agreed.window);
            return Self::of_windows(order.created_at, agreed.window, window);
        }
        let again = delivery.filter(|delivery| delivery.attempt > 1).map(|delivery| delivery.scheduled_at);
        Self::estimate(order.created_at, order.preferred_delivery_date, again)
    }

    /// For what is brought within `window`, after it was prepared for the `agreed` one.
    fn of_windows(placed_at: DateTime<Utc>, agreed: DeliveryWindow, window: DeliveryWindow) -> Option<Self> {
        let after = |at: DateTime<Utc>, hours| at.checked_add_signed(TimeDelta::hours(hours));
        Some(Self {
            preparation: after(agreed.from, -10)?.max(placed_at.checked_add_signed(PREPARATION_MIN)?),
            pickup: after(window.from, 8)?,
            delivery: after(window.from, 10)?,
        })
    }

    /// `rescheduled_at`: when another attempt was planned after one had failed.
    fn estimate(
        placed_at: DateTime<Utc>,
        preferred: Option<NaiveDate>,
        rescheduled_at: Option<DateTime<Utc>>,
    ) -> Option<Self> {
        let placed_day = placed_at.date_naive();
        let earliest = placed_day.checked_add_days(Days::new(1))?;
        let first_day = match preferred {
            Some(preferred) => preferred.max(earliest),
            None => placed_day.checked_add_days(Days::new(DAYS_DEFAULT))?,
        };
        let day = match rescheduled_at {
            Some(at) => first_day.max(at.date_naive().checked_add_days(Days::new(1))?),
            None => first_day,
        };
        let prepared = at(first_day.checked_sub_days(Days::new(1))?, 14)?;
        Some(Self {
            preparation: prepared.max(placed_at.checked_add_signed(PREPARATION_MIN)?),
            pickup: at(day, 8)?,
            delivery: at(day, 10)?,
        })
    }
}

fn at(day: NaiveDate, hour: u32) -> Option<DateTime<Utc>> {
    Some(day.and_hms_opt(hour, 0, 0)?.and_utc())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn time(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn estimate(placed: &str, preferred: Option<&str>, again: Option<&str>) -> [DateTime<Utc>; 3] {
        let preferred = preferred.map(|day| day.parse().unwrap());
        let line = Timeline::estimate(time(placed), preferred, again.map(time)).unwrap();
        [line.preparation, line.pickup, line.delivery]
    }

    #[test]
    fn an_order_is_brought_on_the_day_that_its_buyer_would_like() {
        let expected = ["2024-08-16T14:00:00Z", "2024-08-17T08:00:00Z", "2024-08-17T10:00:00Z"].map(time);
        assert_eq!(estimate("2024-08-15T10:30:00Z", Some("2024-08-17"), None), expected);
        assert_eq!(estimate("2024-08-15T10:30:00Z", None, None), expected);
    }

    #[test]
    fn nothing_is_promised_for_the_day_on_which_it_was_placed() {
        let expected = ["2024-08-16T01:30:00Z", "2024-08-16T08:00:00Z", "2024-08-16T10:00:00Z"].map(time);
        assert_eq!(estimate("2024-08-15T23:30:00Z", Some("2024-08-15"), None), expected);
        assert_eq!(estimate("2024-08-15T23:30:00Z", Some("1999-01-01"), None), expected);
    }

    #[test]
    fn another_attempt_is_made_on_a_later_day() {
        let [prepared, picked_up, _] =
            estimate("2024-08-15T10:30:00Z", Some("2024-08-17"), Some("2024-08-17T11:00:00Z"));
        assert_eq!(prepared, time("2024-08-16T14:00:00Z"));
        assert_eq!(picked_up, time("2024-08-18T08:00:00Z"));
    }

    #[test]
    fn what_was_agreed_on_is_brought_in_the_morning_of_that_day_where_the_producers_are() {
        let paris = |day: &str| {
            DeliveryWindow::of_day_in(day.parse().unwrap(), std::iter::once("Europe/Paris".parse().unwrap()))
        };
        let placed_at = time("2024-08-15T10:30:00Z");
        let line = Timeline::of_windows(placed_at, paris("2024-08-17"), paris("2024-08-18")).unwrap();
        assert_eq!(line.preparation, time("2024-08-16T12:00:00Z"));
        assert_eq!(
            (line.pickup, line.delivery),
            (time("2024-08-18T06:00:00Z"), time("2024-08-18T08:00:00Z"))
        );
        let today = Timeline::of_windows(placed_at, paris("2024-08-15"), paris("2024-08-15")).unwrap();
        assert_eq!(today.preparation, time("2024-08-15T12:30:00Z"));
    }

    #[test]
    fn a_day_beyond_the_calendar_has_no_estimate() {
        assert_eq!(Timeline::estimate(DateTime::<Utc>::MAX_UTC, None, None), None);
    }
}
