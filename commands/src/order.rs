//! What can be asked of an order.

mod agreed_delivery;
mod cancel;
mod change_line;
mod hold_limit;
mod place;
mod prepare;

pub use self::{
    cancel::{CancelRequest, Cancelled, RefundStatus, cancel},
    change_line::{CancelLineRequest, ChangedLine, ReportLineRequest, cancel_line, report_line},
    hold_limit::HoldSlots,
    place::{ItemProblem, PlaceError, PlaceRequest, Placed, RequestedItem, place},
    prepare::{PrepareRequest, Prepared, prepare},
};
