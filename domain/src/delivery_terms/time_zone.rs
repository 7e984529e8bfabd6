use std::{fmt, str::FromStr};

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;

use crate::as_text::as_text;

/// By which clock and calendar somebody lives.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum TimeZone {
    /// A name of the IANA time zone database, for example `Europe/Paris`.
    Named(Tz),
    /// Always as far from UTC, for example `+02:00`.
    Fixed(FixedOffset),
}

/// It is no time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a time zone such as Europe/Paris, or a distance from UTC such as +02:00, at most 14 hours")]
pub struct NoTimeZone;

/// No place on earth is farther from UTC.
const OFFSET_SECONDS_MAX: i32 = 14 * 3600;

impl TimeZone {
    /// What the clock on the wall shows.
    pub fn local(self, at: DateTime<Utc>) -> NaiveDateTime {
        // At the ends of the calendar there is no other time to show.
        let shift = |seconds: i32| {
            at.naive_utc()
                .checked_add_signed(TimeDelta::seconds(i64::from(seconds)))
                .unwrap_or(at.naive_utc())
        };
        use chrono::Offset as _;
        match self {
            Self::Named(zone) => {
                shift(zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc())
            }
            Self::Fixed(offset) => shift(offset.local_minus_utc()),
        }
    }

    /// When a day begins: at midnight, or when the clocks leave that out, at the first time that they show.
    pub fn beginning_of(self, day: NaiveDate) -> DateTime<Utc> {
        let midnight = day.and_time(NaiveTime::MIN);
        (0..=48)
            .filter_map(|half_hours| midnight.checked_add_signed(TimeDelta::minutes(30 * half_hours)))
            .find_map(|local| self.in_utc(local))
            .unwrap_or(midnight.and_utc())
    }

    /// The first moment at which the clock shows that.
    fn in_utc(self, local: NaiveDateTime) -> Option<DateTime<Utc>> {
        match self {
            Self::Named(zone) => zone.from_local_datetime(&local).earliest().map(|at| at.to_utc()),
            Self::Fixed(offset) => offset.from_local_datetime(&local).earliest().map(|at| at.to_utc()),
        }
    }
}

impl FromStr for TimeZone {
    type Err = NoTimeZone;

    fn from_str(text: &str) -> Result<Self, NoTimeZone> {
        if !text.starts_with(['+', '-']) {
            return text.parse().map(Self::Named).map_err(|_| NoTimeZone);
        }
        let offset: FixedOffset = text.parse().map_err(|_| NoTimeZone)?;
        // One way of writing each.
        if offset.to_string() != text || offset.local_minus_utc().abs() > OFFSET_SECONDS_MAX {
            return Err(NoTimeZone);
        }
        Ok(Self::Fixed(offset))
    }
}

impl fmt::Display for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(zone) => f.write_str(zone.name()),
            Self::Fixed(offset) => offset.fmt(f),
        }
    }
}

impl fmt::Debug for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

as_text!(TimeZone, r"^([+-][0-9]{2}:[0-9]{2}|[A-Z][A-Za-z0-9_+/-]*)$");

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::fixtures::time;

    fn zone(text: &str) -> TimeZone {
        text.parse().unwrap()
    }

    fn begins(text: &str, day: &str) -> String {
        zone(text).beginning_of(day.parse().unwrap()).to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
    }

    #[test]
    fn a_zone_is_written_as_it_was_named() {
        for text in [
            "Europe/Paris",
            "America/Argentina/Buenos_Aires",
            "UTC",
            "Etc/GMT+5",
            "+02:00",
            "-09:30",
            "+00:00",
        ] {
            assert_eq!(zone(text).to_string(), text);
            assert_eq!(serde_json::to_value(zone(text)).unwrap(), text);
        }
    }

    #[test]
    fn what_is_no_zone_is_refused() {
        for text in [
            "",
            "Paris",
            "europe/paris",
            "+2",
            "+02",
            "+0200",
            "-00:00",
            "+14:30",
            "+24:00",
            "+02:00:00",
            " UTC",
        ] {
            assert_eq!(text.parse::<TimeZone>(), Err(NoTimeZone), "{text:?}");
        }
    }

    #[test]
    fn the_clock_on_the_wall_shows_summer_and_winter_time() {
        let paris = |at| zone("Europe/Paris").local(time(at)).to_string();
        assert_eq!(paris("2024-08-15T22:30:00Z"), "2024-08-16 00:30:00");
        assert_eq!(paris("2024-12-15T22:30:00Z"), "2024-12-15 23:30:00");
        assert_eq!(zone("-03:00").local(time("2024-12-15T01:00:00Z")).to_string(), "2024-12-14 22:00:00");
    }

    #[test]
    fn a_day_begins_at_midnight() {
        assert_eq!(begins("Europe/Paris", "2024-08-15"), "2024-08-14T22:00:00Z");
        assert_eq!(begins("+02:00", "2024-12-15"), "2024-12-14T22:00:00Z");
        assert_eq!(begins("UTC", "2024-12-15"), "2024-12-15T00:00:00Z");
    }

    #[test]
    fn a_day_without_midnight_begins_at_its_first_hour() {
        // In Beirut the clocks go from 00:00 to 01:00, in Havana, back from 01:00 to 00:00, midnight comes twice.
        assert_eq!(begins("Asia/Beirut", "2024-03-31"), "2024-03-30T22:00:00Z");
        assert_eq!(begins("America/Havana", "2024-11-03"), "2024-11-03T04:00:00Z");
    }

    #[test]
    fn the_ends_of_the_calendar_are_times_too() {
        for text in ["Europe/Paris", "+14:00", "-12:00"] {
            let _ = zone(text).local(DateTime::<Utc>::MAX_UTC);
            let _ = zone(text).local(DateTime::<Utc>::MIN_UTC);
            let _ = zone(text).beginning_of(NaiveDate::MAX);
            let _ = zone(text).beginning_of(NaiveDate::MIN);
        }
    }
}
