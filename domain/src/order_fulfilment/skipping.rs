//! Which steps a person may go on without.

use super::Step;

/// Whether a person may go on without a step. Money and stock must come out right all the same, so most cannot be skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skippable {
    /// Yes; this is what it means.
    Yes(&'static str),
    /// Once the provider has told that the buyer has the money back; this is why not before.
    OnceRefunded(&'static str),
    /// No, for this reason.
    No(&'static str),
}

impl Step {
    /// Whether a person may go on without this step. Every step is here, so none can be added without saying.
    pub const fn skippable(self) -> Skippable {
        match self {
            Self::RecordPickup => Skippable::Yes("the driver records the pick-up again, or has done so"),
            Self::CancelDelivery => Skippable::Yes(
                "the driver is told by somebody: nothing can be picked up of a cancelled order",
            ),
            Self::WithdrawPayment => Skippable::Yes(
                "the payment stays open at the provider: should the buyer still pay, it is given back",
            ),
            Self::RefundPayment => Skippable::OnceRefunded(
                "the buyer would not have the money back; refund it at the provider by hand, and once the provider has told of \
                 that, skip it",
            ),
            Self::RefundDifference(_) => Skippable::OnceRefunded(
                "the buyer would not have the difference back; refund it at the provider by hand, and once the provider has told \
                 of that, skip it",
            ),
            Self::ReduceHold(_) => Skippable::No("more would leave the stock than the buyer gets"),
            Self::HoldStock(_) => {
                Skippable::No("goods would be sold that nobody keeps: abandon the order instead")
            }
            Self::RequestPayment => Skippable::No("nobody could pay: abandon the order instead"),
            Self::ScheduleDelivery => {
                Skippable::No("nobody would bring the goods: abandon the order instead")
            }
            Self::ConfirmOrder => {
                Skippable::No("producers would not prepare what nobody confirms: abandon the order instead")
            }
            Self::CommitHold(_) => Skippable::No("goods that have left would stay in stock"),
            Self::MarkDelivered => Skippable::No("the buyer would never read that the order has arrived"),
            Self::RescheduleDelivery => Skippable::No(
                "it may be open whether a second driver is to set out: only an attempt settles that",
            ),
            Self::GiveUpDelivery => {
                Skippable::No("the money of goods that never arrive could not be given back")
            }
            Self::ReleaseHold(_) | Self::ExpireHold(_) => {
                Skippable::No("goods would be kept for ever for an order that is cancelled")
            }
            Self::CancelOrder => Skippable::No("the order would stay open while all that it needs is undone"),
        }
    }

    /// The step that this one undoes.
    pub const fn undoes(self) -> Option<Self> {
        match self {
            Self::GiveUpDelivery => Some(Self::RescheduleDelivery),
            Self::CancelDelivery => Some(Self::ScheduleDelivery),
            Self::RefundPayment | Self::WithdrawPayment => Some(Self::RequestPayment),
            Self::ReleaseHold(product) | Self::ExpireHold(product) => Some(Self::HoldStock(product)),
            Self::CancelOrder => Some(Self::ConfirmOrder),
            Self::HoldStock(_)
            | Self::RequestPayment
            | Self::ScheduleDelivery
            | Self::ConfirmOrder
            | Self::RecordPickup
            | Self::CommitHold(_)
            | Self::MarkDelivered
            | Self::RescheduleDelivery
            | Self::RefundDifference(_)
            | Self::ReduceHold(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use agrodeep_domain::{
        ProductId,
        order_fulfilment::{Circumstances, Step, Undo},
    };
    use uuid::Uuid;

    #[test]
    fn what_undoes_a_step_says_that_it_does() {
        let steps = Step::all(ProductId::from_uuid(Uuid::from_u128(7)));
        for undoing in steps {
            let undone_by_it = |step: &Step| {
                [(false, false), (true, false), (false, true), (true, true)].iter().any(
                    |(paid, timed_out)| {
                        step.undone_by(Circumstances { paid: *paid, timed_out: *timed_out })
                            == Undo::By(undoing)
                    },
                )
            };
            assert_eq!(undoing.undoes(), steps.into_iter().find(undone_by_it), "{undoing}");
        }
    }
}
