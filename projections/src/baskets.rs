//! What was bought together and how often: the basis of recommendations, and of the order by popularity.

mod projection;
mod query;
mod recommend;
mod store;

use agrodeep_domain::{AccountId, OrderId, ProductId};
use chrono::{DateTime, Utc};

pub(crate) use self::projection::BasketsProjection;
pub use self::{
    query::{Recommendation, Recommendations},
    recommend::{Candidate, History, SAMPLE, Tally, rank},
};

/// What one order had in it, whoever's products.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Basket {
    pub order_id: OrderId,
    pub buyer_id: AccountId,
    /// Each product once.
    pub products: Vec<ProductId>,
    pub status: BasketStatus,
    pub placed_at: DateTime<Utc>,
}

/// What has become of a basket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BasketStatus {
    /// It may yet come to nothing.
    Placed,
    /// It is paid for, and its stock was there.
    Bought,
    /// Nobody has bought anything.
    Cancelled,
}

impl BasketStatus {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Placed => "placed",
            Self::Bought => "bought",
            Self::Cancelled => "cancelled",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Placed, Self::Bought, Self::Cancelled].into_iter().find(|status| status.as_str() == text)
    }
}
