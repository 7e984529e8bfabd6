//! What can be asked of a delivery.

mod assign;
mod complete;
mod fail;
mod pick_up;
mod report_positions;

use agrodeep_domain::{delivery::DeliveryRefusal, delivery_track::DeliveryTrackRefusal, order::OrderRefusal};

pub use self::{
    assign::{AssignError, AssignRequest, assign},
    complete::{CompleteRequest, Completed, DELIVER_ORDER, complete},
    fail::{FailRequest, fail},
    pick_up::{PICK_UP, PickUpRequest, PickedUp, pick_up},
    report_positions::{PositionsReported, ReportPositionsRequest, report_positions},
};
use crate::ExecuteError;

/// Why a driver's command was not executed: it concerns the delivery, its order and its track.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DeliveryError {
    /// On the delivery.
    #[error(transparent)]
    Delivery(#[from] ExecuteError<DeliveryRefusal>),
    /// On the order that it brings.
    #[error(transparent)]
    Order(#[from] ExecuteError<OrderRefusal>),
    /// On its track.
    #[error(transparent)]
    Track(#[from] ExecuteError<DeliveryTrackRefusal>),
}

impl From<DeliveryRefusal> for DeliveryError {
    fn from(refusal: DeliveryRefusal) -> Self {
        Self::Delivery(ExecuteError::Refused(refusal))
    }
}
