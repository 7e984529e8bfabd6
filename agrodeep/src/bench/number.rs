//! Numbers as people read them: three figures that matter, thousands apart.

use super::spread::Spread;

/// `47,824`, `31.2`, `1.19`, `0.084`.
pub fn amount(value: f64) -> String {
    match value.abs() {
        small if small != 0.0 && small < 0.1 => format!("{value:.3}"),
        small if small < 10.0 => format!("{value:.2}"),
        medium if medium < 99.95 => format!("{value:.1}"),
        _ => whole(value),
    }
}

/// `10,000,000`.
pub fn whole(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if value < 0.0 && digits != "0" { format!("-{text}") } else { text }
}

/// `12.1 × (11.0–13.4)`; without the range when it is no wider than what is shown.
pub fn spread(spread: Spread, unit: &str) -> String {
    let [median, least, most] = [spread.median, spread.least, spread.most].map(amount);
    if least == median && most == median {
        format!("{median}{unit}")
    } else {
        format!("{median}{unit} ({least}–{most})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_show_what_matters() {
        let shown = [0.0, 0.0841, 1.187, 9.999, 31.24, 99.96, 999.4, 47_824.3, 10_000_000.0].map(amount);
        assert_eq!(shown, ["0.00", "0.084", "1.19", "10.00", "31.2", "100", "999", "47,824", "10,000,000"]);
        assert_eq!(whole(-1234.0), "-1,234");
    }

    #[test]
    fn a_range_is_shown_when_there_is_one() {
        assert_eq!(spread(Spread { median: 12.1, least: 11.0, most: 13.4 }, " ×"), "12.1 × (11.0–13.4)");
        assert_eq!(spread(Spread { median: 12.1, least: 12.1, most: 12.1 }, " ×"), "12.1 ×");
    }
}
