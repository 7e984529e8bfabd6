//! Things as they were: folded anew from the log by the folds that keep the read models, up to a moment.
//!
//! A version is seen as it was at its end, just before the next one began: so the present version is what the present view
//! shows, and what happened meanwhile beside it (an order's stock and delivery, a delivery's track) belongs to it.

mod delivery;
mod order;
mod parameters;
mod product;

use agrodeep_event_store::{LogError, Position};
use agrodeep_http::Problem;
use agrodeep_projections::Unreadable;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};

pub use self::{
    delivery::delivery,
    order::{OrderThen, order},
    parameters::{MomentParameters, VersionsParameters},
    product::product,
};

/// A moment of a thing's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// When everything had happened that happened until then.
    Time(DateTime<Utc>),
    /// When it had this version, from 1.
    Version(u64),
}

/// A thing as it was.
#[derive(Clone, Debug, PartialEq)]
pub struct Then<T> {
    /// The thing.
    pub thing: T,
    /// Whether it has gone on since: then nothing can change what is seen of that moment.
    pub settled: bool,
}

/// What can be seen as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thing {
    /// An order.
    Order,
    /// A product.
    Product,
    /// A delivery.
    Delivery,
}

impl Thing {
    const fn name(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Product => "product",
            Self::Delivery => "delivery",
        }
    }

    /// How it began.
    const fn began(self) -> &'static str {
        match self {
            Self::Order => "placed",
            Self::Product => "created",
            Self::Delivery => "scheduled",
        }
    }

    const fn not_yet(self) -> &'static str {
        match self {
            Self::Order => "order_not_yet_placed",
            Self::Product => "product_not_yet_created",
            Self::Delivery => "delivery_not_yet_scheduled",
        }
    }
}

/// Why a thing cannot be seen as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeTravelError {
    /// It did not exist.
    #[error("the {} was {} later, at {}", .thing.name(), .thing.began(), .since.to_rfc3339())]
    NotYet {
        /// What.
        thing: Thing,
        /// Since when it exists.
        since: DateTime<Utc>,
    },
    /// It has not come so far.
    #[error("the {}'s latest version is {latest}", .thing.name())]
    NoSuchVersion {
        /// What.
        thing: Thing,
        /// How far it has come.
        latest: u64,
    },
    /// The history does not begin as it must, or holds what cannot be read.
    #[error("the event at position {0} cannot be read")]
    Damaged(Position),
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
}

impl From<Unreadable> for TimeTravelError {
    fn from(Unreadable(position): Unreadable) -> Self {
        Self::Damaged(position)
    }
}

/// What a client hears; what is ours to know goes to our log, once, here.
impl From<TimeTravelError> for Problem {
    fn from(error: TimeTravelError) -> Self {
        let not_found = |code| Self::new(StatusCode::NOT_FOUND, code, error.to_string());
        match &error {
            TimeTravelError::NotYet { thing, since } => {
                not_found(thing.not_yet()).with("exists_since", since.to_rfc3339())
            }
            TimeTravelError::NoSuchVersion { latest, .. } => {
                not_found("no_such_version").with("latest_version", *latest)
            }
            TimeTravelError::Damaged(position) => {
                tracing::error!(position = position.0, "a history cannot be folded");
                Self::internal()
            }
            TimeTravelError::Log(LogError::Corrupt(why) | LogError::Invalid(why)) => {
                tracing::error!(why, "the log cannot be read");
                Self::internal()
            }
            TimeTravelError::Log(LogError::Unavailable(why) | LogError::Unknown(why)) => {
                tracing::error!(why, "the log cannot be read");
                Self::unavailable("log_unavailable", "the log cannot be reached; try again", 1)
            }
        }
    }
}
