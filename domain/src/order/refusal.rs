//! Why an order says no.

use crate::{Money, ProductId, money::MoneyError};

/// Why an order says no.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum OrderRefusal {
    /// There is no such order.
    #[error("there is no such order")]
    NoSuchOrder,
    /// The id is taken by another order.
    #[error("this order has already been placed")]
    AlreadyPlaced,
    /// Nothing is ordered.
    #[error("an order needs at least one line")]
    NoLines,
    /// Too much is ordered.
    #[error("an order has at most {max} lines")]
    TooManyLines {
        /// The most lines an order may have.
        max: usize,
    },
    /// None of a product is ordered.
    #[error("the quantity of {0} must be more than zero")]
    NoQuantity(ProductId),
    /// The whole order costs nothing, so there is nothing to pay.
    #[error("the order must cost more than zero")]
    NothingToPay,
    /// A product is there twice.
    #[error("{0} is there more than once")]
    DuplicateProduct(ProductId),
    /// The sum cannot be made.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// It belongs to somebody else.
    #[error("the order belongs to somebody else")]
    NotYours,
    /// It has been cancelled.
    #[error("the order has been cancelled")]
    AlreadyCancelled,
    /// The driver has it.
    #[error("the order has been shipped")]
    AlreadyShipped,
    /// The buyer has it.
    #[error("the order has been delivered")]
    AlreadyDelivered,
    /// It is not confirmed yet.
    #[error("the order has not been confirmed")]
    NotConfirmed,
    /// A producer has yet to prepare its lines.
    #[error("not all producers have prepared their lines")]
    NotReadyForPickup,
    /// It is not on its way.
    #[error("the order has not been shipped")]
    NotShipped,
    /// No money has been received.
    #[error("the order has not been paid")]
    NotPaid,
    /// It is going on, so nothing is given back.
    #[error("no refund is due while the order goes on")]
    NoRefundDue,
    /// The payment belongs to no request of this order.
    #[error("the payment is not the one that was requested")]
    OtherPayment,
    /// The amount is not what was asked for.
    #[error("the amount must be {expected}")]
    OtherAmount {
        /// What was asked for.
        expected: Money,
    },
    /// The order has no such line.
    #[error("the order has no line of {0}")]
    NoSuchLine(ProductId),
    /// What was imported is over, and no provider has its payment.
    #[error("the order was imported")]
    Imported,
    /// Its producer has prepared the line.
    #[error("the producer has prepared this line")]
    LinePrepared,
    /// A line becomes more, or dearer.
    #[error("a line is never more than {quantity} for {total}: the buyer never pays more than was agreed")]
    MoreThanAgreed {
        /// How much of it there is.
        quantity: crate::Quantity,
        /// What it costs.
        total: Money,
    },
    /// Its lines have changed too often.
    #[error("the lines of an order are changed at most {max} times: cancel the order")]
    TooManyAdjustments {
        /// How often at the most.
        max: usize,
    },
    /// Nobody tries to deliver it any more.
    #[error("all attempts to deliver the order have failed")]
    GivenUp,
    /// The delivery is not this order's.
    #[error("another delivery brings this order")]
    OtherDelivery,
}
