//! What can have happened to a delivery.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{upcasters::UPCASTERS, window::DeliveryWindow};
use crate::{AccountId, Address, DeliveryId, OrderId, Personal, TrackingNumber};

crate::events! {
    /// What can have happened to a delivery.
    DeliveryEvent {
        DeliveryScheduled: 2,
        DriverAssigned,
        DeliveryPickedUp,
        TransitStarted,
        DeliveryCompleted,
        DeliveryFailed,
        DeliveryCancelled,
    }
    upcast by UPCASTERS
}

/// An order is to be brought to its buyer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DeliveryScheduled {
    /// The delivery.
    pub delivery_id: DeliveryId,
    /// Its number.
    pub tracking_number: TrackingNumber,
    /// What is brought.
    pub order_id: OrderId,
    /// To whom.
    pub buyer_id: AccountId,
    /// Where.
    pub address: Personal<Address>,
    /// From when until when the buyer would like it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<DeliveryWindow>,
    /// Which attempt it is, from 1.
    pub attempt: u32,
}

/// A driver has it to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DriverAssigned {
    /// Who.
    pub driver_id: AccountId,
    /// In what; may name its number plate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vehicle: Option<Personal<String>>,
}

/// The driver has the goods.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DeliveryPickedUp {
    /// Who.
    pub driver_id: AccountId,
}

/// The driver is on the road.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TransitStarted {}

/// The buyer has the goods.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DeliveryCompleted {
    /// Who signed, or the signature as the driver's device stored it.
    pub signature: Personal<String>,
    /// Where the photo is that proves it.
    pub photo: Personal<String>,
}

/// The goods could not be brought.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DeliveryFailed {
    /// Why, in the driver's words.
    pub reason: Personal<String>,
}

/// It is called off before the goods were picked up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DeliveryCancelled {}
