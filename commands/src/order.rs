//! What can be asked of an order.

mod agreed_delivery;
mod cancel;
mod hold_limit;
mod place;
mod prepare;

pub use self::{
    cancel::{CancelRequest, Cancelled, RefundStatus, cancel},
    hold_limit::HoldSlots,
    place::{ItemProblem, PlaceError, PlaceRequest, Placed, RequestedItem, place},
    prepare::{PrepareRequest, Prepared, prepare},
};
