//! Why a product says no.

use crate::{Currency, Quantity};

/// Why a product says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProductRefusal {
    /// There is no such product.
    #[error("there is no such product")]
    NoSuchProduct,
    /// The id is taken by another product.
    #[error("this product has already been created")]
    AlreadyCreated,
    /// It belongs to another producer.
    #[error("the product belongs to somebody else")]
    NotYours,
    /// It is no longer offered.
    #[error("the product is no longer offered")]
    Delisted,
    /// It would cost nothing.
    #[error("the price must be more than zero")]
    NoPrice,
    /// A product keeps the currency it was created with.
    #[error("the currency must stay {0}")]
    OtherCurrency(Currency),
    /// Less than what is being held for orders.
    #[error("{held} is held for orders: stock cannot be less")]
    BelowHolds {
        /// The sum of the holds.
        held: Quantity,
    },
    /// None of it is wanted.
    #[error("the quantity must be more than zero")]
    NoQuantity,
    /// There is not as much.
    #[error("only {available} available")]
    InsufficientStock {
        /// What can still be held.
        available: Quantity,
    },
    /// The order holds another quantity of it.
    #[error("the order already holds {held}")]
    OtherHold {
        /// What it holds.
        held: Quantity,
    },
    /// The order holds none of it.
    #[error("the order holds none of it")]
    NoHold,
    /// The hold has time left.
    #[error("the hold has not expired")]
    NotExpired,
}
