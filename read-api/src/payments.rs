//! Where the payment provider and the log differ: kept beside the log by whoever talks to the provider, and asked for here.

use agrodeep_domain::OrderId;
use agrodeep_projections::{Page, Paged, ReadError};
use async_trait::async_trait;
use chrono::{DateTime, Utc};

/// A difference that a person has to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentDifference {
    /// How they differ, for example `other_amount`.
    pub kind: String,
    /// The provider's id of the payment, or of the message that cannot be read.
    pub reference: String,
    /// The order, if it is known.
    pub order_id: Option<OrderId>,
    /// What the log says, in words.
    pub expected: String,
    /// What the provider says, in words.
    pub found: String,
    /// When it was noticed first.
    pub first_seen: DateTime<Utc>,
    /// When it was noticed last.
    pub last_seen: DateTime<Utc>,
    /// How often it was noticed.
    pub times: u64,
}

/// Knows the differences. This crate must not know commands: whoever composes the parts says where they are kept.
#[async_trait]
pub trait PaymentDifferences: Send + Sync {
    /// The names of all kinds.
    fn kinds(&self) -> Vec<&'static str>;

    /// A page of them, those noticed last first; of one kind, or of all.
    async fn differences(
        &self,
        kind: Option<&str>,
        page: Page,
    ) -> Result<Paged<PaymentDifference>, ReadError>;
}
