//! How often and after which pauses the steps of a fulfilment are tried again: `16/200ms/5m refund_payment=30/1s/15m`.

use std::collections::BTreeMap;

use agrodeep_domain::order_fulfilment::StepName;
use agrodeep_process_managers::RetryPolicy;
use chrono::TimeDelta;

/// How the steps of fulfilments are tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SagaRetries {
    /// Those that nothing else is said of.
    pub all: RetryPolicy,
    /// Those that need something else.
    pub by_step: BTreeMap<StepName, RetryPolicy>,
}

/// Attempts that anybody has patience for.
const ATTEMPTS_MAX: u32 = 1000;
/// A longer pause is a person's decision.
const PAUSE_SECONDS_MAX: i64 = 24 * 60 * 60;

/// First what holds for all steps, then one `step=…` for each that needs something else.
pub fn saga_retries(text: &str) -> Option<SagaRetries> {
    let mut words = text.split_whitespace();
    let all = policy(words.next()?)?;
    let mut by_step = BTreeMap::new();
    for word in words {
        let (step, text) = word.split_once('=')?;
        let before = by_step.insert(step.parse().ok()?, policy(text)?);
        if before.is_some() {
            return None;
        }
    }
    Some(SagaRetries { all, by_step })
}

/// `attempts/first pause/longest pause`.
fn policy(text: &str) -> Option<RetryPolicy> {
    let mut parts = text.split('/');
    let attempts_max = parts.next()?.parse().ok().filter(|attempts| (1..=ATTEMPTS_MAX).contains(attempts))?;
    let (first_pause, pause_max) = (pause(parts.next()?)?, pause(parts.next()?)?);
    let usable = parts.next().is_none() && first_pause <= pause_max;
    usable.then_some(RetryPolicy { attempts_max, first_pause, pause_max })
}

/// `200ms`, `5s`, `10m` or `2h`.
fn pause(text: &str) -> Option<TimeDelta> {
    let unit = text.find(|c: char| !c.is_ascii_digit())?;
    let number: i64 = text[..unit].parse().ok()?;
    let milliseconds = match &text[unit..] {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    let pause = TimeDelta::milliseconds(number.checked_mul(milliseconds)?);
    (pause > TimeDelta::zero() && pause <= TimeDelta::seconds(PAUSE_SECONDS_MAX)).then_some(pause)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn all_steps_have_the_first_and_some_their_own() {
        let retries = saga_retries("16/200ms/5m refund_payment=30/1s/2h  hold_stock=1/5ms/5ms").unwrap();
        assert_eq!(retries.all, RetryPolicy::default());
        let own = |step: &str| retries.by_step[&step.parse::<StepName>().unwrap()];
        assert_eq!(
            own("refund_payment"),
            RetryPolicy {
                attempts_max: 30,
                first_pause: TimeDelta::seconds(1),
                pause_max: TimeDelta::hours(2)
            }
        );
        assert_eq!(own("hold_stock").attempts_max, 1);
        assert_eq!(retries.by_step.len(), 2);
    }

    #[test]
    fn what_cannot_be_is_nothing() {
        for bad in [
            "",
            "16",
            "16/200ms",
            "16/200ms/5m/1h",
            "0/200ms/5m",
            "1001/200ms/5m",
            "-1/200ms/5m",
            "16/0s/5m",
            "16/5m/200ms",
            "16/200/5m",
            "16/ms/5m",
            "16/200ms/25h",
            "16/200ms/99999999999999999999h",
            "refund_payment=30/1s/15m",
            "16/200ms/5m dance=30/1s/15m",
            "16/200ms/5m refund_payment",
            "16/200ms/5m refund_payment=1/1s/1s refund_payment=2/1s/1s",
        ] {
            assert_eq!(saga_retries(bad), None, "{bad:?}");
        }
    }
}
