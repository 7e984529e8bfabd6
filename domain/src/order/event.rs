//! What can have happened to an order.

use chrono::{DateTime, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    AccountId, Address, DeliveryId, LocalizedText, Money, OrderId, OrderNumber, Personal, ProductId,
    Quantity, TrackingNumber, Unit, delivery::DeliveryWindow,
};

crate::events! {
    /// What can have happened to an order.
    OrderEvent {
        OrderPlaced,
        DeliveryAgreed,
        PaymentRequested,
        PaymentCaptured,
        PaymentDeclined,
        OrderConfirmed,
        LinesPrepared,
        OrderShipped,
        OrderDelivered,
        OrderCancelled,
        RefundRequested,
        PaymentRefunded,
        DeliveryRescheduled,
        DeliveryGivenUp,
        LineAdjusted,
        PartialRefundRequested,
        PartialRefunded,
    }
}

/// One product of an order, at the price it had when it was ordered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OrderLine {
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<Personal<String>>,
}

/// Who conducts an order's fulfilment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Conductor {
    /// The running process managers.
    #[default]
    ProcessManager,
    /// An import, which replays what has long happened; process managers leave these orders to it.
    Import,
}

/// A buyer has ordered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OrderPlaced {
    /// The order.
    pub order_id: OrderId,
    /// Its number.
    pub number: OrderNumber,
    /// Whose order it is.
    pub buyer_id: AccountId,
    /// What is ordered: each product once.
    pub lines: Vec<OrderLine>,
    /// The sum of the lines.
    pub total: Money,
    /// Where it goes.
    pub shipping_address: Personal<Address>,
    /// Who is billed, when not the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billing_address: Option<Personal<Address>>,
    /// The day the buyer would like it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preferred_delivery_date: Option<NaiveDate>,
    /// What the buyer wishes for the whole order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<Personal<String>>,
    /// Until when stock is held for it without payment.
    pub expires_at: DateTime<Utc>,
    /// Who conducts its fulfilment.
    pub conductor: Conductor,
}

/// On which day the producers deliver it, by the terms that they had when it was placed. What they say later changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeliveryAgreed {
    /// The day: the one that the buyer would like, or the earliest on which all producers can.
    pub day: NaiveDate,
    /// The hours at which it is that day for the producers.
    pub window: DeliveryWindow,
}

/// The buyer may pay: the provider knows of the payment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PaymentRequested {
    /// The provider's id of the payment.
    pub intent_id: String,
    /// What is to be paid.
    pub amount: Money,
}

/// The provider has the money.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PaymentCaptured {
    /// The provider's id of the payment.
    pub intent_id: String,
    /// What was paid.
    pub amount: Money,
    /// The provider's id of the message that said so.
    pub provider_event_id: String,
}

/// The provider could not get the money.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PaymentDeclined {
    /// The provider's id of the payment.
    pub intent_id: String,
    /// The provider's word for why, for example `card_declined`.
    pub code: String,
    /// The provider's id of the message that said so.
    pub provider_event_id: String,
}

/// Paid, and a delivery is scheduled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OrderConfirmed {
    /// The delivery that will bring it.
    pub delivery_id: DeliveryId,
    /// Its number.
    pub tracking_number: TrackingNumber,
}

/// A producer has prepared its lines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LinesPrepared {
    /// Which producer.
    pub producer_id: AccountId,
    /// Whether nothing is missing any more: the order can be picked up.
    pub ready_for_pickup: bool,
}

/// The driver has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OrderShipped {
    /// The delivery that brings it.
    pub delivery_id: DeliveryId,
}

/// The buyer has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OrderDelivered {
    /// The delivery that brought it.
    pub delivery_id: DeliveryId,
}

/// Why an order was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CancelReason {
    /// The buyer wished so.
    BuyerRequest,
    /// An admin decided so.
    AdminDecision,
    /// A line could not be held.
    StockUnavailable,
    /// The payment was declined.
    PaymentFailed,
    /// No payment came in time.
    PaymentTimeout,
    /// No delivery could be scheduled.
    DeliveryUnavailable,
}

impl CancelReason {
    /// The reason as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BuyerRequest => "buyer_request",
            Self::AdminDecision => "admin_decision",
            Self::StockUnavailable => "stock_unavailable",
            Self::PaymentFailed => "payment_failed",
            Self::PaymentTimeout => "payment_timeout",
            Self::DeliveryUnavailable => "delivery_unavailable",
        }
    }
}

/// The order is called off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OrderCancelled {
    /// Why.
    pub reason: CancelReason,
    /// In the words of who cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Personal<String>>,
    /// What has to be given back: the amount that was captured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund_due: Option<Money>,
}

/// The money is to be given back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RefundRequested {
    /// The provider's id of the payment.
    pub intent_id: String,
    /// How much.
    pub amount: Money,
}

/// The provider has given the money back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PaymentRefunded {
    /// The provider's id of the refund.
    pub refund_id: String,
    /// How much.
    pub amount: Money,
    /// The provider's id of the message that said so.
    pub provider_event_id: String,
}

/// Another delivery will try after one has failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DeliveryRescheduled {
    /// The delivery that tries now.
    pub delivery_id: DeliveryId,
    /// Its number.
    pub tracking_number: TrackingNumber,
    /// Which attempt it is, from 1.
    pub attempt: u32,
}

/// Nobody will try again to deliver: the goods are written off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DeliveryGivenUp {
    /// The last delivery that failed.
    pub delivery_id: DeliveryId,
}

/// Who has changed a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AdjustedBy {
    /// The producer of the line.
    Producer,
    /// The buyer.
    Buyer,
    /// An admin.
    Admin,
}

impl AdjustedBy {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Producer => "producer",
            Self::Buyer => "buyer",
            Self::Admin => "admin",
        }
    }
}

/// Why a line is no longer what was ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AdjustmentCause {
    /// The producer has none of it.
    NotAvailable,
    /// The producer has less of it.
    PartlyAvailable,
    /// It was weighed, and costs less than was agreed.
    Weighed,
    /// It is called off.
    Cancelled,
}

impl AdjustmentCause {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotAvailable => "not_available",
            Self::PartlyAvailable => "partly_available",
            Self::Weighed => "weighed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A paid line becomes less, or costs less: never more. The order goes on with the rest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LineAdjusted {
    /// Which change of this order it is, from 1.
    pub adjustment: u32,
    /// The product of the line.
    pub product_id: ProductId,
    /// How much of it there is now.
    pub quantity: Quantity,
    /// What the line costs now.
    pub total: Money,
    /// Who has changed it.
    pub by: AdjustedBy,
    /// Why.
    pub cause: AdjustmentCause,
    /// In the words of who has changed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Personal<String>>,
    /// The difference, which goes back to the buyer; nothing when it costs as much as before.
    pub refund: Money,
    /// Whether nothing is missing any more: the order can be picked up.
    pub ready_for_pickup: bool,
}

/// The difference that a changed line makes is to be given back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PartialRefundRequested {
    /// Of which change.
    pub adjustment: u32,
    /// The provider's id of the payment.
    pub intent_id: String,
    /// How much.
    pub amount: Money,
}

/// The provider has given the difference back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PartialRefunded {
    /// Of which change.
    pub adjustment: u32,
    /// The provider's id of the refund.
    pub refund_id: String,
    /// How much.
    pub amount: Money,
    /// The provider's id of the message that said so.
    pub provider_event_id: String,
}
