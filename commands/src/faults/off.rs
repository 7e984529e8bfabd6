//! Without the feature: nothing.

use uuid::Uuid;

use super::{Fault, Place};

/// Before something is done: never a fault.
#[inline]
#[allow(clippy::unused_async, reason = "as with the feature")]
pub async fn before(_: Place) -> Option<Fault> {
    None
}

/// After something was done: never a fault.
#[inline]
#[allow(clippy::unused_async, reason = "as with the feature")]
pub async fn after(_: Place) -> Option<Fault> {
    None
}

/// Does it.
#[inline]
pub fn around<T, E, F: Future<Output = Result<T, E>>>(_: Place, call: F, _: impl Fn() -> E) -> F {
    call
}

/// Does it.
#[inline]
pub fn of_order<F: Future>(_: Uuid, work: F) -> F {
    work
}

/// No switch is ever on.
#[inline]
pub const fn switched(_: &str, _: Option<Uuid>) -> bool {
    false
}
