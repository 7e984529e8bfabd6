//! Numbers that people read to each other: `ORD-2024-08-15-0001`, `TRK-2024-08-15-0001`. Unique, counted by day (UTC).

use std::{fmt, str::FromStr};

use chrono::NaiveDate;

use crate::as_text::as_text;

/// Not a number of this kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must look like {0}-2024-08-15-0001")]
pub struct NumberError(&'static str);

macro_rules! daily_number {
    ($(#[$meta:meta])* $name:ident, $prefix:literal, $pattern:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name {
            /// The day it was given out (UTC).
            pub day: NaiveDate,
            /// Which of that day, from 1.
            pub ordinal: u32,
        }

        impl $name {
            /// The `ordinal`-th of `day`.
            pub const fn new(day: NaiveDate, ordinal: u32) -> Self { Self { day, ordinal } }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "-{}-{:04}"), self.day.format("%Y-%m-%d"), self.ordinal)
            }
        }

        impl FromStr for $name {
            type Err = NumberError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let parse = || {
                    let rest = text.strip_prefix(concat!($prefix, "-"))?;
                    let (day, ordinal) = rest.rsplit_once('-')?;
                    let day = NaiveDate::parse_from_str(day, "%Y-%m-%d").ok()?;
                    let number = Self { day, ordinal: ordinal.parse().ok()? };
                    (number.ordinal > 0 && number.to_string() == text).then_some(number)
                };
                parse().ok_or(NumberError($prefix))
            }
        }

        as_text!($name, $pattern);
    };
}

daily_number!(
    /// An order's number.
    OrderNumber, "ORD", "^ORD-[0-9]{4}-[0-9]{2}-[0-9]{2}-[0-9]{4,}$"
);
daily_number!(
    /// A delivery's number.
    TrackingNumber, "TRK", "^TRK-[0-9]{4}-[0-9]{2}-[0-9]{2}-[0-9]{4,}$"
);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;
    use crate::strategies;

    #[test]
    fn a_number_is_read_as_it_is_written_and_grows_beyond_four_digits() {
        let day = NaiveDate::from_ymd_opt(2024, 8, 15).unwrap();
        for (ordinal, text) in [(1, "ORD-2024-08-15-0001"), (12_345, "ORD-2024-08-15-12345")] {
            assert_eq!(OrderNumber::new(day, ordinal).to_string(), text);
            assert_eq!(text.parse(), Ok(OrderNumber::new(day, ordinal)));
        }
        for bad in
            ["ORD-2024-08-15-1", "ORD-2024-13-15-0001", "TRK-2024-08-15-0001", "ORD-2024-08-15-0000", ""]
        {
            assert!(bad.parse::<OrderNumber>().is_err(), "{bad}");
        }
    }
    #[test]
    fn what_is_no_number_says_what_it_should_look_like() {
        let error = "TRK-1".parse::<TrackingNumber>().unwrap_err();
        assert_eq!(error.to_string(), "must look like TRK-2024-08-15-0001");
    }

    proptest! {
        #[test]
        fn numbers_are_read_as_they_are_written(order in strategies::order_number(), track in strategies::tracking_number()) {
            prop_assert_eq!(order.to_string().parse(), Ok(order));
            prop_assert_eq!(track.to_string().parse(), Ok(track));
            let json = serde_json::to_string(&order).unwrap();
            prop_assert_eq!(serde_json::from_str::<OrderNumber>(&json).unwrap(), order);
        }

        #[test]
        fn two_texts_never_mean_one_number(text in "ORD-[0-9]{4}-[01][0-9]-[0-3][0-9]-[0-9]{1,12}") {
            if let Ok(number) = text.parse::<OrderNumber>() {
                prop_assert_eq!(number.to_string(), text);
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC*", rest in "\\PC*") {
            let _ = text.parse::<OrderNumber>();
            let _ = format!("ORD-{rest}").parse::<OrderNumber>();
        }
    }
}
