//! Search results as JSON.

use agrodeep_domain::AccountId;
use agrodeep_projections::search::{Facets, Highlights, SearchItem};
use serde::Serialize;
use utoipa::ToSchema;

use super::{people::People, product::ProductView};
use crate::links::Links;

/// What a search found.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SearchView {
    /// The products of this page, in order.
    pub data: Vec<FoundView>,
    /// How it was found, and where the page stands among all.
    pub meta: SearchMeta,
    /// What all results have in common.
    pub facets: FacetsView,
}

/// A product that was found: as it is, and where what was searched for stands in it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FoundView {
    /// The product.
    #[serde(flatten)]
    pub product: ProductView,
    /// Where what was searched for stands in it.
    pub highlights: HighlightsView,
}

/// Texts as HTML, with what was searched for in `<em>`; all else is escaped.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HighlightsView {
    /// The name; null when nothing of what was searched for stands there.
    #[schema(example = "<em>Tomates</em> Bio Marmande")]
    pub name: Option<String>,
    /// The part of the description around the first word; null when nothing of what was searched for stands there.
    pub description: Option<String>,
}

impl FoundView {
    /// A product that was found.
    pub fn of(item: &SearchItem, people: &People, links: &Links) -> Self {
        let Highlights { name, description } = item.highlights.clone();
        Self {
            product: ProductView::of(&item.product, people, links),
            highlights: HighlightsView { name, description },
        }
    }
}

/// How it was found, and where the page stands among all.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SearchMeta {
    /// How long the index took, in milliseconds.
    #[schema(example = 1.7)]
    pub took_ms: f64,
    /// What was searched for.
    #[schema(example = "tomate bio")]
    pub query: String,
    /// The query as it may have been meant, when words of it are nowhere; or as it may go on, when its last word is only the
    /// beginning of one.
    pub suggestions: Vec<String>,
    /// This page, from 1.
    pub current_page: u32,
    /// The last page; 1 when there is nothing.
    pub last_page: u64,
    /// How many results there are in all.
    pub total: u64,
    /// How many results a page has.
    pub per_page: u32,
}

/// How many of all results by what they have in common, most first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FacetsView {
    /// By category.
    pub categories: Vec<CategoryCount>,
    /// By tag.
    pub tags: Vec<TagCount>,
    /// By producer.
    pub producers: Vec<ProducerCount>,
}

/// How many results are of a category.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CategoryCount {
    /// Which.
    #[schema(example = "cat_vegetables")]
    pub id: String,
    /// How many.
    pub count: u64,
}

/// How many results have a tag.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TagCount {
    /// Which.
    pub tag: String,
    /// How many.
    pub count: u64,
}

/// How many results are a producer's.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProducerCount {
    /// Which.
    #[schema(value_type = String, example = "usr_01h455vb4pex5vsknk084sn02q")]
    pub id: AccountId,
    /// The farm or firm.
    pub company: Option<String>,
    /// How many.
    pub count: u64,
}

impl FacetsView {
    /// The facets with the names of the producers.
    pub fn of(facets: Facets, people: &People) -> Self {
        let Facets { categories, tags, producers } = facets;
        Self {
            categories: categories
                .into_iter()
                .map(|(id, count)| CategoryCount { id: id.as_str().to_owned(), count })
                .collect(),
            tags: tags.into_iter().map(|(tag, count)| TagCount { tag, count }).collect(),
            producers: producers
                .into_iter()
                .map(|(id, count)| ProducerCount { id, company: people.company(id), count })
                .collect(),
        }
    }
}
