//! What the fulfilment of an order can do, and what undoes it.

use std::{borrow::Cow, fmt, str::FromStr};

use agrodeep_domain::{ProductId, order::CancelReason};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Refusal;

/// One thing that is done for an order, at most once in effect. Written as its name, with the product where there is one:
/// `hold_stock:prod_…`; or with the number of a line's change: `reduce_hold:1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// Keep stock of one line.
    HoldStock(ProductId),
    /// Tell the payment provider what is to be paid, so that the buyer can pay.
    RequestPayment,
    /// Plan a delivery.
    ScheduleDelivery,
    /// Tell buyer and producers that it goes ahead.
    ConfirmOrder,
    /// Make sure that the delivery knows what the order knows: the driver has the goods.
    RecordPickup,
    /// Take one line's goods off the stock: they have left.
    CommitHold(ProductId),
    /// Make sure that the order knows what the delivery knows: the buyer has the goods.
    MarkDelivered,
    /// Plan a second delivery after the first has failed on the way.
    RescheduleDelivery,
    /// Stop trying to deliver: the goods are written off.
    GiveUpDelivery,
    /// Call the delivery off.
    CancelDelivery,
    /// Give the money back.
    RefundPayment,
    /// See to it at the payment provider that nothing can be paid any more.
    WithdrawPayment,
    /// Free the stock kept for one line.
    ReleaseHold(ProductId),
    /// Free the stock kept for one line, as nobody has paid in time.
    ExpireHold(ProductId),
    /// Call the order off.
    CancelOrder,
    /// Give the difference back that a change of a line makes. By the number of the change.
    RefundDifference(u32),
    /// Free the stock that is kept too much since a change of a line. By the number of the change.
    ReduceHold(u32),
}

/// How a step is undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undo {
    /// By this step.
    By(Step),
    /// It is not, for this reason.
    Never(&'static str),
}

/// What decides which of two ways a step is undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Circumstances {
    /// The provider has the buyer's money.
    pub paid: bool,
    /// Nobody has paid in time.
    pub timed_out: bool,
}

/// What follows when a step is refused for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenRefused {
    /// Everything that was done is undone, and the order is cancelled for this reason.
    Unwind(CancelReason),
    /// A fact that explains it is in the log already, or soon will be: wait for that.
    AwaitFact,
    /// Nobody tries again to deliver.
    GiveUpDelivery,
    /// That should not be so: a person has to look.
    Park,
}

impl Step {
    /// What undoes this step once it is done. Every step is here, so none can be added without saying.
    pub const fn undone_by(self, circumstances: Circumstances) -> Undo {
        match self {
            Self::HoldStock(product) if circumstances.timed_out => Undo::By(Self::ExpireHold(product)),
            Self::HoldStock(product) => Undo::By(Self::ReleaseHold(product)),
            Self::RequestPayment if circumstances.paid => Undo::By(Self::RefundPayment),
            Self::RequestPayment => Undo::By(Self::WithdrawPayment),
            Self::ScheduleDelivery => Undo::By(Self::CancelDelivery),
            Self::ConfirmOrder => Undo::By(Self::CancelOrder),
            Self::RescheduleDelivery => Undo::By(Self::GiveUpDelivery),
            Self::RecordPickup => Undo::Never("what was picked up is delivered, or fails on the way"),
            Self::CommitHold(_) => Undo::Never("what has left is not restocked: it is written off"),
            Self::MarkDelivered => Undo::Never("what was delivered stays delivered"),
            Self::GiveUpDelivery
            | Self::CancelDelivery
            | Self::RefundPayment
            | Self::WithdrawPayment
            | Self::ReleaseHold(_)
            | Self::ExpireHold(_)
            | Self::CancelOrder => Undo::Never("it undoes something itself"),
            Self::RefundDifference(_) => {
                Undo::Never("what was given back stays so: the rest is refunded later")
            }
            Self::ReduceHold(_) => Undo::Never("what nobody gets is not kept again"),
        }
    }

    /// Whether it undoes something, or a part of it.
    pub const fn is_compensation(self) -> bool {
        match self {
            Self::HoldStock(_)
            | Self::RequestPayment
            | Self::ScheduleDelivery
            | Self::ConfirmOrder
            | Self::RecordPickup
            | Self::CommitHold(_)
            | Self::MarkDelivered
            | Self::RescheduleDelivery => false,
            Self::GiveUpDelivery
            | Self::CancelDelivery
            | Self::RefundPayment
            | Self::WithdrawPayment
            | Self::ReleaseHold(_)
            | Self::ExpireHold(_)
            | Self::CancelOrder
            | Self::RefundDifference(_)
            | Self::ReduceHold(_) => true,
        }
    }

    /// What follows when this step is refused for good.
    pub const fn when_refused(self, refusal: &Refusal) -> WhenRefused {
        match (self, refusal) {
            (Self::RequestPayment | Self::ScheduleDelivery | Self::ConfirmOrder, Refusal::OrderCancelled)
            | (Self::WithdrawPayment, Refusal::AlreadyPaid) => WhenRefused::AwaitFact,
            (Self::HoldStock(_), _) => WhenRefused::Unwind(CancelReason::StockUnavailable),
            (Self::RequestPayment, _) => WhenRefused::Unwind(CancelReason::PaymentFailed),
            (Self::ScheduleDelivery, _) => WhenRefused::Unwind(CancelReason::DeliveryUnavailable),
            (Self::RescheduleDelivery, _) => WhenRefused::GiveUpDelivery,
            (
                Self::ConfirmOrder
                | Self::RecordPickup
                | Self::CommitHold(_)
                | Self::MarkDelivered
                | Self::GiveUpDelivery
                | Self::CancelDelivery
                | Self::RefundPayment
                | Self::WithdrawPayment
                | Self::ReleaseHold(_)
                | Self::ExpireHold(_)
                | Self::CancelOrder
                | Self::RefundDifference(_)
                | Self::ReduceHold(_),
                _,
            ) => WhenRefused::Park,
        }
    }

    /// The step's name without the product, as metrics have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::HoldStock(_) => "hold_stock",
            Self::RequestPayment => "request_payment",
            Self::ScheduleDelivery => "schedule_delivery",
            Self::ConfirmOrder => "confirm_order",
            Self::RecordPickup => "record_pickup",
            Self::CommitHold(_) => "commit_hold",
            Self::MarkDelivered => "mark_delivered",
            Self::RescheduleDelivery => "reschedule_delivery",
            Self::GiveUpDelivery => "give_up_delivery",
            Self::CancelDelivery => "cancel_delivery",
            Self::RefundPayment => "refund_payment",
            Self::WithdrawPayment => "withdraw_payment",
            Self::ReleaseHold(_) => "release_hold",
            Self::ExpireHold(_) => "expire_hold",
            Self::CancelOrder => "cancel_order",
            Self::RefundDifference(_) => "refund_difference",
            Self::ReduceHold(_) => "reduce_hold",
        }
    }

    const fn product(self) -> Option<ProductId> {
        match self {
            Self::HoldStock(product)
            | Self::CommitHold(product)
            | Self::ReleaseHold(product)
            | Self::ExpireHold(product) => Some(product),
            _ => None,
        }
    }

    const fn adjustment(self) -> Option<u32> {
        match self {
            Self::RefundDifference(adjustment) | Self::ReduceHold(adjustment) => Some(adjustment),
            _ => None,
        }
    }

    /// One step of every kind; `product` for those that have one, and the first change for those that settle one.
    pub const fn all(product: ProductId) -> [Self; 17] {
        Self::of(product, 1)
    }

    const fn of(product: ProductId, adjustment: u32) -> [Self; 17] {
        [
            Self::HoldStock(product),
            Self::RequestPayment,
            Self::ScheduleDelivery,
            Self::ConfirmOrder,
            Self::RecordPickup,
            Self::CommitHold(product),
            Self::MarkDelivered,
            Self::RescheduleDelivery,
            Self::GiveUpDelivery,
            Self::CancelDelivery,
            Self::RefundPayment,
            Self::WithdrawPayment,
            Self::ReleaseHold(product),
            Self::ExpireHold(product),
            Self::CancelOrder,
            Self::RefundDifference(adjustment),
            Self::ReduceHold(adjustment),
        ]
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.product(), self.adjustment()) {
            (Some(product), _) => write!(f, "{}:{product}", self.name()),
            (None, Some(adjustment)) => write!(f, "{}:{adjustment}", self.name()),
            (None, None) => f.write_str(self.name()),
        }
    }
}

/// Not the name of a step.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no step of an order's fulfilment")]
pub struct StepError(String);

impl StepError {
    pub(super) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl FromStr for Step {
    type Err = StepError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // What stands in for the missing does not matter: a step that has a product or a change is then not equal in text.
        let of = text.split_once(':').map_or("", |(_, of)| of);
        let product = of.parse().unwrap_or(ProductId::from_uuid(uuid::Uuid::nil()));
        let adjustment = of.parse().ok().filter(|number| *number > 0).unwrap_or(1);
        Self::of(product, adjustment)
            .into_iter()
            .find(|step| step.to_string() == text)
            .ok_or_else(|| StepError(text.to_owned()))
    }
}

impl Serialize for Step {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Step {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'_, str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Step {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Step".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[a-z_]+(:prod_[0-7][0-9a-hjkmnp-tv-z]{25}|:[1-9][0-9]*)?$" })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::fmt::Write as _;

    use uuid::Uuid;

    use super::*;

    fn product() -> ProductId {
        ProductId::from_uuid(Uuid::from_u128(7))
    }

    #[test]
    fn a_step_is_read_as_it_is_written() {
        for step in Step::all(product()) {
            assert_eq!(step.to_string().parse(), Ok(step));
            assert_eq!(serde_json::from_value::<Step>(serde_json::to_value(step).unwrap()).unwrap(), step);
        }
        for bad in [
            "hold_stock",
            "request_payment:prod_00000000000000000000000007",
            "",
            "hold_stock:ord_1",
            "dance",
            "reduce_hold",
            "reduce_hold:0",
            "reduce_hold:01",
            "refund_difference:prod_00000000000000000000000007",
            "hold_stock:1",
        ] {
            assert!(bad.parse::<Step>().is_err(), "{bad}");
        }
    }

    /// The whole table of what undoes what, in words: whoever changes it changes this, too.
    #[test]
    fn every_step_that_can_be_done_says_what_undoes_it() {
        let mut table = String::new();
        for step in Step::all(product()) {
            for (paid, timed_out) in [(false, false), (true, false), (false, true), (true, true)] {
                let undo = match step.undone_by(Circumstances { paid, timed_out }) {
                    Undo::By(undo) => {
                        assert!(undo.is_compensation(), "{undo} undoes {step}");
                        assert!(!step.is_compensation(), "{step} is not undone itself");
                        undo.name()
                    }
                    Undo::Never(why) => why,
                };
                let (paid, timed_out) = (u8::from(paid), u8::from(timed_out));
                let _ = writeln!(table, "{} {paid}{timed_out} {undo}", step.name());
            }
        }
        assert_eq!(table, include_str!("undo.golden"));
    }
}
