//! Addresses.

use agrodeep_domain::{Address, GeoPoint, address::GeoPointError};
use agrodeep_http::Invalid;
use serde::Deserialize;
use utoipa::ToSchema;

use super::country::is_country;

/// Where something is brought or billed to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddressBody {
    /// Street and number.
    #[schema(example = "123 Rue du Marché", max_length = 200)]
    street: String,
    /// Town.
    #[schema(example = "Lyon", max_length = 100)]
    city: String,
    /// Postal code.
    #[schema(example = "69001", max_length = 20)]
    zip_code: String,
    /// ISO 3166-1 alpha-2 code.
    #[schema(example = "FR")]
    country: String,
    /// Degrees north; with `longitude` or not at all.
    #[schema(example = 45.7640, minimum = -90, maximum = 90)]
    latitude: Option<f64>,
    /// Degrees east; with `latitude` or not at all.
    #[schema(example = 4.8357, minimum = -180, maximum = 180)]
    longitude: Option<f64>,
}

impl AddressBody {
    /// The address, if nothing is wrong with it. `pointer` is where it stands in the body.
    pub fn parse(&self, pointer: &str, invalid: &mut Invalid) -> Option<Address> {
        let at = |field: &str| format!("{pointer}/{field}");
        let street = invalid.text(&at("street"), &self.street, 200);
        let city = invalid.text(&at("city"), &self.city, 100);
        let zip_code = invalid.text(&at("zip_code"), &self.zip_code, 20);
        let country = is_country(&self.country).then(|| self.country.clone());
        if country.is_none() {
            invalid.at(at("country"), "must be an ISO 3166-1 alpha-2 code, such as FR");
        }
        let location = match (self.latitude, self.longitude) {
            (None, None) => None,
            (Some(latitude), Some(longitude)) => match GeoPoint::new(latitude, longitude) {
                Ok(point) => Some(point),
                Err(error @ GeoPointError::Latitude) => {
                    invalid.at(at("latitude"), error);
                    None
                }
                Err(error @ GeoPointError::Longitude) => {
                    invalid.at(at("longitude"), error);
                    None
                }
            },
            (Some(_), None) => {
                invalid.at(at("longitude"), "must come with latitude");
                None
            }
            (None, Some(_)) => {
                invalid.at(at("latitude"), "must come with longitude");
                None
            }
        };
        Some(Address { street: street?, city: city?, zip_code: zip_code?, country: country?, location })
    }
}
