//! How long a driver still needs: the great circle, made longer as roads are, at the speed of a van between farms and towns.

use agrodeep_domain::GeoPoint;

/// Roads are longer than the great circle by so much (a usual figure for detours in France is 1.2 to 1.4).
const DETOUR: f64 = 1.3;

/// The average speed of a van, stops included.
const KM_PER_HOUR: f64 = 40.0;

/// Minutes from `from` to `to`, rounded up.
pub fn minutes(from: GeoPoint, to: GeoPoint) -> u32 {
    (from.distance_km(&to) * DETOUR / KM_PER_HOUR * 60.0).ceil() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_driver_needs_longer_the_farther_it_is_and_none_when_there() {
        let lyon = GeoPoint { latitude: 45.764, longitude: 4.8357 };
        let villefranche = GeoPoint { latitude: 45.9903, longitude: 4.7181 };
        assert_eq!(minutes(lyon, lyon), 0);
        // 26.8 km as the crow flies.
        assert_eq!(minutes(villefranche, lyon), 53);
    }
}
