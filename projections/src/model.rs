//! The read models by name.

use std::{fmt, str::FromStr};

/// A read model: one fold of the log, with a position of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Model {
    /// Profiles.
    Accounts,
    /// Products with their stock.
    Products,
    /// Orders with their items.
    Orders,
    /// Every event that concerns an order.
    OrderHistory,
    /// Deliveries with their last position.
    Deliveries,
    /// What was bought together, and how often.
    Baskets,
    /// How the fulfilment of every order is.
    Sagas,
    /// The product index of this process.
    Search,
}

impl Model {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Accounts,
        Self::Products,
        Self::Orders,
        Self::OrderHistory,
        Self::Deliveries,
        Self::Baskets,
        Self::Sagas,
        Self::Search,
    ];

    /// The name, as it stands in checkpoints and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Products => "products",
            Self::Orders => "orders",
            Self::OrderHistory => "order_history",
            Self::Deliveries => "deliveries",
            Self::Baskets => "baskets",
            Self::Sagas => "sagas",
            Self::Search => "search",
        }
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// There is no read model of this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no projection {0:?}: known are {known}", known = names())]
pub struct UnknownModel(pub String);

fn names() -> String {
    Model::ALL.map(Model::as_str).join(", ")
}

impl FromStr for Model {
    type Err = UnknownModel;

    fn from_str(name: &str) -> Result<Self, UnknownModel> {
        Self::ALL
            .into_iter()
            .find(|model| model.as_str() == name)
            .ok_or_else(|| UnknownModel(name.to_owned()))
    }
}
