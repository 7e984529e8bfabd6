//! Deliveries: who brings what where, how far it has come, and where it was last seen.

mod fold;
mod projection;
mod query;
mod replay;
mod store;

use agrodeep_domain::{
    AccountId, Address, DeliveryId, OrderId, Personal, TrackingNumber,
    delivery::{DeliveryStatus, DeliveryWindow},
    delivery_track::TrackPoint,
};
use chrono::{DateTime, Utc};

pub(crate) use self::projection::DeliveriesProjection;
pub use self::replay::replay;

/// One attempt to bring an order to its buyer.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// Which.
    pub delivery_id: DeliveryId,
    /// Its number.
    pub tracking_number: TrackingNumber,
    /// What is brought.
    pub order_id: OrderId,
    /// To whom.
    pub buyer_id: AccountId,
    /// Where.
    pub address: Personal<Address>,
    /// From when until when it is to be brought.
    pub window: Option<DeliveryWindow>,
    /// Which attempt it is, from 1.
    pub attempt: u32,
    /// How far it has come.
    pub status: DeliveryStatus,
    /// Who brings it.
    pub driver_id: Option<AccountId>,
    /// In what.
    pub vehicle: Option<Personal<String>>,
    /// Where it was last seen: the latest point by the device's own clock.
    pub last_position: Option<Personal<TrackPoint>>,
    /// When it was planned.
    pub scheduled_at: DateTime<Utc>,
    /// When a driver got it, the last time.
    pub assigned_at: Option<DateTime<Utc>>,
    /// When the driver took the goods.
    pub picked_up_at: Option<DateTime<Utc>>,
    /// When it was first on the road.
    pub transit_started_at: Option<DateTime<Utc>>,
    /// When it was delivered, failed or was cancelled.
    pub ended_at: Option<DateTime<Utc>>,
    /// Why it failed, in the driver's words.
    pub failure_reason: Option<Personal<String>>,
    /// Who signed.
    pub signature: Option<Personal<String>>,
    /// Where the photo is that proves it.
    pub photo: Option<Personal<String>>,
    /// The version of its stream.
    pub version: u64,
    /// When it, but for its position, last changed.
    pub updated_at: DateTime<Utc>,
}
