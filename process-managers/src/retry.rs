//! How often and after which pauses a failing effect is tried again.

use chrono::TimeDelta;
use rand::Rng;

/// Growing pauses between attempts, and after how many attempts a person has to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How often an effect is tried before it is parked.
    pub attempts_max: u32,
    /// The pause after the first attempt; each further one is twice as long.
    pub first_pause: TimeDelta,
    /// The longest pause.
    pub pause_max: TimeDelta,
}

/// 16 attempts in about half an hour: a provider that is down for a while parks nothing.
impl Default for RetryPolicy {
    fn default() -> Self {
        Self { attempts_max: 16, first_pause: TimeDelta::milliseconds(200), pause_max: TimeDelta::minutes(5) }
    }
}

impl RetryPolicy {
    /// The pause after `attempts` attempts, up to a fifth shorter or longer so that those who failed together do not come
    /// again together. `None`: enough.
    pub fn pause_after(&self, attempts: u32) -> Option<TimeDelta> {
        if attempts >= self.attempts_max {
            return None;
        }
        let doubled = 2_i64.checked_pow(attempts.saturating_sub(1)).unwrap_or(i64::MAX);
        let pause = self.first_pause.num_milliseconds().saturating_mul(doubled);
        let pause = pause.min(self.pause_max.num_milliseconds()).max(1);
        let jittered = rand::rng().random_range(pause - pause / 5..=pause + pause / 5);
        Some(TimeDelta::milliseconds(jittered))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_the_longest_and_then_it_is_enough() {
        let policy = RetryPolicy {
            attempts_max: 6,
            first_pause: TimeDelta::milliseconds(100),
            pause_max: TimeDelta::milliseconds(1000),
        };
        for (attempts, pause) in [(1, 100), (2, 200), (3, 400), (4, 800), (5, 1000)] {
            let given = policy.pause_after(attempts).map(|pause| pause.num_milliseconds());
            assert!(given.is_some_and(|given| (given - pause).abs() <= pause / 5), "{attempts}: {given:?}");
        }
        assert_eq!(policy.pause_after(6), None);
        assert_eq!(policy.pause_after(u32::MAX), None);
    }

    #[test]
    fn many_attempts_do_not_overflow() {
        let policy = RetryPolicy { attempts_max: u32::MAX, ..RetryPolicy::default() };
        assert!(policy.pause_after(500).is_some_and(|pause| pause <= TimeDelta::minutes(6)));
    }
}
