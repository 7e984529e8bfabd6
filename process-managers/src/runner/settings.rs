//! How the runner works.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    order_fulfilment::{Step, StepName},
    retry::RetryPolicy,
};

/// How the runner works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunnerSettings {
    /// After which time without a sign of life another runner takes over.
    pub lease_time: Duration,
    /// How often it gives a sign of life and notes how far it has come.
    pub heartbeat: Duration,
    /// How many events are read at once.
    pub batch_max: usize,
    /// How many events may be waiting or being worked on.
    pub events_open_max: usize,
    /// How many orders are worked on at the same moment.
    pub orders_at_once_max: usize,
    /// When failing effects are tried again.
    pub retries: RetryPolicy,
    /// How much longer a payment is waited for, once, that the provider has not decided about when its time is over. Zero:
    /// not at all.
    pub payment_extension: Duration,
    /// The same for steps that need something else.
    pub retries_by_step: BTreeMap<StepName, RetryPolicy>,
    /// How long one attempt at an effect is waited for. Then it counts as failed and is tried again, though it may yet take
    /// effect: without this, a provider that never answers would keep an order, and in the end all of them, waiting.
    pub effect_time_max: Duration,
    /// How long it may finish what it is doing when it is stopped.
    pub stop_time: Duration,
}

impl Default for RunnerSettings {
    fn default() -> Self {
        Self {
            lease_time: Duration::from_millis(2500),
            heartbeat: Duration::from_millis(400),
            batch_max: 512,
            events_open_max: 4096,
            orders_at_once_max: 64,
            retries: RetryPolicy::default(),
            payment_extension: Duration::from_mins(15),
            retries_by_step: BTreeMap::new(),
            effect_time_max: Duration::from_secs(30),
            stop_time: Duration::from_secs(5),
        }
    }
}

impl RunnerSettings {
    /// When this step is tried again.
    pub(super) fn retries_of(&self, step: Step) -> &RetryPolicy {
        self.retries_by_step.get(&StepName::from(step)).unwrap_or(&self.retries)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_step_has_its_own_retries_or_those_of_all() {
        let own = RetryPolicy { attempts_max: 3, ..RetryPolicy::default() };
        let settings = RunnerSettings {
            retries_by_step: [("refund_payment".parse().unwrap(), own)].into(),
            ..RunnerSettings::default()
        };
        assert_eq!(settings.retries_of(Step::RefundPayment), &own);
        assert_eq!(settings.retries_of(Step::RequestPayment), &RetryPolicy::default());
    }
}
