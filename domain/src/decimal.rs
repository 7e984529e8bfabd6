//! Decimal numbers as people and programs write them: digits, perhaps a point and digits, perhaps a minus before.

use rust_decimal::Decimal;

/// Why a text is no decimal number that can be reckoned with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DecimalError {
    /// Something other than digits, one point and one minus (no `1e3`, no `1_000`, no `.5`).
    Malformed,
    /// More places after the point than any amount has.
    Places,
    /// More digits before the point than any amount has.
    Range,
}

/// Reads a decimal exactly: nothing is rounded or lost.
pub(crate) fn parse(text: &str) -> Result<Decimal, DecimalError> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, places) = digits.split_once('.').unwrap_or((digits, "0"));
    for part in [whole, places] {
        if part.is_empty() || !part.bytes().all(|b| b.is_ascii_digit()) {
            return Err(DecimalError::Malformed);
        }
    }
    let (whole, places) = (whole.trim_start_matches('0'), places.trim_end_matches('0'));
    // Far more than an amount may have, and together no more than a `Decimal` holds.
    if places.len() > 9 {
        return Err(DecimalError::Places);
    }
    if whole.len() > 18 {
        return Err(DecimalError::Range);
    }
    let magnitude =
        Decimal::from_str_exact(&format!("0{whole}.{places}0")).map_err(|_| DecimalError::Malformed)?;
    Ok(if text.starts_with('-') { -magnitude } else { magnitude })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_number_is_read_exactly() {
        for (text, scaled) in [
            ("0", Decimal::ZERO),
            ("4.50", Decimal::new(450, 2)),
            ("007", Decimal::from(7)),
            ("0.001", Decimal::new(1, 3)),
            ("-12.5", Decimal::new(-125, 1)),
            ("999999999999999999.999999999", "999999999999999999.999999999".parse().unwrap()),
            ("1.50000000000000000000000000000000000000000", Decimal::new(15, 1)),
            ("00000000000000000000000000000000000000000001", Decimal::ONE),
        ] {
            assert_eq!(parse(text), Ok(scaled), "{text}");
        }
    }

    #[test]
    fn what_is_no_plain_number_is_refused() {
        for text in [
            "", "-", ".", "1.", ".5", "+1", "--1", "1e3", "1_000", "1,5", "1.2.3", " 1", "1 ", "NaN", "٣",
            "0x1",
        ] {
            assert_eq!(parse(text), Err(DecimalError::Malformed), "{text}");
        }
    }

    #[test]
    fn absurd_lengths_are_told_apart_from_nonsense() {
        assert_eq!(parse(&"9".repeat(19)), Err(DecimalError::Range));
        assert_eq!(parse(&"9".repeat(100_000)), Err(DecimalError::Range));
        assert_eq!(parse("0.0000000001"), Err(DecimalError::Places));
    }
}
