//! What leaves the read API as JSON. Built from what the read models hold; which parts somebody sees is decided here too.

pub mod delivery;
pub mod delivery_terms;
pub mod diff;
pub mod history;
pub mod operations;
pub mod order;
pub mod payments;
pub mod people;
pub mod product;
pub mod profile;
pub mod rebuild;
pub mod recommendation;
pub mod saga;
pub mod search;

use agrodeep_domain::{Address, GeoPoint};
use serde::Serialize;
use utoipa::ToSchema;

/// A place.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct AddressView {
    /// Street and number.
    pub street: String,
    /// Town.
    pub city: String,
    /// Postal code.
    pub zip_code: String,
    /// ISO 3166-1 alpha-2 code.
    #[schema(example = "FR")]
    pub country: String,
    /// Degrees north.
    pub latitude: Option<f64>,
    /// Degrees east.
    pub longitude: Option<f64>,
}

impl AddressView {
    /// An address for somebody who may see it.
    pub fn of(address: &Address) -> Self {
        let location = address.location;
        Self {
            street: address.street.clone(),
            city: address.city.clone(),
            zip_code: address.zip_code.clone(),
            country: address.country.clone(),
            latitude: location.map(|GeoPoint { latitude, .. }| latitude),
            longitude: location.map(|GeoPoint { longitude, .. }| longitude),
        }
    }
}

/// A text as it is written.
pub(crate) fn text(value: &impl ToString) -> String {
    value.to_string()
}
