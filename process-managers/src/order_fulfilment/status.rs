//! What a fulfilment waits for, for those who drive it and those who watch it.

use chrono::{DateTime, Utc};

use super::{DeadlineKind, OrderFulfilment, Progress, Step};

impl OrderFulfilment {
    /// The effects that are to be tried at `now`.
    pub fn due(&self, now: DateTime<Utc>) -> Vec<(Step, u32)> {
        self.effects
            .iter()
            .filter_map(|(step, progress)| match progress {
                Progress::Pending { attempts, retry_at } if retry_at.is_none_or(|at| at <= now) => {
                    Some((*step, *attempts))
                }
                _ => None,
            })
            .collect()
    }

    /// The times it waits for.
    pub fn deadlines(&self) -> Vec<(DeadlineKind, DateTime<Utc>)> {
        let retry = self.effects.values().filter_map(|progress| match progress {
            Progress::Pending { retry_at, .. } => *retry_at,
            _ => None,
        });
        let payment = self.payment_due_at().map(|due_at| (DeadlineKind::Payment, due_at));
        payment.into_iter().chain(retry.min().map(|due_at| (DeadlineKind::Retry, due_at))).collect()
    }

    /// Until when the buyer may pay; `None`: that is settled.
    pub fn payment_due_at(&self) -> Option<DateTime<Utc>> {
        let settled = self.paid || self.unwinding.is_some() || self.timed_out_at.is_some();
        let at_first = self.started.as_ref().filter(|_| !settled).map(|started| started.payment_due_at);
        at_first.map(|at_first| self.extended_until.unwrap_or(at_first))
    }

    /// Whether it has been planned and never tried.
    pub(super) fn is_untried(&self, step: Step) -> bool {
        matches!(self.progress(step), Some(Progress::Pending { attempts: 0, .. }))
    }

    /// The effects that wait for a person.
    pub fn parked(&self) -> impl Iterator<Item = Step> {
        self.effects
            .iter()
            .filter(|(_, progress)| matches!(progress, Progress::Parked) && self.outcome.is_none())
            .map(|(step, _)| *step)
    }

    /// Where it stands, in a word: the step that is being done, or what it waits for. `None`: it has not begun, or has ended.
    pub fn stands_at(&self) -> Option<&'static str> {
        if self.started.is_none() || self.outcome.is_some() {
            return None;
        }
        if let Some(step) = self.parked().next() {
            return Some(step.name());
        }
        let pending = |(step, progress): (&Step, &Progress)| {
            matches!(progress, Progress::Pending { .. }).then_some(step.name())
        };
        if let Some(name) = self.effects.iter().find_map(pending) {
            return Some(name);
        }
        Some(if self.unwinding.is_some() || self.is_done(Step::GiveUpDelivery) {
            if self.cancelled.is_none() && self.unwinding.is_some() {
                "awaiting_cancellation"
            } else {
                "awaiting_refund"
            }
        } else if self.shipped_by.is_some() {
            "awaiting_delivery"
        } else if self.is_done(Step::ConfirmOrder) {
            "awaiting_shipping"
        } else if self.is_done(Step::RequestPayment) {
            "awaiting_payment"
        } else {
            // An effect was refused because the order is cancelled, and the cancellation is not yet seen.
            "awaiting_cancellation"
        })
    }
}
