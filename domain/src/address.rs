//! Places.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A point on the earth (WGS 84).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GeoPoint {
    /// Degrees north, −90 to 90.
    pub latitude: f64,
    /// Degrees east, −180 to 180.
    pub longitude: f64,
}

/// Not a point on the earth.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GeoPointError {
    /// Beyond the poles.
    #[error("must be between -90 and 90")]
    Latitude,
    /// Beyond the date line.
    #[error("must be between -180 and 180")]
    Longitude,
}

impl GeoPoint {
    /// A point by its degrees.
    ///
    /// # Errors
    /// [`GeoPointError`] names the coordinate that is out of range (or not finite).
    pub fn new(latitude: f64, longitude: f64) -> Result<Self, GeoPointError> {
        if !(-90.0..=90.0).contains(&latitude) {
            return Err(GeoPointError::Latitude);
        }
        if !(-180.0..=180.0).contains(&longitude) {
            return Err(GeoPointError::Longitude);
        }
        Ok(Self { latitude, longitude })
    }

    /// The great-circle distance in kilometres (haversine, mean earth radius 6371.0088 km).
    pub fn distance_km(&self, other: &Self) -> f64 {
        let (lat1, lat2) = (self.latitude.to_radians(), other.latitude.to_radians());
        let half_lat = (lat2 - lat1) / 2.0;
        let half_lng = (other.longitude - self.longitude).to_radians() / 2.0;
        let a = half_lat.sin().powi(2) + lat1.cos() * lat2.cos() * half_lng.sin().powi(2);
        2.0 * 6371.0088 * a.sqrt().min(1.0).asin()
    }
}

/// Where something is brought or billed to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Address {
    /// Street and number.
    pub street: String,
    /// Town.
    pub city: String,
    /// Postal code.
    pub zip_code: String,
    /// ISO 3166-1 alpha-2 code, for example `FR`.
    pub country: String,
    /// Where that is, when it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<GeoPoint>,
}
