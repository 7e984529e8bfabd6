//! Differences between the payment provider and the log as JSON.

use agrodeep_domain::OrderId;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::payments::PaymentDifference;

/// A difference that a person has to look at.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct PaymentDifferenceItem {
    /// How they differ: `docs/payments.md` says what each kind means.
    #[schema(example = "other_amount")]
    pub kind: String,
    /// The provider's id of the payment, or of the message that cannot be read.
    #[schema(example = "pi_3PoB")]
    pub reference: String,
    /// The order, if it is known.
    #[schema(value_type = Option<String>, example = "ord_01h455vb4pex5vsknk084sn02q")]
    pub order_id: Option<OrderId>,
    /// What the log says, in words.
    #[schema(example = "13.50 EUR")]
    pub expected: String,
    /// What the provider says, in words.
    #[schema(example = "1.35 EUR")]
    pub found: String,
    /// When it was noticed first.
    pub first_seen: DateTime<Utc>,
    /// When it was noticed last.
    pub last_seen: DateTime<Utc>,
    /// How often it was noticed.
    pub times: u64,
}

impl From<PaymentDifference> for PaymentDifferenceItem {
    fn from(difference: PaymentDifference) -> Self {
        let PaymentDifference { kind, reference, order_id, expected, found, first_seen, last_seen, times } =
            difference;
        Self { kind, reference, order_id, expected, found, first_seen, last_seen, times }
    }
}
