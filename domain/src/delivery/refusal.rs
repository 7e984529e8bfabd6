//! Why a delivery says no.

/// Why a delivery says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryRefusal {
    /// There is no such delivery.
    #[error("there is no such delivery")]
    NoSuchDelivery,
    /// The id is taken by another delivery.
    #[error("this delivery has already been scheduled")]
    AlreadyScheduled,
    /// Another driver has it, or none.
    #[error("the delivery is another driver's")]
    NotYours,
    /// It has no driver.
    #[error("the delivery has no driver")]
    NotAssigned,
    /// The driver has the goods.
    #[error("the goods have been picked up")]
    AlreadyPickedUp,
    /// The driver does not have the goods.
    #[error("the goods have not been picked up")]
    NotPickedUp,
    /// The buyer has the goods.
    #[error("the goods have been delivered")]
    AlreadyDelivered,
    /// It could not be done.
    #[error("the delivery has failed")]
    AlreadyFailed,
    /// It has been called off.
    #[error("the delivery has been cancelled")]
    AlreadyCancelled,
}
