//! What is shown of the people behind a product or an order.

use std::collections::HashMap;

use agrodeep_domain::AccountId;
use agrodeep_http::Problem;
use agrodeep_projections::{ReadModels, accounts::Account};
use serde::Serialize;
use utoipa::ToSchema;

use crate::reading::unanswered;

/// The people whom an answer names.
#[derive(Clone, Debug, Default)]
pub struct People(HashMap<AccountId, Account>);

/// A producer, as buyers see it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ProducerView {
    /// Which account.
    #[schema(value_type = String, example = "usr_01h455vb4pex5vsknk084sn02q")]
    pub id: AccountId,
    /// The farm or firm.
    #[schema(example = "Ferme du Coin")]
    pub company: Option<String>,
}

/// A producer with what buyers think of it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct RatedProducerView {
    /// Which account.
    #[schema(value_type = String, example = "usr_01h455vb4pex5vsknk084sn02q")]
    pub id: AccountId,
    /// The farm or firm.
    #[schema(example = "Ferme du Coin")]
    pub company: Option<String>,
    /// Always null: buyers cannot rate yet.
    pub rating: Option<f64>,
}

/// A driver, as those see it who wait for the goods.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct DriverView {
    /// Given and family name.
    #[schema(example = "Sophie Martin")]
    pub name: Option<String>,
    /// Where to call.
    pub phone: Option<String>,
}

impl People {
    /// The accounts of `ids`, as far as they are known.
    ///
    /// # Errors
    /// When the read models do not answer.
    pub async fn load(
        models: &ReadModels,
        ids: impl IntoIterator<Item = AccountId>,
    ) -> Result<Self, Problem> {
        let ids: Vec<_> = ids.into_iter().collect();
        if ids.is_empty() {
            return Ok(Self::default());
        }
        models.accounts(&ids).await.map(Self).map_err(unanswered)
    }

    /// The farm or firm of an account.
    pub fn company(&self, id: AccountId) -> Option<String> {
        self.0.get(&id)?.company.clone()
    }

    /// A producer.
    pub fn producer(&self, id: AccountId) -> ProducerView {
        ProducerView { id, company: self.company(id) }
    }

    /// A producer with its rating.
    pub fn rated_producer(&self, id: AccountId) -> RatedProducerView {
        RatedProducerView { id, company: self.company(id), rating: None }
    }

    /// A driver.
    pub fn driver(&self, id: AccountId) -> DriverView {
        let account = self.0.get(&id);
        DriverView {
            name: account.map(|account| {
                format!("{} {}", account.first_name.reveal(), account.last_name.reveal()).trim().to_owned()
            }),
            phone: account.and_then(|account| account.phone.as_ref()).map(|phone| phone.reveal().clone()),
        }
    }
}
