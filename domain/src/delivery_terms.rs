//! When a producer hands goods over, and on which day an order can therefore be delivered.
//!
//! A producer who has said nothing can deliver on any day: nothing is then agreed on, and nothing refused.

mod agree;
mod time_zone;
mod weekday;

use std::collections::BTreeSet;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::{
    agree::{NoDelivery, agree},
    time_zone::{NoTimeZone, TimeZone},
    weekday::{NoWeekday, Weekday},
};

/// The most days that a producer may need before it hands goods over.
pub const LEAD_DAYS_MAX: u32 = 60;

/// When a producer hands goods over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeliveryTerms {
    /// By which clock and calendar: `Europe/Paris`, or `+02:00`.
    pub time_zone: TimeZone,
    /// What is ordered at this time of the day or later counts as ordered the day after.
    pub cut_off: NaiveTime,
    /// How many days after that of the order the goods are ready; 0: on the same day.
    pub lead_days: u32,
    /// On which days of the week goods are handed over; at least one.
    #[schemars(with = "Vec<Weekday>")]
    pub weekdays: BTreeSet<Weekday>,
}

impl DeliveryTerms {
    /// The first day on which what is ordered at `placed_at` is ready, whatever day of the week it is.
    pub fn ready_day(&self, placed_at: DateTime<Utc>) -> NaiveDate {
        let local = self.time_zone.local(placed_at);
        let late = u64::from(local.time() >= self.cut_off);
        let days = Days::new(u64::from(self.lead_days) + late);
        local.date().checked_add_days(days).unwrap_or(NaiveDate::MAX)
    }

    /// The first day on which what is ordered at `placed_at` can be handed over. `None`: there is no such day.
    pub fn earliest_day(&self, placed_at: DateTime<Utc>) -> Option<NaiveDate> {
        first_of(&self.weekdays, self.ready_day(placed_at))
    }
}

/// The first day from `day` on that is one of `weekdays`.
fn first_of(weekdays: &BTreeSet<Weekday>, day: NaiveDate) -> Option<NaiveDate> {
    day.iter_days().take(7).find(|day| weekdays.contains(&Weekday::of(*day)))
}

#[cfg(test)]
pub(crate) mod fixtures {
    //! Terms as short texts.
    #![allow(clippy::unwrap_used)]

    use super::DeliveryTerms;

    /// Of a producer in a zone, for example `terms("Europe/Paris", "16:00", 1, "tuesday friday")`.
    pub(crate) fn terms(zone: &str, cut_off: &str, lead_days: u32, weekdays: &str) -> DeliveryTerms {
        DeliveryTerms {
            time_zone: zone.parse().unwrap(),
            cut_off: format!("{cut_off}:00").parse().unwrap(),
            lead_days,
            weekdays: weekdays.split(' ').map(|day| day.parse().unwrap()).collect(),
        }
    }

    pub(crate) const ANY_DAY: &str = "monday tuesday wednesday thursday friday saturday sunday";
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{fixtures::*, *};
    use crate::fixtures::time;

    fn earliest(terms: &DeliveryTerms, placed_at: &str) -> String {
        terms.earliest_day(time(placed_at)).unwrap().to_string()
    }

    #[test]
    fn what_is_ordered_before_the_cut_off_counts_as_of_that_day() {
        let terms = terms("Europe/Paris", "16:00", 0, ANY_DAY);
        // 15:59:59 and 16:00 of a summer's Thursday in Paris.
        assert_eq!(earliest(&terms, "2024-08-15T13:59:59Z"), "2024-08-15");
        assert_eq!(earliest(&terms, "2024-08-15T14:00:00Z"), "2024-08-16");
    }

    #[test]
    fn the_cut_off_is_by_the_clock_on_the_producers_wall() {
        let terms = terms("Europe/Paris", "16:00", 0, ANY_DAY);
        // The same hour in UTC, in summer and in winter time: the clocks go back on 27 October 2024.
        assert_eq!(earliest(&terms, "2024-10-26T14:30:00Z"), "2024-10-27");
        assert_eq!(earliest(&terms, "2024-10-27T14:30:00Z"), "2024-10-27");
    }

    #[test]
    fn the_day_is_by_the_producers_calendar() {
        assert_eq!(earliest(&terms("+10:00", "23:00", 0, ANY_DAY), "2024-08-15T20:00:00Z"), "2024-08-16");
        assert_eq!(earliest(&terms("-05:00", "23:00", 0, ANY_DAY), "2024-08-16T03:00:00Z"), "2024-08-15");
    }

    #[test]
    fn the_goods_need_their_days() {
        let terms = terms("UTC", "12:00", 2, ANY_DAY);
        assert_eq!(earliest(&terms, "2024-08-15T11:00:00Z"), "2024-08-17");
        assert_eq!(earliest(&terms, "2024-08-15T12:00:00Z"), "2024-08-18");
    }

    #[test]
    fn goods_are_handed_over_on_some_days_only() {
        let terms = terms("UTC", "12:00", 1, "tuesday friday");
        // From Thursday on: ready on Friday; after the cut-off on Saturday, so on Tuesday.
        assert_eq!(earliest(&terms, "2024-08-15T11:00:00Z"), "2024-08-16");
        assert_eq!(earliest(&terms, "2024-08-15T12:00:00Z"), "2024-08-20");
    }

    #[test]
    fn beyond_the_calendar_there_is_no_day() {
        let terms = terms("UTC", "12:00", 1, "tuesday");
        assert_eq!(terms.earliest_day(DateTime::<Utc>::MAX_UTC), None);
    }
}
