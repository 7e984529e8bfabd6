//! Recommendations as JSON.

use agrodeep_domain::ProductId;
use agrodeep_projections::baskets::{Recommendation, Recommendations};
use serde::Serialize;
use utoipa::ToSchema;

use super::{people::People, product::ProductView};
use crate::links::Links;

/// What a buyer may like, best first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RecommendationsView {
    /// The products.
    pub data: Vec<RecommendedView>,
    /// What they are based on.
    pub meta: RecommendationsMeta,
}

/// What recommendations are based on.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct RecommendationsMeta {
    /// What the first of them is there for.
    pub based_on: Basis,
    /// How many of the buyer's orders were looked at: the latest 200 at most. With none, all is what most people buy.
    pub orders_known: usize,
}

/// What recommendations are based on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// What people buy together with what the buyer has bought.
    BoughtTogether,
    /// What most people buy: nothing better is known.
    Popularity,
}

/// A product that a buyer may like.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RecommendedView {
    /// The product as it is now.
    pub product: ProductView,
    /// Why it is there.
    pub reason: Basis,
    /// The product of the buyer's that it is bought together with most; null when `reason` is `popularity`.
    #[schema(value_type = Option<String>, example = "prod_01h455vb4pex5vsknk084sn02q")]
    pub because_of: Option<ProductId>,
    /// In how many of the buyer's orders it has been, more than 30 days ago.
    pub bought_before: u32,
}

impl RecommendationsView {
    /// Recommendations as the buyer sees them.
    pub fn of(found: &Recommendations, people: &People, links: &Links) -> Self {
        let based_on = found.items.first().map_or(Basis::Popularity, basis);
        let recommended = |item: &Recommendation| RecommendedView {
            product: ProductView::of(&item.product, people, links),
            reason: basis(item),
            because_of: item.because_of,
            bought_before: item.bought_before,
        };
        Self {
            data: found.items.iter().map(recommended).collect(),
            meta: RecommendationsMeta { based_on, orders_known: found.orders_known },
        }
    }
}

fn basis(item: &Recommendation) -> Basis {
    if item.because_of.is_some() { Basis::BoughtTogether } else { Basis::Popularity }
}
