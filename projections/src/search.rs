//! The product index: full text in French and English, on a folder of its own.
//!
//! One index per process. It follows the log by itself, and carries its position in the payload of its commits.

mod anew;
mod document;
mod facets;
mod indexer;
mod matching;
mod query;
mod schema;
mod store;
mod suggest;
mod text;

use std::{
    path::Path,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use agrodeep_domain::{AccountId, Language, ProductId, id::CategoryId};
use agrodeep_event_store::Position;
use tantivy::Searcher;
use tokio::sync::watch;

pub(crate) use self::{document::ProductDocument, indexer::wants, schema::Fields, store::open_to_read};
pub use self::{indexer::Indexer, store::IndexError};
use self::{
    store::{Current, Folder},
    text::Analyser,
};

use crate::{
    Page,
    products::{Product, ProductFilter},
    progress::reached,
    runner::Reached,
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
    current: Current,
    analyser: Analyser,
    reached: watch::Receiver<Reached>,
}

/// The version of the index that this program writes.
pub(crate) const fn version() -> i32 {
    schema::VERSION
}

impl ProductIndex {
    /// Opens the index in `folder`, which belongs to it alone. It can be searched at once; the [`Indexer`] keeps it up to
    /// date. An index that cannot be read is replaced by an empty one.
    ///
    /// # Errors
    /// [`IndexError`]: the folder cannot be used, or is in use by another process.
    pub fn open(folder: &Path) -> Result<(Self, Indexer), IndexError> {
        let folder = Folder::take(folder)?;
        let current: Current = Arc::new(RwLock::new(folder.open_or_create()?));
        let (sender, reached) = watch::channel(Reached::default());
        let index = Self { current: current.clone(), analyser: Analyser::new(), reached };
        Ok((index, Indexer::new(folder, current, sender)))
    }

    /// Up to which event everything can be searched.
    pub fn position(&self) -> Position {
        self.reached.borrow().position
    }

    /// Waits until it has reached `position`.
    pub(crate) async fn reached(&self, position: Position, timeout: Duration) -> bool {
        reached(&self.reached, position, timeout).await
    }

    fn searcher(&self) -> (Searcher, Fields) {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        (current.reader.searcher(), current.fields)
    }
}
