//! Whether and when a request is sent again (<https://docs.stripe.com/error-low-level>).

use std::time::Duration;

/// Whether an answer asks for the same request again. Stripe's own word comes first.
pub(super) fn should_retry(status: u16, stripe_should_retry: Option<&str>) -> bool {
    match stripe_should_retry {
        Some("true") => true,
        Some("false") => false,
        // 409: the same key or object is in use at this moment. 429: too much at once. 5xx: open whether it was done.
        _ => matches!(status, 409 | 429 | 500..),
    }
}

/// The pause before the `repeat`-th repeat, from 1: twice as long each time, and by `luck` (0 … 1) up to a half shorter, so
/// that many who were refused together do not come back together. `asked` is what Stripe has asked for.
pub(super) fn pause(
    repeat: u32,
    first: Duration,
    pause_max: Duration,
    luck: f64,
    asked: Option<Duration>,
) -> Duration {
    let grown = first.saturating_mul(2_u32.saturating_pow(repeat.saturating_sub(1))).min(pause_max);
    let own = grown.mul_f64(1.0 - luck.clamp(0.0, 1.0) / 2.0);
    own.max(asked.unwrap_or_default().min(pause_max))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stripes_word_comes_before_the_status() {
        for (status, word, again) in [
            (200, None, false),
            (400, None, false),
            (400, Some("true"), true),
            (402, None, false),
            (409, None, true),
            (409, Some("false"), false),
            (429, None, true),
            (500, None, true),
            (500, Some("false"), false),
            (503, Some("perhaps"), true),
        ] {
            assert_eq!(should_retry(status, word), again, "{status} {word:?}");
        }
    }

    #[test]
    fn pauses_grow_to_a_limit_and_are_shortened_by_luck() {
        let pause = |repeat, luck, asked: Option<u64>| {
            let (first, max) = (Duration::from_millis(500), Duration::from_secs(5));
            super::pause(repeat, first, max, luck, asked.map(Duration::from_secs)).as_millis()
        };
        let grown: Vec<_> =
            [1, 2, 3, 4, 5, 1000].into_iter().map(|repeat| pause(repeat, 0.0, None)).collect();
        assert_eq!(grown, [500, 1000, 2000, 4000, 5000, 5000]);
        assert_eq!((pause(2, 1.0, None), pause(2, 0.5, None)), (500, 750));
        assert_eq!(
            (pause(1, 0.0, Some(3)), pause(1, 0.0, Some(0)), pause(1, 0.0, Some(999))),
            (3000, 500, 5000)
        );
    }
}
