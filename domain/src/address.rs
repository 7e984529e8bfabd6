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
    /// A point by its degrees, to seven places (about a centimetre): as many as devices know, and as many as come back
    /// from JSON exactly as they went in.
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
        let seven_places = |degrees: f64| (degrees * 1e7).round() / 1e7;
        Ok(Self { latitude: seven_places(latitude), longitude: seven_places(longitude) })
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;
    use crate::strategies;

    #[test]
    fn a_point_lies_on_the_earth() {
        for (latitude, longitude) in [(90.0, 180.0), (-90.0, -180.0), (0.0, 0.0), (45.75, 4.85)] {
            assert_eq!(GeoPoint::new(latitude, longitude), Ok(GeoPoint { latitude, longitude }));
        }
        for latitude in [90.1, -90.1, f64::NAN, f64::INFINITY] {
            assert_eq!(GeoPoint::new(latitude, 0.0), Err(GeoPointError::Latitude));
        }
        for longitude in [180.1, -180.1, f64::NAN, f64::NEG_INFINITY] {
            assert_eq!(GeoPoint::new(0.0, longitude), Err(GeoPointError::Longitude));
        }
    }

    #[test]
    fn distances_are_those_of_the_map() {
        let point = |latitude, longitude| GeoPoint::new(latitude, longitude).unwrap();
        let (paris, lyon) = (point(48.8566, 2.3522), point(45.764, 4.8357));
        assert!((paris.distance_km(&lyon) - 391.5).abs() < 0.5);
        // A quarter and a half of the way round, over the pole.
        assert!((point(0.0, 0.0).distance_km(&point(90.0, 0.0)) - 10_007.6).abs() < 0.1);
        assert!((point(0.0, 0.0).distance_km(&point(0.0, 180.0)) - 20_015.1).abs() < 0.1);
    }

    proptest! {
        #[test]
        fn a_point_is_read_as_it_is_written(point in strategies::geo_point()) {
            let json = serde_json::to_string(&point).unwrap();
            prop_assert_eq!(serde_json::from_str::<GeoPoint>(&json).unwrap(), point);
            prop_assert_eq!(GeoPoint::new(point.latitude, point.longitude), Ok(point));
        }

        #[test]
        fn a_distance_is_the_same_both_ways(a in strategies::geo_point(), b in strategies::geo_point()) {
            let there = a.distance_km(&b);
            prop_assert!((0.0..=20_016.0).contains(&there));
            prop_assert!((there - b.distance_km(&a)).abs() < 1e-6);
            prop_assert!(a.distance_km(&a) < 1e-6);
        }
    }
}
