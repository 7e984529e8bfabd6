//! Products as they are offered, with their stock.

mod fold;
mod projection;
mod query;
mod replay;
mod store;

use agrodeep_domain::{AccountId, Money, ProductId, Quantity, id::CategoryId, product::ProductDetails};
use chrono::{DateTime, Utc};

pub use self::replay::replay;
pub(crate) use self::{projection::ProductsProjection, query::product as from_row};

/// A product.
#[derive(Clone, Debug, PartialEq)]
pub struct Product {
    /// Which.
    pub product_id: ProductId,
    /// Whose.
    pub producer_id: AccountId,
    /// What it is.
    pub details: ProductDetails,
    /// What one unit costs.
    pub price: Money,
    /// Stock on hand, held or not.
    pub stock_quantity: Quantity,
    /// What is held for orders.
    pub held_quantity: Quantity,
    /// Whether it is still offered.
    pub is_active: bool,
    /// The version of its stream.
    pub version: u64,
    /// When it was first offered.
    pub created_at: DateTime<Utc>,
    /// When anything of it, its stock included, last changed.
    pub updated_at: DateTime<Utc>,
}

impl Product {
    /// What can be ordered: on hand − held.
    pub fn available_quantity(&self) -> Quantity {
        self.stock_quantity.saturating_sub(self.held_quantity)
    }
}

/// Which products. Only offered ones are ever listed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProductFilter {
    /// Of this category.
    pub category: Option<CategoryId>,
    /// At this price or above, whatever the currency.
    pub min_price: Option<rust_decimal::Decimal>,
    /// At this price or below, whatever the currency.
    pub max_price: Option<rust_decimal::Decimal>,
    /// Grown organically, or not.
    pub is_organic: Option<bool>,
    /// Of this producer.
    pub producer: Option<AccountId>,
    /// With something left to order, or with nothing left.
    pub in_stock: Option<bool>,
}

/// In which order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProductSort {
    /// Cheapest first.
    Price,
    /// Newest first.
    #[default]
    Newest,
    /// In most orders first; of equals, the newest.
    Popularity,
}
