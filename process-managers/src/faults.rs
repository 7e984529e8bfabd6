//! Where the saga can be broken: before and after everything that it appends, does, records, asks of the provider and writes
//! down, in builds that are made for that. See [`agrodeep_commands::faults`] for what can go wrong there.
//!
//! | point | what is between before and after |
//! |---|---|
//! | `saga::…_effect::<step>` | one attempt at a step |
//! | `saga::…_append::<step>` | the command of a step, on the aggregate that it concerns |
//! | `saga::…_gateway::<call>` | one call to the payment provider |
//! | `saga::…_record::<observed, deadline, outcomes or payment_time>` | what the fulfilment itself records |
//! | `saga::…_books::keep` | the rows of deadlines and standings |
//! | `saga::…_lease::<take, renew or give_back>` | the lease and the checkpoint |

#[cfg(feature = "fault-points")]
mod control;
#[cfg(feature = "fault-points")]
mod gateway;
#[cfg(feature = "fault-points")]
mod testing;

use std::sync::Arc;

pub(crate) use agrodeep_commands::faults::{Fault, WORDS, after, around, before, of_order, switched};
use agrodeep_commands::{faults::Place, payments::gateway::PaymentGateway};

use crate::order_fulfilment::{OrderFulfilmentCommand, Step};

#[cfg(feature = "fault-points")]
pub(crate) use self::control::act_first;
#[cfg(feature = "fault-points")]
pub use agrodeep_commands::faults::{Armed, arm};

#[cfg(feature = "fault-points")]
pub use self::testing::{perform_again, points};

/// Takes the idempotency keys away that the provider and the aggregates recognise a repeat by. For controls.
pub(crate) const KEYS_OFF: &str = "saga::keys_off";
/// Lets the saga act before it records what it is about to do. For controls.
#[cfg(feature = "fault-points")]
pub(crate) const ACT_FIRST: &str = "saga::act_first";

const fn place(what: &'static str, which: &'static str) -> Place {
    Place { part: "saga", what, which }
}

pub(crate) const fn effect(step: Step) -> Place {
    place("effect", step.name())
}

pub(crate) const fn append(step: Step) -> Place {
    place("append", step.name())
}

pub(crate) const fn record(command: &OrderFulfilmentCommand) -> Place {
    place("record", recorded(command))
}

const fn recorded(command: &OrderFulfilmentCommand) -> &'static str {
    match command {
        OrderFulfilmentCommand::Observe(_) => "observed",
        OrderFulfilmentCommand::RecordOutcomes(_) => "outcomes",
        OrderFulfilmentCommand::DeadlinePassed(_) => "deadline",
        OrderFulfilmentCommand::Intervene(_) => "intervention",
        OrderFulfilmentCommand::ExtendPaymentTime(_) => "payment_time",
    }
}

pub(crate) const BOOKS: Place = place("books", "keep");
pub(crate) const LEASE_TAKE: Place = place("lease", "take");
pub(crate) const LEASE_RENEW: Place = place("lease", "renew");
pub(crate) const LEASE_GIVE_BACK: Place = place("lease", "give_back");

/// A database that does not answer.
pub(crate) fn no_answer() -> sqlx::Error {
    sqlx::Error::Io(std::io::Error::other(WORDS))
}

/// The provider, with a point before and after every call.
pub(crate) fn around_gateway(gateway: Arc<dyn PaymentGateway>) -> Arc<dyn PaymentGateway> {
    #[cfg(feature = "fault-points")]
    let gateway = Arc::new(gateway::Breakable(gateway));
    gateway
}
