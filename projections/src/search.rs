//! The product index: full text in French and English, on a folder of its own.
//!
//! One index per process. It follows the log by itself, and carries its position in the payload of its commits.

mod anew;
mod availability;
mod companies;
mod document;
mod facets;
mod highlight;
mod indexer;
mod matching;
pub(crate) mod parked;
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

/// What is parked of the index in `folder`, as of its last commit, whoever writes it.
///
/// # Errors
/// [`IndexError`]: there is no index that can be read.
pub fn parked_in(folder: &Path) -> Result<Vec<ParkedAggregate>, IndexError> {
    Ok(store::parked_in(folder)?.iter().map(|(id, product)| product.shown(*id)).collect())
}

use self::{
    availability::SoldOut,
    parked::{Published, parked_for},
    store::{Current, Folder},
    text::{Analyser, Word},
};
pub(crate) use self::{
    companies::Companies,
    document::ProductDocument,
    indexer::wants,
    schema::Fields,
    store::{Committed, open_to_read},
};
pub use self::{highlight::Highlights, indexer::Indexer, store::IndexError};

use crate::{
    Page, Wanted,
    heartbeat::instance_name,
    parking::ParkedAggregate,
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
struct SearchHits {
    /// The products of this page, in order.
    ids: Vec<ProductId>,
    total: u64,
    facets: Facets,
    suggestions: Vec<String>,
    /// What was searched for, word by word.
    words: Vec<Word>,
    took_ms: f64,
}

/// A product that was found, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchItem {
    /// The product as the products read model has it.
    pub product: Product,
    /// Where what was searched for stands in it.
    pub highlights: Highlights,
}

/// What a search found.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchResults {
    /// The products of this page, in order.
    pub items: Vec<SearchItem>,
    /// How many there are on all pages.
    pub total: u64,
    /// How many of them by category, tag and producer.
    pub facets: Facets,
    /// The query as it may have been meant, when words of it are nowhere; or as it may go on, when the last word is not at its
    /// end.
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
    sold_out: SoldOut,
    reached: watch::Receiver<Reached>,
    parked: watch::Receiver<Published>,
    instance: String,
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
        let (parking, parked) = watch::channel(Published::default());
        let instance = instance_name();
        let indexer = Indexer::new(folder, current.clone(), sender, parking, instance.clone());
        let index = Self {
            current,
            analyser: Analyser::new(),
            sold_out: SoldOut::default(),
            reached,
            parked,
            instance,
        };
        Ok((index, indexer))
    }

    /// Up to which event everything can be searched.
    pub fn position(&self) -> Position {
        self.reached.borrow().position
    }

    /// Where it is, and what it is at.
    pub(crate) fn now(&self) -> Reached {
        self.reached.borrow().clone()
    }

    /// The products that it cannot bring up to date.
    pub fn parked(&self) -> Vec<ParkedAggregate> {
        self.parked.borrow().iter().map(|(id, product)| product.shown(*id)).collect()
    }

    /// How many parked products an answer would lack.
    pub(crate) fn parked_for(&self, wanted: Wanted<'_>) -> u64 {
        parked_for(&self.parked.borrow(), wanted)
    }

    /// The name of this index among those of other processes.
    pub(crate) fn instance(&self) -> &str {
        &self.instance
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
