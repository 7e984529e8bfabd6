//! What can be asked of an order.

mod cancel;
mod place;
mod prepare;

pub use self::{
    cancel::{CancelRequest, Cancelled, RefundStatus, cancel},
    place::{ItemProblem, PlaceError, PlaceRequest, Placed, RequestedItem, place},
    prepare::{PrepareRequest, Prepared, prepare},
};
