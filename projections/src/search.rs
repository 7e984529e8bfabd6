//! The product index: full text in French and English, on a folder of its own.
//!
//! One index per process. It follows the log by itself, and carries its position in the payload of its commits.

mod query;

use std::time::Duration;

use agrodeep_domain::{AccountId, Language, ProductId, id::CategoryId};
use agrodeep_event_store::Position;

use crate::{
    Page, ReadError,
    products::{Product, ProductFilter},
};

/// What is searched for.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchQuery {
    /// What the user has typed; anything goes. Empty: everything that the filter leaves.
    pub text: String,
    /// The language whose texts count more. All are searched.
    pub language: Option<Language>,
    /// Which products.
    pub filter: ProductFilter,
    /// In which order.
    pub sort: SearchSort,
    /// Which part.
    pub page: Page,
}

/// In which order results come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SearchSort {
    /// Best match first.
    #[default]
    Relevance,
    /// Cheapest first.
    Price,
    /// Newest first.
    Newest,
}

/// What a search found, as the index knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchHits {
    /// The products of this page, in order.
    pub ids: Vec<ProductId>,
    /// How many there are on all pages.
    pub total: u64,
    /// How many of them by category, tag and producer.
    pub facets: Facets,
    /// The query as it may have been meant, when words of it are nowhere.
    pub suggestions: Vec<String>,
    /// How long it took, in milliseconds.
    pub took_ms: f64,
}

/// What a search found.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchResults {
    /// The products of this page, in order, as the products read model has them.
    pub items: Vec<Product>,
    /// How many there are on all pages.
    pub total: u64,
    /// How many of them by category, tag and producer.
    pub facets: Facets,
    /// The query as it may have been meant, when words of it are nowhere.
    pub suggestions: Vec<String>,
    /// How long the index took, in milliseconds.
    pub took_ms: f64,
}

/// How many results by what they have in common, most first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facets {
    /// By category.
    pub categories: Vec<(CategoryId, u64)>,
    /// By tag.
    pub tags: Vec<(String, u64)>,
    /// By producer.
    pub producers: Vec<(AccountId, u64)>,
}

/// The product index of this process. Cheap to clone.
#[derive(Clone)]
pub struct ProductIndex {
    position: tokio::sync::watch::Receiver<Position>,
}

impl ProductIndex {
    /// Up to which event it has been committed and can be searched.
    pub fn position(&self) -> Position {
        *self.position.borrow()
    }

    /// Waits until it has reached `position`.
    pub(crate) async fn reached(&self, position: Position, timeout: Duration) -> bool {
        let mut receiver = self.position.clone();
        let wait = receiver.wait_for(|now| *now >= position);
        matches!(tokio::time::timeout(timeout, wait).await, Ok(Ok(_)))
    }

    /// Searches.
    pub async fn search(&self, _query: &SearchQuery) -> Result<SearchHits, ReadError> {
        Err(ReadError::Unavailable("the index is being built".to_owned()))
    }
}
