//! What turns older forms of a delivery's events into those of today.

use chrono::{Days, NaiveDate};
use serde_json::{Map, Value, json};

use crate::evolution::Upcaster;

pub(super) const UPCASTERS: &[Upcaster] =
    &[Upcaster { event: "DeliveryScheduled", from: 1, upcast: from_a_day_to_a_window }];

/// Version 1 knew the day that the buyer would like; version 2 knows from when until when. A day is all of it, in UTC.
fn from_a_day_to_a_window(scheduled: &mut Map<String, Value>) {
    let Some(day) = scheduled.remove("preferred_date").filter(|day| !day.is_null()) else { return };
    let parsed = day.as_str().and_then(|day| day.parse::<NaiveDate>().ok());
    let window = match parsed.and_then(|day| Some((day, day.checked_add_days(Days::new(1))?))) {
        Some((day, next)) => {
            json!({"from": format!("{day}T00:00:00Z"), "until": format!("{next}T00:00:00Z")})
        }
        // No day: reading will say so.
        None => day,
    };
    scheduled.insert("window".to_owned(), window);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn upcast(mut event: Value) -> Value {
        from_a_day_to_a_window(event.as_object_mut().unwrap());
        event
    }

    #[test]
    fn a_preferred_day_becomes_a_window_of_that_day() {
        assert_eq!(
            upcast(json!({"attempt": 1, "preferred_date": "2024-02-29"})),
            json!({"attempt": 1, "window": {"from": "2024-02-29T00:00:00Z", "until": "2024-03-01T00:00:00Z"}})
        );
    }

    #[test]
    fn without_a_day_there_is_no_window() {
        assert_eq!(upcast(json!({"attempt": 1})), json!({"attempt": 1}));
        assert_eq!(upcast(json!({"attempt": 1, "preferred_date": null})), json!({"attempt": 1}));
    }

    #[test]
    fn what_is_no_day_is_left_for_reading_to_refuse() {
        for odd in [json!("tomorrow"), json!(7), json!("2024-02-30")] {
            assert_eq!(upcast(json!({"preferred_date": odd})), json!({"window": odd}));
        }
    }
}
