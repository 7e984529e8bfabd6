//! Orders with their items: how far each has come, and how it came there.

mod adjustment;
mod fold;
mod projection;
mod query;
mod replay;
mod store;

use agrodeep_domain::{
    AccountId, Address, LocalizedText, Money, OrderId, OrderNumber, Personal, ProductId, Quantity, Unit,
    order::{CancelReason, Conductor, DeliveryAgreed, OrderDelivery, OrderStatus, PaymentStatus},
};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

pub use self::{adjustment::LineAdjustment, replay::replay};
pub(crate) use self::{fold::stock_of, projection::OrdersProjection};

/// Whether a product's event can concern an order. Of products all that is not known to be without meaning for orders: an
/// unknown event may have one.
pub(crate) fn may_concern_an_order(product_event_type: &str) -> bool {
    !matches!(
        product_event_type,
        "ProductCreated" | "ProductDescribed" | "ProductRepriced" | "StockCounted" | "ProductDelisted"
    )
}

/// An order.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// Which.
    pub order_id: OrderId,
    /// Its number.
    pub number: OrderNumber,
    /// Whose.
    pub buyer_id: AccountId,
    /// How far it has come.
    pub status: OrderStatus,
    /// How it came there, oldest first.
    pub status_history: Vec<StatusChange>,
    /// What is ordered, as it was ordered.
    pub items: Vec<OrderItem>,
    /// The sum of the items, as it was ordered.
    pub total: Money,
    /// Its payment.
    pub payment: OrderPayment,
    /// Where it goes.
    pub shipping_address: Personal<Address>,
    /// Who is billed, when not the same.
    pub billing_address: Option<Personal<Address>>,
    /// The day the buyer would like it.
    pub preferred_delivery_date: Option<NaiveDate>,
    /// On which day its producers deliver it, where one of them has terms.
    pub agreed_delivery: Option<DeliveryAgreed>,
    /// What the buyer wishes for the whole order.
    pub notes: Option<Personal<String>>,
    /// Who conducts its fulfilment.
    pub conductor: Conductor,
    /// Until when stock is held for it without payment.
    pub expires_at: DateTime<Utc>,
    /// Why it was cancelled.
    pub cancellation: Option<Cancellation>,
    /// The delivery that brings it: the latest attempt.
    pub delivery: Option<OrderDelivery>,
    /// Whether all producers have prepared their lines.
    pub ready_for_pickup: bool,
    /// Whether all attempts to deliver have failed.
    pub undeliverable: bool,
    /// What has changed about its lines since it was paid, oldest first.
    pub adjustments: Vec<LineAdjustment>,
    /// The version of its stream.
    pub version: u64,
    /// When it was placed.
    pub created_at: DateTime<Utc>,
    /// When anything of it, its items included, last changed.
    pub updated_at: DateTime<Utc>,
}

/// A step of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusChange {
    /// The status it reached.
    pub status: OrderStatus,
    /// When.
    pub at: DateTime<Utc>,
    /// Who brought it there: `buyer:usr_…` or `system:order_fulfilment`.
    pub actor: String,
}

/// The payment of an order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OrderPayment {
    /// Where the money is.
    pub status: PaymentStatus,
    /// The provider's id of the payment, once requested.
    pub intent_id: Option<String>,
    /// What was paid, once captured.
    pub captured: Option<Money>,
    /// The provider's word for why it was last declined.
    pub decline_code: Option<String>,
    /// The provider's id of the refund, once confirmed.
    pub refund_id: Option<String>,
    /// What was given back, once confirmed.
    pub refunded: Option<Money>,
}

/// Why an order was cancelled.
#[derive(Clone, Debug, PartialEq)]
pub struct Cancellation {
    /// Why.
    pub reason: CancelReason,
    /// In the words of who cancelled.
    pub note: Option<Personal<String>>,
    /// What had to be given back.
    pub refund_due: Option<Money>,
}

/// A line of an order.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderItem {
    /// The product.
    pub product_id: ProductId,
    /// Whose product it is.
    pub producer_id: AccountId,
    /// What it was called.
    pub name: LocalizedText,
    /// How much.
    pub quantity: Quantity,
    /// Of what unit.
    pub unit: Unit,
    /// The price of one unit.
    pub unit_price: Money,
    /// The price of the line.
    pub total: Money,
    /// What the buyer wishes for this line.
    pub notes: Option<Personal<String>>,
    /// How far it has come.
    pub status: ItemStatus,
}

/// How far a line of an order has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemStatus {
    /// Ordered.
    #[default]
    Pending,
    /// Its stock is held.
    Reserved,
    /// Its producer has prepared it.
    Prepared,
    /// With the driver.
    Shipped,
    /// With the buyer.
    Delivered,
    /// Nothing is kept for it any more.
    Released,
}

impl ItemStatus {
    /// The status as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Reserved => "reserved",
            Self::Prepared => "prepared",
            Self::Shipped => "shipped",
            Self::Delivered => "delivered",
            Self::Released => "released",
        }
    }
}

/// Which orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OrderFilter {
    /// Of this buyer.
    pub buyer: Option<AccountId>,
    /// With lines of this producer.
    pub producer: Option<AccountId>,
    /// That have come this far.
    pub status: Option<OrderStatus>,
}
