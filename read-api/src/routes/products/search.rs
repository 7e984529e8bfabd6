//! GET /v1/products/search, and the same as GET /v1/search

use agrodeep_domain::Language;
use agrodeep_http::{MinPosition, Paging, Problem, SignedIn, StrictQuery, TokenVerifier, paging, query};
use agrodeep_projections::{
    Model, Page,
    search::{SearchQuery, SearchSort},
};
use axum::{
    Json,
    extract::{FromRef, OriginalUri, State},
    http::header,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::filter::FilterParameters;
use crate::{
    links::Links,
    reading::{Reading, unanswered},
    routes::Refusals,
    views::{
        people::People,
        search::{FacetsView, FoundView, SearchMeta, SearchView},
    },
};

/// The most characters that can be searched for.
const QUERY_CHARS_MAX: usize = 200;

/// The routes.
pub fn router<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    Reading: FromRef<S>,
    Links: FromRef<S>,
    TokenVerifier: FromRef<S>,
{
    OpenApiRouter::new().routes(routes!(search_products)).routes(routes!(search))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SearchParameters {
    /// What to search for: 1 to 200 characters.
    #[param(example = "tomate bio")]
    q: String,
    /// The language whose texts count more; all are searched.
    #[param(inline)]
    lang: Option<Lang>,
    /// In which order; best match first by default.
    #[param(inline)]
    sort: Option<Sort>,
    /// Of this category: `vegetables` or `cat_vegetables`.
    category: Option<String>,
    /// At this price or above, whatever the currency.
    #[param(example = "1")]
    min_price: Option<String>,
    /// At this price or below, whatever the currency.
    #[param(example = "10")]
    max_price: Option<String>,
    /// Grown organically, or not.
    is_organic: Option<bool>,
    /// Of this producer.
    producer: Option<String>,
    /// With something left to order, or with nothing left.
    in_stock: Option<bool>,
    /// Which page, from 1.
    page: Option<u32>,
    /// How many items a page has: at most 100, 20 by default.
    limit: Option<u32>,
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Lang {
    Fr,
    En,
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Sort {
    /// Best match first.
    Relevance,
    /// Cheapest first.
    Price,
    /// Newest first.
    Newest,
}

/// Searches the products that are offered.
#[utoipa::path(
    get, path = "/v1/products/search", tag = "products", security(("bearer" = [])),
    params(
        SearchParameters,
        ("Agrodeep-Min-Position" = Option<String>, Header, description = "How far the answer must have come: a token as it came in `Agrodeep-Position`"),
    ),
    responses((status = 200, description = "A page of products; `Link` leads to others", body = SearchView), Refusals),
)]
async fn search_products(
    user: SignedIn,
    query: StrictQuery<SearchParameters>,
    min: MinPosition,
    uri: OriginalUri,
    reading: State<Reading>,
    links: State<Links>,
) -> Result<Response, Problem> {
    found(user, query, min, uri, reading, links).await
}

/// Searches the products that are offered.
#[utoipa::path(
    get, path = "/v1/search", tag = "products", security(("bearer" = [])),
    params(
        SearchParameters,
        ("Agrodeep-Min-Position" = Option<String>, Header, description = "How far the answer must have come: a token as it came in `Agrodeep-Position`"),
    ),
    responses((status = 200, description = "A page of products; `Link` leads to others", body = SearchView), Refusals),
)]
async fn search(
    user: SignedIn,
    query: StrictQuery<SearchParameters>,
    min: MinPosition,
    uri: OriginalUri,
    reading: State<Reading>,
    links: State<Links>,
) -> Result<Response, Problem> {
    found(user, query, min, uri, reading, links).await
}

async fn found(
    _: SignedIn,
    StrictQuery(parameters): StrictQuery<SearchParameters>,
    min: MinPosition,
    OriginalUri(uri): OriginalUri,
    State(reading): State<Reading>,
    State(links): State<Links>,
) -> Result<Response, Problem> {
    let (query, paging) = parameters.parse()?;
    let models = reading.at(min, &[Model::Search, Model::Products, Model::Accounts]).await?;
    let results = models.search(&query).await.map_err(unanswered)?;
    let producers = results.items.iter().map(|item| item.product.producer_id);
    let counted = results.facets.producers.iter().map(|(producer, _)| *producer);
    let people = People::load(models, producers.chain(counted)).await?;
    let page = paging.meta(results.total);
    let view = SearchView {
        data: results.items.iter().map(|item| FoundView::of(item, &people, &links)).collect(),
        meta: SearchMeta {
            took_ms: (results.took_ms * 100.0).round() / 100.0,
            query: query.text,
            suggestions: results.suggestions,
            current_page: page.current_page,
            last_page: page.last_page,
            total: page.total,
            per_page: page.per_page,
        },
        facets: FacetsView::of(results.facets, &people),
    };
    Ok(([(header::LINK, paging::links(&uri, &page))], Json(view)).into_response())
}

impl SearchParameters {
    fn parse(self) -> Result<(SearchQuery, Paging), Problem> {
        let text = self.q.trim();
        if text.is_empty() {
            return Err(query::invalid("q", "must not be blank"));
        }
        if text.chars().count() > QUERY_CHARS_MAX {
            return Err(query::invalid("q", format!("must have at most {QUERY_CHARS_MAX} characters")));
        }
        let paging = Paging::parse(self.page, self.limit)?;
        let filter = FilterParameters {
            category: self.category.as_deref(),
            min_price: self.min_price.as_deref(),
            max_price: self.max_price.as_deref(),
            is_organic: self.is_organic,
            producer: self.producer.as_deref(),
            in_stock: self.in_stock,
        }
        .parse()?;
        let query = SearchQuery {
            text: text.to_owned(),
            language: self.lang.map(|lang| match lang {
                Lang::Fr => Language::Fr,
                Lang::En => Language::En,
            }),
            filter,
            sort: match self.sort {
                Some(Sort::Relevance) | None => SearchSort::Relevance,
                Some(Sort::Price) => SearchSort::Price,
                Some(Sort::Newest) => SearchSort::Newest,
            },
            page: Page { page: paging.page, limit: paging.limit },
        };
        Ok((query, paging))
    }
}
