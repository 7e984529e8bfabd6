//! The payment provider Stripe: against a stub that speaks as its reference says, and against a real endpoint if there is one.

mod failures;
mod stub;
mod with_endpoint;

use agrodeep_commands::payments::stripe::{StripeGateway, StripeSettings};
use std::time::Duration;

pub use self::stub::{Fault, SECRET_KEY, Stub};

/// Speaks to a stub with hardly any pauses.
pub fn settings(api_base: String) -> StripeSettings {
    StripeSettings {
        api_base,
        timeout: Duration::from_millis(1500),
        first_pause: Duration::from_millis(2),
        pause_max: Duration::from_millis(20),
        ..StripeSettings::new(stub::SECRET_KEY.into())
    }
}

pub fn gateway(stub: &Stub) -> StripeGateway {
    StripeGateway::new(settings(stub.uri())).unwrap()
}
