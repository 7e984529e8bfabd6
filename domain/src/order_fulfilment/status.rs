//! What a fulfilment waits for, for those who drive it and those who watch it.

use std::str::FromStr;

use chrono::{DateTime, Utc};

use super::{DeadlineKind, FulfilmentOutcome, OrderFulfilment, Progress, Step};

/// How a fulfilment is, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Condition {
    /// Something is being done, or is tried again after a pause.
    Running,
    /// Nothing is to be done until something happens.
    Waiting,
    /// Something waits for a person.
    Parked,
    /// A person has it wait.
    Paused,
    /// It has ended: the buyer has the goods.
    Delivered,
    /// It has ended: everything is undone.
    Cancelled,
    /// It has ended: the goods are written off, and the buyer has the money back.
    WrittenOff,
}

impl Condition {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Running,
        Self::Waiting,
        Self::Parked,
        Self::Paused,
        Self::Delivered,
        Self::Cancelled,
        Self::WrittenOff,
    ];

    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Parked => "parked",
            Self::Paused => "paused",
            Self::Delivered => "delivered",
            Self::Cancelled => "cancelled",
            Self::WrittenOff => "written_off",
        }
    }

    /// Whether nothing is left to be done.
    pub const fn has_ended(self) -> bool {
        matches!(self, Self::Delivered | Self::Cancelled | Self::WrittenOff)
    }
}

impl FromStr for Condition {
    type Err = UnknownCondition;

    fn from_str(text: &str) -> Result<Self, UnknownCondition> {
        Self::ALL
            .into_iter()
            .find(|condition| condition.as_str() == text)
            .ok_or_else(|| UnknownCondition(text.to_owned()))
    }
}

/// There is no condition of this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "there is no state {0:?}: known are running, waiting, parked, paused, delivered, cancelled, written_off"
)]
pub struct UnknownCondition(pub String);

impl OrderFulfilment {
    /// The effects that are to be tried at `now`.
    pub fn due(&self, now: DateTime<Utc>) -> Vec<(Step, u32)> {
        if self.paused {
            return vec![];
        }
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
        if self.paused {
            return vec![];
        }
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
            .filter(|(step, progress)| {
                matches!(progress, Progress::Parked) && self.outcome.is_none() && self.needs_a_person(**step)
            })
            .map(|(step, _)| *step)
    }

    /// Whether a person has to end this step once it is parked. What leads on and is parked has been undone, to be sure, when the
    /// order is being undone.
    pub(super) fn needs_a_person(&self, step: Step) -> bool {
        step.is_compensation() || self.unwinding.is_none()
    }

    /// A person has called it off, and nobody knows yet whether it has left meanwhile.
    pub(super) fn is_being_abandoned(&self) -> bool {
        let refused = matches!(self.progress(Step::CancelOrder), Some(Progress::Refused(_)));
        self.abandoned && self.shipped_by.is_none() && !refused
    }

    /// How it is, in a word. `None`: it has not begun.
    pub fn condition(&self) -> Option<Condition> {
        self.started.as_ref()?;
        Some(match self.outcome {
            Some(FulfilmentOutcome::Delivered) => Condition::Delivered,
            Some(FulfilmentOutcome::Cancelled { .. }) => Condition::Cancelled,
            Some(FulfilmentOutcome::WrittenOff) => Condition::WrittenOff,
            None if self.paused => Condition::Paused,
            None if self.parked().next().is_some() => Condition::Parked,
            None if self.effects.values().any(|progress| matches!(progress, Progress::Pending { .. })) => {
                Condition::Running
            }
            None => Condition::Waiting,
        })
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
        } else if self.is_done(Step::MarkDelivered) {
            "awaiting_refund"
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
