//! From when until when a delivery is wished for.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// From when until when the buyer would like it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeliveryWindow {
    /// Not before.
    pub from: DateTime<Utc>,
    /// Before.
    pub until: DateTime<Utc>,
}

impl DeliveryWindow {
    /// All of a day, in UTC.
    pub fn of_day(day: NaiveDate) -> Self {
        let midnight = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc();
        let next = day.checked_add_days(Days::new(1)).unwrap_or(day);
        Self { from: midnight(day), until: midnight(next) }
    }

    /// The day on which it begins, in UTC.
    pub fn day(&self) -> NaiveDate {
        self.from.date_naive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_day_lasts_until_the_next() {
        let day: NaiveDate = "2024-02-29".parse().unwrap();
        let window = DeliveryWindow::of_day(day);
        assert_eq!(window.from.to_rfc3339(), "2024-02-29T00:00:00+00:00");
        assert_eq!(window.until.to_rfc3339(), "2024-03-01T00:00:00+00:00");
        assert_eq!(window.day(), day);
        assert_eq!(DeliveryWindow::of_day(NaiveDate::MAX).day(), NaiveDate::MAX);
    }
}
