//! One attempt to bring an order to its buyer.
//!
//! `scheduled → assigned → picked_up → in_transit → delivered | failed`, or `cancelled` before pick-up.

mod assign;
mod cancel;
mod complete;
mod event;
mod fail;
#[cfg(test)]
pub(crate) mod fixtures;
mod pick_up;
#[cfg(test)]
mod properties;
mod refusal;
mod schedule;
mod start_transit;
mod upcasters;
mod window;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::{
    assign::AssignDriver, cancel::CancelDelivery, complete::CompleteDelivery, event::*, fail::FailDelivery,
    pick_up::PickUp, refusal::DeliveryRefusal, schedule::ScheduleDelivery, start_transit::StartTransit,
    window::DeliveryWindow,
};
use crate::{AccountId, Aggregate, Personal};

/// How far a delivery has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// Waits for a driver.
    #[default]
    Scheduled,
    /// Has a driver.
    Assigned,
    /// The driver has the goods.
    PickedUp,
    /// On the road.
    InTransit,
    /// With the buyer.
    Delivered,
    /// Could not be brought.
    Failed,
    /// Called off before pick-up.
    Cancelled,
}

impl DeliveryStatus {
    /// The status as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Assigned => "assigned",
            Self::PickedUp => "picked_up",
            Self::InTransit => "in_transit",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether the driver has the goods.
    pub const fn on_the_way(self) -> bool {
        matches!(self, Self::PickedUp | Self::InTransit)
    }
}

/// The state of a delivery. Default: it does not exist.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// What is to be brought; `None`: there is no such delivery.
    pub scheduled: Option<DeliveryScheduled>,
    /// How far it has come.
    pub status: DeliveryStatus,
    /// Who brings it.
    pub driver_id: Option<AccountId>,
    /// In what.
    pub vehicle: Option<Personal<String>>,
}

crate::commands! {
    /// Everything that can be asked of a delivery.
    DeliveryCommand {
        /// Plan it.
        Schedule(ScheduleDelivery),
        /// Give it to a driver.
        Assign(AssignDriver),
        /// The driver takes the goods.
        PickUp(PickUp),
        /// The driver is on the road.
        StartTransit(StartTransit),
        /// The buyer has the goods.
        Complete(CompleteDelivery),
        /// It could not be done.
        Fail(FailDelivery),
        /// Call it off.
        Cancel(CancelDelivery),
    }
}

impl Delivery {
    fn exists(&self) -> Result<&DeliveryScheduled, DeliveryRefusal> {
        self.scheduled.as_ref().ok_or(DeliveryRefusal::NoSuchDelivery)
    }

    fn driven_by(&self, driver_id: AccountId) -> Result<(), DeliveryRefusal> {
        self.exists()?;
        match self.driver_id {
            Some(driver) if driver == driver_id => Ok(()),
            _ => Err(DeliveryRefusal::NotYours),
        }
    }
}

impl Aggregate for Delivery {
    const TYPE: &'static str = "delivery";
    const STATE_FORM: u32 = 1;
    type Command = DeliveryCommand;
    type Event = DeliveryEvent;
    type Refusal = DeliveryRefusal;

    fn decide(&self, command: &DeliveryCommand) -> Result<Vec<DeliveryEvent>, DeliveryRefusal> {
        match command {
            DeliveryCommand::Schedule(command) => self.schedule(command),
            DeliveryCommand::Assign(command) => self.assign(command),
            DeliveryCommand::PickUp(command) => self.pick_up(command),
            DeliveryCommand::StartTransit(command) => self.start_transit(command),
            DeliveryCommand::Complete(command) => self.complete(command),
            DeliveryCommand::Fail(command) => self.fail(command),
            DeliveryCommand::Cancel(command) => self.cancel(command),
        }
    }

    fn apply(&mut self, event: &DeliveryEvent) {
        match event {
            DeliveryEvent::DeliveryScheduled(event) => self.scheduled = Some(event.clone()),
            DeliveryEvent::DriverAssigned(event) => {
                self.status = DeliveryStatus::Assigned;
                self.driver_id = Some(event.driver_id);
                self.vehicle.clone_from(&event.vehicle);
            }
            DeliveryEvent::DeliveryPickedUp(_) => self.status = DeliveryStatus::PickedUp,
            DeliveryEvent::TransitStarted(_) => self.status = DeliveryStatus::InTransit,
            DeliveryEvent::DeliveryCompleted(_) => self.status = DeliveryStatus::Delivered,
            DeliveryEvent::DeliveryFailed(_) => self.status = DeliveryStatus::Failed,
            DeliveryEvent::DeliveryCancelled(_) => self.status = DeliveryStatus::Cancelled,
        }
    }
}

crate::cqrs_es_aggregate!(Delivery);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_written_for_people_is_what_is_written_in_json() {
        use DeliveryStatus::{Assigned, Cancelled, Delivered, Failed, InTransit, PickedUp, Scheduled};
        for status in [Scheduled, Assigned, PickedUp, InTransit, Delivered, Failed, Cancelled] {
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
        }
    }
}
