//! What can have happened to a product.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{AccountId, LocalizedText, Money, OrderId, ProductId, Quantity, Unit, id::CategoryId};

crate::events! {
    /// What can have happened to a product.
    ProductEvent {
        ProductCreated,
        ProductDescribed,
        ProductRepriced,
        StockCounted,
        ProductDelisted,
        StockHeld,
        HoldReleased,
        HoldExpired,
        HoldCommitted,
        HoldReduced,
    }
}

/// What a product is, but for its price and stock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProductDetails {
    /// Its name by language.
    pub name: LocalizedText,
    /// Its description by language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<LocalizedText>,
    /// Its category.
    pub category_id: CategoryId,
    /// What one of it is.
    pub unit: Unit,
    /// Addresses of pictures: references only, never fetched.
    #[serde(default)]
    pub images: Vec<String>,
    /// Words to find it by.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Grown organically.
    #[serde(default)]
    pub is_organic: bool,
    /// Traded fairly.
    #[serde(default)]
    pub is_fair_trade: bool,
    /// The traced lot; unique among all products.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qr_code_data: Option<String>,
}

/// A producer offers a new product.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProductCreated {
    /// The product.
    pub product_id: ProductId,
    /// Whose it is.
    pub producer_id: AccountId,
    /// What it is.
    pub details: ProductDetails,
    /// What one unit costs.
    pub price: Money,
    /// How much is on hand.
    pub stock: Quantity,
}

/// The producer says anew what it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProductDescribed {
    /// What it is now.
    pub details: ProductDetails,
}

/// It has a new price. Orders placed before keep theirs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProductRepriced {
    /// What one unit costs now.
    pub price: Money,
}

/// The producer has counted what is on hand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StockCounted {
    /// What is on hand now, held or not.
    pub on_hand: Quantity,
}

/// It is no longer offered. Its history stays, and so do orders that hold some of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProductDelisted {}

/// Some is kept for an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StockHeld {
    /// For which order.
    pub order_id: OrderId,
    /// How much.
    pub quantity: Quantity,
    /// Until when, if nobody pays.
    pub expires_at: DateTime<Utc>,
}

/// What was kept for an order is free again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HoldReleased {
    /// Whose hold it was.
    pub order_id: OrderId,
    /// How much is free again.
    pub quantity: Quantity,
}

/// What was kept for an order is free again, as nobody paid in time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HoldExpired {
    /// Whose hold it was.
    pub order_id: OrderId,
    /// How much is free again.
    pub quantity: Quantity,
}

/// What was kept for an order has left with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HoldCommitted {
    /// Whose hold it was.
    pub order_id: OrderId,
    /// How much has left.
    pub quantity: Quantity,
}

/// Less is kept for an order than before: what is free again can be sold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HoldReduced {
    /// Whose hold it is.
    pub order_id: OrderId,
    /// How much is kept now.
    pub quantity: Quantity,
    /// How much is free again.
    pub freed: Quantity,
}
