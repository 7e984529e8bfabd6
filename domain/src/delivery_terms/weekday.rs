use std::str::FromStr;

use chrono::{Datelike, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "they have no other names")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

/// It is no day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be one of monday, tuesday, wednesday, thursday, friday, saturday, sunday")]
pub struct NoWeekday;

impl Weekday {
    /// All of them, from Monday on.
    pub const ALL: [Self; 7] = [
        Self::Monday,
        Self::Tuesday,
        Self::Wednesday,
        Self::Thursday,
        Self::Friday,
        Self::Saturday,
        Self::Sunday,
    ];

    /// That of a day.
    pub fn of(day: NaiveDate) -> Self {
        Self::ALL[day.weekday().num_days_from_monday() as usize % 7]
    }

    /// The day as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Monday => "monday",
            Self::Tuesday => "tuesday",
            Self::Wednesday => "wednesday",
            Self::Thursday => "thursday",
            Self::Friday => "friday",
            Self::Saturday => "saturday",
            Self::Sunday => "sunday",
        }
    }
}

impl FromStr for Weekday {
    type Err = NoWeekday;

    fn from_str(text: &str) -> Result<Self, NoWeekday> {
        Self::ALL.into_iter().find(|day| day.as_str() == text).ok_or(NoWeekday)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_day_has_its_day_of_the_week() {
        let monday: NaiveDate = "2024-08-12".parse().unwrap();
        let week: Vec<_> = monday.iter_days().take(7).map(Weekday::of).collect();
        assert_eq!(week, Weekday::ALL);
    }

    #[test]
    fn what_is_written_for_people_is_what_is_written_in_json() {
        for day in Weekday::ALL {
            assert_eq!(serde_json::to_value(day).unwrap(), day.as_str());
            assert_eq!(day.as_str().parse(), Ok(day));
        }
        assert_eq!("Monday".parse::<Weekday>(), Err(NoWeekday));
    }
}
