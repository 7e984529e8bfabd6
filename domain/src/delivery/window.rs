//! From when until when a delivery is wished for.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::delivery_terms::TimeZone;

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

    /// The hours at which it is that day in all of `zones`; where there are none, those at which it is in any of them.
    pub fn of_day_in(day: NaiveDate, zones: impl Iterator<Item = TimeZone> + Clone) -> Self {
        let next = day.checked_add_days(Days::new(1)).unwrap_or(day);
        let (begins, ends) =
            (zones.clone().map(|it| it.beginning_of(day)), zones.map(|it| it.beginning_of(next)));
        let Some((from, until)) = begins.clone().max().zip(ends.clone().min()) else {
            return Self::of_day(day);
        };
        if from < until {
            return Self { from, until };
        }
        Self { from: begins.min().unwrap_or(from), until: ends.max().unwrap_or(until) }
    }

    /// Whether it is over at `now`.
    pub fn is_over(&self, now: DateTime<Utc>) -> bool {
        self.until <= now
    }

    /// The same hours, or those `days` days later, or twice as many, and so on: the first that begin after `now`.
    #[must_use]
    pub fn moved_beyond(self, now: DateTime<Utc>, days: u16) -> Self {
        let step = TimeDelta::days(i64::from(days.max(1)));
        if self.from > now {
            return self;
        }
        let missing = (now - self.from).num_seconds() / step.num_seconds() + 1;
        let by = i32::try_from(missing).ok().and_then(|times| step.checked_mul(times));
        let moved = |at: DateTime<Utc>| by.and_then(|by| at.checked_add_signed(by));
        match (moved(self.from), moved(self.until)) {
            (Some(from), Some(until)) => Self { from, until },
            // Beyond the calendar.
            _ => self,
        }
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
        assert_eq!(DeliveryWindow::of_day(NaiveDate::MAX).from.date_naive(), NaiveDate::MAX);
    }

    fn in_zones(zones: &[&str]) -> (String, String) {
        let zones: Vec<TimeZone> = zones.iter().map(|zone| zone.parse().unwrap()).collect();
        let window = DeliveryWindow::of_day_in("2024-08-15".parse().unwrap(), zones.into_iter());
        (window.from.to_rfc3339(), window.until.to_rfc3339())
    }

    fn hours(from: &str, until: &str) -> (String, String) {
        (format!("{from}:00:00+00:00"), format!("{until}:00:00+00:00"))
    }

    #[test]
    fn a_day_is_the_day_of_those_who_deliver() {
        assert_eq!(in_zones(&[]), hours("2024-08-15T00", "2024-08-16T00"));
        assert_eq!(in_zones(&["Europe/Paris"]), hours("2024-08-14T22", "2024-08-15T22"));
        assert_eq!(in_zones(&["+02:00", "Europe/London", "+02:00"]), hours("2024-08-14T23", "2024-08-15T22"));
    }

    #[test]
    fn where_it_is_never_the_same_day_it_is_the_day_of_any() {
        assert_eq!(in_zones(&["+14:00", "-12:00"]), hours("2024-08-14T10", "2024-08-16T12"));
    }

    #[test]
    fn a_day_when_the_clocks_change_has_another_length() {
        let zones = std::iter::once("Europe/Paris".parse().unwrap());
        let window = DeliveryWindow::of_day_in("2024-10-27".parse().unwrap(), zones);
        assert_eq!(window.until - window.from, TimeDelta::hours(25));
    }

    #[test]
    fn a_window_is_moved_to_the_first_that_begins_later() {
        let window = DeliveryWindow::of_day("2024-08-15".parse().unwrap());
        let moved = |now: &str, days| {
            let moved = window.moved_beyond(now.parse().unwrap(), days);
            assert_eq!(moved.until - moved.from, window.until - window.from);
            moved.from.date_naive().to_string()
        };
        assert_eq!(moved("2024-08-15T11:00:00Z", 1), "2024-08-16");
        assert_eq!(moved("2024-08-15T23:59:59Z", 1), "2024-08-16");
        assert_eq!(moved("2024-08-16T00:00:00Z", 1), "2024-08-17");
        assert_eq!(moved("2024-08-30T12:00:00Z", 1), "2024-08-31");
        assert_eq!(moved("2024-08-16T12:00:00Z", 7), "2024-08-22");
        assert_eq!(moved("2024-08-22T12:00:00Z", 7), "2024-08-29");
        // It has yet to come.
        assert_eq!(moved("2024-08-14T23:59:59Z", 1), "2024-08-15");
        assert_eq!(moved("2024-08-01T12:00:00Z", 7), "2024-08-15");
    }

    #[test]
    fn a_window_is_over_when_its_end_has_come() {
        let window = DeliveryWindow::of_day("2024-08-15".parse().unwrap());
        assert!(!window.is_over("2024-08-15T23:59:59Z".parse().unwrap()));
        assert!(window.is_over("2024-08-16T00:00:00Z".parse().unwrap()));
    }
}
